"""How long an edited view takes: the `strong` treatment of a whole scalp, on the CPU.

    python benchmarks/preview.py [--runs 30]

Beside each line is what `smpengine.render` takes for the same picture from nothing.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator

import smpengine as smp

SCALE = 40.0
TILE_MM = 256.0 / SCALE
WINDOW = (60.0, 60.0, 60.0 + 1024.0 / SCALE, 60.0 + 768.0 / SCALE)
Box = tuple[float, float, float, float]


def taken(runs: int, work: Callable[[int], object]) -> list[float]:
    """Return milliseconds of runs, the slowest last."""
    times = []
    for run in range(runs):
        start = time.perf_counter()
        work(run)
        times.append(1e3 * (time.perf_counter() - start))
    return sorted(times)


def said(name: str, times: list[float], bare: list[float] | None) -> None:
    """Print median and 99th hundredth, and the bare render's median."""
    p99 = times[min(len(times) - 1, int(0.99 * len(times)))]
    beside = "" if bare is None else f"   from nothing {statistics.median(bare):7.1f}"
    print(f"{name:34s} median {statistics.median(times):7.1f}  p99 {p99:7.1f} ms{beside}")


def tiles() -> Iterator[Box]:
    """Give the tiles of the scalp in an order that jumps about."""
    across, down = int(180.0 / TILE_MM), int(220.0 / TILE_MM)
    for k in range(across * down):
        row, col = divmod(37 * k % (across * down), across)
        yield col * TILE_MM, row * TILE_MM, (col + 1) * TILE_MM, (row + 1) * TILE_MM


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=30)
    runs: int = parser.parse_args().runs
    plan = smp.Plan.from_dict({
        "version": 1, "seed": 1, "treatment": "strong", "scalp": {"extent_mm": [180.0, 220.0]},
    })  # fmt: skip
    scene = plan.scene()
    smp.Preview(scene, "cpu").render(WINDOW, SCALE)  # compiles
    view = smp.Preview(scene, "cpu")
    print(f"{len(scene.impressions):,} impressions, {SCALE:g} px/mm")

    def bare(box: Box) -> object:
        return smp.render(view.scene, SCALE, box, device="cpu")

    boxes = list(tiles())
    fresh = taken(min(2 * runs, 60), lambda k: bare(boxes[k]))
    first = taken(1, lambda _: view.render(boxes[-1], SCALE))
    said("first tile of all", first, fresh)
    said("cold tile, 256 x 256", taken(10 * runs, lambda k: view.render(boxes[k], SCALE)), fresh)
    said("warm tile", taken(10 * runs, lambda k: view.render(boxes[k], SCALE)), fresh)
    fresh = taken(runs, lambda _: bare(WINDOW))
    said("window, 1024 x 768, first", taken(1, lambda _: view.render(WINDOW, SCALE)), fresh)
    said("the same again", taken(runs, lambda _: view.render(WINDOW, SCALE)), fresh)
    said(
        "moved by a third",
        taken(runs, lambda k: view.render(tuple(v + 8.0 * (k % 9) for v in WINDOW), SCALE)),
        fresh,
    )  # type: ignore[arg-type]
    said("another exposure", taken(
        runs, lambda k: view.render(WINDOW, SCALE, exposure=1.0 + k / 50)), fresh)  # fmt: skip

    def edit(run: int) -> object:
        view.change(view.within((68.0, 66.0, 74.0, 72.0)), mua_per_mm=5.0 + run)
        return view.render(WINDOW, SCALE)

    said("a region of 6 mm edited", taken(runs, edit), fresh)

    def undone(_: int) -> object:
        view.undo()
        return view.render(WINDOW, SCALE)

    said("undone", taken(runs // 2, undone), fresh)
    said("another session's strength", taken(
        runs // 3, lambda k: (view.change(view.of_sessions([1]), mua_per_mm=8.0 + k),
                              view.render(WINDOW, SCALE))), fresh)  # fmt: skip
    skins = [smp.Skin(name) for name in ("III-IV", "V", "I-II")]
    said("another skin", taken(
        3, lambda k: (view.give_skin(skins[k]), view.render(WINDOW, SCALE))), fresh)  # fmt: skip

    def soon(run: int) -> object:
        other = smp.Preview(scene, "cpu")
        return next(iter(other.refine(tuple(v + run for v in WINDOW), SCALE)))  # type: ignore[arg-type]

    said("coarse, of a new scene", taken(5, soon), fresh)


if __name__ == "__main__":
    main()
