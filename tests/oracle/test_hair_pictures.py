"""Follicles and shafts counted and measured in pictures, against what scalps have."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.morphology import skeletonize

import smpengine as smp

UNITS_PER_CM2 = (60.0, 100.0)
HAIRS_A_UNIT = (1.0, 4.0)
WIDTHS_MM = (0.06, 0.14)
APART_MM = 0.42  # hairs of one unit stand nearer to each other than that


def picture(hair: dict[str, object], size_mm: float, px_per_mm: float) -> NDArray[np.float32]:
    """Return R / R0 in green of hair on bare skin."""
    plan = smp.Plan.from_dict(
        {
            "version": 1, "seed": 8, "treatment": "natural",
            "scalp": {"extent_mm": [size_mm, size_mm]},
            "hair": {"colour": "black", "shadow": 0.0, "whorl_mm": [10, 200], **hair},
        }
    )  # fmt: skip
    scene = plan.scene(sessions=0)
    shown = np.exp(-smp.render(scene, px_per_mm, output="absorbance", device="cpu")[..., 1])
    return np.asarray(shown)


def places(shown: NDArray[np.float32], px_per_mm: float) -> NDArray[np.float64]:
    """Return the middles of dark spots, (n, 2), mm."""
    labels, count = ndimage.label(shown < 0.35)
    middles = ndimage.center_of_mass(labels > 0, labels, np.arange(1, count + 1))
    return np.array(middles) / px_per_mm


@pytest.mark.parametrize("density", [60.0, 80.0, 100.0])
def test_units_and_hairs_counted_in_a_shaved_picture(density: float) -> None:
    size = 20.0
    seen = places(picture({"length_mm": 0.0, "density_units_per_cm2": density}, size, 80.0), 80.0)
    pairs = cKDTree(seen).query_pairs(APART_MM, output_type="ndarray")
    group = np.arange(len(seen))
    for a, b in pairs:  # joins groups
        group[group == group[b]] = group[a]
    units = np.unique(group).size / (size / 10.0) ** 2
    hairs = len(seen) / (size / 10.0) ** 2
    low, high = UNITS_PER_CM2
    assert 0.93 * low <= units <= 1.03 * high
    assert units == pytest.approx(density, rel=0.08)
    # 2.2 hairs a unit; a few touch and are counted once.
    assert hairs == pytest.approx(2.2 * density, rel=0.08)
    most = np.unique(group, return_counts=True)[1]
    assert HAIRS_A_UNIT[0] <= most.mean() <= HAIRS_A_UNIT[1]


@pytest.mark.parametrize(("asked", "spread"), [(0.07, 0.006), (0.08, 0.012), (0.12, 0.008)])
def test_widths_measured_in_a_picture(asked: float, spread: float) -> None:
    hair = {
        "length_mm": 1.2, "hairs_per_unit": [1, 0, 0, 0], "density_units_per_cm2": 60.0,
        "elevation_deg": 20.0, "diameter_mm": asked, "diameter_spread_mm": spread,
    }  # fmt: skip
    scale = 160.0
    shown = picture(hair, 12.0, scale)
    labels, count = ndimage.label(shown < 0.5)
    inside = ndimage.distance_transform_edt(labels > 0)
    assert isinstance(inside, np.ndarray)
    # The middle line of a shaft is as far from its edges as half of its width; the root beneath
    # one end widens no more than that end.
    middle = np.where(skeletonize(labels > 0), labels, 0)
    each = ndimage.median(inside, middle, np.unique(middle)[1:])
    widths = 2.0 * np.asarray(each) / scale
    assert count > 60
    assert np.median(widths) == pytest.approx(asked, rel=0.1)
    low, high = WIDTHS_MM
    assert np.mean((widths > 0.8 * low) & (widths < 1.1 * high)) > 0.9
