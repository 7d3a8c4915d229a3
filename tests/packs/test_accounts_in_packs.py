"""On a server with accounts, the code of packs works in the folders of the account whose job runs."""

from dataclasses import replace

import pytest

from engine.execution import LocalExecutor, Resources, RunRequest
from engine.execution.keys import LOCAL, result_keys
from engine.graph import Link
from engine.graph.own_check import own_check, own_problems
from engine.packs.current import using
from engine.packs.shims.server import PromptServer
from tests.execution.runner import graph_of
from tests.packs.conftest import bring

PACK = '''
import os
import folder_paths


class Copy:
    """Writes what a file of the input folder says into the output folder, and counts how often this object did."""

    RETURN_TYPES = ("INT",)
    FUNCTION = "copy"
    OUTPUT_NODE = True

    def __init__(self):
        self.calls = 0

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"name": ("STRING", {"default": "a.txt"})}}

    @classmethod
    def VALIDATE_INPUTS(cls, name):
        return True if folder_paths.exists_annotated_filepath(name) else f"no file {name}"

    @classmethod
    def IS_CHANGED(cls, name):
        return os.path.getmtime(folder_paths.get_annotated_filepath(name))

    def copy(self, name):
        self.calls += 1
        with open(folder_paths.get_annotated_filepath(name)) as file:
            text = file.read()
        output = folder_paths.get_output_directory()
        folder, stem, counter, subfolder, _ = folder_paths.get_save_image_path("copy", output)
        with open(os.path.join(folder, f"{stem}_{counter:05}_.txt"), "w") as file:
            file.write(text)
        seen = [folder_paths.get_directory_by_type(kind) for kind in ("input", "output", "temp")]
        return {"ui": {"text": [str(self.calls), *seen]}, "result": (self.calls,)}


NODE_CLASS_MAPPINGS = {"Copy": Copy}
'''
GRAPH = graph_of({"1": ("Copy", {"name": "a.txt"})})


@pytest.fixture
def brought(places):
    (places.custom_nodes[0] / "copying.py").write_text(PACK)
    for name in ("anna", "bert"):
        own = places.of_owner(name)
        own.make()
        (own.input / "a.txt").write_text(f"of {name}")
    return bring(places)


@pytest.fixture
def run(brought):
    executor = LocalExecutor(brought.registry, brought.places, Resources())

    def run(user):
        outcome = executor.run(RunRequest("job", GRAPH, ("1",), user=user), lambda event: None)
        assert outcome.error is None, "".join(outcome.error.traceback)
        return outcome

    yield run
    executor.close()


def test_each_account_reads_and_writes_its_own(brought, run):
    for name in ("anna", "bert"):
        own = brought.places.of_owner(name)
        calls, *seen = run(name).outputs["1"]["text"]
        assert calls == "1", "an object of a node class serves one account only"
        assert seen == [str(own.input), str(own.output), str(own.temp)]
        assert (own.output / "copy_00001_.txt").read_text() == f"of {name}"
    assert not list(brought.places.output.glob("*.txt"))
    assert run("anna").executed == (), "equal work is not done twice for one account"


def test_checks_look_into_the_accounts_folder(brought):
    (brought.places.of_owner("anna").input / "hers.txt").write_text("")
    graph = graph_of({"1": ("Copy", {"name": "hers.txt"})})
    definition = brought.registry["Copy"]
    for name, problems in (("anna", 0), ("bert", 1), ("", 1)):
        told = own_check(graph["1"], graph["1"].inputs, graph, brought.registry, name)
        assert told.owner == name
        assert len(own_problems(definition, told, brought.places.of_owner(told.owner))) == problems


def keys_by_account(graph, nodes, registry, places):
    return [result_keys(graph, nodes, registry, places.of_owner(name)) for name in ("anna", "bert", "")]


def test_results_of_packs_are_not_shared(brought):
    found = [keys["1"] for keys in keys_by_account(GRAPH, ["1"], brought.registry, brought.places)]
    assert len(set(found)) == 3 and all(key.startswith(LOCAL) for key in found[:2])


def test_native_results_are_shared_unless_they_are_of_output_nodes(brought):
    nodes = {"c": ("Constant", {"value": 1}), "show": ("Show", {"value": Link("c", 0)})}
    native = {name: replace(brought.registry[name], module="nodes.number") for name in ("Constant", "Show")}
    found = keys_by_account(graph_of(nodes), nodes, native, brought.places)
    assert len({keys["c"] for keys in found}) == 1
    assert len({keys["show"] for keys in found}) == 3
    assert [keys["show"].startswith(LOCAL) for keys in found] == [True, True, False]


def test_what_a_pack_says_is_for_the_account_that_it_works_for(places):
    server, said = PromptServer(), []
    server.say = said.append
    server.send_sync("all", {})
    with using(places.of_owner("anna")):
        server.send_sync("one", {}, "some id")
        server.send_sync(1, b"picture", "some id")
    assert [(message.kind, message.user) for message in said] == [("all", None), ("one", "anna"), (1, "anna")]
