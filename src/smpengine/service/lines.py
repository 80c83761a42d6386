"""Connections: who is hung up on when there are too many, or when nothing comes.

uvicorn's own bound refuses every request while too many connections are open, so that who holds
some open and asks for nothing shuts everyone out. Here the line that was quiet for longest goes.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MOST_HEAD: Final = 2**19
"""Bytes of what comes while a head is not complete; what is read at once is half of it."""


class Lines:
    """Open connections, those on which no request is in hand in the order they fell quiet.

    Parameters
    ----------
    most
        That may be open; one more and the quietest is hung up on, itself where all are busy.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: set[Any] = set()
        self._quiet: dict[Any, None] = {}

    def opened(self, line: Any) -> None:
        """Count a line, and hang up on one if that is too many."""
        self._open.add(line)
        self._quiet[line] = None
        if len(self._open) > self._most:
            least = next(iter(self._quiet))
            self.closed(least)
            least.transport.abort()

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


def protocol(lines: Lines, patience_s: float) -> type[HttpToolsProtocol]:
    """Return uvicorn's protocol, with lines that are counted and patience that ends.

    Parameters
    ----------
    lines
        Where they are counted.
    patience_s
        Seconds that a request's head may take once the line is open or its first byte is there.
    """

    class Hurried(HttpToolsProtocol):
        _hurry: asyncio.TimerHandle | None = None
        _head = 0

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._wait()
            lines.opened(self)

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
            lines.busy(self)
            super().on_headers_complete()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.cycle.response_complete:
                lines.quiet(self)

        def handle_websocket_upgrade(self) -> None:
            # From here on another protocol has the line; how many there are is bounded there.
            lines.closed(self)
            super().handle_websocket_upgrade()

        def connection_lost(self, exc: Exception | None) -> None:
            self._rest()
            lines.closed(self)
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
