"""Services on ports of their own, in threads."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

import smpengine as smp
from smpengine.service.app import create_app
from smpengine.service.limits import Limits
from smpengine.service.run import server_of

from .browser import CHROMIUM, SIZES, page_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TABLE = {
    "version": 1, "seed": 3, "treatment": "natural", "scalp": {"extent_mm": [24.0, 18.0]},
    "render": {"px_per_mm": 40.0},
}  # fmt: skip
HANDSHAKE = (
    b"GET /live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@contextlib.contextmanager
def serving(
    limits: Limits | None = None, plan: smp.Plan | None = None, **more: Any
) -> Iterator[str]:  # fmt: skip
    """Give the address of a service."""
    given = Limits() if limits is None else limits
    app = create_app(smp.Plan.from_dict(TABLE) if plan is None else plan, limits=given,
                     device="cpu", **more)  # fmt: skip
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = server_of(app, "127.0.0.1", port, given)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        until = time.monotonic() + 30.0
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        assert server.started
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(20.0)
            assert not thread.is_alive(), "the service did not stop"


def raw(url: str) -> socket.socket:
    """Return a connection."""
    there = urlsplit(url)
    return socket.create_connection((there.hostname, there.port), 10.0)


def alive(url: str) -> bool:
    """Tell whether it draws."""
    return httpx.get(f"{url}/tiles/0/0/0.jpg", timeout=20.0).status_code == 200


def first_of(line: socket.socket) -> bytes:
    """Return the status that is answered, nothing where it is hung up on."""
    """Return the status that came, nothing where it was hung up on."""
    try:
        return [*line.recv(200).split(b" "), b""][1]
    except ConnectionError:
        return b""


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    with serving() as there:
        yield there


@pytest.fixture
def client(url: str) -> Iterator[smp.Client]:
    with smp.Client(url) as made:
        yield made


@pytest.fixture(scope="session")
def plan() -> smp.Plan:
    return smp.Plan.from_dict(TABLE)


@pytest.fixture
def serve() -> Callable[..., contextlib.AbstractContextManager[str]]:
    return serving


PAGE_PLAN: dict[str, Any] = {
    "version": 1, "seed": 5, "treatment": "strong", "skin": {"type": "I-II"},
    "scalp": {
        "extent_mm": [60.0, 44.0],
        "hairline": {
            "points_mm": [[0, 16], [15, 11], [30, 10], [45, 11], [60, 16]], "feather_mm": 3.0,
        },
    },
    "render": {"px_per_mm": 20.0},
}  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        shown = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield shown
        shown.close()


@pytest.fixture(scope="module")
def page_url() -> Iterator[str]:
    with serving(plan=smp.Plan.from_dict(PAGE_PLAN)) as url:
        yield url


@pytest.fixture(params=SIZES)
def page(request: pytest.FixtureRequest, browser: Browser, page_url: str) -> Iterator[Page]:
    with page_of(browser, page_url, request.param) as shown:
        yield shown
