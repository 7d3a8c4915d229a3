"""The list of models: what files say of themselves, their pictures, their hashes; hostile files and names; accounts."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from engine.errors import BadFile
from engine.files.model_facts import LONGEST_TEXT, facts_of
from engine.files.safetensors_header import read_header
from engine.models.telling import tell_family
from engine.server import accounts
from engine.server.gates import GATE
from tests.server.test_files import HOSTILE, picture, png

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "checkpoints" / "weft-tiny.safetensors"
TAGS = {"10_cat": {"cat": 10, "sofa": 3}, "20_dog": {"dog": 20, "sofa": 4}}
TRAINED = {
    "ss_output_name": "my cat", "ss_base_model_version": "sdxl_base_v1-0", "ss_resolution": "(1024, 768)",
    "ss_network_dim": "16", "ss_network_alpha": "8.0", "ss_tag_frequency": json.dumps(TAGS),
    "modelspec.trigger_phrase": "sks cat", "modelspec.author": "<script>alert(1)</script>",
}  # fmt: skip


def weights(shapes: dict[str, list[int]], dtype: str = "F16", **metadata: str) -> bytes:
    """Write a safetensors file of zeros."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    end = 0
    for name, shape in shapes.items():
        begin = end
        size = 2
        for side in shape:
            size *= side
        end += size
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(end)


LORA = {
    "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_down.weight": [4, 2048],
    "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_up.weight": [640, 4],
}


