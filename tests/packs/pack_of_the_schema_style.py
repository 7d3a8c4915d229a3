"""A pack in the schema style as strangers write them, using each kind and feature; loaded by the tests."""

import asyncio
from enum import Enum

import torch
from comfy_api.latest import ComfyAPI, ComfyAPISync, ComfyExtension, io, ui
from comfy_execution.graph_utils import GraphBuilder

STATE = {"version": 1}
SEEN = []


class Mode(Enum):
    FAST = "fast"
    GOOD = "good"


@io.comfytype(io_type="FEATURE_THING")
class Thing(io.ComfyTypeIO):
    Type = dict


PLAIN_KINDS = [
    io.Image, io.Mask, io.Latent, io.Conditioning, io.Sampler, io.Sigmas, io.Noise, io.Guider, io.Clip, io.ControlNet,
    io.Vae, io.Model, io.ClipVision, io.ClipVisionOutput, io.StyleModel, io.Gligen, io.UpscaleModel,
    io.LatentUpscaleModel, io.Audio, io.AudioEncoder, io.AudioEncoderOutput, io.Video, io.SVG, io.LoraModel, io.LossMap,
    io.Voxel, io.Mesh, io.Hooks, io.HookKeyframes, io.TimestepsRange, io.LatentOperation, io.FlowControl,
    io.Accumulation, io.Load3D, io.Load3DAnimation, io.Load3DCamera, io.Photomaker, io.Point, io.FaceAnalysis, io.BBOX,
    io.SEGS, io.Webcam, io.AnyType, io.Custom("MINE"), Thing,
]  # fmt: skip


