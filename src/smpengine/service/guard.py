"""What stands before the routes: who may ask, how much is read, how long that may take.

Plain ASGI, for it sees every byte; what it refuses costs next to nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from smpengine.service.limits import Limits
from smpengine.service.metrics import Metrics
from smpengine.service.problems import KIND, Problem, problem_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE: Final = "smpengine_token"
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_OPEN: Final = ("/health",)
_DIGITS: Final = 20
"""Of a length; one of more is as good as any that is too large."""
_log = logging.getLogger("smpengine.service")


class Guard:
    """Lets in who may ask, and reads no more than is taken on.

    Parameters
    ----------
    app
        What answers.
    limits
        What is taken on.
    metrics
        Told of every answer.
    token
        That must be brought; None where nobody needs one.
    hosts
        Names that the service goes by; any where a token is needed. A page of elsewhere may have
        its own name point here.
    origins
        Other sites whose pages may ask.
    """

    def __init__(
        self, app: App, limits: Limits, metrics: Metrics, token: str | None,
        hosts: frozenset[str], origins: tuple[str, ...],
    ) -> None:  # fmt: skip
        self._app, self._limits, self._metrics = app, limits, metrics
        self._token, self._hosts, self._origins = token, hosts, origins
        self._in_hand = self._bodies = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "websocket":
            if self._refusal(scope) is not None or not self._same_site(scope):
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        since = time.perf_counter()
        if scope["method"] == "HEAD":
            # As GET; the server sends no body, for its own scope is as it was (RFC 9110, 9.3.2).
            scope = {**scope, "method": "GET"}
        started = False
        wanted = self._brought_by_query(scope)
        place = contextlib.ExitStack()

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                place.close()  # who takes long to take it in keeps nobody out
                message["headers"] = [*message.get("headers", []), *_HEADERS, *wanted]
                self._tell(scope, message["status"], time.perf_counter() - since)
            await send(message)

        try:
            refused = self._refusal(scope)
            if refused is not None:
                raise refused
            async with self._body(scope, receive) as body:
                # So does who takes long to send it.
                place.enter_context(self._place(scope))
                await self._app(scope, _replayed(body, receive), answer)
        except TimeoutError:
            if not started:
                await _say(Problem(408, ["the request came too slowly."]), answer)
        except Problem as problem:
            if not started:
                await _say(problem, answer)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            _log.exception("%s %s", scope["method"], scope["path"])
            if not started:
                await _say(problem_of(error), answer)
        finally:
            place.close()

    @contextlib.contextmanager
    def _place(self, scope: Scope) -> Iterator[None]:
        """Have a place among the requests whose answers are being made."""
        if self._in_hand >= self._limits.most_connections and scope["path"] not in _OPEN:
            raise Problem(503, ["too many requests in hand; come again soon."], 1)
        self._in_hand += 1
        try:
            yield
        finally:
            self._in_hand -= 1

    def _refusal(self, scope: Scope) -> Problem | None:
        """Return why a request is not let in; None where it is."""
        if scope["path"] in _OPEN or scope.get("method") == "OPTIONS":
            return None
        if self._token is None:
            host = _name_of(_header(scope, b"host")).lower()
            if host not in self._hosts:
                return Problem(421, [f"host must be one of {', '.join(sorted(self._hosts))}."])
            return None
        if not any(_equal(self._token, each) for each in _brought(scope)):
            return Problem(401, ["token must be brought: Authorization: Bearer TOKEN, or ?token="])
        return None

    def _same_site(self, scope: Scope) -> bool:
        """Tell whether a live connection comes from a page that may have one, or from no page."""
        origin = _header(scope, b"origin")
        if not origin or "*" in self._origins or origin in self._origins:
            return True
        try:
            return urlsplit(origin).netloc == _header(scope, b"host")
        except ValueError:  # it is no address
            return False

    def _brought_by_query(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        """Return the cookie for a page that was opened with the right token in its address."""
        if self._token is None or scope["path"] != "/":
            return []
        if not any(_equal(self._token, each) for each in _queried(scope)):
            return []
        cookie = f"{COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/"
        return [(b"set-cookie", cookie.encode("latin-1"))]

    @contextlib.asynccontextmanager
    async def _body(self, scope: Scope, receive: Receive) -> AsyncIterator[bytes]:
        """Give what was sent, if it is not too much and came soon enough."""
        if scope["method"] in ("GET", "OPTIONS", "DELETE"):
            yield b""
            return
        most = self._limits.most_body_kib * 1024
        if _header(scope, b"content-encoding").lower() not in ("", "identity"):
            raise Problem(415, ["body must be sent as it is, without Content-Encoding."])
        said = _header(scope, b"content-length")
        if said.isdigit() and (len(said) > _DIGITS or int(said) > most):
            got = f"{said[:_DIGITS]} bytes"
            raise Problem(413, [f"body must be at most {most // 1024} KiB, got {got}."])
        held = 0
        try:
            parts: list[bytes] = []
            async with asyncio.timeout(self._limits.receive_s):
                async for part in _parts_of(receive):
                    held += len(part)
                    self._bodies += len(part)
                    if held > most:
                        raise Problem(413, [f"body must be at most {most // 1024} KiB, got more."])
                    if self._bodies > self._limits.bodies_mib * 2**20:
                        raise Problem(503, ["too much is being sent; come again soon."], 1)
                    parts.append(part)
            yield b"".join(parts)
        finally:
            self._bodies -= held

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        name = getattr(route, "path", "other")
        self._metrics.requests.labels(name, str(status)).inc()
        self._metrics.seconds.labels(name).observe(seconds)
        if status in (429, 503):
            self._metrics.shed.labels(str(status)).inc()


_HEADERS: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


async def _parts_of(receive: Receive) -> AsyncIterator[bytes]:
    """Give the parts of a body."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, ["the request was broken off."])
        yield message.get("body", b"")
        more = message.get("more_body", False)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a receive that gives a body that was read already, then whatever comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return message

    return again


async def _say(problem: Problem, send: Send) -> None:
    body = json.dumps(problem.body()).encode()
    headers = [(b"content-type", KIND.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(k.lower().encode(), v.encode()) for k, v in problem.headers().items()]
    if problem.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _header(scope: Scope, name: bytes) -> str:
    return next((v.decode("latin-1") for k, v in scope["headers"] if k == name), "")


def _name_of(host: str) -> str:
    """Return a Host header without its port."""
    if host.startswith("["):
        return host[1:].split("]")[0]
    return host.rsplit(":", 1)[0] if host.count(":") == 1 else host


def _queried(scope: Scope) -> list[str]:
    return parse_qs(scope["query_string"].decode("latin-1")).get("token", [])


def _brought(scope: Scope) -> list[str]:
    """Return the tokens that a request brings: by header, query or cookie."""
    found = _queried(scope)
    kind, _, value = _header(scope, b"authorization").partition(" ")
    if kind.lower() == "bearer":
        found.append(value.strip())
    try:
        cookies = SimpleCookie(_header(scope, b"cookie"))
    except CookieError:
        return found
    if COOKIE in cookies:
        found.append(cookies[COOKIE].value)
    return found


def _equal(token: str, brought: str) -> bool:
    return hmac.compare_digest(token.encode("utf-8"), brought.encode("utf-8"))
