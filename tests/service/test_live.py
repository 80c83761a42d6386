"""The live view: soon, then as it is; the newest wish alone."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

import smpengine as smp
from smpengine.service.limits import Limits
from smpengine.service.live import Turns, Wanted, _Line, draw
from smpengine.service.metrics import Metrics
from smpengine.service.studio import Studio

from .conftest import HANDSHAKE


def socket_to(url: str, **more: Any) -> ClientConnection:
    return connect("ws" + url.removeprefix("http") + "/live", max_size=None, **more)


def test_a_view_comes_soon_and_then_as_it_is(client: smp.Client, plan: smp.Plan) -> None:
    window = (3.0, 2.0, 20.0, 15.0)
    with client.live() as live:
        stages = list(live.show(90.0, window, day=77.0, format="png"))
    assert [s.share for s in stages] == sorted(s.share for s in stages)
    assert len(stages) >= 2
    assert stages[-1].share == 1.0
    final = smp.render(plan.scene(77.0), 90.0, window)
    np.testing.assert_array_equal(stages[-1].picture, final)
    coarse = stages[0].picture.astype(float)
    assert coarse.shape == final.shape
    assert abs(coarse.mean() - final.mean()) < 4.0


def test_a_patch_is_shown_and_named(client: smp.Client) -> None:
    with client.live() as live:
        last = list(live.show(20.0, patch={"skin": {"type": "V"}}, format="png"))[-1]
    assert client.plan(last.plan).plan["skin"]["type"] == "V"
    np.testing.assert_array_equal(client.window(None, 20.0, last.plan), last.picture)


def test_only_the_newest_wish_is_drawn_to_its_end(serve: Any) -> None:
    plan = smp.Plan.from_dict({
        "version": 1, "treatment": "strong", "scalp": {"extent_mm": [120.0, 90.0]},
    })  # fmt: skip
    with serve(plan=plan) as url, socket_to(url) as socket:
        for number in range(12):
            wish = {"number": number, "px_per_mm": 20.0, "exposure": 1.0, "day": 40.0 + number}
            socket.send(json.dumps(wish))
            time.sleep(0.02)
        ended = []
        while 11 not in ended:
            told = json.loads(socket.recv(60.0))
            assert "errors" not in told
            socket.recv(60.0)
            if told["share"] == 1.0:
                ended.append(told["number"])
        assert len(ended) <= 3, "stale wishes were drawn to their ends"
        stale = httpx.get(f"{url}/metrics").text.split("\nsmpengine_stale_total ")[1].split("\n")[0]
        assert float(stale) >= 9.0


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("{", "body must be JSON"),
        ('{"px_per_mm": NaN}', "body must hold finite numbers"),
        ("{}", "px_per_mm must"),
        ('{"px_per_mm": 10, "colour": 1}', "colour must"),
        ('{"px_per_mm": 10, "window_mm": [0, 0, 1]}', "window_mm.3 must"),
        ('{"px_per_mm": 9000}', "picture must have at most 16 million pixels"),
        ('{"px_per_mm": 10, "plan": "none"}', "plan must be the id of a plan"),
        ('{"px_per_mm": 10, "patch": {"fullness": 2}}', "plan: fullness must"),
        ('{"px_per_mm": 10, "sessions": [4]}', "sessions must be numbers from 1 to 3, got 4"),
        ('{"px_per_mm": 10, "number": -1}', "number must"),
    ],
)
def test_what_is_wrong_is_said_and_the_line_stays(url: str, message: str, says: str) -> None:
    with socket_to(url) as socket:
        socket.send(message)
        told = json.loads(socket.recv(20.0))
        assert any(says in line for line in told["errors"]), told
        socket.send('{"number": 5, "px_per_mm": 5}')
        assert json.loads(socket.recv(20.0))["number"] == 5


def test_bytes_and_floods_end_the_line_and_nothing_else(url: str, client: smp.Client) -> None:
    with socket_to(url) as socket:
        socket.send(b"\x00\x01")
        with pytest.raises(ConnectionClosed):
            socket.recv(20.0)
    with socket_to(url) as socket:
        socket.send(" " * (2**20 + 1))
        with pytest.raises(ConnectionClosed):
            socket.recv(20.0)
    assert client.plan().id


def test_lines_are_counted_and_freed(serve: Any) -> None:
    with serve(Limits(most_live=2)) as url:
        with socket_to(url), socket_to(url):
            with pytest.raises((InvalidStatus, ConnectionClosed)), socket_to(url) as third:
                third.recv(5.0)
            assert "smpengine_live 2.0" in httpx.get(f"{url}/metrics").text
        until = time.monotonic() + 10.0
        while "smpengine_live 0.0" not in httpx.get(f"{url}/metrics").text:
            assert time.monotonic() < until
            time.sleep(0.05)
        with socket_to(url) as socket:
            socket.send('{"px_per_mm": 2}')
            assert json.loads(socket.recv(20.0))["share"] >= 0.0


def test_an_origin_that_is_none_gets_no_line(url: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        socket_to(url, origin="http://[")
    assert caught.value.response.status_code == 403


def test_pages_of_elsewhere_get_no_line(serve: Any) -> None:
    with serve() as url:
        with pytest.raises(InvalidStatus):
            socket_to(url, origin="http://elsewhere.example")
        with socket_to(url, origin=url) as socket:
            socket.send('{"px_per_mm": 2}')
            assert json.loads(socket.recv(20.0))["share"] >= 0.0
    with (
        serve(origins=("http://elsewhere.example",)) as url,
        socket_to(url, origin="http://elsewhere.example") as socket,
    ):
        socket.send('{"px_per_mm": 2}')
        assert json.loads(socket.recv(20.0))["share"] >= 0.0


def test_a_small_window_of_a_large_scalp_is_the_wholes(serve: Any) -> None:
    table = {"version": 1, "treatment": "strong", "scalp": {"extent_mm": [120.0, 90.0]}}
    patch = {"fullness": 0.7, "faults": ["ink-migration"]}
    own = smp.Plan.from_dict({**table, **patch})
    with serve(plan=smp.Plan.from_dict(table)) as url, smp.Client(url) as client:
        with client.live() as live:
            for day, window in ((None, (50.0, 40.0, 58.0, 46.0)), (35.0, (-1.0, 84.0, 5.0, 91.0))):
                for px_per_mm in (40.0, 9.0, 2.5):
                    asked = live.show(px_per_mm, window, patch=patch, day=day, format="png")
                    last = list(asked)[-1].picture
                    whole = smp.render(own.scene(day), px_per_mm, window)
                    np.testing.assert_array_equal(last, whole)
        assert client.plan().about["impressions"] > 10_000


def test_a_client_that_takes_its_picture_in_slowly_keeps_nobody_from_drawing(
    plan: smp.Plan,
) -> None:
    studio, turns = Studio(plan, Limits(), "cpu", 1), Turns(1)
    wanted = Wanted(px_per_mm=8.0)
    held, go = threading.Event(), threading.Event()

    def slow(*_: Any) -> bool:
        held.set()
        return go.wait(30.0)

    def never() -> bool:
        return False

    other = threading.Thread(target=draw, args=(studio, wanted, slow, never, turns))
    other.start()
    assert held.wait(30.0)
    shares: list[float] = []

    def quick(told: dict[str, Any], _: bytes | None) -> bool:
        shares.append(told["share"])
        return True

    draw(studio, wanted, quick, never, turns)
    assert shares[-1] == 1.0
    assert not go.is_set()
    go.set()
    other.join(30.0)
    with turns.take(never), pytest.raises(smp.Cancelled), turns.take(lambda: True):
        pass


def test_a_live_client_that_takes_nothing_in_loses_its_place(serve: Any) -> None:
    with serve(Limits(most_live=1, receive_s=0.4)) as url:
        there = urlsplit(url)
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.connect((there.hostname, there.port))
            line.sendall(HANDSHAKE)
            assert b" 101 " in line.recv(200)
            for number in range(3):
                wish = json.dumps({"number": number, "px_per_mm": 180.0, "format": "png"}).encode()
                head = bytes([0x81, 0x80 | len(wish), 0, 0, 0, 0])
                with suppress(OSError):
                    line.sendall(head + wish)
                time.sleep(1.5)
            until = time.monotonic() + 20.0
            while True:  # its place is another's while it holds on
                try:
                    with socket_to(url) as other:
                        other.send('{"px_per_mm": 4}')
                        other.recv(10.0)
                        break
                except (ConnectionClosed, InvalidStatus):
                    assert time.monotonic() < until
                    time.sleep(0.2)


def test_a_slow_client_gets_its_picture_to_the_end(serve: Any) -> None:
    """It was given up on after `receive_s`, and closed because its pong came late."""
    with serve(Limits(most_live=1, receive_s=0.3)) as url:
        there = urlsplit(url)
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.connect((there.hostname, there.port))
            with connect("ws://localhost/live", sock=line, max_size=None) as live:
                live.send(json.dumps({"px_per_mm": 180.0, "format": "png"}))
                time.sleep(0.5)
                share = 0.0
                while share < 1.0:
                    told = json.loads(live.recv(30.0))
                    share = told["share"]
                    time.sleep(0.5)
                    assert len(live.recv(30.0)) > 1000


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"px_per_mm": 4, "faults": ["x"] * 100_000}, "faults.0 must be 'too-deep'"),
        ({"px_per_mm": 4, "sessions": ["x"] * 100_000}, "sessions.0 must be a whole number"),
        ({str(k): 0 for k in range(50_000)}, "message must have at most 10 keys, got 50,000"),
    ],
)
def test_a_long_wrong_wish_gets_a_short_answer(url: str, wish: Any, says: str) -> None:
    with socket_to(url) as live:
        live.send(json.dumps(wish))
        errors = json.loads(live.recv(20.0))["errors"]
    assert len(errors) == 1
    assert errors[0].startswith(says)
    assert len(errors[0]) < 400


def test_of_what_waits_the_newest_alone_is_kept(plan: smp.Plan) -> None:
    drawn: list[str] = []
    go = threading.Event()

    class Told:
        def __init__(self) -> None:
            self.app = SimpleNamespace(state=SimpleNamespace(
                live_threads=ThreadPoolExecutor(2), turns=Turns(1), metrics=Metrics(),
            ))  # fmt: skip

        async def send_text(self, text: str) -> None:
            drawn.append(text)

        async def send_bytes(self, body: bytes) -> None:
            pass

    class Held(Studio):
        def window(self, *asked: Any) -> Any:
            assert go.wait(30.0)
            return super().window(*asked)

    async def flood() -> int:
        line = _Line(Told(), Held(plan, Limits(), "cpu", 1))  # type: ignore[arg-type]
        for number in range(200):
            line.want(json.dumps({"number": number, "px_per_mm": 8.0}))
            await asyncio.sleep(0)
        tasks = len(asyncio.all_tasks())
        go.set()
        assert line._task is not None
        await line._task
        return tasks

    assert asyncio.run(flood()) <= 3
    assert {json.loads(text)["number"] for text in drawn} <= {0, 199}
    assert json.loads(drawn[-1])["share"] == 1.0
