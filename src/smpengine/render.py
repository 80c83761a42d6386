"""`render`: the pipeline, from a scene to pixels.

    impressions -> splats -> planes C, H, Q -> R / R0 -> subpixels to pixels -> picture
                   (optics)  (raster)          (optics: crowding)             (image)

Checks at the door. `picture.py` draws three bands, `spectrum.py` as many as the skin's table has.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.devices import resolve
from smpengine.errors import SceneError, must
from smpengine.image.colour import COLOURS
from smpengine.picture import draw_picture
from smpengine.raster.api import output_array
from smpengine.resident import Resident
from smpengine.scene import BANDS, Scene
from smpengine.window import check_scale, pixel_window
from smpengine.workers import Cancel, Progress, Workers, thread_count

OUTPUTS: Final[dict[str, np.dtype[Any]]] = {
    "srgb8": np.dtype(np.uint8),
    "srgb16": np.dtype(np.uint16),
    "linear": np.dtype(np.float32),
    "absorbance": np.dtype(np.float32),
}


def render(
    scene: Scene | Resident,
    px_per_mm: float = 40.0,
    window_mm: tuple[float, float, float, float] | None = None,
    output: str = "srgb8",
    device: str = "auto",
    out: NDArray[Any] | None = None,
    *,
    exposure: float | None = None,
    illuminant: str = "D65",
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
    illuminant
        What a skin with a table of many bands is seen under: see `image.observer.ILLUMINANTS`. The
        three bands R, G, B make a colour under D65 only.
    threads
        Number of threads; NUMBA_NUM_THREADS or the cores when None. The bits do not depend on it.
    progress, cancel
        ``progress(done, total)``; ``cancel()`` returns true to stop. Called on this thread.

    Returns
    -------
    ndarray
        (height, width, 3); sRGB, or the bands R, G, B (610, 545, 460 nm). Of a skin with a table of
        n other bands "linear" and "absorbance" are (height, width, n), in the table's order.

    Raises
    ------
    SceneError
        The scale, window, output, exposure or illuminant cannot be used.
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
    workers = Workers(thread_count(threads), cancel, progress)
    drawn = scale, window, output, exposure_of(exposure)
    if scene.skin.is_spectral:
        bands = len(BANDS) if output in COLOURS else len(scene.skin.lambda_nm)
        image = output_array(out, (window.height, window.width, bands), OUTPUTS[output])
        from smpengine.spectrum import draw_spectral

        draw_spectral(scene, name, *drawn, illuminant, image, workers)
        return image
    if illuminant != "D65":
        remedy = "Calibrate the skin at more bands: `smpengine calibrate`."
        got = repr(illuminant)
        raise SceneError(must("illuminant", "be 'D65' for the bands R, G, B", got, remedy=remedy))
    image = output_array(out, (window.height, window.width, len(BANDS)), OUTPUTS[output])
    draw_picture(scene, name, *drawn, image, workers, resident)
    return image


def exposure_of(exposure: float | None) -> float | None:
    """Return a factor on linear light, checked; None for the engine's own."""
    if exposure is None:
        return None
    try:
        value = float(exposure)
    except (TypeError, ValueError) as error:
        raise SceneError(must("exposure", "be a number", repr(exposure))) from error
    if not 0.0 < value <= 1000.0:
        raise SceneError(must("exposure", "be over 0 and at most 1000", value))
    return value
