"""`load_plan`: a file to a validated plan, or every problem of the file, a line each."""

from __future__ import annotations

import difflib
import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from smpengine.errors import PlanError, SceneError, key_of, must, rule_of
from smpengine.plan import checks, heads, scalp_checks
from smpengine.plan.complexion_schema import ComplexionTable
from smpengine.plan.hair_schema import ExtractionTable, HairColour, HairTable, LossName, LossTable
from smpengine.plan.head_schema import HeadTable, LightTable
from smpengine.plan.pigments import MUA_PER_MM
from smpengine.plan.presets import SESSIONS, TREATMENTS
from smpengine.plan.scalp_schema import (
    HairlineTable,
    PartTable,
    RegionTable,
    ScarTable,
    ShapeName,
    StyleName,
    Table,
)
from smpengine.plan.schema import FaultName, PlanTable, SessionTable, expand

MAX_BYTES = 16 * 2**20
_NAMES = {"pigment": list(MUA_PER_MM), "preset": list(SESSIONS), "treatment": list(TREATMENTS)}
_NAMES |= {"sessions": list(SESSIONS), "faults": list(get_args(FaultName))}
_NAMES |= {"shape": list(get_args(ShapeName)), "style": list(get_args(StyleName))}
_NAMES |= {"colour": list(get_args(HairColour)), "pattern": list(get_args(LossName))}


def read_mapping(path: Path) -> dict[str, Any]:
    """Read TOML or JSON by suffix.

    Raises
    ------
    PlanError
        The file cannot be read, or is not what its suffix says; a syntax error names the line.
    """
    name = str(path)
    if path.suffix.lower() not in (".toml", ".json"):
        raise PlanError([f"{path}: a plan must end in .toml or .json, got {path.suffix!r}."])
    try:
        if path.stat().st_size > MAX_BYTES:
            size = f"{path.stat().st_size / 2**20:.0f} MiB"
            raise PlanError([f"{path}: a plan must be at most 16 MiB, got {size}."])
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PlanError([f"{path}: cannot be read: {error.strerror}."]) from error
    except UnicodeDecodeError as error:
        raise PlanError(
            [f"{path}: must be UTF-8 text, got byte {error.start} otherwise."]
        ) from error
    try:
        data = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError([f"{name}: not valid TOML: {error}."]) from error
    except json.JSONDecodeError as error:
        at = f"(at line {error.lineno}, column {error.colno})"
        raise PlanError([f"{name}: not valid JSON: {error.msg} {at}."]) from error
    if not isinstance(data, dict):
        raise PlanError([f"{name}: a plan must be a table of keys, got {type(data).__name__}."])
    return data


def validate(data: Mapping[str, Any], name: str, folder: Path | None = None) -> PlanTable:
    """Check a plan's mapping.

    Parameters
    ----------
    data
        As read from a file.
    name
        What the messages call it.
    folder
        Where its files are; the working folder when None.

    Raises
    ------
    PlanError
        With every problem found.
    """
    raw = {key: value for key, value in data.items() if key != "$schema"}
    problems: list[str] = []
    table: PlanTable | None = None
    try:
        table = PlanTable.model_validate(raw)
    except ValidationError as error:
        for entry in error.errors():
            if entry["type"] == "missing" and _preset_is_unknown(entry["loc"], raw):
                continue
            line = _line(entry, raw)
            if line not in problems:
                problems.append(line)
    meant = _meaning(raw, folder or Path())
    problems += [must(key, rule, got, remedy=remedy) for key, rule, got, remedy in meant]
    if problems or table is None:
        raise PlanError([f"{name}: {problem}" for problem in problems])
    return table


def _meaning(raw: dict[str, Any], folder: Path) -> Iterator[checks.Problem]:
    """Check what the schema cannot say, of every part that is sound by itself."""
    data = expand(raw)
    if "treatment" in raw and "sessions" in raw:
        yield "treatment", "be left out where sessions are listed", raw["treatment"], "Choose one."
    elif not data.get("sessions") and "treatment" not in raw:
        remedy = f'For example treatment = "{next(iter(TREATMENTS))}".'
        yield "sessions", "list at least one session, or treatment be given", "neither", remedy
    yield from _meaning_of_table(raw, data)
    scalp = data.get("scalp")
    scalp = scalp if isinstance(scalp, dict) else {}
    yield from _meaning_of_scalp(scalp, folder)
    densest = _densest(scalp)
    hair = data.get("hair")
    extent = _sound(tuple[float, float], scalp.get("extent_mm"))
    if extent is not None and isinstance(hair, dict):
        for key, kind in (("regions", RegionTable), ("extractions", ExtractionTable)):
            for k, region in _listed(kind, hair.get(key)):
                problems = scalp_checks.check_region(region, extent, folder)
                yield from _under(f"hair.{key}[{k}]", problems)
    head = _sound(HeadTable, data.get("head"))
    if head is not None:
        yield from _under("head", heads.check_head(head, folder))
    listed = data.get("sessions")
    sessions = [_sound(SessionTable, s) for s in (listed if isinstance(listed, list) else [])]
    for k, session in enumerate(sessions):
        if session is not None:
            yield from _under(f"sessions[{k}]", checks.check_session(session, max(densest, 1e-9)))
    if all(session is not None for session in sessions):
        yield from checks.check_days([session for session in sessions if session is not None])


