"""What packs import of the executor."""
