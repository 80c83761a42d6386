"""How long a service lets one wait, and how much it bears: `strong` on a whole scalp, CPU.

    python benchmarks/serve.py [--runs 40] [--load 20] [--natural]

Starts `smpengine serve` in a process of its own and asks it over the loopback, one connection a
client. Beside each latency stands the bare `smpengine.render` of the same picture in this process.
"""

from __future__ import annotations

import argparse
import collections
import http.client
import json
import multiprocessing
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import smpengine as smp

PLAN: dict[str, Any] = {
    "version": 1, "seed": 1, "treatment": "strong", "scalp": {"extent_mm": [180.0, 220.0]},
    "render": {"px_per_mm": 40.0},
}  # fmt: skip
WINDOW = (60.0, 60.0, 85.6, 79.2)
LEVEL, ACROSS, DOWN = 6, 29, 35
CLIENTS = (1, 8, 64)
REGION = [[66.0, 66.0], [72.0, 66.0], [72.0, 72.0], [66.0, 72.0]]


def percentiles(times: list[float]) -> str:
    """Return the median, and the slowest of a hundred and of twenty."""
    ordered = sorted(times)
    p95, p99 = (ordered[min(len(ordered) - 1, int(q * len(ordered)))] for q in (0.95, 0.99))
    return f"median {statistics.median(times):7.1f}  p95 {p95:7.1f}  p99 {p99:7.1f} ms"


def taken(runs: int, work: Callable[[int], object]) -> list[float]:
    """Return milliseconds of runs."""
    times = []
    for run in range(runs):
        start = time.perf_counter()
        work(run)
        times.append(1e3 * (time.perf_counter() - start))
    return times


