"""How is a node type described to editors and scripts (/object_info)?"""

from collections.abc import Iterable
from typing import Annotated, Any, NotRequired, TypedDict

from engine.files.places import Places
from engine.graph import dynamic_inputs
from engine.graph.definition import InputSpec, NodeDefinition
from engine.graph.widgets import ChoiceWidget


class NodeInfo(TypedDict):
    """A node type. An input is `[type, options]`, a choice `[[values...], options]`."""

    input: Annotated[dict[str, dict[str, Any]], "required, optional and hidden inputs by name"]
    input_order: dict[str, list[str]]
    is_input_list: bool
    output: list[str]
    output_is_list: list[bool]
    output_name: list[str]
    output_tooltips: list[str]
    name: str
    display_name: str
    description: str
    python_module: str
    category: str
    output_node: bool
    deprecated: NotRequired[bool]
    experimental: NotRequired[bool]


def object_info(definition: NodeDefinition, places: Places) -> NodeInfo:
    """Describe a node type; choices that come from folders are listed as they are now."""
    groups = {**_grouped(definition.told_inputs or definition.inputs, places), "hidden": dict(definition.hidden)}
    inputs = {name: group for name, group in groups.items() if group or name == "required"}
    outputs = definition.outputs[: definition.shown_outputs]
    info: NodeInfo = {
        "input": inputs,
        "input_order": {name: list(group) for name, group in inputs.items()},
        "is_input_list": definition.takes_lists,
        "output": [spec.type for spec in outputs],
        "output_is_list": [spec.is_list for spec in outputs],
        "output_name": [spec.name for spec in outputs],
        "output_tooltips": [spec.tooltip for spec in outputs],
        "name": definition.type,
        "display_name": definition.display_name,
        "description": definition.description,
        "python_module": definition.module,
        "category": definition.category,
        "output_node": definition.is_target,
    }
    if definition.deprecated:
        info["deprecated"] = True
    if definition.experimental:
        info["experimental"] = True
    return info


def _grouped(specs: Iterable[InputSpec], places: Places) -> dict[str, dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {"required": {}, "optional": {}}
    for spec in specs:
        groups["required" if _always(spec) else "optional"][spec.name] = input_info(spec, places)
    return groups


def _always(spec: InputSpec) -> bool:
    return spec.required and not spec.only_with


def input_info(spec: InputSpec, places: Places) -> list[Any]:
    """Describe an input as `[type, options]`, or a choice as `[[values...], options]`."""
    widget = spec.widget
    options: dict[str, Any] = widget.options() if widget is not None else {}
    flags = {"lazy": spec.lazy, "rawLink": spec.raw_link}
    options |= {name: True for name, on in flags.items() if on}
    if spec.tooltip:
        options["tooltip"] = spec.tooltip
    options |= spec.more
    if spec.brings is not None:
        return _dynamic_info(spec.type, spec.brings, options, places)
    if isinstance(widget, ChoiceWidget):
        return [list(widget.choices(places)), options]
    return [spec.type, options]


def _dynamic_info(
    kind: str, brings: dynamic_inputs.Brings[InputSpec], options: dict[str, Any], places: Places
) -> list[Any]:
    """Describe an input that others belong to, and those others below it."""
    match brings:
        case dynamic_inputs.Grown(like, names, least, prefix):
            named = {"names": list(names)} if prefix is None else {"prefix": prefix, "max": len(names)}
            template = {"input": _told(_grouped((like,), places)), **named, "min": least}
            return ["COMFY_AUTOGROW_V3", {**options, "template": template}]
        case dynamic_inputs.Chosen(chosen):
            told = [{"key": key, "inputs": _told(_grouped(brought, places))} for key, brought in chosen]
            return ["COMFY_DYNAMICCOMBO_V3", {**options, "options": told}]
        case dynamic_inputs.Attached(brought):
            return ["COMFY_DYNAMICSLOT_V3", {**options, "slotType": kind, "inputs": _told(_grouped(brought, places))}]


def _told(groups: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: group for name, group in groups.items() if group or name == "required"}
