"""What is particular to Stable Diffusion 2.x?"""
