"""How is a node type described to editors and scripts (/object_info)?"""

from typing import Annotated, Any, NotRequired, TypedDict

from engine.files.places import Places
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
    required = {spec.name: input_info(spec, places) for spec in definition.inputs if _always(spec)}
    optional = {spec.name: input_info(spec, places) for spec in definition.inputs if not _always(spec)}
    hidden = dict(definition.hidden)
    groups: dict[str, dict[str, Any]] = {"required": required, "optional": optional, "hidden": hidden}
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
    if isinstance(widget, ChoiceWidget):
        return [list(widget.choices(places)), options]
    return [spec.type, options]