@pytest.fixture
def loras(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "loras"
    (folder / "deep").mkdir(parents=True)
    return folder


async def about(site: Any, name: str, kind: str = "loras", **more: object) -> Any:
    return await site.get(f"/weft/models/about?{urlencode({'kind': kind, 'name': name, **more})}")


def named(name: str, route: str = "picture") -> str:
    return f"/weft/models/{route}?{urlencode({'kind': 'loras', 'name': name})}"


async def test_all_models_are_listed_with_their_pictures(site, loras, tmp_path):
    (loras / "a.safetensors").write_bytes(weights(LORA))
    (loras / "deep" / "b.pt").write_bytes(b"x" * 10)
    (loras / "deep" / "b.preview.webp").write_bytes(png())
    (loras / "readme.md").write_text("no model")
    vae = tmp_path / "models" / "vae"
    vae.mkdir()
    (vae / "v.safetensors").write_bytes(weights({}))
    found = await site.get("/weft/models")
    listed = {(each["kind"], each["name"]): each for each in found["models"]}
    assert set(listed) == {("loras", "a.safetensors"), ("loras", "deep/b.pt"), ("vae", "v.safetensors")}
    assert listed["loras", "a.safetensors"]["picture"] is None and listed["loras", "deep/b.pt"]["size"] == 10
    answer = await site.http.get(listed["loras", "deep/b.pt"]["picture"])
    assert answer.status == 200 and "immutable" in answer.headers["Cache-Control"]
    kinds = {kind["name"]: kind["folders"] for kind in found["kinds"]}
    assert kinds["loras"] == [str(loras)] and "checkpoints" in kinds


async def test_what_a_lora_says_of_itself(site, loras):
    (loras / "a.safetensors").write_bytes(weights(LORA, **TRAINED))
    told = await about(site, "a.safetensors")
    assert told["title"] == "my cat" and told["base"] == "sdxl_base_v1-0" and told["resolution"] == "1024 × 768"
    assert told["rank"] == "16, alpha 8.0" and told["triggers"] == "sks cat" and told["problem"] == ""
    assert told["tags"] == [{"tag": "dog", "count": 20}, {"tag": "cat", "count": 10}, {"tag": "sofa", "count": 7}]
    assert told["types"] == {"F16": 1.0} and told["numbers"] == 4 * 2048 + 640 * 4
    assert told["author"] == "<script>alert(1)</script>"  # text, which the editor shows as text
    assert told["path"] == str(loras / "a.safetensors")


@pytest.mark.parametrize(
    ("shapes", "family"),
    [
        (LORA, "Stable Diffusion XL"),
        ({"lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": [8, 768]},
         "Stable Diffusion 1.x"),
        ({"unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight": [8, 1024]},
         "Stable Diffusion 2.x"),
        ({"attn2_to_k.lora_down.weight": [8, 999]}, ""),
        ({"attn2_to_k.lora_down.weight": [8]}, ""),
        ({"control_model.input_hint_block.0.weight": [16, 3, 3, 3],
          "control_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": [320, 768]}, "Stable Diffusion 1.x"),
        ({"controlnet_cond_embedding.conv_in.weight": [16, 3, 3, 3],
          "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight": [640, 2048]}, "Stable Diffusion XL"),
        ({"input_hint_block.0.weight": [16, 3, 3, 3],
          "input_blocks.4.1.transformer_blocks.0.attn2.to_k.down": [256, 2048],
          "input_blocks.4.1.transformer_blocks.0.attn2.to_k.up": [640, 256]}, "Stable Diffusion XL"),
        ({"input_hint_block.0.weight": [16, 3, 3, 3]}, ""),
        ({"some.attn2.to_k.weight": [320, 768]}, ""),
        ({"conv_in.weight": [320, 192, 3, 3], "body.0.block1.weight": [320, 320, 3, 3]}, "Stable Diffusion 1.x or 2.x"),
        ({"adapter.conv_in.weight": [320, 768, 3, 3], "adapter.body.0.resnets.0.block1.weight": [320, 320, 3, 3]},
         "Stable Diffusion XL"),
        ({"conv_in.weight": [320, 5, 3, 3], "body.0.block1.weight": [320, 320, 3, 3]}, ""),
        ({"something.weight": [1]}, ""),
        ({"model.diffusion_model.input_blocks.0.0.weight": [1]}, ""),
        ({"input_blocks.0.0.weight": [320, 4, 3, 3]}, ""),
    ],
)  # fmt: skip
def test_the_family_by_the_header(tmp_path, shapes, family):
    path = tmp_path / "x.safetensors"
    path.write_bytes(weights(shapes))
    assert tell_family(read_header(path)) == family


def test_the_family_of_autoencoders(tmp_path):
    if not SHIPPED.is_file():
        pytest.skip("the model that ships is not in this checkout")
    prefix = "first_stage_model."
    shapes = {
        name.removeprefix(prefix): list(info.shape)
        for name, info in read_header(SHIPPED).tensors.items()
        if name.startswith(prefix)
    }
    for told, names in (
        ("Stable Diffusion 1.x, 2.x or XL", shapes),
        ("Stable Diffusion 1.x, 2.x or XL", {prefix + name: shape for name, shape in shapes.items()}),
        ("", {name: shape for name, shape in shapes.items() if "conv_in" not in name}),
    ):
        path = tmp_path / "vae.safetensors"
        path.write_bytes(weights(names))
        assert tell_family(read_header(path)) == told


@pytest.mark.parametrize(
    ("name", "family"),
    [("taesd_decoder", "Stable Diffusion 1.x or 2.x"), ("TAESDXL_encoder", "Stable Diffusion XL"), ("tiny", "")],
)
def test_the_family_of_tiny_autoencoders(tmp_path, name, family):
    path = tmp_path / f"{name}.safetensors"
    path.write_bytes(weights({"0.weight": [4, 3, 3, 3], "1.conv.0.weight": [4, 4, 3, 3]}))
    assert tell_family(read_header(path)) == family


def test_the_family_of_the_checkpoint_that_ships():
    if not SHIPPED.is_file():
        pytest.skip("the model that ships is not in this checkout")
    assert tell_family(read_header(SHIPPED)).startswith("Stable Diffusion")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"ss_tag_frequency": "[" * 100_000}, ()),
        ({"ss_tag_frequency": "no json"}, ()),
        ({"ss_tag_frequency": '{"a": [1], "b": {"x": "many", "y": -1, "z": true, " ": 5, "ok": 1}}'}, (("ok", 1),)),
        ({"modelspec.tags": "one, two,,"}, (("one", 0), ("two", 0))),
        ({"ss_tag_frequency": json.dumps({"a": {f"tag {number}": 1 for number in range(5000)}})}, 100),
        ({"ss_resolution": "x" * 10**6, "modelspec.title": "t" * 10**6}, ()),
    ],
)
def test_odd_metadata_is_told_in_part_or_not_at_all(tmp_path, told, expected):
    path = tmp_path / "x.safetensors"
    path.write_bytes(weights({}, **told))
    facts = facts_of(read_header(path))
    assert (len(facts.tags) if isinstance(expected, int) else facts.tags) == expected
    assert len(facts.title) < LONGEST_TEXT + 50 and facts.resolution == ""
    assert all(len(value) < LONGEST_TEXT + 50 for value in facts.metadata.values())


