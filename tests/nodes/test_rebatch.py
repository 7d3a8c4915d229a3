"""Pictures are divided into batches of another size, in their order."""

import pytest
import torch

from engine.execution import LocalExecutor, Resources, RunRequest
from engine.files.places import Places
from engine.graph import Graph, InputSpec, Link, Node, NodeDefinition, Registry
from nodes import image_editing, rebatch


def pictures(numbers, side=2):
    return torch.tensor(numbers).float().reshape(-1, 1, 1, 1).expand(-1, side, side, 3)


@pytest.mark.parametrize(
    ("given", "size", "expected"),
    [
        ([[0, 1, 2]], 1, [[0], [1], [2]]),
        ([[0, 1, 2], [3, 4]], 2, [[0, 1], [2, 3], [4]]),
        ([[0], [1]], 5, [[0, 1]]),
    ],
)
def test_batches_have_the_wanted_size_but_the_last(given, size, expected):
    made = rebatch.rebatch_images(images=[pictures(numbers) for numbers in given], batch_size=size)
    assert [batch[:, 0, 0, 0].tolist() for batch in made] == expected


def test_pictures_of_unequal_size_share_no_batch():
    made = rebatch.rebatch_images(images=[pictures([0]), pictures([1, 2], 4)], batch_size=3)
    assert [tuple(batch.shape) for batch in made] == [(1, 2, 2, 3), (2, 4, 4, 3)]


def test_what_is_behind_it_runs_once_per_batch(tmp_path):
    definitions = [rebatch.rebatch_images.__node_definition__, image_editing.make_empty.__node_definition__]
    definition = definitions[0]
    assert definition.takes_lists and definition.outputs[0].is_list
    sizes = []

    def look(*, image):
        sizes.append(len(image))

    image = InputSpec("image", "IMAGE")
    look_at = NodeDefinition("Look", "Look", "test", inputs=(image,), is_target=True, function=look)
    executor = LocalExecutor(Registry([*definitions, look_at]), Places.under(tmp_path), Resources())
    nodes = [
        Node("1", "EmptyImage", {"width": 2, "height": 2, "batch_size": 5}),
        Node("2", "RebatchImages", {"images": Link("1", 0), "batch_size": 2}),
        Node("3", "Look", {"image": Link("2", 0)}),
    ]
    outcome = executor.run(RunRequest("j", Graph({node.id: node for node in nodes}), ("3",)), lambda event: None)
    executor.close()
    assert outcome.status == "success", outcome.error
    assert sizes == [2, 2, 1]
