"""uvicorn's protocols with bounds of their own: what a connection may make one gather, or do.

Bytes that are no request yet, requests before their forerunners are answered, frames in a second:
httptools, uvicorn and websockets take any number of them.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from smpengine.service.lines import Lines

_MOST_GATHERED: Final = 2**19
"""Bytes while no head, body or request comes of them; what is read at once is half of it."""
_MOST_QUEUED: Final = 64
"""Requests that a client sends before their forerunners are answered."""
_MOST_FRAMES: Final = 1000
"""In a second, and in a message: empty ones cost as much to read as full ones."""
_SLICE: Final = 4096
"""Bytes of frames that are read before they are counted."""
_UNWELCOME: Final = 1008


class _Counted:
    """What both have in common: they are counted, and wait for a while only."""

    lines: Lines
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    _hurry: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        self.lines.closed(self)
        super().connection_lost(exc)  # type: ignore[misc]

    def pause_writing(self) -> None:
        super().pause_writing()  # type: ignore[misc]
        self.lines.full(self)

    def resume_writing(self) -> None:
        self.lines.moved(self)
        super().resume_writing()  # type: ignore[misc]

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


class _Live(_Counted, WebSocketsSansIOProtocol):
    _frames = 0
    _since = 0.0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.lines.handed_over(transport.get_protocol(), self)
        self._wait()

    def start_keepalive(self) -> None:
        """Note that it was accepted; until then it may be hung up on."""
        self._rest()
        self.lines.busy(self)
        super().start_keepalive()

    def data_received(self, data: bytes) -> None:
        for at in range(0, len(data), _SLICE):
            super().data_received(data[at : at + _SLICE])
            if self.conn.handshake_exc is not None and not self.transport.is_closing():
                # Of a head that it cannot read websockets makes an answer, and tells nobody.
                self.transport.write(b"".join(self.conn.data_to_send()))
                self.transport.close()
            elif self._is_flooded():
                self._refuse()
            if self.transport.is_closing():
                return

    def handle_text(self, event: Any) -> None:
        self._frames += 1
        super().handle_text(event)

    def handle_bytes(self, event: Any) -> None:
        self._frames += 1
        super().handle_bytes(event)

    def handle_cont(self, event: Any) -> None:
        self._frames += 1 if len(self.frames) < _MOST_FRAMES else _MOST_FRAMES
        super().handle_cont(event)

    def handle_ping(self) -> None:
        self._frames += 1
        super().handle_ping()

    def handle_pong(self, event: Any) -> None:
        self._frames += 1
        super().handle_pong(event)

    def _is_flooded(self) -> bool:
        now = self.loop.time()
        if self._frames <= _MOST_FRAMES and now - self._since >= 1.0:
            self._since, self._frames = now, 0
        return self._frames > _MOST_FRAMES

    def _refuse(self) -> None:
        self.conn.fail(_UNWELCOME, "too many frames")
        if self.conn.close_sent is None:  # before it was accepted
            self.transport.abort()
        else:
            self.handle_parser_exception()


class _Hurried(_Counted, HttpToolsProtocol):
    _gathered = 0
    _moved = False
    _in_body = False
    _running: Any = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()
        self.lines.opened(self)

    def data_received(self, data: bytes) -> None:
        self._moved = False
        super().data_received(data)
        # httptools gathers heads, and values of trailers, of any length.
        self._gathered = len(data) + (0 if self._moved else self._gathered)
        if self._gathered > _MOST_GATHERED and not self.transport.is_closing():
            if self._is_answering:
                self.transport.abort()
            else:
                self.send_400_response("Request head too large.")

    def on_message_begin(self) -> None:
        self._moved = True
        super().on_message_begin()
        self._wait()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_body:  # a trailer: nobody here asks for one, and uvicorn keeps them all
            self.transport.abort()
        else:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._rest()
        self._moved = self._in_body = True
        if len(self.pipeline) < _MOST_QUEUED:
            super().on_headers_complete()
        else:
            self.transport.abort()

    def on_body(self, body: bytes) -> None:
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._moved, self._in_body = True, False
        super().on_message_complete()
        if self._is_answering:  # who is still sending it may be hung up on
            self.lines.busy(self)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete or self.cycle.more_body:
            self.lines.quiet(self)

    def handle_websocket_upgrade(self) -> None:
        """Change to frames, unless something is to be sent before: nothing would hold that back."""
        if self._is_answering:
            self.transport.abort()
        else:
            super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        # uvicorn tells the request that came last; that may be one of the queue.
        self.pipeline.clear()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete


def protocols(lines: Lines) -> tuple[type[HttpToolsProtocol], type[WebSocketsSansIOProtocol]]:
    """Return uvicorn's protocols, for HTTP and WebSockets, whose lines are counted there."""
    own = {"lines": lines}
    return type("Hurried", (_Hurried,), own), type("Live", (_Live,), own)
