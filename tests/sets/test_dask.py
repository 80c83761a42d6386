"""Workers of a Dask cluster make the same bits, and may die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster
from pyarrow import parquet

import smpengine as smp
from smpengine.sets.dask_pool import DaskPool
from smpengine.sets.pools import Here

Contents = Callable[[Path], dict[str, bytes]]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as made:
        yield made


def test_a_cluster_makes_the_same_bits_though_a_worker_dies(
    cluster: Any, small_sweep: Callable[..., smp.Sweep], tmp_path: Path, contents: Contents
) -> None:
    sweep = small_sweep(seeds=10)
    smp.batch(sweep, tmp_path / "here", pool=Here())
    killed: list[int] = []

    def kill_one(done: int, _: int) -> None:
        if done == 5:
            killed.append(next(iter(cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    done = smp.batch(
        sweep, tmp_path / "there", pool=DaskPool(cluster.scheduler_address), progress=kill_one
    )
    assert killed
    assert (done.made, done.failed) == (20, 0)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    rows = parquet.read_table(tmp_path / "there" / "manifest.parquet").to_pydict()
    assert rows["renders"] == [1] * 20


def test_errors_of_variants_come_back(
    cluster: Any, small_sweep: Callable[..., smp.Sweep], tmp_path: Path
) -> None:
    axes = [{"key": "picture.centre_mm", "values": [[6.0, 4.0], [500.0, 4.0]]}]
    done = smp.batch(small_sweep(axes=axes, seeds=1), tmp_path, pool=DaskPool(cluster))
    assert done.failed == 1
    assert "window_mm must touch" in done.errors[0]


def test_no_scheduler_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import smpengine.sets.dask_pool as module

    monkeypatch.setattr(module, "_CONNECT_S", 1)
    with pytest.raises(smp.OutputError, match="--scheduler must be a Dask scheduler") as raised:
        DaskPool("tcp://127.0.0.1:1")
    assert "\n" not in str(raised.value)


def begin(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words, "--scheduler-file", "scheduler.json"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.slow
def test_a_killed_scheduler_stops_in_a_line_and_another_goes_on(
    small_sweep: Callable[..., smp.Sweep], tmp_path: Path, contents: Contents
) -> None:
    sweep = small_sweep(seeds=30)
    smp.batch(sweep, tmp_path / "here", pool=Here())
    running: list[subprocess.Popen[bytes]] = []

    def cluster_address() -> str:
        (tmp_path / "scheduler.json").unlink(missing_ok=True)
        running.append(begin(tmp_path, "scheduler", "--port", "0", "--no-dashboard"))
        while not (tmp_path / "scheduler.json").exists():
            time.sleep(0.05)
        running.append(begin(tmp_path, "worker", "--nthreads", "1", "--no-dashboard"))
        address: str = json.loads((tmp_path / "scheduler.json").read_text())["address"]
        return address

    def kill(done: int, _: int) -> None:
        if done == 5:
            running[0].kill()

    try:
        with pytest.raises(smp.OutputError, match="the same command goes on"):
            smp.batch(sweep, tmp_path / "set", pool=DaskPool(cluster_address()), progress=kill)
        done = smp.batch(sweep, tmp_path / "set", pool=DaskPool(cluster_address()))
        assert done.kept >= 5
        assert done.made + done.kept == 60
        assert contents(tmp_path / "set") == contents(tmp_path / "here")
    finally:
        for process in running:
            process.kill()
            process.wait()


LOCAL = """
version = 1
seeds = {seeds}
[base]
version = 1
treatment = "natural"
scalp = {{ extent_mm = [12.0, 9.0] }}
[picture]
px_per_mm = 8
size_px = [24, 16]
[truth]
table = true
"""


def local(folder: Path, out: str, seeds: int) -> subprocess.Popen[bytes]:
    (folder / "sweep.toml").write_text(LOCAL.format(seeds=seeds))
    command = [sys.executable, "-m", "smpengine.cli", "batch", "sweep.toml", "-o", out]
    return subprocess.Popen(
        [*command, "--scheduler", "local", "--jobs", "2"], cwd=folder,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def in_session(leader: int) -> list[int]:
    """Return the processes of a session that are not its leader."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == leader and int(entry.name) != leader and fields[0] != "Z":
            found.append(int(entry.name))
    return found


def nothing_is_left_of(leader: int) -> bool:
    """Tell whether all of a session end: multiprocessing's helper does soon after its parent."""
    until = time.monotonic() + 10.0
    while in_session(leader) and time.monotonic() < until:
        time.sleep(0.05)
    return not in_session(leader)


def test_a_cluster_of_its_own_ends_with_the_set(tmp_path: Path, contents: Contents) -> None:
    process = local(tmp_path, "set", 6)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, out.decode()
    assert b"6 variants, 6 rendered, 0 failed" in out
    assert nothing_is_left_of(process.pid)
    smp.batch(smp.load_sweep(tmp_path / "sweep.toml"), tmp_path / "here", pool=Here())
    assert contents(tmp_path / "set") == contents(tmp_path / "here")


def test_ctrl_c_ends_the_cluster_and_the_same_command_goes_on(tmp_path: Path) -> None:
    process = local(tmp_path, "set", 400)
    journal = tmp_path / "set" / "journal.jsonl"
    while process.poll() is None and (
        not journal.exists() or len(journal.read_bytes().splitlines()) < 4
    ):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of them
    out, _ = process.communicate(timeout=120)
    assert process.returncode not in (0, 2)
    assert b"the same command goes on" in out
    assert b"Traceback" not in out
    assert nothing_is_left_of(process.pid)
    assert 4 <= len(journal.read_bytes().splitlines()) < 400
