"""How is one step taken from a noise level to the next? One algorithm a file; `catalog.py` names them."""
