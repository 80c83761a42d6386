"""`render`: the pipeline, from a scene to pixels.

    impressions -> splats -> planes C, H, Q -> R / R0 -> subpixels to pixels -> picture
                   (optics)  (raster)          (optics: crowding)             (image)

Checks at the door, panels that bound the memory; `panel.py` draws one panel by these stages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.devices import CPU, REFERENCE, resolve
from smpengine.errors import SceneError, must
from smpengine.raster.api import output_array
from smpengine.raster.grid import tile_count
from smpengine.raster.splats import PixelWindow
from smpengine.resident import Resident
from smpengine.scene import BANDS, Scene
from smpengine.window import check_scale, halvings_for, pixel_window, subpixels
from smpengine.workers import Cancel, Progress, Workers, thread_count

OUTPUTS: Final[dict[str, np.dtype[Any]]] = {
    "srgb8": np.dtype(np.uint8),
    "srgb16": np.dtype(np.uint16),
    "linear": np.dtype(np.float32),
    "absorbance": np.dtype(np.float32),
}
_PANEL_PX: Final = 4096
"""Side of what is drawn at once, in subpixels: bounds the memory of the coarse levels."""


def render(
    scene: Scene | Resident,
    px_per_mm: float = 40.0,
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
    """Render a scene, seen straight from above.

    Parameters
    ----------
    scene
        What is rendered; or what `upload` returned, which is rendered where it is.
    px_per_mm
        Scale, 0.01 to 10,000. Below 32 the picture is the mean reflectance of 2^k x 2^k subpixels.
    window_mm
        (x0, y0, x1, y1); the whole extent when None. A window equals the crop of the whole, bit
        for bit; what lies outside the extent is bare skin.
    output
        "srgb8" uint8, "srgb16" uint16, "linear" float32 band reflectance before exposure,
        "absorbance" float32 -ln(R / R0) of the finished reflectance.
    device
        "auto", "cpu", "reference" (float64, slow), "opencl" or "opencl:<platform>.<index>".
    out
        Array of the result's shape and dtype to write into.
    exposure
        Factor on linear light before the sRGB transfer; the engine's own when None.
    threads
        Number of threads; NUMBA_NUM_THREADS or the cores when None. The bits do not depend on it.
    progress, cancel
        ``progress(done, total)``; ``cancel()`` returns true to stop. Called on this thread.

    Returns
    -------
    ndarray
        (height, width, 3); sRGB, or the bands R, G, B (610, 545, 460 nm).

    Raises
    ------
    SceneError
        The scale, window, output or exposure cannot be used.
    InputError
        `out` does not fit, or the picture does not fit in memory.
    DeviceError
        The device is not available.
    Cancelled
        `cancel` returned true.
    """
    resident = None
    if isinstance(scene, Resident):
        device, resident, scene = scene.on(device), scene.ready(), scene.scene
    name = resolve(device)
    if not isinstance(scene, Scene):
        raise SceneError(must("scene", "be a Scene", type(scene).__name__))
    if output not in OUTPUTS:
        raise SceneError(must("output", f"be one of {', '.join(OUTPUTS)}", repr(output)))
    scale = check_scale(px_per_mm)
    window = pixel_window(scene.extent_mm, scale, window_mm)
    shape = (window.height, window.width, len(BANDS))
    image = output_array(out, shape, OUTPUTS[output])
    # Imported here, for they bring Numba with them: importing the package stays quick.
    from smpengine import panel as drawing

    finish = drawing.finish_for(scene.skin, output, _exposure(exposure))
    if name not in (CPU, REFERENCE):
        from smpengine import panel_opencl
        from smpengine.raster.opencl_engine import engine_for

        uploaded = resident or panel_opencl.upload(scene, engine_for(name))
        panel_opencl.draw(uploaded, scale, window, finish, image, Workers(1, cancel, progress))
        return image
    panels = list(_panels(window, halvings_for(scale)))
    workers = Workers(thread_count(threads), cancel, progress)
    workers.total = sum(tile_count(subpixels(panel, halvings_for(scale))) for panel in panels)
    draw = drawing.draw_reference if name == REFERENCE else drawing.draw
    for panel in panels:
        row, col = panel.row0 - window.row0, panel.col0 - window.col0
        part = image[row : row + panel.height, col : col + panel.width]
        draw(scene, scale, panel, finish, part, workers)
    return image


def _exposure(exposure: float | None) -> float | None:
    if exposure is None:
        return None
    try:
        value = float(exposure)
    except (TypeError, ValueError) as error:
        raise SceneError(must("exposure", "be a number", repr(exposure))) from error
    if not 0.0 < value <= 1000.0:
        raise SceneError(must("exposure", "be over 0 and at most 1000", value))
    return value


def _panels(window: PixelWindow, halvings: int) -> Iterator[PixelWindow]:
    """Divide a window into panels of whole pixels that are small enough to draw at once."""
    side = max(_PANEL_PX >> halvings, 1)
    for row in range(0, window.height, side):
        for col in range(0, window.width, side):
            yield PixelWindow(
                window.row0 + row,
                window.col0 + col,
                min(side, window.height - row),
                min(side, window.width - col),
            )
