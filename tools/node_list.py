"""Which nodes are there, in one line each? Writes docs/nodes.md from their docstrings.

    python tools/node_list.py [--check]

With --check nothing is written: exits with 1 where the page is not what it should be.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

import nodes  # noqa: E402
from engine.graph import NodeDefinition  # noqa: E402

PAGE = REPOSITORY / "docs" / "nodes.md"
HEAD = """# Nodes

The nodes that ship, by category. Made of their docstrings by `python tools/node_list.py`. In the editor each input has
a tooltip of its own.
"""


def page(definitions: Iterable[NodeDefinition]) -> str:
    """Write the page."""
    by_category: dict[str, list[NodeDefinition]] = {}
    for definition in definitions:
        by_category.setdefault(definition.category, []).append(definition)
    text = HEAD
    for category in sorted(by_category):
        text += f"\n## {category}\n\n| node | what it does |\n| --- | --- |\n"
        for definition in sorted(by_category[category], key=lambda each: each.type.lower()):
            shown = f" ({definition.display_name})" if definition.display_name != definition.type else ""
            text += f"| `{definition.type}`{shown} | {definition.description.replace('|', chr(92) + '|')} |\n"
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only say whether the page is up to date")
    wanted = page(nodes.definitions())
    if not parser.parse_args().check:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == wanted:
        return 0
    print(f"{PAGE.relative_to(REPOSITORY)} is not up to date: run python tools/node_list.py.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
