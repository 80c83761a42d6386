"""`truth`: where every dot of a picture is, whether an eye can tell it; `clean`: none of them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import SceneError, must
from smpengine.image.colour import BAND_TO_LINEAR_SRGB
from smpengine.render import render
from smpengine.scene import Scene
from smpengine.truth_table import Truth
from smpengine.window import check_scale, pixel_window
from smpengine.workers import Cancel, Progress

LUMINANCE: Final = (0.2126, 0.7152, 0.0722)
"""Of linear sRGB (IEC 61966-2-1)."""
EYE_MM: Final = 500.0
"""Distance of the eye if nothing else is said: a practitioner's."""
_BLUR_PER_DEPTH: Final = 0.15  # mm of seen radius per mm of depth, added to the deposit's (assumed)
_ROWS: Final = 32  # of a picture, turned into luminance at once


def truth(
    scene: Scene,
    px_per_mm: float = 40.0,
    window_mm: tuple[float, float, float, float] | None = None,
    device: str = "auto",
    *,
    eye_mm: float = EYE_MM,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Truth:
    """Tell every dot whose centre a picture shows: where it is, and whether it can be seen.

    Parameters
    ----------
    scene, px_per_mm, window_mm, device, threads, progress, cancel
        As for `render`, of the same picture; its luminance is rendered once more.
    eye_mm
        Distance of the eye, over 0.

    Returns
    -------
    Truth
        In the order of the scene's rows; none besides.

    Raises
    ------
    SceneError
        As for `render`; or the distance is not over 0.
    DeviceError, Cancelled
        As for `render`.
    """
    if not 0.0 < eye_mm < math.inf:
        raise SceneError(must("eye_mm", "be over 0 and finite", eye_mm))
    light = render(
        scene, px_per_mm, window_mm, "linear", device, threads=threads, progress=progress,
        cancel=cancel,
    )  # fmt: skip
    return truth_in(scene, px_per_mm, window_mm, light, eye_mm)


def truth_in(
    scene: Scene, px_per_mm: float, window_mm: tuple[float, float, float, float] | None,
    light: NDArray[np.float32], eye_mm: float = EYE_MM,
) -> Truth:  # fmt: skip
    """Tell the same of a picture whose light is there already.

    Parameters
    ----------
    scene, px_per_mm, window_mm, eye_mm
        As for `truth`, checked.
    light
        What `render` makes of them as "linear".
    """
    scale = check_scale(px_per_mm)
    window = pixel_window(scene.extent_mm, scale, window_mm)
    # Imported here, for it brings Numba with it: importing the package stays quick.
    from smpengine.image.contrast import contrast_sensitivity, weber_contrast

    dots = scene.impressions
    x, y = dots.x_mm * scale - window.col0, dots.y_mm * scale - window.row0
    shown = np.flatnonzero((x >= 0.0) & (x < window.width) & (y >= 0.0) & (y < window.height))
    radius, depth = dots.radius_mm[shown], dots.depth_mm[shown]
    seen_mm = radius + _BLUR_PER_DEPTH * depth
    contrast = np.empty(shown.size)
    weber_contrast(
        _luminance_of(light, scene), x[shown], y[shown],
        0.5 * radius * scale, seen_mm * scale, contrast,
    )  # fmt: skip
    degrees = np.degrees(2.0 * seen_mm / eye_mm)
    known = np.nan_to_num(contrast, nan=0.0)
    visible = known * contrast_sensitivity(0.5 / degrees) > 1.0
    return Truth(
        shown.astype(np.int64), x[shown], y[shown], radius * scale, radius, depth,
        dots.thickness_mm[shown], dots.session[shown], contrast, visible, float(eye_mm), scale,
        window.width, window.height,
    )  # fmt: skip


def clean(scene: Scene) -> Scene:
    """Return the scene without its pigment: what the same skin was before.

    Parameters
    ----------
    scene
        Not changed. All else of it is kept, so a picture of both has the same exposure and dither,
        and where there is no pigment the same pixels.

    Returns
    -------
    Scene
        With no impressions.
    """
    return replace(scene, impressions=scene.impressions.rows(slice(0, 0)))


def _luminance_of(light: NDArray[np.float32], scene: Scene) -> NDArray[np.float64]:
    """Return the luminance of a picture, some rows at a time: its bands in float64 fit no cache."""
    weights = _luminance(scene)
    out = np.empty(light.shape[:2])
    for row in range(0, len(light), _ROWS):
        rows = slice(row, row + _ROWS)
        np.matmul(light[rows].astype(np.float64), weights, out=out[rows])
    return out


def _luminance(scene: Scene) -> NDArray[np.float64]:
    """Return what turns the reflectance of a scene's bands into luminance."""
    if scene.skin.is_spectral:
        from smpengine.image.observer import linear_srgb_weights

        weights: NDArray[np.float64] = LUMINANCE @ linear_srgb_weights(scene.skin.lambda_nm)
        return weights
    three: NDArray[np.float64] = np.array(LUMINANCE) @ np.array(BAND_TO_LINEAR_SRGB)
    return three
