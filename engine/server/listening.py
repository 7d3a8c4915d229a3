"""On which sockets does the server listen? Opened first of all, so that whoever connects early waits, and a busy
port is said at once. Standard library only."""

import errno
import logging
import socket
import sys
from collections.abc import Sequence

from engine.errors import EngineError

log = logging.getLogger(__name__)
BACKLOG = 128
UNREAD_MS = 60_000  # after which the system, where it knows how, ends a connection whose client takes nothing in


def open_sockets(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Listen on every address; port 0 lets the system choose one, the same for all.

    Raises:
        EngineError: the port is in use, or an address is not this machine's.
    """
    opened: list[socket.socket] = []
    try:
        for host in hosts:
            opened += _open(host, port, must=not opened)
            port = opened[0].getsockname()[1]
    except OSError as error:
        for other in opened:
            other.close()
        raise _explained(host, port, error) from error
    return opened


def address(listener: socket.socket, *, secure: bool) -> str:
    """Give what to open in a browser on this machine."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"{'https' if secure else 'http'}://{shown}:{port}"


def _open(host: str, port: int, *, must: bool) -> list[socket.socket]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    listeners = []
    for family, kind, protocol, _, place in dict.fromkeys(found):
        try:
            listener = socket.socket(family, kind, protocol)
        except OSError:
            if must and len(found) == 1:
                raise
            log.info("This machine does not offer %s; it is left out.", host)
            continue
        try:
            _bind(listener, place, family)
        except OSError:
            listener.close()
            raise
        listeners.append(listener)
    return listeners


def _bind(listener: socket.socket, place: object, family: int) -> None:
    if sys.platform != "win32":  # there the option would let two servers share a port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # each connection inherits it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.setblocking(False)
    listener.bind(place)  # type: ignore[arg-type]
    listener.listen(BACKLOG)


def _explained(host: str, port: int, error: OSError) -> EngineError:
    if error.errno == errno.EADDRINUSE:
        return EngineError(
            f"Port {port} of {host} is in use, perhaps by another Weft. End that program, or choose another "
            f"port: --port {port + 1 if port < 65535 else port - 1}."
        )
    return EngineError(f"Cannot listen on {host}, port {port}: {error.strerror or error}. Is --listen right?")
