"""Threat family 2: strings that lead elsewhere, as values of nodes' inputs."""

import io
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from tests.security.attacks import lay_links, names_of
from tests.security.serving import Site, error_of, node

AREAS = ("", " [input]", " [output]", " [temp]", "[output]", " [user]", " [../..]", " [output] [input]")
TINY = "weft-tiny.safetensors"
EMBEDDING = "secret"  # .safetensors, beside the folders


@pytest.fixture(scope="module")
def secrets(real: Site) -> list[Path]:
    """Files outside of the folders that would load, if they were found, and links that lead to them."""
    made = [real.outside / f"secret{suffix}" for suffix in (".png", ".latent", ".safetensors")]
    Image.new("RGB", (8, 8), (1, 2, 3)).save(made[0])
    save_file({"latent_tensor": torch.zeros(1, 4, 8, 8), "latent_format_version_0": torch.empty(0)}, made[1])
    save_file({"emb_params": torch.zeros(1, 3)}, made[2])  # of no width that any model has: to read it is an error
    for area in ("input", "output", "temp"):
        for left in [path for path in (real.base / area).rglob("*") if path.is_file() or path.is_symlink()]:
            left.unlink()  # files of odd names that other tests were let have
        for secret in made:
            lay_links(real.base / area, secret)
    return made


def inputs_of(info: dict[str, Any]) -> dict[str, Any]:
    return {**info["input"].get("required", {}), **info["input"].get("optional", {})}


def is_choice(declared: Any) -> bool:
    return isinstance(declared[0], list) or declared[0] == "COMBO"


@pytest.fixture(scope="module")
def choices(real: Site) -> dict[str, list[str]]:
    """Every input of every node type whose values are chosen from a list."""
    found = {
        name: [key for key, declared in inputs_of(info).items() if is_choice(declared)]
        for name, info in real.get("/object_info").json.items()
    }
    return {name: keys for name, keys in found.items() if keys}


def test_no_choice_of_any_node_takes_a_name_that_leads_elsewhere(real, secrets, choices):
    assert {"LoadImage", "LoadImageMask", "LoadLatent", "LoadVideo", "VAELoader", "LoraLoader"} <= choices.keys()
    before = real.files()
    for number, name in enumerate(name for secret in secrets[:2] for name in names_of(secret)):
        value = name + AREAS[number % len(AREAS)]
        prompt: dict[str, Any] = {}
        for index, (kind, keys) in enumerate(choices.items()):
            prompt[f"n{index}"] = node(kind, **dict.fromkeys(keys, value))
            prompt[f"t{index}"] = node("PreviewAny", source=[f"n{index}", 0])
        answer = real.post("/prompt", {"prompt": prompt})
        assert answer.is_clear and answer.status == 400, (value, answer.status)
        found = answer.json["node_errors"]
        for index, (kind, keys) in enumerate(choices.items()):
            named = {error["extra_info"].get("input_name") for error in found[f"n{index}"]["errors"]}
            assert set(keys) <= named, (kind, value, found[f"n{index}"])
    assert real.files() == before


@pytest.mark.parametrize("kind", ["LoadImage", "LoadImageMask", "LoadLatent"])
def test_every_annotation_is_tried_on_what_takes_files(real, secrets, choices, kind):
    (key, *more) = choices[kind]
    secret = secrets[1 if kind == "LoadLatent" else 0]
    others = dict.fromkeys(more, "red")
    for name in [*names_of(secret)[:5], f"link/{secret.name}", f"link-{secret.name}", secret.as_posix()]:
        for area in AREAS:
            prompt = {"1": node(kind, **{key: name + area}, **others), "2": node("PreviewAny", source=["1", 0])}
            answer = real.post("/prompt", {"prompt": prompt})
            assert answer.status == 400 and key in str(answer.json["node_errors"]["1"]), (name, area)


def test_a_file_that_is_named_rightly_still_loads(real):
    """Or the tests above would show nothing."""
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "png")
    stored = real.upload(picture.getvalue(), "right.png", subfolder="sub", type="temp").json
    prompt = {"1": node("LoadImage", image=f"sub/{stored['name']} [temp]"), "2": node("PreviewAny", source=["1", 0])}
    assert real.run(prompt)["status"]["completed"] is True


def test_names_that_come_over_a_link_are_looked_at_too(real, secrets):
    for name in names_of(secrets[0])[:3]:
        for kind in ("LoadImage", "LoadLatent"):
            key = "image" if kind == "LoadImage" else "latent"
            prompt = {
                "1": node("PrimitiveString", value=name),
                "2": node(kind, **{key: ["1", 0]}),
                "3": node("PreviewAny", source=["2", 0]),
            }
            answer = real.post("/prompt", {"prompt": prompt})
            if answer.status == 200:
                assert "leads outside" in error_of(real.ended(answer.json["prompt_id"]))["exception_message"]
            else:
                assert answer.status == 400


