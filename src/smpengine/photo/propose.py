"""A first mask for a photograph, from a box or a few strokes; and why it is that one.

    features (colour, texture)  ->  what tells inside from outside  ->  GrabCut, on a small picture
    ->  cleaned: parts that strokes touch  ->  edge found again at full size  ->  softened

A proposal is for a person to look at (`review`) and to correct, not to be trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, must
from smpengine.photo.features import (
    LONGEST_PX,
    NAMES,
    Contrast,
    Features,
    channels_of,
    contrast_of,
    features_of,
)
from smpengine.photo.masks import Float32Array, check_feather, soften
from smpengine.photo.refine import Edge, refined
from smpengine.photo.shown import UInt8Array, check_shown
from smpengine.photo.strokes import Box, Hints, Stroke, hints_of

_FEATHER_SHARE: Final = 0.006
_ROUNDS: Final = 3
_SEED: Final = 1
_PER_PX: Final = 0.05  # standard deviations that a pixel of way is worth
_SURE: Final = 0.15  # what is so much nearer to one kind of strokes is taken as theirs
_NEAR: Final = 2.5  # standard deviations from what strokes show
_SPECK_SHARE: Final = 0.006  # of the longer side: narrower parts and gaps go
_HOLE_SHARE: Final = 0.003  # of the mask: larger holes stay
_ALIKE: Final = 0.7  # standard deviations
_LEAST_SHARE: Final = 2e-4  # of the picture


@dataclass(frozen=True)
class Proposal:
    """A mask that was found.

    Attributes
    ----------
    mask
        float32 (H, W), 0 to 1, its edge soft.
    hard
        bool (H, W): the same before its edge was softened.
    feather_px
        How wide that edge is.
    why
        What was done, in numbers, a line each.
    """

    mask: Float32Array
    hard: NDArray[np.bool_]
    feather_px: float
    why: tuple[str, ...]


def propose(
    picture: UInt8Array,
    box: Box | None = None,
    inside: Sequence[Stroke] = (),
    outside: Sequence[Stroke] = (),
    *,
    feather_px: float | None = None,
    stroke_px: float | None = None,
) -> Proposal:
    """Propose a mask: skin that looks like what strokes show, or like what is in a box.

    Parameters
    ----------
    picture
        uint8 (H, W, 3), sRGB; a grey one has three equal channels.
    box
        (x0, y0, x1, y1), pixels: nothing beyond it is meant.
    inside, outside
        Strokes on what is meant, and on what is not: lists of points (x, y), one point is a dot.
        Where skin goes on beyond what is meant, as from scalp to forehead, only strokes outside can
        say where it ends: the edge comes halfway between them.
    feather_px
        Width of the soft edge; 0.6 % of the longer side when None.
    stroke_px
        How wide strokes are; 0.8 % of the longer side when None.

    Returns
    -------
    Proposal
        Same picture and hints, same mask.

    Raises
    ------
    InputError
        Neither a box nor a stroke inside, places that are not in the picture, strokes that cross,
        or nothing was found.

    Notes
    -----
    C. Rother, V. Kolmogorov, A. Blake, "GrabCut", ACM Trans. Graph. 23 (2004) 309, on the sum of
    features that differs most (Fisher's) and the two directions that vary most beside it, begun
    with the nearer strokes by the length of ways (`geodesic`).
    """
    shown = check_shown("picture", picture)
    longest = max(shown.shape[:2])
    soft_px = check_feather(_FEATHER_SHARE * longest if feather_px is None else feather_px)
    hints = hints_of(shown.shape, box, inside, outside, stroke_px)
    features = features_of(shown)
    marks = _Marks.of(features, hints)
    contrast = contrast_of(*_samples(features.values, marks))
    labels = _labels(features.values, contrast, marks)
    free = float((labels > 1).mean())
    # Where nothing tells one from the other, only where strokes are does.
    alike = contrast.together < _ALIKE
    cut = labels % 2 == 1 if alike else _cut(channels_of(features.values, contrast), labels)
    found = _cleaned(cut, marks)
    if not _LEAST_SHARE < found.mean() < 1.0:
        got = "all of it" if found.all() else "none"
        remedy = "Draw a longer stroke on the scalp, and strokes beside it on what is not meant."
        raise InputError(must("box and strokes", "find a part of the picture", got, "", remedy))
    edge = refined(shown, found, features.ratio, contrast)
    hard = edge.inside
    mask = soften(hard, soft_px)
    why = _why(shown, hard, hints, marks, contrast, free, edge, soft_px)
    return Proposal(mask, hard, soft_px, why)


@dataclass(frozen=True)
class _Marks:
    """Hints in the small picture, bool (h, w) each."""

    inside: NDArray[np.bool_]
    outside: NDArray[np.bool_]
    beyond: NDArray[np.bool_]

    @classmethod
    def of(cls, features: Features, hints: Hints) -> _Marks:
        shape, ratio = features.values.shape[:2], features.ratio
        size = int(shape[0]), int(shape[1])
        drawn = [hints.drawn(strokes, size, ratio) for strokes in (hints.inside, hints.outside)]
        beyond = hints.beyond(size, ratio)
        return cls(drawn[0] & ~drawn[1] & ~beyond, drawn[1], beyond)


def _samples(values: Float32Array, marks: _Marks) -> tuple[Float32Array, Float32Array]:
    """Return pixels that are meant, and some that are not."""
    within = ~marks.beyond & ~marks.outside
    meant = marks.inside if marks.inside.any() else within
    other = marks.outside | marks.beyond
    if not other.any():
        # Nobody said what is not meant: what looks least like the strokes is taken for it.
        mean = values[meant].mean(0)
        spread = values.reshape(-1, 4).std(0) + 1e-3
        far = (((values - mean) / spread) ** 2).sum(-1)
        other = far > np.quantile(far, 0.5)
        other &= ~meant
    return values[meant], values[other] if other.sum() > 8 else values[~meant]


def _labels(values: Float32Array, contrast: Contrast, marks: _Marks) -> UInt8Array:
    """Return what GrabCut begins with: sure and probable, of either kind."""
    import cv2

    along = contrast.along(values)
    labels = np.full(along.shape, cv2.GC_PR_BGD, np.uint8)
    if not marks.inside.any():
        labels[:] = cv2.GC_PR_FGD
    elif marks.outside.any():
        labels = _nearer(along, marks)
    else:
        sample = along[marks.inside]
        middle, spread = float(np.median(sample)), max(float(sample.std()), 0.5)
        labels[along > middle - _NEAR * spread] = cv2.GC_PR_FGD
    labels[marks.inside] = cv2.GC_FGD
    labels[marks.outside | marks.beyond] = cv2.GC_BGD
    return labels


def _nearer(along: Float32Array, marks: _Marks) -> UInt8Array:
    """Return which strokes are nearer, on ways over even ground."""
    import cv2

    from smpengine.photo.geodesic import geodesic

    even = cv2.GaussianBlur(along, (0, 0), 2.0)
    to_in, to_out = (geodesic(seeds, even, _PER_PX) for seeds in (marks.inside, marks.outside))
    share = to_in / np.maximum(to_in + to_out, np.float32(1e-6))
    labels = np.where(share < 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[share < _SURE] = cv2.GC_FGD
    labels[share > 1.0 - _SURE] = cv2.GC_BGD
    return labels


def _cut(channels: UInt8Array, labels: UInt8Array) -> NDArray[np.bool_]:
    """Return the part that GrabCut finds."""
    import cv2

    kinds = (labels == cv2.GC_BGD) | (labels == cv2.GC_PR_BGD)
    if kinds.all() or not kinds.any():
        found: NDArray[np.bool_] = ~kinds
        return found
    cut = labels.copy()
    # Its clusters begin at random places: the same ones every time.
    cv2.setRNGSeed(_SEED)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    try:
        cv2.grabCut(channels, cut, None, *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # all pixels of a kind have one colour, so that no model can be made of them
        cut = labels
    return np.isin(cut, (cv2.GC_FGD, cv2.GC_PR_FGD))


def _cleaned(found: NDArray[np.bool_], marks: _Marks) -> NDArray[np.bool_]:
    """Drop specks and narrow bridges, parts that no stroke touches, and small holes."""
    import cv2

    radius = max(round(_SPECK_SHARE * max(found.shape)), 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    clean = cv2.morphologyEx(found.view(np.uint8), cv2.MORPH_OPEN, disc)
    clean = cv2.morphologyEx(clean, cv2.MORPH_CLOSE, disc)
    clean[marks.inside] = 1
    clean[marks.outside | marks.beyond] = 0
    count, parts, stats, _ = cv2.connectedComponentsWithStats(clean, connectivity=4)
    if count == 1:
        return np.zeros(clean.shape, bool)
    kept = np.unique(parts[marks.inside]) if marks.inside.any() else _largest(stats)
    kept = kept[kept > 0]
    mask: NDArray[np.bool_] = np.isin(parts, kept)
    most = _HOLE_SHARE * mask.sum()
    count, holes, stats, _ = cv2.connectedComponentsWithStats(
        (~mask).view(np.uint8), connectivity=4
    )
    for k in range(1, count):
        if stats[k, cv2.CC_STAT_AREA] < most:
            mask |= (holes == k) & ~marks.outside & ~marks.beyond
    return mask


def _largest(stats: Any) -> NDArray[np.int64]:
    """Return the parts that are at least a quarter of the largest."""
    import cv2

    areas = stats[1:, cv2.CC_STAT_AREA]
    return np.flatnonzero(areas >= 0.25 * areas.max()) + 1


def _why(
    picture: UInt8Array,
    hard: NDArray[np.bool_],
    hints: Hints,
    marks: _Marks,
    contrast: Contrast,
    free: float,
    edge: Edge,
    feather_px: float,
) -> tuple[str, ...]:
    """Say what was done, in numbers."""
    import cv2

    height, width = hard.shape
    parts = cv2.connectedComponents(hard.view(np.uint8), connectivity=4)[0] - 1
    area = int(hard.sum())
    lines = [
        f"Proposed: {100.0 * hard.mean():.1f} % of the picture, {area:,} px, in {parts} part"
        + "s" * (parts != 1)
    ]
    given = [
        f"{len(strokes)} stroke{'s' * (len(strokes) != 1)} {name}"
        for name, strokes in (("inside", hints.inside), ("outside", hints.outside))
        if strokes
    ]
    if hints.box is not None:
        x0, y0, x1, y1 = hints.box
        given.append(f"a box of {x1 - x0} x {y1 - y0} px")
    covered = 100.0 * float((marks.inside | marks.outside).mean())
    lines.append(
        f"From {', '.join(given)}: strokes cover {covered:.2f} % of the picture, hints settle "
        f"{100.0 * (1.0 - free):.0f} %, colour and texture the rest"
    )
    order = sorted(range(len(NAMES)), key=lambda k: -abs(contrast.deviations[k]))
    told = ", ".join(f"{NAMES[k]} {contrast.deviations[k]:+.1f}" for k in order)
    lines.append(f"Inside differs from outside, in standard deviations: {told}")
    means = [cv2.mean(picture, m.view(np.uint8))[:3] for m in (hard, ~hard)]
    inner, outer = (f"({m[0]:.0f}, {m[1]:.0f}, {m[2]:.0f})" for m in means)
    if contrast.together < _ALIKE:
        lines.append(
            "They are too much alike for that to decide: the edge is halfway between strokes"
        )
    lines.append(f"Mean colour, sRGB: {inner} inside, {outer} outside")
    lines.append(
        f"Decided at {min(LONGEST_PX, max(height, width))} px; the edge, found again at "
        f"{max(height, width)} px, is uncertain by about {edge.uncertain_px:.0f} px, and soft over "
        f"{feather_px:.0f} px"
    )
    return tuple(lines)
