"""Threat family 7: weight files that were to run code, or to be read where they are not. Each is a clear error."""

import io
import json
import os
import pickle
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.security.serving import Site, error_of, node

CANARY = "ran-from-a-pickle"
# Loader -> (its input, the model folder, further inputs)
LOADERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "CheckpointLoaderSimple": ("ckpt_name", "checkpoints", {}),
    "VAELoader": ("vae_name", "vae", {}),
    "UNETLoader": ("unet_name", "diffusion_models", {"weight_dtype": "default"}),
    "CLIPLoader": ("clip_name", "text_encoders", {"type": "stable_diffusion"}),
    "ControlNetLoader": ("control_net_name", "controlnet", {}),
    "UpscaleModelLoader": ("model_name", "upscale_models", {}),
    "CLIPVisionLoader": ("clip_name", "clip_vision", {}),
    "GLIGENLoader": ("gligen_name", "gligen", {}),
    "StyleModelLoader": ("style_model_name", "style_models", {}),
    "HypernetworkLoader": ("hypernetwork_name", "hypernetworks", {"model": ["m", 0], "strength": 1.0}),
    "LoraLoader": (
        "lora_name", "loras", {"model": ["m", 0], "clip": ["m", 1], "strength_model": 1.0, "strength_clip": 1.0},
    ),
}  # fmt: skip


class Calls:
    """Unpickles into a call."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.arguments


def zipped(data: bytes, *, compress: int = zipfile.ZIP_STORED, **more: bytes) -> bytes:
    """Write a file as torch.save does, around a pickle of one's own."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compress) as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
        for name, content in more.items():
            archive.writestr(f"archive/data/{name}", content)
    return made.getvalue()


def global_call(module: str, name: str, *arguments: str) -> bytes:
    """Write a pickle by hand: names that no Python object need have."""
    texts = b"".join(b"X" + struct.pack("<I", len(text.encode())) + text.encode() for text in arguments)
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"(" + texts + b"tR."


def hostile_pickles(canary: Path) -> dict[str, bytes]:
    """Write every kind; each would make the canary if its code ran."""
    mark = str(canary)
    shell = f"{'type nul >' if os.name == 'nt' else 'touch'} {mark}"
    code = f"open({mark!r}, 'w').close()"
    direct = [
        pickle.dumps(Calls(os.system, shell), 2),
        pickle.dumps(Calls(eval, code), 2),
        pickle.dumps(Calls(exec, code), 2),
        pickle.dumps({"state_dict": {"a": torch.zeros(1), "b": Calls(exec, code)}}, 2),
        global_call("posix", "system", shell),
        global_call("builtins", "exec", code),
        global_call("torch._utils", "_import_dotted_name", "os.system"),
        global_call("torch.serialization", "os.system", shell),
        global_call("torch.hub", "_get_torch_home.__globals__", shell),
        global_call("torch", "_utils_internal.os.system", shell),
        global_call("torch.fx._symbolic_trace", "eval", code),
        global_call("torch.storage", "_load_from_bytes", code),
        global_call("torch.jit.unsupported_tensor_ops", "exec", code),
        global_call("numpy.testing._private.utils", "runstring", code, "x"),
        global_call("numpy.core.multiarray", "_reconstruct", code),
        global_call("_codecs", "encode.__class__.__base__", code),
        global_call("collections", "OrderedDict.fromkeys.__self__.__init__.__globals__", code),
        global_call("torch.nn.parameter", "ParameterDict.__init__.__globals__", code),
        global_call("torch.nn", "ParameterDict.__reduce__", code),
        b"\x80\x04\x95" + b"\xff" * 8 + b".",  # a frame of 2^64 bytes
        b"(" * 10_000,
        b"\x80\x02]" + b"q\xff2" * 5000 + b".",
    ]
    legacy = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
    found: dict[str, bytes] = {}
    for number, data in enumerate(direct):
        found[f"plain{number}"] = data
        found[f"zip{number}"] = zipped(data)
        found[f"legacy{number}"] = legacy + data + pickle.dumps([], 2)
    found["packed"] = zipped(direct[0], compress=zipfile.ZIP_DEFLATED)
    found["twice"] = zipped(direct[1]) + zipped(direct[0])
    found["torchscript"] = zipped(direct[0], **{"../code/x.py": code.encode(), "../constants.pkl": direct[0]})
    return found


@pytest.fixture
def canary(real: Site) -> Any:
    path = real.outside / CANARY
    path.unlink(missing_ok=True)
    yield path
    assert not path.exists(), "code of a weight file ran"


def put(real: Site, folder: str, name: str, data: bytes) -> None:
    (real.base / "models" / folder).mkdir(parents=True, exist_ok=True)
    (real.base / "models" / folder / name).write_bytes(data)


