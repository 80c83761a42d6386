"""How a deposit changes: fresh, scabbed, settled, aged, lasered. A law a function.

Each says where it comes from, or that it is assumed; its parameters are the plan's [healing].
Days count from the strike. Functions are of NumPy arrays, which broadcast.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SCAB_SHARE: Final = 0.65
"""Of the pigment in the epidermis, what falls off with the scab; the rest is shed. Assumed."""
SCAB_DAYS: Final = (4.0, 9.0)
"""When scabs fall, each on its own day. Assumed, from aftercare advice: days 4 to 10."""
SHED_OVER_DAYS: Final = 2.0
CLOUDY_DAYS: Final = (6.0, 13.0)
"""When new epidermis over a dot turns cloudy. Assumed: dots are palest in the second week."""
REDNESS_DAYS: Final = 2.5
"""Redness falls by e in this time, to a sixteenth in a week. Assumed: it lasts for days."""
DAYS_A_YEAR: Final = 365.25
BLUER_PER_NM: Final = 0.01
LASER_DAYS: Final = 14.0
"""Shattered pigment is carried off by macrophages over weeks, e-fold. Assumed."""
LASER_LEFT: Final = 0.05
"""What is left of a tattoo that counts as cleared. Assumed."""


def smoothstep(x: Floats | float) -> Floats:
    """Return 0 below 0, 1 above 1, and a cubic in between."""
    t = np.clip(np.asarray(x, np.float64), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))


def renewal_slowness(age_years: float) -> float:
    """Return how many times as long the epidermis of a client takes to renew itself.

    G. L. Grove, A. M. Kligman, J. Gerontol. 38 (1983) 137: transit through the stratum corneum
    takes some 20 days in young adults and over 10 days more in the old, most of that after 50.
    Straight lines from 1 at 40 to 1.5 at 75 are assumed.
    """
    return float(np.interp(age_years, [40.0, 75.0], [1.0, 1.5]))


def epidermal_share(
    days: Floats | float, scab_falls: Floats | float, settles_days: float
) -> Floats:
    """Return how much of a fresh strike's pigment in crust and epidermis is still there, 0 to 1.

    Parameters
    ----------
    days
        Since the strike, at the rate of young skin.
    scab_falls
        Where the dot's scab lies in its range of days, 0 to 1.
    settles_days
        When the last of it is shed: the epidermis renews itself in 39 to 56 days (G. D. Weinstein
        et al., J. Invest. Dermatol. 82 (1984) 623; H. Iizuka, J. Dermatol. Sci. 8 (1994) 215), and
        practitioners judge a session after 4 to 6 weeks.

    Notes
    -----
    The shape is assumed: all of it until the scab falls, then a third that is shed evenly.
    """
    low, high = SCAB_DAYS
    falls = low + (high - low) * np.asarray(scab_falls, np.float64)
    scab = 1.0 - smoothstep((np.asarray(days) - falls) / SHED_OVER_DAYS)
    shed = 1.0 - smoothstep(np.asarray(days) / settles_days)
    return np.asarray(SCAB_SHARE * scab * shed**0.5 + (1.0 - SCAB_SHARE) * shed)


def cloudiness(days: Floats | float, settles_days: float) -> Floats:
    """Return how cloudy the new epidermis over a dot is, 0 to 1. Assumed."""
    first, most = CLOUDY_DAYS
    comes = smoothstep((np.asarray(days) - first) / (most - first))
    goes = 1.0 - smoothstep((np.asarray(days) - most) / (settles_days - most))
    return np.asarray(comes * goes)


def channel_mm(top_mm: Floats, lift_depth_mm: float) -> Floats:
    """Return how far a fresh strike's pigment reaches up from a deposit's top.

    The needle leaves pigment on its way; above a deep deposit the channel closes before it settles
    there. Assumed.
    """
    return np.asarray(top_mm * np.exp(-((top_mm / lift_depth_mm) ** 2)))


def redness(days: Floats | float) -> Floats:
    """Return the share of a strike's flare that is left; 0 before the strike."""
    d = np.asarray(days, np.float64)
    return np.where(d >= 0.0, np.exp(-np.maximum(d, 0.0) / REDNESS_DAYS), 0.0)


def faded(years: Floats | float, half_life_years: float, rate: Floats | float = 1.0) -> Floats:
    """Return the share of pigment that is left. Exponential: assumed.

    Clients are touched up after 3 to 5 years, when about half is left to be seen.
    """
    return np.asarray(2.0 ** (-np.asarray(years) * np.asarray(rate) / half_life_years))


def fading_rates(lambda_nm: Floats, hue_shift: float) -> Floats:
    """Return how fast absorption fades at each wavelength, relative to 545 nm.

    Browns are mixed from blacks and organic or iron-oxide yellows and reds; those that take the
    blue light go first, and what is left looks greyer and bluer. `hue_shift` 0 is carbon, which
    fades as it is; the straight line over wavelengths is assumed.
    """
    rates = 1.0 - hue_shift * BLUER_PER_NM * (np.asarray(lambda_nm, np.float64) - 545.0)
    return np.maximum(rates, 0.0)


def spread_radius_mm(
    radius_mm: Floats, years: Floats | float, spread_mm2_per_year: float
) -> Floats:
    """Return the radius of a deposit that diffuses: its square grows evenly. Assumed."""
    return np.sqrt(radius_mm**2 + spread_mm2_per_year * np.asarray(years))


def laser_clearance(phototype: float) -> float:
    """Return the share of black pigment on a head that a laser session clears in the end.

    W. Kirby, A. Desai, T. Desai, F. Kartono, J. Clin. Aesthet. Dermatol. 2 (2009) 32: sessions
    needed are the sum of points for phototype (1 to 6), location (head 1), colour (black 1), amount
    of ink (least 1), scars and layers (none 0); that each takes the same share of what is left, and
    that a twentieth of it is no longer seen, is assumed.
    """
    return float(1.0 - LASER_LEFT ** (1.0 / (phototype + 3.0)))


def laser_left(days: Floats | float, clearance: float) -> Floats:
    """Return the share of pigment that is left so many days after a laser session; 1 before it."""
    d = np.maximum(np.asarray(days, np.float64), 0.0)
    return np.asarray(1.0 - clearance * -np.expm1(-d / LASER_DAYS))


def phototype_of(melanosome_fraction: float) -> float:
    """Return the Fitzpatrick type, 1 to 6, of a melanosome fraction: the skins of this package."""
    return float(np.interp(melanosome_fraction, [0.02, 0.12, 0.20, 0.30], [1.5, 3.5, 5.0, 6.0]))
