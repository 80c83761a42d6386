"""What a person says of a picture: a box, and strokes inside and outside of what is meant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, must
from smpengine.photo.features import LONGEST_PX

Box = tuple[float, float, float, float]
Stroke = Sequence[tuple[float, float]]

_STROKE_SHARE = 0.008
_LEAST_BOX_PX = 8


@dataclass(frozen=True)
class Hints:
    """What was said, checked, in pixels of the picture as displayed.

    Attributes
    ----------
    box
        (x0, y0, x1, y1), within the picture, or None: nothing outside is meant.
    inside, outside
        Strokes: lines through points (x, y); one point is a dot.
    stroke_px
        How wide they are.
    """

    box: tuple[int, int, int, int] | None
    inside: tuple[Stroke, ...]
    outside: tuple[Stroke, ...]
    stroke_px: float

    def drawn(
        self, strokes: Sequence[Stroke], shape: tuple[int, int], ratio: float
    ) -> NDArray[np.bool_]:
        """Return where strokes are in a picture made smaller by a ratio, (h, w)."""
        import cv2

        drawn = np.zeros(shape, np.uint8)
        wide = max(round(self.stroke_px * ratio), 1)
        for stroke in strokes:
            points = np.rint(np.asarray(stroke, np.float64) * ratio * 16.0 - 8.0).astype(np.int32)
            if len(points) == 1:
                centre = int(points[0, 0]), int(points[0, 1])
                cv2.circle(drawn, centre, 8 * wide, 1, cv2.FILLED, shift=4)
            else:
                cv2.polylines(drawn, [points], False, 1, wide, shift=4)
        return drawn.astype(bool)

    def beyond(self, shape: tuple[int, int], ratio: float) -> NDArray[np.bool_]:
        """Return what is outside of the box, (h, w); nothing without a box."""
        outer = np.zeros(shape, bool)
        if self.box is not None:
            x0, y0, x1, y1 = (round(v * ratio) for v in self.box)
            outer[:] = True
            outer[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] = False
        return outer


def hints_of(
    shape: tuple[int, ...],
    box: Box | None,
    inside: Sequence[Stroke],
    outside: Sequence[Stroke],
    stroke_px: float | None,
) -> Hints:
    """Check what a person said of a picture of a shape.

    Raises
    ------
    InputError
        Neither a box nor strokes, a place that is not in the picture, or strokes that cross.
    """
    height, width = shape[:2]
    if box is None and not inside:
        remedy = "Draw a box around the scalp, or a stroke on it."
        got = "only strokes outside" if outside else "neither"
        raise InputError(must("box or inside", "be given", got, remedy=remedy))
    wide = _STROKE_SHARE * max(height, width) if stroke_px is None else float(stroke_px)
    if not 1.0 <= wide <= 0.25 * max(height, width):
        rule = f"be 1 to {0.25 * max(height, width):g} pixels"
        raise InputError(must("stroke_px", rule, stroke_px))
    lines = {
        name: tuple(_stroke(s, f"{name}[{k}]", shape) for k, s in enumerate(strokes))
        for name, strokes in (("inside", inside), ("outside", outside))
    }
    hints = Hints(_box(box, shape), lines["inside"], lines["outside"], wide)
    ratio = min(1.0, LONGEST_PX / max(height, width))
    small = max(round(height * ratio), 1), max(round(width * ratio), 1)
    both = hints.drawn(hints.inside, small, ratio)
    for name, other in (
        ("outside", hints.drawn(hints.outside, small, ratio)),
        ("box", hints.beyond(small, ratio)),
    ):
        cross = np.argwhere(both & other)
        if len(cross):
            y, x = (np.mean(cross, 0) / ratio).round().astype(int)
            what = "strokes outside" if name == "outside" else "what is beyond the box"
            remedy = "A place cannot be both: shorten one, or give a smaller stroke_px."
            rule = f"not cross {what}"
            raise InputError(must("strokes inside", rule, f"both near ({x}, {y})", "", remedy))
    return hints


def _box(box: Box | None, shape: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """Return a box in whole pixels."""
    if box is None:
        return None
    try:
        x0, y0, x1, y1 = (float(v) for v in box)
    except (TypeError, ValueError) as error:
        raise InputError(must("box", "be (x0, y0, x1, y1)", repr(box))) from error
    if not (
        all(math.isfinite(v) for v in (x0, y0, x1, y1))
        and 0 <= x0 < x1 <= shape[1]
        and 0 <= y0 < y1 <= shape[0]
    ):
        rule = f"be (x0, y0, x1, y1) within the picture, {shape[1]} x {shape[0]}, x0 < x1, y0 < y1"
        got = ", ".join(f"{v:g}" for v in (x0, y0, x1, y1))
        raise InputError(must("box", rule, f"({got})"))
    whole = math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1)
    if min(whole[2] - whole[0], whole[3] - whole[1]) < _LEAST_BOX_PX:
        rule = f"be at least {_LEAST_BOX_PX} pixels wide and high"
        raise InputError(must("box", rule, f"{whole[2] - whole[0]} x {whole[3] - whole[1]}"))
    return whole


def _stroke(stroke: Stroke, name: str, shape: tuple[int, ...]) -> Stroke:
    """Return a stroke as tuples, checked."""
    try:
        points = np.asarray(stroke, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(must(name, "list points (x, y)", "something else")) from error
    if points.ndim != 2 or points.shape[1:] != (2,) or not len(points):
        raise InputError(must(name, "list points (x, y)", f"shape {points.shape}"))
    good = (points >= 0.0) & (points <= (shape[1], shape[0]))  # NaN is not
    if not good.all():
        k = int(np.argmin(good.all(1)))
        rule = f"be in the picture, {shape[1]} x {shape[0]}"
        got = f"({points[k, 0]:g}, {points[k, 1]:g})"
        raise InputError(must(f"{name}[{k}]", rule, got))
    return tuple((float(x), float(y)) for x, y in points)
