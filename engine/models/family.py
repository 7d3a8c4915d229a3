"""What must be known of a model family to use its checkpoints? Torch-free: families are found by reading headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from engine.files.safetensors_header import CheckpointHeader

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.models.checkpoint_parts import NetworkPart
    from engine.models.latent import LatentFormat
    from engine.models.memory.precision import Precision
    from engine.models.patch import NetworkCall
    from engine.models.text_encoder import TextEncoder
    from engine.models.vae import Vae
    from engine.models.weight_names import Places, WeightNames
    from engine.models.weights import WeightFile
    from engine.sampling.conditioning import ConditioningItem, Latent
    from engine.sampling.noise_levels import NoiseLevels
    from engine.sampling.prediction import Prediction


@dataclass(frozen=True)
class Part:
    """One module of a checkpoint: its sizes, and which of the file's weights are its own.

    Attributes:
        title: what it is, in words.
        places: the module's weight name -> where the file keeps it.
    """

    title: str
    config: Any
    places: Places


@dataclass(frozen=True, eq=False)
class Run:
    """What a family is told of a run when it prepares a prompt for it.

    Attributes:
        latent: what will be denoised, samples as the VAE gives them.
        is_negative: whether the prompt says what to avoid.
    """

    latent: Latent
    seed: int
    is_negative: bool
    latent_format: LatentFormat


class ModelFamily(Protocol):
    """Everything particular to one kind of model; `config` is what the family's own `detect` returned.

    Only `name` and `detect` may be used without torch.
    """

    name: str

    def detect_network(self, header: CheckpointHeader, network: NetworkPart) -> Any | None:
        """A network that lies in a file without its text encoders, as this family's; None if it is another's."""

    def detect(self, header: CheckpointHeader) -> Any | None:
        """The sizes of the checkpoint, read off its weights' names and shapes; None if it is another family's.

        Raises:
            BadFile: it is this family's, but incomplete or damaged.
        """

    def prediction(self, config: Any, file: WeightFile) -> Prediction: ...
    def noise_levels(self, config: Any, file: WeightFile) -> NoiseLevels: ...
    def latent_format(self, config: Any, file: WeightFile, vae: Vae | None) -> LatentFormat: ...
    def weight_names(self, config: Any) -> WeightNames: ...
    def network(self, config: Any) -> Part: ...
    def build_network(self, config: Any) -> nn.Module:
        """The network, on the meta device."""

    def prepare(self, config: Any, file: WeightFile, item: ConditioningItem, run: Run) -> ConditioningItem:
        """Give a prompt its `vector` and `concat`, where this family's networks want them; once per run."""

    def call_network(self, network: nn.Module, call: NetworkCall) -> Tensor:
        """Call the network with what this family's networks want."""

    def load_vae(self, config: Any, file: WeightFile, precision: Precision) -> Vae | None: ...
    def load_text_encoder(self, config: Any, file: WeightFile, precision: Precision) -> TextEncoder | None: ...
    def memory_needed(self, config: Any, shape: tuple[int, ...], itemsize: int) -> int:
        """Bytes that a call with x of this shape takes beside the weights; `itemsize`: bytes per number."""
