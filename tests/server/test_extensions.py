"""What packs bring for the editor and around it: files, templates, translations, subgraphs, and how loading went."""

import json

import pytest

from engine.worker import ProcessWorker, WorkerSetup

PACK = """
import os, folder_paths
WEB_DIRECTORY = "./js"
folder_paths.add_model_folder_path("oddities", os.path.join(os.path.dirname(__file__), "odd"))
folder_paths.add_model_folder_path("loras", os.path.join(os.path.dirname(__file__), "more_loras"))
folder_paths.folder_names_and_paths["direct"] = ([os.path.dirname(__file__)], {".one"})
STATE = {"names": ["a"]}

class Choose:
    @classmethod
    def INPUT_TYPES(cls):
        made_up = sorted(os.listdir(folder_paths.get_input_directory()))
        return {"required": {"lora": (folder_paths.get_filename_list("loras"),),
                             "odd": (["None"] + folder_paths.get_filename_list("oddities"),), "file": (made_up,)}}
    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "run"
    def run(self, **inputs): return {"ui": {"text": [str(sorted(inputs.items()))]}}

NODE_CLASS_MAPPINGS = {"Choose": Choose}
"""


@pytest.fixture
def folder(tmp_path):
    pack = tmp_path / "custom_nodes" / "my-pack 1.0"
    files = {
        "__init__.py": PACK,
        "js/a.js": "let a = 1", "js/deep/b c.js": "", "js/style.css": "p {}", "js/x.png": "", "js/page.html": "<p>",
        "js/weft/b.js": "export default {}", "js/weft/a d.js": "", "js/weft/parts/c.js": "", "js/weft/d.ts": "",
        "odd/x.bin": "", "odd/y.txt": "", "more_loras/z.safetensors": "", "b.one": "",
        "example_workflows/first.json": "{}", "example_workflows/first.jpg": "", "templates/second.json": "{}",
        "locales/en/main.json": '{"a": {"b": "x"}}', "locales/en/nodeDefs.json": '{"Choose": {"display_name": "C"}}',
        "locales/de/main.json": "{torn", "subgraphs/Blur twice.json": '{"nodes": []}',
    }  # fmt: skip
    for name, text in files.items():
        (pack / name).parent.mkdir(parents=True, exist_ok=True)
        (pack / name).write_text(text)
    other = tmp_path / "custom_nodes" / "other"
    (other / "locales" / "en").mkdir(parents=True)
    (other / "__init__.py").write_text("NODE_CLASS_MAPPINGS = {}")
    (other / "locales" / "en" / "main.json").write_text('{"a": {"c": "y"}}')
    broken = tmp_path / "custom_nodes" / "broken"
    (broken / "js").mkdir(parents=True)
    (broken / "js" / "no.js").write_text("")
    (broken / "requirements.txt").write_text("no_such_library")
    (broken / "__init__.py").write_text("WEB_DIRECTORY = 'js'\nimport no_such_library")
    (tmp_path / "secret.js").write_text("")
    (pack / "js" / "link.js").symlink_to(tmp_path / "secret.js")
    (pack / "js" / "weft" / "link.js").symlink_to(tmp_path / "secret.js")
    return pack


@pytest.fixture
async def site(folder, open_site):
    def make_worker(options, places, log_book, number):
        setup = WorkerSetup(places, equipment="tests.doubles:equip_with_packs", number=number)
        return ProcessWorker(setup, echo=log_book.worker_printed)

    return await open_site(make_worker=make_worker)


async def test_files_for_the_editor(site):
    listed = await site.get("/extensions")
    base = "/extensions/my-pack%201.0"
    assert listed == [f"{base}/a.js", f"{base}/deep/b%20c.js"]
    for path, kind in (("a.js", "text/javascript"), ("style.css", "text/css"), ("x.png", "image/png")):
        answer = await site.http.get(f"{base}/{path}")
        assert (answer.status, answer.content_type) == (200, kind)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (await site.http.get(f"/api{base}/deep/b%20c.js")).status == 200
    for outside in ("../__init__.py", "..%2f__init__.py", "link.js", "none.js", "%2fetc/passwd", "deep"):
        assert (await site.http.get(f"{base}/{outside}")).status == 404, outside
    assert (await site.http.get("/extensions/broken/no.js")).status == 404
    assert (await site.http.get("/extensions/nobody/a.js")).status == 404


