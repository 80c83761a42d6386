"""What the schema's library says of a plan, in words of the plan's author."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, get_args

from pydantic import BaseModel

from smpengine.errors import key_of, must, rule_of, short
from smpengine.plan.complexion_schema import ComplexionTable
from smpengine.plan.hair_schema import ExtractionTable, HairColour, HairTable, LossName, LossTable
from smpengine.plan.head_schema import HeadTable, LightTable
from smpengine.plan.pigments import MUA_PER_MM
from smpengine.plan.presets import SESSIONS, TREATMENTS
from smpengine.plan.scalp_schema import ShapeName, StyleName, Table
from smpengine.plan.schema import FaultName

_LONGEST: Final = 60
"""Nothing longer is near to a name: none has 26 characters."""
_NAMES = {"pigment": list(MUA_PER_MM), "preset": list(SESSIONS), "treatment": list(TREATMENTS)}
_NAMES |= {"sessions": list(SESSIONS), "faults": list(get_args(FaultName))}
_NAMES |= {"shape": list(get_args(ShapeName)), "style": list(get_args(StyleName))}
_NAMES |= {"colour": list(get_args(HairColour)), "pattern": list(get_args(LossName))}


def lines_of(entries: Iterable[Mapping[str, Any]], expanded: Mapping[str, Any]) -> Iterator[str]:
    """Say the library's errors in our words, none of them twice.

    Parameters
    ----------
    entries
        What `ValidationError.errors` gave. They are taken one by one: who needs no more stops.
    expanded
        The plan's mapping, presets filled in.
    """
    said: set[str] = set()
    for entry in entries:
        if entry["type"] == "missing" and _preset_is_unknown(entry["loc"], expanded):
            continue
        line = _line(entry, expanded)
        if line not in said:
            said.add(line)
            yield line


def _preset_is_unknown(loc: tuple[Any, ...], expanded: Mapping[str, Any]) -> bool:
    """Tell whether a session lacks keys only because its preset's name is wrong."""
    if len(loc) < 3 or loc[0] != "sessions" or not isinstance(loc[1], int):
        return False
    session = expanded["sessions"][loc[1]]
    preset = session.get("preset") if isinstance(session, dict) else None
    return preset is not None and not (isinstance(preset, str) and preset in SESSIONS)


def _line(entry: Mapping[str, Any], expanded: Mapping[str, Any]) -> str:
    """Say one of pydantic's errors in our words."""
    path = _real(entry["loc"], expanded)
    key = key_of(path) or "plan"
    got, kind = entry["input"], entry["type"]
    last = next((p for p in reversed(path) if isinstance(p, str)), "")
    if kind == "extra_forbidden":
        remedy = _nearest(last, _known_keys(path)) or "Remove it."
        return must(key, "be a known key", short(got), remedy=remedy)
    if kind == "missing":
        return must(key, "be given", "nothing")
    rule, remedy = rule_of(entry), ""
    names = _NAMES.get(last, [])
    if kind == "value_error":
        remedy = ""
    elif names and kind != "too_long":
        rule = f"be one of {', '.join(names)}" + (", or {mua_per_mm = ...}" * (last == "pigment"))
        remedy = _nearest(got if isinstance(got, str) else short(got), names)
    elif last.endswith("_mm") and kind in ("less_than_equal", "less_than"):
        remedy = "Lengths are in mm: 70 um are 0.07 mm."
    elif isinstance(got, str) and ("number" in rule or "integer" in rule):
        remedy = "Write the number without quotes and without its unit."
    return must(key, rule, short(got), remedy=remedy)


def _nearest(word: str, names: Sequence[str]) -> str:
    """Ask whether a name like this was meant; nothing where none is near."""
    near = difflib.get_close_matches(word, names, 1) if len(word) <= _LONGEST else []
    return f"Did you mean {near[0]}?" if near else ""


def _real(loc: tuple[Any, ...], expanded: Mapping[str, Any]) -> list[Any]:
    """Drop from a location what pydantic adds for unions and tuples."""
    path: list[Any] = []
    at: Any = expanded
    for part in loc:
        if isinstance(at, dict) and isinstance(part, str):
            if part not in at and part not in _fields():
                continue
            at = at.get(part)
        elif isinstance(at, (list, tuple)) and isinstance(part, int):
            at = at[part] if part < len(at) else None
        elif isinstance(part, str) and not isinstance(at, dict):
            continue
        path.append(part)
    return path


@cache
def _fields() -> frozenset[str]:
    return frozenset(name for model in _models() for name in model.model_fields)


def _models() -> Iterator[type[BaseModel]]:
    waiting: list[type[BaseModel]] = [Table]
    while waiting:
        model = waiting.pop()
        yield model
        waiting += model.__subclasses__()


def _known_keys(path: list[Any]) -> list[str]:
    import smpengine.plan.scalp_schema as scalp_schema
    import smpengine.plan.schema as schema

    tables: dict[str, type[BaseModel]] = {
        "skin": schema.SkinTable,
        "scalp": scalp_schema.ScalpTable,
        "regions": scalp_schema.RegionTable,
        "gradient": scalp_schema.GradientTable,
        "parts": scalp_schema.PartTable,
        "scars": scalp_schema.ScarTable,
        "hairline": scalp_schema.HairlineTable,
        "sessions": schema.SessionTable,
        "pigment": schema.PigmentTable,
        "render": schema.RenderTable,
        "healing": schema.HealingTable,
        "client": schema.ClientTable,
        "lasers": schema.LaserTable,
        "hair": HairTable,
        "loss": LossTable,
        "extractions": ExtractionTable,
        "complexion": ComplexionTable,
        "head": HeadTable,
        "light": LightTable,
    }
    parents = [p for p in path[:-1] if isinstance(p, str)]
    return list(tables.get(parents[-1] if parents else "", schema.PlanTable).model_fields)
