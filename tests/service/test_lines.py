"""Connections: how many, how long, and what one of them may make the service gather or do."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.frames import Opcode

from smpengine.service import run
from smpengine.service.limits import Limits
from smpengine.service.lines import Lines, unsent

from .conftest import HANDSHAKE, alive, first_of, raw


def test_a_head_without_end_is_refused_before_it_is_large(url: str) -> None:
    with raw(url) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        sent, since = 0, time.monotonic()
        with suppress(OSError):
            for _ in range(4096):
                sent += line.send(b"x" * 65536)
        assert sent < 2**26
        assert time.monotonic() - since < 8.0
        assert first_of(line) in (b"400", b"")
    assert alive(url)


def test_large_bodies_and_many_requests_are_no_large_head(url: str) -> None:
    body = b'{"version": 1, "letters": "' + b"x" * 900_000 + b'"}'
    head = (b"POST /api/plans HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body))  # fmt: skip
    with raw(url) as line:
        for _ in range(3):
            line.sendall(head + body)
            answer = b""
            while b"errors" not in answer:
                answer += line.recv(65536)
            assert answer.split(b" ")[1] == b"422"


def test_more_connections_than_may_be_open_leave_it_alive(serve: Any) -> None:
    with serve(Limits(most_connections=12)) as url:
        lines = [raw(url) for _ in range(200)]
        for line in lines:
            with suppress(OSError):
                line.sendall(b"GET /api/choices HTTP/1.1\r\nHost: localhost\r\n\r\n")
        firsts = [first_of(line) for line in lines]
        for line in lines:
            line.close()
        assert set(firsts) <= {b"200", b"503", b""}
        assert firsts.count(b"200") >= 12
        assert alive(url)


class _Line:
    """A line as far as it is counted, its transport and its loop."""

    def __init__(self) -> None:
        self.transport = self.loop = self
        self.gone = self.closing = False
        self.left = 0
        self.own: socket.socket | None = None

    def get_extra_info(self, _: str) -> socket.socket:
        if self.own is None:
            raise OSError
        return self.own

    def abort(self) -> None:
        self.gone = True

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return self.left

    def call_later(self, *_: Any) -> None:
        pass


def test_lines_that_take_nothing_in_are_cut() -> None:
    lines = Lines(9, 9.0, 10**9)
    deaf, slow, fast, closing, ended = (_Line() for _ in range(5))
    for line in (deaf, slow, fast, closing, ended):
        lines.opened(line)
    for line in (deaf, slow, fast):
        lines.full(line)
        line.left = 100
    closing.closing = ended.closing = True
    closing.left = 7
    for left in (100, 60, 30, 10):
        lines.cut(deaf)  # type: ignore[arg-type]
        slow.left = left
        lines.moved(fast)
        lines.full(fast)
    assert [each.gone for each in (deaf, slow, fast, closing, ended)] == [
        True, False, False, True, False,
    ]  # fmt: skip
    for _ in range(4):
        lines.cut(deaf)  # type: ignore[arg-type]
    assert slow.gone
    assert fast.gone


def test_of_what_waits_to_be_taken_in_there_is_a_bound() -> None:
    lines, (a, b, c) = Lines(9, 9.0, 250), [_Line() for _ in range(3)]
    for line in (a, b, c):
        lines.opened(line)
        line.left = 100
    lines.full(a)
    lines.full(b)
    lines.cut(a)  # type: ignore[arg-type]
    a.left = 90
    lines.cut(a)  # type: ignore[arg-type]
    lines.full(c)
    assert [each.gone for each in (a, b, c)] == [False, True, False], "who took nothing in goes"
    d = _Line()
    d.left = 100
    lines.opened(d)
    lines.full(d)
    assert [each.gone for each in (a, c, d)] == [True, False, False], "then who is full for longest"


def test_where_all_are_busy_one_that_takes_nothing_in_goes() -> None:
    lines, (a, b, c) = Lines(2, 9.0, 250), [_Line() for _ in range(3)]
    for line in (a, b):
        lines.opened(line)
        lines.busy(line)
        lines.full(line)
        line.left = 100
    lines.cut(a)  # type: ignore[arg-type]
    a.left = 99
    lines.cut(a)  # type: ignore[arg-type]
    lines.opened(c)
    assert [each.gone for each in (a, b, c)] == [False, True, False]


def test_what_the_kernel_has_taken_counts_till_the_reader_has_it() -> None:
    """A reader of 50 kB/s empties its buffers in steps that are farther apart than two looks."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = socket.create_connection(server.getsockname())
        there, _ = server.accept()
        with here, there:
            there.settimeout(5.0)
            here.setblocking(False)
            sent = 0
            with suppress(BlockingIOError):
                while True:
                    sent += here.send(bytes(65536))
            line = _Line()
            line.own = here
            before = unsent(line)
            assert before > 0
            until = time.monotonic() + 10.0
            while unsent(line) >= before:
                assert there.recv(65536)
                assert time.monotonic() < until