async def test_extensions_of_the_editor_are_the_modules_directly_in_the_folder_weft(site):
    base = "/extensions/my-pack%201.0/weft"
    assert (await site.get("/api/weft/extensions"))["modules"] == [
        {"pack": "my-pack 1.0", "file": "a d.js", "url": f"{base}/a%20d.js"},
        {"pack": "my-pack 1.0", "file": "b.js", "url": f"{base}/b.js"},
    ]
    for path, kind in (("b.js", "text/javascript"), ("parts/c.js", "text/javascript"), ("d.ts", "text/plain")):
        answer = await site.http.get(f"{base}/{path}")
        assert (answer.status, answer.content_type) == (200, kind)
    assert (await site.http.get(f"{base}/link.js")).status == 404


async def test_templates_translations_and_subgraphs(site):
    assert await site.get("/workflow_templates") == {"my-pack 1.0": ["first", "second"]}
    for name in ("first.json", "first.jpg", "second.json"):
        assert (await site.http.get(f"/api/workflow_templates/my-pack%201.0/{name}")).status == 200
    assert (await site.http.get("/workflow_templates/my-pack%201.0/..%2f__init__.py")).status == 404
    assert await site.get("/i18n") == {
        "de": {}, "en": {"a": {"b": "x", "c": "y"}, "nodeDefs": {"Choose": {"display_name": "C"}}}
    }  # fmt: skip
    ((key, info),) = (await site.get("/global_subgraphs")).items()
    assert info == {"source": "custom_node", "name": "Blur twice", "info": {"node_pack": "custom_nodes.my-pack 1.0"}}
    assert (await site.get(f"/global_subgraphs/{key}"))["data"] == '{"nodes": []}'
    assert (await site.http.get("/global_subgraphs/none")).status == 404


async def test_the_state_of_packs(site):
    await site.get("/object_info")
    told = await site.get("/weft/packs")
    assert told["loaded"]
    packs = {pack["name"]: pack for pack in told["packs"]}
    assert (packs["my-pack 1.0"]["state"], packs["my-pack 1.0"]["node_types"]) == ("loaded", ["Choose"])
    assert packs["my-pack 1.0"]["has_web"] and packs["my-pack 1.0"]["seconds"] > 0
    (trouble,) = packs["broken"]["troubles"]
    assert packs["broken"]["state"] == "failed"
    assert "'no_such_library'" in trouble["summary"] and "requirements.txt" in trouble["advice"]
    assert "import no_such_library" in trouble["traceback"]


async def test_model_folders_of_packs_are_listed(site):
    await site.get("/object_info")
    assert {"oddities", "direct"} <= set(await site.get("/models"))
    assert await site.get("/models/oddities") == ["x.bin", "y.txt"]
    assert await site.get("/models/direct") == ["b.one"]
    assert await site.get("/models/loras") == ["z.safetensors"]
    assert [found["name"] for found in await site.get("/experiment/models/direct")] == ["b.one"]
    assert "oddities" in await site.get("/internal/folder_paths")


async def test_choices_are_fresh_each_time_and_when_a_prompt_names_a_new_file(site, tmp_path, folder):
    async def choices(name):
        return (await site.get("/object_info"))["Choose"]["input"]["required"][name][0]

    assert [await choices(name) for name in ("lora", "odd", "file")] == [
        ["z.safetensors"], ["None", "x.bin", "y.txt"], []
    ]  # fmt: skip
    (folder / "odd" / "w.bin").write_text("")
    (tmp_path / "input" / "in.txt").write_text("")
    (folder / "more_loras" / "y.safetensors").write_text("")
    inputs = {"lora": "y.safetensors", "odd": "w.bin", "file": "in.txt"}
    history = await site.run({"1": {"class_type": "Choose", "inputs": inputs}})
    assert "in.txt" in json.dumps(history["outputs"])
    assert [await choices(name) for name in ("odd", "file")] == [["None", "w.bin", "x.bin", "y.txt"], ["in.txt"]]
    inputs = {**inputs, "odd": "none.bin"}
    refused = await site.http.post("/prompt", json={"prompt": {"1": {"class_type": "Choose", "inputs": inputs}}})
    (error,) = (await refused.json())["node_errors"]["1"]["errors"]
    assert (error["type"], error["extra_info"]["input_name"]) == ("value_not_in_list", "odd")


async def test_without_packs_there_is_nothing(open_site):
    site = await open_site()
    assert await site.get("/extensions") == []
    for path in ("/workflow_templates", "/i18n", "/global_subgraphs"):
        assert await site.get(path) == {}
    assert await site.get("/weft/packs") == {"loaded": False, "packs": []}
