"""Which deposits are those of another scene, held against looking at all pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import smpengine as smp
from smpengine.impressions import COLUMNS
from smpengine.preview.same import same_rows


def scene_of(dots: smp.Impressions) -> smp.Scene:
    return smp.Scene(smp.Skin("V"), dots, (9.0, 9.0))


def row(dots: smp.Impressions, n: int) -> tuple[object, ...]:
    return tuple(value for name in COLUMNS for value in np.ravel(getattr(dots, name)[n]).tolist())


@pytest.mark.parametrize("seed", range(8))
def test_rows_that_are_said_to_be_the_same_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Few different values, as float32 has them: many places are shared, and hashes crowd.
    x, y = rng.integers(0, 40, (2, 300)).astype(np.float32) / np.float32(7)
    old = smp.Impressions(x, y, 0.3, 0.05, 0.1, rng.integers(1, 4, 300).astype(float))
    kept = rng.permutation(300)[: rng.integers(1, 300)]
    new = old.rows(np.sort(kept)).changed(np.arange(0, len(kept), 9), depth_mm=0.4)
    new = new.changed(np.arange(0, len(kept), 11), x_mm=8.5)
    found = same_rows(scene_of(old), scene_of(new))
    known = {row(old, n) for n in range(len(old))}
    for n, at in enumerate(found):
        if at >= 0:
            assert row(old, int(at)) == row(new, n)
        else:  # the last of those at one place is looked at alone: what is missed is drawn anew
            there = (old.x_mm == new.x_mm[n]) & (old.y_mm == new.y_mm[n])
            assert row(new, n) not in known or np.count_nonzero(there) > 1


def test_dots_of_a_plan_share_columns_of_their_lattice_and_are_found_still() -> None:
    text = {"version": 1, "treatment": "strong", "scalp": {"extent_mm": [40.0, 40.0]}}
    region = [[10.0, 10.0], [14.0, 10.0], [14.0, 14.0], [10.0, 14.0]]
    denser = {**text, "scalp": {"extent_mm": [40.0, 40.0], "regions": [
        {"polygon_mm": [[0, 0], [40, 0], [40, 40], [0, 40]]},
        {"polygon_mm": region, "density": 1.2},
    ]}}  # fmt: skip
    old, new = (smp.Plan.from_dict(each).scene() for each in (text, denser))
    assert len(np.unique(old.deposits.x_mm)) < 0.95 * len(old.deposits)
    known = {row(old.deposits, n) for n in range(len(old.deposits))}
    changed = [n for n in range(len(new.deposits)) if row(new.deposits, n) not in known]
    assert 0 < len(changed) < 60
    np.testing.assert_array_equal(np.flatnonzero(same_rows(old, new) < 0), changed)


def test_different_places_are_all_found() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0.0, 9.0, (2, 5000))
    old = smp.Impressions(x, y, 0.3, 0.05, 0.1, 20.0)
    order = rng.permutation(5000)[:4000]
    found = same_rows(scene_of(old), scene_of(old.rows(order)))
    np.testing.assert_array_equal(found, order)
    none = scene_of(old.rows(slice(0, 0)))
    assert same_rows(scene_of(old), none).size == 0
    assert (same_rows(none, scene_of(old)) == -1).all()
    darker = replace(scene_of(old), skin=smp.Skin("VI"))
    assert (same_rows(scene_of(old), darker) == np.arange(5000)).all()
