"""A window of a scene in three bands, on any device: panels that bound the memory.

`panel.py` draws one panel on the CPU, `panel_opencl.py` blocks on an OpenCL device.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from numpy.typing import NDArray

from smpengine.devices import REFERENCE
from smpengine.raster.grid import tile_count
from smpengine.raster.splats import PixelWindow
from smpengine.resident import bring
from smpengine.scene import Scene
from smpengine.window import halvings_for, subpixels
from smpengine.workers import Workers

if TYPE_CHECKING:
    from smpengine.panel_opencl import Uploaded

_PANEL_PX: Final = 4096
"""Side of what is drawn at once, in subpixels: bounds the memory of the coarse levels."""


def draw_picture(
    scene: Scene, device: str, px_per_mm: float, window: PixelWindow, output: str,
    exposure: float | None, out: NDArray[Any], workers: Workers, resident: Uploaded | None = None,
) -> None:  # fmt: skip
    """Draw a window into ``out``, (height, width, 3), overwriting it.

    Parameters
    ----------
    scene
        In three bands.
    device
        The name of a device, resolved.
    px_per_mm, window, output, exposure
        As `render` has checked them.
    workers
        Threads, progress, cancel.
    resident
        The scene's buffers on the device, if they are there.
    """
    # Imported here, for they bring Numba with them: importing the package stays quick.
    from smpengine import panel as drawing

    finish = drawing.finish_for(scene.skin, output, exposure)
    uploaded = resident or bring(scene, device)
    if uploaded is not None:
        from smpengine import panel_opencl

        panel_opencl.draw(uploaded, px_per_mm, window, finish, out, workers)
        return
    panels = list(_panels(window, halvings_for(px_per_mm)))
    workers.total = sum(tile_count(subpixels(panel, halvings_for(px_per_mm))) for panel in panels)
    draw = drawing.draw_reference if device == REFERENCE else drawing.draw
    for panel in panels:
        row, col = panel.row0 - window.row0, panel.col0 - window.col0
        part = out[row : row + panel.height, col : col + panel.width]
        draw(scene, px_per_mm, panel, finish, part, workers)


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
