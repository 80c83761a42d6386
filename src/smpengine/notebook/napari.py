"""A scene as napari's layers, which need no napari to be made."""

from __future__ import annotations

from typing import Any

import numpy as np

from smpengine.errors import SceneError, must
from smpengine.render import render
from smpengine.scene import Scene

Layer = tuple[Any, dict[str, Any], str]
_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")
"""One a session: P. Tol's bright scheme, told apart by colour-blind eyes too."""


def napari_layers(
    scene: Scene,
    px_per_mm: float = 20.0,
    window_mm: tuple[float, float, float, float] | None = None,
) -> list[Layer]:
    """Return a scene as layer tuples of napari: its picture, and its dots as points.

    ``for layer in smp.napari_layers(scene): viewer.add_layer(napari.layers.Layer.create(*layer))``.
    Places are in mm, so both lie on each other.

    Parameters
    ----------
    scene
        In any bands.
    px_per_mm, window_mm
        Of the picture, as for `render`; points are those in the window.

    Returns
    -------
    list
        Of (data, keyword arguments, kind): "image", then "points" with the features session,
        depth_mm, radius_mm and row; as large as the dots, coloured by session.

    Raises
    ------
    SceneError
        Not a scene, or a window or a scale that cannot be.
    """
    if not isinstance(scene, Scene):
        raise SceneError(must("scene", "be a Scene", type(scene).__name__))
    picture = render(scene, px_per_mm, window_mm)
    x0, y0, x1, y1 = (0.0, 0.0, *scene.extent_mm) if window_mm is None else window_mm
    corner = [float(np.floor(edge * px_per_mm + 0.5) / px_per_mm) for edge in (y0, x0)]
    step = 1.0 / px_per_mm
    # A pixel's place is its middle, as napari has it.
    image = {"name": "picture", "rgb": True, "scale": (step, step),
             "translate": tuple(edge + 0.5 * step for edge in corner)}  # fmt: skip
    dots = scene.impressions
    inside = (dots.x_mm >= x0) & (dots.x_mm < x1) & (dots.y_mm >= y0) & (dots.y_mm < y1)
    rows = np.flatnonzero(inside)
    session = dots.session[rows]
    points = {
        "name": "dots", "size": 2.0 * dots.radius_mm[rows], "face_color": "transparent",
        "border_color": [_COLOURS[k % len(_COLOURS)] for k in session],
        "features": {"session": session, "depth_mm": dots.depth_mm[rows],
                     "radius_mm": dots.radius_mm[rows], "row": rows},
    }  # fmt: skip
    places = np.stack([dots.y_mm[rows], dots.x_mm[rows]], axis=1)
    return [(picture, image, "image"), (places, points, "points")]