class Line:
    """One kept connection."""

    def __init__(self, url: str) -> None:
        self._there = urlsplit(url)
        self._line = http.client.HTTPConnection(self._there.hostname or "", self._there.port)

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Return status and body."""
        self._line.request("GET", path, headers=headers)
        answer = self._line.getresponse()
        return answer.status, answer.read()


def tile_path(k: int, more: str = "") -> str:
    """Return the k-th tile of the largest level, in an order that jumps about."""
    row, col = divmod(37 * k % (ACROSS * (DOWN - 1)), ACROSS)
    return f"/tiles/{LEVEL}/{col}/{row}.jpg{more}"


def window_path(k: int) -> str:
    """Return the k-th of 77 windows that do not overlap, a year after the last visit."""
    wide, high = WINDOW[2] - WINDOW[0], WINDOW[3] - WINDOW[1]
    row, col = divmod(k % 77, 7)
    edges = col * wide, row * high, (col + 1) * wide, (row + 1) * high
    return f"/window.jpg?px_per_mm=40&day=500&window={','.join(map(str, edges))}"


def latency(url: str, runs: int) -> None:
    """Print what one client waits for."""
    scene = smp.Plan.from_dict(PLAN).scene()
    line = Line(url)

    def bare(box: tuple[float, float, float, float]) -> str:
        smp.render(scene, 40.0, box, device="cpu")
        times = taken(max(runs // 3, 5), lambda _: smp.render(scene, 40.0, box, device="cpu"))
        return f"   bare render {statistics.median(times):6.1f}"

    def asked(path: str) -> None:
        status, _ = line.get(path)
        assert status == 200, status

    first = taken(1, lambda _: asked(tile_path(10_000)))[0]
    print(f"first tile of all                 {first:7.1f} ms")
    whole = taken(1, lambda _: asked("/tiles/0/0/0.jpg"))[0]
    print(f"the overview, which is drawn ahead {whole:6.1f} ms")
    beside = bare((64.0, 64.0, 70.4, 70.4))
    print("cold tile, 256 x 256, jpg        ", percentiles(
        taken(8 * runs, lambda k: asked(tile_path(k)))), beside)  # fmt: skip
    print("the same again                   ", percentiles(
        taken(8 * runs, lambda k: asked(tile_path(k)))))  # fmt: skip
    for kind in ("png", "webp"):
        print(f"known blocks, encoded anew as {kind}", percentiles(
            taken(4 * runs, lambda k, kind=kind: asked(tile_path(k).replace("jpg", kind)))
        ))  # fmt: skip
    print("tone: another exposure of a tile ", percentiles(
        taken(4 * runs, lambda k: asked(tile_path(k, f"?exposure={1 + k / 1000}")))))  # fmt: skip
    box = ",".join(map(str, WINDOW))
    beside = bare(WINDOW)
    asked(f"/window.jpg?window={box}&px_per_mm=40")
    asked(window_path(0))  # dots are placed for another day, all of whose blocks are new
    print("window 1024 x 768, jpg, cold     ", percentiles(
        taken(runs, lambda k: asked(window_path(k + 1)))), beside)  # fmt: skip
    print("tone: another exposure of it     ", percentiles(taken(runs, lambda k: asked(
        f"/window.jpg?window={box}&px_per_mm=40&exposure={1 + k / 1000}"))))  # fmt: skip
    with smp.Client(url) as client, client.live() as live:
        for name, patch in (("a region painted", region_patch), ("another skin", skin_patch)):
            soon, whole = [], []
            for k in range(runs):
                start = time.perf_counter()
                stages = live.show(40.0, WINDOW, patch=patch(k))
                next(stages)
                soon.append(1e3 * (time.perf_counter() - start))
                for _ in stages:
                    pass
                whole.append(1e3 * (time.perf_counter() - start))
            print(f"live: {name:20s} soon  ", percentiles(soon))
            print(f"{'':26s} as it is", percentiles(whole), beside)


def region_patch(k: int) -> dict[str, object]:
    """Return a patch that makes a region of 6 mm denser."""
    whole = [[0, 0], [180, 0], [180, 220], [0, 220]]
    return {"scalp": {"regions": [
        {"polygon_mm": whole}, {"polygon_mm": REGION, "density": 1.0 + 0.01 * (k + 1)},
    ]}}  # fmt: skip


def skin_patch(k: int) -> dict[str, object]:
    """Return a patch that makes the skin a little darker."""
    return {"skin": {"melanosome_fraction": 0.05 + 0.002 * k}}


def asks(url: str, seconds: float, count: int, first: int, out: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    """Ask for tiles by so many connections at once; runs in a process of its own."""
    times: list[float] = []
    statuses: collections.Counter[int] = collections.Counter()
    until = time.perf_counter() + seconds

    def loop(who: int) -> None:
        line, k = Line(url), 7919 * who
        while time.perf_counter() < until:
            start = time.perf_counter()
            status, _ = line.get(tile_path(k))
            times.append(1e3 * (time.perf_counter() - start))
            statuses[status] += 1
            k += 1

    threads = [threading.Thread(target=loop, args=(first + k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    out.put((times, dict(statuses)))


def load(url: str, seconds: float, held: Callable[[], float]) -> None:
    """Print what many clients get."""
    for count in CLIENTS:
        out: multiprocessing.Queue = multiprocessing.Queue()  # type: ignore[type-arg]
        process = multiprocessing.Process(target=asks, args=(url, seconds, count, 0, out))
        process.start()
        times, statuses = out.get()
        process.join()
        rate = len(times) / seconds
        print(f"{count:3d} clients: {rate:7.0f} tiles/s ", percentiles(times), statuses,
              f"  memory {held():.0f} MiB")  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--load", type=float, default=20.0, help="seconds of each load")
    parser.add_argument("--natural", action="store_true", help="skin with its complexion")
    given = parser.parse_args()
    if given.natural:
        PLAN["skin"] = {"complexion": {}}
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan.json"
        plan.write_text(json.dumps(PLAN))
        words = [sys.executable, "-m", "smpengine.cli", "serve", str(plan), "--port", "0"]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+?:\d+", process.stdout.readline())
            assert found
            status = Path(f"/proc/{process.pid}/status")

            def held() -> float:
                lines = status.read_text().splitlines()
                return next(int(x.split()[1]) for x in lines if x.startswith("VmRSS")) / 1024

            latency(found[0], given.runs)
            print(f"memory {held():.0f} MiB")
            load(found[0], given.load, held)
        finally:
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    main()
