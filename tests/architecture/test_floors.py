"""The floors hold: nobody imports upward, in a circle, or a heavy library where none may be (engine/README.md)."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GROUND = ("engine.files", "engine.errors", "engine.lazy", "engine.log_lines", "engine.machine", "engine.options")
MODEL_TOWER = (
    "engine.pixels",
    "engine.sampling",
    "engine.models",
    "engine.patches",
    "engine.control",
    "engine.diffusion",
)
GRAPH_TOWER = ("engine.graph", "engine.execution", "engine.jobs", "engine.documents")

# package -> what of ours it may import beside itself and the ground
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "engine.files": (),
    "engine.graph": (),
    "engine.execution": ("engine.graph",),
    "engine.jobs": ("engine.graph", "engine.execution"),
    "engine.documents": (),
    "engine.pixels": (),
    "engine.sampling": (),
    "engine.models": ("engine.pixels", "engine.sampling"),
    "engine.patches": ("engine.pixels", "engine.sampling", "engine.models"),
    "engine.control": ("engine.pixels", "engine.sampling", "engine.models"),
    "engine.diffusion": MODEL_TOWER[:-1],
    "nodes": (*MODEL_TOWER, *GRAPH_TOWER),
    "engine.wire": GRAPH_TOWER,
    "engine.server": (*GRAPH_TOWER, "engine.wire"),
    "engine.packs": (*MODEL_TOWER, *GRAPH_TOWER),
    "engine.worker": GRAPH_TOWER,
}
# what is imported inside the worker process only joins both towers
ALSO: dict[str, tuple[str, ...]] = {
    "engine.worker.equipment": ("nodes", "engine.packs", *MODEL_TOWER),
    "engine.worker.torch_lifecycle": MODEL_TOWER,
    "engine.worker.result_cache": ("engine.sampling",),
}
# package -> third-party modules it may import at the top of a file (elsewhere: inside functions)
THIRD_PARTY: dict[str, set[str]] = {
    "engine.pixels": {"torch"},
    "engine.sampling": {"torch"},
    "engine.models": {"torch", "safetensors"},
    "engine.patches": {"torch"},
    "engine.control": {"torch"},
    "engine.diffusion": {"torch"},
    "engine.server": {"aiohttp", "yarl"},  # yarl: the addresses of aiohttp
    "engine.packs": {"comfy", "comfy_api"},  # its own shims, by the name under which packs import them
    "engine.packs.shims.server": {"aiohttp"},  # packs import `web` from it
    "engine.worker.torch_lifecycle": {"torch"},
    "engine.worker.result_cache": {"torch"},
    "engine.worker.result_store": {"torch", "safetensors"},
    "engine.worker.stored_values": {"torch"},
}
TORCH_FREE = [
    "engine.files", "engine.options", *GRAPH_TOWER, "engine.wire", "engine.server", "engine.worker", "nodes",
    "engine.packs", "engine.packs.loading", "engine.models", "engine.sampling", "engine.diffusion", "engine.patches",
    "engine.control", "engine.pixels",
    "engine.sampling.catalog", "engine.models.family", "engine.models.detect", "engine.models.telling",
]  # fmt: skip
HEAVY = ("torch", "numpy", "PIL", "transformers", "safetensors")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def package_of(module: str) -> str:
    return "nodes" if module.split(".")[0] == "nodes" else ".".join(module.split(".")[:2])


def imports(path: Path) -> list[tuple[str, bool]]:
    """Give (module, whether it is imported when the file is), leaving out TYPE_CHECKING blocks."""
    found: list[tuple[str, bool]] = []

    def walk(node: ast.AST, at_import: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                for other in child.orelse:
                    walk(other, at_import)
            elif isinstance(child, ast.Import):
                found.extend((alias.name, at_import) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                found.append((base, at_import))
                if base in ("engine", "nodes"):
                    found.extend((f"{base}.{alias.name}", at_import) for alias in child.names)
            else:
                inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
                walk(child, at_import and not inside)

    walk(ast.parse(path.read_text(encoding="utf-8")), True)
    return found


SOURCES = sorted(path for top in ("engine", "nodes") for path in (ROOT / top).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_a_module_imports_only_floors_below_it(path):
    module = module_name(path)
    package = package_of(module)
    allowed = {package, *GROUND, *MAY_IMPORT.get(package, ()), *ALSO.get(module, ())}
    ours = {package_of(name) for name, _ in imports(path) if name.split(".")[0] in ("engine", "nodes")} - {"engine"}
    assert ours <= allowed, f"{module} may not import {sorted(ours - allowed)}"


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_a_module_imports_only_the_libraries_of_its_floor(path):
    module = module_name(path)
    known = (
        sys.stdlib_module_names
        | {"engine", "nodes"}
        | THIRD_PARTY.get(package_of(module), set())
        | THIRD_PARTY.get(module, set())
    )
    foreign = {name.split(".")[0] for name, at_import in imports(path) if at_import and name} - known
    assert not foreign, f"{module} imports {sorted(foreign)} at its top: move them into the functions that need them"


def test_packages_of_the_tree_are_all_in_the_table():
    found = {package_of(module_name(path)) for path in SOURCES} - {"engine"}
    assert found <= set(MAY_IMPORT) | set(GROUND)


@pytest.mark.parametrize("package", TORCH_FREE)
def test_importing_it_in_a_fresh_interpreter_loads_nothing_heavy(package):
    code = f"import sys, {package}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_the_layers_have_no_circle():
    graph = {name: set(below) - {name} for name, below in MAY_IMPORT.items()}
    placed: set[str] = set()
    while graph.keys() - placed:
        free = {name for name in graph.keys() - placed if graph[name] & graph.keys() <= placed}
        assert free, f"a circle among {sorted(graph.keys() - placed)}"
        placed |= free
