"""Where dots are, to a fraction of a pixel, and which of them stand alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.photo.fit_light import Array, Float32Array, Light, on_rings
from smpengine.verdict.dots import Blobs, blur

ALONE_MM: Final = 0.34
"""A dot whose nearest neighbour is further is fitted; nearer ones are drawn and not compared."""
FEWEST: Final = 12
"""Fewer dots than that give no mean worth fitting."""
_MOST: Final = 700
_MARGIN_MM: Final = 0.5
MOST_PIXELS: Final = 400_000
"""Of a larger picture a part is drawn: more dots would cost time and say no more."""
_BESIDE_MM: Final = 1.5
_START_MM: Final = 0.05
_REFINE_MM: Final = (0.0, 0.03, 0.06, 0.09, 0.12, 0.16)
GAINS: Final = (0.2, 3.0)
"""What a dot may take over what was drawn for it; what is beyond is no such dot."""
_COLOUR: Final = (0.45, 0.40, 0.15)  # bands by how much they tell of places: blue is noisy


@dataclass(frozen=True)
class Places:
    """Where dots are: columns of one length.

    Attributes
    ----------
    x_mm, y_mm
        Centres, from the picture's top left.
    gain
        What a dot takes over what was drawn for it.
    swell
        Its radius over the middle one of all.
    depth
        How far each stands out of noise, in its standard deviations.
    alone
        Whether it is round, away from others and from the picture's edge: those are fitted.
    """

    x_mm: Array
    y_mm: Array
    gain: Array
    swell: Array
    depth: Array
    alone: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return how many there are."""
        return int(self.x_mm.size)

    def rows(self, index: NDArray[np.bool_]) -> Places:
        """Return some of them."""
        return Places(*(getattr(self, name)[index] for name in self.__dataclass_fields__))

    def beyond(self, shape: tuple[int, ...], px_per_mm: float) -> NDArray[np.bool_]:
        """Return which lie outside a picture of a shape (height, width, ...)."""
        height, width = shape[0] / px_per_mm, shape[1] / px_per_mm
        x, y = self.x_mm, self.y_mm
        out: NDArray[np.bool_] = (x < 0.0) | (y < 0.0) | (x >= width) | (y >= height)
        return out


def places_of(blobs: Blobs, light: Light) -> Places:
    """Return the places of dark blobs, those of the treated area, centred on the light's grid."""
    s = light.px_per_mm
    height, width = light.bands.shape[:2]
    row = np.clip((blobs.y_mm * s).astype(int), 0, height - 1)
    col = np.clip((blobs.x_mm * s).astype(int), 0, width - 1)
    inside = np.ones(len(blobs), bool) if light.mask is None else light.mask[row, col]
    blobs = blobs.rows(blobs.is_round & inside)
    x, y = _centred(blobs.x_mm, blobs.y_mm, light)
    places = Places(x, y, np.ones(x.size), np.ones(x.size), blobs.depth, np.zeros(x.size, bool))
    return replace(places, alone=blobs.is_dot & _alone(places, light))


