"""Schema-style nodes of every way to run: lazily, again, checked, expanded, blocked, asynchronously."""

import asyncio
from pathlib import Path

from comfy_api.latest import io, ui
from comfy_execution.graph_utils import GraphBuilder


class Pick(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaPick",
            category="probe/schema",
            inputs=[
                io.Boolean.Input("switch", default=True),
                io.Int.Input("on", lazy=True),
                io.Int.Input("off", lazy=True),
            ],
            outputs=[io.Int.Output()],
        )

    @classmethod
    def check_lazy_status(cls, switch, on=None, off=None):
        name, value = ("on", on) if switch else ("off", off)
        return [name] if value is None else []

    @classmethod
    def execute(cls, switch, on=None, off=None) -> io.NodeOutput:
        return io.NodeOutput(on if switch else off)


class Checked(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaChecked",
            category="probe/schema",
            inputs=[io.Int.Input("value", default=0, min=0, max=10)],
            outputs=[io.Int.Output()],
        )

    @classmethod
    def validate_inputs(cls, value):
        return True if value < 50 else "value must be under 50"

    @classmethod
    def execute(cls, value) -> io.NodeOutput:
        return io.NodeOutput(value)


class OfFile(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaFile",
            category="probe/schema",
            inputs=[io.String.Input("path")],
            outputs=[io.String.Output()],
        )

    @classmethod
    def fingerprint_inputs(cls, path):
        return Path(path).read_text(encoding="utf-8")

    @classmethod
    def execute(cls, path) -> io.NodeOutput:
        return io.NodeOutput(Path(path).read_text(encoding="utf-8"))


class Hidden(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaHidden",
            category="probe/schema",
            inputs=[io.Int.Input("value", default=0)],
            outputs=[],
            hidden=[io.Hidden.unique_id, io.Hidden.prompt, io.Hidden.extra_pnginfo],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, value) -> io.NodeOutput:
        hidden = cls.hidden
        return io.NodeOutput(
            ui={"me": [hidden.unique_id], "ids": [sorted(hidden.prompt)], "png": [hidden.extra_pnginfo]}
        )


class Grow(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaGrow",
            category="probe/schema",
            inputs=[io.Int.Input("value", default=0)],
            outputs=[io.Int.Output()],
            enable_expand=True,
        )

    @classmethod
    def execute(cls, value) -> io.NodeOutput:
        graph = GraphBuilder()
        node = graph.node("ProbeSchemaSum", a=value, b=10)
        return io.NodeOutput(node.out(0), expand=graph.finalize())


class Block(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaBlock",
            category="probe/schema",
            inputs=[io.Int.Input("value", default=0), io.String.Input("message", default="")],
            outputs=[io.Int.Output()],
        )

    @classmethod
    def execute(cls, value, message) -> io.NodeOutput:
        return io.NodeOutput(block_execution=message)


class Wait(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaWait",
            category="probe/schema",
            inputs=[io.Int.Input("value", default=0)],
            outputs=[io.Int.Output()],
        )

    @classmethod
    async def execute(cls, value) -> io.NodeOutput:
        await asyncio.sleep(0.01)
        return io.NodeOutput(value)


class Fail(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaFail",
            category="probe/schema",
            inputs=[io.Int.Input("value", default=0)],
            outputs=[io.Int.Output()],
            is_deprecated=True,
            is_experimental=True,
        )

    @classmethod
    def execute(cls, value) -> io.NodeOutput:
        raise ArithmeticError(f"no {value}")


class Shown(io.ComfyNode):
    """Shows a picture and a text with the ready-made answers of `ui`."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="ProbeSchemaShown",
            category="probe/schema",
            inputs=[io.Image.Input("image", optional=True), io.String.Input("text", default="")],
            outputs=[],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, text, image=None) -> io.NodeOutput:
        return io.NodeOutput(ui=ui.PreviewText(text) if image is None else ui.PreviewImage(image, cls=cls))


NODES = [Pick, Checked, OfFile, Hidden, Grow, Block, Wait, Fail, Shown]
