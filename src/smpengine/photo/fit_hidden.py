"""What dots that are not seen do to the mean of those that are.

Where dots lie at random some hide behind others: they are not drawn, and darken rings and surrounds
all the same. So the engine throws dots as dense and as even as the picture's are, looks for them as
it did in the picture, and fits what it finds: what is left at the true values is their doing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from smpengine.photo.fit_count import Count, thrown
from smpengine.photo.fit_light import Array, Light
from smpengine.photo.fit_noise import remainder_of
from smpengine.photo.fit_places import FEWEST, places_of
from smpengine.photo.fit_solve import Problem, Solution, recentred
from smpengine.verdict.dots import find
from smpengine.verdict.picture import prepare

_HARDLY_ANY: Final = 0.97
"""Share of dots that are found from which on the rest is not looked for."""
_ROUNDS: Final = 2
_SEED: Final = 47_011


def hidden_of(problem: Problem, solution: Solution, count: Count, spread: float) -> Array:
    """Return what hidden dots add to the mean profile, (bands, rings): nothing where few hide.

    Parameters
    ----------
    problem, solution
        The fit, and what it found.
    count, spread
        How many dots there are and how even; standard deviation of the logarithm of their radii.
    """
    nothing = np.zeros(problem.each.shape[1:])
    if count.share > _HARDLY_ANY:
        return nothing
    light, model, values = problem.light, problem.model, solution.values
    rng = np.random.Generator(np.random.Philox(_SEED))
    x, y = thrown(max(round(count.present), 2), count.spacing, light, rng).T
    swell = np.exp(spread * rng.standard_normal(x.size))
    full = model.seen(model.scene(values, x, y, swell), values)
    remainder = remainder_of(light, solution.drawn).calm()
    picture = remainder.picture(next(remainder.elsewhere(full, 1)))
    # Noise decides what is found; what is compared has none.
    known = Light(full * problem.skin.astype(np.float32), light.px_per_mm, light.mask, 0.0)
    places = places_of(find(prepare(picture, light.px_per_mm, light.mask)).dark, known)
    if int(places.alone.sum()) < FEWEST:
        return nothing
    drawn = model.light(values, places)
    for _ in range(_ROUNDS):
        found = Problem(known, places, model, drawn, problem.codec)
        places, _ = recentred(found, replace(solution, drawn=drawn))
        drawn = model.light(values, places)
    last = Problem(known, places, model, drawn, problem.codec)
    return last.left_over(drawn)
