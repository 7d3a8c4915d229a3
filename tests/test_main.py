"""The program starts, says where it is, keeps torch out of its own process, and ends as asked."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

import main
from engine.errors import EngineError
from engine.options import read_options
from engine.server.listening import address, open_sockets

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "numpy", "PIL", "safetensors", "transformers", "yaml")


def run(*arguments: str, code: str | None = None, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    command = ["-c", code] if code is not None else [str(ROOT / "main.py")]
    return subprocess.run(
        [sys.executable, *command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=timeout_s
    )


def test_the_server_process_imports_nothing_heavy(tmp_path):
    code = f"""
import sys
from pathlib import Path
import main, nodes, engine.server.app
from engine.options import read_options
from engine.wire.object_info import object_info
options = read_options([], Path({str(tmp_path)!r}))
services = main.build_services(options, main.find_places(options), nodes.definitions(), main.full_worker)
engine.server.app.build_app(services)
described = [object_info(definition, services.places) for definition in services.registry.values()]
assert len(described) > 30, len(described)
print(sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    done = run(code=code)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_quick_test_for_ci_loads_everything_and_ends(tmp_path):
    done = run("--quick-test-for-ci", "--port", "0", "--cpu", "--base-directory", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "To see the GUI go to: http://127.0.0.1:" in done.stdout
    assert str(tmp_path / "models") in done.stdout and str(tmp_path / "output") in done.stdout


def test_an_option_that_the_machine_cannot_follow_fails_the_quick_test(tmp_path):
    done = run("--quick-test-for-ci", "--port", "0", "--cuda-device", "99", "--base-directory", str(tmp_path))
    assert done.returncode == 1 and "99" in done.stderr


def test_help_names_the_flags():
    done = run("--help")
    assert done.returncode == 0
    assert all(flag in done.stdout for flag in ("--listen", "--port", "--cpu", "--front-end-root", "--lowvram"))


def test_places_follow_the_flags(tmp_path):
    flags = [f"--{name}-directory={tmp_path / name}2" for name in ("output", "input", "temp", "user")]
    places = main.find_places(read_options(flags, tmp_path))
    assert places.output == tmp_path / "output2" and places.input == tmp_path / "input2"
    assert places.temp == tmp_path / "temp2" / "temp" and places.user == tmp_path / "user2"
    assert places.output.is_dir() and places.model_folder("loras") == (tmp_path / "models" / "loras",)


def test_earlier_previews_are_cleared_and_nothing_else(tmp_path):
    places = main.find_places(read_options([], tmp_path))
    (places.temp / "folder").mkdir()
    for path in (places.temp / "a.png", places.temp / "folder" / "b.png", places.output / "kept.png"):
        path.write_bytes(b"x")
    main.clear_temp(places)
    assert list(places.temp.iterdir()) == []
    assert (places.output / "kept.png").exists()


def test_listening_on_several_addresses_with_one_port():
    listeners = open_sockets(["127.0.0.1", "127.0.0.2"] if sys.platform.startswith("linux") else ["127.0.0.1"], 0)
    try:
        assert len({listener.getsockname()[1] for listener in listeners}) == 1
        port = listeners[0].getsockname()[1]
        assert address(listeners[0], secure=True) == f"https://127.0.0.1:{port}"
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass  # accepted by the system, though nobody answers yet
        with pytest.raises(EngineError, match=f"Port {port} of 127.0.0.1 is in use"):
            open_sockets(["127.0.0.1"], port)
    finally:
        for listener in listeners:
            listener.close()


def test_an_address_of_another_machine_is_refused_in_words():
    with pytest.raises(EngineError, match=r"Cannot listen on 192\.0\.2\.1, port 0.*--listen"):
        open_sockets(["192.0.2.1"], 0)
