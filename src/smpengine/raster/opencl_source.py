"""The OpenCL programs: their files, in order, and the constants that Python hands to them.

Nothing here imports pyopencl: `scripts/check-kernels` compiles the same text for other devices.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

from smpengine.raster import profile, settle
from smpengine.raster.place import DISC_HEAD, HEAD
from smpengine.raster.splats import MAX_CAP, MAX_SIGMA_PX

Number = int | float

FILES: Final = {
    "select": ("common", "select"),
    "settle": ("common", "place", "settle"),
    "deposits": ("common", "place", "tables", "dot", "granules", "deposits", "shapes"),
    "bins": ("common", "place", "bins"),
    "scan": ("common", "scan"),
    "sort": ("common", "sort"),
    "gaussians": ("common", "profile", "upsample", "gaussians"),
    "discs": ("common", "discs"),
    "hairs": ("common", "place", "hairs"),
    "skin": ("common", "skin"),
    "compose": ("common", "crowding", "tone", "compose"),
    "ceilings": ("common", "ceilings"),
}
"""Programs, each from its files."""

TILE_BITS: Final = 5
TILE: Final = 1 << TILE_BITS
"""Side of a tile in samples: smaller than the CPU's, for a tile is held in registers."""
BATCH: Final = 16
"""Splats whose profiles are in local memory at a time."""
GROUP: Final = 64
"""Work-items of a group, and what each takes, in scans and sorts; every device can do it."""
RUN: Final = 16
PAIRS_A_BLOCK: Final = GROUP * RUN
DIGIT_BITS: Final = 4
MOST_CHANNELS: Final = 6
_SPLAT_FLOATS: Final = 10  # gaussians.cl
_DISC_TAPER: Final = 1.0 / (profile.DISC_TAPER_END - profile.DISC_TAPER_START)


@dataclass(frozen=True)
class Shape:
    """How a tile is divided: `strips` x `rows` of it a work-group, `rows` a work-item."""

    rows: int
    strips: int

    @property
    def group_rows(self) -> int:
        """Rows of a work-group."""
        return self.rows * self.strips


def shape_for(channels: int, max_work_group: int, lean: bool = False) -> Shape:
    """Return the shape of drawing kernels.

    Parameters
    ----------
    channels
        Drawn at once.
    max_work_group
        Most work-items of a group.
    lean
        Whether work-items have so few registers (waves of 64: 48 of them at half of the occupancy)
        that 24 sums are too many.
    """
    rows = (12 if lean else 24) // max(channels, 3)
    strips = TILE // rows
    while strips > 1 and strips * TILE > max_work_group:
        strips //= 2
    return Shape(rows, strips)


def channel_groups(channels: int, lean: bool = False) -> Iterator[tuple[int, int]]:
    """Yield (first channel, how many) of what is drawn at once."""
    first = 0
    while first < channels:
        some = next(
            size for size in (6, 3, 2, 1) if size <= min(channels - first, 3 if lean else 6)
        )
        yield first, some
        first += some


def local_bytes(channels: int, shape: Shape) -> int:
    """Return the local memory that drawing takes: profiles, values, rows reached, a Splat."""
    return BATCH * 4 * (TILE + shape.group_rows + channels + 2 + _SPLAT_FLOATS)


@functools.cache
def _text(file: str) -> str:
    return resources.files("smpengine.kernels").joinpath(f"{file}.cl").read_text(encoding="utf-8")


def source_of(program: str) -> str:
    """Return a program's source; `#line` keeps the names of files in the compiler's messages."""
    return "\n".join(f'#line 1 "{file}.cl"\n{_text(file)}' for file in FILES[program])


def constants() -> dict[str, Number]:
    """Return the constants of placing and drawing."""
    q0_to_q5 = {f"Q{i}": value for i, value in enumerate(profile.COEFFICIENTS)}
    return {
        "TILE_BITS": TILE_BITS,
        "TILE": TILE,
        "BATCH": BATCH,
        "SCAN_GROUP": GROUP,
        "SCAN_RUN": RUN,
        "SORT_GROUP": GROUP,
        "SORT_RUN": RUN,
        "HEAD": HEAD,
        "DISC_HEAD": DISC_HEAD,
        "OFFSET_BITS": settle.OFFSET_STEPS.bit_length() - 1,
        "OFFSET_STEP": 1.0 / settle.OFFSET_STEPS,
        "EXTENT_BITS": settle.EXTENT_BITS,
        "MOST_REACH": settle.MOST_REACH,
        "MOST_DISC_REACH": float(2**24),
        "MOST_INV_SIGMA": 1e30,
        "MASK_VARIANCE_PX2": profile.MASK_VARIANCE_PX2,
        "MAX_SIGMA_PX": MAX_SIGMA_PX,
        "MAX_CAP": MAX_CAP,
        "REACH": profile.REACH,
        "DISC_TAPER_END": profile.DISC_TAPER_END,
        "DISC_TAPER": _DISC_TAPER,
        **q0_to_q5,
    }


def options_for(extra: Mapping[str, Number]) -> list[str]:
    """Return the compiler's options: all constants, those of `extra` too."""
    numbers = {**constants(), **extra}
    return ["-cl-std=CL1.2", *(f"-D{name}={_literal(value)}" for name, value in numbers.items())]


def _literal(value: Number) -> str:
    return str(value) if isinstance(value, int) else f"{value:.9e}f"
