"""Connections: who is hung up on when there are too many, when nothing comes, or nothing is taken.

uvicorn's own bound refuses every request while too many connections are open, so that who holds
some open and asks for nothing shuts everyone out. Here the line that was quiet for longest goes.
And whatever waits for a client to take an answer in, uvicorn's own answers and the closing of a
line among it, waits without end; here a line that takes none of it in for a while is cut.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_MOST_HEAD: Final = 2**19
"""Bytes of what comes while a head is not complete; what is read at once is half of it."""
_MOST_QUEUED: Final = 64
"""Requests that a client sends before their forerunners are answered."""


class Lines:
    """Open connections; those on which no request is in hand in the order they fell quiet.

    Parameters
    ----------
    most
        That may be open; one more and the quietest is hung up on, itself where all are busy.
    patience_s
        Seconds that a request's head may take once the line is open or its first byte is there, and
        in which a client has to take something in of what is to be sent.
    """

    def __init__(self, most: int, patience_s: float) -> None:
        self._most, self.patience_s = most, patience_s
        self._open: set[Any] = set()
        self._quiet: dict[Any, None] = {}
        self._full: set[Any] = set()
        self._left: dict[Any, int] = {}
        self._timer: asyncio.TimerHandle | None = None

    def opened(self, line: Any) -> None:
        """Count a line, and hang up on one if that is too many."""
        self._open.add(line)
        self._quiet[line] = None
        if len(self._open) > self._most:
            least = next(iter(self._quiet))
            self.closed(least)
            least.transport.abort()
        if self._timer is None:
            self._timer = line.loop.call_later(self.patience_s, self.cut, line.loop)

    def handed_over(self, line: Any, other: Any) -> None:
        """Count another in its place, which is never quiet."""
        self.closed(line)
        self._open.add(other)

    def busy(self, line: Any) -> None:
        """Note that a request is in hand."""
        self._quiet.pop(line, None)

    def quiet(self, line: Any) -> None:
        """Note that its last request was answered."""
        if line in self._open:
            self._quiet.pop(line, None)
            self._quiet[line] = None

    def closed(self, line: Any) -> None:
        """Count it no more."""
        self._open.discard(line)
        self._quiet.pop(line, None)
        self.moved(line)

    def full(self, line: Any) -> None:
        """Note that more waits for it to be taken in than is written ahead."""
        self._full.add(line)

    def moved(self, line: Any) -> None:
        """Note that it is full no more."""
        self._full.discard(line)
        self._left.pop(line, None)

    def cut(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cut those that are full, or being closed, and took nothing in since the last time."""
        before, self._left = self._left, {}
        for line in tuple(self._open):
            if line in self._full or line.transport.is_closing():
                left = line.transport.get_write_buffer_size()
                if 0 < before.get(line, 0) <= left:
                    line.transport.abort()
                else:
                    self._left[line] = left
        self._timer = loop.call_later(self.patience_s, self.cut, loop) if self._open else None


class _Counted:
    """What both protocols have in common: they are counted."""

    lines: Lines

    def connection_lost(self, exc: Exception | None) -> None:
        self.lines.closed(self)
        super().connection_lost(exc)  # type: ignore[misc]

    def pause_writing(self) -> None:
        super().pause_writing()  # type: ignore[misc]
        self.lines.full(self)

    def resume_writing(self) -> None:
        self.lines.moved(self)
        super().resume_writing()  # type: ignore[misc]


class _Live(_Counted, WebSocketsSansIOProtocol):
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.lines.handed_over(transport.get_protocol(), self)


class _Hurried(_Counted, HttpToolsProtocol):
    _hurry: asyncio.TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()
        self.lines.opened(self)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # httptools gathers a head of any length.
        self._head = 0 if self._hurry is None else self._head + len(data)
        if self._head > _MOST_HEAD and not self.transport.is_closing():
            self.send_400_response("Request head too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        self._rest()
        self._head = 0
        self.lines.busy(self)
        if len(self.pipeline) < _MOST_QUEUED:
            super().on_headers_complete()
        else:
            self.transport.abort()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:
            self.lines.quiet(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._hurry is None:
            self._hurry = self.loop.call_later(self.lines.patience_s, self._hang_up)

    def _rest(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None

    def _hang_up(self) -> None:
        self._hurry = None
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()


def protocols(lines: Lines) -> tuple[type[HttpToolsProtocol], type[WebSocketsSansIOProtocol]]:
    """Return uvicorn's protocols, for HTTP and WebSockets, whose lines are counted there."""
    own = {"lines": lines}
    return type("Hurried", (_Hurried,), own), type("Live", (_Live,), own)
