"""Kills server and workers at random moments while clients hand in jobs, and counts what is lost or doubled.

    python -m tests.server.killing ROUNDS [SEED]

Each round starts the server on the same folder and ends with kill -9. At last it may finish, and every job that was
answered for has to be in the history once, must have run no more than once, and in the order of the line.
"""

import json
import random
import signal
import sys
import tempfile
import threading
import time
import urllib.error
import uuid
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.doubles import entry
from tests.server.running import Server, start

CLIENTS = 2
EMPTY_WITHIN_S = 60


@dataclass
class Tally:
    """What the clients were told, over all rounds."""

    numbers: dict[str, float] = field(default_factory=dict)  # of the jobs that were answered for
    sent: set[str] = field(default_factory=set)
    told: dict[str, str] = field(default_factory=dict)  # job -> how it ended, as its client saw it
    kills: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)  # guards all of it


@dataclass(frozen=True)
class Count:
    """What came of it all."""

    jobs: int
    kills: int
    worker_kills: int
    ended: Counter[str]
    lost: list[str]
    doubled: list[str]
    changed: list[str]  # jobs of which a client saw another end than the one that is kept
    out_of_order: list[str]

    @property
    def faults(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.changed, *self.out_of_order]


def kill_again_and_again(folder: Path, rounds: int, seed: int) -> Count:
    """Do so many rounds in a folder, and count."""
    chance = random.Random(seed)
    tally = Tally()
    for _ in range(rounds):
        _one_round(start(folder), tally, chance)
    server = start(folder)
    try:
        _wait_until_empty(server)
        return _count(server, folder, tally)
    finally:
        server.end()


def _one_round(server: Server, tally: Tally, chance: random.Random) -> None:
    over = threading.Event()
    clients = [
        threading.Thread(target=_hand_in, args=(server, tally, random.Random(chance.random()), over))
        for _ in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    time.sleep(chance.uniform(0.0, 0.9))
    if chance.random() < 0.3 and (workers := server.children()):
        server.kill_process(chance.choice(workers))
        tally.kills["worker"] += 1
        time.sleep(chance.uniform(0.0, 0.3))
    server.process.send_signal(signal.SIGKILL)
    tally.kills["server"] += 1
    over.set()
    for client in clients:
        client.join()
    server.end()


def _hand_in(server: Server, tally: Tally, chance: random.Random, over: threading.Event) -> None:
    """Hand in jobs, and look how they end, until the server is gone."""
    mine: list[str] = []
    while not over.is_set():
        job = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        with tally.lock:
            tally.sent.add(job)
        try:
            answer = server.post("/prompt", {"prompt": _prompt(job, chance), "prompt_id": job})
            with tally.lock:
                tally.numbers[job] = answer["number"]
            mine.append(job)
            for old in chance.sample(mine, min(3, len(mine))):
                if found := server.get(f"/history/{old}"):
                    with tally.lock:
                        tally.told[old] = end_of(found[old])
        except (OSError, HTTPException, urllib.error.URLError, json.JSONDecodeError):
            return
        time.sleep(chance.uniform(0.0, 0.1))


def _prompt(job: str, chance: random.Random) -> dict[str, Any]:
    seconds = chance.choice([0.0, 0.0, 0.01, 0.05])
    salt = chance.getrandbits(31)
    return {"1": entry("Sleep", seconds=seconds, salt=salt), "2": entry("Append", value=["1", 0], line=job)}


def _wait_until_empty(server: Server) -> None:
    until_s = time.monotonic() + EMPTY_WITHIN_S
    while time.monotonic() < until_s:
        line = server.get("/queue")
        if not line["queue_running"] and not line["queue_pending"]:
            return
        time.sleep(0.05)
    raise TimeoutError(f"jobs still wait after {EMPTY_WITHIN_S} s")


def end_of(item: dict[str, Any]) -> str:
    """Say how a job of the history ended, in a word."""
    last: str = item["status"]["messages"][-1][0]
    return last.removeprefix("execution_")


def _count(server: Server, folder: Path, tally: Tally) -> Count:
    history: dict[str, Any] = server.get("/history")
    lines = (folder / "output" / "lines.txt").read_text(encoding="utf-8").split()
    ran = Counter(lines)
    ends = {job: end_of(item) for job, item in history.items()}
    lost = [job for job in tally.numbers if job not in ends]
    lost += [job for job, end in ends.items() if end == "success" and (not ran[job] or not history[job]["outputs"])]
    doubled = [job for job, times in ran.items() if times > 1 or job not in tally.sent]
    doubled += [f"number {n}" for n, times in Counter(tally.numbers.values()).items() if times > 1]
    changed = [job for job, end in tally.told.items() if ends.get(job) != end]
    in_line = [job for job in lines if job in tally.numbers]
    pairs = pairwise(in_line)
    late = [after for before, after in pairs if tally.numbers[after] < tally.numbers[before]]
    kills = tally.kills
    return Count(
        len(tally.numbers), kills["server"], kills["worker"], Counter(ends.values()), lost, doubled, changed, late
    )


def main(rounds: int, seed: int) -> int:
    """Print what is found; gives the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        began_s = time.monotonic()
        count = kill_again_and_again(Path(folder), rounds, seed)
        size = sum(file.stat().st_size for file in Path(folder, "user").glob("weft.db*"))
    print(
        f"{count.kills} kills of the server, {count.worker_kills} of its worker, in {time.monotonic() - began_s:.0f} s "
        f"(seed {seed})\n{count.jobs} jobs were answered for; they ended so: {dict(count.ended)}\n"
        f"{len(count.lost)} lost, {len(count.doubled)} doubled, {len(count.changed)} with another end than was told, "
        f"{len(count.out_of_order)} out of order; {size / 1e6:.1f} MB of database"
    )
    return 1 if count.faults else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
