"""`truth_maps`: which dot each pixel of a picture belongs to, and how densely the dots lie."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, SceneError, must
from smpengine.files import write_files
from smpengine.impressions import Impressions
from smpengine.raster.splats import PixelWindow
from smpengine.scene import Scene
from smpengine.window import check_scale, pixel_window
from smpengine.workers import Workers, thread_count

KERNEL_MM: Final = 2.0
"""Standard deviation of the density's kernel if nothing else is said: some dots wide."""
_CELLS_PER_SD: Final = 6.0  # of the density's grid: within 4e-5 of the peak of a dot's kernel
_MOST_CELLS: Final = 2**26  # of that grid: 512 MiB
_ROWS: Final = 256  # of the picture, one job
_MOST_SESSIONS: Final = 2**15


@dataclass(frozen=True)
class TruthMaps:
    """What is at each pixel of a picture, in arrays of its (height, width).

    Attributes
    ----------
    instance
        0 is skin; k + 1 the scene's row k, whose disc covers the pixel's centre (a disc that covers
        none has the pixel of its own centre). Where discs overlap the one whose top is shallowest
        has it, of equals the lower row.
    density_per_cm2
        Dots per cm2, smoothed by a Gaussian of `kernel_mm`; 0 outside the scene's extent.
    depth_mm
        Depth of that dot; nan where there is none.
    session
        Its session; -1 where there is none.
    px_per_mm
        Scale of the picture.
    kernel_mm
        Standard deviation of the density's kernel.
    """

    instance: NDArray[np.int32]
    density_per_cm2: NDArray[np.float32]
    depth_mm: NDArray[np.float32]
    session: NDArray[np.int16]
    px_per_mm: float
    kernel_mm: float

    def write(self, path: str | Path) -> None:
        """Write the maps as NPZ, an array a field, all or nothing.

        Raises
        ------
        InputError
            The suffix is not .npz.
        OutputError
            The file cannot be written.
        """
        target = Path(path)
        check_maps_file(target)

        def save(name: Path) -> None:
            with name.open("wb") as file:
                arrays = {each.name: getattr(self, each.name) for each in fields(self)}
                np.savez_compressed(file, **arrays)

        write_files({target: save})


def check_maps_file(target: Path, name: str = "path") -> None:
    """Say before the work whether maps can be written in the format of a file's suffix.

    Raises
    ------
    InputError
        The suffix is not .npz; the message calls the file `name`.
    """
    if target.suffix.lower() != ".npz":
        raise InputError(must(name, "end in .npz", repr(str(target))))


def truth_maps(
    scene: Scene,
    px_per_mm: float = 40.0,
    window_mm: tuple[float, float, float, float] | None = None,
    *,
    kernel_mm: float = KERNEL_MM,
    threads: int | None = None,
) -> TruthMaps:
    """Tell for each pixel of a picture which dot is there, and how densely the dots lie.

    Parameters
    ----------
    scene, px_per_mm, window_mm, threads
        As for `render`, of the same picture; nothing is rendered. A window equals the crop of the
        whole.
    kernel_mm
        Standard deviation of the Gaussian that the density is smoothed by, over 0. It is mirrored
        at the scene's extent: the density does not sag there, and its integral is the number of
        dots inside. Dots outside the window count, those outside the extent do not.

    Returns
    -------
    TruthMaps
        Four maps of the picture's height and width.

    Raises
    ------
    SceneError
        The scale or window cannot be used; the kernel is not over 0, or too narrow for so large
        an extent; or a session is over 32767.
    InputError
        `threads` cannot be used.
    """
    if not isinstance(scene, Scene):
        raise SceneError(must("scene", "be a Scene", type(scene).__name__))
    scale = check_scale(px_per_mm)
    window = pixel_window(scene.extent_mm, scale, window_mm)
    _check_kernel(kernel_mm, scene.extent_mm)
    dots = scene.impressions
    if len(dots) and int(dots.session.max()) >= _MOST_SESSIONS:
        row = int(dots.session.argmax())
        rule = f"be under {_MOST_SESSIONS} for maps"
        raise SceneError(must("session", rule, int(dots.session[row]), f"row {row}"))
    workers = Workers(thread_count(threads))
    instance = _instances(dots, scale, window, workers)
    density = _density(dots, scene.extent_mm, scale, window, float(kernel_mm), workers)
    depth = np.concatenate([[np.nan], dots.depth_mm]).astype(np.float32)
    session = np.concatenate([[-1], dots.session]).astype(np.int16)
    return TruthMaps(instance, density, depth[instance], session[instance], scale, float(kernel_mm))


def _check_kernel(kernel_mm: object, extent_mm: tuple[float, float]) -> None:
    try:
        value = float(kernel_mm)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise SceneError(must("kernel_mm", "be a number", repr(kernel_mm))) from error
    if not 0.0 < value < math.inf:
        raise SceneError(must("kernel_mm", "be over 0 and finite", value))
    if math.prod(_CELLS_PER_SD * length / value + 1.0 for length in extent_mm) > _MOST_CELLS:
        least = 1.01 * _CELLS_PER_SD * math.sqrt(math.prod(extent_mm) / _MOST_CELLS)
        rule = (
            f"be about {least:.2g} or more for an extent of {extent_mm[0]:g} x {extent_mm[1]:g} mm"
        )
        raise SceneError(must("kernel_mm", rule, value))


