"""Any deposits: finite, continuous, and never lighter for more pigment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import smpengine as smp

SIDE_MM = 0.6


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    above: float
    r: float
    t: float
    mua: tuple[float, float, float]


places = st.sampled_from([0.2, 0.3, 0.3, 0.3, 0.45])
absorption = st.one_of(
    st.just(0.0), st.floats(0.0, 10_000.0), st.floats(-3, 4).map(lambda e: 10**e)
)
dots = st.builds(
    Dot,
    places,
    places,
    st.one_of(st.just(0.0), st.floats(0.0, 1.45), st.floats(0.0, 0.1)),
    st.floats(0.03, 0.3),
    st.floats(0.03, 0.3),
    st.one_of(absorption.map(lambda m: (m, m, m)), st.tuples(absorption, absorption, absorption)),
)
skins = st.builds(
    smp.Skin, scattering=st.floats(0.4, 1.6), melanosome_fraction=st.floats(0.02, 0.30)
)


def picture(skin: smp.Skin, crowd: list[Dot], px_per_mm: float) -> np.ndarray:
    columns = [[getattr(dot, name) for dot in crowd] for name in ("x", "y", "r", "t", "mua")]
    x, y, r, t, mua = (np.array(column, float) for column in columns)
    depth = np.array([dot.above for dot in crowd]) + t / 2
    impressions = smp.Impressions(x, y, depth, r, t, mua)
    scene = smp.Scene(skin, impressions, (SIDE_MM, SIDE_MM))
    return np.exp(-smp.render(scene, px_per_mm, None, "absorbance", "reference").astype(float))


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, derandomize=True)
@given(
    skins,
    st.lists(dots, min_size=1, max_size=5),
    dots,
    st.integers(0, 4),
    st.integers(0, 2),
    st.floats(1.0, 30.0),
    st.sampled_from([12.0, 33.0, 60.0]),
)
def test_finite_continuous_and_monotone(
    skin: smp.Skin,
    crowd: list[Dot],
    further: Dot,
    which: int,
    band: int,
    stronger: float,
    scale: float,
) -> None:
    before = picture(skin, crowd, scale)
    assert np.isfinite(before).all()
    assert before.max() <= 1.0
    assert before.min() >= 0.0
    after = picture(skin, [*crowd, further], scale)
    assert (after - before).max() <= 1e-6
    n = which % len(crowd)
    one = crowd[n]
    mua = list(one.mua)
    mua[band] = min(mua[band] * stronger + 1e-3 * (stronger - 1.0), 10_000.0)
    darker = [*crowd[:n], Dot(one.x, one.y, one.above, one.r, one.t, tuple(mua)), *crowd[n + 1 :]]
    assert (picture(skin, darker, scale) - before).max() <= 1e-6
    e = 1.0 + 1e-6
    nudged = Dot(
        one.x, one.y, one.above * e + 1e-7, one.r * e, one.t * e, tuple(m / e for m in one.mua)
    )
    moved = picture(skin, [*crowd[:n], nudged, *crowd[n + 1 :]], scale)
    assert np.abs(moved - before).max() <= 1e-3


@pytest.mark.parametrize("name", ["above", "r", "t", "mua"])
def test_no_switch_shows(name: str) -> None:
    """Along depth, radius, thickness and strength, steps shrink as the parameter's do."""
    base = {"above": 0.05, "r": 0.1, "t": 0.1, "mua": 40.0}
    ends = {"above": (0.0, 1.6), "r": (0.03, 0.3), "t": (0.03, 0.3), "mua": (0.0, 10_000.0)}
    steps = np.linspace(0.0, 1.0, 801)
    low, high = ends[name]
    values = low + (high - low) * (steps**4 if name == "mua" else steps)
    seen = []
    for value in values:
        it = {**base, name: float(value)}
        dot = Dot(0.3, 0.3, it["above"], it["r"], it["t"], (it["mua"],) * 3)
        seen.append(picture(smp.Skin("III-IV"), [dot], 33.0))
    jumps = np.abs(np.diff(np.array(seen), axis=0)).max(axis=(1, 2, 3))
    second = np.abs(np.diff(np.array(seen), n=2, axis=0)).max(axis=(1, 2, 3))
    assert second.max() <= 0.5 * jumps.max() + 1e-4  # a jump would be as large in both
