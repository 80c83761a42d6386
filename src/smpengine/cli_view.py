"""`smpengine render --view`: how the command draws a picture, flat or of a head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import smpengine as smp
from smpengine.errors import InputError, must
from smpengine.views.view import VIEWS
from smpengine.workers import Progress

_FLAT_ONLY = {"truth": "--truth", "truth_maps": "--truth-maps", "clean": "--clean"}


def check_view(options: Mapping[str, Any], output: str, illuminant: str) -> None:
    """Say before rendering what does not go with --view.

    Raises
    ------
    InputError
        Another option, the kind of pixels or the illuminant is for flat pictures alone.
    """
    if options["view"] is None:
        return
    for name, option in _FLAT_ONLY.items():
        if options[name]:
            raise InputError(must(option, "be left out beside --view", "both", remedy="One each."))
    if output == "absorbance":
        raise InputError(must("--output", "be srgb8, srgb16 or linear beside --view", repr(output)))
    if illuminant != "D65":
        raise InputError(must("--illuminant", "be D65 beside --view", repr(illuminant)))


def draw(
    scene: smp.Scene,
    px_per_mm: float,
    output: str,
    exposure: float | None,
    illuminant: str,
    options: Mapping[str, Any],
    progress: Progress | None,
) -> Any:
    """Return the picture that the command's options ask for."""
    window, device = options["window"], options["device"]
    shared = {"exposure": exposure, "threads": options["threads"], "progress": progress}
    if options["view"] is not None:
        return smp.render_view(scene, options["view"], px_per_mm, window, output, device, **shared)
    return smp.render(scene, px_per_mm, window, output, device, illuminant=illuminant, **shared)


VIEW_NAMES = tuple(VIEWS)
