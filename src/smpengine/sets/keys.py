"""Dotted keys: `sessions[1].depth_mm` in a mapping, and whether a plan knows them."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from pydantic import BaseModel

from smpengine.errors import InputError, must
from smpengine.plan.schema import PlanTable
from smpengine.sets.schema import PictureTable

Path = tuple[str | int, ...]
_PART: Final = re.compile(r"([A-Za-z_]\w*)((?:\[\d+\])*)")
OWN: Final = ("day", "fault")
"""Keys that are no table's: the date of the picture, and mistakes beside those of the plan."""


def parse(key: str) -> Path:
    """Return the parts of a dotted key.

    Raises
    ------
    InputError
        It is not a dotted key.
    """
    path: list[str | int] = []
    for part in key.split("."):
        found = _PART.fullmatch(part)
        if found is None:
            remedy = "For example sessions[0].depth_mm."
            raise InputError(must("key", "be names with dots between", repr(key), remedy=remedy))
        path.append(found[1])
        path += [int(digits) for digits in re.findall(r"\d+", found[2])]
    return tuple(path)


def put(mapping: dict[str, Any], path: Path, value: object, key: str) -> None:
    """Put a value into a mapping, with the tables on the way to it.

    Raises
    ------
    InputError
        A list on the way is not there, or too short; or there is a value and not a table.
    """
    at: Any = mapping
    for part, after in pairwise(path):
        if isinstance(part, int):
            at = _element(at, part, key)
        else:
            if isinstance(after, int) and not isinstance(at.get(part), list):
                got = f"no list {part}"
                raise InputError(must(key, "lie in what the plan has", got, remedy=_LISTED))
            at = at.setdefault(part, {})
        if isinstance(after, str) and not isinstance(at, dict):
            remedy = "Write it as a table in the plan."
            raise InputError(must(key, "lie in a table", repr(at), remedy=remedy))
    last = path[-1]
    if isinstance(last, int):
        _element(at, last, key)
    at[last] = value


_LISTED: Final = "Write it out in the base plan first."


def _element(at: Any, index: int, key: str) -> Any:
    if not isinstance(at, list) or index >= len(at):
        got = f"a list of {len(at)}" if isinstance(at, list) else "no list"
        raise InputError(must(key, "lie in what the plan has", got, remedy=_LISTED))
    return at[index]


def with_values(plan: Mapping[str, Any], values: Mapping[str, object]) -> dict[str, Any]:
    """Return a plan's mapping with keys set; it is copied where it differs."""
    own = copy.deepcopy(dict(plan)) if values else dict(plan)
    for key, value in values.items():
        put(own, parse(key), copy.deepcopy(value), key)
    return own


def check(key: str) -> str:
    """Say what a key is of: "plan", "picture", "day" or "fault".

    Raises
    ------
    InputError
        Nothing knows it; the message has the nearest that is known.
    """
    if key in OWN:
        return key
    path = parse(key)
    names = [part for part in path if isinstance(part, str)]
    model: Any = PlanTable
    if names[0] == "picture":
        model, names = PictureTable, names[1:]
        if not names or names[0] in ("format", "output", "size_px", "device"):
            rule = "be a key of [picture] that may differ from picture to picture"
            remedy = "Those are window_mm, centre_mm, px_per_mm, exposure, illuminant, day."
            raise InputError(must("key", rule, repr(key), remedy=remedy))
    for depth, name in enumerate(names):
        known = list(model.model_fields)
        if name not in known:
            first = [*known, *OWN, "picture"] if depth == 0 else known
            near = difflib.get_close_matches(name, first, 1)
            before = ".".join(names[:depth])
            full = f"{before}.{near[0]}" if near and before else (near[0] if near else "")
            remedy = f"Did you mean {full}?" if near else f"Known here: {', '.join(first)}."
            raise InputError(must("key", "be one that a plan knows", repr(key), remedy=remedy))
        inner = model_of(model.model_fields[name].annotation)
        if inner is None:
            break  # a value of its own, such as a list of points: the plan's schema judges it
        model = inner
    return "picture" if path[0] == "picture" else "plan"


def model_of(annotation: Any) -> type[BaseModel] | None:
    """Return the table that a field is, or has a list of; None where it is a value."""
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, BaseModel) else None
    for part in getattr(annotation, "__args__", ()):
        found = model_of(part)
        if found is not None:
            return found
    return None


def flat(mapping: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return a mapping's numbers and words by dotted key; lists of numbers stay lists."""
    found: dict[str, Any] = {}
    for name, value in mapping.items():
        key = f"{before}.{name}" if before else str(name)
        if isinstance(value, Mapping):
            found.update(flat(value, key))
        elif isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
            for k, part in enumerate(value):
                if isinstance(part, Mapping):
                    found.update(flat(part, f"{key}[{k}]"))
                else:
                    found[f"{key}[{k}]"] = part
        else:
            found[key] = value
    return found
