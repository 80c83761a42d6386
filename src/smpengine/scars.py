"""Scars: paler skin in spots, of surgery. Frozen columns, checked once."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from smpengine.columns import Float64Array, check_range, check_rows, column, frozen

MAX_RADIUS_MM: Final = 20.0
COLUMNS: Final = ("x_mm", "y_mm", "radius_mm", "pallor")


class Scars:
    """Round spots of scar, in columns; a line is a row of them.

    Parameters
    ----------
    x_mm, y_mm
        Middles, shape (n,), float64.
    radius_mm
        Over 0, up to 20; (n,) or a scalar, as all that follow.
    pallor
        0 (none) to 1: how much of the blood and the melanin of a scar that is quite pale is missing
        at its middle.

    Raises
    ------
    SceneError
        Lengths differ, or a value is not finite or out of range.
    """

    __slots__ = COLUMNS

    x_mm: Float64Array
    y_mm: Float64Array
    radius_mm: Float64Array
    pallor: Float64Array

    def __init__(
        self, x_mm: ArrayLike, y_mm: ArrayLike, radius_mm: ArrayLike = 0.45, pallor: ArrayLike = 1.0
    ) -> None:
        x = column("x_mm", x_mm, None)
        columns = {"x_mm": x}
        for name, value in zip(COLUMNS[1:], (y_mm, radius_mm, pallor), strict=True):
            columns[name] = column(name, value, x.shape[0])
        for name in ("x_mm", "y_mm"):
            check_rows(name, columns[name], np.isfinite(columns[name]), "be finite mm")
        for name, least, most, unit in (
            ("radius_mm", 1e-3, MAX_RADIUS_MM, " mm"), ("pallor", 0.0, 1.0, "")
        ):  # fmt: skip
            check_range(name, columns[name], least, most, f"be {least:g} to {most:g}{unit}")
        for name, value in columns.items():
            object.__setattr__(self, name, frozen(value))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Scars are frozen: cannot set {name}")

    def __len__(self) -> int:
        """Return the number of spots."""
        return int(self.x_mm.shape[0])

    def __repr__(self) -> str:
        return f"Scars(n={len(self)})"

    def __reduce__(self) -> tuple[type[Scars], tuple[Float64Array, ...]]:
        return Scars, tuple(getattr(self, name) for name in COLUMNS)