def loading(loader: str, name: str) -> dict[str, Any]:
    key, _, more = LOADERS[loader]
    prompt = {"1": node(loader, **{key: name}, **more), "2": node("PreviewAny", source=["1", 0])}
    if "model" in more:
        prompt["m"] = node("CheckpointLoaderSimple", ckpt_name="weft-tiny.safetensors")
    return prompt


def queue_all(real: Site, loader: str, files: dict[str, bytes]) -> dict[str, str]:
    """Put files into the loader's folder and queue a job for each; gives file name -> job."""
    folder = LOADERS[loader][1]
    for name, data in files.items():
        put(real, folder, name, data)
    jobs = {}
    for name in files:
        answer = real.post("/prompt", {"prompt": loading(loader, name)})
        assert answer.status == 200, (name, answer.body[:1000])
        jobs[name] = answer.json["prompt_id"]
    return jobs


def fail_in_words(real: Site, loader: str, files: dict[str, bytes]) -> dict[str, str]:
    """Load files, all of which must end in an error that names the file and shows no traceback; gives what was said."""
    said = {}
    for name, job in queue_all(real, loader, files).items():
        error = error_of(real.ended(job))
        assert error["node_type"] == loader, (name, error["exception_message"])
        said[name] = error["exception_message"]
        assert error["exception_type"].endswith(("BadFile", "UnknownModel")), (
            name,
            error["exception_type"],
            said[name],
        )
        assert name in said[name] or "its layout" in said[name] or "channels" in said[name], (name, said[name])
    for name in files:
        (real.base / "models" / LOADERS[loader][1] / name).unlink()
    return said


def test_this_canary_can_sing(tmp_path):
    """Or the tests below would show nothing: the same files, read as pickles are, make it."""
    for kind in ("plain0", "plain1", "plain4"):
        canary = tmp_path / kind
        pickle.loads(hostile_pickles(canary)[kind])
        assert canary.exists()
    file = tmp_path / "zip.pt"
    file.write_bytes(hostile_pickles(tmp_path / "zipped")["zip0"])
    torch.load(file, weights_only=False)
    assert (tmp_path / "zipped").exists()


@pytest.mark.parametrize("suffix", [".ckpt", ".pt", ".bin", ".pth"])
def test_no_pickle_runs(real, canary, suffix):
    kinds = hostile_pickles(canary)
    chosen = list(kinds) if suffix == ".ckpt" else list(kinds)[(ord(suffix[1]) + len(suffix)) % 3 :: 3]
    said = fail_in_words(real, "CheckpointLoaderSimple", {f"{kind}{suffix}": kinds[kind] for kind in chosen})
    assert any("would run code" in text for text in said.values())
    real.still_works()


@pytest.mark.parametrize("loader", [name for name in LOADERS if name != "CheckpointLoaderSimple"])
def test_no_loader_runs_one(real, canary, loader):
    kinds = hostile_pickles(canary)
    files = {f"{kind}.pt": kinds[kind] for kind in ("plain0", "zip1", "legacy3", "packed")}
    fail_in_words(real, loader, files)


def test_embeddings_and_pickles_under_other_names_do_not_run(real, canary):
    kinds = hostile_pickles(canary)
    for kind, suffix in (("zip0", ".pt"), ("plain1", ".bin"), ("zip1", ".safetensors")):
        put(real, "embeddings", f"{kind}{suffix}", kinds[kind])
    prompt = {
        "m": node("CheckpointLoaderSimple", ckpt_name="weft-tiny.safetensors"),
        "1": node("CLIPTextEncode", text="embedding:zip0 embedding:plain1 embedding:zip1", clip=["m", 1]),
        "2": node("PreviewAny", source=["1", 0]),
    }
    ended = real.run(prompt)
    assert ended["status"]["status_str"] in ("success", "error")
    fail_in_words(real, "CheckpointLoaderSimple", {"pickle.safetensors": kinds["zip0"], "plain.sft": kinds["plain0"]})
    real.upload(kinds["zip0"], "latent.latent")
    prompt = {"1": node("LoadLatent", latent="latent.latent"), "2": node("PreviewAny", source=["1", 0])}
    assert "no safetensors file" in error_of(real.run(prompt))["exception_message"]