BROKEN = {
    "empty": b"",
    "short": b"\1\2\3",
    "giant": (2**63).to_bytes(8, "little") + b"{}",
    "large": (17 * 2**20).to_bytes(8, "little") + b" " * (17 * 2**20),
    "cut": (500).to_bytes(8, "little") + b"{}",
    "text": (4).to_bytes(8, "little") + b"nope",
    "deep": (100_000).to_bytes(8, "little") + b"[" * 100_000,
    "list": (2).to_bytes(8, "little") + b"[]",
    "numbers": (24).to_bytes(8, "little") + b'{"__metadata__":{"a":1}}',
    "name": weights({"a\nb": [1]}),
    "overlap": b"",
}
BROKEN["overlap"] = weights({"a": [4], "b": [4]}).replace(b"[8, 16]", b"[0, 8] ")


@pytest.mark.parametrize("case", BROKEN)
async def test_a_broken_file_is_listed_and_told_as_broken(site, loras, case):
    (loras / "x.safetensors").write_bytes(BROKEN[case])
    (only,) = (await site.get("/weft/models"))["models"]
    assert only["name"] == "x.safetensors"
    told = await about(site, "x.safetensors")
    assert "x.safetensors" in told["problem"] and str(loras) not in told["problem"]
    assert told["family"] == "" and told["metadata"] == {}


def test_a_header_is_read_up_to_a_limit(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(weights({}, note="x" * 1000))
    assert read_header(path, 2000).metadata == {"note": "x" * 1000}
    with pytest.raises(BadFile, match="headers of up to 500 bytes are read"):
        read_header(path, 500)


@pytest.mark.parametrize("name", [*HOSTILE, "../../secret.safetensors", "readme.md", "deep", ""])
async def test_names_stay_inside_model_folders(site, loras, tmp_path, name):
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "secret.safetensors").write_bytes(weights({}, title="secret"))
    (loras / "readme.md").write_text("secret")
    name = name.encode("utf-8", "replace").decode()
    for answer in (
        await site.http.get(named(name, "about")),
        await site.http.post(named(name, "hash")),
        await site.http.put(named(name), json={"filename": "a.png"}),
    ):
        assert 400 <= answer.status < 500 and "secret" not in (await answer.text()).replace("secret.", "")
    assert (await site.http.get("/weft/models/about?kind=../../&name=a.pt")).status == 404
    assert (await site.http.get(f"{named('a.pt', 'about')}&root=x")).status == 400


async def test_a_hash_is_added_up_when_it_is_asked_for_and_again_after_a_change(site, loras):
    data = weights(LORA)
    (loras / "a.safetensors").write_bytes(data)
    assert (await about(site, "a.safetensors"))["sha256"] == ""
    told = await (await site.http.post(named("a.safetensors", "hash"))).json()
    assert told == {"sha256": hashlib.sha256(data).hexdigest()}
    assert (await about(site, "a.safetensors"))["sha256"] == told["sha256"]
    (loras / "a.safetensors").write_bytes(data + b"x")
    assert (await about(site, "a.safetensors"))["sha256"] == ""


# pictures that users choose


async def test_a_chosen_picture_goes_before_the_one_beside_and_model_folders_stay_as_they_are(site, loras, tmp_path):
    (loras / "a.safetensors").write_bytes(weights(LORA))
    (loras / "a.png").write_bytes(png(color=(0, 0, 255, 255)))
    (tmp_path / "output" / "red.png").write_bytes(png((2000, 1000), (255, 0, 0, 255), workflow="{}"))
    before = {path: path.read_bytes() for path in (tmp_path / "models").rglob("*") if path.is_file()}
    assert (await site.http.put(named("a.safetensors"), json={"filename": "red.png"})).status == 204
    told = await about(site, "a.safetensors")
    assert told["has_chosen_picture"] and (await site.get("/weft/models"))["models"][0]["picture"] == told["picture"]
    image = picture(await (await site.http.get(told["picture"])).read())
    assert image.size == (512, 256) and image.convert("RGB").getpixel((5, 5))[0] > 240
    assert {path: path.read_bytes() for path in (tmp_path / "models").rglob("*") if path.is_file()} == before
    (chosen,) = (tmp_path / "user" / "model_pictures").iterdir()
    assert (await site.http.get("/userdata/..%2Fmodel_pictures%2F" + chosen.name)).status == 400
    assert (await site.http.delete(named("a.safetensors"))).status == 204
    told = await about(site, "a.safetensors")
    assert not told["has_chosen_picture"]
    image = picture(await (await site.http.get(told["picture"])).read())
    assert image.convert("RGB").getpixel((5, 5))[2] > 240
    assert (await site.http.delete(named("a.safetensors"))).status == 204


