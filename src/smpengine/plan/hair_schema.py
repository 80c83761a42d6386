"""What a plan may say of the hair that is there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from smpengine.hairs import DIAMETERS_MM
from smpengine.plan.scalp_schema import MOST_PARTS, NotNegative, Point, RegionTable, Share, Table

LossName = Literal[
    "norwood-1", "norwood-2", "norwood-3", "norwood-3-vertex", "norwood-4", "norwood-5",
    "norwood-6", "norwood-7", "ludwig-1", "ludwig-2", "ludwig-3", "diffuse", "patchy",
]  # fmt: skip
HairColour = Literal["black", "dark-brown", "brown", "light-brown", "blond", "red"]


class LossTable(Table):
    """A pattern of loss, laid between the hairline that was and the whorl."""

    pattern: LossName = Field(description="By Norwood, by Ludwig, or another; see plan/loss.py.")
    strength: Share = Field(1.0, description="0 leaves all of the hair, 1 the pattern as drawn.")
    front_mm: Point | None = Field(
        None,
        description="Middle (x, y) of the hairline that was; that of the plan's hairline, or of "
        "the top edge, if not given.",
    )
    vertex_mm: Point | None = Field(
        None, description="Of the pattern (x, y); the whorl, or 150 mm behind, if not given."
    )
    width_mm: Annotated[float, Field(gt=0, le=400)] = Field(
        130.0, description="Between the temples."
    )
    feather_mm: NotNegative = Field(
        18.0, description="Edges are spread over this distance; those of thinning over more."
    )


class ExtractionTable(RegionTable):
    """A donor area: units that were moved elsewhere one by one (FUE), each leaving a scar."""

    density: Share = Field(0.25, description="Share of the units that were taken.")


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
        [],
        max_length=MOST_PARTS,
        description="Parts of the scalp with more or less hair, later ones on top.",
    )

    loss: LossTable | None = Field(None, description="A pattern of loss, below the regions.")
    extractions: list[ExtractionTable] = Field(
        [], max_length=MOST_PARTS, description="Donor areas of transplants, unit by unit."
    )

    @model_validator(mode="after")
    def _check(self) -> HairTable:
        if sum(self.hairs_per_unit) <= 0.0:
            raise ValueError("have a share over 0 in hairs_per_unit")
        return self