def safetensors(header: Any, data: bytes = bytes(16), length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(start: int, end: int, shape: list[Any] | None = None, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": [(end - start) // 4] if shape is None else shape, "data_offsets": [start, end]}


HEADERS: dict[str, bytes] = {
    "giant-length": safetensors({}, length=2**63),
    "length-of-all-ones": safetensors({}, length=2**64 - 1),
    "longer-than-the-file": safetensors({}, length=10**6),
    "just-over-the-limit": safetensors({}, length=100_000_001),
    "empty": b"",
    "seven-bytes": b"\0" * 7,
    "no-header": safetensors(b""),
    "no-json": safetensors(b"\xff\xfe{"),
    "a-list": safetensors([1]),
    "deep": safetensors(b"[" * 100_000),
    "deep-object": safetensors(b'{"a":' * 50_000),
    "overlap": safetensors({"a": tensor(0, 16), "b": tensor(8, 16)}),
    "same-place": safetensors({"a": tensor(0, 16), "b": tensor(0, 16)}),
    "gap": safetensors({"a": tensor(0, 4), "b": tensor(12, 16)}),
    "beyond": safetensors({"a": tensor(0, 2**20)}),
    "far-beyond": safetensors({"a": tensor(2**61, 2**61 + 16)}),
    "before": safetensors({"a": tensor(-16, 0, [4])}),
    "backwards": safetensors({"a": tensor(16, 0, [4])}),
    "rest": safetensors({"a": tensor(0, 8)}),
    "wrong-shape": safetensors({"a": tensor(0, 16, [5])}),
    "overflowing-shape": safetensors({"a": tensor(0, 16, [2**40, 2**40])}),
    "negative-shape": safetensors({"a": tensor(0, 16, [-1, -4])}),
    "shape-of-text": safetensors({"a": tensor(0, 16, ["4"])}),
    "shape-of-floats": safetensors({"a": tensor(0, 16, [4.0])}),
    "many-dimensions": safetensors({"a": tensor(0, 4, [1] * 1000)}, bytes(4)),
    "odd-type": safetensors({"a": tensor(0, 16, dtype="OBJECT")}),
    "type-is-an-object": safetensors({"a": {"dtype": {}, "shape": [4], "data_offsets": [0, 16]}}),
    "offsets-of-text": safetensors({"a": {"dtype": "F32", "shape": [4], "data_offsets": ["0", "16"]}}),
    "twice": safetensors(b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":1}'),
    "metadata-of-objects": safetensors({"__metadata__": {"a": {}}, "a": tensor(0, 16)}),
    "name-of-nothing": safetensors({"": tensor(0, 16)}),
    "long-name": safetensors({"x" * 100_000: tensor(0, 16)}),
    "name-with-escape": safetensors({"\x1b[2J\r\nERROR forged": tensor(0, 16)}),
    **{
        f"named-{number}": safetensors({name: tensor(0, 16)})
        for number, name in enumerate((
            "__class__", "__init__.__globals__", "a.__dict__.b", "weight.__class__.__base__",
            "model.diffusion_model.__class__",
            "../../evil", "model.diffusion_model.input_blocks.99999999999.0.weight", "lora_unet_" + "x" * 900,
            "model.diffusion_model.input_blocks.0.0.weight", "first_stage_model.__reduce__", "${jndi:ldap://192.0.2.1}",
        ))
    },
}  # fmt: skip


def test_no_hostile_header_is_believed(real, canary):
    began = time.monotonic()
    said = fail_in_words(
        real, "CheckpointLoaderSimple", {f"{name}.safetensors": data for name, data in HEADERS.items()}
    )
    assert time.monotonic() - began < 20
    assert not any("\x1b" in text or "\r" in text for text in said.values())
    real.still_works()


@pytest.mark.parametrize("loader", [name for name in LOADERS if name != "CheckpointLoaderSimple"])
def test_no_loader_believes_one(real, loader):
    chosen = ("giant-length", "overlap", "far-beyond", "named-0", "named-3", "named-6", "deep", "wrong-shape")
    fail_in_words(real, loader, {f"{name}.safetensors": HEADERS[name] for name in chosen})


def test_a_model_whose_shapes_are_wrong_or_whose_end_is_missing_is_refused(real):
    whole = (real.base / "models" / "checkpoints" / "weft-tiny.safetensors").read_bytes()
    length = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + length])
    changed = {name: dict(entry) for name, entry in header.items()}
    name = next(key for key, entry in header.items() if len(entry.get("shape", [])) == 4)
    changed[name]["shape"] = [*reversed(header[name]["shape"])]
    fewer = {key: entry for key, entry in header.items() if key != name}
    fail_in_words(
        real,
        "CheckpointLoaderSimple",
        {
            "cut.safetensors": whole[: len(whole) // 2],
            "cut-by-one.safetensors": whole[:-1],
            "longer.safetensors": whole + b"\0",
            "other-shape.safetensors": safetensors(changed, whole[8 + length :]),
            "one-less.safetensors": safetensors(fewer, whole[8 + length :]),
        },
    )
    real.still_works()


def test_a_listing_reads_no_file_and_its_metadata_is_checked(real, canary):
    put(real, "loras", "pickle.pt", hostile_pickles(canary)["zip0"])
    for name, data in HEADERS.items():
        put(real, "loras", f"{name}.safetensors", data)
    assert "pickle.pt" in real.get("/models/loras").json
    assert real.get("/experiment/models/loras").status == real.get("/object_info/LoraLoader").status == 200
    for name in HEADERS:
        assert real.get(f"/view_metadata/loras?filename={name}.safetensors").is_clear
        assert real.get(f"/experiment/models/preview/loras/0/{name}.safetensors").is_clear
    for path in (real.base / "models" / "loras").iterdir():
        path.unlink()