def window_of(light: Light, places: Places) -> tuple[Light, Places, tuple[int, int]]:
    """Cut out the part with most dots where a picture is larger than what needs to be drawn.

    Returns
    -------
    Light, Places
        Of the part; places a little beyond it are drawn and not compared.
    int, int
        Its first row and column.
    """
    height, width = light.bands.shape[:2]
    if height * width <= MOST_PIXELS:
        return light, places, (0, 0)
    side = math.isqrt(MOST_PIXELS)
    rows = min(height, max(side, MOST_PIXELS // width))
    cols = min(width, max(side, MOST_PIXELS // height))
    s = light.px_per_mm
    x, y = places.x_mm[places.alone] * s, places.y_mm[places.alone] * s

    def dots(corner: tuple[int, int]) -> int:
        row, col = corner
        return int(((x >= col) & (x < col + cols) & (y >= row) & (y < row + rows)).sum())

    corners = [
        (row, col)
        for row in sorted({*range(0, height - rows, max(rows // 3, 1)), height - rows})
        for col in sorted({*range(0, width - cols, max(cols // 3, 1)), width - cols})
    ]
    row, col = max(corners, key=dots)
    part = slice(row, row + rows), slice(col, col + cols)
    cut = replace(
        light,
        bands=np.ascontiguousarray(light.bands[part]),
        mask=None if light.mask is None else light.mask[part],
    )
    moved = replace(places, x_mm=places.x_mm - col / s, y_mm=places.y_mm - row / s)
    beside = replace(moved, x_mm=moved.x_mm + _BESIDE_MM, y_mm=moved.y_mm + _BESIDE_MM)
    pad = round(2.0 * _BESIDE_MM * s)
    near = moved.rows(~beside.beyond((rows + pad, cols + pad), s))
    inner = replace(near, x_mm=near.x_mm - _MARGIN_MM, y_mm=near.y_mm - _MARGIN_MM)
    edge = round(2.0 * _MARGIN_MM * s)
    alone = near.alone & ~inner.beyond((rows - edge, cols - edge), s)
    return cut, replace(near, alone=alone), (row, col)


def _alone(places: Places, light: Light) -> NDArray[np.bool_]:
    """Return which are far enough from others; where few are, those that are furthest."""
    from scipy.spatial import cKDTree

    n = len(places)
    if n < 2:
        return np.ones(n, bool)
    at = np.column_stack([places.x_mm, places.y_mm])
    near = cKDTree(at).query(at, k=2)[0][:, 1]
    height, width = light.bands.shape[:2]
    size = np.array([width, height]) / light.px_per_mm
    inside = ((at > _MARGIN_MM) & (at < size - _MARGIN_MM)).all(axis=1)
    enough = float(np.quantile(near[inside], 0.5)) if inside.any() else ALONE_MM
    alone: NDArray[np.bool_] = inside & (near >= min(ALONE_MM, enough))
    if alone.sum() > _MOST:  # more would cost time and say no more
        alone &= np.cumsum(alone) % (alone.sum() // _MOST + 1) == 0
    return alone


def _plane(bands: Float32Array) -> Float32Array:
    """Return one plane of what is taken, bands weighted by how little noise is in them."""
    usual = np.median(bands.reshape(-1, 3)[::7], axis=0)
    weights = np.array(_COLOUR) / np.maximum(usual, 1e-6)
    return np.asarray(-(bands @ weights.astype(np.float32)), np.float32)


def _centred(x_mm: Array, y_mm: Array, light: Light) -> tuple[Array, Array]:
    """Return the summits near some pixels, by parabolas through a blurred picture."""
    s = light.px_per_mm
    plane = blur(_plane(light.bands), max((_START_MM * s) ** 2, 0.5))
    height, width = plane.shape
    col = np.clip((x_mm * s).astype(int), 2, width - 3)
    row = np.clip((y_mm * s).astype(int), 2, height - 3)
    for _ in range(3):  # the detector's grid may be coarser: climb to the summit of this one
        best = np.full(row.size, -np.inf)
        to_row, to_col = row.copy(), col.copy()
        for j in (-1, 0, 1):
            for i in (-1, 0, 1):
                value = plane[row + j, col + i]
                higher = value > best
                best = np.where(higher, value, best)
                to_row = np.where(higher, row + j, to_row)
                to_col = np.where(higher, col + i, to_col)
        row, col = np.clip(to_row, 2, height - 3), np.clip(to_col, 2, width - 3)

    def summit(before: Array, here: Array, after: Array) -> Array:
        bend = before - 2.0 * here + after
        safe = np.where(bend < 0.0, bend, -1.0)
        return np.where(bend < 0.0, np.clip(0.5 * (before - after) / safe, -0.7, 0.7), 0.0)

    at = plane.astype(np.float64)
    here = at[row, col]
    dx = summit(at[row, col - 1], here, at[row, col + 1])
    dy = summit(at[row - 1, col], here, at[row + 1, col])
    return (col + 0.5 + dx) / s, (row + 0.5 + dy) / s


def refined(places: Places, bands: Float32Array, drawn: Float32Array, px_per_mm: float) -> Places:
    """Move dots, and weigh them, so that what was drawn at their places fits the picture better.

    Around each dot the picture is what was drawn, times 1 + its excess, moved by a little, over a
    surround: a least squares of four numbers, by the derivatives of what was drawn.

    Parameters
    ----------
    places
        What is moved; their gains are those over what was drawn.
    bands
        The picture's light, over that of its skin, float32 (height, width, 3).
    drawn
        R / R0 as the engine has it with dots at those places, likewise.
    px_per_mm
        Scale of both.
    """
    s = px_per_mm
    seen, model = _plane(bands), _plane(drawn)
    slope_y, slope_x = np.gradient(model)
    planes = np.stack([seen, model, slope_x, slope_y], axis=2).astype(np.float32)
    radii = np.array(_REFINE_MM) * s
    rings = on_rings(planes, places.x_mm * s, places.y_mm * s, radii)  # (n, rings, angles, 4)
    area = np.maximum(np.gradient(radii) * radii, radii[1] * 0.1)
    rings = rings.reshape(len(places), -1, 4)
    weight = np.repeat(area, rings.shape[1] // radii.size)
    weight /= weight.sum()
    d, m = rings[..., 0], rings[..., 1]
    shape = m - (m * weight).sum(axis=1, keepdims=True)
    columns = np.stack([shape, np.ones_like(m), -rings[..., 2], -rings[..., 3]], axis=2)
    normal = np.einsum("nki,k,nkj->nij", columns, weight, columns)
    right = np.einsum("nki,k,nk->ni", columns, weight, d)
    scale = np.maximum(np.einsum("nii->ni", normal).mean(axis=0), 1e-30)
    normal += 1e-4 * np.diag(scale)  # a dot that hardly shows stays where it is
    shift = np.linalg.solve(normal, right[..., None])[..., 0]
    most = 0.5
    dx, dy = np.clip(shift[:, 2:].T, -most, most) / s
    gain = np.clip(shift[:, 0], *GAINS)
    return replace(places, x_mm=places.x_mm + dx, y_mm=places.y_mm + dy, gain=gain)
