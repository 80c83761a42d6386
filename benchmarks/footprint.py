"""Print what smpengine takes besides time in the long run: memory, and the time to begin.

    python benchmarks/footprint.py [--runs 5]

Each figure comes from fresh processes: peak memory of a picture of 5,000,000 splats, over that of
the process before it; import; a first call with compiled kernels in the cache, and with none.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

MEMORY = """
import resource, sys
import numpy as np
import smpengine as smp
from smpengine.bench import scenes
side, fresh = int(sys.argv[1]), sys.argv[2] == "fresh"
splats = scenes.make(scenes.Recipe(5_000_000, (1.0, 4.0), (side, side)))
smp.rasterise(*(column[:10] for column in splats.columns), (64, 64))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
out = None if fresh else np.zeros((side, side, 3), np.float32)
smp.rasterise(*splats.columns, (side, side), out=out)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""
IMPORT = """
import time
start = time.perf_counter()
import smpengine
print(time.perf_counter() - start)
"""
FIRST = """
import time
start = time.perf_counter()
import numpy as np
import smpengine as smp
rng = np.random.default_rng(1)
x, y = rng.uniform(0, 256, (2, 1000))
smp.rasterise(x, y, rng.uniform(1, 20, 1000), rng.uniform(0, 1, (1000, 3)), (256, 256))
print(time.perf_counter() - start)
"""
RENDER = """
import time
start = time.perf_counter()
import smpengine as smp
dots = smp.Impressions([1.0, 2.0], [1.0, 2.0], 0.2, 0.07, 0.1, 40.0)
smp.render(smp.Scene(smp.Skin("III-IV"), dots, (4.0, 4.0)))
print(time.perf_counter() - start)
"""


def run(code: str, *arguments: str, cache: str | None = None) -> float:
    """Return what a fresh process prints."""
    environment = os.environ | ({"NUMBA_CACHE_DIR": cache} if cache else {})
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    for side in (4096, 16_384):
        output = side * side * 12
        for kind in ("fresh", "reused"):
            peak = run(MEMORY, str(side), kind)
            rest = (peak - output) / 5e6
            print(
                f"{side} x {side} x 3, {kind} out: peak {peak / 1e6:,.0f} MB,"
                f" {peak / output:.2f} times the picture, which is {output / 1e6:,.0f} MB;"
                f" {rest:.0f} bytes a splat besides it"
            )
    print(f"import: {statistics.median(run(IMPORT) for _ in range(runs)):.2f} s")
    for name, code in (("rasterise", FIRST), ("render", RENDER)):
        with tempfile.TemporaryDirectory() as cache:
            cold = run(code, cache=cache)
            warm = statistics.median(run(code, cache=cache) for _ in range(runs))
        print(f"first {name}, import included: {warm:.2f} s; with nothing compiled {cold:.1f} s")


if __name__ == "__main__":
    main()
