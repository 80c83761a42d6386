"""What a complexion costs: each stage on one thread, and whole pictures beside even skin.

    python benchmarks/complexion.py [--side-mm 100]

Nanoseconds a pixel at 40 px/mm, the least of some runs; processor time, for machines may be shared.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

import smpengine as smp
from smpengine.optics.skin import bare_reflectance
from smpengine.panel_skin import SkinField, SkinScratch, lattices_of
from smpengine.raster.grid import GROUP_SIZE, TILE
from smpengine.raster.pool import borrow_pool
from smpengine.raster.splats import PixelWindow
from smpengine.texture.maps import maps_of
from smpengine.workers import Workers

SCALE = 40.0


def least(work: Callable[[], object], times: int) -> float:
    """Return the least processor time of some runs, in seconds, after one that is not counted."""
    work()
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def stages(scene: smp.Scene, side_px: int) -> None:
    """Print what the stages of a complexion cost, on one thread."""
    window = PixelWindow(0, 0, side_px, side_px)
    bare, workers = bare_reflectance(scene.skin), Workers(1)
    pixels = side_px * side_px
    made = least(lambda: maps_of(scene, SCALE, window), 3)
    points = least(lambda: lattices_of(scene, SCALE, window), 3)
    with borrow_pool() as pool:
        whole = least(lambda: SkinField(scene, bare, SCALE, window, workers, pool), 3)
        field = SkinField(scene, bare, SCALE, window, workers, pool)
        scratch = SkinScratch.borrow(pool)
        relative = np.ones(GROUP_SIZE, np.float32)
        tiles = [least(lambda: field.lay_over(0, relative, scratch), 20)]
        maps = [least(lambda: field._maps.draw_tile(0, scratch.maps), 20)]
    tile = TILE * TILE
    for name, seconds, per in (
        ("maps: making Gaussians", made, pixels),
        ("maps: placing, binning, coarse levels", whole - made - points, pixels),
        ("maps: the finest level", min(maps), tile),
        ("relief: points", points, pixels),
        ("relief and gloss", min(tiles) - min(maps), tile),
    ):
        print(f"{name:40} {1e9 * seconds / per:6.2f} ns/px")


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description="the cost of a complexion")
    parser.add_argument("--side-mm", type=float, default=100.0)
    side_mm = parser.parse_args().side_mm
    data = {"version": 1, "treatment": "natural", "scalp": {"extent_mm": [side_mm, side_mm]}}
    plain = smp.Plan.from_dict(data).scene()
    uneven = replace(plain, skin=smp.Skin(complexion=smp.Complexion.typical("I-II", 50.0)))
    side_px = int(side_mm * SCALE)
    for name, light in (("an even sky", None), ("a lamp", smp.Light())):
        print(f"under {name}:")
        stages(replace(uneven, light=light), side_px)
    out = np.empty((side_px, side_px, 3), np.uint8)
    for name, scene in (
        ("picture, even skin", plain),
        ("picture, complexion", uneven),
        ("picture, complexion and lamp", replace(uneven, light=smp.Light())),
    ):
        seconds = least(lambda s=scene: smp.render(s, SCALE, out=out, device="cpu"), 3)  # type: ignore[misc]
        print(f"{name:40} {1e9 * seconds / side_px**2:6.2f} ns/px of processor time")


if __name__ == "__main__":
    main()