def test_the_line_that_was_quiet_for_longest_goes() -> None:
    lines, (a, b, c, d) = Lines(2, 9.0, 10**9), [_Line() for _ in range(4)]
    lines.opened(a)
    lines.busy(a)
    lines.opened(b)
    lines.opened(c)
    assert [each.gone for each in (a, b, c)] == [False, True, False]
    lines.busy(c)
    lines.quiet(a)
    lines.quiet(b)  # too late: it is closed
    lines.closed(b)
    lines.opened(d)
    assert [each.gone for each in (a, c, d)] == [True, False, False]
    lines.busy(d)
    lines.opened(newest := _Line())
    assert newest.gone, "where all are busy, who comes goes"
    lines.closed(c)
    lines.opened(another := _Line())
    assert not another.gone


LARGE = "/window.png?px_per_mm=180&exposure="


def deaf(url: str) -> socket.socket:
    there = urlsplit(url)
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect((there.hostname, there.port))
    return line


def served(url: str) -> bool:
    try:
        return alive(url)
    except httpx.TransportError:
        return False


def test_who_takes_nothing_in_does_not_shut_others_out(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []

    class Seen(Lines):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            self.full_before = 0
            made.append(self)

        def full(self, line: Any) -> None:
            self.full_before += 1
            super().full(line)

    monkeypatch.setattr(run, "Lines", Seen)
    with serve(Limits(most_connections=2, receive_s=0.4)) as url:
        for k in (1, 2):  # known, so that they are sent at once
            assert len(httpx.get(f"{url}{LARGE}{k}", timeout=30.0).content) > 6e6
        lines = [deaf(url) for _ in range(8)]
        for line in lines:
            for k in (1, 2):
                line.sendall(f"GET {LARGE}{k} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        until = time.monotonic() + 20.0
        while not made[0].full_before or made[0]._full:
            assert time.monotonic() < until
            time.sleep(0.05)
        while not served(url):  # who comes while all are busy is told so by being hung up on
            assert time.monotonic() < until
        for line in lines:
            line.close()


def test_small_requests_one_after_the_other_are_no_large_head(url: str) -> None:
    ask = b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: %s\r\n\r\n" % (b"x" * 20_000)
    with raw(url) as line:
        line.sendall(ask[:100])
        for _ in range(60):  # each read ends within the next head
            line.sendall(ask[100:] + ask[:100])
            assert b"200 OK" in line.recv(65536)


def test_requests_without_end_ahead_of_their_answers_end_the_line(url: str) -> None:
    with raw(url) as line:
        with suppress(OSError):
            for _ in range(200):
                line.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000)
        answered = b""
        with suppress(OSError):
            while part := line.recv(65536):
                answered += part
    assert answered.count(b"200 OK") < 200_000
    assert alive(url)


def test_who_holds_lines_open_and_asks_for_nothing_shuts_nobody_out(serve: Any) -> None:
    with serve(Limits(most_connections=5)) as url:
        lines = [raw(url) for _ in range(60)]
        assert alive(url)
        assert httpx.get(f"{url}/health").status_code == 200
        for line in lines:
            line.close()


def ended(line: socket.socket) -> bytes:
    """Return what comes until the line is at its end."""
    parts = []
    with suppress(ConnectionError):
        while part := line.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (b"".join(b"x%d: y\r\n" % k for k in range(200)), b"431"),
        (b"x: " + b"y" * 20_000 + b"\r\n", b"431"),
        (b"Content-Length: 5\r\n", b""),
    ],
)
def test_handshakes_that_cannot_be_read_are_answered_and_ended(
    serve: Any, more: bytes, says: bytes
) -> None:
    """No event tells of them, so they held a place for ever."""
    with serve(Limits(most_connections=2)) as url:
        lines = [raw(url) for _ in range(20)]
        for line in lines:
            with suppress(OSError):
                line.sendall(HANDSHAKE[:-2] + more + b"\r\n")
        answers = [ended(line) for line in lines]
        assert any(answer.split(b" ")[1:2] == [says] for answer in answers) or not says
        assert alive(url)
        for line in lines:
            line.close()


