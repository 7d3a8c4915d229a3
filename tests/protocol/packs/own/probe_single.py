"""A pack that is one file."""


class ProbeSingle:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": ("INT", {"default": 0})}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "give"
    CATEGORY = "probe"

    def give(self, value):
        return (value * 2,)


NODE_CLASS_MAPPINGS = {"ProbeSingle": ProbeSingle}
