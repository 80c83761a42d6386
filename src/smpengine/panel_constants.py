"""What the kernels of a picture are built with: the numbers of optics and tone, by their names."""

from __future__ import annotations

from typing import Final

from smpengine.image.tone import SHOULDER, TOE
from smpengine.optics import crowding, dot, granules
from smpengine.optics.constants import CONSTANTS
from smpengine.optics.scatter import MIN_SIGMA_PX, NEGLIGIBLE
from smpengine.raster.opencl_source import Number

HALOS: Final = 5
GAUSSIANS: Final = HALOS + 1
"""Of an impression: its halos, and the Gaussian that flattens them; discs come behind."""
CORE_FLOATS: Final = 15
"""Floats of a deposit's cores."""
_KINDS: Final = {"srgb8": 8, "srgb16": 16, "linear": 1, "absorbance": 0}


def deposit_constants() -> dict[str, Number]:
    """Return what deposits.cl is built with."""
    fitted = {f"K_{name.upper()}": value for name, value in CONSTANTS._asdict().items()}
    return {
        **fitted,
        "HALOS": HALOS,
        "CORE_FLOATS": CORE_FLOATS,
        "UNIT_MM": dot.UNIT_MM,
        "SOFT": dot.SOFT,
        "LEAST_SHIELD": dot.LEAST_SHIELD,
        "FLAT_SHARE": dot.FLAT_SHARE,
        "FLAT_FLOOR": dot.FLAT_FLOOR,
        "FLAT_VARIANCE": dot.FLAT_VARIANCE,
        "U_STAR": crowding.U_STAR,
        "CROWD": crowding.CROWD,
        "MIN_REACH": crowding.MIN_REACH,
        "MIN_SIGMA_PX": MIN_SIGMA_PX,
        "NEGLIGIBLE": NEGLIGIBLE,
        "GRANULES": granules.GRANULES,
        "GRANULE_BODY": granules.BODY,
        "GRANULE_CRUMB": granules.CRUMB,
        "GRANULE_NEAREST": granules.NEAREST,
        "GRANULE_FARTHEST": granules.FARTHEST,
        "GRANULE_DOUBLE_SHARE": granules.DOUBLE_SHARE,
        "GRANULE_DOUBLE": granules.DOUBLE_RADII,
        "GRANULE_LOOSE": granules.LOOSE,
        "GRANULE_TURN": granules.TURN,
    }


def compose_constants(output: str) -> dict[str, Number]:
    """Return what compose.cl is built with, for one kind of output."""
    return {
        "OUTPUT": _KINDS[output],
        "U_STAR": crowding.U_STAR,
        "CROWD": crowding.CROWD,
        "MIN_REACH": crowding.MIN_REACH,
        "MIN_HALO": crowding.MIN_HALO,
        "SHOULDER": SHOULDER,
        "TOE": TOE,
    }
