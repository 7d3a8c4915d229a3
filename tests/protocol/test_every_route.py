"""Every route of the protocol answers, with and without /api, in the form that clients read."""

import uuid

import pytest

from tests.protocol.client import Client, Graph
from tests.protocol.serving import Server

ROUTES = [
    "/prompt",
    "/queue",
    "/history",
    "/object_info",
    "/object_info/ProbeInt",
    "/system_stats",
    "/features",
    "/embeddings",
    "/models",
    "/models/checkpoints",
    "/experiment/models",
    "/experiment/models/checkpoints",
    "/extensions",
    "/settings",
    "/users",
    "/userdata?dir=workflows",
    "/v2/userdata",
    "/workflow_templates",
    "/i18n",
    "/internal/logs",
    "/internal/folder_paths",
    "/internal/files/output",
    "/global_subgraphs",
]


@pytest.mark.parametrize("path", ROUTES)
def test_with_and_without_api(client: Client, path: str) -> None:
    client.post("/userdata/workflows%2Fa.json", {})
    plain, prefixed = client.get(path), client.get("/api" + path)
    assert plain.status == prefixed.status == 200
    assert "json" in plain.headers["content-type"]
    assert type(plain.json) is type(prefixed.json)


def test_the_editor(client: Client) -> None:
    answer = client.get("/")
    assert answer.status == 200
    assert "text/html" in answer.headers["content-type"]


def test_posts_answer_under_api_too(client: Client, graph: Graph) -> None:
    assert client.post("/api/interrupt").status == 200
    assert client.post("/api/free", {"unload_models": True}).status == 200
    assert client.post("/api/queue", {"delete": [str(uuid.uuid4())]}).status == 200
    assert client.post("/api/history", {"delete": [str(uuid.uuid4())]}).status == 200
    assert client.post("/api/prompt", {"prompt": graph}).status == 400


def test_object_info_of_one_class(client: Client) -> None:
    info = client.get("/object_info/ProbeInt").json
    assert list(info) == ["ProbeInt"]
    node = info["ProbeInt"]
    options = {"default": 0, "min": -(2**53), "max": 2**53, "step": 1, "tooltip": "any whole number"}
    assert node["input"]["required"]["value"][0] == "INT"
    assert node["input"]["required"]["value"][1].items() >= options.items()
    assert node["input_order"]["required"] == ["value"]
    assert node["output"] == ["INT"]
    assert node["output_is_list"] == [False]
    assert node["output_name"] == ["INT"]
    assert node["name"] == "ProbeInt"
    assert node["display_name"] == "Probe: a whole number"
    assert node["description"] == "A whole number, as it is."
    assert node["python_module"] == "custom_nodes.probe_core"
    assert node["category"] == "probe/values"
    assert node["output_node"] is False


def test_object_info_of_more_kinds(client: Client) -> None:
    info = client.get("/object_info").json
    assert info["ProbeText"]["output_name"] == ["words"]
    assert info["ProbeList"]["output_is_list"] == [True]
    assert info["ProbeShow"]["output_node"] is True
    assert info["ProbeShow"]["output"] == ["*"]
    assert info["ProbeShow"]["input"]["required"]["value"][0] == "*"
    assert info["ProbeHidden"]["input"]["hidden"]["me"] in ("UNIQUE_ID", ["UNIQUE_ID"])
    assert info["ProbeOld"]["deprecated"] is True
    assert info["ProbeOld"]["experimental"] is True
    assert info["ProbeOld"]["output_tooltips"] == ["always 7"]
    assert info["ProbeUnionIn"]["input"]["required"]["value"][0] == "INT,FLOAT"
    assert info["ProbePick"]["input"]["required"]["on"][1]["lazy"] is True
    assert info["ProbeRawLink"]["input"]["required"]["value"][1]["rawLink"] is True
    assert "KSampler" in info


def test_object_info_of_a_class_that_nobody_has(client: Client) -> None:
    answer = client.get("/object_info/NobodyKnowsThis")
    assert (answer.status, answer.json) == (200, {})


def test_system_stats(client: Client) -> None:
    stats = client.get("/system_stats").json
    assert set(stats["system"]) >= {
        "os",
        "ram_total",
        "ram_free",
        "comfyui_version",
        "python_version",
        "pytorch_version",
        "embedded_python",
        "argv",
        "required_frontend_version",
    }
    (device,) = stats["devices"]
    assert set(device) >= {"name", "type", "index", "vram_total", "vram_free", "torch_vram_total", "torch_vram_free"}
    assert device["type"] == "cpu"


def test_features(client: Client) -> None:
    features = client.get("/features").json
    assert features["supports_preview_metadata"] is True
    assert features["max_upload_size"] == 100 * 1024 * 1024


def test_models_and_their_folders(server: Server, client: Client) -> None:
    folder = server.base / "models" / "loras" / "deep"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "some.safetensors").write_bytes(b"\x02\x00\x00\x00\x00\x00\x00\x00{}")
    assert "checkpoints" in client.get("/models").json
    assert "deep/some.safetensors" in [name.replace("\\", "/") for name in client.get("/models/loras").json]
    assert client.get("/models/no_such_folder").status == 404
    folders = {entry["name"]: entry["folders"] for entry in client.get("/experiment/models").json}
    assert folders["loras"]
    (entry,) = [e for e in client.get("/experiment/models/loras").json if e["name"].endswith("some.safetensors")]
    assert entry["pathIndex"] == 0
    assert entry["size"] == 10
    assert entry["modified"] > 0


def test_metadata_of_a_model(server: Server, client: Client) -> None:
    folder = server.base / "models" / "loras"
    folder.mkdir(parents=True, exist_ok=True)
    header = b'{"__metadata__":{"made_by":"a probe"}}'
    (folder / "told.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    answer = client.get("/view_metadata/loras", filename="told.safetensors")
    assert answer.json == {"made_by": "a probe"}
    assert client.get("/view_metadata/loras", filename="none.safetensors").status == 404
    assert client.get("/view_metadata/loras", filename="../told.safetensors").status in (400, 403, 404)


def test_settings(client: Client) -> None:
    assert client.post("/settings/Probe.one", 5).status == 200
    assert client.get("/settings/Probe.one").json == 5
    assert client.post("/settings", {"Probe.two": {"deep": [1]}}).status == 200
    settings = client.get("/settings").json
    assert settings["Probe.one"] == 5
    assert settings["Probe.two"] == {"deep": [1]}
    assert client.get("/settings/Probe.unheard").json is None


def test_users(client: Client) -> None:
    assert client.get("/users").json == {"storage": "server", "migrated": True}


def test_extensions(client: Client) -> None:
    urls = client.get("/extensions").json
    assert "/extensions/probe_web/probe.js" in urls
    assert "/extensions/probe_web/deep/inner.js" in urls
    script = client.get("/extensions/probe_web/probe.js")
    assert script.status == 200
    assert "javascript" in script.headers["content-type"]
    assert b"a script of a pack" in script.body
    assert client.get("/extensions/probe_web/../__init__.py").status in (400, 403, 404)


def test_logs(client: Client) -> None:
    assert "probe_broken" in str(client.get("/internal/logs").json)


def test_internal_files(server: Server, client: Client) -> None:
    (server.base / "input").mkdir(exist_ok=True)
    (server.base / "input" / "listed.txt").write_text("x", encoding="utf-8")
    assert any("listed.txt" in name for name in client.get("/internal/files/input").json)
    assert client.get("/internal/files/nowhere").status == 400


def test_a_page_that_is_not_there(client: Client) -> None:
    assert client.get("/no/such/page").status == 404
