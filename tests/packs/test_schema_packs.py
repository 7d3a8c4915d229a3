"""What a pack of the schema style imports, and what is said of one that is wrong."""

import importlib
import shutil
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import pytest
import torch

from engine.packs.surroundings import SHIMS
from tests.packs.conftest import bring
from tests.protocol.client import Graph, Refused
from tests.protocol.serving import Server

PACK = Path(__file__).with_name("pack_of_the_schema_style.py")
SETTINGS = {"on": True, "count": 4, "text": "hi", "mode": "fast", "picture": "a.png", "several": ["p", "r"]}
HEAD = "from comfy_api.latest import ComfyExtension, io\n"
NODE = """
class Fine(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema("SchemaFine", outputs=[io.Int.Output()])

    @classmethod
    def execute(cls):
        return io.NodeOutput(1)
"""


def extension(*nodes, before="", returned="Extension()", kind="async def"):
    return f"""{HEAD}{NODE}{before}
class Extension(ComfyExtension):
    async def get_node_list(self):
        return [{", ".join(nodes)}]

{kind} comfy_entrypoint():
    return {returned}
"""


@pytest.fixture
def shims(monkeypatch):
    monkeypatch.syspath_prepend(str(SHIMS))


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_an_entry_point_may_be_async(places, kind):
    (places.custom_nodes[0] / "one.py").write_text(extension("Fine", kind=kind))
    pack = bring(places).pack("one")
    assert (pack.errors, [found.type for found in pack.definitions]) == ((), ["SchemaFine"])


TWICE = """
class Other(Fine):
    pass
"""
UNCLEAR = """
class Unclear(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema("SchemaUnclear", inputs=[io.Int.Input("a"), io.Int.Input("a")])
"""
UNTOLD = """
class Untold(io.ComfyNode):
    pass
"""
WRONG = [
    (extension("Fine", "Other", before=TWICE), "have the node_id 'SchemaFine'", True),
    (extension("Fine", "Unclear", before=UNCLEAR), "has two inputs called a", True),
    (extension("Fine", "Untold", before=UNTOLD), "Untold has no define_schema", True),
    (extension("Fine", "int"), "expected a class that inherits from io.ComfyNode", True),
    (extension("Fine", returned="[Fine]"), "comfy_entrypoint returned list; expected a ComfyExtension", False),
    (extension("Fine", returned="1 / 0"), "ZeroDivisionError", False),
    (HEAD + NODE, "neither NODE_CLASS_MAPPINGS nor comfy_entrypoint", False),
]


@pytest.mark.parametrize(("text", "said", "others_load"), WRONG)
def test_what_is_wrong_is_said_and_the_rest_loads(places, text, said, others_load):
    (places.custom_nodes[0] / "wrong.py").write_text(text)
    pack = bring(places).pack("wrong")
    assert len(pack.errors) == 1
    assert said in pack.errors[0].summary
    assert [found.type for found in pack.definitions] == (["SchemaFine"] if others_load else [])


IMPORTED = [
    ("comfy_api.latest", "ComfyExtension ComfyAPI ComfyAPISync io ui IO UI Input InputImpl Types"),
    ("comfy_api.v0_0_2", "ComfyExtension ComfyAPI ComfyAPISync io ui IO UI Input InputImpl Types"),
    ("comfy_api.v0_0_1", "ComfyAPI ComfyAPISync Input InputImpl Types"),
    ("comfy_api.input", "ImageInput MaskInput AudioInput LatentInput VideoInput"),
    ("comfy_api.input_impl", "VideoFromFile VideoFromComponents"),
    ("comfy_api.util", "VideoContainer VideoCodec VideoComponents"),
    ("comfy_api.latest._io", "ComfyNode Schema"),
    ("comfy_api.latest._ui", "PreviewImage"),
]


@pytest.mark.parametrize(("module", "names"), IMPORTED)
def test_what_can_be_imported(shims, module, names):
    found = importlib.import_module(module)
    assert [name for name in names.split() if not hasattr(found, name)] == []


def test_a_template_that_cannot_grow_is_refused(shims):
    io = importlib.import_module("comfy_api.latest").io
    with pytest.raises(ValueError, match=r"between 1 and 100 inputs"):
        io.Autogrow.TemplatePrefix(io.Image.Input("image"), prefix="image", min=3, max=2)


def test_videos_are_made_saved_and_read_again(shims, tmp_path):
    pytest.importorskip("av")
    latest = importlib.import_module("comfy_api.latest")
    images = torch.zeros(6, 16, 32, 3)
    images[3:] = 1.0
    made = latest.InputImpl.VideoFromComponents(
        latest.Types.VideoComponents(images=images, frame_rate=Fraction(12), audio=None)
    )
    assert (made.get_dimensions(), made.get_duration()) == ((32, 16), 0.5)
    file = tmp_path / "made.mp4"
    made.save_to(str(file), format=latest.Types.VideoContainer.MP4, codec=latest.Types.VideoCodec.H264)
    for source in (str(file), BytesIO(file.read_bytes())):
        read = latest.InputImpl.VideoFromFile(source)
        parts = read.get_components()
        assert (read.get_dimensions(), parts.images.shape, parts.frame_rate) == ((32, 16), (6, 16, 32, 3), 12)
        assert (parts.images[1].mean() < 0.1, parts.images[5].mean() > 0.9) == (True, True)
    assert isinstance(made, latest.Input.Video)


def test_a_schema_pack_in_a_real_server(tmp_path):
    server = Server(tmp_path, expects="SchemaShow")
    (server.base / "custom_nodes").mkdir(parents=True)
    shutil.copy(PACK, server.base / "custom_nodes" / "schemas.py")
    server.start()
    try:
        with server.client() as client:
            follow_a_run(client)
            refuse_what_a_choice_lacks(client)
    finally:
        server.stop()


def follow_a_run(client):
    """Native, grown, lazy, async and saving nodes in one prompt."""
    prompt = Graph()
    value = prompt.add("SchemaNap", value=3)
    chosen = prompt.add("SchemaSwitch", switch=True, on_true=value, on_false=prompt.add("SchemaNumber", value=9))
    grown = prompt.add("SchemaGrow", **{"numbers.n0": 1, "numbers.n1": chosen, "words.a": "w"})
    said = prompt.add("SchemaShow", value=grown)
    kept = prompt.add("SchemaWidgets", **SETTINGS)
    also = prompt.add("SchemaShow", value=kept)
    saved = prompt.add("SchemaMedia", mode="save")
    run = client.run(prompt)
    assert run.succeeded, run.error
    assert run.outputs[said.id] == {"text": ["{'n0': 1, 'n1': 3} {'a': 'w'}"]}
    assert run.outputs[also.id] == {"text": ["True 4 0.25 hi fast ['p', 'r'] None []"]}
    picture = run.outputs[saved.id]["images"][0]
    assert client.get("/view", **picture).body[:8] == b"\x89PNG\r\n\x1a\n"
    assert {data["max"] for data in run.of("progress")} == {4}


def refuse_what_a_choice_lacks(client):
    prompt = Graph()
    wrong = prompt.add("SchemaDynamic", **{"kind": "deep", "kind.sub": "y"})
    prompt.add("SchemaShow", value=wrong)
    with pytest.raises(Refused) as refused:
        client.queue(prompt)
    assert refused.value.kinds(wrong.id) == ["required_input_missing"]
    assert refused.value.only(wrong.id)["extra_info"]["input_name"] == "kind.all.n0"
