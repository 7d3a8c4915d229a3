"""The API call that README.md shows is answered, by its own lines."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"
CALL = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]


async def test_the_api_call_gives_a_prompt_id(site, tmp_path):
    prompt = {"1": {"class_type": "Constant", "inputs": {"value": 2}}}
    prompt["2"] = {"class_type": "Show", "inputs": {"value": ["1", 0]}}
    (tmp_path / "workflow_api.json").write_text(json.dumps(prompt), encoding="utf-8")
    code = CALL.replace("127.0.0.1:8188", f"127.0.0.1:{site.http.port}")
    assert code != CALL
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert len(out.decode().strip()) == 36  # a UUID
