"""Which forms did people publish for each other, and what do these hold?

A published form is a copy of a saved workflow, taken when its owner said so: what the owner saves later is nobody's
business until it is published again. Copies lie beside the users' folders, out of reach of /userdata. Whoever is let in
and knows the id may read one; ids are random, and only owner and admins are told them.
"""

import json
import re
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.documents.ledger import digest_of
from engine.errors import EngineError
from engine.files.saving import make_folder, write_whole

FOLDER = "published_forms"  # in the server's user folder
INDEX = "index.json"
ID_BYTES = 16
ID = re.compile(r"[A-Za-z0-9_-]{22}")  # as `secrets.token_urlsafe(ID_BYTES)` makes them
MOST_OF_ONE = 200  # forms of an owner
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class NoForm(EngineError):
    """There is no published form of this id, or it is somebody else's."""


class TooManyForms(EngineError):
    """The owner has published as many as one may."""


@dataclass(frozen=True)
class Published:
    """A published form.

    Attributes:
        owner: the account that published it; empty on a server of a single user.
        workflow: the workflow's own id, which stays when the file is renamed; empty if it has none.
        name: the file it was taken from.
        digest: SHA-256 of the content that it was taken from.
    """

    id: str
    owner: str
    workflow: str
    name: str
    digest: str
    published_ms: int


class PublishedForms:
    """The published forms in a folder. Safe to use from several threads; everything looks at the disk."""

    def __init__(self, folder: Path) -> None:
        """Read nothing yet: most servers never have any."""
        self._folder = folder
        self._lock = threading.Lock()  # guards the next, and the files
        self._index: dict[str, Published] | None = None

    def listed(self, owner: str | None) -> list[Published]:
        """List what an owner published, or everybody (None), the newest first. Raises EngineError."""
        with self._lock:
            found = [form for form in self._known().values() if owner is None or form.owner == owner]
        return sorted(found, key=lambda form: form.published_ms, reverse=True)

    def publish(self, owner: str, name: str, workflow: str, body: bytes) -> Published:
        """Keep a copy of a workflow's content; one that the owner published before keeps its id.

        Raises:
            TooManyForms: the owner has `MOST_OF_ONE` already.
            EngineError: the disk is full, or the index cannot be read.
        """
        with self._lock:
            known = self._known()
            own = [form for form in known.values() if form.owner == owner]
            before = next((form for form in own if _is_same(form, name, workflow)), None)
            if before is None and len(own) >= MOST_OF_ONE:
                raise TooManyForms(f"You have published {MOST_OF_ONE} forms, the most one may. Take one back first.")
            key = secrets.token_urlsafe(ID_BYTES) if before is None else before.id
            form = Published(key, owner, workflow, name, digest_of(body), time.time_ns() // 1_000_000)
            make_folder(self._folder)
            write_whole(self._content(key), body.removeprefix(BYTE_ORDER_MARK))
            self._keep({**known, key: form})
        return form

    def read(self, key: str) -> tuple[Published, bytes]:
        """Give a published form and its workflow. Raises NoForm."""
        with self._lock:
            form = self._found(key, None)
            try:
                return form, self._content(key).read_bytes()
            except OSError:
                raise _no_form() from None

    def take_back(self, key: str, owner: str | None) -> None:
        """Let a form be published no more: one of this owner, or of anybody (None). Raises NoForm, EngineError."""
        with self._lock:
            self._found(key, owner)
            self._keep({other: form for other, form in self._known().items() if other != key})
            self._content(key).unlink(missing_ok=True)

    def _found(self, key: str, owner: str | None) -> Published:
        form = self._known().get(key)
        if form is None or (owner is not None and form.owner != owner):
            raise _no_form()
        return form

    def _content(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _known(self) -> dict[str, Published]:
        if self._index is None:
            self._index = {form.id: form for form in _read(self._folder / INDEX)}
        return self._index

    def _keep(self, forms: dict[str, Published]) -> None:
        text = json.dumps({"version": 1, "forms": [asdict(form) for form in forms.values()]}, indent=1)
        write_whole(self._folder / INDEX, text.encode())
        self._index = forms


def _no_form() -> NoForm:
    return NoForm("There is no such form. It may have been taken back; ask whoever gave you this address.")


def _is_same(form: Published, name: str, workflow: str) -> bool:
    return form.workflow == workflow if workflow and form.workflow else form.name == name


def _read(path: Path) -> Iterator[Published]:
    """Yield what an index names; a damaged one is an error, since writing it anew would end every address."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        entries = data["forms"]
        yield from (_entry(each) for each in entries)
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(
            f"{path.parent.name}/{path.name} in the server's user folder names the published forms, and cannot be read "
            f"({error}). Mend it, or move the folder away; forms then have to be published again."
        ) from error


def _entry(data: Mapping[str, object]) -> Published:
    key, published_ms = data["id"], data["published_ms"]
    texts = {name: data[name] for name in ("owner", "workflow", "name", "digest")}
    if not isinstance(key, str) or not ID.fullmatch(key):
        raise ValueError(f"{key!r} is no id")
    if not isinstance(published_ms, int) or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError(f"the entry {key} is none")
    return Published(key, published_ms=published_ms, **{name: str(text) for name, text in texts.items()})
