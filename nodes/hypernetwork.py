"""The node that changes a model by a hypernetwork."""

from typing import Annotated

from engine import models, patches
from engine.execution import NodeContext
from engine.graph import Choice, ModelFiles, Range, node
from nodes import fingerprints
from nodes.sockets import Model


@node(
    "HypernetworkLoader",
    category="loaders",
    fingerprint=fingerprints.of_model_file("hypernetworks", "hypernetwork_name"),
)
def load_hypernetwork(
    *,
    model: Model,
    hypernetwork_name: Annotated[str, Choice(ModelFiles("hypernetworks"))],
    strength: Annotated[float, Range(-10.0, 10.0, step=0.01)] = 1.0,
    context: NodeContext,
) -> Model:
    """Change a model by a hypernetwork: small networks before its attention. Several of these nodes in a row add up.

    Args:
        hypernetwork_name: a file in models/hypernetworks, made for the same kind of model.
        strength: how strongly the model changes; 0 leaves it as it is, below 0 is the opposite.
    """
    if strength == 0:
        return model
    path = context.places.model_path("hypernetworks", hypernetwork_name)
    hypernetwork = patches.load_hypernetwork(path, precision=context.resource(models.Precision))
    return patches.with_hypernetwork(model, hypernetwork, strength)
