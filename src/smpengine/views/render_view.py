"""`render_view`: a scene on a head, seen from somewhere.

    pixels -> rays -> points on the head -> a block's chart -> flat picture of it -> pixels -> light

A view is divided into blocks. Each has a chart of its own, nearly flat; the dots and hairs near it
are moved there, `picture.py` draws them as it draws flat skin, and the pixels are gathered from
that. A block is a function of the scene, the view and the scale alone, so a window is the crop of
the whole whatever the threads.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.devices import resolve
from smpengine.errors import SceneError, must
from smpengine.image.colour import EXPOSURE
from smpengine.raster.api import output_array
from smpengine.raster.splats import PixelWindow
from smpengine.render import OUTPUTS, exposure_of
from smpengine.scene import Scene
from smpengine.surface.head import Head
from smpengine.views.view import View, view_named
from smpengine.window import check_scale, pixel_window
from smpengine.workers import Cancel, Progress, Workers, thread_count

if TYPE_CHECKING:
    from smpengine.views.block import Drawing

VIEW_OUTPUTS: Final = ("srgb8", "srgb16", "linear")
_BLOCK_PX: Final = 256
_BLOCK_SHARE: Final = 0.28
"""A block is no larger than this share of the head's least half axis: its chart is nearly flat."""


def render_view(
    scene: Any,
    view: str | View = "above",
    px_per_mm: float = 10.0,
    window_mm: tuple[float, float, float, float] | None = None,
    output: str = "srgb8",
    device: str = "auto",
    out: NDArray[Any] | None = None,
    *,
    exposure: float | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> NDArray[Any]:
    """Render a scene on a head.

    Parameters
    ----------
    scene
        With the bands R, G, B; or a `Plan`, whose own scene is taken. Its `surface` is the head, an
        ellipsoid if it has none; its `light` falls on it, an even sky if it has none.
    view
        "above", "front", "profile" (the left side), "profile-right", or a `View`.
    px_per_mm
        Scale where the head is nearest to the eye, 0.01 to 10,000.
    window_mm
        (x0, y0, x1, y1) from the top left of the view's picture; all of it when None. A window
        equals the crop of the whole, bit for bit.
    output
        "srgb8" uint8, "srgb16" uint16, "linear" float32 light in the bands, before exposure.
    device
        As for `render`: it draws the skin. What is left is done by the processor.
    out
        Array of the result's shape and dtype to write into.
    exposure
        Factor on linear light before the sRGB transfer; the engine's own when None.
    threads, progress, cancel
        As for `render`.

    Returns
    -------
    ndarray
        (height, width, 3).

    Raises
    ------
    SceneError
        The scene has other bands; or the view, scale, window, output or exposure cannot be used.
    InputError, DeviceError, Cancelled
        As for `render`.
    """
    name = resolve(device)
    scene = _scene_of(scene)
    if output not in VIEW_OUTPUTS:
        raise SceneError(must("output", f"be one of {', '.join(VIEW_OUTPUTS)}", repr(output)))
    seen = view_named(view)
    scale = check_scale(px_per_mm)
    surface = scene.surface.surface
    extent = seen.extent_mm(surface)
    window = pixel_window(extent, scale, window_mm)
    workers = Workers(thread_count(threads), cancel, progress)
    image = output_array(out, (window.height, window.width, 3), OUTPUTS[output])
    factor = exposure_of(exposure)
    from smpengine.views.block import Drawing  # brings Numba with it

    bright = EXPOSURE if factor is None else factor
    least = float(np.min(surface.bounds_mm))
    side = min(max(math.floor(_BLOCK_SHARE * least * scale), 16), _BLOCK_PX)
    area = _whole_blocks(window, side)
    laying = Workers(workers.threads, cancel)
    drawing = Drawing(scene, seen, scale, name, output, bright, area, laying)
    _draw_blocks(drawing, window, side, image, workers)
    return image


def _scene_of(scene: Any) -> Scene:
    """Return the scene that is rendered, on a head."""
    if not isinstance(scene, Scene):
        make = getattr(scene, "scene", None)
        if not callable(make):
            raise SceneError(must("scene", "be a Scene or a Plan", type(scene).__name__))
        scene = make()
    assert isinstance(scene, Scene)
    if scene.skin.is_spectral:
        got = f"{len(scene.skin.lambda_nm)} bands"
        raise SceneError(must("scene", "have the bands R, G, B to be seen on a head", got))
    return scene if scene.surface is not None else replace(scene, surface=Head())


def _whole_blocks(window: PixelWindow, side: int) -> PixelWindow:
    """Return the blocks that a window touches, as a window."""
    row0, col0 = window.row0 // side * side, window.col0 // side * side
    height = -(-(window.row0 + window.height) // side) * side - row0
    return PixelWindow(row0, col0, height, -(-(window.col0 + window.width) // side) * side - col0)


def _draw_blocks(
    drawing: Drawing, window: PixelWindow, side: int, image: NDArray[Any], workers: Workers
) -> None:
    """Draw the blocks that a window touches, each by one thread."""
    rows = range(window.row0 // side, -(-(window.row0 + window.height) // side))
    cols = range(window.col0 // side, -(-(window.col0 + window.width) // side))
    blocks = [(row * side, col * side) for row in rows for col in cols]
    workers.total = len(blocks)

    def work(job: int, _: None) -> None:
        row0, col0 = blocks[job]
        top, left = max(row0, window.row0), max(col0, window.col0)
        bottom = min(row0 + side, window.row0 + window.height)
        right = min(col0 + side, window.col0 + window.width)
        part = drawing.block(row0, col0, (side, side))
        target = image[
            top - window.row0 : bottom - window.row0, left - window.col0 : right - window.col0
        ]
        drawing.finish(
            part[top - row0 : bottom - row0, left - col0 : right - col0], target, top, left
        )

    workers.each(len(blocks), work, lambda: None, counts=True)
