"""Round trip of the fit on the engine's own pictures: bias, and whether errors are honest.

    python benchmarks/fit.py [--each 8] [--only noise] [--seed 0]

Each line of the table is a picture: truth, estimate, standard error, and z, the error in standard
errors. Below, for each kind of picture and each number: median error, and the share within 1 and 2
standard errors (68 and 95 % where those are honest).
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

import smpengine as smp
from smpengine.photo.fit import fit
from smpengine.verdict.dots import blur
from smpengine.verdict.picture import to_codes, to_linear

SKINS = ("I-II", "III-IV", "V", "VI")
NAMES = ("radius_mm", "density_per_cm2", "mua_per_mm", "scattering")
SIDE_MM = 20.0
TREATED_MM = 14.0


@dataclass(frozen=True)
class Kind:
    """How a picture is taken, and of what."""

    px_per_mm: float = 20.0
    blur_px: float = 0.0
    noise: float = 0.0
    spacing: float = 0.5
    radius_spread: float = 0.0
    mua_spread: float = 0.0
    granularity: float = 0.0
    complexion: dict[str, Any] | None = None
    marked: bool = False
    jpeg: int = 0
    brown: bool = False
    told: dict[str, Any] = field(default_factory=dict)


KINDS = {
    "clean": Kind(),
    "noise": Kind(noise=2.0, blur_px=0.6),
    "blurred": Kind(noise=1.0, blur_px=1.2),
    "jpeg": Kind(noise=1.0, blur_px=0.6, jpeg=92),
    "random": Kind(noise=1.0, blur_px=0.6, spacing=0.0),
    "varied": Kind(noise=1.0, blur_px=0.6, radius_spread=0.15, mua_spread=0.25, granularity=0.6),
    "complexion": Kind(noise=1.0, blur_px=0.6, complexion={}),
    "marked": Kind(noise=1.0, blur_px=0.6, complexion={}, marked=True, granularity=0.6),
    "brown": Kind(noise=1.0, blur_px=0.6, brown=True, granularity=0.6),
    "coarse": Kind(px_per_mm=10.0, noise=1.0, blur_px=0.5),
    "fine": Kind(px_per_mm=40.0, noise=2.0, blur_px=1.2, granularity=0.6),
}


@dataclass(frozen=True)
class Truth:
    """What a picture is of."""

    skin: str
    radius_mm: float
    density_per_cm2: float
    mua_per_mm: float
    scattering: float


def drawn_at_random(seed: int) -> Truth:
    """Return a truth: skins in turn, the rest even (absorption in its logarithm)."""
    rng = np.random.default_rng(seed)
    return Truth(
        SKINS[seed % 4], rng.uniform(0.04, 0.09), rng.uniform(60.0, 250.0),
        float(np.exp(rng.uniform(np.log(15.0), np.log(120.0)))), rng.uniform(0.65, 1.45),
    )  # fmt: skip


def thrown(n: int, size: tuple[float, float], least: float, rng: np.random.Generator) -> Any:
    """Return random places, none nearer to another than `least`."""
    placed = np.empty((0, 2))
    while len(placed) < n:
        at = rng.uniform((0.0, 0.0), size)
        if not len(placed) or np.hypot(*(placed - at).T).min() > least:
            placed = np.vstack([placed, at])
    return placed


def picture_of(
    truth: Truth, kind: Kind, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None, float]:
    """Return a picture, the mask of its treated area, and the density that it has."""
    rng = np.random.default_rng(10_000 + seed)
    width = TREATED_MM if kind.marked else SIDE_MM
    n = round(truth.density_per_cm2 * width * SIDE_MM / 100.0)
    least = kind.spacing / np.sqrt(truth.density_per_cm2 / 100.0)
    x, y = thrown(n, (width, SIDE_MM), least, rng).T
    # A third of the pigments are iron oxides; luminance is nearly that of G.
    colour = np.array([0.55, 1.0, 1.8]) if kind.brown else np.ones(3)
    mua = truth.mua_per_mm * np.outer(np.exp(kind.mua_spread * rng.standard_normal(n)), colour)
    radius = truth.radius_mm * np.exp(kind.radius_spread * rng.standard_normal(n))
    dots = smp.Impressions(x, y, 0.2, radius, 0.1, mua, granularity=kind.granularity)
    complexion = None
    if kind.complexion is not None:
        complexion = smp.Complexion.typical(truth.skin, 40.0, seed, **kind.complexion)
    skin = smp.Skin(truth.skin, scattering=truth.scattering, complexion=complexion)
    image = smp.render(smp.Scene(skin, dots, (SIDE_MM, SIDE_MM)), kind.px_per_mm, device="cpu")
    mask = None
    if kind.marked:
        mask = np.zeros(image.shape[:2], bool)
        mask[:, : round(TREATED_MM * kind.px_per_mm)] = True
    return photographed(image, kind, rng), mask, 100.0 * n / (width * SIDE_MM)


def photographed(
    image: NDArray[np.uint8], kind: Kind, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return a picture as a camera has it: blurred in light, with noise in its codes."""
    if kind.blur_px > 0.0:
        light = to_linear(image).astype(np.float32)
        planes = [blur(np.ascontiguousarray(light[..., b]), kind.blur_px**2) for b in range(3)]
        light = np.stack(planes, axis=2)
        code = to_codes(light)
        # Rounded once, under noise: without any, steps of codes would be rings around dots.
        noisy = code + max(kind.noise, 0.4) * rng.standard_normal(code.shape)
        image = np.rint(np.clip(noisy, 0.0, 255.0)).astype(np.uint8)
    if kind.jpeg:
        import cv2

        flags = [cv2.IMWRITE_JPEG_QUALITY, kind.jpeg]
        ok, data = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), flags)
        assert ok
        image = np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
    return image


