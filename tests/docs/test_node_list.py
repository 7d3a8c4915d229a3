"""The list of nodes is up to date, and every node is called by a test."""

import ast
import subprocess
import sys
from pathlib import Path

import nodes

ROOT = Path(__file__).resolve().parents[2]


def test_the_list_of_nodes_is_up_to_date():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "node_list.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def called_in_tests() -> set[str]:
    """The names of all functions that tests call, hand to others, or name as a node's type."""
    names: set[str] = set()
    for file in (ROOT / "tests").rglob("*.py"):
        for part in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(part, ast.Attribute):
                names.add(part.attr)
            elif isinstance(part, ast.Name):
                names.add(part.id)
            elif isinstance(part, ast.Constant) and isinstance(part.value, str):
                names.add(part.value)
    return names


def test_every_node_is_called_by_a_test():
    known = called_in_tests()
    assert [
        definition.type
        for definition in nodes.definitions()
        if definition.type not in known and getattr(definition.function, "__name__", "") not in known
    ] == []
