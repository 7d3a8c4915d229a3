"""What is particular to Stable Diffusion XL, base and refiner? (arXiv:2307.01952)"""
