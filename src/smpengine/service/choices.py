"""What a plan can be made of, by name, for whoever shows a choice."""

from __future__ import annotations

from typing import Any, get_args

from smpengine.plan.hair_schema import HairColour, LossName
from smpengine.plan.pigments import MUA_PER_MM
from smpengine.plan.presets import TREATMENTS
from smpengine.plan.scalp_schema import ShapeName, StyleName
from smpengine.plan.schema import FaultName, SkinTable


def choices() -> dict[str, Any]:
    """Return the names that plans know, by what they name."""
    return {
        "skins": list(get_args(SkinTable.model_fields["type"].annotation)),
        "treatments": list(TREATMENTS),
        "faults": list(get_args(FaultName)),
        "shapes": list(get_args(ShapeName)),
        "styles": list(get_args(StyleName)),
        "colours": list(get_args(HairColour)),
        "losses": list(get_args(LossName)),
        "pigments": {name: list(mua) for name, mua in MUA_PER_MM.items()},
    }
