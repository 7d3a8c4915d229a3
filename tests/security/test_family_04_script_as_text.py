"""Threat family 4: script in names, titles, texts and errors. The server hands it on as JSON and as nothing else.

What the editor makes of it is seen in a real browser: web/e2e/security.spec.ts.
"""

import io
import json
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from tests.security.serving import Answer, Site, encoded, error_of, node

SCRIPT = '"\'></title></script><img src=x onerror="window.__pwned=1"><script>window.__pwned=1</script>'


def is_data(answer: Answer, *, holds: str = SCRIPT) -> None:
    assert answer.status < 500
    assert answer.headers["content-type"].startswith("application/json"), answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert any(holds in text for text in texts_in(answer.json))


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)
    elif isinstance(value, str):
        yield value


@pytest.fixture(scope="module")
def job(real: Site) -> str:
    """A job whose title, texts, error and workflow hold script."""
    prompt = {"1": {**node("HostileFails", text=SCRIPT), "_meta": {"title": SCRIPT}}}
    workflow = {"nodes": [{"id": 1, "title": SCRIPT}], "extra": {"name": SCRIPT}}
    answer = real.post("/prompt", {"prompt": prompt, "extra_data": {"extra_pnginfo": {"workflow": workflow}}})
    prompt_id: str = answer.json["prompt_id"]
    error = error_of(real.ended(prompt_id))
    assert SCRIPT in error["exception_message"]
    return prompt_id


@pytest.mark.parametrize("path", ["/history", "/history/{}", "/api/jobs/{}", "/api/history"])
def test_titles_texts_errors_and_workflows(real, job, path):
    is_data(real.get(path.format(job)))


@pytest.mark.parametrize("accept", ["text/html", "*/*", "image/svg+xml"])
def test_what_a_browser_would_rather_have_makes_no_difference(real, job, accept):
    is_data(real.ask("GET", f"/history/{job}", headers={"Accept": accept}))
    for callback in ("callback", "jsonp", "cb"):
        answer = real.ask("GET", f"/history/{job}?{callback}=alert", headers={"Accept": "text/javascript"})
        is_data(answer)
        assert answer.body.lstrip()[:1] == b"{"


def test_a_refused_prompt_says_back_what_was_sent_as_data(real):
    for prompt in ({"1": node(SCRIPT)}, {SCRIPT: node("PreviewAny", source=[SCRIPT, 0])}):
        answer = real.post("/prompt", {"prompt": prompt})
        assert answer.status == 400
        is_data(answer, holds="onerror")


def test_descriptions_of_packs(real):
    answer = real.get("/object_info/HostileFails")
    is_data(answer, holds="window.__pwned='pack'")
    is_data(real.get("/weft/packs"), holds="hostile")


def test_names_of_models_files_and_workflows(real):
    name = SCRIPT.replace("/", "")
    folder = real.base / "models" / "loras"
    folder.mkdir(exist_ok=True)
    header = json.dumps({"__metadata__": {"title": SCRIPT, SCRIPT: "x"}}).encode()
    model = folder / f"{name}.safetensors"
    model.write_bytes(struct.pack("<Q", len(header)) + header)
    try:
        is_data(real.get("/models/loras"), holds=name)
        is_data(real.get("/experiment/models/loras"), holds=name)
        is_data(real.get("/object_info/LoraLoader"), holds=name)
        is_data(real.get(f"/view_metadata/loras?filename={encoded(model.name)}"))
    finally:
        model.unlink()
    assert real.ask("POST", f"/userdata/{encoded('workflows/' + name + '.json')}", b"{}").status == 200
    is_data(real.get("/userdata?dir=workflows&recurse=true"), holds=name)
    is_data(real.get("/v2/userdata?path=workflows"), holds=name)
    stored = real.upload(b"x", name.replace('"', "'"))
    is_data(stored, holds="onerror=")


def test_text_chunks_of_pictures_stay_in_them(real):
    texts = PngImagePlugin.PngInfo()
    for key in ("workflow", "prompt", "Comment"):
        texts.add_text(key, SCRIPT)
    made = io.BytesIO()
    Image.new("RGB", (8, 8)).save(made, "png", pnginfo=texts)
    real.upload(made.getvalue(), "texts.png", overwrite="true")
    assert real.get("/view?filename=texts.png&type=input").headers["content-type"] == "image/png"
    prompt = {
        "1": node("LoadImage", image="texts.png"),
        "2": node("SaveImage", images=["1", 0], filename_prefix="texts"),
    }
    saved = real.run(prompt)["outputs"]["2"]["images"][0]
    answer = real.get(f"/view?filename={saved['filename']}&type=output")
    assert SCRIPT.encode() not in answer.body  # what a stranger wrote into the picture is not written on


def test_the_openapi_document_and_the_log_are_data_too(real, job):
    is_data(real.get("/openapi.json"), holds="openapi")
    is_data(real.get("/internal/logs/raw"), holds="entries")
