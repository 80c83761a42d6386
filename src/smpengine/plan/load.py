"""`load_plan`: a file to a validated plan, or every problem of the file, a line each."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from smpengine.errors import PlanError, SceneError, clipped, must, short
from smpengine.plan import checks, heads, scalp_checks
from smpengine.plan.hair_schema import ExtractionTable
from smpengine.plan.head_schema import HeadTable
from smpengine.plan.lines import lines_of
from smpengine.plan.presets import TREATMENTS
from smpengine.plan.scalp_schema import (
    MOST_PARTS,
    HairlineTable,
    PartTable,
    RegionTable,
    ScarTable,
)
from smpengine.plan.schema import PlanTable, SessionTable, expand

MAX_BYTES = 16 * 2**20
MOST_PROBLEMS: Final = 50
"""That one error says: whoever has more has one mistake many times, or means harm."""
_MOST_WORDS: Final = 200
"""What is told of a value: a file's name, and why it cannot be read."""


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
    except ValueError as error:  # Python writes and reads no longer ones
        raise PlanError([must(f"{name}: a number", "have at most 4300 digits", "more")]) from error
    except RecursionError as error:
        raise PlanError(
            [must(f"{name}: a plan", "be at most some hundred deep", "more")]
        ) from error
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
    expanded = expand(raw)
    schema_says: Iterator[str] = iter(())
    table: PlanTable | None = None
    try:
        table = PlanTable.model_validate(raw)
    except ValidationError as error:
        schema_says = lines_of(error.errors(include_url=False), expanded)
    meaning_says = (_said(problem) for problem in _meaning(raw, expanded, folder or Path()))
    # Taken one by one, so that nothing is looked for that would not be said.
    problems = list(islice(chain(schema_says, meaning_says), MOST_PROBLEMS + 1))
    if len(problems) > MOST_PROBLEMS:
        problems[MOST_PROBLEMS:] = [f"has more problems than these {MOST_PROBLEMS}."]
    if problems or table is None:
        raise PlanError([f"{name}: {problem}" for problem in problems])
    return table


def _said(problem: checks.Problem) -> str:
    key, rule, got, remedy = problem
    # Texts are words already, of ours or of a file's reader; values are what somebody sent.
    return must(
        key, rule, clipped(got, _MOST_WORDS) if isinstance(got, str) else short(got), remedy=remedy
    )


def _meaning(raw: dict[str, Any], data: dict[str, Any], folder: Path) -> Iterator[checks.Problem]:
    """Check what the schema cannot say, of every part that is sound by itself.

    `data` is what `raw` becomes with its presets filled in.
    """
    if "treatment" in raw and "sessions" in raw:
        yield (
            "treatment",
            "be left out where sessions are listed",
            _word(raw["treatment"]),
            "Choose one.",
        )
    elif not data.get("sessions") and "treatment" not in raw:
        remedy = f'For example treatment = "{next(iter(TREATMENTS))}".'
        yield "sessions", "list at least one session, or treatment be given", "neither", remedy
    yield from _meaning_of_table(raw, data)
    scalp = data.get("scalp")
    scalp = scalp if isinstance(scalp, dict) else {}
    drawn = scalp_checks.Drawn()
    yield from _meaning_of_scalp(scalp, folder, drawn)
    densest = _densest(scalp)
    hair = data.get("hair")
    extent = _sound(tuple[float, float], scalp.get("extent_mm"))
    if extent is not None and isinstance(hair, dict):
        for key, kind in (("regions", RegionTable), ("extractions", ExtractionTable)):
            for k, region in _listed(kind, hair.get(key)):
                problems = scalp_checks.check_region(region, extent, folder, drawn)
                yield from _under(f"hair.{key}[{k}]", problems)
    head = _sound(HeadTable, data.get("head"))
    if head is not None:
        yield from _under("head", heads.check_head(head, folder))
        yield from heads.check_extent(extent or (0.0, 0.0))
    listed = data.get("sessions")
    sessions = dict(_listed(SessionTable, listed))
    for k, session in sessions.items():
        yield from _under(f"sessions[{k}]", checks.check_session(session, max(densest, 1e-9)))
    if isinstance(listed, list) and len(sessions) == len(listed):
        yield from checks.check_days(list(sessions.values()))


def _word(value: object) -> str:
    return clipped(value) if isinstance(value, str) else short(value)


def _meaning_of_table(raw: dict[str, Any], data: dict[str, Any]) -> Iterator[checks.Problem]:
    """Check what goes together with a skin that is a table, and with hair."""
    if "match" in raw and not isinstance(data.get("hair"), dict):
        yield "match", "be left out without hair", short(raw["match"]), "Add a table [hair]."
    skin = data.get("skin")
    if not isinstance(skin, dict) or "table" not in skin:
        return
    rule = "be left out where skin.table is given"
    if "match" in raw:
        yield "match", rule, short(raw["match"]), "Use skin.type."
    if "complexion" in skin:
        remedy = "A table does not say what more melanin or blood would do."
        yield "skin.complexion", rule, short(skin["table"]), remedy


def _meaning_of_scalp(
    scalp: dict[str, Any], folder: Path, drawn: scalp_checks.Drawn
) -> Iterator[checks.Problem]:
    extent = _sound(tuple[float, float], scalp.get("extent_mm"))
    if extent is not None:
        for k, region in _listed(RegionTable, scalp.get("regions")):
            problems = scalp_checks.check_region(region, extent, folder, drawn)
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
    """Give the sound ones of a list, with their places; the schema allows no longer list."""
    for k, part in enumerate(parts[:MOST_PARTS] if isinstance(parts, list) else []):
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
        known = getattr(kind, "model_fields", value)
        value = {key: part for key, part in value.items() if key in known}
    try:
        return None if value is None else _adapter(kind).validate_python(value)
    except ValidationError:
        return None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)  # 0.2 ms to make


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
