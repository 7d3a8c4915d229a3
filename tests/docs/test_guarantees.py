"""Every promise of docs/guarantees.md names a test that exists."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    line for line in (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")
]
PROMISES = [row for row in ROWS if not row.startswith(("| promise", "| ---"))]


def test_every_promise_names_a_test_that_exists():
    assert len(PROMISES) > 15
    missing = []
    for promise in PROMISES:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", promise)
        assert named, f"no test is named: {promise}"
        for path, name in named:
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            functions = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
            if name not in functions:
                missing.append(f"{path}::{name}")
    assert not missing
