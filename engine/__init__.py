"""The engine: two towers, the graph's and the model's, on a common ground. See README.md here."""