@pytest.mark.parametrize("name", HOSTILE)
async def test_only_ones_own_pictures_can_be_chosen(site, loras, tmp_path, name):
    (loras / "a.safetensors").write_bytes(weights(LORA))
    (tmp_path / "secret.txt").write_bytes(png())
    for body in ({"filename": name}, {"filename": "secret.txt", "subfolder": name}, {"filename": f"{name} [input]"}):
        text = json.dumps(body).replace("\\ud800", "?")
        answer = await site.http.put(named("a.safetensors"), data=text.encode())
        assert 400 <= answer.status < 500
    assert not (tmp_path / "user" / "model_pictures").exists()


async def test_what_is_no_picture_is_refused(site, loras, tmp_path):
    (loras / "a.safetensors").write_bytes(weights(LORA))
    (tmp_path / "output" / "a.png").write_bytes(b"no picture")
    bomb = png()[:16] + (60_000).to_bytes(4, "big") * 2 + png()[24:]
    (tmp_path / "output" / "bomb.png").write_bytes(bomb)
    for body, status in (
        ({"filename": "a.png"}, 415), ({"filename": "bomb.png"}, 415), ({"filename": "none.png"}, 404),
        ({"filename": "a.png", "type": "models"}, 400), ({"filename": 3}, 400), ({}, 400),
    ):  # fmt: skip
        answer = await site.http.put(named("a.safetensors"), json=body)
        text = await answer.text()
        assert answer.status == status and str(tmp_path) not in text, text
    assert (await about(site, "a.safetensors"))["picture"] is None


# accounts


async def test_accounts_see_no_paths_and_choose_pictures_for_themselves_alone(open_site, loras, tmp_path, monkeypatch):
    monkeypatch.setattr(accounts, "COST", 2**4)
    site = await open_site("--multi-user")
    known = site.http.app[GATE].accounts
    known.add("root", "a long password", "admin")
    known.add("anna", "a long password")
    tokens = {name: known.new_token(name) for name in ("root", "anna")}
    for name in tokens:
        site.services.places.of_owner(name).make()
    (loras / "a.safetensors").write_bytes(weights(LORA))
    (loras / "bad.safetensors").write_bytes(b"bad")
    (loras / "bad.png").write_bytes(b"bad")

    async def ask(name: str, method: str, path: str, **more: Any) -> tuple[int, str]:
        answer = await site.http.request(method, path, headers={"Authorization": f"Bearer {tokens[name]}"}, **more)
        return answer.status, await answer.text()

    (tmp_path / "output" / "anna" / "x.png").write_bytes(png())
    assert (await ask("anna", "PUT", named("a.safetensors"), json={"filename": "x.png"}))[0] == 204
    assert (await ask("root", "PUT", named("a.safetensors"), json={"filename": "x.png"}))[0] == 404
    for path in (
        "/weft/models", named("a.safetensors", "about"), named("bad.safetensors", "about"), "/experiment/models",
        "/internal/folder_paths", "/view_metadata/loras?filename=bad.safetensors",
        f"/experiment/models/preview/loras/0/{quote('bad.safetensors')}",
    ):  # fmt: skip
        _, told = await ask("anna", "GET", path)
        assert str(tmp_path) not in told and json.dumps(str(tmp_path))[1:-1] not in told, path
    for path in ("/weft/models", named("a.safetensors", "about"), "/experiment/models", "/internal/folder_paths"):
        assert str(loras) in (await ask("root", "GET", path))[1].replace("\\\\", os.sep)
    of_anna, of_root = [json.loads((await ask(name, "GET", "/weft/models"))[1]) for name in ("anna", "root")]
    assert of_anna["models"][0]["picture"] is not None and of_root["models"][0]["picture"] is None