def _meaning_of_table(raw: dict[str, Any], data: dict[str, Any]) -> Iterator[checks.Problem]:
    """Check what goes together with a skin that is a table, and with hair."""
    if "match" in raw and not isinstance(data.get("hair"), dict):
        yield "match", "be left out without hair", repr(raw["match"]), "Add a table [hair]."
    skin = data.get("skin")
    if not isinstance(skin, dict) or "table" not in skin:
        return
    rule = "be left out where skin.table is given"
    if "match" in raw:
        yield "match", rule, repr(raw["match"]), "Use skin.type."
    if "complexion" in skin:
        remedy = "A table does not say what more melanin or blood would do."
        yield "skin.complexion", rule, repr(skin["table"]), remedy


def _meaning_of_scalp(scalp: dict[str, Any], folder: Path) -> Iterator[checks.Problem]:
    extent = _sound(tuple[float, float], scalp.get("extent_mm"))
    if extent is not None:
        for k, region in _listed(RegionTable, scalp.get("regions")):
            problems = scalp_checks.check_region(region, extent, folder)
            yield from _under(f"scalp.regions[{k}]", problems)
        for key, kind in (("parts", PartTable), ("scars", ScarTable)):
            for k, line in _listed(kind, scalp.get(key)):
                yield from _under(f"scalp.{key}[{k}]", scalp_checks.check_line(line, extent))
    hairline = _sound(HairlineTable, scalp.get("hairline"))
    if hairline is not None:
        yield from _under("scalp.hairline", scalp_checks.check_hairline(hairline))


def _densest(scalp: dict[str, Any]) -> float:
    """Return the largest factor on densities, of what is sound."""
    regions = [scalp_checks.densest_of(r) for _, r in _listed(RegionTable, scalp.get("regions"))]
    lines = [*_listed(PartTable, scalp.get("parts")), *_listed(ScarTable, scalp.get("scars"))]
    densest: float = max(regions, default=1.0) * max([1.0, *(line.density for _, line in lines)])
    return densest


def _listed(kind: Any, parts: Any) -> Iterator[tuple[int, Any]]:
    """Give the sound ones of a list, with their places."""
    for k, part in enumerate(parts if isinstance(parts, list) else []):
        sound = _sound(kind, part)
        if sound is not None:
            yield k, sound


def _under(key: str, problems: Iterator[checks.Problem]) -> Iterator[checks.Problem]:
    for inner, rule, got, remedy in problems:
        yield f"{key}.{inner}", rule, got, remedy


def _sound(kind: Any, value: Any) -> Any:
    """Return a part as its model, or None where the schema has already complained.

    Unknown keys are left out: what else is wrong with the part is still worth saying.
    """
    if isinstance(value, dict):
        value = {key: part for key, part in value.items() if key in kind.model_fields}
    try:
        return None if value is None else _adapter(kind).validate_python(value)
    except ValidationError:
        return None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)  # 0.2 ms to make


def _preset_is_unknown(loc: tuple[Any, ...], raw: dict[str, Any]) -> bool:
    """Tell whether a session lacks keys only because its preset's name is wrong."""
    if len(loc) < 3 or loc[0] != "sessions" or not isinstance(loc[1], int):
        return False
    session = expand(raw)["sessions"][loc[1]]
    preset = session.get("preset") if isinstance(session, dict) else None
    return preset is not None and preset not in SESSIONS


def _line(entry: Mapping[str, Any], raw: dict[str, Any]) -> str:
    """Say one of pydantic's errors in our words."""
    path = _real(entry["loc"], raw)
    key = key_of(path) or "plan"
    got, kind = entry["input"], entry["type"]
    last = next((p for p in reversed(path) if isinstance(p, str)), "")
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(last, _known_keys(path), 1)
        remedy = f"Did you mean {near[0]}?" if near else "Remove it."
        return must(key, "be a known key", _short(got), remedy=remedy)
    if kind == "missing":
        return must(key, "be given", "nothing")
    rule, remedy = rule_of(entry), ""
    names = _NAMES.get(last, [])
    if kind == "value_error":
        remedy = ""
    elif names:
        rule = f"be one of {', '.join(names)}" + (", or {mua_per_mm = ...}" * (last == "pigment"))
        near = difflib.get_close_matches(str(got), names, 1)
        remedy = f"Did you mean {near[0]}?" if near else ""
    elif last.endswith("_mm") and kind in ("less_than_equal", "less_than"):
        remedy = "Lengths are in mm: 70 um are 0.07 mm."
    elif isinstance(got, str) and ("number" in rule or "integer" in rule):
        remedy = "Write the number without quotes and without its unit."
    return must(key, rule, _short(got), remedy=remedy)


def _real(loc: tuple[Any, ...], raw: Any) -> list[Any]:
    """Drop from a location what pydantic adds for unions and tuples."""
    path: list[Any] = []
    at: Any = expand(raw)
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


def _fields() -> set[str]:
    return {name for model in _models() for name in model.model_fields}


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


def _short(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def load_plan(path: str | Path) -> Any:
    """Read a treatment plan.

    Parameters
    ----------
    path
        TOML or JSON, by suffix.

    Returns
    -------
    Plan
        Validated.

    Raises
    ------
    PlanError
        The file cannot be read, or says something that cannot be. Its message has one line for each
        problem, with file, dotted key, value and remedy.
    """
    from smpengine.plan.plan import Plan

    target = Path(path)
    plan = Plan(validate(read_mapping(target), str(target), target.parent), target)
    try:
        _ = plan.skin
    except SceneError as error:
        raise PlanError([f"{target}: skin.table: {error}"]) from error
    return plan
