"""Everything that smpengine raises on purpose.

::

    SmpError
    ├── InputError (also ValueError)      what the caller gave cannot be used
    │   ├── SceneError                    columns, skin, extent, window, scale
    │   └── PlanError                     a plan file; carries every problem found in it
    ├── DeviceError (also RuntimeError)   a device that was asked for is missing or failed
    ├── OutputError (also OSError)        a file could not be written; nothing half-written is left
    └── Cancelled                         the caller's `cancel` asked to stop

Messages read "{name} must {rule}, got {value} at {where}. {remedy}".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

_KINDS: Final = {
    "model_type": "be a table of keys", "model_attributes_type": "be a table of keys",
    "dict_type": "be a table of keys", "mapping_type": "be a table of keys",
    "list_type": "be a list", "tuple_type": "be a list", "set_type": "be a list",
    "missing": "be given", "float_parsing": "be a number", "int_parsing": "be a whole number",
    "float_type": "be a number", "int_type": "be a whole number",
    "int_from_float": "be a whole number", "string_type": "be text",
    "bool_type": "be true or false", "bool_parsing": "be true or false",
    "finite_number": "be a finite number",
}  # fmt: skip
"""What the schemas' library calls by the names of Python's types, and of our classes."""


class SmpError(Exception):
    """Base class of all errors raised by smpengine."""


class InputError(SmpError, ValueError):
    """What the caller gave cannot be used."""


class SceneError(InputError):
    """A scene, a window or a scale cannot be rendered."""


class PlanError(InputError):
    """A treatment plan cannot be used.

    Attributes
    ----------
    problems
        One line for each problem found, in the order of the file.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class DeviceError(SmpError, RuntimeError):
    """A device that was asked for is missing or failed."""


class OutputError(SmpError, OSError):
    """A file could not be written; nothing half-written is left behind."""


class Cancelled(SmpError):  # noqa: N818 - what happened, and not a fault
    """The caller's cancel callback asked to stop."""


def must(name: str, rule: str, got: object, where: str = "", remedy: str = "") -> str:
    """Compose the one line that an input error says.

    Parameters
    ----------
    name, rule, got, where, remedy
        Parts of "{name} must {rule}, got {got} at {where}. {remedy}"; the last two may be empty.

    Returns
    -------
    str
        The message.
    """
    place = f" at {where}" if where else ""
    advice = f" {remedy}" if remedy else ""
    return f"{name} must {rule}, got {got}{place}.{advice}"


def number(name: str, value: object) -> float:
    """Turn a value into a float.

    Raises
    ------
    SceneError
        It is no number; the message says which value it was.
    """
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise SceneError(must(name, "be a number", repr(value))) from error


def key_of(path: Iterable[object]) -> str:
    """Write a path into a file as its author would: ``sessions[0].depth_mm``."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def rule_of(entry: Mapping[str, Any]) -> str:
    """Say what one of pydantic's errors asks for, to stand behind "must"."""
    kind = str(entry["type"])
    if kind in _KINDS:
        return _KINDS[kind]
    about = entry.get("ctx", {})
    thing = "characters" if kind.startswith("string_") else "entries"
    if kind.endswith("too_short"):
        return f"have at least {about['min_length']} {thing}"
    if kind.endswith("too_long"):
        return f"have at most {about['max_length']} {thing}"
    rule = str(entry["msg"]).removeprefix("Value error, ")
    rule = re.sub(r"^\w+ should ", "", rule)
    return rule[:1].lower() + rule[1:]
