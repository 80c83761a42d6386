"""The short way to pictures that were sent before: no routing, no parsing, no thread.

An address means one picture for as long as a service runs: plans never change, and the first stays
the first. So what an address was answered with once is what it is answered with again.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from smpengine.service.answer import in_list
from smpengine.service.desk import Answers
from smpengine.service.guard import App, Message, Receive, Scope, Send
from smpengine.service.metrics import Metrics

_MOST: Final = 65_536
_LONGEST: Final = 1024
"""Of an address in bytes; a longer one is answered, and not remembered."""
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class _Sent:
    """What an address was answered with; the bytes themselves may have been dropped since."""

    tag: str
    headers: Headers
    route: Any


class Known:
    """Answers what was answered before.

    Parameters
    ----------
    app
        What answers the rest.
    answers
        Bytes by their tag.
    metrics
        Told who knew a picture.
    """

    def __init__(self, app: App, answers: Answers, metrics: Metrics) -> None:
        self._app, self._answers, self._metrics = app, answers, metrics
        self._sent: OrderedDict[tuple[str, bytes], _Sent] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        address = scope["path"], scope["query_string"]
        sent = self._sent.get(address)
        body = None if sent is None else self._answers.get(sent.tag)
        if sent is None or body is None:
            short = len(address[0]) + len(address[1]) <= _LONGEST
            noting = self._noting(scope, address, send) if short else send
            await self._app(scope, receive, noting)
            return
        scope["route"] = sent.route
        asked = next((v for k, v in scope["headers"] if k == b"if-none-match"), b"")
        if in_list(sent.tag, asked.decode("latin-1")):
            self._metrics.known.labels("client").inc()
            kept = [(k, v) for k, v in sent.headers if k != b"content-type"]
            await send({"type": "http.response.start", "status": 304, "headers": kept})
            await send({"type": "http.response.body", "body": b""})
            return
        self._metrics.known.labels("service").inc()
        headers = [*sent.headers, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _noting(self, scope: Scope, address: tuple[str, bytes], send: Send) -> Send:
        """Return a send that remembers what an address is answered with."""

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                headers = [(k, v) for k, v in message["headers"] if k != b"content-length"]
                tag = next((v for k, v in headers if k == b"etag"), None)
                if tag is not None:
                    named = tag.decode("latin-1").strip('"')
                    self._sent[address] = _Sent(named, headers, scope.get("route"))
                    while len(self._sent) > _MOST:
                        self._sent.popitem(last=False)
            await send(message)

        return noting
