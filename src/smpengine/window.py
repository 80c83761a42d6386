"""From millimetres to pixels: which rectangle of pixels a window is, and its subpixels."""

from __future__ import annotations

import math
from typing import Final

from smpengine.errors import SceneError, must
from smpengine.raster.splats import PixelWindow

MIN_PX_PER_MM: Final = 0.01
MAX_PX_PER_MM: Final = 10_000.0
FULL_SCALE_PX_PER_MM: Final = 32.0
"""Below this a picture is the mean over subpixels of a finer one."""
_MAX_PX: Final = 2**30


def check_scale(px_per_mm: float) -> float:
    """Return the scale as a float.

    Raises
    ------
    SceneError
        Not a number from 0.01 to 10,000.
    """
    try:
        scale = float(px_per_mm)
    except (TypeError, ValueError) as error:
        raise SceneError(must("px_per_mm", "be a number", repr(px_per_mm))) from error
    if not MIN_PX_PER_MM <= scale <= MAX_PX_PER_MM:
        raise SceneError(
            must("px_per_mm", f"be {MIN_PX_PER_MM} to {MAX_PX_PER_MM:g} pixels per mm", scale)
        )
    return scale


def halvings_for(px_per_mm: float) -> int:
    """Return k: each pixel is the mean over 2^k x 2^k subpixels."""
    if px_per_mm >= FULL_SCALE_PX_PER_MM:
        return 0
    return math.ceil(math.log2(FULL_SCALE_PX_PER_MM / px_per_mm))


def pixel_window(
    extent_mm: tuple[float, float], px_per_mm: float, window_mm: object | None
) -> PixelWindow:
    """Return the pixels of a window; edges are floor(edge_mm * px_per_mm + 0.5).

    Parameters
    ----------
    extent_mm
        Width and height of the scalp.
    px_per_mm
        Scale, > 0.
    window_mm
        (x0, y0, x1, y1), or None for the whole extent. What lies outside the extent is bare skin.

    Raises
    ------
    SceneError
        Not four finite numbers in order, less than a pixel, wholly outside the extent, or absurdly
        large.
    """
    window = (0.0, 0.0, *extent_mm) if window_mm is None else _four(window_mm)
    x0, y0, x1, y1 = window
    if not (x0 < x1 and y0 < y1):
        raise SceneError(must("window_mm", "be (x0, y0, x1, y1) with x0 < x1, y0 < y1", window))
    if x1 <= 0.0 or y1 <= 0.0 or x0 >= extent_mm[0] or y0 >= extent_mm[1]:
        rule = f"touch the extent of {extent_mm[0]:g} x {extent_mm[1]:g} mm"
        raise SceneError(must("window_mm", rule, window))
    scale = math.ldexp(px_per_mm, halvings_for(px_per_mm))
    if max(abs(edge) for edge in window) * scale > _MAX_PX:
        remedy = "Lower px_per_mm, or render windows of it."
        rule = f"lie within {_MAX_PX} pixels of the origin"
        raise SceneError(must("window_mm", rule, window, remedy=remedy))
    col0, row0, col1, row1 = (math.floor(edge * px_per_mm + 0.5) for edge in window)
    if col1 <= col0 or row1 <= row0:
        remedy = f"At {px_per_mm:g} pixels per mm a pixel is {1.0 / px_per_mm:g} mm."
        raise SceneError(must("window_mm", "hold at least one pixel", window, remedy=remedy))
    return PixelWindow(row0, col0, row1 - row0, col1 - col0)


def _four(window_mm: object) -> tuple[float, float, float, float]:
    try:
        x0, y0, x1, y1 = (float(edge) for edge in window_mm)  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        message = must("window_mm", "be four numbers (x0, y0, x1, y1) in mm", repr(window_mm))
        raise SceneError(message) from error
    window = (x0, y0, x1, y1)
    if not all(math.isfinite(edge) for edge in window):
        raise SceneError(must("window_mm", "be finite", window))
    return window


def subpixels(window: PixelWindow, halvings: int) -> PixelWindow:
    """Return the subpixels of a window of pixels."""
    return PixelWindow(
        window.row0 << halvings,
        window.col0 << halvings,
        window.height << halvings,
        window.width << halvings,
    )
