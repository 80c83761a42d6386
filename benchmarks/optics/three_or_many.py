"""What three bands cost: pictures of 31 bands beside them, six skins, two illuminants.

    python benchmarks/optics/three_or_many.py [--tables FOLDER] [--picture FILE]

Skins are calibrated at 400 to 700 nm in steps of 10 nm (a run a band serves all six); with --tables
they are kept, and read from there the next time. Treatments are the plan's natural and strong, in
carbon and in iron-oxide brown, at 40 px/mm; colours are compared in cells of 0.1 mm, as dE00
under the illuminant, white adapted to D65. The least that any matrix of three bands could do is
fitted for each illuminant (rows sum to 1), to all skins and treatments at once.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import colour
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

import smpengine as smp
from smpengine.calibrate.fit import fit_kernels
from smpengine.calibrate.run import band_of, kernels_of
from smpengine.image.colour import BAND_TO_LINEAR_SRGB, EXPOSURE
from smpengine.image.observer import linear_srgb_weights
from smpengine.image.write import write_image
from smpengine.optics.tissue import Tissue
from smpengine.skintable import GROUP, SkinBand, SkinTable
from smpengine.workers import Workers

Array = NDArray[np.float64]
FRACTIONS = (0.02, 0.05, 0.08, 0.12, 0.20, 0.30)
LAMBDA_NM = tuple(float(nm) for nm in range(400, 701, 10))
ILLUMINANTS = ("D65", "A")
TREATMENTS = ("natural", "strong")
PIGMENTS = ("carbon", "brown")
PX_PER_MM, CELL_PX, SIDE_MM = 40.0, 4, 8.0
EPIDERMIS_MM, ANISOTROPY, INDEX = 0.06, 0.8, 1.4


def tables(photons: int, workers: Workers) -> dict[float, SkinTable]:
    """Calibrate all skins; they scatter alike, so they share photons."""
    made = [Tissue(fraction).properties(LAMBDA_NM) for fraction in FRACTIONS]
    bands: dict[float, list[SkinBand]] = {fraction: [] for fraction in FRACTIONS}
    musp = made[0][0]
    for k, nm in enumerate(LAMBDA_NM):
        mean = float(musp[k - k % GROUP : k - k % GROUP + GROUP].mean())
        mua = np.array([[epidermis[k], dermis[k]] for _, epidermis, dermis in made])
        kernels = kernels_of(
            float(musp[k]), mean, mua, EPIDERMIS_MM, ANISOTROPY, INDEX, photons, k, workers
        )
        for i, fraction in enumerate(FRACTIONS):
            own = nm, float(musp[k]), float(mua[i, 0]), float(mua[i, 1])
            bands[fraction].append(band_of(own, kernels, i, fit_kernels(kernels, i)))
        print(f"{nm:.0f} nm", end=" ", flush=True)
    print()
    return {fraction: SkinTable(tuple(found), EPIDERMIS_MM) for fraction, found in bands.items()}


def kept(folder: Path, photons: int, workers: Workers) -> dict[float, Path]:
    """Return the files of the tables, made if they are not there."""
    files = {fraction: folder / f"skin_{fraction:.2f}.json" for fraction in FRACTIONS}
    if not all(file.exists() for file in files.values()):
        folder.mkdir(parents=True, exist_ok=True)
        for fraction, table in tables(photons, workers).items():
            table.write(files[fraction])
    return files


def scene_of(skin: dict[str, object], treatment: str, pigment: str) -> smp.Scene:
    """Return a treatment in a skin, given as a plan gives it; "bare" is none."""
    named = treatment if treatment != "bare" else "natural"
    scalp = {"extent_mm": [SIDE_MM] * 2}
    plan = smp.Plan.from_dict(
        {"version": 1, "seed": 5, "skin": skin, "treatment": named, "scalp": scalp}
    ).resolved()
    if pigment == "brown":
        for session in plan["sessions"]:
            session["pigment"] = "warm-brown-1"
    return smp.Plan.from_dict(plan).scene(-1.0 if treatment == "bare" else None)


def cells(picture: Array) -> Array:
    """Return means over cells, (cells, channels)."""
    h, w, n = picture.shape
    parts = picture.reshape(h // CELL_PX, CELL_PX, w // CELL_PX, CELL_PX, n)
    mean: Array = parts.mean(axis=(1, 3)).reshape(-1, n)
    return mean


class Sample:
    """A skin, bare or treated: its colour by many bands, and its three bands."""

    def __init__(self, name: str, three: Array, many: dict[str, Array]) -> None:
        self.name, self.three, self.many = name, three, many

    def thinned(self, count: int) -> Sample:
        """Return about so many of its cells."""
        step = max(len(self.three) // count, 1)
        return Sample(self.name, self.three[::step], {n: v[::step] for n, v in self.many.items()})


def samples(found: dict[float, Path]) -> Iterator[Sample]:
    """Render everything both ways."""
    weights = {name: linear_srgb_weights(LAMBDA_NM, name) for name in ILLUMINANTS}
    for fraction, file in found.items():
        own, three = {"table": str(file)}, {"melanosome_fraction": fraction}
        for treatment in ("bare", *TREATMENTS):
            for pigment in PIGMENTS if treatment != "bare" else ("",):
                seen = []
                for skin in (three, own):
                    scene = scene_of(skin, treatment, pigment)
                    picture = smp.render(scene, PX_PER_MM, output="linear")
                    seen.append(cells(picture.astype(float)))
                name = f"{fraction:.2f} {treatment} {pigment}".strip()
                yield Sample(name, seen[0], {n: seen[1] @ w.T for n, w in weights.items()})


def lab(linear: Array) -> Array:
    """Return CIELAB of linear sRGB, exposed as a picture is."""
    space = colour.models.RGB_COLOURSPACE_sRGB
    found: Array = colour.XYZ_to_Lab(
        EXPOSURE * linear @ space.matrix_RGB_to_XYZ.T, space.whitepoint
    )
    return found


def differences(sample: Sample, illuminant: str, matrix: Array) -> Array:
    """Return dE00 of each cell."""
    found: Array = colour.delta_E(
        lab(sample.three @ matrix.T), lab(sample.many[illuminant]), method="CIE 2000"
    )
    return found


def least(all_samples: list[Sample], illuminant: str) -> Array:
    """Return the matrix, rows summing to 1, with the least mean square of dE00."""

    def matrix(free: Array) -> Array:
        sides = free.reshape(3, 2)
        return np.stack([1.0 - sides.sum(axis=1), *sides.T], axis=1)

    few = [sample.thinned(40) for sample in all_samples]

    def error(free: Array) -> Array:
        rows = []
        for sample in few:
            found = differences(sample, illuminant, matrix(free))
            rows.append(np.ravel(found) / np.sqrt(found.size))
        return np.concatenate(rows)

    return matrix(least_squares(error, [0.0, 0.0, 1.0, 0.0, 0.0, 1.0], diff_step=1e-4).x)


def side_by_side(found: dict[float, Path], path: Path) -> None:
    """Write three bands (left) beside many under each illuminant; a row a skin."""
    rows = []
    for fraction, file in found.items():
        left = scene_of({"melanosome_fraction": fraction}, "natural", "carbon")
        right = scene_of({"table": str(file)}, "natural", "carbon")
        window = (0.0, 0.0, SIDE_MM, SIDE_MM / 2.0)
        parts = [smp.render(left, PX_PER_MM, window)]
        parts += [smp.render(right, PX_PER_MM, window, illuminant=name) for name in ILLUMINANTS]
        rows.append(np.hstack(parts))
    write_image(path, np.vstack(rows), {"px_per_mm": PX_PER_MM, "output": "srgb8"})


def main() -> None:
    """Print the differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photons", type=int, default=500_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    folder = options.tables or Path(tempfile.mkdtemp(prefix="smpengine-skins-"))
    found = kept(folder, options.photons, Workers(options.threads))
    if options.picture:
        side_by_side(found, options.picture)
    rendered = list(samples(found))
    for illuminant in ILLUMINANTS:
        best = least(rendered, illuminant)
        print(f"under {illuminant}: dE00 mean / 95th percentile, shipped matrix; the least")
        for sample in rendered:
            texts = []
            for matrix in (np.array(BAND_TO_LINEAR_SRGB), best):
                d = differences(sample, illuminant, matrix)
                texts.append(f"{d.mean():5.2f} / {np.percentile(d, 95):5.2f}")
            print(f"  {sample.name:24s} {texts[0]}   {texts[1]}")
        print("  the least: " + "; ".join(" ".join(f"{v:+.4f}" for v in row) for row in best))


if __name__ == "__main__":
    main()
