"""`fit`: what a photograph of healed work says of its dots, by the engine itself.

    picture -> dots, centred -> mean dot  beside  the engine's, at the same places -> least squares
               verdict.dots     fit_light         fit_model                           fit_solve

Dots that stand alone are averaged on rings, in light, band by band, relative to the light around
them. The engine draws dots at the same places, the camera blurs them, and they are averaged in the
same way: neighbours, pixels and surrounds are in both. Between rounds dots are centred anew and
given a radius of their own. What noise does to all that is asked of the picture's own noise
(`fit_noise`), what a codec and hidden dots do of the engine's dots (`fit_codec`, `fit_hidden`), and
how many dots are missed of the detector (`fit_count`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import Cancelled, InputError, must
from smpengine.photo.fit_codec import USUAL_QUALITY, quality_of
from smpengine.photo.fit_count import Count, area_cm2, count_of, found_in, inside
from smpengine.photo.fit_given import Given, given_of
from smpengine.photo.fit_granules import granularity_of
from smpengine.photo.fit_hidden import hidden_of
from smpengine.photo.fit_level import level_of
from smpengine.photo.fit_light import Array, Float32Array, Light, coarsened, light_of
from smpengine.photo.fit_model import Model
from smpengine.photo.fit_noise import remainder_of
from smpengine.photo.fit_places import FEWEST, Places, places_of, window_of
from smpengine.photo.fit_report import State, report_of
from smpengine.photo.fit_result import Fit
from smpengine.photo.fit_solve import Problem, Solution, begin, recentred, solve
from smpengine.scene import Skin
from smpengine.verdict.dots import Blobs, find
from smpengine.verdict.picture import check_picture, prepare
from smpengine.workers import Cancel, Progress

COARSEST_PX_PER_MM: Final = 6.0
"""Below this a dot is hardly a pixel, and its size cannot be told from its strength."""
DEPTH_MM: Final = 0.20
THICKNESS_MM: Final = 0.10
"""Of the deposits, where nobody says: those of the preset "definition"."""
_ROUNDS: Final = 3
_STEPS: Final = _ROUNDS + 3
_UNEXPLAINED: Final = 10.0
"""Misfit from which on it is asked whether a codec took the dots' colour: JPEG of quality 92 leaves
50 to 300, and a fit that has arrived at most 4."""
_GREY_BETTER: Final = 0.4
_HIDDEN_ERROR: Final = 1.0
"""Of what hidden dots do to the mean dot, relative: half of that is still left after it, in the
benchmark, for they are thrown, and not where they are."""
_USUALLY_ODD: Final = 0.01
"""Share of real dots that are like no other: two in one, or beside what was not found."""


def fit(
    image: NDArray[np.uint8],
    px_per_mm: float,
    mask: NDArray[np.bool_] | None = None,
    *,
    skin: Skin | None = None,
    sharpness_px: float | None = None,
    depth_mm: float = DEPTH_MM,
    thickness_mm: float = THICKNESS_MM,
    granularity: float | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    threads: int | None = None,
) -> Fit:
    """Estimate size, density and strength of dots, and the scattering of the skin they lie in.

    Parameters
    ----------
    image
        sRGB, uint8 (height, width, 3), of healed work seen from above, in focus.
    px_per_mm
        Its scale, at least 6; an error of it is one of every length.
    mask
        Treated area, bool (height, width). Where it is None all of the picture is treated, and
        nothing says how dark bare skin is.
    skin
        Its melanin; its scattering is fitted, and its complexion ignored. Estimated from the colour
        of bare skin when None.
    sharpness_px
        Standard deviation of the camera's blur, pixels; estimated from the picture when None, 0 for
        a picture that the engine rendered.
    depth_mm, thickness_mm
        Of the deposits. A picture hardly tells depth from scattering: notes say what it changes.
    granularity
        Of the dots, 0 to 1; estimated when None.
    progress, cancel
        ``progress(done, total)``; ``cancel()`` returns true to stop. Called on this thread.
    threads
        As `render` takes it.

    Returns
    -------
    Fit
        The same for the same picture.

    Raises
    ------
    InputError
        The picture, scale, mask or another value cannot be used; too few dots are found.
    Cancelled
        `cancel` returned true.
    """
    scale = _checked(image, px_per_mm, mask)
    steps = _Steps(progress, cancel)
    extent = image.shape[1] / scale, image.shape[0] / scale
    linear, image, mask, whole = coarsened(image, scale, mask)
    blur = None if sharpness_px is None else sharpness_px / whole
    given = given_of(image, mask, skin, blur, (depth_mm, thickness_mm, granularity))
    light = light_of(linear, scale / whole, mask, given.sharpness_px)
    blobs = find(prepare(image, light.px_per_mm, mask))
    everywhere = places_of(blobs.dark, light)
    _enough(everywhere)
    part, places, corner = window_of(light, everywhere)
    steps.done()
    state = _fitted(part, places, given, quality_of(image), steps, threads)
    height, width = part.bands.shape[:2]
    cut = image[corner[0] : corner[0] + height, corner[1] : corner[1] + width]
    dots = found_in(np.ascontiguousarray(cut), part)
    count = _counted(dots, part, state)
    steps.done()
    solution = state.solution
    hidden = hidden_of(state.problem, solution, count, state.spread)
    if hidden.any():
        state.problem.correct(hidden, _HIDDEN_ERROR)
        solution = solve(state.problem, solution.values)
    level = level_of(light, part, state.problem, count)
    if level is not None:
        state.problem.level = level
        solution = solve(state.problem, np.append(solution.values, level.log_count))
    steps.done()
    # The part's dots say how many are missed; the whole picture's, how many there are.
    found = int(inside(blobs.dots.x_mm, blobs.dots.y_mm, light).sum())
    elsewhere = (found / area_cm2(light)) / (max(len(dots), 1) / area_cm2(part))
    return report_of(
        replace(state, solution=solution), count, elsewhere / area_cm2(part),
        scale, extent, sharpness_scale=whole, found=found,
    )  # fmt: skip


def _checked(image: object, px_per_mm: object, mask: object) -> float:
    """Refuse what cannot be fitted; return the scale."""
    scale = check_picture(image, px_per_mm, mask)
    if scale < COARSEST_PX_PER_MM:
        remedy = "Take the photograph from nearer, or with a longer lens."
        rule = f"be at least {COARSEST_PX_PER_MM:g} pixels per mm, for dots to show their size"
        raise InputError(must("px_per_mm", rule, scale, remedy=remedy))
    if isinstance(mask, np.ndarray) and not mask.any():
        remedy = "Mark the treated area with True, or leave the mask out."
        raise InputError(must("mask", "have a treated area", "none", remedy=remedy))
    return scale


def _enough(places: Places) -> None:
    """Refuse a picture with too few dots."""
    alone = int(places.alone.sum())
    if alone < FEWEST:
        remedy = (
            "Take a sharper or larger picture of healed dots, and check px_per_mm and the mask."
        )
        rule = f"show at least {FEWEST} dots that stand alone"
        raise InputError(must("image", rule, f"{alone} of {len(places)} found", remedy=remedy))


def _fitted(
    part: Light,
    places: Places,
    given: Given,
    quality: int | None,
    steps: _Steps,
    threads: int | None,
) -> State:
    """Fit, centre and weigh in turn, until nothing moves any more.

    `quality` is that of a codec that the picture has been through, if it shows one.
    """
    height, width = part.bands.shape[:2]
    model = Model(
        given.skin, given.depth_mm, given.thickness_mm, given.granularity, part.px_per_mm,
        (height, width), given.sharpness_px, threads, steps.cancel,
    )  # fmt: skip
    values, drawn = begin(model, places)
    spread, codec = 0.0, None
    for turn in range(_ROUNDS):
        last = turn == _ROUNDS - 1
        problem = Problem(part, places, model, drawn, codec)
        solution = solve(problem, values, tries=12 if last else 5)
        # A picture that shows no codec may just not be explained yet.
        if turn == (1 if quality is None else 0) and solution.chi2 > _UNEXPLAINED:
            shown = USUAL_QUALITY if quality is None else quality
            other, grey = _by_lightness(problem, values, drawn, shown)
            if grey.chi2 < _GREY_BETTER * solution.chi2:
                problem, solution, codec = other, grey, shown
        if not last:
            # A codec's ringing passes for granules.
            if turn == _ROUNDS - 2 and given.granularity_sigma > 0.0 and codec is None:
                seen, sigma = granularity_of(problem, solution)
                given = replace(given, granularity=seen, granularity_sigma=sigma)
                model = replace(model, granularity=seen)
            places, spread = recentred(problem, solution)
        values, drawn = solution.values, solution.drawn
        steps.done()
    depth = float(np.median(places.depth[places.alone]))
    return State(problem, solution, spread, given, depth)


def _by_lightness(
    problem: Problem, values: Array, drawn: Float32Array, quality: int
) -> tuple[Problem, Solution]:
    """Fit lightness alone, through a codec; twice, for what a codec does depends on the dots."""
    light, places, model = problem.light, problem.places, problem.model
    other = Problem(light, places, model, drawn, quality)
    first = solve(other, values, tries=5)
    other = Problem(light, places, model, first.drawn, quality)
    return other, solve(other, first.values, tries=5)


def _counted(dots: Blobs, part: Light, state: State) -> Count:
    problem = state.problem
    odd = max(problem.odd_share - _USUALLY_ODD, 0.0)
    remainder = remainder_of(part, state.solution.drawn).calm()
    return count_of(dots, part, problem.model, state.solution, remainder, state.spread, odd)


class _Steps:
    """Counts what is done, and stops where the caller wants it."""

    def __init__(self, progress: Progress | None, cancel: Cancel | None) -> None:
        self.cancel, self._progress, self._count = cancel, progress, 0

    def done(self) -> None:
        """Say that a step is done."""
        self._count += 1
        if self.cancel is not None and self.cancel():
            raise Cancelled("stopped by the cancel callback")
        if self._progress is not None:
            self._progress(self._count, _STEPS)
