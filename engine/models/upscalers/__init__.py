"""Which networks make pictures larger?"""
