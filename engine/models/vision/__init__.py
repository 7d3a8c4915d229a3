"""What does a picture say, in CLIP's numbers?"""
