"""The transport code against published values, other codes' data, and what must hold exactly."""

from __future__ import annotations

import csv
import lzma
import math
from pathlib import Path

import numpy as np
import pytest

import smpengine as smp
from smpengine.optics.tissue import Tissue
from smpengine.optics.transport.cylinders import Cylinders, lattice_absorbance, ring_absorbance
from smpengine.optics.transport.field import field_reflectance
from smpengine.optics.transport.kernels import linear_kernels
from smpengine.optics.transport.medium import Medium
from smpengine.optics.transport.slab import slab
from smpengine.workers import Workers

DATA = Path(__file__).parents[1] / "data"
WORKERS = Workers(2)
LIGHT = Medium((0.06, math.inf), (17.34, 17.34), (0.733, 0.04228), 0.8)  # R, I-II
DARK = Medium((0.06, math.inf), (20.35, 20.35), (6.1587, 0.18358), 0.8)  # G, III-IV


def test_slab_of_van_de_hulst() -> None:
    thin = slab(Medium((0.2,), (9.0,), (1.0,), 0.75, 1.0), 8_000_000, 1, workers=WORKERS)
    for found, want in ((thin.reflectance, 0.09734), (thin.transmittance, 0.66096)):
        assert found.error[0] < 1e-3 * want
        assert abs(found.value[0] - want) < 3.0 * found.error[0]


def test_half_space_of_giovanelli() -> None:
    found = slab(Medium((math.inf,), (9.0,), (1.0,), 0.0, 1.5), 2_000_000, 2, workers=WORKERS)
    value = found.specular + (1.0 - found.specular) * found.reflectance.value[0]
    error = (1.0 - found.specular) * found.reflectance.error[0]
    assert error < 1e-3 * 0.26
    assert abs(value - 0.26) < 3.0 * error


def test_what_is_not_absorbed_comes_out() -> None:
    found = slab(Medium((0.1, 0.3), (5.0, 30.0), (0.0, 0.0), 0.5, 1.4), 20_000, 3)
    assert abs(found.reflectance.value[0] + found.transmittance.value[0] - 1.0) < 1e-12


def test_a_thick_layer_loses_nothing() -> None:
    found = slab(Medium((60.0,), (0.05,), (0.0,), 0.0, 1.4), 4_000, 3)
    assert abs(found.reflectance.value[0] + found.transmittance.value[0] - 1.0) < 1e-12
    endless = Medium((0.06, math.inf), (17.0, 17.0), (0.0, 0.0), 0.8)
    with pytest.raises(smp.InputError, match=r"mua_per_mm must be over 0 in an endless layer"):
        slab(endless, 100)


def test_one_run_serves_many_absorptions() -> None:
    many = slab(LIGHT, 200_000, 4, np.array([LIGHT.mua_per_mm, DARK.mua_per_mm]), WORKERS)
    dark = Medium((0.06, math.inf), LIGHT.mus_per_mm, DARK.mua_per_mm, 0.8)
    own = slab(dark, 200_000, 5, workers=WORKERS)
    error = math.hypot(many.reflectance.error[1], own.reflectance.error[0])
    assert abs(many.reflectance.value[1] - own.reflectance.value[0]) < 4.0 * error


@pytest.mark.parametrize("skin", ["I-II", "III-IV"])
def test_single_dots(skin: str) -> None:
    """Standard scores against the dots of an independent code: the benchmark runs all of them."""
    band, medium = {"I-II": ("R", LIGHT), "III-IV": ("G", DARK)}[skin]
    with lzma.open(DATA / "dots.csv.xz", "rt", newline="") as file:
        rows = [r for r in csv.DictReader(file) if (r["skin"], r["band"]) == (skin, band)]
    rows = [r for r in rows if r["rho_lo_mm"] == "0.03" and r["t_mm"] == "0.1"]
    rows = [r for r in rows if float(r["A"]) > 0.02]
    shapes = sorted({(float(r["z_mm"]), float(r["r_mm"])) for r in rows})
    mua = sorted({float(r["mua_per_mm"]) for r in rows})
    z, r = np.array(shapes).T
    found = ring_absorbance(medium, Cylinders(z, r, 0.1), mua, [[0.03, 0.06]], 60_000, 6, WORKERS)
    scores, ratios = [], []
    for row in rows:
        at = shapes.index((float(row["z_mm"]), float(row["r_mm"])))
        j = mua.index(float(row["mua_per_mm"]))
        value, error = found.value[0, at, j], found.error[0, at, j]
        scores.append((value - float(row["A"])) / math.hypot(error, float(row["A_se"])))
        ratios.append(value / float(row["A"]))
    assert len(scores) > 30
    assert 0.5 < np.std(scores) < 1.5  # photons are shared: far fewer than rows are independent
    assert np.abs(scores).max() < 4.5
    assert abs(np.median(ratios) - 1.0) < 0.02


