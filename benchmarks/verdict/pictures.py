"""Pictures with a known answer: some by this engine, the others by plain NumPy."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom

import smpengine as smp

SKINS = ("I-II", "III-IV", "V", "VI")
SCALES = (10.0, 20.0, 40.0)
CODES = {"I-II": (205, 170, 158), "III-IV": (150, 108, 80), "V": (122, 80, 50), "VI": (96, 56, 27)}
Picture = NDArray[np.uint8]


def plan_picture(
    seed: int, skin: str, treatment: str, px_per_mm: float, side_mm: float = 12.0, **more: Any
) -> Picture:
    """Render a plan; `treatment` may be "bare"."""
    plan = {"version": 1, "seed": seed, "skin": {"type": skin},
            "scalp": {"extent_mm": [side_mm, side_mm]}, "treatment": treatment, **more}  # fmt: skip
    if treatment == "bare":
        del plan["treatment"]
        plan["sessions"] = [{"preset": "texture", "density_per_cm2": 0.0}]
    scene = smp.Plan.from_dict(plan).scene(threads=1)
    return smp.render(scene, px_per_mm, device="cpu", threads=1)


def noisy(image: Picture, sigma: float, rng: np.random.Generator, blur_px: float = 0.0) -> Picture:
    noise = rng.normal(size=image.shape)
    if blur_px:
        noise = gaussian_filter(noise, (blur_px, blur_px, 0.0))
        noise /= noise.std()
    return _codes(image + sigma * noise)


def jpeg(image: Picture, quality: int) -> Picture:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(io.BytesIO(file.getvalue())))


def shaded(image: Picture, most: float, rng: np.random.Generator) -> Picture:
    """Multiply linear light by a plane that reaches 1 +- most, and a little curvature."""
    height, width = image.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    t = (np.cos(angle) * x + np.sin(angle) * y) / (abs(np.cos(angle)) + abs(np.sin(angle)))
    return encode(linear(image) * (1.0 + most * t)[..., None])


def linear(image: Picture) -> NDArray[np.float64]:
    v = image / 255.0
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def encode(light: NDArray[np.float64]) -> Picture:
    v = np.clip(light, 0.0, 1.0)
    return _codes(255.0 * np.where(v < 0.0031308, 12.92 * v, 1.055 * v ** (1 / 2.4) - 0.055))


def _codes(values: NDArray[np.float64]) -> Picture:
    return np.clip(np.floor(values + 0.5), 0, 255).astype(np.uint8)


KINDS = ("plain", "noise 2", "noise 4", "soft noise 3", "jpeg 95", "jpeg 70", "shaded", "all")


def worn(image: Picture, kind: str, seed: int) -> Picture:
    """Return a picture as a camera, a file or a lamp leaves it."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    if kind.startswith("noise"):
        return noisy(image, float(kind[-1]), rng)
    if kind.startswith("soft"):
        return noisy(image, 3.0, rng, rng.uniform(0.5, 1.2))
    if kind.startswith("jpeg"):
        return jpeg(image, int(kind[-2:]))
    if kind == "shaded":
        return shaded(image, 0.25, rng)
    if kind == "all":
        return jpeg(noisy(shaded(image, rng.uniform(0, 0.25), rng), 3.0, rng), 85)
    return image


def _ground(rng: np.random.Generator, px_per_mm: float, side_mm: float) -> NDArray[np.float64]:
    """Return linear light of bare skin with a little slow mottle."""
    n = round(side_mm * px_per_mm)
    code = np.array(CODES[SKINS[rng.integers(4)]]) * rng.uniform(0.85, 1.15)
    mottle = gaussian_filter(rng.normal(size=(n, n)), 1.5 * px_per_mm, mode="wrap")
    mottle /= mottle.std() + 1e-12
    light = linear(np.clip(code, 0, 255))[None, None, :]
    return light * np.exp(rng.uniform(0, 0.05) * mottle)[..., None]


