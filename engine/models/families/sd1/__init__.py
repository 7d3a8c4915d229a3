"""What is particular to Stable Diffusion 1.x? (arXiv:2112.10752)"""