def test_lattices() -> None:
    with (DATA / "lattices.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if (r["skin"], r["band"]) == ("I-II", "R")]
    columns = ("z_mm", "r_mm", "t_mm", "pitch_mm")
    shapes = sorted({tuple(float(r[c]) for c in columns) for r in rows})
    mua = sorted({float(r["mua_per_mm"]) for r in rows})
    z, r, t, pitch = np.array(shapes).T
    found = lattice_absorbance(LIGHT, Cylinders(z, r, t), mua, pitch, 60_000, 7, WORKERS)
    scores = []
    for row in rows:
        at, j = (
            shapes.index(tuple(float(row[c]) for c in columns)),
            mua.index(float(row["mua_per_mm"])),
        )
        error = math.hypot(found.error[at, j], float(row["A_se"]))
        scores.append((found.value[at, j] - float(row["A"])) / error)
    assert 0.4 < np.std(scores) < 1.6
    assert np.abs(scores).max() < 4.5


def test_a_field() -> None:
    dots = np.loadtxt(DATA / "fields" / "strong_III-IV.dots.csv", delimiter=",", skiprows=1)
    with np.load(DATA / "fields" / "strong_III-IV.image.npz") as image:
        want, want_error = image["R_G"].astype(float), image["se_G"].astype(float)
    picture, mean = field_reflectance(DARK, dots[:, :5], dots[:, 5], 4.0, 40, 150, 8, WORKERS)
    scores = (picture.value - want) / np.hypot(picture.error, want_error)
    assert 0.9 < scores.std() < 1.1
    assert abs(math.exp(-mean.value) / want.mean() - 1.0) < 4.0 * mean.error


@pytest.mark.slow
def test_kernels_say_what_a_weak_dot_takes() -> None:
    """A dot in one depth of the grid: the kernel times its volume, spread over the disc."""
    own = np.array([LIGHT.mua_per_mm])
    found = linear_kernels(LIGHT, own, 0.5, 1.0, 40, 20, 300_000, 9, WORKERS)
    rho = found.rho_mm
    mua, radius = 0.01, 0.02
    cylinder = Cylinders([0.175], [radius], [0.05])
    ring = np.array([[0.05, 0.06]])
    dot = ring_absorbance(LIGHT, cylinder, [mua], ring, 300_000, 10, WORKERS)
    rng = np.random.default_rng(1)
    at, turn = np.sqrt(rng.uniform(*(ring[0] ** 2), 200_000)), rng.uniform(0, 2 * np.pi, 200_000)
    off = radius * np.sqrt(rng.uniform(0, 1, at.size))
    share, _ = np.histogram(np.hypot(at + off * np.cos(turn), off * np.sin(turn)), rho)
    kernel = found.rings.value[0, 3, :-1] / (np.pi * np.diff(rho**2))
    want = mua * np.pi * radius**2 * 0.05 * (share * kernel).sum() / at.size
    assert abs(dot.value[0, 0, 0] / want - 1.0) < 0.03
    assert abs(found.reach.value[0, 0] - 1.0) < 1e-12
    assert (np.diff(found.reach.value[0]) <= 0.0).all()
    # On its straight way down the ray falls off by scattering; an independent code's shares.
    straight, error = found.straight.value[0, :4], found.straight.error[0, :4]
    assert (
        np.abs(straight / [0.66417, 0.27354, 0.11178, 0.04548] - 1.0) < 4.0 * error / straight
    ).all()


@pytest.mark.slow
@pytest.mark.parametrize("threads", [2, 7])
def test_same_bits_on_any_threads(threads: int) -> None:
    def run(workers: Workers) -> list[np.ndarray]:
        dots = Cylinders([0.2, 0.4], 0.05, 0.1)
        places = [[0.1, 0.1, 0.2, 0.05, 0.1], [0.9, 0.5, 0.3, 0.1, 0.1]]
        mua = np.array([LIGHT.mua_per_mm])
        return [
            slab(LIGHT, 20_000, 1, workers=workers).reflectance.value,
            ring_absorbance(LIGHT, dots, [5.0, 50.0], [[0.0, 0.1]], 20_000, 1, workers).value,
            lattice_absorbance(LIGHT, dots, [5.0], 0.3, 20_000, 1, workers).error,
            field_reflectance(LIGHT, places, 20.0, 1.0, 9, 300, 1, workers)[0].value,
            linear_kernels(LIGHT, mua, 1.0, 1.0, 10, 10, 20_000, 1, workers).rings.value,
        ]

    for one, many in zip(run(Workers(1)), run(Workers(threads)), strict=True):
        assert np.array_equal(one, many)
    assert not np.array_equal(
        run(Workers(1))[0], slab(LIGHT, 20_000, 2, workers=Workers(1)).reflectance.value
    )


def test_more_pigment_takes_more() -> None:
    dots = Cylinders([0.2], 0.1, 0.1)
    found = ring_absorbance(LIGHT, dots, [0.0, 1.0, 10.0, 1e4], [[0.0, 0.1]], 5_000, 1)
    assert found.value[0, 0, 0] == 0.0
    assert (np.diff(found.value[0, 0]) > 0.0).all()


def test_progress_and_cancel() -> None:
    seen: list[tuple[int, int]] = []
    workers = Workers(1, progress=lambda done, total: seen.append((done, total)))
    workers.total = 5
    slab(LIGHT, 20_000, workers=workers)
    assert seen[-1] == (5, 5)
    with pytest.raises(smp.Cancelled):
        slab(LIGHT, 20_000, workers=Workers(1, cancel=lambda: True))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"thickness_mm": (0.0, math.inf)}, "thickness_mm must be over 0, got 0.0 at layer 0"),
        ({"mus_per_mm": (17.0, -1.0)}, "mus_per_mm must be over 0 and finite, got -1.0 at layer 1"),
        ({"mua_per_mm": (-0.1, 1.0)}, "mua_per_mm must be at least 0 and finite, got -0.1"),
        ({"mua_per_mm": (0.1,)}, "mua_per_mm must have a value for each layer, got 1 for 2"),
        ({"g": 1.0}, "g must be over -1 and under 1, got 1.0"),
        ({"n": 0.9}, "n must be 1 to 3, got 0.9"),
    ],
)
def test_wrong_media_are_named(change: dict[str, object], says: str) -> None:
    good = {
        "thickness_mm": (0.06, math.inf), "mus_per_mm": (17.0, 17.0), "mua_per_mm": (1.0, 0.1),
        "g": 0.8, "n": 1.4,
    }  # fmt: skip
    with pytest.raises(smp.InputError) as caught:
        Medium(**{**good, **change})
    assert says in str(caught.value)


