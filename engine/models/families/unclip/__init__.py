"""What is particular to Stable Diffusion 2.1 unCLIP?"""
