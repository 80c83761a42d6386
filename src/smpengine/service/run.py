"""The service on a port: uvicorn, with patience that ends."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from smpengine.errors import InputError, OutputError, must
from smpengine.service.guard import LOCAL, App
from smpengine.service.limits import Limits

_STOP_S: Final = 5
_OPEN: Final = 4
"""Connections for each request that is taken on; beyond them uvicorn says 503 by itself."""
_QUIET_S: Final = 60.0
_LINES: Final = 1000


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


def hurried(patience_s: float) -> type[HttpToolsProtocol]:
    """Return uvicorn's protocol, but it hangs up on who does not get a request's head across."""

    class Hurried(HttpToolsProtocol):
        _hurry: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._wait()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._wait()

        def on_headers_complete(self) -> None:
            self._rest()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._rest()
            super().connection_lost(exc)

        def _wait(self) -> None:
            if self._hurry is None:
                self._hurry = self.loop.call_later(patience_s, self._hang_up)

        def _rest(self) -> None:
            if self._hurry is not None:
                self._hurry.cancel()
                self._hurry = None

        def _hang_up(self) -> None:
            self._hurry = None
            if self.transport is not None and not self.transport.is_closing():
                self.transport.close()

    return Hurried


class _NotAgain(logging.Filter):
    """Lets a line pass once a minute: a flood of requests must be none of lines."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if len(self._said) > _LINES:
            self._said.clear()
        again = now - self._said.get(str(record.msg), -math.inf) < _QUIET_S
        if not again:
            self._said[str(record.msg)] = now
        return not again


def server_of(app: App, host: str, port: int, limits: Limits) -> uvicorn.Server:
    """Return a server of the service, for `run` or for a thread of one's own."""
    config = uvicorn.Config(
        app, host, port, http=hurried(limits.receive_s), ws="websockets-sansio",
        limit_concurrency=_OPEN * limits.most_connections, timeout_keep_alive=30, backlog=1024,
        ws_max_size=limits.most_body_kib * 1024, ws_max_queue=4, log_level="warning",
        server_header=False, timeout_graceful_shutdown=_STOP_S,
    )  # fmt: skip
    log = logging.getLogger("uvicorn.error")
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

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            reason = f"cannot listen there: {error.strerror}. Choose another --port."
            raise OutputError(f"{host}:{port}: {reason}") from error
        server = server_of(app, host, port, limits)
        ready(listener.getsockname()[1])
        server.run([listener])
