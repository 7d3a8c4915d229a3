"""How does a file, or a pair of files, become a VAE?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from engine.errors import BadFile
from engine.models.building import build_vae
from engine.models.checkpoint_parts import VAE_PREFIX, find_vae
from engine.models.layers.tiny_autoencoder import PixelConfig, Pixels, TinyAutoencoder, TinyVaeConfig
from engine.models.memory.hosted_module import HostedModule
from engine.models.memory.precision import Placement, Precision, choose_precision
from engine.models.vae import Vae
from engine.models.weight_names import names_below
from engine.models.weights import WeightFile, Weights, check_weights, open_weights

TINY_PREFIXES = ("encoder.layers.", "decoder.layers.")  # in `diffusers`' files of tiny autoencoders
TINY_SCALES = {"taesd": 0.18215, "taesdxl": 0.13025}  # file name's beginning -> scale of the latents that it works on


def load_vae(path: Path, *, precision: Precision | None = None) -> Vae:
    """Open a file that holds an autoencoder, alone or as part of a checkpoint; `diffusers`' files and tiny ones too.

    Raises:
        BadFile: missing, damaged, hostile, or not of this layout.
    """
    placement = (precision or choose_precision()).vae
    file = open_weights(Path(path))
    if any(name.startswith(TINY_PREFIXES) for name in file):
        return _tiny_vae_of_one_file(file, placement)
    prefix = VAE_PREFIX if any(name.startswith(VAE_PREFIX) for name in file) else ""
    part = find_vae(file.header, prefix)
    if part is None:
        raise BadFile(f"{file.header.path.name} holds no autoencoder: none of its {len(file)} weights is one's.")
    return build_vae(part.config, part.places, file, placement)


def _tiny_vae_of_one_file(file: WeightFile, placement: Placement) -> Vae:
    encoder = Weights(file, names_below(file, TINY_PREFIXES[0]))
    decoder = names_below(file, TINY_PREFIXES[1])
    shifted = {f"{int(name.split('.')[0]) + 1}.{name.partition('.')[2]}": at for name, at in decoder.items()}
    return _tiny_vae(encoder, Weights(file, shifted), _scale(file.header.path.name), placement)


def load_tiny_vae(encoder: Path, decoder: Path, *, precision: Precision | None = None) -> Vae:
    """Open a tiny autoencoder's two files; whose latents it works on is told by their names.

    Raises:
        BadFile: missing, damaged, hostile, or not of this layout.
    """
    halves = [Weights(file, {name: name for name in file}) for file in map(open_weights, (encoder, decoder))]
    return _tiny_vae(*halves, _scale(Path(encoder).name), (precision or choose_precision()).vae)


def _scale(name: str) -> float:
    """Of the longest beginning that is known: "taesdxl" begins like "taesd"."""
    known = [start for start in TINY_SCALES if name.lower().startswith(start)]
    return TINY_SCALES[max(known, key=len)] if known else TINY_SCALES["taesd"]


def _tiny_vae(encoder: Weights, decoder: Weights, scale: float, placement: Placement) -> Vae:
    if "0.weight" not in encoder or "1.weight" not in decoder:
        raise BadFile(
            f"{encoder.file_names or decoder.file_names} holds no tiny autoencoder: its encoder begins with 0.weight, "
            "its decoder with 1.weight, and one of them is missing."
        )
    config = TinyVaeConfig(encoder.shape("0.weight")[0], decoder.shape("1.weight")[1], scale)
    with torch.device("meta"):
        module = TinyAutoencoder(config)
    weights = Weights.joined({"encoder": encoder, "decoder": decoder})
    check_weights(module, weights, "tiny autoencoder")
    return Vae(HostedModule(module, weights, placement), config)


def pixel_vae(precision: Precision | None = None) -> Vae:
    """The VAE of networks that work on pixels: it changes nothing but the range."""
    placement = replace((precision or choose_precision()).vae, dtype=torch.float32)
    return Vae(HostedModule(Pixels(), Weights.joined({}), placement), PixelConfig())
