"""`smpengine serve`, as it is typed."""

from __future__ import annotations

import gc
import io
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

import smpengine as smp
from smpengine.service.client import _unpacked
from smpengine.service.limits import Limits

PLAN = 'version = 1\ntreatment = "natural"\nscalp.extent_mm = [8.0, 6.0]\n'


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    (tmp_path / "plan.toml").write_text(PLAN)
    return tmp_path / "plan.toml"


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "smpengine.cli", "serve", *map(str, words)]


@contextmanager
def started(*words: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Give a service that runs, and where."""
    process = subprocess.Popen(
        command(*words, "--port", 0), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+?:\d+", line)
        assert found, line + (process.stderr.read() if process.stderr else "")
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_stopped(plan: Path, how: signal.Signals) -> None:
    with started(plan) as (process, url):
        assert httpx.get(f"{url}/health").json()["status"] == "ok"
        assert httpx.get(f"{url}/").headers["content-type"].startswith("text/html")
        with smp.Client(url) as client:
            assert client.plan().about["extent_mm"] == [8.0, 6.0]
        process.send_signal(how)
        out, err = process.communicate(timeout=20)
        assert "Traceback" not in out + err
        assert process.returncode in (0, 1, 130, -how, 128 + how)


def test_garbage_is_looked_for_among_what_came_after_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from smpengine.service import run

    class Server:
        def run(self, _: object) -> None:
            kept.append(gc.get_freeze_count())

    kept: list[int] = []
    monkeypatch.setattr(run, "server_of", lambda *_: Server())
    before = len(gc.get_objects())
    try:
        run.run(None, "127.0.0.1", 0, Limits(), lambda _: None)  # type: ignore[arg-type]
    finally:
        gc.unfreeze()
    assert kept[0] > 0.5 * before


def test_a_stop_in_the_middle_of_pictures(plan: Path) -> None:
    plan.write_text(PLAN.replace("8.0, 6.0", "160.0, 120.0"))
    with started(plan) as (process, url), smp.Client(url) as client, client.live() as live:
        next(live.show(25.0))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert "Traceback" not in out + err


def refused(*words: object) -> str:
    done = subprocess.run(command(*words), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (1, 2), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_what_cannot_be_served_is_said(plan: Path, tmp_path: Path) -> None:
    assert "--host must be this machine where no token" in refused(plan, "--host", "0.0.0.0")
    assert "--token must be 8 or more letters" in refused(plan, "--token", "short")
    assert "--port must be 0 to 65535" in refused(plan, "--port", 99999)
    assert "most_mpx must be a number over 0" in refused(plan, "--most-mpx", -1)
    assert "px_per_mm must" in refused(plan, "--px-per-mm", 0)
    assert "cannot be read" in refused(tmp_path / "none.toml")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        told = refused(plan, "--port", taken.getsockname()[1])
    assert "cannot listen there: Address already in use. Choose another --port." in told


def test_without_the_extra_it_says_what_to_install(plan: Path) -> None:
    code = (
        "import sys; sys.modules['fastapi'] = None\n"
        "from smpengine.cli import main\n"
        f"main(['serve', {str(plan)!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'smpengine[serve]'" in done.stderr


def test_a_client_says_what_is_wrong() -> None:
    with pytest.raises(smp.InputError, match="url must begin with http"):
        smp.Client("localhost:8000")
    with smp.Client("http://127.0.0.1:9") as client:
        with pytest.raises(smp.OutputError, match=r"127\.0\.0\.1:9"):
            client.plan()
        with pytest.raises(smp.OutputError, match="live"), client.live():
            pass


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_pictures_are_unpacked_as_others_do(kind: str) -> None:
    rng = np.random.default_rng(3)
    image = np.kron(rng.integers(0, 256, (6, 7, 3)), np.ones((9, 9, 1))).astype(np.uint8)
    packed = io.BytesIO()
    Image.fromarray(image).save(packed, kind, lossless=True, subsampling=0)
    found = _unpacked(packed.getvalue())
    np.testing.assert_array_equal(found, np.asarray(Image.open(packed)))
    if kind != "JPEG":
        np.testing.assert_array_equal(found, image)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_said(body: bytes) -> None:
    with pytest.raises(smp.OutputError, match=f"{len(body)} bytes that are no picture"):
        _unpacked(body)
