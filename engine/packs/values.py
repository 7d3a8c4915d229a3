"""How do values cross between native nodes and packs: our CONDITIONING and LATENT, their lists and dicts?

Native classes are wrapped at the pack's inputs and unwrapped at its outputs; everything else (IMAGE, MASK, MODEL, ...)
is the same object on both sides. Keys that we do not know are kept in `extra` and come back unchanged.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError

if TYPE_CHECKING:
    from engine.sampling.conditioning import Area, ConditioningItem

Foreign = dict[str, Any]
USUAL: Mapping[str, Any] = {  # attributes of the same name on both sides, left out where they are as usual
    "strength": 1.0,
    "mask_strength": 1.0,
    "set_area_to_bounds": False,
    "start_percent": 0.0,
    "end_percent": 1.0,
}
CONTROLS = "weft_controls"  # under this key our controls pass through a pack unseen
HOOKED = {  # what hooks do to a prompt passes through a pack under these keys
    "hooks": ("weft_hooks", ()),
    "encoded_start": ("weft_encoded_start", 0.0),
    "encoded_end": ("weft_encoded_end", 1.0),
    "is_default": ("weft_is_default", False),
}


class ForeignLatent(dict[str, Any]):
    """A LATENT as packs know it; recognised when it comes back through an output of any type."""


class ForeignConditioning(list[Any]):
    """A CONDITIONING as packs know it; recognised when it comes back through an output of any type."""


def to_foreign(value: Any) -> Any:
    """Give a value the form that packs expect."""
    native = sys.modules.get("engine.sampling.conditioning")  # not imported yet: then no value can be of its classes
    if native is None:
        return value
    if isinstance(value, native.Latent):
        return _foreign_latent(value)
    if isinstance(value, native.Conditioning):
        return ForeignConditioning([item.embedding, _foreign_options(item)] for item in value)
    return value


def to_native(value: Any, type_name: str) -> Any:
    """Give a value that a pack returned in an output of this type the form that native nodes expect."""
    if isinstance(value, ForeignLatent) or (type_name == "LATENT" and isinstance(value, dict)):
        return _native_latent(value)
    if isinstance(value, ForeignConditioning) or (type_name == "CONDITIONING" and isinstance(value, list)):
        from engine.sampling.conditioning import Conditioning

        return Conditioning(tuple(_native_item(entry) for entry in value))
    return value


def _foreign_latent(latent: Any) -> ForeignLatent:
    made = ForeignLatent(latent.extra)
    made["samples"] = latent.samples
    if latent.noise_mask is not None:
        made["noise_mask"] = latent.noise_mask
    if latent.batch_index is not None:
        made["batch_index"] = list(latent.batch_index)
    return made


def _native_latent(value: Mapping[str, Any]) -> Any:
    from engine.sampling.conditioning import Latent

    if "samples" not in value:
        raise EngineError(f"A LATENT needs the key 'samples'; this one has {sorted(map(str, value))}.")
    extra = {key: part for key, part in value.items() if key not in ("samples", "noise_mask", "batch_index")}
    index = value.get("batch_index")
    drawn = None if index is None else tuple(int(number) for number in index)
    return Latent(value["samples"], value.get("noise_mask"), drawn, extra)


def _foreign_options(item: "ConditioningItem") -> Foreign:
    made: Foreign = dict(item.extra)
    if item.pooled is not None:
        made["pooled_output"] = item.pooled
    if item.area is not None:
        area = item.area
        sides = (area.height, area.width, area.y, area.x)
        made["area"] = ("percentage", *sides) if area.relative else tuple(int(side) for side in sides)
    if item.mask is not None:
        made["mask"] = item.mask
    for name, default in USUAL.items():
        if getattr(item, name) != default:
            made[name] = getattr(item, name)
    if item.controls:
        made[CONTROLS] = item.controls
        made["control_apply_to_uncond"] = item.control_apply_to_uncond
    for name, (key, default) in HOOKED.items():
        if getattr(item, name) != default:
            made[key] = getattr(item, name)
    return made


def _native_item(entry: Sequence[Any]) -> "ConditioningItem":
    from engine.sampling.conditioning import ConditioningItem

    if not isinstance(entry, (list, tuple)) or len(entry) != 2 or not isinstance(entry[1], dict):
        raise EngineError(f"A CONDITIONING is a list of [tensor, dict]; one entry is {type(entry).__name__}.")
    embedding, options = entry[0], dict(entry[1])
    if "control" in options:
        raise EngineError("This CONDITIONING carries a control network of a pack, which cannot be applied here yet.")
    known = {name: options.pop(name) for name in USUAL if name in options}
    known |= {name: options.pop(key) for name, (key, _) in HOOKED.items() if key in options}
    return ConditioningItem(
        embedding,
        pooled=options.pop("pooled_output", None),
        area=_native_area(options.pop("area", None)),
        mask=options.pop("mask", None),
        controls=options.pop(CONTROLS, ()),
        control_apply_to_uncond=options.pop("control_apply_to_uncond", False),
        extra=options,
        **known,
    )


def _native_area(area: Sequence[Any] | None) -> "Area | None":
    from engine.sampling.conditioning import Area

    if area is None:
        return None
    return Area(*area[1:], relative=True) if area[0] == "percentage" else Area(*area)
