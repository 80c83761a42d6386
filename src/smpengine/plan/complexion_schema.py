"""What a plan may say of the skin's complexion."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from smpengine.complexion import LIMITS, Complexion
from smpengine.plan.scalp_schema import Finite, Table


def _field(name: str, description: str) -> Any:
    """Return a field that may be left out, within the limits of `Complexion`."""
    low, high = LIMITS[name]
    return Field(None, ge=low, le=high, description=description)


class ComplexionTable(Table):
    """What keeps the skin from being even; what is not given follows from type and age."""

    age_years: Annotated[float, Field(ge=16, le=110)] | None = Field(
        None,
        description="Age shows in spots, vessels, wrinkles, relief; the client's if not given.",
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = Field(
        None, description="Same seed, same skin; the plan's if not given."
    )
    melanin_spread: float | None = _field(
        "melanin_spread", "Standard deviation of the logarithm of the melanosome fraction."
    )
    blood_spread: float | None = _field(
        "blood_spread", "Standard deviation of the logarithm of the blood."
    )
    redness: float | None = _field("redness", "Factor on the blood everywhere.")
    freckles_per_cm2: float | None = _field("freckles_per_cm2", "Freckles of 0.8 to 2.4 mm.")
    age_spots_per_cm2: float | None = _field("age_spots_per_cm2", "Age spots of 3 to 8 mm.")
    vessels_per_cm2: float | None = _field("vessels_per_cm2", "Fine red vessels.")
    tan_line_mm: Finite | None = Field(
        None, description="y of the line where a tan ends, towards the back; none if not given."
    )
    tan: float | None = _field("tan", "Factor on the melanosome fraction in front of that line.")
    pores_per_cm2: float | None = _field("pores_per_cm2", "Openings of follicles.")
    relief_mm: float | None = _field("relief_mm", "Depth of the network of furrows.")
    wrinkles: float | None = _field("wrinkles", "None 0, many 1.")
    gloss: float | None = _field("gloss", "Share of the skin with a film of sebum that mirrors.")

    def complexion(self, skin_type: str, client_age_years: float, plan_seed: int) -> Complexion:
        """Return it for a type of skin; age and seed of the plan where it says none."""
        given = self.model_dump(exclude_none=True)
        age_years = given.pop("age_years", client_age_years)
        return Complexion.typical(skin_type, age_years, given.pop("seed", plan_seed), **given)
