"""Scripts that hold a claim up, each side by side with a peer: see README.md."""
