"""Files: uploads, views, and what users save."""

import io
import uuid
from urllib.parse import quote

import pytest
from PIL import Image

from tests.protocol.client import Answer, Client


def picture(colour: tuple[int, ...], size: int = 8, mode: str = "RGB", kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (size, size), colour).save(buffer, kind)
    return buffer.getvalue()


def upload(client: Client, name: str, content: bytes, path: str = "/upload/image", **fields: str) -> Answer:
    boundary = uuid.uuid4().hex
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n'
    head = "".join(parts) + file + "Content-Type: image/png\r\n\r\n"
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return client.request("POST", path, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})


def test_an_upload_is_there_to_view(client: Client) -> None:
    name, content = f"{uuid.uuid4().hex}.png", picture((1, 2, 3))
    assert upload(client, name, content).json == {"name": name, "subfolder": "", "type": "input"}
    answer = client.get("/view", filename=name, type="input")
    assert answer.body == content
    assert answer.headers["content-type"] == "image/png"


def test_the_same_file_again_and_another_of_its_name(client: Client) -> None:
    name = f"{uuid.uuid4().hex}.png"
    first, second = picture((1, 2, 3)), picture((4, 5, 6))
    assert upload(client, name, first).json["name"] == name
    assert upload(client, name, first).json["name"] == name
    assert upload(client, name, second).json["name"] == name.replace(".png", " (1).png")
    assert client.get("/view", filename=name, type="input").body == first


def test_overwriting(client: Client) -> None:
    name, second = f"{uuid.uuid4().hex}.png", picture((4, 5, 6))
    upload(client, name, picture((1, 2, 3)))
    assert upload(client, name, second, overwrite="true").json["name"] == name
    assert client.get("/view", filename=name, type="input").body == second


def test_a_subfolder_and_another_place(client: Client) -> None:
    name, content = f"{uuid.uuid4().hex}.png", picture((7, 8, 9))
    answer = upload(client, name, content, subfolder="deep", type="temp").json
    assert answer == {"name": name, "subfolder": "deep", "type": "temp"}
    assert client.get("/view", filename=name, type="temp", subfolder="deep").body == content


def test_a_mask_becomes_the_alpha_of_its_picture(client: Client) -> None:
    name = f"{uuid.uuid4().hex}.png"
    upload(client, name, picture((10, 20, 30)))
    mask = picture((0, 0, 0, 100), mode="RGBA")
    reference = f'{{"filename": "{name}", "subfolder": "", "type": "input"}}'
    answer = upload(client, f"mask-{name}", mask, "/upload/mask", original_ref=reference, type="input").json
    made = Image.open(io.BytesIO(client.get("/view", filename=answer["name"], type="input").body))
    assert made.getpixel((0, 0)) == (10, 20, 30, 100)


@pytest.mark.parametrize("name", ["../outside.png", "/etc/passwd", "..\\outside.png"])
def test_nothing_outside_is_shown(client: Client, name: str) -> None:
    assert client.get("/view", filename=name, type="input").status in (400, 403, 404)


def test_no_upload_leaves_its_folder(client: Client) -> None:
    answer = upload(client, "x.png", picture((0, 0, 0)), subfolder="../../outside")
    assert 400 <= answer.status < 500


def test_a_file_that_is_not_there(client: Client) -> None:
    assert client.get("/view", filename="no such.png").status == 404


@pytest.mark.parametrize("type_", ["nowhere", "models"])
def test_a_place_that_is_none(client: Client, type_: str) -> None:
    assert client.get("/view", filename="x.png", type=type_).status == 400


def test_a_smaller_preview(client: Client) -> None:
    name = f"{uuid.uuid4().hex}.png"
    upload(client, name, picture((200, 100, 50), 64))
    answer = client.get("/view", filename=name, type="input", preview="webp;90")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.body[8:12] == b"WEBP"
    answer = client.get("/view", filename=name, type="input", preview="jpeg;50")
    assert answer.body[:3] == b"\xff\xd8\xff"


