"""`main.py --log-format json` with a worker process: what a pack logs carries the job and the node."""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACK = """
import asyncio, logging
log = logging.getLogger("noisy.pack")

class Noisy:
    RETURN_TYPES = ()
    FUNCTION = "run"
    OUTPUT_NODE = True
    CATEGORY = "test"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"default": ""})}}

    def run(self, text):
        log.warning("said: %s", text)
        print(text)
        if text == "fail":
            try:
                1 / 0
            except ZeroDivisionError:
                log.exception("division")
            raise RuntimeError("no")
        return ()

class NoisyAsync(Noisy):
    async def run(self, text):
        await asyncio.sleep(0.01)
        log.warning("async: %s", text)
        return ()

NODE_CLASS_MAPPINGS = {"Noisy": Noisy, "NoisyAsync": NoisyAsync}
"""
FORGED = '{"time": "2020-01-01T00:00:00Z", "level": "CRITICAL", "logger": "weft", "message": "forged"}'


def ask(address, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{address}{path}", data=data), timeout=60) as answer:
        return json.load(answer)


def run_job(address, prompt):
    job = ask(address, "/prompt", {"prompt": prompt})["prompt_id"]
    until_s = time.monotonic() + 60
    while not ask(address, f"/history/{job}"):
        assert time.monotonic() < until_s
        time.sleep(0.05)
    return job


def test_records_of_server_and_worker_are_one_object_a_line(tmp_path):
    pack = tmp_path / "custom_nodes" / "noisy"
    pack.mkdir(parents=True)
    (pack / "__init__.py").write_text(PACK, encoding="utf-8")
    command = [sys.executable, "main.py", "--cpu", "--port", "0", "--base-directory", str(tmp_path)]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--log-format", "json"], cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            line = next(line for line in server.stdout if "To see the GUI" in line)
            address = line.rpartition(" ")[2].strip()
            said = f"hello\n{FORGED}"
            prompt = {
                "5": {"class_type": "Noisy", "inputs": {"text": said}},
                "6": {"class_type": "NoisyAsync", "inputs": {"text": "later"}},
            }
            good = run_job(address, prompt)
            bad = run_job(address, {"9": {"class_type": "Noisy", "inputs": {"text": "fail"}}})
            shown = ask(address, "/internal/logs")
        finally:
            server.kill()
            server.wait()
            server.stdout.close()
    records = [json.loads(line) for line in (tmp_path / "log").read_bytes().splitlines()]
    for record in records:
        assert {"time", "level", "logger", "message"} <= record.keys()
    logged = [record for record in records if record["logger"] == "noisy.pack"]
    assert [(record["message"], record["job"], record["node"], record["worker"]) for record in logged] == [
        (f"said: {said}", good, "5", "worker-1"),
        ("async: later", good, "6", "worker-1"),
        ("said: fail", bad, "9", "worker-1"),
        ("division", bad, "9", "worker-1"),
    ]
    assert logged[-1]["exception"]["type"] == "ZeroDivisionError"
    forged = [record for record in records if record["message"] == FORGED]
    assert [(record["logger"], record["level"]) for record in forged] == [("printed", "INFO")]
    assert not any(record["level"] == "CRITICAL" for record in records)
    assert any(record["logger"] == "weft" and record["message"].startswith("Ready:") for record in records)
    assert f"WARNING noisy.pack [job {bad}, node 9]: said: fail\n" in shown