@pytest.mark.parametrize("trailer", [b"a: b\r\n", b"c: " + b"d" * 65536, b"e" * 65536])
def test_trailers_are_not_gathered(url: str, trailer: bytes) -> None:
    head = b"POST /api/plans HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with raw(url) as line:
        line.sendall(head + b"0\r\n")
        sent = 0
        with suppress(OSError):
            while sent < 2**27:
                sent += line.send(trailer * max(65536 // len(trailer), 1))
        assert sent < 2**26
    assert alive(url)


def frame(opcode: int, body: bytes = b"", fin: bool = True) -> bytes:
    """Return a masked frame."""
    return bytes([opcode | (0x80 if fin else 0), 0x80 | len(body), 0, 0, 0, 0]) + body


@pytest.mark.parametrize(
    "flood",
    [frame(Opcode.PONG), frame(Opcode.PING, b"x" * 100), frame(Opcode.CONT, fin=False),
     frame(Opcode.TEXT, b"{}")],
)  # fmt: skip
def test_floods_of_frames_end_their_line(url: str, flood: bytes) -> None:
    with raw(url) as line:
        line.sendall(HANDSHAKE)
        assert b" 101 " in line.recv(1000)
        first = frame(Opcode.TEXT, b" ", fin=False) if flood[0] == Opcode.CONT else b""
        with suppress(OSError):
            line.sendall(first)
            for _ in range(3000):
                line.sendall(flood * 1000)
        said = ended(line)
        assert not said or b"\x03\xf0" in said  # 1008
    assert alive(url)


def test_a_message_of_very_many_pieces_ends_its_line(url: str) -> None:
    with raw(url) as line:
        line.sendall(HANDSHAKE)
        assert b" 101 " in line.recv(1000)
        line.sendall(frame(Opcode.TEXT, b" ", fin=False))
        for _ in range(30):  # slowly
            with suppress(OSError):
                line.sendall(frame(Opcode.CONT, fin=False) * 60)
            time.sleep(0.1)
        assert b"\x03\xf0" in ended(line)


def test_who_is_slow_to_send_a_body_keeps_nobody_out(serve: Any) -> None:
    head = b"POST /api/plans HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with serve(Limits(most_connections=2)) as url:
        lines = [raw(url) for _ in range(30)]
        for line in lines:
            with suppress(OSError):
                line.sendall(head + b"Content-Length: 99\r\n\r\n{")
        assert alive(url)
        assert httpx.get(f"{url}/api/choices").status_code == 200
        for line in lines:
            line.close()


def test_bodies_have_a_bound_together(serve: Any) -> None:
    head = b"POST /api/plans HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with serve(Limits(bodies_mib=1)) as url:
        lines = [raw(url) for _ in range(3)]
        for line in lines:
            line.sendall(head + b"Content-Length: 900000\r\n\r\n" + b" " * 500_000)
        lines[0].settimeout(5.0)
        firsts = []
        for line in lines:
            line.settimeout(2.0)
            with suppress(TimeoutError):
                firsts.append(first_of(line))
        assert firsts.count(b"503") == 1
        for line in lines:
            line.close()
        until = time.monotonic() + 10.0
        while httpx.post(f"{url}/api/plans", content=b" " * 600_000).status_code == 503:
            assert time.monotonic() < until


def test_nobody_upgrades_while_something_is_to_be_sent(url: str) -> None:
    with raw(url) as line:
        line.sendall(b"GET /tiles/0/0/0.png HTTP/1.1\r\nHost: localhost\r\n\r\n" + HANDSHAKE)
        assert b" 101 " not in ended(line)
    assert alive(url)
