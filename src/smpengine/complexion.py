"""Complexion: what keeps skin from being even. Colour in patches and spots, relief, gloss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from smpengine.errors import SceneError, must, number

LIMITS: Final = {
    "melanin_spread": (0.0, 0.6),
    "blood_spread": (0.0, 1.0),
    "redness": (0.25, 16.0),
    "freckles_per_cm2": (0.0, 20.0),
    "age_spots_per_cm2": (0.0, 2.0),
    "vessels_per_cm2": (0.0, 2.0),
    "tan": (0.3, 4.0),
    "pores_per_cm2": (0.0, 400.0),
    "relief_mm": (0.0, 0.1),
    "wrinkles": (0.0, 1.0),
    "gloss": (0.0, 1.0),
}
"""Least and most of each number."""

_BY_TYPE: Final[dict[str, dict[str, float]]] = {
    "I-II": {"melanin_spread": 0.12, "freckles_per_cm2": 0.4, "redness": 1.2},
    "III-IV": {"melanin_spread": 0.045, "freckles_per_cm2": 0.1, "redness": 1.2},
    "V": {"melanin_spread": 0.035},
    "VI": {"melanin_spread": 0.028},
}
"""Where types differ (assumed)."""
_YOUNG_YEARS: Final = 25.0
_OLD_YEARS: Final = 75.0


@dataclass(frozen=True)
class Complexion:
    """How a skin departs from an even one; the defaults are those of a healthy scalp (assumed).

    Parameters
    ----------
    seed
        Same seed, same skin; 0 to 2^63 - 1.
    melanin_spread
        Standard deviation over the skin of the logarithm of the melanosome fraction, at scales of
        0.5, 2 and 8 mm together, 0 to 0.6.
    blood_spread
        Likewise, of the blood in the upper dermis, 0 to 1.
    redness
        Factor on that blood everywhere, 0.25 to 16.
    freckles_per_cm2, age_spots_per_cm2, vessels_per_cm2
        How many there are: freckles of 0.8 to 2.4 mm, age spots of 3 to 8 mm, fine red vessels.
    tan_line_mm, tan
        In front of this y the melanosome fraction is `tan` times the skin's, 0.3 to 4: where a hat
        ends. No line when None.
    pores_per_cm2
        Openings of follicles, 0 to 400.
    relief_mm
        Depth of the network of furrows, 0 to 0.1.
    wrinkles
        0 (none) to 1 (many).
    gloss
        How much of the skin carries a film that mirrors, 0 to 1: sebum.

    Raises
    ------
    SceneError
        A number is out of range.
    """

    seed: int = 0
    melanin_spread: float = 0.05
    blood_spread: float = 0.30
    redness: float = 1.0
    freckles_per_cm2: float = 0.0
    age_spots_per_cm2: float = 0.0
    vessels_per_cm2: float = 0.0
    tan_line_mm: float | None = None
    tan: float = 1.5
    pores_per_cm2: float = 120.0
    relief_mm: float = 0.015
    wrinkles: float = 0.0
    gloss: float = 0.35

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int):
            raise SceneError(must("complexion.seed", "be a whole number", repr(self.seed)))
        if not 0 <= self.seed < 2**63:
            raise SceneError(must("complexion.seed", "be 0 to 2^63 - 1", self.seed))
        for name, (low, high) in LIMITS.items():
            value = _number(name, getattr(self, name))
            if not low <= value <= high:
                raise SceneError(must(f"complexion.{name}", f"be {low:g} to {high:g}", value))
            object.__setattr__(self, name, value)
        if self.tan_line_mm is not None:
            value = _number("tan_line_mm", self.tan_line_mm)
            if not abs(value) <= 1e4:
                raise SceneError(must("complexion.tan_line_mm", "be within 10,000 mm", value))
            object.__setattr__(self, "tan_line_mm", value)

    @classmethod
    def typical(
        cls, skin_type: str = "I-II", age_years: float = 35.0, seed: int = 0, **changes: Any
    ) -> Complexion:
        """Return what is common at an age.

        Parameters
        ----------
        skin_type
            As `Skin` names them.
        age_years
            16 to 110: with it come age spots, vessels, wrinkles, unevenness and a coarser relief.
        seed
            Of the skin.
        changes
            Parameters that are to be other than that.

        Raises
        ------
        SceneError
            An unknown type or parameter, or a number out of range.
        """
        if skin_type not in _BY_TYPE:
            names = ", ".join(repr(name) for name in _BY_TYPE)
            raise SceneError(must("skin_type", f"be one of {names}", repr(skin_type)))
        unknown = sorted(set(changes) - {*LIMITS, "tan_line_mm"})
        if unknown:
            rule = f"be one of {', '.join([*LIMITS, 'tan_line_mm'])}"
            raise SceneError(must("complexion's parameter", rule, repr(unknown[0])))
        years = _number("age_years", age_years)
        if not 16.0 <= years <= 110.0:
            raise SceneError(must("complexion.age_years", "be 16 to 110", years))
        return cls(seed, **{**_by_age(skin_type, years), **changes})


def _by_age(skin_type: str, age_years: float) -> dict[str, float]:
    """Return parameters of a type at an age; that they grow evenly from 25 years on is assumed."""
    old = max(age_years - _YOUNG_YEARS, 0.0) / (_OLD_YEARS - _YOUNG_YEARS)
    fair = {"I-II": 1.0, "III-IV": 0.5, "V": 0.2, "VI": 0.1}[skin_type]
    usual = _BY_TYPE[skin_type]
    return {
        **usual,
        "melanin_spread": usual["melanin_spread"] * (1.0 + 0.6 * old),
        "blood_spread": 0.30 + 0.10 * old,
        "age_spots_per_cm2": min(0.12 * fair * old * old, 2.0),
        "vessels_per_cm2": min(0.10 * fair * old, 2.0),
        "relief_mm": 0.014 + 0.008 * old,
        "wrinkles": min(0.45 * old, 1.0),
    }


def _number(name: str, value: object) -> float:
    given = number(f"complexion.{name}", value)
    if not math.isfinite(given):
        raise SceneError(must(f"complexion.{name}", "be finite", given))
    return given