def _stamp(
    shape: tuple[int, int], x: Any, y: Any, radius: Any, amount: Any, soft: float
) -> NDArray[np.float64]:
    """Return absorbance of soft discs, places and radii in pixels."""
    plane = np.zeros(shape)
    for cx, cy, r, a in zip(x, y, radius, amount, strict=True):
        reach = int(r + 3 * soft + 2)
        j0, j1 = max(int(cy) - reach, 0), min(int(cy) + reach + 1, shape[0])
        i0, i1 = max(int(cx) - reach, 0), min(int(cx) + reach + 1, shape[1])
        if j0 >= j1 or i0 >= i1:
            continue
        jj, ii = np.mgrid[j0:j1, i0:i1]
        rho = np.hypot(ii + 0.5 - cx, jj + 0.5 - cy)
        plane[j0:j1, i0:i1] += a / (1.0 + np.exp((rho - r) / (0.5 * soft)))
    return plane


def _finish(light: NDArray[np.float64], rng: np.random.Generator) -> Picture:
    gamma = rng.uniform(0.85, 1.15)
    image = encode(light**gamma)
    image = noisy(image, rng.uniform(0.5, 3.5), rng, rng.choice([0.0, 0.6, 1.0]))
    return jpeg(image, int(rng.integers(70, 96))) if rng.random() < 0.5 else image


def painted(rng: np.random.Generator, px_per_mm: float, side_mm: float = 12.0) -> Picture:
    """Stubble that this engine did not make: soft discs of 0.1 to 0.3 mm at random places."""
    n = round(side_mm * px_per_mm)
    count = int(rng.uniform(60, 500) * side_mm**2 / 100)
    x, y = rng.uniform(0, n, (2, count))
    radius = 0.5 * rng.uniform(0.10, rng.uniform(0.15, 0.30), count) * px_per_mm
    amount = rng.uniform(0.25, 0.7) * np.exp(0.3 * rng.normal(size=count))
    # An edge as wide as a pixel and a little: drawn at 2 x and averaged would be the same
    plane = _stamp((n, n), x, y, radius, amount, max(0.03 * px_per_mm, 0.7))
    tint = np.array([1.0, rng.uniform(0.8, 1.1), rng.uniform(0.7, 1.1)])
    return _finish(_ground(rng, px_per_mm, side_mm) * np.exp(-plane[..., None] * tint), rng)


def _dark(plane: NDArray[np.float64], rng: np.random.Generator, s: float, mm: float) -> Picture:
    return _finish(_ground(rng, s, mm) * np.exp(-plane[..., None]), rng)


def grain(rng: np.random.Generator, s: float, mm: float = 12.0) -> Picture:
    """Bare skin with grain of a few correlation lengths, symmetric."""
    n = round(mm * s)
    field = sum(gaussian_filter(rng.normal(size=(n, n)), l * s) * l for l in  # noqa: E741
                rng.choice([0.03, 0.06, 0.1, 0.2, 0.4], 2))  # fmt: skip
    return _dark(field / np.std(field) * rng.uniform(0.02, 0.15), rng, s, mm)


def sensor(rng: np.random.Generator, s: float, mm: float = 12.0) -> Picture:
    """Bare skin in a bad light: Gaussian and Poisson noise."""
    light = _ground(rng, s, mm)
    photons = rng.uniform(200, 3000)
    image = encode(rng.poisson(light * photons) / photons)
    return noisy(image, rng.uniform(0, 5), rng, rng.choice([0.0, 0.6, 1.2]))


def blotches(rng: np.random.Generator, s: float, mm: float = 12.0) -> Picture:
    """Soft dark spots, far wider than dots."""
    n = round(mm * s)
    count = int(rng.uniform(20, 150) * mm**2 / 100)
    x, y = rng.uniform(0, n, (2, count))
    sigma = rng.uniform(0.35, 1.0, count) * s
    plane = _stamp((n, n), x, y, sigma, rng.uniform(0.05, 0.3, count), 0.5 * s)
    return _dark(plane, rng, s, mm)


