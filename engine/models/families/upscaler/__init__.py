"""What is particular to the Stable Diffusion x4 upscaler?"""
