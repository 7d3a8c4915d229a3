"""What is particular to each model family? One folder per family, the same file names in each."""
