"""Which weights live where, in which type?"""