def _instances(
    dots: Impressions, scale: float, window: PixelWindow, workers: Workers
) -> NDArray[np.int32]:
    """Return the map of instances."""
    # Imported here, for it brings Numba with it: importing the package stays quick.
    from smpengine.image.instances import paint_discs

    x, y, radius = dots.x_mm * scale, dots.y_mm * scale, dots.radius_mm * scale
    left, top = window.col0, window.row0
    near = np.flatnonzero(
        (x + radius >= left) & (x - radius <= left + window.width)
        & (y + radius >= top) & (y - radius <= top + window.height)
    )  # fmt: skip
    depth = dots.depth_mm[near] - 0.5 * dots.thickness_mm[near]
    near = near[np.argsort(depth, kind="stable")]
    discs = (near + 1).astype(np.int32), x[near], y[near], radius[near]
    out = np.empty((window.height, window.width), np.int32)

    def paint(job: int, _: None) -> None:
        first = job * _ROWS
        paint_discs(*discs, top, left, first, min(first + _ROWS, window.height), out)

    workers.each(math.ceil(window.height / _ROWS), paint, lambda: None)
    return out


def _density(
    dots: Impressions,
    extent_mm: tuple[float, float],
    scale: float,
    window: PixelWindow,
    kernel_mm: float,
    workers: Workers,
) -> NDArray[np.float32]:
    """Return the map of densities, by way of a grid of the whole extent.

    Dots are put onto it, and pixels read from it, by cubic B-splines, whose variance of 1/3 of a
    cell each is the same wherever between its nodes a point lies; the Gaussian in between is
    narrower by as much.
    """
    from scipy import ndimage

    inside = np.ones(len(dots), np.bool_)
    for place, length in zip((dots.x_mm, dots.y_mm), extent_mm, strict=True):
        inside &= (place >= 0.0) & (place <= length)
    across = _Axis(extent_mm[0], kernel_mm)
    down = _Axis(extent_mm[1], kernel_mm)
    counts = down.spline(dots.y_mm[inside]).T @ across.spline(dots.x_mm[inside])
    grid = counts.toarray() * (100.0 / (across.cell_mm * down.cell_mm))
    for number, axis in enumerate((down, across)):
        grid = ndimage.gaussian_filter1d(grid, axis.blur, number, mode="reflect", truncate=6.0)
    x = (window.col0 + 0.5 + np.arange(window.width, dtype=np.float64)) / scale
    y = (window.row0 + 0.5 + np.arange(window.height, dtype=np.float64)) / scale
    columns = across.spline(x)
    out = np.zeros((window.height, window.width), np.float32)
    known = (x >= 0.0) & (x <= extent_mm[0])

    def read(job: int, _: None) -> None:
        rows = slice(job * _ROWS, (job + 1) * _ROWS)
        values = (columns @ (down.spline(y[rows]) @ grid).T).T
        beyond = (y[rows] < 0.0) | (y[rows] > extent_mm[1])
        out[rows] = np.where(known & ~beyond[:, None], values, 0.0)

    workers.each(math.ceil(window.height / _ROWS), read, lambda: None)
    return out


class _Axis:
    """The cells along one side of the extent, its edges on edges of cells.

    Attributes
    ----------
    cell_mm
        Length of one.
    blur
        Standard deviation, in cells, of the Gaussian to apply to them.
    """

    def __init__(self, length_mm: float, kernel_mm: float) -> None:
        # A kernel four times the extent, mirrored, is even to 1e-34: wider ones are no different.
        kernel_mm = min(kernel_mm, 4.0 * length_mm)
        self.count = math.ceil(_CELLS_PER_SD * length_mm / kernel_mm)
        self.cell_mm = length_mm / self.count
        self.blur = math.sqrt((kernel_mm / self.cell_mm) ** 2 - 2.0 / 3.0)

    def spline(self, place_mm: NDArray[np.float64]) -> Any:
        """Return the sparse (places, cells) matrix of what each place has of each cell.

        Cells beyond the edges are the mirror's of those inside.
        """
        from scipy import sparse

        u = place_mm / self.cell_mm - 0.5
        base = np.floor(u)
        f = u - base
        weights = np.stack(
            [(1.0 - f) ** 3, 3.0 * f**3 - 6.0 * f**2 + 4.0, 1.0 + 3.0 * (f + f**2 - f**3), f**3],
            axis=1,
        )
        cells = (base[:, None].astype(np.int64) + np.arange(-1, 3)) % (2 * self.count)
        cells = np.minimum(cells, 2 * self.count - 1 - cells)
        starts = np.arange(0, cells.size + 1, 4)
        shape = place_mm.size, self.count
        return sparse.csr_matrix((weights.ravel() / 6.0, cells.ravel(), starts), shape)
