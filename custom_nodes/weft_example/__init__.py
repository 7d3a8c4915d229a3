"""An example of a pack in the ecosystem's class style: one node that tints a picture. Copy it to begin your own."""


class ExampleTint:
    """Blend a picture with one colour."""

    @classmethod
    def INPUT_TYPES(cls):
        amount = {
            "default": 0.3,
            "min": 0.0,
            "max": 1.0,
            "step": 0.01,
            "tooltip": "0 leaves it as it is, 1 is the colour",
        }
        colour = {"default": "#e8622c", "tooltip": "red, green and blue in two hexadecimal digits each"}
        return {"required": {"image": ("IMAGE",), "colour": ("STRING", colour), "amount": ("FLOAT", amount)}}

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "tint"
    CATEGORY = "example"
    DESCRIPTION = "Blend a picture with one colour."

    @classmethod
    def VALIDATE_INPUTS(cls, colour):
        digits = colour.removeprefix("#")
        if len(digits) == 6 and all(digit in "0123456789abcdefABCDEF" for digit in digits):
            return True
        return f"colour is {colour!r}; expected a form such as #e8622c"

    def tint(self, image, colour, amount):
        """image: float32 (B, H, W, 3) in 0..1."""
        levels = [int(colour.removeprefix("#")[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        return (image[..., :3] * (1 - amount) + image.new_tensor(levels) * amount,)


NODE_CLASS_MAPPINGS = {"ExampleTint": ExampleTint}
NODE_DISPLAY_NAME_MAPPINGS = {"ExampleTint": "Tint (example)"}
