"""A variant: one picture of a sweep, named by what it is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import smpengine
from smpengine.errors import InputError, must
from smpengine.plan.schema import expand

_DIGITS: Final = 16
NOT_THE_PLAN: Final = (
    "skin", "light", "head", "render", "healing", "client", "lasers", "faults",
)  # fmt: skip
"""What one plan is shown as: pictures that differ in these alone are in one part of a split."""


@dataclass(frozen=True)
class Variant:
    """One picture to render.

    Attributes
    ----------
    number
        Its place in the sweep, from 0.
    plan
        The plan's mapping, as a file would say it.
    picture
        What is rendered of it: the keys of [picture].
    values
        What the axes are here, by key.
    folder
        Where the plan's files are.
    name
        16 hexadecimal digits: a hash of plan, picture, the files they name, and this version.
    part
        Of the split: "train", "validation", "test"; "all" without one.
    """

    number: int
    plan: dict[str, Any]
    picture: dict[str, Any]
    values: dict[str, Any] = field(compare=False)
    folder: Path
    name: str
    part: str = "all"

    @property
    def seed(self) -> int:
        """Of placement."""
        return int(self.plan.get("seed", 0))


def canonical(value: Any) -> Any:
    """Return what JSON says the same way however a file said it: 1 and 1.0, and keys in order."""
    if isinstance(value, Mapping):
        return {str(key): canonical(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [canonical(part) for part in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2.0**53:
        return int(value)
    return value


def name_of(plan: Mapping[str, Any], picture: Mapping[str, Any], folder: Path) -> str:
    """Return the name of a variant.

    Parameters
    ----------
    plan, picture
        Mappings; presets by name and written out are the same.
    folder
        Where files named in the plan are; what is in them counts, not what they are called.
    """
    full = expand(plan)
    files = sorted(_files(full, folder))
    said = [canonical(full), canonical(picture), files, smpengine.__version__]
    return _digest(said)[:_DIGITS]


def part_of(plan: Mapping[str, Any], split: Mapping[str, Any] | None) -> str:
    """Return the part of a split that a plan is in, whatever else is shown of it.

    Parameters
    ----------
    plan
        Skin, light, head, healing, client, lasers, faults and defaults of pictures do not count.
    split
        Shares train, validation, test, and seed; None for no split.
    """
    if split is None:
        return "all"
    same = {key: value for key, value in expand(plan).items() if key not in NOT_THE_PLAN}
    place = int(_digest([canonical(same), split["seed"]])[:13], 16) / 16.0**13
    below = 0.0
    names = [name for name in ("train", "validation", "test") if split[name] > 0.0]
    for name in names[:-1]:
        below += split[name]
        if place < below:
            return name
    return names[-1]


def check_names(variants: list[Variant]) -> None:
    """Refuse two variants of one name: one would overwrite the other.

    Raises
    ------
    InputError
        Naming them.
    """
    seen: dict[str, Variant] = {}
    for variant in variants:
        other = seen.setdefault(variant.name, variant)
        if other is not variant:
            same = (other.plan, other.picture) == (variant.plan, variant.picture)
            remedy = (
                "Two of the sweep's values say the same; leave one out."
                if same or canonical(expand(other.plan)) == canonical(expand(variant.plan))
                else "Their hashes clash; change the seed of either."
            )
            got = f"numbers {other.number} and {variant.number}, both {variant.name}"
            raise InputError(must("variants", "differ from each other", got, remedy=remedy))


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _files(value: Any, folder: Path) -> set[str]:
    """Return hashes of the files that a mapping's texts name."""
    if isinstance(value, Mapping):
        return set().union(*(_files(part, folder) for part in value.values()))
    if isinstance(value, list | tuple):
        if value and not isinstance(value[0], str | dict | list):
            return set()
        return set().union(*(_files(part, folder) for part in value))
    if isinstance(value, str) and "." in value and len(value.encode()) < 256:
        path = folder / value
        if path.is_file():
            return {_file_digest(path, path.stat().st_mtime_ns)}
    return set()


@lru_cache(maxsize=1024)
def _file_digest(path: Path, changed_ns: int) -> str:  # noqa: ARG001 - a changed file is another
    return hashlib.sha256(path.read_bytes()).hexdigest()
