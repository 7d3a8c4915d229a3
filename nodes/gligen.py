"""Nodes that say where in a picture words are shown: GLIGEN."""

from typing import Annotated

from engine import control, models, sampling
from engine.execution import NodeContext
from engine.graph import Choice, ModelFiles, Range, node
from nodes import fingerprints
from nodes.sockets import LARGEST_SIDE, Conditioning, Gligen, Offset, TextEncoder
from nodes.text import Prompt, encoded

CELL = 8  # pixels a side of one latent cell

BoxSide = Annotated[int, Range(8, LARGEST_SIDE, step=8)]


@node("GLIGENLoader", category="loaders", fingerprint=fingerprints.of_model_file("gligen", "gligen_name"))
def load_gligen(*, gligen_name: Annotated[str, Choice(ModelFiles("gligen"))], context: NodeContext) -> Gligen:
    """Load GLIGEN's layers, which let Stable Diffusion 1 show words where a box says.

    Args:
        gligen_name: a file in models/gligen, such as gligen_sd14_textbox_pruned.
    """
    path = context.places.model_path("gligen", gligen_name)
    return control.load_gligen(path, precision=context.resource(models.Precision))


@node("GLIGENTextBoxApply", category="conditioning/gligen", fingerprint=fingerprints.of_embeddings)
def apply_text_box(
    *,
    conditioning_to: Conditioning,
    clip: TextEncoder,
    gligen_textbox_model: Gligen,
    text: Prompt,
    width: BoxSide = 64,
    height: BoxSide = 64,
    x: Offset = 0,
    y: Offset = 0,
    context: NodeContext,
) -> Conditioning:
    """Show words in a box of the picture, beside what the prompt shows. Several of these nodes in a row add up.

    Args:
        conditioning_to: the prompt, which should say these words, too.
        clip: the text encoder of the checkpoint that samples.
        text: what the box shows.
        width: of the box, in pixels.
        height: of the box, in pixels.
        x: of its left edge, from the picture's.
        y: of its upper edge, from the picture's.
    """
    words = encoded(clip, text, context)[0].pooled
    area = sampling.Area(height // CELL, width // CELL, y // CELL, x // CELL)
    return control.with_box(conditioning_to, gligen_textbox_model, words, area)
