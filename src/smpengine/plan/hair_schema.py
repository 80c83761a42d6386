"""What a plan may say of the hair that is there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from smpengine.hairs import DIAMETERS_MM
from smpengine.plan.scalp_schema import Point, RegionTable, Share, Table

HairColour = Literal["black", "dark-brown", "brown", "light-brown", "blond", "red"]


class HairTable(Table):
    """The hair that is there: placed on its own, whatever the sessions are."""

    density_units_per_cm2: Annotated[float, Field(ge=0, le=250)] = Field(
        80.0, description="Follicular units per cm2; 60 to 100 where nothing thins out."
    )
    hairs_per_unit: tuple[Share, Share, Share, Share] = Field(
        (0.20, 0.45, 0.30, 0.05), description="Shares of units of 1, 2, 3 and 4 hairs (assumed)."
    )
    length_mm: Annotated[float, Field(ge=0, le=3)] = Field(
        0.5, description="Mean length above the skin; 0 is shaved."
    )
    length_spread_mm: Annotated[float, Field(ge=0, le=1)] = Field(
        0.05, description="Its standard deviation (assumed)."
    )
    diameter_mm: Annotated[float, Field(ge=DIAMETERS_MM[0], le=DIAMETERS_MM[1])] = Field(
        0.08, description="Mean diameter of a shaft; 0.06 to 0.14 on a scalp."
    )
    diameter_spread_mm: Annotated[float, Field(ge=0, le=0.05)] = Field(
        0.012, description="Its standard deviation (assumed)."
    )
    colour: HairColour = Field("dark-brown", description="By its melanins (assumed).")
    grey_share: Share = Field(0.0, description="Share of hairs without melanin.")
    elevation_deg: Annotated[float, Field(ge=0, le=90)] = Field(
        50.0, description="Mean angle between shaft and skin (assumed)."
    )
    elevation_spread_deg: Annotated[float, Field(ge=0, le=30)] = Field(
        8.0, description="Its standard deviation (assumed)."
    )
    azimuth_spread_deg: Annotated[float, Field(ge=0, le=90)] = Field(
        12.0, description="Standard deviation about the way that hair runs there (assumed)."
    )
    whorl_mm: Point | None = Field(
        None,
        description="Where the hair of the crown turns (x, y); it runs away from there. If not "
        "given, in the middle, 150 mm behind the top edge (assumed).",
    )
    whorl_turn: Literal["clockwise", "anticlockwise"] = Field(
        "clockwise", description="As seen from above; most are clockwise."
    )
    shadow: Annotated[float, Field(ge=0, le=4)] = Field(
        1.0, description="Factor on the light that shafts keep from the skin."
    )
    coverage: Annotated[float, Field(ge=0, le=2)] = Field(
        1.0, description="Factor on the density where no region says otherwise."
    )
    regions: list[RegionTable] = Field(
        [], description="Parts of the scalp with more or less hair, later ones on top."
    )

    @model_validator(mode="after")
    def _check(self) -> HairTable:
        if sum(self.hairs_per_unit) <= 0.0:
            raise ValueError("have a share over 0 in hairs_per_unit")
        return self
