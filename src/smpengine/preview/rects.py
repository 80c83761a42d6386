"""Which rectangles of blocks are drawn at once: what several blocks share is done once for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from smpengine.preview.version import Place, Rect, around

_WORTH: Final = 0.6
"""Of a rectangle around what is missing: with so much of it missing all of it is drawn."""


def rectangles(missing: Iterable[Place]) -> list[Rect]:
    """Return rectangles that cover all of some blocks, and little else.

    Rows that miss the same columns are one rectangle; a rectangle around all is taken where most
    of it is missing.
    """
    places = sorted(set(missing))
    if not places:
        return []
    whole = around(places)
    if len(places) >= _WORTH * whole[2] * whole[3]:
        return [whole]
    found: list[Rect] = []
    for row in sorted({row for row, _ in places}):
        for first, count in _runs([col for r, col in places if r == row]):
            above = next((k for k, each in enumerate(found) if _continues(each, row, first, count)),
                         None)  # fmt: skip
            if above is None:
                found.append((row, first, 1, count))
            else:
                found[above] = (*found[above][:2], found[above][2] + 1, count)
    return found


def nearest_first(rects: Iterable[Rect], middle: tuple[float, float]) -> list[Rect]:
    """Return rectangles in the order of their distance from a place, in blocks."""

    def away(rect: Rect) -> float:
        row, col = rect[0] + 0.5 * rect[2], rect[1] + 0.5 * rect[3]
        return (row - middle[0]) ** 2 + (col - middle[1]) ** 2

    return sorted(rects, key=away)


def _continues(rect: Rect, row: int, col: int, cols: int) -> bool:
    """Tell whether a run of blocks lies right below a rectangle, as wide as that."""
    return rect[1] == col and rect[3] == cols and rect[0] + rect[2] == row


def _runs(cols: list[int]) -> list[tuple[int, int]]:
    """Return runs of consecutive numbers, each as its first and how many."""
    runs: list[tuple[int, int]] = []
    for col in cols:
        if runs and runs[-1][0] + runs[-1][1] == col:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((col, 1))
    return runs
