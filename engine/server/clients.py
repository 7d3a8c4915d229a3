"""Which clients listen, and how does each get its messages without slowing down anything else?"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Protocol

from engine.execution.events import NodeProgress, RunInterrupted
from engine.jobs.bus import JobHappened, JobLeft, Notice, QueueChanged
from engine.jobs.pack_reports import Said
from engine.server.log_book import LogEntry
from engine.wire.messages import Frame, executing, frames, logged, preview_frame, said, status

log = logging.getLogger(__name__)
MOST_WAITING_BYTES = 256 * 2**20  # of messages to one socket, previews aside; with more, it is cut off
FRAME_BYTES = 200  # what a waiting frame takes beside its data, about
GOODBYE_WITHIN_S = 0.5


class Socket(Protocol):
    """What is needed of a websocket."""

    async def send_str(self, data: str) -> None: ...

    async def send_bytes(self, data: bytes) -> None: ...

    async def close(self, *, code: int, message: bytes) -> bool: ...

    def abort(self) -> None:
        """Break the connection at once, whatever waits to be sent."""


class Client:
    """One open websocket. What it is told waits here until it takes it.

    Messages are never lost: they wait, up to `MOST_WAITING_BYTES`. A client with more than that waiting reads nothing
    any more, or too slowly: its connection is broken, so that it knows, and may come again under its id.
    Of each node's previews only the newest waits.
    """

    def __init__(self, client_id: str, socket: Socket, user: str = "") -> None:
        self.id = client_id
        self.user = user  # the account that listens
        self.preview_metadata = False
        self.wants_logs = False
        self._socket = socket
        self._waiting: deque[Frame | tuple[str, str]] = deque()  # a pair stands for the newest of its previews
        self._previews: dict[tuple[str, str], Frame] = {}
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._is_cut_off = False

    def tell(self, frame: Frame) -> None:
        """Have a frame sent when its turn comes."""
        if self._is_cut_off:
            return
        if frame.preview_of is None:
            self._waiting.append(frame)
            self._waiting_bytes += len(frame.data) + FRAME_BYTES
            if self._waiting_bytes > MOST_WAITING_BYTES:
                self._cut_off()
        else:
            if frame.preview_of not in self._previews:
                self._waiting.append(frame.preview_of)
            self._previews[frame.preview_of] = frame
        self._wake.set()

    async def send_all(self) -> None:
        """Send what waits, for ever; ends when the connection does."""
        try:
            while True:
                while self._waiting:
                    await self._send(self._next())
                self._wake.clear()
                await self._wake.wait()
        except ConnectionError:
            pass
        finally:
            self._socket.abort()  # nobody sends any more: a client that is still there must know

    async def close(self, code: int, reason: bytes) -> None:
        await self._socket.close(code=code, message=reason)

    def abort(self) -> None:
        self._socket.abort()

    def _next(self) -> Frame:
        first = self._waiting.popleft()
        if isinstance(first, tuple):
            return self._previews.pop(first)
        self._waiting_bytes -= len(first.data) + FRAME_BYTES
        return first

    async def _send(self, frame: Frame) -> None:
        if isinstance(frame.data, str):
            await self._socket.send_str(frame.data)
        else:
            await self._socket.send_bytes(frame.data)

    def _cut_off(self) -> None:
        self._is_cut_off = True
        self._waiting.clear()
        self._previews.clear()
        log.warning(
            "The client %.40s has not read %d MB of messages: it is disconnected, and may connect again.",
            self.id, MOST_WAITING_BYTES // 2**20,
        )  # fmt: skip
        self._socket.abort()


class Clients:
    """Open websockets by client id; several may share one (a page that reconnects, or a second tab).

    Whoever uses an id of another account hears nothing of that one's.
    """

    def __init__(self, remaining: Callable[[str], int]) -> None:
        """Begin without any; `remaining` says how many jobs of an account wait or run."""
        self._remaining = remaining
        self._by_id: dict[str, list[Client]] = {}

    def add(self, client: Client) -> None:
        self._by_id.setdefault(client.id, []).append(client)
        client.tell(status(self._remaining(client.user), client.id))

    def remove(self, client: Client) -> None:
        same_id = self._by_id[client.id]
        same_id.remove(client)
        if not same_id:
            del self._by_id[client.id]

    def all(self) -> list[Client]:
        return [client for same_id in self._by_id.values() for client in same_id]

    def of(self, client_id: str, user: str) -> list[Client]:
        """List the sockets that an account has open under an id."""
        return [client for client in self._by_id.get(client_id, ()) if client.user == user]

    def of_user(self, user: str) -> list[Client]:
        """List all sockets of an account."""
        return [client for client in self.all() if client.user == user]

    def receive(self, notice: Notice) -> None:
        """Turn a notice into frames, for those whom it concerns."""
        match notice:
            case JobHappened():
                self._happened(notice)
            case QueueChanged():
                told = {user: status(self._remaining(user)) for user in {client.user for client in self.all()}}
                for client in self.all():
                    client.tell(told[client.user])
            case JobLeft():
                left = executing(notice.job.id, None)
                for client in self.of(notice.job.client, notice.job.user):
                    client.tell(left)
            case Said():
                frame = said(notice.kind, notice.data)
                for client in self.all():
                    if notice.client in (None, client.id) and notice.user in (None, client.user):
                        client.tell(frame)

    def receive_log(self, entry: LogEntry) -> None:
        """Tell what was logged to those who asked for it."""
        listening = [client for client in self.all() if client.wants_logs]
        if listening:
            told = logged([(entry.time, entry.text)])
            for client in listening:
                client.tell(told)

    def _happened(self, notice: JobHappened) -> None:
        """Write an event once, however many sockets it goes to; not at all if nobody listens."""
        event = notice.event
        user = notice.job.user
        concerned = self.of_user(user) if isinstance(event, RunInterrupted) else self.of(notice.job.client, user)
        if not concerned:
            return
        for frame in frames(event):
            for client in concerned:
                client.tell(frame)
        if isinstance(event, NodeProgress) and event.preview is not None:
            forms: dict[bool, Frame] = {}
            for client in concerned:
                form = client.preview_metadata
                if form not in forms:
                    forms[form] = preview_frame(event, event.preview, with_metadata=form)
                client.tell(forms[form])

    async def close_all(self) -> None:
        """Say goodbye to everybody; whoever does not answer soon is disconnected."""
        clients = self.all()
        if clients:
            goodbyes = [asyncio.create_task(client.close(1001, b"server shutdown")) for client in clients]
            _, unanswered = await asyncio.wait(goodbyes, timeout=GOODBYE_WITHIN_S)
            for goodbye in unanswered:
                goodbye.cancel()
            for client in clients:
                client.abort()
