"""Who may ask, how much is read, how long that may take; and what others do to a service."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

import smpengine as smp
from smpengine.service.desk import Answers
from smpengine.service.known import Known
from smpengine.service.limits import Limits
from smpengine.service.metrics import Metrics
from smpengine.service.plans import Plans
from smpengine.service.studio import Studio

from .conftest import alive, raw


def test_names_of_elsewhere_that_point_here_are_refused(url: str) -> None:
    for host, status in (("evil.example", 421), ("localhost", 200), ("127.0.0.1:99", 200)):
        assert httpx.get(f"{url}/api/choices", headers={"Host": host}).status_code == status


def test_a_token_opens_by_header_address_and_cookie(serve: Any) -> None:
    with serve(token="letmeinplease") as url:
        there = f"{url}/api/choices"
        assert httpx.get(there).status_code == 401
        assert httpx.get(there).headers["www-authenticate"] == "Bearer"
        assert httpx.get(f"{there}?token=wrong").status_code == 401
        assert httpx.get(f"{there}?token=letmeinplease").status_code == 200
        for value, status in (("Bearer letmeinplease", 200), ("Bearer no", 401), ("Basic x", 401)):
            assert httpx.get(there, headers={"Authorization": value}).status_code == status
        assert httpx.get(f"{url}/health").status_code == 200
        assert httpx.get(f"{url}/").status_code == 401
        with httpx.Client() as browser:
            page = browser.get(f"{url}/?token=letmeinplease")
            assert "HttpOnly" in page.headers["set-cookie"]
            assert browser.get(there).status_code == 200
        with smp.Client(url, token="letmeinplease") as client:
            assert client.plan().id
        with pytest.raises(smp.OutputError, match="401"), smp.Client(url) as client:
            client.plan()


def test_other_sites_may_ask_where_they_were_let_in(serve: Any) -> None:
    origin = {"Origin": "http://tool.example"}
    with serve(origins=("http://tool.example",)) as url:
        asked = httpx.get(f"{url}/api/choices", headers=origin)
        assert asked.headers["access-control-allow-origin"] == "http://tool.example"
        before = {**origin, "Access-Control-Request-Method": "PATCH",
                  "Access-Control-Request-Headers": "content-type"}  # fmt: skip
        assert httpx.options(f"{url}/api/plans/x", headers=before).status_code == 200
    with serve() as url:
        asked = httpx.get(f"{url}/api/choices", headers=origin)
        assert "access-control-allow-origin" not in asked.headers


@pytest.mark.parametrize(
    "path", ["/page/../app.py", "/page/%2e%2e/app.py", "/page/..%2fapp.py", "/page//etc/passwd",
             "/page/%2fetc/passwd", "/../../etc/passwd", "/page/\\..\\app.py", "/page/%00"],
)  # fmt: skip
def test_no_path_leads_out_of_the_page(url: str, path: str) -> None:
    with raw(url) as line:
        line.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b""
        while part := line.recv(65536):
            answer += part
    assert answer.split(b" ", 2)[1] in (b"404", b"400", b"405"), answer[:200]
    assert b"create_app" not in answer
    assert b"root:" not in answer


def test_what_breaks_inside_is_not_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr(Studio, "pixels", broken)
    answer = httpx.get(f"{url}/tiles/2/1/0.png?exposure=0.123")
    assert answer.status_code == 500
    assert answer.json()["errors"] == ["the service failed; its log says why."]
    assert "secret" not in answer.text
    monkeypatch.undo()
    assert alive(url)


def test_packed_and_endless_bodies_are_refused(url: str) -> None:
    packed = httpx.post(f"{url}/api/plans", content=b"x", headers={"Content-Encoding": "gzip"})
    assert packed.status_code == 415

    def endless() -> Any:
        for _ in range(64):
            yield b" " * 65536

    try:
        answer = httpx.post(f"{url}/api/plans", content=endless(),
                            headers={"Content-Type": "application/json"})  # fmt: skip
        assert answer.status_code == 413
    except httpx.TransportError:
        pass  # hung up on while it was still sending
    assert alive(url)


def test_slow_clients_are_hung_up_on(serve: Any) -> None:
    with serve(Limits(receive_s=0.6)) as url:
        head = b"POST /api/plans HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        with raw(url) as silent, raw(url) as slow_head, raw(url) as slow_body:
            slow_head.sendall(head[:30])
            slow_body.sendall(head + b"Content-Length: 100\r\n\r\n{")
            since = time.monotonic()
            assert silent.recv(100) == b""
            assert slow_head.recv(100) == b""
            assert b" 408 " in slow_body.recv(1000)
            assert time.monotonic() - since < 8.0
        assert alive(url)


def test_long_addresses_are_answered_and_not_remembered() -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        headers = [(b"etag", b'"a"'), (b"content-type", b"image/png")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"whole"})

    answers = Answers(2**20)
    answers.put("a", b"kept")
    known = Known(app, answers, Metrics())

    async def asked(query: bytes) -> bytes:
        told: list[Any] = []

        async def send(message: Any) -> None:
            told.append(message)

        scope = {"type": "http", "method": "GET", "path": "/x", "query_string": query,
                 "headers": []}  # fmt: skip
        await known(scope, send, send)  # type: ignore[arg-type]
        return bytes(told[-1]["body"])

    for query, again in ((b"y" * 500, b"kept"), (b"y" * 2000, b"whole")):
        assert asyncio.run(asked(query)) == b"whole"
        assert asyncio.run(asked(query)) == again


def test_who_reads_nothing_holds_nobody_up(serve: Any) -> None:
    with serve(Limits(receive_s=0.6)) as url, raw(url) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asked = b"GET /window.png?px_per_mm=60 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for _ in range(20):
            deaf.sendall(asked)
        for _ in range(5):
            assert alive(url)


class Slow:
    """Makes every picture wait until it is let go, or stopped."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = threading.Event()
        self.stopped = 0
        self.asked: list[str] = []
        pixels = Studio.pixels

        def slow(studio: Studio, asked: Any, cancel: Any = None) -> Any:
            self.asked.append(asked.tag)
            while not self.go.wait(0.01):
                if cancel is not None and cancel():
                    self.stopped += 1
                    raise smp.Cancelled("stopped")
            return pixels(studio, asked, cancel)

        monkeypatch.setattr(Studio, "pixels", slow)


