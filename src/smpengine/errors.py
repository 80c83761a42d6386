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

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
_MOST_SHOWN: Final = 60
"""Characters of a value, or of a key, in a message."""
_MOST_BITS: Final = 1000


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
    return "".join(f"[{p}]" if isinstance(p, int) else f".{_key(p)}" for p in path).lstrip(".")


def _key(part: object) -> str:
    """Write one key: a stranger's may be endless, or break the line."""
    text = str(part)
    return text if len(text) <= _MOST_SHOWN and text.isprintable() else short(text)


def short(value: object) -> str:
    """Write a value, in 60 characters whatever its size; only what is shown of it is looked at."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    text = ""
    for piece in _pieces(value):
        text += piece
        if len(text) > _MOST_SHOWN:
            return clipped(text)
    return text


def clipped(text: str, most: int = _MOST_SHOWN) -> str:
    """Return a text, or its beginning where it is longer than `most`."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _pieces(value: object) -> Iterator[str]:
    """Give what `repr` would, bit by bit, so that nobody waits for what is not shown."""
    if isinstance(value, str | bytes):
        yield repr(value[: _MOST_SHOWN + 1])
    elif isinstance(value, int) and value.bit_length() > _MOST_BITS:
        # Python refuses to write some of these (4300 digits), as text is a square of work.
        yield f"a whole number of {value.bit_length()} bits"
    elif type(value) in (list, tuple, dict):
        yield from _pieces_of(value)
    else:
        yield repr(value)


def _pieces_of(value: Any) -> Iterator[str]:
    first, last = ("[", "]") if isinstance(value, list) else ("(", ")")
    if isinstance(value, dict):
        first, last = "{", "}"
    yield first
    for k, part in enumerate(value):
        if k:
            yield ", "
        yield from _pieces(part)
        if isinstance(value, dict):
            yield ": "
            yield from _pieces(value[part])
    yield f",{last}" if isinstance(value, tuple) and len(value) == 1 else last


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
