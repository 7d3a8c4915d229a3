"""Schema-style nodes of every kind of input and output."""

import torch
from comfy_api.latest import io

Thing = io.Custom("PROBE_SCHEMA_THING")


class Sum(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaSum",
            display_name="Probe: sum by schema",
            category="probe/schema",
            description="Adds up.",
            inputs=[
                io.Int.Input("a", default=1, min=0, max=100, tooltip="the first"),
                io.Int.Input("b", default=2, min=0, max=100, optional=True),
            ],
            outputs=[io.Int.Output(display_name="sum", tooltip="a + b")],
        )

    @classmethod
    def execute(cls, a, b=1000) -> io.NodeOutput:
        return io.NodeOutput(a + b)


class Widgets(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaWidgets",
            category="probe/schema",
            inputs=[
                io.Float.Input("real", default=0.5, min=0.0, max=1.0, step=0.01),
                io.String.Input("text", default="words", multiline=True),
                io.Boolean.Input("truth", default=True, label_on="yes", label_off="no"),
                io.Combo.Input("choice", options=["north", "south"], default="south"),
            ],
            outputs=[io.String.Output()],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, real, text, truth, choice) -> io.NodeOutput:
        said = f"{real} {text} {truth} {choice}"
        return io.NodeOutput(said, ui={"said": [said]})


class Picture(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaPicture",
            category="probe/schema",
            inputs=[io.Int.Input("side", default=8, min=1, max=64), io.Image.Input("like", optional=True)],
            outputs=[io.Image.Output("image"), io.Mask.Output("mask")],
        )

    @classmethod
    def execute(cls, side, like=None) -> io.NodeOutput:
        image = torch.zeros(1, side, side, 3) if like is None else like
        return io.NodeOutput(image, image[..., 0])


class MakeThing(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaMakeThing",
            category="probe/schema",
            inputs=[io.Int.Input("value", default=0)],
            outputs=[Thing.Output("thing")],
        )

    @classmethod
    def execute(cls, value) -> io.NodeOutput:
        return io.NodeOutput({"value": value})


class UseThing(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaUseThing",
            category="probe/schema",
            inputs=[Thing.Input("thing")],
            outputs=[io.Int.Output()],
        )

    @classmethod
    def execute(cls, thing) -> io.NodeOutput:
        return io.NodeOutput(thing["value"])


class Either(io.ComfyNode):
    """One input of two types, one of any."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaEither",
            category="probe/schema",
            inputs=[
                io.MultiType.Input("number", types=[io.Int, io.Float]),
                io.AnyType.Input("anything", optional=True),
            ],
            outputs=[io.AnyType.Output("out")],
        )

    @classmethod
    def execute(cls, number, anything=None) -> io.NodeOutput:
        return io.NodeOutput(number if anything is None else anything)


class Lists(io.ComfyNode):
    """Whole lists in, a list out."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaLists",
            category="probe/schema",
            inputs=[io.Int.Input("numbers", force_input=True)],
            outputs=[io.Int.Output("doubled", is_output_list=True), io.Int.Output("count")],
            is_input_list=True,
        )

    @classmethod
    def execute(cls, numbers) -> io.NodeOutput:
        return io.NodeOutput([2 * number for number in numbers], len(numbers))


NODES = [Sum, Widgets, Picture, MakeThing, UseThing, Either, Lists]