SOURCES = {
    "IMAGE": ("picture", 0), "LATENT": ("latent", 0), "MODEL": ("model", 0), "CLIP": ("model", 1), "VAE": ("model", 2),
    "VIDEO": ("video", 0),
}  # fmt: skip
MAKERS = {
    "picture": node("EmptyImage", width=16, height=16, batch_size=1, color=0),
    "latent": node("EmptyLatentImage", width=64, height=64, batch_size=1),
    "model": node("CheckpointLoaderSimple", ckpt_name=TINY),
    "video": node("CreateVideo", images=["picture", 0], fps=1.0),
}


@pytest.fixture(scope="module")
def savers(real: Site) -> dict[str, dict[str, Any]]:
    """Every node that takes a file name prefix, with whatever else it needs."""
    made = {}
    for name, info in real.get("/object_info").json.items():
        inputs = inputs_of(info)
        if "filename_prefix" in inputs:
            made[name] = node(name, **{key: _value(declared) for key, declared in inputs.items()})
    assert {"SaveImage", "SaveLatent", "CheckpointSave", "SaveAnimatedWEBP"} <= made.keys()
    return made


def _value(declared: Any) -> Any:
    kind, options = declared[0], declared[1] if len(declared) > 1 else {}
    if isinstance(kind, list):
        return kind[0]
    if kind in SOURCES:
        return list(SOURCES[kind])
    return options.get("default", options["options"][0] if "options" in options else None)


def with_prefix(savers: dict[str, dict[str, Any]], prefix: Any) -> dict[str, Any]:
    changed = {name: {**made, "inputs": {**made["inputs"], "filename_prefix": prefix}} for name, made in savers.items()}
    return {**MAKERS, **changed}


def test_no_prefix_leads_out_of_the_output_folder(real, secrets, savers):
    before = real.files()
    for name in names_of(real.outside / "evil"):
        if name in PLAIN or any(letter in name for letter in "%;$\uff0e\u2215"):
            continue  # what is a plain, if odd, name; the next test writes files of such names
        answer = real.post("/prompt", {"prompt": with_prefix(savers, name)})
        assert savers.keys() - answer.json["node_errors"].keys() == set(), name
        assert answer.status == 400, name
    assert real.files() == before


PLAIN = {"CON", "NUL.png", "COM1", "aux.png", ".", "..", "...", "a/", "link-evil"}  # what the number is written behind
ODD_BUT_INSIDE = [
    "%2e%2e%2f%2e%2e%2fevil", "..%c0%afevil", "%date:../../yyyy%/evil", "%text.value%", "%PrimitiveString.value%evil",
    "\uff0e\uff0e/evil", "CON", "a\u2215b", ".", "..", "a/",
]  # fmt: skip


def test_odd_prefixes_and_the_values_of_tokens_stay_inside(real, savers):
    before = set(real.files())
    for prefix in ODD_BUT_INSIDE:
        prompt = {
            "text": {**node("PrimitiveString", value="../../../evil"), "_meta": {"title": "text"}},
            "show": node("PreviewAny", source=["text", 0]),
            "picture": MAKERS["picture"],
            "save": node("SaveImage", images=["picture", 0], filename_prefix=prefix),
        }
        answer = real.post("/prompt", {"prompt": prompt})
        if answer.status == 200:
            assert real.ended(answer.json["prompt_id"])["status"]["completed"] is True, prefix
    made = set(real.files()) - before
    assert made and all(path.startswith(("base/output/", "base/temp/", "base/user/")) for path in made), made


def test_a_prefix_that_comes_over_a_link_is_looked_at_when_it_arrives(real, secrets, savers):
    before = {path for path in real.files() if not path.startswith("base/user/")}
    for prefix in ("../../evil", (real.outside / "evil").as_posix(), "link/evil"):
        for name in savers.keys() & {"SaveImage", "SaveLatent", "SaveAnimatedPNG", "SaveWEBM", "VAESave"}:
            prompt = {**MAKERS, "prefix": node("PrimitiveString", value=prefix), "s": dict(savers[name])}
            prompt["s"]["inputs"] = {**savers[name]["inputs"], "filename_prefix": ["prefix", 0]}
            ended = real.run(prompt)
            error = error_of(ended)
            told = error["exception_message"]
            assert error["node_type"] == name and ("name inside its folder" in told or "leads outside" in told)
    assert {path for path in real.files() if not path.startswith("base/user/")} == before


def test_embeddings_are_looked_for_in_their_folder_only(real, secrets):
    folder = real.base / "models" / "embeddings"
    folder.mkdir(exist_ok=True)
    named = [name.removesuffix(".safetensors") for name in names_of(secrets[2]) if "\ud800" not in name]
    texts = " ".join(f"embedding:{name} (embedding:{name}:1.2)" for name in named if len(name) < 200)
    prompt = {
        "model": MAKERS["model"],
        "1": node("CLIPTextEncode", text=texts, clip=["model", 1]),
        "2": node("PreviewAny", source=["1", 0]),
    }
    ended = real.run(prompt)
    assert ended["status"]["completed"] is True, ended["status"]
    save_file({"emb_params": torch.zeros(1, 3)}, folder / "wrong.safetensors")
    prompt["1"] = node("CLIPTextEncode", text="embedding:wrong", clip=["model", 1])
    assert (
        "wrong" in str(real.run(prompt)["status"]) + real.log()
    )  # one that is found is read: the above shows something
