"""Named, seeded scenes, and what is right for each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

import smpengine as smp
from smpengine.errors import InputError, must

SEED: Final = 1
SIDE_PX: Final = 4096
BANDS: Final = 3
_CROP_PX: Final = 160
_CROPS: Final = 3


@dataclass(frozen=True)
class Recipe:
    """What a scene is made of: splats log-uniform in sigma, uniform in place.

    Attributes
    ----------
    splats
        How many.
    sigma_px
        Smallest and largest.
    shape, origin_px
        What is drawn.
    crowded
        Whether all splats lie in 1 % of the picture, in squares of 256 pixels.
    """

    splats: int
    sigma_px: tuple[float, float]
    shape: tuple[int, int] = (SIDE_PX, SIDE_PX)
    origin_px: tuple[int, int] = (0, 0)
    crowded: bool = False


RECIPES: Final = {
    "sharp": Recipe(1_000_000, (1.0, 2.5)),
    "mixed": Recipe(1_000_000, (1.0, 12.0)),
    "deep": Recipe(200_000, (8.0, 20.0)),
    "many": Recipe(5_000_000, (1.0, 4.0)),
    "clustered": Recipe(1_000_000, (1.0, 12.0), crowded=True),
    # A band of 1,024 rows from the middle of a square of 32,768 pixels that holds 64 million.
    "gigapixel": Recipe(2_200_000, (1.0, 4.0), (1024, 32_768), (16_384, 0)),
}


Columns = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class Splats:
    """A scene's columns, as `rasterise` takes them."""

    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    sigma_px: NDArray[np.float32]
    peak: NDArray[np.float32]
    recipe: Recipe

    @property
    def columns(self) -> Columns:
        """The first four arguments of `rasterise`."""
        return self.x_px, self.y_px, self.sigma_px, self.peak

    @property
    def count(self) -> int:
        """Number of splats."""
        return self.x_px.size


def recipe_for(name: str, scale: float = 1.0) -> Recipe:
    """Return a named recipe with fewer splats and pixels, but as dense.

    Raises
    ------
    InputError
        There is no such scene.
    """
    if name not in RECIPES:
        raise InputError(must("the scene", f"be one of {', '.join(RECIPES)}", repr(name)))
    recipe = RECIPES[name]
    height, width = (max(256, round(edge * scale**0.5)) for edge in recipe.shape)
    return replace(recipe, splats=max(1, round(recipe.splats * scale)), shape=(height, width))


def make(recipe: Recipe, seed: int = SEED, bands: int = BANDS) -> Splats:
    """Make a scene's columns."""
    rng = np.random.default_rng(seed)
    n, (height, width), (row0, col0) = recipe.splats, recipe.shape, recipe.origin_px
    low, high = np.log(recipe.sigma_px)
    sigma = np.exp(rng.uniform(low, high, n)).astype(np.float32)
    if recipe.crowded:
        side = 256
        squares = max(1, round(height * width / 100 / side**2))
        corner = rng.integers(0, (max(1, width // side), max(1, height // side)), (squares, 2))
        where = corner[rng.integers(0, squares, n)] * side + rng.uniform(0, side, (n, 2))
        x, y = np.ascontiguousarray(where.T)
    else:
        x, y = rng.uniform(0, width, n), rng.uniform(0, height, n)
    peak = rng.uniform(0.0, 1.0, (n, bands)).astype(np.float32)
    return Splats(x + col0, y + row0, sigma, peak, recipe)


def worst_error(field: NDArray[np.float32], splats: Splats, seed: int = SEED) -> float:
    """Return the largest error in crops, against float64, in units of the field's maximum.

    (Or of the largest peak, if that is more.) One of the crops is around the maximum.
    """
    height, width = splats.recipe.shape
    row0, col0 = splats.recipe.origin_px
    size = min(_CROP_PX, height), min(_CROP_PX, width)
    largest = int(field[..., 0].argmax())
    centre = largest // width - size[0] // 2, largest % width - size[1] // 2
    rng = np.random.default_rng(seed)
    corners = [centre, *(rng.integers(0, (height, width), (_CROPS - 1, 2)) - 80).tolist()]
    worst = 0.0
    for corner in corners:
        row, col = (int(np.clip(c, 0, e - s)) for c, e, s in zip(
            corner, (height, width), size, strict=True))  # fmt: skip
        reach = 9.0 * splats.sigma_px
        near = (splats.x_px > col0 + col - reach) & (splats.x_px < col0 + col + size[1] + reach)
        near &= (splats.y_px > row0 + row - reach) & (splats.y_px < row0 + row + size[0] + reach)
        x, y, sigma, peak = splats.columns
        crop = x[near], y[near], sigma[near], peak[near]
        want = smp.rasterise(*crop, size, (row0 + row, col0 + col), "reference")
        got = field[row : row + size[0], col : col + size[1]]
        worst = max(worst, float(np.abs(got - want).max()))
    return worst / float(max(field.max(), splats.peak.max(initial=0.0)))
