"""Make src/smpengine/plan/bluenoise.npz: a tile of ranked points, each prefix blue noise.

    python scripts/make_bluenoise.py [--out FILE]

Points are inserted one after the other where a sum of Gaussians around the earlier ones is least,
the void of void-and-cluster (R. Ulichney, Proc. SPIE 1913, 1993), on a torus, so that the tile fits
beside itself without a seam; the Gaussians narrow as the points crowd.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from numba import njit

POINTS = 65_536
GRID = 2048
BLOCK = 32
SIGMA = 0.55  # of the mean spacing
SEED = 20_261_123


@njit(cache=True)
def add(energy, lowest, y, x, sigma):  # type: ignore[no-untyped-def]
    """Add a Gaussian around a cell, on the torus; the touched blocks lose their minimum."""
    reach = min(math.ceil(4.0 * sigma), GRID // 2 - 1)
    scale = -0.5 / (sigma * sigma)
    for dy in range(-reach, reach + 1):
        row = (y + dy) % GRID
        for dx in range(-reach, reach + 1):
            energy[row, (x + dx) % GRID] += math.exp(scale * (dy * dy + dx * dx))
    for by in range((y - reach) // BLOCK, (y + reach) // BLOCK + 1):
        for bx in range((x - reach) // BLOCK, (x + reach) // BLOCK + 1):
            lowest[by % (GRID // BLOCK), bx % (GRID // BLOCK)] = -1.0


@njit(cache=True)
def void(energy, extra, lowest):  # type: ignore[no-untyped-def]
    """Return the cell of least energy."""
    blocks = GRID // BLOCK
    best, best_y, best_x = np.inf, 0, 0
    for by in range(blocks):
        for bx in range(blocks):
            if lowest[by, bx] >= best:
                continue
            low, low_y, low_x = np.inf, 0, 0
            for y in range(by * BLOCK, (by + 1) * BLOCK):
                for x in range(bx * BLOCK, (bx + 1) * BLOCK):
                    value = energy[y, x] + extra[y, x]
                    if value < low:
                        low, low_y, low_x = value, y, x
            lowest[by, bx] = low
            if low < best:
                best, best_y, best_x = low, low_y, low_x
    return best_y, best_x


@njit(cache=True)
def ranked_cells(extra):  # type: ignore[no-untyped-def]
    """Return cells (row, column) by rank; `extra` decides between equal voids."""
    energy = np.zeros((GRID, GRID))
    lowest = np.full((GRID // BLOCK, GRID // BLOCK), -1.0)
    cells = np.empty((POINTS, 2), np.int64)
    sigma, renew = 0.0, 0
    for n in range(POINTS):
        if n >= renew:
            # Re-sum with the width that suits the next few per cent of the points.
            sigma = min(SIGMA * GRID / math.sqrt(n + 1.0), GRID / 7.0)
            renew = n + 1 + n // 24
            energy[:] = 0.0
            for m in range(n):
                add(energy, lowest, cells[m, 0], cells[m, 1], sigma)
            lowest[:] = -1.0
        y, x = void(energy, extra, lowest)
        cells[n, 0], cells[n, 1] = y, x
        add(energy, lowest, y, x, sigma)
    return cells


def main() -> None:
    """Write the tile."""
    root = Path(__file__).parents[1]
    parser = argparse.ArgumentParser(description="Make the blue-noise tile")
    default = root / "src" / "smpengine" / "plan" / "bluenoise.npz"
    parser.add_argument("--out", type=Path, default=default)
    out = parser.parse_args().out
    rng = np.random.default_rng(SEED)
    cells = ranked_cells(5e-4 * rng.random((GRID, GRID)))
    # In a cell a point lies anywhere: no grid is left. Columns are x, y, the tile / 2^16.
    place = (cells + rng.random((POINTS, 2)))[:, ::-1] / GRID
    np.savez_compressed(out, place=np.minimum(place * 65536, 65535).astype(np.uint16))
    print(f"{out}: {POINTS} points")


if __name__ == "__main__":
    main()
