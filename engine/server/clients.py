"""Which clients listen, and how does each get its messages without slowing down anything else?"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Protocol

from engine.execution.events import RunInterrupted
from engine.jobs.bus import JobHappened, JobLeft, Notice, QueueChanged
from engine.wire.messages import Frame, executing, frames, status

SLOW_AT_FRAMES = 8  # with more frames waiting than this, a client gets no previews
HOPELESS_AT_FRAMES = 300_000  # with more than this, it is cut off


class Socket(Protocol):
    """What is needed of an aiohttp WebSocketResponse."""

    async def send_str(self, data: str) -> None: ...

    async def send_bytes(self, data: bytes) -> None: ...

    async def close(self, *, code: int, message: bytes) -> bool: ...


class Client:
    """One open websocket. Messages wait here until it takes them; previews that it is too slow for are dropped."""

    def __init__(self, client_id: str, socket: Socket) -> None:
        self.id = client_id
        self.preview_metadata = False
        self._socket = socket
        self._frames: deque[Frame] = deque()
        self._wake = asyncio.Event()

    def tell(self, frame: Frame) -> None:
        """Have a frame sent when its turn comes."""
        if frame.droppable and len(self._frames) > SLOW_AT_FRAMES:
            return
        self._frames.append(frame)
        self._wake.set()

    async def send_all(self) -> None:
        """Send what waits, for ever; ends when the socket is gone or hopelessly slow."""
        with contextlib.suppress(ConnectionError):
            while len(self._frames) < HOPELESS_AT_FRAMES:
                if not self._frames:
                    self._wake.clear()
                    await self._wake.wait()
                await self._send(self._frames.popleft())
        await self.close(1008, b"too slow")

    async def close(self, code: int, reason: bytes) -> None:
        await self._socket.close(code=code, message=reason)

    async def _send(self, frame: Frame) -> None:
        if isinstance(frame.data, str):
            await self._socket.send_str(frame.data)
        else:
            await self._socket.send_bytes(frame.data)


class Clients:
    """Open websockets by client id; several may share one (a page that reconnects, or a second tab)."""

    def __init__(self, remaining: Callable[[], int]) -> None:
        self._remaining = remaining
        self._by_id: dict[str, list[Client]] = {}

    def add(self, client: Client) -> None:
        self._by_id.setdefault(client.id, []).append(client)
        client.tell(status(self._remaining(), client.id))

    def remove(self, client: Client) -> None:
        same_id = self._by_id[client.id]
        same_id.remove(client)
        if not same_id:
            del self._by_id[client.id]

    def all(self) -> list[Client]:
        return [client for same_id in self._by_id.values() for client in same_id]

    def receive(self, notice: Notice) -> None:
        """Turn a notice into frames, for those whom it concerns."""
        match notice:
            case QueueChanged():
                told = status(notice.remaining)
                for client in self.all():
                    client.tell(told)
            case JobHappened():
                self._happened(notice)
            case JobLeft():
                left = executing(notice.job.id, None)
                for client in self._by_id.get(notice.job.client, ()):
                    client.tell(left)

    def _happened(self, notice: JobHappened) -> None:
        everybody = isinstance(notice.event, RunInterrupted)
        concerned = self.all() if everybody else self._by_id.get(notice.job.client, [])
        written: dict[bool, list[Frame]] = {}
        for client in concerned:
            with_metadata = client.preview_metadata
            if with_metadata not in written:
                written[with_metadata] = frames(notice.event, preview_metadata=with_metadata)
            for frame in written[with_metadata]:
                client.tell(frame)

    async def close_all(self) -> None:
        """Say goodbye to everybody."""
        await asyncio.gather(*(client.close(1001, b"server shutdown") for client in self.all()))