def test_what_is_over_is_told_to_come_again(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for limits, status in (
        (Limits(most_waiting=4), 503),
        (Limits(most_each=4), 429),
        (Limits(most_connections=4), 503),
    ):
        slow = Slow(monkeypatch)
        with serve(limits) as url, ThreadPoolExecutor(12) as many:
            asked = [
                many.submit(httpx.get, f"{url}/window.jpg?px_per_mm={10 + k}", timeout=30.0)
                for k in range(12)
            ]
            until = time.monotonic() + 10.0
            while sum(each.done() for each in asked) < 8:
                assert time.monotonic() < until
                time.sleep(0.02)
            if limits.most_connections > 4:
                assert httpx.get(f"{url}/health", timeout=5.0).status_code == 200
            shed = [each.result() for each in asked if each.done()]
            assert {each.status_code for each in shed} == {status}
            assert all(int(each.headers["retry-after"]) >= 1 for each in shed)
            slow.go.set()
            assert sorted(each.result().status_code for each in asked)[:4] == [200] * 4
        monkeypatch.undo()


def test_the_same_asked_for_by_many_is_drawn_once(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    with serve() as url, ThreadPoolExecutor(8) as many:
        asked = [many.submit(httpx.get, f"{url}/tiles/1/0/0.jpg", timeout=30.0) for _ in range(8)]
        time.sleep(0.5)
        assert "smpengine_in_hand 1.0" in httpx.get(f"{url}/metrics").text
        slow.go.set()
        assert len({each.result().content for each in asked}) == 1
        assert len(set(slow.asked)) == len(slow.asked)


def test_work_that_nobody_waits_for_is_stopped(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    with serve() as url:
        for k in range(6):
            with pytest.raises(httpx.ReadTimeout):
                httpx.get(f"{url}/window.jpg?px_per_mm={10 + k}", timeout=0.3)
        until = time.monotonic() + 10.0
        while slow.stopped < 2 or "smpengine_in_hand 0.0" not in httpx.get(f"{url}/metrics").text:
            assert time.monotonic() < until
            time.sleep(0.05)
        slow.go.set()
        assert alive(url)


def test_pipelined_work_is_stopped_when_the_client_goes(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    with serve() as url:
        with raw(url) as line:
            for k in range(3):
                ask = f"GET /window.jpg?px_per_mm={10 + k} HTTP/1.1\r\nHost: localhost\r\n\r\n"
                line.sendall(ask.encode())
            until = time.monotonic() + 10.0
            while not slow.asked:
                assert time.monotonic() < until
                time.sleep(0.02)
        while not slow.stopped or "smpengine_in_hand 0.0" not in httpx.get(f"{url}/metrics").text:
            assert time.monotonic() < until
            time.sleep(0.05)
        slow.go.set()


def test_plans_that_take_long_keep_nobody_from_drawing(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, begun = threading.Event(), threading.Semaphore(0)
    add = Plans.add

    def slow(plans: Plans, said: Any) -> Any:
        begun.release()
        assert go.wait(30.0)
        return add(plans, said)

    monkeypatch.setattr(Plans, "add", slow)
    with serve() as url, ThreadPoolExecutor(8) as many:
        body = {"version": 1, "treatment": "natural", "scalp": {"extent_mm": [9, 9]}}
        sent = [many.submit(httpx.post, f"{url}/api/plans", json={**body, "seed": k}, timeout=60.0)
                for k in range(8)]  # fmt: skip
        assert begun.acquire(timeout=10.0)
        assert alive(url)
        assert httpx.get(f"{url}/window.jpg?px_per_mm=9").status_code == 200
        go.set()
        assert {each.result().status_code for each in sent} == {201}


def test_a_picture_that_takes_too_long(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    with serve(Limits(answer_s=0.3)) as url:
        answer = httpx.get(f"{url}/window.jpg?px_per_mm=10")
        assert answer.status_code == 503
        assert "it took over 0.3 s" in answer.json()["errors"][0]
        slow.go.set()


def test_the_health_is_told_while_too_much_is_in_hand(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    with serve(Limits(most_connections=2)) as url, ThreadPoolExecutor(2) as many:
        asked = [many.submit(httpx.get, f"{url}/window.jpg?px_per_mm={10 + k}", timeout=30.0)
                 for k in range(2)]  # fmt: skip
        until = time.monotonic() + 10.0
        while httpx.get(f"{url}/api/choices").status_code != 503:
            assert time.monotonic() < until
        assert httpx.get(f"{url}/health").status_code == 200
        slow.go.set()
        assert [each.result().status_code for each in asked] == [200, 200]


def test_metrics_and_openapi_say_what_there_is(url: str) -> None:
    httpx.get(f"{url}/tiles/0/0/0.jpg")
    told = httpx.get(f"{url}/metrics").text
    assert 'smpengine_requests_total{route="/tiles/{z}/{x}/{y}.{kind}",status="200"}' in told
    api = httpx.get(f"{url}/openapi.json").json()
    assert {"/tiles/{z}/{x}/{y}.{kind}", "/window.{kind}", "/api/plans"} <= set(api["paths"])
    assert "requestBody" in api["paths"]["/api/plans"]["post"]


@pytest.mark.parametrize("value", [0, -1, float("nan"), True, "many"])
def test_limits_are_limits(value: Any) -> None:
    with pytest.raises(smp.InputError, match="most_mpx must be a number over 0"):
        Limits(most_mpx=value)
