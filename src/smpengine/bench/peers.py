"""The same scenes by other people's libraries: the extra ``smpengine[peers]``.

What a peer cannot do is said beside its time. One that is not installed is named.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smpengine.bench import plain
from smpengine.bench.scenes import Splats

Field = NDArray[np.float32]
_LAYERS = 24  # sigmas of the layered blurs


@dataclass(frozen=True)
class Peer:
    """A way to draw a scene.

    Attributes
    ----------
    name
        What it is.
    module
        What must be installed for it.
    prepare
        Takes a scene and returns what draws it; called once, untimed.
    most_splats
        Scenes with more are cut down to this many first, and the time scaled up.
    mass
        Whether all splats have mass 1, in one band, rather than peaks in three.
    """

    name: str
    module: str
    prepare: Callable[[Splats], Callable[[], Field]]
    most_splats: int = 10**9
    mass: bool = False

    def why_not(self) -> str | None:
        """Return why it cannot be used here, or None."""
        try:
            importlib.import_module(self.module)
        except ImportError as error:
            return f"not installed (pip install 'smpengine[peers]'): {error}"
        except Exception as error:  # a peer's own trouble must not end the benchmark
            return f"cannot be used here: {error}"
        return None


def _picasso(splats: Splats) -> Callable[[], Field]:
    import pandas
    from picasso.render import render

    height, width = splats.recipe.shape
    row0, col0 = splats.recipe.origin_px
    table = pandas.DataFrame(
        {
            "x": splats.x_px - col0,
            "y": splats.y_px - row0,
            "lpx": splats.sigma_px,
            "lpy": splats.sigma_px,
        }
    )
    info = [{"Height": height, "Width": width, "Pixelsize": 1.0}]

    def draw() -> Field:
        _, image = render(table, info, disp_px_size=1.0, blur_method="gaussian")
        whole: Field = image[..., None]
        return whole

    return draw


def _taichi(splats: Splats) -> Callable[[], Field]:
    import taichi as ti

    ti.init(arch=ti.cpu, log_level=ti.ERROR, offline_cache=False)
    height, width = splats.recipe.shape
    row0, col0 = splats.recipe.origin_px
    image = ti.Vector.field(3, ti.f32, (height, width))
    n = splats.count
    x, y, sigma = (ti.field(ti.f32, n) for _ in range(3))
    peak = ti.Vector.field(3, ti.f32, n)
    x.from_numpy((splats.x_px - col0).astype(np.float32))
    y.from_numpy((splats.y_px - row0).astype(np.float32))
    sigma.from_numpy(splats.sigma_px)
    peak.from_numpy(splats.peak)

    def add():  # Taichi takes annotations for types
        for k in x:
            reach = 4.0 * sigma[k]
            c = -0.5 / (sigma[k] * sigma[k])
            for j in range(
                ti.max(0, ti.ceil(y[k] - reach - 0.5, int)),
                ti.min(height, ti.floor(y[k] + reach + 0.5, int)),
            ):
                down = ti.exp(c * (j + 0.5 - y[k]) ** 2)
                for i in range(
                    ti.max(0, ti.ceil(x[k] - reach - 0.5, int)),
                    ti.min(width, ti.floor(x[k] + reach + 0.5, int)),
                ):
                    ti.atomic_add(image[j, i], peak[k] * (down * ti.exp(c * (i + 0.5 - x[k]) ** 2)))

    kernel = ti.kernel(add)

    def draw() -> Field:
        image.fill(0.0)
        kernel()
        ti.sync()
        return image.to_numpy()  # type: ignore[no-any-return]

    return draw


def _layers(splats: Splats) -> list[tuple[float, NDArray[np.intp]]]:
    """Return sigmas, and which splats take which: the nearest by ratio."""
    edges = np.geomspace(splats.sigma_px.min() * 0.999, splats.sigma_px.max() * 1.001, _LAYERS + 1)
    layer = np.clip(np.searchsorted(edges, splats.sigma_px) - 1, 0, _LAYERS - 1)
    middle = np.sqrt(edges[:-1] * edges[1:])
    return [(float(middle[k]), np.flatnonzero(layer == k)) for k in range(_LAYERS)]


def _blurred(splats: Splats, deposit: Callable[[Any, Any, NDArray[Any]], Field]) -> Field:
    """Add up layers of equal sigma, each deposited on whole pixels and blurred by OpenCV."""
    import cv2

    total = np.zeros((*splats.recipe.shape, 3), np.float32)
    row0, col0 = splats.recipe.origin_px
    for sigma, rows in _layers(splats):
        mass = splats.peak[rows] * np.float32(2.0 * np.pi * sigma**2)
        spots = deposit(splats.x_px[rows] - col0, splats.y_px[rows] - row0, mass)
        total += cv2.GaussianBlur(spots, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    return total


def _opencv(splats: Splats) -> Callable[[], Field]:
    height, width = splats.recipe.shape

    def deposit(x: Any, y: Any, mass: NDArray[Any]) -> Field:
        at = np.clip(y.astype(int), 0, height - 1) * width + np.clip(x.astype(int), 0, width - 1)
        planes = [np.bincount(at, mass[:, c], height * width) for c in range(3)]
        return np.stack(planes, -1).reshape(height, width, 3).astype(np.float32)

    return lambda: _blurred(splats, deposit)


def _datashader(splats: Splats) -> Callable[[], Field]:
    import datashader
    import pandas

    height, width = splats.recipe.shape

    def deposit(x: Any, y: Any, mass: NDArray[Any]) -> Field:
        canvas = datashader.Canvas(width, height, (0, width), (0, height))
        table = pandas.DataFrame(
            {"x": x, "y": y, "r": mass[:, 0], "g": mass[:, 1], "b": mass[:, 2]}
        )
        planes = [
            np.nan_to_num(canvas.points(table, "x", "y", datashader.sum(band)).to_numpy())
            for band in "rgb"
        ]
        return np.stack(planes, -1).astype(np.float32)

    return lambda: _blurred(splats, deposit)


def _plain(
    loop: Callable[..., None],
) -> Callable[[Splats], Callable[[], Field]]:
    def prepare(splats: Splats) -> Callable[[], Field]:
        out = np.empty((*splats.recipe.shape, 3), np.float32)

        def draw() -> Field:
            loop(*splats.columns, splats.recipe.origin_px, out)
            return out

        return draw

    return prepare


PEERS = (
    Peer("plain Numba loop", "numba", _plain(plain.numba_loop)),
    Peer("NumPy, splat by splat", "numpy", _plain(plain.numpy_loop), 5_000),
    Peer("picasso, one band", "picasso.render", _picasso, mass=True),
    Peer("Taichi, atomics", "taichi", _taichi),
    Peer("OpenCV, 24 blurred layers", "cv2", _opencv),
    Peer("datashader, 24 blurred layers", "datashader", _datashader),
)
