"""A photograph end to end: seconds of each stage, and the most memory.

    python benchmarks/photo.py --mpx 24

The photograph is the engine's own: a shaved scalp, three parts to two, with a camera's blur, noise
and JPEG; the mask is most of it, with a soft edge.
"""

from __future__ import annotations

import argparse
import math
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import smpengine as smp
from smpengine.photo.write_photo import write_photo

PX_PER_MM = 20.0
NOISE = 2.0
_BLOCK_PX = 2000


def taken(height: int, width: int) -> NDArray[np.uint8]:
    """Return a photograph of a shaved scalp: one block of it again and again."""
    side_mm = _BLOCK_PX / PX_PER_MM
    plan = smp.Plan.from_dict({
        "version": 1, "seed": 1, "treatment": "natural", "scalp": {"extent_mm": [side_mm, side_mm]},
        "skin": {"type": "III-IV"}, "hair": {"length_mm": 0.5, "coverage": 0.5},
    })  # fmt: skip
    import cv2

    block = smp.render(plan.scene(sessions=0), PX_PER_MM).astype(np.float32)
    block = cv2.GaussianBlur(block, (0, 0), 0.8)
    block += np.random.default_rng(1).normal(0.0, NOISE, block.shape).astype(np.float32)
    codes = np.clip(np.round(block), 0, 255).astype(np.uint8)
    times = -(-height // _BLOCK_PX), -(-width // _BLOCK_PX), 1
    return np.ascontiguousarray(np.tile(codes, times)[:height, :width])


def soft(height: int, width: int) -> NDArray[np.float32]:
    """Return a mask of most of it."""
    mask = np.zeros((height, width), np.float32)
    edge = min(height, width) // 30
    ramp = [np.clip(np.minimum(np.arange(n), np.arange(n)[::-1]) / edge - 0.2, 0, 1)
            for n in (height, width)]  # fmt: skip
    np.minimum(ramp[0][:, None], ramp[1][None], out=mask, casting="unsafe")
    return mask


@contextmanager
def stage(name: str, seconds: dict[str, float]) -> Iterator[None]:
    """Time a stage and print it."""
    start = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - start
    print(f"{name:32s} {seconds[name]:7.2f} s", flush=True)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mpx", type=float, default=24.0, help="size of the photograph")
    parser.add_argument("--png", action="store_true", help="write a PNG, too")
    options = parser.parse_args()
    height = 100 * round(math.sqrt(options.mpx * 1e6 / 1.5) / 100)
    width = 3 * height // 2
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "photo.jpg"
        _save(file, taken(height, width))
        mask = soft(height, width)
        plan = smp.Plan.from_dict({"version": 1, "seed": 2, "treatment": "natural",
                                   "scalp": {"extent_mm": [20, 20]}})  # fmt: skip
        small = taken(400, 400)
        smp.render_on(small, soft(400, 400), plan, PX_PER_MM)  # compiles
        print(
            f"{width} x {height} px, {100 * mask.mean():.0f} % of it treated, {PX_PER_MM:g} px/mm"
        )
        with stage("read: decode", seconds):
            photo = smp.read_photo(file)
        with stage("look: skin, camera, hair", seconds):
            prepared = smp.simulate(photo, mask, plan, PX_PER_MM)
        with stage("place alone", seconds):
            dots = len(prepared.scene().impressions)
        with stage("draw, and place again", seconds):
            after = prepared.picture()
        with stage("write: JPEG", seconds):
            write_photo(Path(folder) / "after.jpg", photo, after, {"px_per_mm": PX_PER_MM})
        whole = sum(seconds.values()) - seconds["place alone"]
        coding = seconds["read: decode"] + seconds["write: JPEG"]
        if options.png:
            with stage("write: PNG instead", seconds):
                write_photo(Path(folder) / "after.png", photo, after, {"px_per_mm": PX_PER_MM})
    same = (after[mask == 0.0] == photo.pixels[mask == 0.0]).all()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"JPEG to JPEG {whole:.2f} s, decoding and encoding {100 * coding / whole:.0f} % of it; "
          f"{dots:,} impressions; {peak:.2f} GiB at most; outside the mask "
          f"{'the same bits' if same else 'OTHER BITS'}")  # fmt: skip
    print(*prepared.notes, sep="\n")


def _save(file: Path, pixels: NDArray[Any]) -> None:
    from PIL import Image

    Image.fromarray(pixels).save(file, quality=92, subsampling=2)


if __name__ == "__main__":
    main()
