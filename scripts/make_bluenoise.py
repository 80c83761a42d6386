"""Make src/smpengine/plan/bluenoise.npz: tiles of ranked points, each prefix blue noise.

    python scripts/make_bluenoise.py [--out FILE]

Points are inserted one after the other where a sum of Gaussians around the earlier ones is least,
the void of void-and-cluster (R. Ulichney, Proc. SPIE 1913, 1993), on a torus; the Gaussians narrow
as the points crowd. The first tile is free. The others keep its points near the border, rank for
rank, and place the inner ones anew, so that any tile may lie beside any other.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from numba import njit

TILES = 4
POINTS = 16_384
GRID = 1024
BORDER = 96  # cells; 2.4 mm of a tile of 25.6 mm
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
def void(energy, extra, lowest, inner):  # type: ignore[no-untyped-def]
    """Return the cell of least energy; of the inner ones only, if `inner`."""
    blocks = GRID // BLOCK
    best, best_y, best_x = np.inf, 0, 0
    for by in range(blocks):
        for bx in range(blocks):
            if lowest[by, bx] >= best:
                continue
            low, low_y, low_x = np.inf, 0, 0
            for y in range(by * BLOCK, (by + 1) * BLOCK):
                if inner and not BORDER <= y < GRID - BORDER:
                    continue
                for x in range(bx * BLOCK, (bx + 1) * BLOCK):
                    if inner and not BORDER <= x < GRID - BORDER:
                        continue
                    value = energy[y, x] + extra[y, x]
                    if value < low:
                        low, low_y, low_x = value, y, x
            lowest[by, bx] = low
            if low < best:
                best, best_y, best_x = low, low_y, low_x
    return best_y, best_x


@njit(cache=True)
def tile(model, first, extra):  # type: ignore[no-untyped-def]
    """Return ranked cells; those of `model` near the border are kept, unless it is the first."""
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
        y, x = model[n, 0], model[n, 1]
        inner = BORDER <= y < GRID - BORDER and BORDER <= x < GRID - BORDER
        if first or inner:
            y, x = void(energy, extra, lowest, not first)
        cells[n, 0], cells[n, 1] = y, x
        add(energy, lowest, y, x, sigma)
    return cells


def main() -> None:
    """Write the tiles."""
    root = Path(__file__).parents[1]
    parser = argparse.ArgumentParser(description="Make the blue-noise tiles")
    default = root / "src" / "smpengine" / "plan" / "bluenoise.npz"
    parser.add_argument("--out", type=Path, default=default)
    out = parser.parse_args().out
    rng = np.random.default_rng(SEED)
    # A little noise on the energy decides between equal voids, and makes the tiles differ.
    model = tile(np.zeros((POINTS, 2), np.int64), True, 5e-4 * rng.random((GRID, GRID)))
    cells = [model]
    jitter = rng.random((POINTS, 2))
    offsets = [jitter]
    border = ((model < BORDER) | (model >= GRID - BORDER)).any(axis=1)
    for _ in range(1, TILES):
        cells.append(tile(model, False, 2e-3 * rng.random((GRID, GRID))))
        offsets.append(np.where(border[:, None], jitter, rng.random((POINTS, 2))))
    # In a cell a point lies anywhere: no grid is left. Columns are x, y, the tile / 2^16.
    place = (np.stack(cells) + np.stack(offsets))[..., ::-1] / GRID
    np.savez_compressed(out, place=np.minimum(place * 65536, 65535).astype(np.uint16))
    print(f"{out}: {TILES} tiles of {POINTS} points")


if __name__ == "__main__":
    main()
