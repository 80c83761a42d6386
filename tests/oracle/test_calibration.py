"""A skin's own table: made, kept, read, and the model with it against transport."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

import smpengine as smp
from smpengine.calibrate import run as runs
from smpengine.calibrate.fit import fit_kernels
from smpengine.calibrate.properties import SkinFile, read_skin, skin_of
from smpengine.optics.tables import table_for
from smpengine.optics.transport.cylinders import Cylinders, ring_absorbance
from smpengine.optics.transport.field import field_reflectance
from smpengine.optics.transport.medium import Medium
from smpengine.skintable import SkinTable, read_table
from smpengine.workers import Workers

DATA = Path(__file__).parents[1] / "data"
OWN = SkinFile(melanosome_fraction=0.07, blood_fraction=0.015, scattering=0.75)
SHIPPED = SkinFile(melanosome_fraction=0.12)


@pytest.fixture(scope="session")
def own() -> SkinTable:
    return runs.calibrate(OWN, 150_000, 1, Workers(2))


def medium_of(table: SkinTable, b: int) -> Medium:
    band = table.in_drawing_order().bands[b]
    mus = band.musp_per_mm / 0.2
    mua = band.mua_epidermis_per_mm, band.mua_dermis_per_mm
    return Medium((table.epidermis_mm, math.inf), (mus, mus), mua, 0.8)


def test_a_shipped_skin_comes_out_as_it_is_shipped() -> None:
    table = runs.calibrate(SHIPPED, 150_000, 1, Workers(2))
    ours = table_for(smp.Skin(table=table))
    shipped = table_for(smp.Skin("III-IV"))
    shallow = ours.z_mm < 0.6
    total, want = ours.weight.sum(axis=2), shipped.weight.sum(axis=2)
    assert np.abs(total[shallow] / want[shallow] - 1.0).max() < 0.04
    assert np.abs(ours.reach[shallow] / shipped.reach[shallow] - 1.0).max() < 0.03
    assert np.abs(ours.weight[shallow] - shipped.weight[shallow]).max() < 0.25
    assert smp.Skin(table=table).similarity == pytest.approx(1.0, abs=1e-3)


def test_dots_of_an_untabulated_skin(own: SkinTable) -> None:
    skin, errors = smp.Skin(table=own), []
    z, r = np.array([(z, r) for z in (0.15, 0.3, 0.5) for r in (0.05, 0.1)]).T
    rings = ((0.0, 0.05), (0.05, 0.15), (0.15, 0.4))
    mua = (5.0, 40.0, 400.0)
    for b in range(3):
        truth = ring_absorbance(
            medium_of(own, b), Cylinders(z, r, 0.1), mua, rings, 40_000, 2, Workers(2)
        )
        for i in range(z.size):
            for j, strength in enumerate(mua):
                dot = smp.Impressions([1.0], [1.0], z[i], r[i], 0.1, strength)
                scene = smp.Scene(skin, dot, (2.0, 2.0))
                a = smp.render(scene, 100.0, (0.6, 0.6, 1.4, 1.4), "absorbance", "cpu")
                axis = (np.arange(80) + 0.5) / 100.0 - 0.4
                rho = np.hypot(axis[:, None], axis)
                for k, (low, high) in enumerate(rings):
                    here = np.exp(-a[(rho >= low) & (rho < high), b].astype(float)).mean()
                    value, error = truth.value[k, i, j], truth.error[k, i, j]
                    if value > 0.02 and error < value / 15.0:
                        errors.append(abs(-math.log(here) / value - 1.0))
    assert len(errors) > 100
    assert np.median(errors) < 0.05
    assert np.percentile(errors, 95) < 0.15


def test_a_field_in_an_untabulated_skin(own: SkinTable) -> None:
    dots = np.loadtxt(DATA / "fields" / "strong_III-IV.dots.csv", delimiter=",", skiprows=1)
    shift = [(i * 4.0, j * 4.0) for i in range(5) for j in range(5)]
    x = np.concatenate([dots[:, 0] + i for i, _ in shift])
    y = np.concatenate([dots[:, 1] + j for _, j in shift])
    copies = smp.Impressions(x, y, *(np.tile(column, 25) for column in dots[:, 2:].T))
    scene = smp.Scene(smp.Skin(table=own), copies, (20.0, 20.0))
    a = smp.render(scene, 40.0, (8.0, 8.0, 12.0, 12.0), "absorbance", "cpu").astype(float)
    for b in range(3):
        _, mean = field_reflectance(
            medium_of(own, b), dots[:, :5], dots[:, 5], 4.0, 10, 1500, 3, Workers(2)
        )
        ours = -math.log(np.exp(-a[..., b]).mean())
        assert abs(ours / mean.value - 1.0) < 0.03 + 3.0 * mean.error / mean.value


def test_bare_skin_is_transports(own: SkinTable) -> None:
    scene = smp.Scene(smp.Skin(table=own), smp.Impressions(*[np.zeros(0)] * 6), (1.0, 1.0))
    seen = smp.render(scene, 10.0, output="linear")[0, 0]
    assert np.allclose(seen, [band.reflectance for band in own.bands[::-1]], rtol=1e-6)
    assert smp.Skin(table=own).lambda_nm == (610.0, 545.0, 460.0)


def test_a_file_holds_all_of_it(own: SkinTable, tmp_path: Path) -> None:
    path = tmp_path / "skin.json"
    own.write(path)
    dot = smp.Impressions([1.0], [1.0], 0.2, 0.07, 0.1, 60.0)
    pictures = [
        smp.render(smp.Scene(smp.Skin(table=table), dot, (2.0, 2.0)), 40.0, output="linear")
        for table in (own, read_table(path), path)
    ]
    assert np.array_equal(pictures[0], pictures[1])
    assert np.array_equal(pictures[0], pictures[2])


def test_threads_and_stops_change_no_bit(tmp_path: Path, own: SkinTable) -> None:
    """A run that is cut short after its first band goes on to the same table."""
    part, lines = tmp_path / "skin.json.part", []
    cut = False

    def stop() -> bool:
        return cut

    def say(line: str) -> None:
        nonlocal cut
        lines.append(line)
        cut = len(lines) == 1

    with pytest.raises(smp.Cancelled):
        runs.calibrate(OWN, 150_000, 1, Workers(2, stop), part, say)
    assert len(read_table(part).bands) == 1
    table = runs.calibrate(OWN, 150_000, 1, Workers(7), part, lines.append)
    assert len(lines) == 3  # the first band was not run again
    assert table.text() == own.text()
    with pytest.raises(smp.InputError, match="holds finished bands of another skin"):
        runs.calibrate(OWN, 150_000, 2, Workers(1), part)
    part.write_text("half")
    with pytest.raises(smp.InputError, match="holds no bands of an earlier run"):
        runs.calibrate(OWN, 150_000, 1, Workers(1), part)


def test_more_photons_fit_better_and_cost_more() -> None:
    musp, epidermis, dermis = SHIPPED.properties()
    mua = np.array([[epidermis[1], dermis[1]]])
    errors = []
    for photons in (10_000, 640_000):
        kernels = runs.kernels_of(musp[1], musp.mean(), mua, 0.06, 0.8, 1.4, photons, 1, Workers(2))
        errors.append(float(kernels.bare.error[0]))
        fit = fit_kernels(kernels, 0)
        assert (fit.weight >= 0.0).all()
        assert (np.diff(fit.reach) <= 0.0).all()
    assert errors[0] / errors[1] == pytest.approx(8.0, rel=0.35)


MEASURED = {
    "lambda_nm": [500, 600], "musp_per_mm": [4.6, 3.5], "mua_epidermis_per_mm": [3.0, 2.0],
    "mua_dermis_per_mm": [0.2, 0.1],
}  # fmt: skip


WRONG = (
    ("lambda_nm", [600, 500], "lambda_nm[1] must be over the one before it, got 500 after 600"),
    ("mua_dermis_per_mm", [0.2, -0.1], "mua_dermis_per_mm[1] must be greater than or equal to 0"),
    ("musp_per_mm", [4.6], "musp_per_mm must have a value for each of the 2 wavelengths, got 1"),
    ("musp_per_mm", [4.6, 0.0], "musp_per_mm[1] must be greater than 0, got 0.0"),
    ("g", 1.0, "g must be less than or equal to 0.99, got 1.0"),
    ("n", 0.9, "n must be greater than or equal to 1, got 0.9"),
    ("epidermis_mm", 0, "epidermis_mm must be greater than or equal to 0.01, got 0"),
    ("melanosome_fraction", 0.1, "be given by properties or by what it is made of, got musp_per"),
    ("musp", 3, "musp must be a known key, got 3. Known are lambda_nm"),
)
WRONG_TISSUE = (
    ({"lambda_nm": [500], "musp_per_mm": [4.0]}, "mua_epidermis_per_mm must be given beside the"),
    ({}, "melanosome_fraction must be given, got nothing. Or give musp_per_mm"),
    ({"melanosome_fraction": 0.7}, "melanosome_fraction must be 0 to 0.5, got 0.7"),
    ({"melanosome_fraction": 0.1, "lambda_nm": [390]}, "be 400 to 700 where blood is given by"),
    ({"melanosome_fraction": "much"}, "melanosome_fraction must be a number"),
)


@pytest.mark.parametrize(
    ("data", "says"),
    [*(({**MEASURED, key: value}, says) for key, value, says in WRONG), *WRONG_TISSUE],
)
def test_wrong_properties_are_named(data: dict[str, object], says: str) -> None:
    with pytest.raises(smp.SceneError) as caught:
        skin_of(data, "skin.toml")
    assert says in str(caught.value)
    assert str(caught.value).startswith("skin.toml: ")


def test_too_few_photons_for_a_dark_band() -> None:
    black = SkinFile(melanosome_fraction=0.5, lambda_nm=[400.0, 545.0])
    with pytest.raises(smp.InputError, match="photons must be more for the skin at 400 nm, got 10"):
        runs.calibrate(black, 10_000)
    with pytest.raises(smp.SceneError, match="melanosome_fraction must be given"):
        runs.calibrate(SkinFile(), 10_000)


def test_wrong_files_are_named(tmp_path: Path, own: SkinTable) -> None:
    with pytest.raises(smp.SceneError, match=r"none.toml: cannot be read: No such file"):
        read_skin(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("g = \n")
    with pytest.raises(smp.SceneError, match=r"bad.toml: is not valid: .*line 1"):
        read_skin(tmp_path / "bad.toml")
    with pytest.raises(smp.SceneError, match=r"must end in .toml or .json, got '.txt'"):
        read_skin(tmp_path / "bad.txt")
    with pytest.raises(smp.InputError, match="photons must be 10,000 to"):
        runs.calibrate(OWN, 10)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(smp.SceneError, match=r"other.json: is not a skin table. Make one by"):
        smp.Skin(table=tmp_path / "other.json")
    data = json.loads(own.text())
    data["bands"][1]["weight"][3][2] = -1.0
    (tmp_path / "other.json").write_text(json.dumps(data))
    with pytest.raises(smp.SceneError, match=r"bands\[1\].weight must be finite and not negative"):
        read_table(tmp_path / "other.json")
    data["bands"] = data["bands"][::-1]
    del data["bands"][1]["reach"]
    (tmp_path / "other.json").write_text(json.dumps(data))
    with pytest.raises(smp.SceneError, match="is not a whole skin table: KeyError"):
        read_table(tmp_path / "other.json")
    with pytest.raises(smp.SceneError, match="skin must have a table or other values"):
        smp.Skin("VI", table=own)
    with pytest.raises(smp.SceneError, match=r"skin.table must be a SkinTable or its file"):
        smp.Skin(table=3)  # type: ignore[arg-type]
