"""A few of the built-in nodes, as a client uses them."""

import io
import json

from PIL import Image

from tests.protocol.client import Client, Graph, fresh
from tests.protocol.test_user_files import picture, upload


def opened(client: Client, reference: dict[str, str]) -> Image.Image:
    return Image.open(io.BytesIO(client.get("/view", **reference).body))


def test_a_picture_is_saved_with_its_prompt(client: Client, graph: Graph) -> None:
    image = graph.add("EmptyImage", width=32, height=16, batch_size=1, color=0xFF8000)
    save = graph.add("SaveImage", images=image, filename_prefix=f"probe/{fresh()}")
    workflow = {"id": "the workflow", "nodes": []}
    run = client.run(graph, extra_data={"extra_pnginfo": {"workflow": workflow}})
    (reference,) = run.outputs[save.id]["images"]
    assert (reference["type"], reference["subfolder"]) == ("output", "probe")
    assert reference["filename"].endswith("_00001_.png")
    made = opened(client, reference)
    assert made.size == (32, 16)
    assert made.getpixel((0, 0)) == (255, 128, 0)
    assert json.loads(made.info["prompt"])[image.id]["class_type"] == "EmptyImage"
    assert json.loads(made.info["workflow"]) == workflow


def test_saving_again_counts_on(client: Client, graph: Graph) -> None:
    prefix = f"count{fresh()}"
    names = []
    for colour in (1, 2):
        graph.clear()
        image = graph.add("EmptyImage", width=8, height=8, batch_size=1, color=colour)
        save = graph.add("SaveImage", images=image, filename_prefix=prefix)
        names.append(client.run(graph).outputs[save.id]["images"][0]["filename"])
    assert names == [f"{prefix}_00001_.png", f"{prefix}_00002_.png"]


def test_a_cached_picture_is_told_again(client: Client, graph: Graph) -> None:
    image = graph.add("EmptyImage", width=8, height=8, batch_size=2, color=fresh() % 0xFFFFFF)
    preview = graph.add("PreviewImage", images=image)
    first, second = client.run(graph), client.run(graph)
    assert second.ran == []
    assert first.outputs[preview.id] == second.outputs[preview.id]
    assert len(first.outputs[preview.id]["images"]) == 2
    assert first.outputs[preview.id]["images"][0]["type"] == "temp"
    assert opened(client, second.outputs[preview.id]["images"][1]).size == (8, 8)


def test_one_picture_for_two_targets(client: Client, graph: Graph) -> None:
    image = graph.add("EmptyImage", width=8, height=8, batch_size=1, color=fresh() % 0xFFFFFF)
    targets = [graph.add("PreviewImage", images=image) for _ in range(3)]
    run = client.run(graph)
    assert set(run.outputs) == {target.id for target in targets}
    for target in targets:
        assert opened(client, run.outputs[target.id]["images"][0]).size == (8, 8)


def test_an_uploaded_picture_is_loaded(client: Client, graph: Graph) -> None:
    name = f"load{fresh()}.png"
    upload(client, name, picture((51, 102, 153, 51), mode="RGBA"))
    load = graph.add("LoadImage", image=name)
    measured = graph.add("ProbeMeasure", image=load)
    mask = graph.add("ProbeMeasure", image=graph.add("MaskToImage", mask=load.out(1)))
    run = client.run(graph)
    assert run.outputs[mask.id]["means"] == [0.8, 0.8, 0.8]  # 1 where the picture is transparent
    assert run.outputs[measured.id] == {"shape": [1, 8, 8, 3], "means": [0.2, 0.4, 0.6]}


def test_a_picture_that_is_not_there_is_refused(client: Client, graph: Graph) -> None:
    load = graph.add("LoadImage", image="no such picture.png")
    graph.add("PreviewImage", images=load)
    answer = client.post("/prompt", {"prompt": graph})
    assert answer.status == 400
    (error,) = answer.json["node_errors"][load.id]["errors"]
    assert error["type"] in ("custom_validation_failed", "value_not_in_list")


def test_a_picture_replaced_on_disk_is_loaded_anew(client: Client, graph: Graph) -> None:
    name = f"replaced{fresh()}.png"
    upload(client, name, picture((0, 0, 0)))
    load = graph.add("LoadImage", image=name)
    measured = graph.add("ProbeMeasure", image=load)
    client.run(graph)
    upload(client, name, picture((255, 255, 255)), overwrite="true")
    assert client.run(graph).outputs[measured.id]["means"] == [1.0, 1.0, 1.0]


def test_scaling(client: Client, graph: Graph) -> None:
    image = graph.add("ProbeImage", red=1.0, green=0.5, blue=0.0, side=10, count=1)
    scaled = graph.add("ImageScale", image=image, upscale_method="bilinear", width=20, height=0, crop="disabled")
    inverted = graph.add("ImageInvert", image=scaled)
    measured = graph.add("ProbeMeasure", image=inverted)
    assert client.run(graph).outputs[measured.id] == {"shape": [1, 20, 20, 3], "means": [0.0, 0.5, 1.0]}


def test_native_and_foreign_nodes_in_one_graph(client: Client, graph: Graph) -> None:
    images = [graph.add("ProbeImage", red=value, green=0.0, blue=0.0, side=8, count=1) for value in (0.0, 1.0)]
    batch = graph.add("ImageBatch", image1=images[0], image2=images[1])
    measured = graph.add("ProbeMeasure", image=batch)
    assert client.run(graph).outputs[measured.id] == {"shape": [2, 8, 8, 3], "means": [0.5, 0.0, 0.0]}
