"""By which names are ways to resize known? Torch-free: menus need only the names."""

IMAGE_METHODS: tuple[str, ...] = ("nearest-exact", "bilinear", "area", "bicubic", "lanczos")
LATENT_METHODS: tuple[str, ...] = ("nearest-exact", "bilinear", "area", "bicubic", "bislerp")
CROPS: tuple[str, ...] = ("disabled", "center")
