"""/weft/templates: what each does, which of its files are there; nothing but templates leaves the folder."""

import json

import pytest

from engine.jobs.pack_reports import BroughtByPacks, PackReport, PackTrouble
from engine.server.routes import templates
from engine.server.routes.templates import FOLDER

INDEX = json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))


@pytest.fixture
async def listed(site):
    return {found["name"]: found for found in (await site.get("/weft/templates"))["templates"]}


async def test_all_that_ship_are_listed_in_the_order_of_the_index(site, listed):
    assert list(listed) == [entry["name"] for entry in INDEX]
    first = listed["text_to_image"]
    assert first["package"] == "" and first["title"] == "Text to image" and first["words"]["de"][0] == "Text zu Bild"
    for found in listed.values():
        assert "nodes" in await site.get(found["workflow"])
        if found["picture"]:
            answer = await site.http.get(found["picture"])
            assert (answer.status, answer.content_type) == (200, "image/jpeg")
        for name in found["inputs"]:
            answer = await site.http.get(f"/weft/templates/inputs/{name}")
            assert (answer.status, answer.content_type) == (200, "image/png")


async def test_a_model_counts_as_there_as_soon_as_it_is(site, listed, tmp_path):
    (needed,) = listed["text_to_image"]["models"]
    assert needed == {"folder": "checkpoints", "name": "weft-tiny.safetensors", "page": "", "present": False}
    assert all(file["page"].startswith("https://") for file in listed["sdxl_base_refiner"]["models"])
    (tmp_path / "models" / "checkpoints").mkdir(parents=True)
    (tmp_path / "models" / "checkpoints" / "weft-tiny.safetensors").write_bytes(b"")
    (found, *_) = (await site.get("/weft/templates"))["templates"]
    assert found["models"] == [{**needed, "present": True}]


@pytest.mark.parametrize(
    "file",
    ["../main.py", "..%2fmain.py", "%2e%2e/main.py", "/etc/passwd", "inputs", "none.json", "inputs/..%2f..%2fmain.py"],
)
async def test_nothing_else_leaves_the_folder(site, file):
    assert (await site.http.get(f"/weft/templates/{file}")).status == 404


async def test_templates_of_packs_come_behind(open_site, tmp_path, monkeypatch):
    pack = tmp_path / "a pack"
    for name in ("example_workflows/Deep_blue.json", "example_workflows/Deep_blue.jpg", "workflows/plain.json"):
        (pack / name).parent.mkdir(parents=True, exist_ok=True)
        (pack / name).write_text("{}")
    reports = [
        PackReport("a pack", pack),
        PackReport("broken", pack, troubles=[PackTrouble("", "", "")], was_imported=False),
    ]

    async def told(services):
        return BroughtByPacks(packs=reports)

    monkeypatch.setattr(templates, "brought_by_packs", told)
    site = await open_site()
    last = (await site.get("/weft/templates"))["templates"][len(INDEX) :]
    assert [(found["name"], found["package"], found["title"]) for found in last] == [
        ("Deep_blue", "a pack", "Deep blue"),
        ("plain", "a pack", "plain"),
    ]
    assert last[0]["workflow"] == "/api/workflow_templates/a%20pack/Deep_blue.json"
    assert [found["picture"] for found in last] == ["/api/workflow_templates/a%20pack/Deep_blue.jpg", ""]
