"""Sweeps on a Dask cluster of processes: of two nodes, and of one where all are killed."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from distributed import Client
from pyarrow import parquet

Contents = Callable[[Path], dict[str, bytes]]
SEEDS = 100
KILLS = 20
IN_FLIGHT = 4  # tasks that a client of two workers has handed out
SWEEP = """
version = 1
seeds = {seeds}
[base]
version = 1
treatment = "natural"
scalp = {{ extent_mm = [24.0, 18.0] }}
[picture]
px_per_mm = 16
size_px = [128, 96]
[[axes]]
key = "skin.type"
values = ["I-II", "III-IV", "VI"]
[truth]
table = true
clean = true
"""
COUNTS = """
import os

from smpengine.sets import work


def counted(draw):
    def counting(variant, *others):
        line = os.open("renders", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(line, f"{variant.name}\\n".encode())
        os.close(line)
        return draw(variant, *others)

    return counting


if work.draw.__name__ == "draw":  # Dask may load this more than once
    work.draw = counted(work.draw)
"""


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Cluster:
    """A scheduler, two workers and a client, each a process that is begun again when it has ended.

    Attributes
    ----------
    said
        The last line of each client that ended with an error.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        port = free_port()
        address = f"tcp://127.0.0.1:{port}"
        dask, quiet = [sys.executable, "-m", "dask"], ["--no-dashboard"]
        worker = [*dask, "worker", address, "--nthreads", "1", "--no-nanny", *quiet]
        self.commands = {
            "scheduler": [*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), *quiet],
            "worker": [*worker, "--preload", "counts.py"],
            "second": [*worker, "--preload", "counts.py"],
            "client": [sys.executable, "-m", "smpengine.cli", "batch", "sweep.toml", "-o", "set",
                       "--scheduler", address],
        }  # fmt: skip
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.killed: set[int] = set()
        self.said: list[str] = []

    def tend(self) -> bool:
        """Begin what has ended; return whether the client has finished the set."""
        for name, command in self.commands.items():
            process = self.running.get(name)
            if process is not None and process.poll() is None:
                continue
            if name == "client" and process is not None and process.pid not in self.killed:
                lines = (self.folder / "client").read_text().splitlines()
                if process.returncode == 0:
                    return True
                assert process.returncode == 1, lines
                assert "Traceback (most recent call last)" not in "".join(lines)
                self.said.append(lines[-1])
            with (self.folder / name).open("wb") as out:
                self.running[name] = subprocess.Popen(
                    command, cwd=self.folder, stdout=out, stderr=subprocess.STDOUT
                )
        return False

    def kill(self, name: str) -> None:
        process = self.running[name]
        self.killed.add(process.pid)
        process.kill()
        process.wait()

    def end(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()


def journalled(folder: Path) -> int:
    """Return how many variants the journal has."""
    try:
        lines = (folder / "set" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    except OSError:
        return 0
    return sum(line.endswith(b"\n") for line in lines[1:])


@pytest.mark.slow
def test_twenty_kills_of_worker_scheduler_and_client(tmp_path: Path, contents: Contents) -> None:
    (tmp_path / "sweep.toml").write_text(SWEEP.format(seeds=SEEDS))
    (tmp_path / "counts.py").write_text(COUNTS)
    command = [sys.executable, "-m", "smpengine.cli", "batch", "sweep.toml", "-o", "whole"]
    subprocess.run([*command, "--jobs", "2"], cwd=tmp_path, check=True, capture_output=True)
    variants = 3 * SEEDS
    dice = random.Random(11)
    moments = sorted(dice.sample(range(1, variants - 12), KILLS))
    victims = [("worker", "scheduler", "client")[k % 3] for k in range(KILLS)]
    dice.shuffle(victims)
    cluster = Cluster(tmp_path)
    limit = time.monotonic() + 400.0
    try:
        for moment, victim in zip(moments, victims, strict=True):
            while journalled(tmp_path) < moment:
                assert not cluster.tend(), "it was over before all were killed"
                assert time.monotonic() < limit, (journalled(tmp_path), cluster.said)
                time.sleep(0.002)
            time.sleep(0.05 * dice.random())
            cluster.kill(victim)
            cluster.tend()
        while not cluster.tend():
            assert time.monotonic() < limit, (journalled(tmp_path), cluster.said)
            time.sleep(0.05)
    finally:
        cluster.end()
    assert len(cluster.killed) == KILLS
    for line in cluster.said:
        assert "same command goes on" in line or "--scheduler must be a Dask scheduler" in line
    assert contents(tmp_path / "set") == contents(tmp_path / "whole")
    rows = parquet.read_table(tmp_path / "set" / "manifest.parquet").to_pydict()
    assert rows["error"] == [None] * variants
    assert rows["renders"] == [1] * variants
    renders = Counter((tmp_path / "renders").read_text().split())
    assert set(renders) == set(rows["name"])
    assert renders.total() <= variants + IN_FLIGHT * KILLS
    print(f"{renders.total() - variants} rendered again, {KILLS} kills,", Counter(victims))
    print(*cluster.said, sep="\n")


@pytest.mark.slow
def test_one_process_two_and_two_nodes_make_the_same_bits(
    tmp_path: Path, contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes are groups of workers, each at work in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    Path("sweep.toml").write_text(SWEEP.format(seeds=8))
    batch = [sys.executable, "-m", "smpengine.cli", "batch", "sweep.toml", "-o"]
    for jobs in ("1", "2"):
        subprocess.run([*batch, f"by-{jobs}", "--jobs", jobs], check=True, capture_output=True)
    port = free_port()
    address, dask = f"tcp://127.0.0.1:{port}", [sys.executable, "-m", "dask"]
    commands = {Path(): ["scheduler", "--host", "127.0.0.1", "--port", str(port)]}
    for node in (Path("node-a"), Path("node-b")):
        node.mkdir()
        (node / "counts.py").write_text(COUNTS)
        commands[node] = ["worker", address, "--nthreads", "1", "--nworkers", "2",
                          "--name", node.name, "--preload", "counts.py"]  # fmt: skip
    running = [
        subprocess.Popen([*dask, *words, "--no-dashboard"], cwd=folder, stderr=subprocess.DEVNULL)
        for folder, words in commands.items()
    ]
    try:
        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(4, timeout=60)
        subprocess.run(
            [*batch, "by-nodes", "--scheduler", address], check=True, capture_output=True
        )
    finally:
        for process in running:
            process.terminate()
            process.wait()
    renders = [(node / "renders").read_text().split() for node in commands if node.name]
    assert min(map(len, renders)) > 0
    assert sum(map(len, renders)) == 24
    assert contents(Path("by-1")) == contents(Path("by-2")) == contents(Path("by-nodes"))
