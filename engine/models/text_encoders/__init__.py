"""How does text become numbers? Prompt syntax, tokens, and the transformers that read them."""
