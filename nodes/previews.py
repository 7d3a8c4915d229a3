"""How is a picture shown while it forms: by one colour a cell, or by a tiny VAE?"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine import models
from engine.errors import EngineError
from engine.execution import NodeContext, PreviewImage
from engine.files.images import encode_preview
from engine.options import ComputeOptions
from nodes.loaders import OWN_TINY_VAE, list_tiny_vaes, tiny_vae_files
from nodes.sockets import Model, Vae

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

TINY_VAE_OF_SCALE = {0.18215: "taesd", 0.13025: "taesdxl"}  # the latents' scale tells whose they are

Look = Callable[["Tensor"], PreviewImage]


class TinyVaes:
    """The tiny VAEs that previews are decoded by, loaded once."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[Path, Path], Vae | None] = {}

    def get(self, files: tuple[Path, Path], precision: "models.Precision") -> Vae | None:
        """One that cannot be loaded is reported once, and not used."""
        if files not in self._loaded:
            try:
                self._loaded[files] = models.load_tiny_vae(*files, precision=precision)
            except EngineError as error:
                log.warning("Previews are shown without a tiny VAE: %s", error)
                self._loaded[files] = None
        return self._loaded[files]


def previewer(context: NodeContext, model: Model) -> Look | None:
    """Make what shows a latent (1, C, h, w), as the network sees it; None where no previews are wanted."""
    options = context.resource(ComputeOptions)
    if options.preview_method == "none":
        return None
    vae = _tiny_vae(context, model) if options.preview_method == "taesd" else None

    def look(denoised: "Tensor") -> PreviewImage:
        if vae is None:
            picture = models.latent_to_rgb(denoised, model.latent_format)[0]
        else:
            picture = (vae.decode(model.latent_format.from_network(denoised))[0] * 255).byte()
        return PreviewImage("JPEG", encode_preview(picture.numpy(), options.preview_pixels))

    return look


def _tiny_vae(context: NodeContext, model: Model) -> Vae | None:
    files_of_model = model.hosted.weights.file_names
    own = [
        name
        for name in list_tiny_vaes(context.places)
        if name.startswith(OWN_TINY_VAE) and files_of_model.startswith(name.removeprefix(OWN_TINY_VAE))
    ]
    name = max(own, key=len) if own else TINY_VAE_OF_SCALE.get(model.latent_format.scale)
    files = tiny_vae_files(context.places, name) if name is not None else None
    if files is None:
        return None
    return context.resource(TinyVaes).get(files, context.resource(models.Precision))
