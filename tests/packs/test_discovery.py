"""Which packs load, in what order, and what one that fails costs the others."""

import logging

from tests.packs.conftest import bring

NODE = """
class Node:
    @classmethod
    def INPUT_TYPES(cls): return {"required": {}}
    RETURN_TYPES = ("INT",)
    FUNCTION = "run"
    def run(self): return (1,)
"""


def write(places, name, text):
    path = places.custom_nodes[0] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_files_and_folders_load_and_the_rest_is_left_alone(places):
    for name in ("single.py", "folder/__init__.py", "off.py.disabled", ".hidden/__init__.py", "__pycache__/x.py"):
        write(places, name, f"{NODE}\nNODE_CLASS_MAPPINGS = {{'{name}': Node}}")
    write(places, "no_pack/readme.txt", "")
    assert [pack.name for pack in bring(places).packs] == ["folder", "single"]


def test_a_pack_that_fails_is_reported_with_its_traceback_and_the_others_load(places, caplog):
    write(places, "a_bad.py", "import no_such_library_at_all")
    write(places, "b_exits.py", "import sys; sys.exit(3)")
    write(places, "c_good.py", f"{NODE}\nNODE_CLASS_MAPPINGS = {{'Good': Node, 'Bad': object}}")
    with caplog.at_level(logging.ERROR):
        brought = bring(places)
    (trouble,) = brought.pack("a_bad").errors
    assert trouble.summary == "It needs the Python package 'no_such_library_at_all', which is not installed."
    assert trouble.advice.endswith("-m pip install no_such_library_at_all")
    assert trouble.traceback.splitlines()[1].strip().startswith("File ") and "a_bad.py" in trouble.traceback
    assert brought.pack("a_bad").report().state == "failed"
    assert brought.pack("b_exits").errors
    assert "Good" in brought.registry
    assert "Bad" not in brought.registry and "'Bad'" in brought.pack("c_good").errors[0].summary
    assert brought.pack("c_good").report().state == "partly loaded"
    assert "no_such_library_at_all" in caplog.text


def test_troubles_say_what_to_do(places):
    write(places, "listed/__init__.py", "import no_such_library_at_all")
    write(places, "listed/requirements.txt", "no-such-library>=2")
    write(places, "host.py", "from comfy.utils import no_such_name")
    write(places, "host2.py", "import comfy.no_such_module")
    write(places, "renamed.py", "raise ModuleNotFoundError('x', name='cv2')")
    write(places, "torn.py", "def f(:")
    write(places, "empty.py", "")
    brought = bring(places)

    def told(name):
        (trouble,) = brought.pack(name).errors
        return trouble

    assert told("listed").advice.endswith(f'-r "{places.custom_nodes[0] / "listed" / "requirements.txt"}"')
    assert "no_such_name" in told("host").summary and "docs/packs.md" in told("host").advice
    assert "comfy.no_such_module" in told("host2").summary and "pip" not in told("host2").advice
    assert told("renamed").advice.endswith("pip install opencv-python-headless")
    assert "line 1" in told("torn").summary
    assert "NODE_CLASS_MAPPINGS" in told("empty").summary


def test_a_route_that_cannot_be_added_costs_the_pack_nothing_else(places):
    routes = "from server import PromptServer\nPromptServer.instance.routes.static('/mine', '/no/such/folder')\n"
    write(places, "odd.py", routes + "NODE_CLASS_MAPPINGS = {}")
    pack = bring(places).pack("odd")
    assert "/no/such/folder" in pack.errors[0].summary and pack.report().state == "partly loaded"


def test_only_packs_that_are_named_load_if_any_are(places):
    write(places, "one.py", f"{NODE}\nNODE_CLASS_MAPPINGS = {{'One': Node}}")
    write(places, "two/__init__.py", f"{NODE}\nNODE_CLASS_MAPPINGS = {{'Two': Node}}")
    assert [pack.name for pack in bring(places, only=["two"]).packs] == ["two"]
    assert bring(places, only=[]).packs == []


def test_a_folder_imports_its_own_modules_and_other_packs(places):
    write(places, "first/__init__.py", f"{NODE}\nNODE_CLASS_MAPPINGS = {{'First': Node}}")
    write(places, "second/inner.py", NODE)
    text = (
        "from .inner import Node\nimport nodes\nfrom custom_nodes import first\n"
        "assert first.Node is not Node\nNODE_CLASS_MAPPINGS = {'Second': Node}"
    )
    write(places, "second/__init__.py", text)
    write(places, "second/web/x.js", "")
    brought = bring(places)
    assert brought.pack("second").errors == ()
    assert set(brought.native.NODE_CLASS_MAPPINGS) >= {"First", "Second", "Constant"}


def test_scripts_for_the_editor(places):
    write(places, "scripts/__init__.py", "WEB_DIRECTORY = './js'\nNODE_CLASS_MAPPINGS = {}")
    write(places, "scripts/js/a.js", "")
    write(places, "outside/__init__.py", "WEB_DIRECTORY = '../scripts/js'\nNODE_CLASS_MAPPINGS = {}")
    write(places, "absent/__init__.py", "WEB_DIRECTORY = './js'\nNODE_CLASS_MAPPINGS = {}")
    write(places, "alone.py", "WEB_DIRECTORY = '.'\nNODE_CLASS_MAPPINGS = {}")
    brought = bring(places)
    assert [brought.pack(name).web for name in ("outside", "absent", "alone")] == [None, None, None]
    assert brought.pack("scripts").web == places.custom_nodes[0] / "scripts" / "js"
    assert {"scripts": str(brought.pack("scripts").web)} == brought.native.EXTENSION_WEB_DIRS
