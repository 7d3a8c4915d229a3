"""What is particular to Stable Video Diffusion? (arXiv:2311.15127)"""