def test_channels(client: Client) -> None:
    name = f"{uuid.uuid4().hex}.png"
    upload(client, name, picture((10, 20, 30, 40), mode="RGBA"))

    def seen(channel: str) -> Image.Image:
        return Image.open(io.BytesIO(client.get("/view", filename=name, type="input", channel=channel).body))

    assert seen("rgb").convert("RGBA").getpixel((0, 0)) == (10, 20, 30, 255)
    assert seen("a").convert("RGBA").getpixel((0, 0))[3] == 40
    assert seen("rgba").getpixel((0, 0)) == (10, 20, 30, 40)


@pytest.mark.parametrize(("name", "content"), [("x.html", b"<script>1</script>"), ("x.svg", b"<svg/>"), ("x.js", b"1")])
def test_scripts_are_never_shown_inline(client: Client, name: str, content: bytes) -> None:
    upload(client, name, content, overwrite="true")
    answer = client.get("/view", filename=name, type="input")
    kind = answer.headers["content-type"]
    assert "attachment" in answer.headers.get("content-disposition", "") or kind == "application/octet-stream"


def saved(name: str) -> str:
    return f"/userdata/{quote(name, safe='')}"


def test_a_workflow_is_saved_read_and_deleted(client: Client) -> None:
    name = f"workflows/{uuid.uuid4().hex}.json"
    answer = client.post(saved(name), {"nodes": []})
    assert answer.status == 200
    assert answer.json == name
    assert client.get(saved(name)).json == {"nodes": []}
    assert client.request("DELETE", saved(name)).status == 204
    assert client.get(saved(name)).status == 404


def test_a_saved_file_is_not_overwritten_unless_asked(client: Client) -> None:
    name = f"workflows/{uuid.uuid4().hex}.json"
    client.post(saved(name), {"first": 1})
    assert client.post(saved(name) + "?overwrite=false", {"second": 2}).status == 409
    assert client.get(saved(name)).json == {"first": 1}
    assert client.post(saved(name) + "?overwrite=true", {"second": 2}).status == 200
    assert client.get(saved(name)).json == {"second": 2}


def test_a_saved_file_is_moved(client: Client) -> None:
    old, new = (f"workflows/{uuid.uuid4().hex}.json" for _ in range(2))
    client.post(saved(old), {"moved": True})
    answer = client.request("POST", f"{saved(old)}/move/{quote(new, safe='')}")
    assert answer.status == 200
    assert client.get(saved(new)).json == {"moved": True}
    assert client.get(saved(old)).status == 404


def test_saved_files_are_listed(client: Client) -> None:
    folder = uuid.uuid4().hex
    client.post(saved(f"{folder}/a.json"), {})
    client.post(saved(f"{folder}/deep/b.json"), {})
    assert client.get("/userdata", dir=folder).json == ["a.json"]
    assert sorted(client.get("/userdata", dir=folder, recurse="true").json) == ["a.json", "deep/b.json"]
    split = client.get("/userdata", dir=folder, recurse="true", split="true").json
    assert sorted(split) == [["a.json", "a.json"], ["deep/b.json", "deep", "b.json"]]
    full = client.get("/userdata", dir=folder, full_info="true").json
    assert full[0]["path"] == "a.json"
    assert full[0]["size"] == 2
    assert full[0]["modified"] > 0
    listed = client.get("/v2/userdata", path=folder).json
    assert {(entry["name"], entry["type"]) for entry in listed} >= {("a.json", "file"), ("deep", "directory")}


@pytest.mark.parametrize("name", ["../outside.json", "workflows/../../outside.json"])
def test_no_saved_file_leaves_its_folder(client: Client, name: str) -> None:
    assert client.post(saved(name), {}).status in (400, 403, 404)
    assert client.get(saved(name)).status in (400, 403, 404)
