"""Where nodes write down when they entered and left: a file of JSON lines that the test reads."""

import json
import os
import time
from pathlib import Path


def note(what: str, tag: str) -> None:
    line = json.dumps({"what": what, "tag": tag, "time": time.monotonic()})
    with Path(os.environ["PROBE_TRACE"]).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
