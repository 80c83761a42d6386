"""The optics against values of the model made elsewhere, and against photon transport."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import smpengine as smp
from smpengine.optics.crowding import (
    U_STAR,
    relative_reflectance,
    relative_reflectance_reference,
    taken,
)
from smpengine.optics.scatter import scatter
from smpengine.optics.tables import table_for
from smpengine.workers import Workers

ROOT = Path(__file__).parents[2]
PX_PER_MM = 1000.0


def load_check() -> ModuleType:
    path = ROOT / "benchmarks" / "optics" / "transport_check.py"
    spec = importlib.util.spec_from_file_location("transport_check", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_model_gives_the_tabulated_values() -> None:
    with (ROOT / "tests" / "data" / "model_check.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 500
    for row in rows:
        b = "RGB".index(row["band"])
        values = (float(row[name]) for name in ("z_mm", "r_mm", "t_mm", "mua_per_mm"))
        dot = smp.Impressions([0.0], [0.0], *values)
        skin = smp.Skin(melanosome_fraction=float(row["melanosome_fraction"]))
        splats = scatter(dot, skin, PX_PER_MM, Workers(1), min_sigma_px=0.0)
        rho2 = (float(row["rho_mm"]) * PX_PER_MM) ** 2
        sigma = splats.halos.sigma_px.astype(float)
        halo = (np.exp(-rho2 / 2 / sigma**2)[:, None] * splats.halos.peak.astype(float)).sum(axis=0)
        edge = float(splats.cores.edge[0])
        exponent = min(rho2 * float(splats.cores.inv_spread_per_px2[0]) - edge, 60.0)
        disc = (1 + np.exp(-edge)) / (1 + np.exp(exponent))
        core = -np.log1p(-min(float(splats.cores.cap[0, b]) * disc, 0.9995))
        reflectance = relative_reflectance_reference(*map(np.array, (core, halo[b], halo[b + 3])))
        got = (core, halo[b], halo[b + 3] / max(halo[b], 1e-12), float(reflectance))
        want = [float(row[name]) for name in ("C", "H", "p", "R_over_R0")]
        # Splats are float32; the arithmetic before them is float64.
        np.testing.assert_allclose(got, want, atol=2e-5, rtol=2e-5, err_msg=str(row))


def test_single_dots_agree_with_transport() -> None:
    check = load_check()
    rows = check.usable(check.read(ROOT / "tests" / "data" / "dots.csv.xz"))
    error = np.abs(check.dot_errors(rows, samples=8))
    weak = check.column(rows, "mua_per_mm") <= 40.0
    assert np.median(error[weak]) <= 0.027
    assert np.percentile(error[weak], 95) <= 0.104
    assert np.median(error[~weak]) <= 0.037
    assert np.percentile(error[~weak], 95) <= 0.128


@pytest.mark.slow
def test_lattices_agree_with_transport() -> None:
    check = load_check()
    rows = check.usable(check.read(ROOT / "tests" / "data" / "lattices.csv"))
    error = np.abs(check.lattice_errors(rows))
    assert np.median(error) <= 0.025
    assert error.max() <= 0.14


def test_crowding_is_continuous_and_monotone() -> None:
    halo = np.linspace(0.0, 40.0, 4001)
    for reach in (1e-6, 0.01, 0.3, 1.0):
        share = np.array([taken(h, reach) for h in halo])
        assert np.all(np.diff(share) >= 0.0)
        assert share[0] == 0.0
        assert share[-1] < 1.0
    below, above = (taken(U_STAR * (1 + e), 1.0) for e in (-1e-9, 1e-9))
    assert abs(above - below) < 1e-8


def test_crowding_in_float32_follows_float64() -> None:
    rng = np.random.default_rng(0)
    core = rng.exponential(0.3, 8000)
    halo = rng.exponential(1.0, 8000)
    reach = rng.uniform(0.0, 1.0, 8000) * halo
    out = np.empty(8000, np.float32)
    relative_reflectance(*(v.astype(np.float32) for v in (core, halo, reach)), out)
    expected = relative_reflectance_reference(core, halo, reach)
    np.testing.assert_allclose(out, expected, atol=2e-6)


def test_the_table_is_the_tabulated_one_at_its_fractions() -> None:
    table = table_for(smp.Skin("III-IV"))
    assert table.weight.min() >= 0.0
    assert np.all(np.diff(table.reach[:, 0]) <= 1e-12)
    between = table_for(smp.Skin(melanosome_fraction=0.07))
    light = table_for(smp.Skin("I-II"))
    middle = between.weight[40, 2, 3]
    assert min(light.weight[40, 2, 3], table.weight[40, 2, 3]) <= middle
    assert middle <= max(light.weight[40, 2, 3], table.weight[40, 2, 3])


def test_scattering_scales_lengths() -> None:
    """Skin that scatters half as much shows a dot as one of half the size and depth."""
    whole = scatter(
        smp.Impressions([1.0], [1.0], 0.2, 0.07, 0.1, 40.0), smp.Skin(), 100.0, Workers(1)
    )
    half = scatter(
        smp.Impressions([1.0], [1.0], 0.4, 0.14, 0.2, 20.0),
        smp.Skin(scattering=0.5),
        100.0,
        Workers(1),
    )
    np.testing.assert_allclose(half.halos.sigma_px, 2.0 * whole.halos.sigma_px, rtol=1e-6)
    np.testing.assert_allclose(half.halos.peak, whole.halos.peak, rtol=1e-6)
    np.testing.assert_allclose(half.cores.cap, whole.cores.cap, rtol=1e-5)
