"""Kills the server at random moments while clients save workflows, and counts what is lost or was overwritten unseen.

    python -m tests.server.killing_saves ROUNDS [SEED]

Each round starts the server on the same folder and ends with kill -9. At last every content whose save was answered for
has to be a version, and no two saves may have replaced the same content.
"""

import json
import random
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.server.running import Server, start

CLIENTS = 3
NAMES = ("a.json", "b.json")


@dataclass
class Tally:
    """What the clients were told, over all rounds."""

    kept: set[str] = field(default_factory=set)  # contents whose save was answered for
    replaced: list[str] = field(default_factory=list)  # the contents that those saves replaced, by digest
    conflicts: int = 0
    deleted: int = 0
    sent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)  # guards all of it

    def body(self) -> str:
        with self.lock:
            self.sent += 1
            return json.dumps({"n": self.sent, "padding": "x" * (self.sent % 50) * 100})


def ask(server: Server, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
    data = None if body is None else body.encode()
    request = urllib.request.Request(f"http://{server.address}{path}", data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def save_until_killed(server: Server, tally: Tally, chance: random.Random) -> None:
    """Save as an editor does: over what was seen, then on top of what someone else saved; delete now and then."""
    seen: dict[str, str] = {}
    try:
        while True:
            name, body = chance.choice(NAMES), tally.body()
            if chance.random() < 0.05:
                status, told = ask(server, "DELETE", f"/weft/workflows/{name}?base={seen.get(name, '*')}")
                tally.deleted += status == 204
                continue
            base = seen.get(name, "")
            status, told = ask(server, "PUT", f"/weft/workflows/{name}?base={base}", body)
            if status == 200:
                seen[name] = told["digest"]
                with tally.lock:
                    tally.kept.add(body)
                    tally.replaced += [base] if base else []
            else:
                assert status == 409, told
                tally.conflicts += 1
                seen[name] = told["current"]["digest"] if told["current"] else ""
    except (OSError, HTTPException):  # the server was killed
        return


def wait_for_saves(tally: Tally, clients: list[threading.Thread], count: int) -> None:
    """Wait until so many more saves were answered for, however slow the machine is."""
    enough = len(tally.kept) + count
    while len(tally.kept) < enough and all(client.is_alive() for client in clients):
        threading.Event().wait(0.005)


def contents(server: Server) -> set[str]:
    """Give every content that the server has, present, past and deleted."""
    for trashed in server.get("/weft/trash"):
        assert ask(server, "POST", f"/weft/trash/{trashed['id']}/restore")[0] == 200
    found = set()
    for workflow in server.get("/weft/workflows")["workflows"]:
        path = f"/weft/workflows/{quote(workflow['name'])}"
        for version in server.get(f"{path}/versions")["versions"]:
            found.add(json.dumps(server.get(f"{path}/versions/{version['version']}")))
    return found


def kill_rounds(rounds: int, seed: int, folder: Path) -> tuple[Tally, set[str]]:
    """Do it; gives what the clients were told, and what was lost."""
    chance, tally = random.Random(seed), Tally()
    for _ in range(rounds):
        server = start(folder)
        clients = [
            threading.Thread(target=save_until_killed, args=(server, tally, random.Random(chance.random())))
            for _ in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        wait_for_saves(tally, clients, chance.randrange(3, 30))
        threading.Event().wait(chance.uniform(0, 0.05))
        server.kill()
        for client in clients:
            client.join()
        for path in (folder / "user" / "default" / "workflows").glob("*.json"):
            json.loads(path.read_bytes())  # whole
    server = start(folder)
    try:
        return tally, tally.kept - contents(server)
    finally:
        server.end()


def main() -> None:
    rounds, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    with tempfile.TemporaryDirectory() as folder:
        tally, lost = kill_rounds(rounds, seed, Path(folder))
    unseen = len(tally.replaced) - len(set(tally.replaced))
    print(
        f"seed {seed}: {rounds} kills, {len(tally.kept)} saves answered for, {tally.conflicts} conflicts, "
        f"{tally.deleted} deletions; {len(lost)} lost, {unseen} overwritten unseen"
    )
    sys.exit(bool(lost or unseen))


if __name__ == "__main__":
    main()
