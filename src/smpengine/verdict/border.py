"""Where pigment ends, how suddenly, and how straight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.verdict.dots import Blobs
from smpengine.verdict.pattern import density_map
from smpengine.verdict.picture import Picture

NAN: Final = float("nan")
_CELL_MM: Final = 4.0  # along an edge: pieces that are measured
_FEWEST: Final = 30  # dots


@dataclass(frozen=True)
class Border:
    """The edge of the treated area.

    Attributes
    ----------
    width_mm
        Over which the density of dots falls from 90 to 10 %, at the steepest piece of the edge.
    straight_mm
        Root mean square distance of the edge from a straight line.
    treated
        Cells of the density map that are treated, or None where no edge was found.
    """

    width_mm: float
    straight_mm: float
    treated: NDArray[np.bool_] | None


def treated_cells(density: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where the density is over half of what it is where there are dots."""
    full = float(np.quantile(density, 0.9))
    return density > 0.5 * full


def border(picture: Picture, dots: Blobs) -> Border:
    """Find and measure the edge of the treated area; nan where the picture shows none."""
    from scipy.ndimage import distance_transform_edt

    density, scale = density_map(picture, dots, 1.0)
    if len(dots) < _FEWEST or min(density.shape) < 12:
        return Border(NAN, NAN, None)
    full = float(np.quantile(density, 0.9))
    inside = treated_cells(density)
    # No skin without dots, no edge: clumps and gaps of a treated area are not one.
    if float((density < 0.1 * full).mean()) < 0.02 or full <= 0.0:
        return Border(NAN, NAN, None)
    largest = _largest(inside, density < 0.1 * full)
    if largest is None:
        return Border(NAN, NAN, None)
    inside = largest
    row, col = _edge(inside)
    if row.size < 8:
        return Border(NAN, NAN, None)
    points = np.column_stack([(col + 0.5) / scale[1], (row + 0.5) / scale[0]])
    middle = points - points.mean(axis=0)
    straight = float(np.linalg.svd(middle, compute_uv=False)[-1] / np.sqrt(len(points)))
    signed = distance_transform_edt(inside) - distance_transform_edt(~inside)
    width = _width(dots, signed / float(scale.mean()), scale)
    return Border(width, straight, inside)


def _largest(inside: NDArray[np.bool_], empty: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Return the treated area without holes, if some of the outside is truly bare."""
    from scipy.ndimage import label

    parts, count = label(inside)
    if not count:
        return None
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    own = parts == int(np.argmax(sizes))
    outer, many = label(~own)
    if not many:
        return None
    bare = np.bincount(outer.ravel(), weights=empty.ravel(), minlength=many + 1)
    bare[0] = 0.0
    return np.asarray(outer != int(np.argmax(bare))) if bare.max() > 0 else None


def _edge(inside: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return treated cells beside cells that are not, away from the picture's own edge."""
    from scipy.ndimage import binary_erosion

    edge = inside & ~binary_erosion(inside, border_value=1)
    edge[:2] = edge[-2:] = edge[:, :2] = edge[:, -2:] = False
    row, col = np.nonzero(edge)
    return row, col


def _width(dots: Blobs, signed_mm: NDArray[np.float64], scale: NDArray[np.float64]) -> float:
    """Return the 10 to 90 % width of the density over the distance from the edge."""
    edges = np.arange(-8.0, 8.01, 0.5)
    area = np.histogram(signed_mm, edges)[0] / float(scale[0] * scale[1])
    shape = signed_mm.shape
    row = np.clip((dots.y_mm * scale[0]).astype(int), 0, shape[0] - 1)
    col = np.clip((dots.x_mm * scale[1]).astype(int), 0, shape[1] - 1)
    count = np.histogram(signed_mm[row, col], edges)[0]
    held = area > 2.0
    if held.sum() < 6:
        return NAN
    middle = 0.5 * (edges[1:] + edges[:-1])[held]
    profile = np.maximum.accumulate(count[held] / area[held])
    top = float((count[held] / area[held])[middle > 2.0].mean()) if (middle > 2.0).any() else 0.0
    if top <= 0.0:
        return NAN
    at = np.interp([0.1 * top, 0.9 * top], profile, middle)
    return float(at[1] - at[0])
