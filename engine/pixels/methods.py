"""By which names are ways to change pictures known? Torch-free: menus need only the names."""

IMAGE_METHODS: tuple[str, ...] = ("nearest-exact", "bilinear", "area", "bicubic", "lanczos")
LATENT_METHODS: tuple[str, ...] = ("nearest-exact", "bilinear", "area", "bicubic", "bislerp")
CROPS: tuple[str, ...] = ("disabled", "center")
BLEND_MODES: tuple[str, ...] = ("normal", "multiply", "screen", "overlay", "soft_light", "difference")
COMPOSITIONS: tuple[str, ...] = (
    "ADD", "CLEAR", "DARKEN", "DST", "DST_ATOP", "DST_IN", "DST_OUT", "DST_OVER", "LIGHTEN", "MULTIPLY", "OVERLAY",
    "SCREEN", "SRC", "SRC_ATOP", "SRC_IN", "SRC_OUT", "SRC_OVER", "XOR",
)  # fmt: skip
DITHERS: tuple[str, ...] = ("none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16")
MORPHOLOGY: tuple[str, ...] = ("erode", "dilate", "open", "close", "gradient", "bottom_hat", "top_hat")
MASK_OPERATIONS: tuple[str, ...] = ("multiply", "add", "subtract", "and", "or", "xor")