def main() -> None:
    """Print the table and what it comes to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--each", type=int, default=8, help="pictures of each kind")
    parser.add_argument("--only", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    scores: dict[str, list[list[float]]] = {}
    took = []
    print("kind        skin    " + "".join(f"{name:>32s}" for name in NAMES) + "   s  misfit  dots")
    for kind_name in asked.only:
        kind = KINDS[kind_name]
        for seed in range(asked.seed, asked.seed + asked.each):
            truth = drawn_at_random(seed)
            image, mask, density = picture_of(truth, kind, seed)
            begun = time.perf_counter()
            try:
                found = fit(
                    image, kind.px_per_mm, mask, skin=smp.Skin(truth.skin),
                    sharpness_px=kind.blur_px, **kind.told,
                )  # fmt: skip
            except smp.InputError as error:
                print(f"{kind_name:11s} {truth.skin:7s} {str(error)[:90]}")
                continue
            took.append(time.perf_counter() - begun)
            scale = 0.209 * 0.55 + 0.652 + 0.138 * 1.8 if kind.brown else 1.0
            true = (truth.radius_mm, density, truth.mua_per_mm * scale, truth.scattering)
            line, row = "", []
            for name, value in zip(NAMES, true, strict=True):
                e = found[name]
                log_error = np.log(e.value / value)
                z = log_error / (e.sigma / e.value)
                row += [log_error, z]
                line += f"{value:9.4g}{e.value:9.4g} +-{e.sigma:7.2g}{z:5.1f}"
            scores.setdefault(kind_name, []).append(row)
            print(f"{kind_name:11s} {truth.skin:7s} {line} {took[-1]:5.1f} {found.misfit:5.2f}"
                  f"{found.dots_fitted:6d} g {found['granularity'].value:.2f}"
                  f" spread {found['radius_spread'].value:.3f} veil {found['veil'].value:.4f}",
                  flush=True)  # fmt: skip
    summarise(scores)
    print(f"\nseconds a fit: median {np.median(took):.1f}, most {max(took):.1f}")


def summarise(scores: dict[str, list[list[float]]]) -> None:
    """Print bias and coverage."""
    everything = [row for rows in scores.values() for row in rows]
    for name, rows in (*scores.items(), ("all", everything)):
        table = np.array(rows)
        print(f"\n{name:11s} {len(rows)} pictures")
        for k, what in enumerate(NAMES):
            error, z = table[:, 2 * k], np.abs(table[:, 2 * k + 1])
            print(
                f"  {what:16s} median error {100 * np.median(error):+6.1f} %, "
                f"middle size {100 * np.median(np.abs(error)):5.1f} %, "
                f"within 1 sigma {100 * np.mean(z <= 1):4.0f} %, "
                f"2 sigma {100 * np.mean(z <= 2):4.0f} %"
            )


if __name__ == "__main__":
    main()
