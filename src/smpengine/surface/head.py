"""`Head`: the surface that a scalp lies on. Frozen, validated once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import SceneError, must

if TYPE_CHECKING:
    Array = NDArray[np.float64]

AXES_MM: Final = (77.0, 98.0, 90.0)
"""Half axes of an adult head, x, y, z. Breadth 154 mm and length 196 mm are about the means of men
in C. C. Gordon et al., "2012 Anthropometric Survey of U.S. Army Personnel" (2014); the height
above the widest level is assumed."""
LEAST_MM: Final = 20.0
MOST_MM: Final = 500.0


class Surface(Protocol):
    """What views need of a surface: its chart, and where rays meet it."""

    @property
    def bounds_mm(self) -> Array:
        """Half of its size along x, y, z."""
        ...

    def on_surface(self, x_mm: Array, y_mm: Array) -> tuple[Array, Array]:
        """Return points (n, 3) and true area over the chart's (n,)."""
        ...

    def in_chart(self, points_mm: Array) -> tuple[Array, Array]:
        """Return places of the chart."""
        ...

    def normals(self, points_mm: Array) -> Array:
        """Return unit vectors out of the surface."""
        ...

    def facing(self, towards: Array) -> float:
        """Return how far out it reaches in a direction."""
        ...

    def meet(
        self, row0: int, col0: int, frame: Array, shape: tuple[int, int]
    ) -> tuple[Array, Array, Array]:
        """Return points, normals and cover of a block of pixels."""
        ...


@dataclass(frozen=True, eq=False)
class Head:
    """A head: an ellipsoid, or heights above a plane.

    A scene's places (x, y) are measured on it with a tape: from the crown straight down, in the
    direction that they have from `crown_mm`.

    Parameters
    ----------
    axes_mm
        Half axes of the ellipsoid: to the side, to the front, and up. 20 to 500.
    crown_mm
        The place of the scene that lies at the crown (of the ellipsoid its top); None for the
        middle of the scene's extent.
    gloss
        Of sebum: 0 matt, 1 as much as smooth skin mirrors; a treated scalp has been powdered.
    texture
        Of the skin where it is lit: 0 smooth and even, 1 grained and mottled as skin is.
    heights_mm
        Instead of the ellipsoid: heights seen from above, (rows, columns), front first, in mm; NaN
        where there is nothing.
    heights_px_per_mm
        Their scale.

    Raises
    ------
    SceneError
        A value is out of range.
    """

    axes_mm: tuple[float, float, float] = AXES_MM
    crown_mm: tuple[float, float] | None = None
    gloss: float = 0.6
    texture: float = 1.0
    heights_mm: NDArray[np.floating[Any]] | None = None
    heights_px_per_mm: float = 1.0

    def __post_init__(self) -> None:
        axes = _numbers("head.axes_mm", self.axes_mm, 3)
        if not all(LEAST_MM <= axis <= MOST_MM for axis in axes):
            rule = f"be {LEAST_MM:g} to {MOST_MM:g} mm"
            raise SceneError(must("head.axes_mm", rule, self.axes_mm, remedy="Half axes, in mm."))
        object.__setattr__(self, "axes_mm", axes)
        if self.crown_mm is not None:
            object.__setattr__(self, "crown_mm", _numbers("head.crown_mm", self.crown_mm, 2))
        for name in ("gloss", "texture"):
            (value,) = _numbers(f"head.{name}", (getattr(self, name),), 1)
            if not 0.0 <= value <= 1.0:
                raise SceneError(must(f"head.{name}", "be 0 to 1", value))
            object.__setattr__(self, name, value)
        self._check_heights()

    def _check_heights(self) -> None:
        (scale,) = _numbers("head.heights_px_per_mm", (self.heights_px_per_mm,), 1)
        if not 0.05 <= scale <= 100.0:
            raise SceneError(must("head.heights_px_per_mm", "be 0.05 to 100", scale))
        object.__setattr__(self, "heights_px_per_mm", scale)
        if self.heights_mm is None:
            return
        heights = np.asarray(self.heights_mm)
        if heights.ndim != 2 or heights.dtype.kind not in "fiu" or min(heights.shape) < 8:
            got = f"dtype {heights.dtype}, shape {heights.shape}"
            raise SceneError(must("head.heights_mm", "be (rows, columns), 8 or more each", got))
        heights = np.array(heights, np.float64)
        if not np.isfinite(heights).any() or np.isinf(heights).any():
            raise SceneError(must("head.heights_mm", "be finite, or NaN where nothing is", "other"))
        heights.setflags(write=False)
        object.__setattr__(self, "heights_mm", heights)

    @cached_property
    def surface(self) -> Surface:
        """Its geometry; made when it is first asked for, for that brings Numba with it."""
        if self.heights_mm is not None:
            from smpengine.surface.heights import Heights

            return Heights(np.asarray(self.heights_mm, np.float64), self.heights_px_per_mm)
        from smpengine.surface.ellipsoid import Ellipsoid

        return Ellipsoid(self.axes_mm)

    def crown_in(self, extent_mm: tuple[float, float]) -> tuple[float, float]:
        """Return the place that lies at the crown, for a scene of an extent."""
        if self.crown_mm is not None:
            return self.crown_mm
        return 0.5 * extent_mm[0], 0.5 * extent_mm[1]


def _numbers(name: str, value: object, count: int) -> tuple[Any, ...]:
    """Return finite numbers, so many."""
    try:
        numbers = tuple(float(part) for part in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        rule = "be a number" if count == 1 else f"be {count} numbers"
        raise SceneError(must(name, rule, repr(value))) from error
    if len(numbers) != count or not all(math.isfinite(part) for part in numbers):
        rule = "be finite" if count == 1 else f"be {count} finite numbers"
        raise SceneError(must(name, rule, repr(value)))
    return numbers
