"""`comfy.utils`: progress, weights, sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import EngineError
from engine.execution.events import PreviewImage
from engine.packs.absent import complete
from engine.packs.current import running_node

if TYPE_CHECKING:
    from torch import Tensor

PROGRESS_BAR_ENABLED = True


class ProgressBar:
    """Reports the progress of the node that is running; elsewhere it counts in silence.

    A preview is ("JPEG" or "PNG", PIL image, largest side in pixels).
    """

    def __init__(self, total: int, node_id: str | None = None) -> None:
        self.total = total
        self.current = 0
        self._context = running_node()

    def update_absolute(self, value: int, total: int | None = None, preview: Any = None) -> None:
        """Say that `value` steps are done. Raises Interrupted if the user cancelled."""
        if total is not None:
            self.total = total
        self.current = min(value, self.total)
        if self._context is not None:
            self._context.progress(self.current, self.total, self._encoded(preview))

    def update(self, value: int) -> None:
        """Say that `value` further steps are done."""
        self.update_absolute(self.current + value)

    def _encoded(self, preview: Any) -> PreviewImage | None:
        if preview is None or self._context is None or not self._context.wants_preview():
            return None
        import io

        kind, picture, side = preview
        picture = picture.copy()
        if side:
            picture.thumbnail((side, side))
        file = io.BytesIO()
        picture.convert("RGB").save(file, kind)
        return PreviewImage("PNG" if kind == "PNG" else "JPEG", file.getvalue())


def load_torch_file(
    ckpt: str, safe_load: bool = False, device: Any = None, return_metadata: bool = False
) -> dict[str, Tensor] | tuple[dict[str, Tensor], dict[str, str] | None]:
    """Read the weights of a file: safetensors, or a pickle of plain weights only."""
    import torch

    place = "cpu" if device is None else str(device)
    metadata: dict[str, str] | None = None
    if str(ckpt).lower().endswith((".safetensors", ".sft")):
        from safetensors import safe_open

        with safe_open(ckpt, framework="pt", device=place) as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            metadata = file.metadata()
    else:
        loaded = torch.load(ckpt, map_location=place, weights_only=True)
        weights = loaded.get("state_dict", loaded)
    return (weights, metadata) if return_metadata else weights


def save_torch_file(sd: dict[str, Tensor], ckpt: str, metadata: dict[str, str] | None = None) -> None:
    """Write weights as safetensors."""
    from safetensors.torch import save_file

    save_file({name: tensor.contiguous() for name, tensor in sd.items()}, ckpt, metadata=metadata)


def common_upscale(samples: Tensor, width: int, height: int, upscale_method: str, crop: str) -> Tensor:
    """Resize (B, C, h, w) to height x width; `crop` "center" keeps the proportions by cutting the sides."""
    from engine import pixels

    if samples.ndim != 4:
        raise EngineError(f"common_upscale takes (B, C, h, w); got {tuple(samples.shape)}.")
    resized: Tensor = pixels.resize(samples, width, height, upscale_method, crop)
    return resized


def state_dict_prefix_replace(
    state_dict: dict[str, Any], replace_prefix: dict[str, str], filter_keys: bool = False
) -> dict[str, Any]:
    """Rename the keys that begin with a prefix; with `filter_keys` give only these, in a new dict."""
    made = {} if filter_keys else state_dict
    for old, new in replace_prefix.items():
        for name in [name for name in state_dict if name.startswith(old)]:
            made[new + name[len(old) :]] = state_dict.pop(name)
    return made


def repeat_to_batch_size(tensor: Tensor, batch_size: int, dim: int = 0) -> Tensor:
    """Repeat a tensor along `dim` until it has `batch_size` entries; further ones are cut off."""
    have = tensor.shape[dim]
    if have > batch_size:
        return tensor.narrow(dim, 0, batch_size)
    repeats = [1] * tensor.ndim
    repeats[dim] = -(-batch_size // have)
    return tensor.repeat(repeats).narrow(dim, 0, batch_size)


def calculate_parameters(sd: dict[str, Tensor], prefix: str = "") -> int:
    """Count the numbers in the weights whose names begin with a prefix."""
    return sum(tensor.numel() for name, tensor in sd.items() if name.startswith(prefix))


def weight_dtype(sd: dict[str, Tensor], prefix: str = "") -> Any:
    """Give the type in which most numbers of these weights are held; None if there are none."""
    counts: dict[Any, int] = {}
    for name, tensor in sd.items():
        if name.startswith(prefix):
            counts[tensor.dtype] = counts.get(tensor.dtype, 0) + tensor.numel()
    return max(counts, key=lambda kind: counts[kind]) if counts else None


def get_tiled_scale_steps(width: int, height: int, tile_x: int, tile_y: int, overlap: int) -> int:
    """Count the tiles that cover width x height, `overlap` of their sides shared."""

    def along(side: int, tile: int) -> int:
        return 1 if side <= tile else -(-(side - overlap) // (tile - overlap))

    return along(height, tile_y) * along(width, tile_x)


def get_attr(obj: Any, attr: str) -> Any:
    """Give `obj.a.b.c` for "a.b.c"."""
    for name in attr.split("."):
        obj = getattr(obj, name)
    return obj


def set_attr(obj: Any, attr: str, value: Any) -> Any:
    """Set `obj.a.b.c` for "a.b.c", and give what it was."""
    path, _, name = attr.rpartition(".")
    holder = get_attr(obj, path) if path else obj
    before = getattr(holder, name, None)
    setattr(holder, name, value)
    return before


complete(__name__)