def lines(rng: np.random.Generator, s: float, mm: float = 12.0) -> Picture:
    """Dark hairs or creases, straight or bent."""
    n = round(mm * s)
    plane = np.zeros((n, n))
    jj, ii = np.mgrid[0:n, 0:n]
    for _ in range(rng.integers(1, 40)):
        angle, bend = rng.uniform(0, np.pi), rng.normal() * 0.01 / s
        u = (ii - rng.uniform(0, n)) * np.cos(angle) + (jj - rng.uniform(0, n)) * np.sin(angle)
        v = -(ii - n / 2) * np.sin(angle) + (jj - n / 2) * np.cos(angle)
        width = rng.uniform(0.03, 0.12) * s + 0.3
        plane += rng.uniform(0.1, 0.8) * np.exp(-0.5 * ((u + bend * v * v) / width) ** 2)
    return _dark(plane, rng, s, mm)


def flat_jpeg(rng: np.random.Generator, s: float, mm: float = 12.0) -> Picture:
    """Save a flat shade until it is blocky."""
    image = encode(_ground(rng, s, mm))
    return jpeg(noisy(image, rng.uniform(0.5, 3.0), rng, 0.7), int(rng.integers(30, 80)))


def white_dots(rng: np.random.Generator, s: float, mm: float = 12.0) -> Picture:
    """Stubble inside out."""
    n = round(mm * s)
    count = int(rng.uniform(60, 500) * mm**2 / 100)
    x, y = rng.uniform(0, n, (2, count))
    plane = _stamp((n, n), x, y, rng.uniform(0.05, 0.12, count) * s,
                   rng.uniform(0.1, 0.6, count), max(0.03 * s, 0.7))  # fmt: skip
    return _dark(-plane, rng, s, mm)


def large_dots(rng: np.random.Generator, s: float, mm: float = 12.0) -> Picture:
    """Dots of a millimetre, hard or soft."""
    n = round(mm * s)
    count = int(rng.uniform(20, 60) * mm**2 / 100)
    x, y = rng.uniform(0, n, (2, count))
    plane = _stamp((n, n), x, y, rng.uniform(0.45, 0.65, count) * s,
                   rng.uniform(0.1, 0.7, count), rng.uniform(0.05, 0.3) * s)  # fmt: skip
    return _dark(plane, rng, s, mm)


def checkerboard(rng: np.random.Generator, s: float, mm: float = 12.0) -> Picture:
    n = round(mm * s)
    jj, ii = np.mgrid[0:n, 0:n] / s / rng.uniform(0.2, 1.5)
    plane = rng.uniform(0.1, 0.6) * ((np.floor(jj) + np.floor(ii)) % 2)
    return _dark(plane, rng, s, mm)


def texture(rng: np.random.Generator, s: float, mm: float = 12.0) -> Picture:
    """Brick, grass, gravel, moon, coins or a camera's view, of scikit-image, as skin's shade."""
    from skimage import data

    name = rng.choice(["brick", "grass", "gravel", "moon", "coins", "camera"])
    field = getattr(data, name)().astype(float) / 255.0
    n = round(mm * s)
    field = zoom(field, max(n / min(field.shape), 0.5), order=1) if n > min(field.shape) else field
    j, i = (rng.integers(0, size - n + 1) for size in field.shape)
    depth = -np.log(np.maximum(field[j : j + n, i : i + n], 0.03))
    return _dark((depth - depth.mean()) * rng.uniform(0.1, 0.6), rng, s, mm)


NEGATIVES: dict[str, Callable[..., Picture]] = {
    f.__name__: f
    for f in (grain, sensor, blotches, lines, flat_jpeg, white_dots, large_dots, checkerboard,
              texture)
}  # fmt: skip
