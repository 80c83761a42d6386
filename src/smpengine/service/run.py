"""The service on a port: uvicorn, with patience that ends."""

from __future__ import annotations

import gc
import logging
import math
import time
from typing import Any, Final

import uvicorn

from smpengine.errors import InputError, OutputError, must
from smpengine.service.guard import LOCAL, App
from smpengine.service.limits import Limits
from smpengine.service.lines import Lines
from smpengine.service.protocols import protocols

_STOP_S: Final = 5
_OPEN: Final = 4
"""Connections that may be open for each request that is taken on."""
_OTHERS: Final = 128
"""Files that are open beside connections: fonts, libraries, caches."""
_PICTURES: Final = 8
"""Blocks of memory that Pillow keeps for its next pictures; fresh pages take longer than JPEG."""
_QUIET_S: Final = 60.0
_LINES: Final = 1000
_GONE_MS: Final = 60_000
"""After which a client that acknowledges nothing is gone."""


def check_address(host: str, port: int, token: str | None) -> None:
    """Refuse to be open to others without a token.

    Raises
    ------
    InputError
        The host is not this machine alone and there is no token, or the port is none.
    """
    if not 0 <= port < 2**16:
        raise InputError(must("--port", "be 0 to 65535", port))
    if host not in LOCAL and token is None:
        remedy = "Give --token: whoever reaches the port can use this machine."
        raise InputError(must("--host", "be this machine where no token is asked for", repr(host),
                              remedy=remedy))  # fmt: skip
    if token is not None and (len(token) < 8 or not token.isascii() or not token.isalnum()):
        raise InputError(must("--token", "be 8 or more letters and digits", "others"))


class _NotAgain(logging.Filter):
    """Lets a line pass once a minute: a flood of requests must be none of lines."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if len(self._said) > _LINES:
            self._said.clear()
        kind = record.exc_info[0] if record.exc_info else None
        line = f"{record.msg} {kind}"
        again = now - self._said.get(line, -math.inf) < _QUIET_S
        if not again:
            self._said[line] = now
        return not again


def _most_files() -> int:
    """Return how many files may be open, connections among them."""
    try:
        import resource
    except ImportError:  # Windows, where sockets are no files
        return 2**16
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**16 if soft == resource.RLIM_INFINITY else max(soft, 2 * _OTHERS)


def server_of(app: App, host: str, port: int, limits: Limits) -> uvicorn.Server:
    """Return a server of the service, for `run` or for a thread of one's own."""
    most = min(_OPEN * limits.most_connections, _most_files() - _OTHERS)
    http, live = protocols(Lines(most, limits.receive_s, limits.unsent_mib * 2**20))
    config = uvicorn.Config(
        app, host, port, http=http, ws=live,
        timeout_keep_alive=30, backlog=1024, ws_max_size=limits.most_body_kib * 1024,
        # A ping waits behind a picture, for as long as a slow client takes to take it in.
        ws_ping_timeout=None,
        # Pictures are packed already; to pack one again takes as long as JPEG.
        ws_max_queue=4, ws_per_message_deflate=False, log_level="warning",
        server_header=False, timeout_graceful_shutdown=_STOP_S,
    )  # fmt: skip
    for name in ("uvicorn.error", "smpengine.service"):
        log = logging.getLogger(name)
        if not any(isinstance(each, _NotAgain) for each in log.filters):
            log.addFilter(_NotAgain())
    return uvicorn.Server(config)


def run(app: App, host: str, port: int, limits: Limits, ready: Any) -> None:
    """Serve until Ctrl-C.

    Parameters
    ----------
    app, host, port, limits
        What, where, and what is taken on.
    ready
        Called with the port once it listens.

    Raises
    ------
    OutputError
        The port cannot be had.
    """
    import socket

    from PIL import Image

    Image.core.set_blocks_max(_PICTURES)  # type: ignore[attr-defined]
    # What was imported and compiled stays: to look through it again stops all threads for 60 ms.
    gc.collect()
    gc.freeze()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # connections have it of their listener
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GONE_MS)
        try:
            listener.bind((host, port))
        except OSError as error:
            reason = f"cannot listen there: {error.strerror}. Choose another --port."
            raise OutputError(f"{host}:{port}: {reason}") from error
        server = server_of(app, host, port, limits)
        ready(listener.getsockname()[1])
        server.run([listener])
