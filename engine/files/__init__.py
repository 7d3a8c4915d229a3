"""Where files lie, how names become paths, and how pictures and weights are read and written."""
