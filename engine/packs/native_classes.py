"""How can a pack use a native node as a class (`from nodes import KSampler`)?"""

from collections.abc import Mapping
from typing import Any, ClassVar

from engine.errors import EngineError
from engine.files.places import Places
from engine.graph.definition import Blocked, InputSpec, NodeDefinition, NodeResult
from engine.graph.widgets import ChoiceWidget
from engine.packs.current import running_node
from engine.packs.values import to_foreign, to_native

# The name of the method, where packs call it by name; "execute" elsewhere.
FUNCTIONS: Mapping[str, str] = {
    "CheckpointLoaderSimple": "load_checkpoint",
    "CLIPLoader": "load_clip",
    "CLIPSetLastLayer": "set_last_layer",
    "CLIPTextEncode": "encode",
    "ConditioningAverage": "addWeighted",
    "ConditioningCombine": "combine",
    "ConditioningConcat": "concat",
    "ConditioningSetArea": "append",
    "ConditioningSetMask": "append",
    "ConditioningSetTimestepRange": "set_range",
    "ConditioningZeroOut": "zero_out",
    "ControlNetApply": "apply_controlnet",
    "ControlNetApplyAdvanced": "apply_controlnet",
    "ControlNetLoader": "load_controlnet",
    "EmptyLatentImage": "generate",
    "ImageBatch": "batch",
    "ImageInvert": "invert",
    "ImageScale": "upscale",
    "ImageScaleBy": "upscale",
    "KSampler": "sample",
    "KSamplerAdvanced": "sample",
    "LatentFromBatch": "frombatch",
    "LatentUpscale": "upscale",
    "LatentUpscaleBy": "upscale",
    "LoadImage": "load_image",
    "LoraLoader": "load_lora",
    "LoraLoaderModelOnly": "load_lora_model_only",
    "PreviewImage": "save_images",
    "RepeatLatentBatch": "repeat",
    "SaveImage": "save_images",
    "UNETLoader": "load_unet",
    "VAEDecode": "decode",
    "VAEDecodeTiled": "decode",
    "VAEEncode": "encode",
    "VAEEncodeForInpaint": "encode",
    "VAEEncodeTiled": "encode",
    "VAELoader": "load_vae",
}


class NativeNode:
    """Base of the classes that stand for native nodes."""

    DEFINITION: ClassVar[NodeDefinition]
    PLACES: ClassVar[Places]
    FUNCTION: ClassVar[str]

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        """Give the inputs in the ecosystem's form."""
        groups: dict[str, Any] = {"required": {}, "optional": {}}
        for spec in cls.DEFINITION.inputs:
            groups["required" if spec.required else "optional"][spec.name] = _declared(spec, cls.PLACES)
        return {**groups, "hidden": dict(cls.DEFINITION.hidden)}

    def _run(self, *values: Any, **inputs: Any) -> Any:
        """Call the native function, inputs by position or name, in the form that packs know."""
        definition = self.DEFINITION
        names = [spec.name for spec in definition.inputs]
        given = {**dict(zip(names, values, strict=False)), **inputs}
        given = {name: value for name, value in given.items() if name not in definition.hidden}
        for spec in definition.inputs:
            if spec.name in given:
                given[spec.name] = to_native(given[spec.name], spec.type)
        if definition.wants_context:
            context = running_node()
            if context is None:
                raise EngineError(f"{definition.type} can only be called while a node runs.")
            given["context"] = context
        assert definition.function is not None
        return _foreign_result(definition, definition.function(**given))


def node_class_of(definition: NodeDefinition, places: Places) -> type[NativeNode]:
    """Make a class of a native node type. Its attributes are those that packs read."""
    function = FUNCTIONS.get(definition.type, "execute")
    attributes = {
        "__doc__": definition.description,
        "__module__": definition.module,
        "DEFINITION": definition,
        "PLACES": places,
        "RETURN_TYPES": tuple(output.type for output in definition.outputs),
        "RETURN_NAMES": tuple(output.name for output in definition.outputs),
        "OUTPUT_NODE": definition.is_target,
        "OUTPUT_IS_LIST": tuple(output.is_list for output in definition.outputs),
        "INPUT_IS_LIST": definition.takes_lists,
        "CATEGORY": definition.category,
        "DESCRIPTION": definition.description,
        "FUNCTION": function,
        function: NativeNode._run,
    }
    return type(definition.type, (NativeNode,), attributes)


def _foreign_result(definition: NodeDefinition, value: Any) -> Any:
    if isinstance(value, Blocked):
        return (value,) * len(definition.outputs)
    if isinstance(value, NodeResult):
        result = tuple(to_foreign(part) for part in value.outputs)
        return {"ui": dict(value.ui), "result": result} if value.ui else result
    if not definition.outputs:
        return ()
    return tuple(to_foreign(part) for part in ((value,) if len(definition.outputs) == 1 else value))


def _declared(spec: InputSpec, places: Places) -> tuple[Any, dict[str, Any]]:
    options = {} if spec.widget is None else spec.widget.options()
    options |= {"tooltip": spec.tooltip} if spec.tooltip else {}
    if isinstance(spec.widget, ChoiceWidget):
        return list(spec.widget.choices(places)), options
    return spec.type, options
