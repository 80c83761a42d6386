"""The plan's schema: what a treatment plan may say. One model a table of the file."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from smpengine.plan.complexion_schema import ComplexionTable
from smpengine.plan.hair_schema import HairTable
from smpengine.plan.head_schema import HeadTable, LightTable
from smpengine.plan.presets import FEATHERS_MM, NEEDLES_RADIUS_MM, SESSIONS, TREATMENTS
from smpengine.plan.scalp_schema import MOST_PARTS, NotNegative, ScalpTable, Share, Table

Mua = Annotated[float, Field(ge=0, le=10_000)]
ShadeName = Literal[
    "grey-1", "grey-2", "grey-3", "grey-4", "grey-5", "black", "warm-brown-1", "warm-brown-2"
]
NeedleName = Literal[
    "1RL-0.18", "1RL-0.25", "1RL-0.30", "3RL-0.18", "3RL-0.25", "3RL-0.30", "5RL-0.25", "5RL-0.30"
]
SessionName = Literal["foundation", "definition", "texture", "flat-shadow"]
TreatmentName = Literal["natural", "strong", "flat-shadow"]
FaultName = Literal[
    "too-deep", "too-dark", "too-big", "too-dense", "merged", "ink-migration", "blue-green-fading",
    "straight-hairline", "sharp-border", "uneven", "mirrored",
]  # fmt: skip


class SkinTable(Table):
    """The bare skin."""

    type: Literal["I-II", "III-IV", "V", "VI"] = Field("I-II", description="Fitzpatrick type.")
    melanosome_fraction: Annotated[float, Field(ge=0.02, le=0.30)] | None = Field(
        None, description="Melanosome volume fraction of the epidermis; overrides the type."
    )
    scattering: Annotated[float, Field(ge=0.4, le=1.6)] = Field(
        1.0, description="Reduced scattering relative to average skin."
    )
    table: str | None = Field(
        None,
        description="A skin of one's own: what `smpengine calibrate` wrote, beside the plan.",
    )
    complexion: ComplexionTable | None = Field(
        None, description="Patches, spots, relief and gloss; perfectly even skin if not given."
    )


class PigmentTable(Table):
    """A pigment by its absorption instead of by its name."""

    mua_per_mm: Mua | Annotated[list[Mua], Field(fail_fast=True)] = Field(
        description="Absorption, Napierian, per mm: one number, or [610 nm, 545 nm, 460 nm], "
        "or one for each of lambda_nm."
    )
    lambda_nm: (
        Annotated[list[Annotated[float, Field(ge=380, le=780)]], Field(fail_fast=True)] | None
    ) = Field(None, description="Wavelengths of mua_per_mm, ascending; it is linear in between.")

    @model_validator(mode="after")
    def _check(self) -> PigmentTable:
        given = self.mua_per_mm
        if self.lambda_nm is None:
            if isinstance(given, list) and len(given) != 3:
                raise ValueError("have 3 values, or lambda_nm beside it")
            return self
        if not isinstance(given, list) or len(given) != len(self.lambda_nm):
            raise ValueError(f"have {len(self.lambda_nm)} values, as lambda_nm has")
        if any(b <= a for a, b in pairwise(self.lambda_nm)) or not given:
            raise ValueError("have lambda_nm that ascend")
        return self


class HealingTable(Table):
    """How deposits change over time; `plan/laws.py` says where each law comes from."""

    settles_days: Annotated[float, Field(ge=14, le=365)] = Field(
        35.0, description="When the last pigment in the epidermis of young skin is shed."
    )
    swelling_mm: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.022, description="A fresh dot's radius is larger by so much (assumed)."
    )
    lift_depth_mm: Annotated[float, Field(gt=0, le=3)] = Field(
        0.2, description="Above deposits deeper than this a strike's channel closes (assumed)."
    )
    excess: Annotated[float, Field(ge=0, le=10)] = Field(
        0.2, description="A fresh dot has more pigment at each point by this share (assumed)."
    )
    clouding: Share = Field(
        0.25, description="New epidermis hides this share in the second week (assumed)."
    )
    redness: Annotated[float, Field(ge=0, le=0.2)] = Field(
        0.004, description="Blood by volume around a fresh strike, beyond the skin's (assumed)."
    )
    fade_half_life_years: Annotated[float, Field(gt=0, le=1000)] = Field(
        3.0, description="In which half of the pigment goes (assumed)."
    )
    fade_from_days: NotNegative = Field(180.0, description="When ageing begins (assumed).")
    spread_mm2_per_year: Annotated[float, Field(ge=0, le=0.1)] = Field(
        4e-4, description="By which the square of a radius grows (assumed)."
    )
    granularity: Share = Field(
        0.6, description="Healed dots: 0 even discs, 1 a few granules (assumed)."
    )
    faint_share: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.03, description="Dots that hardly hold (assumed)."
    )
    blown_share: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.008, description="Dots that were struck too deep and spread (assumed)."
    )


class ClientTable(Table):
    """Who is treated, as far as a law depends on it."""

    age_years: Annotated[float, Field(ge=16, le=110)] = Field(
        35.0, description="Old skin renews itself more slowly; old hair is thinner and less."
    )
    sex: Literal["male", "female"] | None = Field(
        None, description="How fast age takes hair; in between if not given."
    )


class LaserTable(Table):
    """One laser session; it clears what was there before."""

    day: NotNegative = Field(description="Of the session, counted from the first visit.")
    clearance: Share | None = Field(
        None, description="Share of the pigment that goes; by phototype if not given."
    )


class SessionTable(Table):
    """One visit; what is not given comes from its preset."""

    preset: SessionName | None = Field(
        None, description="Where values that are not given come from."
    )
    day: NotNegative = Field(0.0, description="Day of the visit, counted from the first.")
    pigment: ShadeName | PigmentTable = Field(description="Shade by name, or {mua_per_mm = ...}.")
    dilution: Annotated[float, Field(ge=1, le=1000)] = Field(
        1.0, description="Parts of carrier and pigment to one of pigment; 1 is undiluted."
    )
    density_per_cm2: NotNegative = Field(description="Dots per cm2 where the region's factor is 1.")
    radius_mm: Annotated[float, Field(gt=0, le=0.5)] = Field(
        description="Mean radius of a settled deposit, mm."
    )
    needle: NeedleName | None = Field(
        None, description="Instead of radius_mm: number of needles, and their diameter in mm."
    )
    radius_spread_mm: NotNegative = Field(0.0, description="Standard deviation of the radius.")
    depth_mm: Annotated[float, Field(gt=0, le=2.5)] = Field(
        description="Mean depth of a deposit's centre below the surface, mm."
    )
    depth_spread_mm: NotNegative = Field(0.0, description="Standard deviation of the depth.")
    thickness_mm: Annotated[float, Field(gt=0, le=1.0)] = Field(
        0.10, description="Height of a deposit, mm."
    )
    mua_spread: Annotated[float, Field(ge=0, le=2)] = Field(
        0.25, description="Standard deviation of the logarithm of the absorption."
    )
    gap_share: Share = Field(
        1.0, description="Share of dots that land in the gaps of all earlier sessions."
    )
    hue_shift: Annotated[float, Field(ge=-1, le=1)] | None = Field(
        None, description="How much faster blue absorption fades; 0.3 for browns, else 0 (assumed)."
    )


class RenderTable(Table):
    """What `smpengine render` uses if nothing else is said."""

    px_per_mm: Annotated[float, Field(ge=0.01, le=10_000)] = Field(40.0, description="Scale.")
    exposure: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        None, description="Factor on linear light; the engine's own if not given."
    )
    illuminant: Literal["D65", "D50", "A", "FL2", "FL11", "LED-B3"] = Field(
        "D65", description="What a skin with a table of many bands is seen under."
    )


class PlanTable(Table):
    """A treatment plan."""

    version: Literal[1] = Field(description="Version of this schema.")
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(0, description="Same seed, same dots.")
    skin: SkinTable = Field(SkinTable(), description="The bare skin.")
    scalp: ScalpTable = Field(description="The piece of scalp.")
    treatment: TreatmentName | None = Field(
        None, description="A whole treatment by name, instead of sessions."
    )
    sessions: list[SessionTable] = Field(
        [], max_length=MOST_PARTS, description="Visits in order: preset names, or tables."
    )
    fullness: Share = Field(0.5, description="Dial: sparse and light 0, dense and dark 1.")
    texture: Share = Field(0.5, description="Dial: soft shade 0, crisp stubble 1.")
    lasers: list[LaserTable] = Field(
        [], max_length=MOST_PARTS, description="Laser sessions, in any order."
    )
    client: ClientTable = Field(ClientTable(), description="Who is treated.")
    healing: HealingTable = Field(HealingTable(), description="How deposits change over time.")
    faults: list[FaultName] = Field(
        [], max_length=MOST_PARTS, description="Mistakes to show, by name; they combine."
    )
    hair: HairTable | None = Field(None, description="The hair that is there; none if not given.")
    match: Literal["native"] | None = Field(
        None,
        description="Fit the sessions to the hair that is there: as many dots, as wide, of its "
        "colour, where it does not grow.",
    )
    head: HeadTable | None = Field(None, description="What it lies on; flat skin if not given.")
    light: LightTable | None = Field(
        None, description="What falls on the head; with [head], the values of this table's own."
    )
    render: RenderTable = Field(RenderTable(), description="Defaults of the picture.")

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, data: Any) -> Any:
        """Put presets in the place of their names, before anything is checked."""
        return expand(data)


def expand(data: Any) -> Any:
    """Return a plan's mapping with treatments and session presets filled in.

    What cannot be expanded (an unknown name, a wrong type) is left for validation to name.
    """
    if not isinstance(data, dict):
        return data
    data = dict(data)
    treatment = data.get("treatment")
    if isinstance(treatment, str) and treatment in TREATMENTS and "sessions" not in data:
        data["sessions"] = TREATMENTS[treatment]
        del data["treatment"]
    sessions = data.get("sessions")
    if isinstance(sessions, list):
        data["sessions"] = [_expand_session(session) for session in sessions]
    scalp = data.get("scalp")
    line = scalp.get("hairline") if isinstance(scalp, dict) else None
    if isinstance(scalp, dict) and isinstance(line, dict):
        style = line.get("style")
        if isinstance(style, str) and style in FEATHERS_MM:
            line = {"feather_mm": FEATHERS_MM[style], **line}
            data["scalp"] = {**scalp, "hairline": line}
    return data


def _expand_session(session: Any) -> Any:
    if isinstance(session, str):
        session = {"preset": session}
    if not isinstance(session, dict):
        return session
    needle = session.get("needle")
    if isinstance(needle, str) and needle in NEEDLES_RADIUS_MM:
        session = {"radius_mm": NEEDLES_RADIUS_MM[needle], **session}
    preset = session.get("preset")
    known = isinstance(preset, str) and preset in SESSIONS
    return {**SESSIONS[preset], **session} if known else session


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a plan, as published in plan.schema.json."""
    schema = PlanTable.model_json_schema()
    # Names stand for whole sessions, and presets fill in what a table leaves out.
    session = schema["$defs"]["SessionTable"]
    session.pop("required", None)
    schema["properties"]["sessions"]["items"] = {
        "anyOf": [{"enum": list(SESSIONS)}, {"$ref": "#/$defs/SessionTable"}]
    }
    schema["properties"]["$schema"] = {"type": "string"}
    schema["title"] = "smpengine treatment plan"
    return schema
