"""Before and after behind one line to drag: a page in one file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from smpengine.errors import InputError, must
from smpengine.files import check_target, write_text
from smpengine.photo.inlined import PictureKind, check_kind, filled, inlined
from smpengine.photo.shown import (
    SIMULATED,
    UInt8Array,
    check_longest,
    check_shown,
    shrunk,
)

LONGEST_PX: Final = 2400


def write_slider(
    path: str | Path,
    before: UInt8Array,
    after: UInt8Array | Iterable[tuple[str, UInt8Array]],
    title: str = "Before and after",
    *,
    labels: tuple[str, str] = ("Before", "After"),
    note: str = "",
    kind: PictureKind = "jpeg",
    longest_px: int | None = LONGEST_PX,
) -> None:
    """Write a page that compares two pictures, or one with several stages.

    One HTML file with everything inside: no network, no second file. The line is dragged by mouse
    or touch, or moved by keys; without scripts the pictures are shown one below the other.

    Parameters
    ----------
    path
        Ends in .html.
    before
        uint8 (H, W, 3), sRGB.
    after
        A picture of the same size, or stages, (label, picture) each, for example sessions and
        years. Stages may come from a generator: one is held at a time.
    title
        Over the pictures, and of the page.
    labels
        What the two sides are called; the second stands for a single picture only.
    note
        A line under the pictures.
    kind
        Of the pictures inside: "jpeg" (quality 92, 4:4:4), or without loss "png" or "webp".
    longest_px
        Larger pictures are made so small, their longer side; None for no limit.

    Raises
    ------
    InputError
        Pictures that do not fit, no stages, or another suffix.
    OutputError
        It could not be written; nothing was left behind.
    """
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise InputError(must("path", "end in .html", repr(str(path))))
    check_kind(kind)
    check_longest(longest_px)
    check_target(target, "path")
    first = check_shown("before", before)
    stages = [(labels[1], after)] if isinstance(after, np.ndarray) else after
    shown = []
    for k, (label, picture) in enumerate(stages):
        whole = check_shown(f"after[{k}]", picture, first.shape, "before")
        shown.append({"label": str(label), "url": inlined(shrunk(whole, longest_px), kind)})
    if not shown:
        raise InputError(must("after", "have at least one stage", "none"))
    small = shrunk(first, longest_px)
    page = filled(
        "slider.html",
        title=title,
        before={"label": labels[0], "url": inlined(small, kind)},
        stages=shown,
        height=small.shape[0],
        width=small.shape[1],
        reduced=small.shape != first.shape,
        note=note,
        notice=SIMULATED,
    )
    write_text(target, page)
