"""The treatment sheet: a plan on one or two pages of paper, for who carries it out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

import smpengine
from smpengine.errors import InputError, must
from smpengine.files import check_target, write_text
from smpengine.image.colour import BAND_TO_LINEAR_SRGB
from smpengine.photo.inlined import PictureKind, check_kind, filled, inlined
from smpengine.photo.shown import (
    SIMULATED,
    UInt8Array,
    check_longest,
    check_shown,
    picture_of,
    shrunk,
)
from smpengine.plan.schema import PigmentTable

if TYPE_CHECKING:
    from smpengine.plan.placement import Layer
    from smpengine.plan.plan import Plan
    from smpengine.plan.schema import SessionTable

LONGEST_PX: Final = 1400
"""About 300 dots per inch at half the width of A4."""
_FILM_MM: Final = 0.01
"""Thickness of the film of pigment that a swatch shows: pigments differ most in so thin a one."""


@dataclass(frozen=True)
class Visit:
    """A session as the sheet says it.

    Attributes
    ----------
    number, day
        Which, counted from 1, and when, counted from the first visit.
    name
        Its preset, or "own values".
    pigment, needle
        By name, or by what they do.
    swatch
        The pigment's colour for HTML.
    radius_mm, depth_mm, density_per_cm2
        As they are placed: both dials of the plan applied.
    dots
        Within what is treated.
    """

    number: int
    day: float
    name: str
    pigment: str
    needle: str
    swatch: str
    radius_mm: float
    depth_mm: float
    density_per_cm2: float
    dots: int


def write_sheet(
    path: str | Path,
    plan: Plan,
    *,
    dots: Sequence[int],
    area_cm2: float,
    px_per_mm: float,
    pictures: Mapping[str, UInt8Array] | None = None,
    title: str = "Treatment sheet",
    skin: str | None = None,
    notes: Sequence[str] = (),
    kind: PictureKind = "jpeg",
    longest_px: int | None = LONGEST_PX,
) -> None:
    """Write a page to be printed: what is done in each session, and how it should look.

    One HTML file with everything inside, for A4; browsers print it to PDF.

    Parameters
    ----------
    path
        Ends in .html.
    plan
        The treatment.
    dots
        How many dots of each session lie within what is treated.
    area_cm2
        How large that is.
    px_per_mm
        Scale of the photograph.
    pictures
        By caption, uint8 (H, W, 3), sRGB: for example before, after, and the review of the mask.
    title
        Over the page, for example who the client is.
    skin
        What is said of the skin, for example "III-IV, estimated"; the plan's own when None.
    notes
        A line each, for example the notes of a simulation.
    kind, longest_px
        As for `write_slider`.

    Raises
    ------
    InputError
        Counts that are not as many as sessions, a size that is none, or pictures that are none.
    OutputError
        It could not be written; nothing was left behind.
    """
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise InputError(must("path", "end in .html", repr(str(path))))
    check_kind(kind)
    check_longest(longest_px)
    for name, value in (("area_cm2", area_cm2), ("px_per_mm", px_per_mm)):
        if not (math.isfinite(value) and value > 0.0):
            raise InputError(must(name, "be a number over 0", value))
    check_target(target, "path")
    visits = visits_of(plan, dots)
    shown = []
    for caption, picture in (pictures or {}).items():
        small = shrunk(check_shown(f"pictures[{caption!r}]", picture), longest_px)
        shown.append({"caption": caption, "url": inlined(small, kind), "size": small.shape})
    page = filled(
        "sheet.html",
        title=title,
        visits=visits,
        total=sum(visit.dots for visit in visits),
        area_cm2=area_cm2,
        px_per_mm=px_per_mm,
        skin=plan.table.skin.type if skin is None else skin,
        fullness=plan.table.fullness,
        texture=plan.table.texture,
        seed=plan.seed,
        version=smpengine.__version__,
        pictures=shown,
        notes=list(notes),
        notice=SIMULATED,
    )
    write_text(target, page)


def visits_of(plan: Plan, dots: Sequence[int]) -> list[Visit]:
    """Return what a sheet says of each session.

    Parameters
    ----------
    plan
        The treatment.
    dots
        Of each session, >= 0.

    Raises
    ------
    InputError
        There are not as many counts as sessions, or one is no count.
    """
    sessions = plan.sessions
    counts = [int(count) for count in dots]
    if len(counts) != len(sessions):
        rule = f"have a count for each of the plan's {len(sessions)} sessions"
        raise InputError(must("dots", rule, len(counts)))
    if min(counts, default=0) < 0:
        raise InputError(must("dots", "be 0 or more", min(counts)))
    return [
        _visit(number, session, layer, count)
        for number, (session, layer, count) in enumerate(
            zip(sessions, plan.layers(), counts, strict=True), 1
        )
    ]


def _visit(number: int, session: SessionTable, layer: Layer, dots: int) -> Visit:
    pigment: str = "own" if isinstance(session.pigment, PigmentTable) else session.pigment
    if session.dilution > 1.0:
        pigment = f"{pigment}, 1 in {session.dilution:g}"
    return Visit(
        number,
        session.day,
        session.preset or "own values",
        pigment,
        session.needle or "",
        swatch(layer.mua_per_mm),
        layer.radius_mm,
        layer.depth_mm,
        layer.density_per_cm2,
        dots,
    )


def swatch(mua_per_mm: Sequence[float]) -> str:
    """Return the colour of a pigment for HTML, "#rrggbb": a film of 0.01 mm of it on white paper.

    Parameters
    ----------
    mua_per_mm
        Absorption, Napierian, per mm; of more than three bands the mean of thirds, red the longest.

    Notes
    -----
    Light passes the film twice: exp(-2 mua d) in each band, and the engine's matrix to sRGB.
    """
    bands = np.asarray(mua_per_mm, np.float64)
    if bands.size > 3:  # of a table, ascending in wavelength
        bands = np.array([part.mean() for part in np.array_split(bands, 3)][::-1])
    through = np.exp(-2.0 * np.broadcast_to(bands, 3) * _FILM_MM)
    linear = np.clip(np.array(BAND_TO_LINEAR_SRGB) @ through, 0.0, 1.0)
    codes = picture_of(np.rint(65535.0 * linear).astype(np.uint16))
    return "#" + bytes(codes).hex()
