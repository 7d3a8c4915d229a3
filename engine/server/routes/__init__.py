"""One module per topic; each has a table `routes`, which the application serves with and without /api."""