def test_lattices_of_any_pitch_see_all_starts() -> None:
    """Far apart, a lattice takes its share of the area; near or far, dots of one shape alike."""
    wide = Cylinders([0.3, 0.3], [6.0, 300.0], 0.1)
    found = lattice_absorbance(DARK, wide, [1e4], [30.0, 1500.0], 20_000, 3, WORKERS)
    assert abs(found.value[0, 0] - found.value[1, 0]) < 5.0 * found.error.max()


def test_a_dot_nearly_as_wide_as_its_cell_counts_once() -> None:
    one = [[0.1005, 0.1, 0.2, 0.0999, 0.1]]
    wide, _ = field_reflectance(LIGHT, one, 1e4, 0.2, 1, 20_000, 3, WORKERS)
    lattice = lattice_absorbance(LIGHT, Cylinders(0.2, 0.099, 0.1), [1e4], 0.2, 20_000, 4, WORKERS)
    assert abs(-math.log(wide.value[0, 0]) - lattice.value[0, 0]) < 0.05
    assert wide.error[0, 0] < 0.01
    _, nothing = field_reflectance(LIGHT, [], [], 0.2, 2, 100, 3)
    assert nothing.value == 0.0


def test_wrong_inputs_are_named() -> None:
    for call, says in (
        (lambda: slab(LIGHT, 100, 0, [[0.1]]), r"mua_per_mm must have shape \(n, 2\)"),
        (lambda: slab(LIGHT, 1), "photons must be at least 2, got 1"),
        (lambda: linear_kernels(LIGHT, [[0.1, 0.1]], 1.0, 1.0, 5, 5, 10), "photons must be at"),
        (lambda: Cylinders(0.01, 0.05, 0.1), "depth_mm must be at least half of thickness_mm"),
        (lambda: Cylinders([0.1, 0.2], [0.1] * 3, 0.1), "must be alike"),
        (lambda: ring_absorbance(LIGHT, Cylinders(0.2, 0.1, 0.1), -5.0, [[0, 1]], 9), "got -5.0"),
        (lambda: ring_absorbance(LIGHT, Cylinders(0.2, 0.1, 0.1), 5.0, [[1, 0]], 9), "be .inner"),
        (lambda: field_reflectance(LIGHT, [[1, 1, 1, 1, -1]], 5.0, 4.0, 2, 9), "thickness_mm"),
    ):
        with pytest.raises(smp.InputError, match=says):
            call()


def test_wrong_cylinders_are_named() -> None:
    with pytest.raises(smp.InputError, match=r"radius_mm must be over 0 .* at row 1"):
        Cylinders([0.1, 0.2], [0.1, 0.0], 0.1)
    with pytest.raises(smp.InputError, match="pitch_mm must be at least 1 % over two radii"):
        lattice_absorbance(LIGHT, Cylinders(0.2, 0.05, 0.1), 5.0, 0.1, 100)


def test_tissue_has_the_tabulated_properties() -> None:
    musp, epidermis, dermis = Tissue(0.12).properties([610.0, 545.0, 460.0])
    assert np.allclose(musp, [3.468, 4.070, 5.179], rtol=2e-4)
    assert np.allclose(epidermis, [4.2323, 6.1587, 10.8535], rtol=2e-4)
    assert np.allclose(dermis, [0.04228, 0.18358, 0.21270], rtol=3e-4)
    with pytest.raises(smp.SceneError, match=r"blood_fraction must be 0 to 0\.2, got 0\.5"):
        Tissue(0.1, blood_fraction=0.5)