class EveryKind(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        plain = [kind.Input(f"in{index}", optional=True) for index, kind in enumerate(PLAIN_KINDS)]
        return io.Schema(
            node_id="SchemaEveryKind",
            inputs=plain,
            outputs=[kind.Output(f"out{index}") for index, kind in enumerate(PLAIN_KINDS)],
        )

    @classmethod
    def execute(cls, **inputs):
        return io.NodeOutput(*(inputs.get(f"in{index}") for index in range(len(PLAIN_KINDS))))


class Widgets(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="SchemaWidgets",
            display_name="Schema widgets",
            category="features/schema",
            description="Give back what was set.",
            search_aliases=["settings"],
            is_experimental=True,
            inputs=[
                io.Boolean.Input("on", default=True, label_on="yes", label_off="no"),
                io.Int.Input(
                    "count",
                    default=2,
                    min=0,
                    max=10,
                    step=2,
                    display_mode=io.NumberDisplay.slider,
                    control_after_generate=True,
                    tooltip="how many",
                ),
                io.Float.Input("amount", default=0.5, min=0.0, max=1.0, step=0.01, round=0.001, optional=True),
                io.String.Input("text", multiline=True, placeholder="write", dynamic_prompts=True, default=""),
                io.Combo.Input("mode", options=Mode, default=Mode.GOOD),
                io.Combo.Input(
                    "picture", options=["a.png"], upload=io.UploadType.image, image_folder=io.FolderType.input
                ),
                io.Combo.Input(
                    "remote", remote=io.RemoteOptions(route="/things", refresh_button=True, timeout=5), optional=True
                ),
                io.MultiCombo.Input("several", options=["p", "q", "r"], default=["p"], placeholder="choose", chip=True),
                io.MultiType.Input(io.Float.Input("number", default=1.5), types=[io.Int, io.String], optional=True),
                io.Int.Input("socket", force_input=True, optional=True, extra_dict={"mine": 1}),
                io.Color.Input("color", default="#ffffff", optional=True, socketless=True, advanced=True),
            ],
            outputs=[io.String.Output("said", display_name="Said", tooltip="all of it")],
        )

    @classmethod
    def execute(cls, on, count, text, mode, picture, several, amount=0.25, number=None, **more):
        return io.NodeOutput(f"{on} {count} {amount} {text} {mode} {several} {number} {sorted(more)}")


class Show(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(node_id="SchemaShow", inputs=[io.AnyType.Input("value")], is_output_node=True)

    @classmethod
    def execute(cls, value):
        return io.NodeOutput(ui=ui.PreviewText(str(value)))


class Grow(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        numbers = io.Autogrow.TemplatePrefix(io.Int.Input("n"), prefix="n", min=2, max=5)
        named = io.Autogrow.TemplateNames(io.String.Input("word", optional=True), names=["a", "b"], min=0)
        return io.Schema(
            node_id="SchemaGrow",
            inputs=[io.Autogrow.Input("numbers", template=numbers), io.Autogrow.Input("words", template=named)],
            outputs=[io.String.Output()],
        )

    @classmethod
    def execute(cls, numbers: io.Autogrow.Type, words: io.Autogrow.Type):
        return io.NodeOutput(f"{numbers} {words}")


class Dynamic(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        option = io.DynamicCombo.Option
        inner = io.DynamicCombo.Input(
            "sub", options=[option("x", [io.Float.Input("amount", max=1.0)]), option("y", [])]
        )
        grown = io.Autogrow.TemplatePrefix(io.Int.Input("n"), prefix="n", min=1, max=3)
        return io.Schema(
            node_id="SchemaDynamic",
            inputs=[
                io.DynamicCombo.Input(
                    "kind",
                    options=[
                        option("text", [io.String.Input("value")]),
                        option("int", [io.Int.Input("value", min=0, max=9), io.Int.Input("more", optional=True)]),
                        option("deep", [inner, io.Autogrow.Input("all", template=grown)]),
                    ],
                ),
                io.DynamicSlot.Input(io.Int.Input("slot"), inputs=[io.Int.Input("scale")]),
            ],
            outputs=[io.String.Output()],
        )

    @classmethod
    def execute(cls, kind, slot=None):
        return io.NodeOutput(f"{kind} {slot}")


class Judged(io.ComfyNode):
    """Judges and fingerprints inputs that belong to others."""

    @classmethod
    def define_schema(cls):
        template = io.Autogrow.TemplatePrefix(io.Int.Input("n", max=5), prefix="n", min=1, max=3)
        return io.Schema(
            "SchemaJudged", inputs=[io.Autogrow.Input("all", template=template)], outputs=[io.String.Output()]
        )

    @classmethod
    async def validate_inputs(cls, all):
        return True if sum(all.values()) < 100 else f"{all} is too much"

    @classmethod
    def fingerprint_inputs(cls, all):
        STATE["fingerprinted"] = all
        return sum(all.values())

    @classmethod
    def execute(cls, all):
        return io.NodeOutput(f"{all}")


class LazyGrow(io.ComfyNode):
    """Asks for as many of its grown lazy inputs as it was told."""

    @classmethod
    def define_schema(cls):
        template = io.Autogrow.TemplatePrefix(io.Int.Input("n", lazy=True), prefix="n", min=1, max=4)
        return io.Schema(
            node_id="SchemaLazyGrow",
            inputs=[io.Int.Input("wanted"), io.Autogrow.Input("all", template=template)],
            outputs=[io.String.Output()],
        )

    @classmethod
    def check_lazy_status(cls, wanted, all):
        return [name for value, name in list(all.values())[:wanted] if value is None]

    @classmethod
    def execute(cls, wanted, all):
        return io.NodeOutput(f"{all}")


class LazyLists(io.ComfyNode):
    """Takes lists, asks asynchronously, and grows inputs of a matched type, some of them choices."""

    @classmethod
    def define_schema(cls):
        matched = io.MatchType.Template("T")
        grown = io.Autogrow.TemplatePrefix(
            io.MatchType.Input("m", template=matched, lazy=True), prefix="m", min=1, max=3
        )
        choice = io.DynamicCombo.Input("c", options=[io.DynamicCombo.Option("on", [io.Int.Input("x")])])
        choices = io.Autogrow.TemplateNames(choice, names=["first", "second"], min=0)
        return io.Schema(
            "SchemaLazyLists",
            inputs=[io.Autogrow.Input("all", template=grown), io.Autogrow.Input("choices", template=choices)],
            outputs=[io.String.Output()],
            is_input_list=True,
        )

    @classmethod
    async def check_lazy_status(cls, all, choices):
        return [name for value, name in all.values()]

    @classmethod
    async def execute(cls, all, choices):
        return io.NodeOutput(f"{all} {choices}")


class Switch(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        template = io.MatchType.Template("switched", allowed_types=[io.Int, io.String])
        return io.Schema(
            node_id="SchemaSwitch",
            inputs=[
                io.Boolean.Input("switch"),
                io.MatchType.Input("on_false", template=template, lazy=True),
                io.MatchType.Input("on_true", template=template, lazy=True),
            ],
            outputs=[io.MatchType.Output(template=template, display_name="chosen")],
        )

    @classmethod
    def check_lazy_status(cls, switch, on_false=None, on_true=None):
        if switch and on_true is None:
            return ["on_true"]
        if not switch and on_false is None:
            return ["on_false"]

    @classmethod
    def execute(cls, switch, on_false, on_true):
        return io.NodeOutput(on_true if switch else on_false)


class Number(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema("SchemaNumber", inputs=[io.Int.Input("value", max=50)], outputs=[io.Int.Output("number")])

    @classmethod
    def validate_inputs(cls, value):
        return True if value != 13 else "13 is out"

    @classmethod
    def execute(cls, value) -> io.NodeOutput:
        SEEN.append(value)
        return io.NodeOutput(value)


class Word(io.ComfyNode):
    """Returns a plain tuple."""

    @classmethod
    def define_schema(cls):
        return io.Schema("SchemaWord", inputs=[io.String.Input("word")], outputs=[io.String.Output()])

    @classmethod
    def execute(cls, word):
        return (word,)


class Outside(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema("SchemaOutside", inputs=[io.Int.Input("linked")], outputs=[io.Int.Output()])

    @classmethod
    def fingerprint_inputs(cls, linked):
        return STATE["version"]

    @classmethod
    def execute(cls, linked):
        return io.NodeOutput(STATE["version"] * 1000 + linked)


class Nap(io.ComfyNode):
    """Async, and tells how far it is."""

    @classmethod
    def define_schema(cls):
        return io.Schema("SchemaNap", inputs=[io.Int.Input("value")], outputs=[io.Int.Output()])

    @classmethod
    async def execute(cls, value):
        await ComfyAPI().execution.set_progress(1, 4, preview_image=torch.zeros(1, 8, 8, 3))
        await asyncio.sleep(0)
        await ComfyAPI().execution.set_progress(value=4, max_value=4)
        return io.NodeOutput(value)


class NapSync(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema("SchemaNapSync", inputs=[io.Int.Input("value")], outputs=[io.Int.Output()])

    @classmethod
    def execute(cls, value):
        ComfyAPISync().execution.set_progress(2, 3)
        return io.NodeOutput(value)


class HiddenOnes(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        hidden = [io.Hidden.unique_id, io.Hidden.prompt, io.Hidden.extra_pnginfo, io.Hidden.dynprompt]
        return io.Schema("SchemaHidden", hidden=hidden, outputs=[io.String.Output()])

    @classmethod
    def execute(cls):
        hidden = cls.hidden
        kind = hidden.dynprompt.get_node(hidden.unique_id)["class_type"]
        return io.NodeOutput(f"{hidden.unique_id} {sorted(hidden.prompt)} {hidden.extra_pnginfo} {kind}")


class Lists(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            "SchemaLists",
            inputs=[io.Int.Input("values")],
            outputs=[io.Int.Output("sum"), io.Int.Output("each", is_output_list=True)],
            is_input_list=True,
        )

    @classmethod
    def execute(cls, values):
        return io.NodeOutput(sum(values), [value * 2 for value in (*values, 5)])


class Block(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            "SchemaBlock", inputs=[io.Int.Input("value"), io.String.Input("why", default="")], outputs=[io.Int.Output()]
        )

    @classmethod
    def execute(cls, value, why=""):
        return io.NodeOutput(block_execution=why)


class Expand(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema("SchemaExpand", inputs=[io.Int.Input("value")], outputs=[io.Int.Output()], enable_expand=True)

    @classmethod
    def execute(cls, value):
        graph = GraphBuilder()
        inner = graph.node("SchemaNumber", value=value + 1)
        return io.NodeOutput(inner.out(0), expand=graph.finalize())


class Media(io.ComfyNode):
    """Shows pictures and masks, and saves a picture."""

    @classmethod
    def define_schema(cls):
        modes = ["preview", "animated", "mask", "save", "webp", "audio", "dict"]
        return io.Schema("SchemaMedia", inputs=[io.Combo.Input("mode", options=modes)], is_output_node=True)

    @classmethod
    def execute(cls, mode):
        images = torch.linspace(0, 1, 2 * 6 * 4 * 3).reshape(2, 6, 4, 3)
        if mode == "preview":
            return io.NodeOutput(ui=ui.PreviewImage(images, cls=cls))
        if mode == "animated":
            return io.NodeOutput(
                ui=ui.ImageSaveHelper.get_save_animated_png_ui(images, "moves/a", cls=cls, fps=5.0, compress_level=4)
            )
        if mode == "mask":
            return io.NodeOutput(ui=ui.PreviewMask(images[..., 0], cls=cls))
        if mode == "save":
            return io.NodeOutput(ui=ui.ImageSaveHelper.get_save_images_ui(images, filename_prefix="mine/pic", cls=cls))
        if mode == "webp":
            saved = ui.ImageSaveHelper.save_animated_webp(
                images, "moves/b", io.FolderType.temp, cls, fps=5.0, lossless=True, quality=80, method=4
            )
            return io.NodeOutput(ui=ui.PreviewVideo([saved]))
        if mode == "audio":
            audio = {"waveform": torch.zeros(1, 1, 4410), "sample_rate": 44100}
            return io.NodeOutput(ui=ui.PreviewAudio(audio, cls=cls))
        return {"ui": {"text": ["plain"]}}


class ByMapping(io.ComfyNode):
    """Registered as class-style nodes are."""

    @classmethod
    def define_schema(cls):
        return io.Schema("SchemaByMapping", inputs=[io.Int.Input("a")], outputs=[io.Int.Output("b")])

    @classmethod
    def execute(cls, a):
        return io.NodeOutput(a + 1)


NODE_CLASS_MAPPINGS = {"ByMapping": ByMapping}
NODE_DISPLAY_NAME_MAPPINGS = {"ByMapping": "By mapping"}


class Extension(ComfyExtension):
    async def on_load(self):
        STATE["loaded"] = True

    async def get_node_list(self):
        return [
            EveryKind, Widgets, Show, Grow, Dynamic, Judged, LazyGrow, LazyLists, Switch, Number, Word, Outside, Nap,
            NapSync, HiddenOnes, Lists, Block, Expand, Media,
        ]  # fmt: skip


async def comfy_entrypoint() -> ComfyExtension:
    return Extension()
