"""What somebody sent, as a table of keys, refused before it can take long.

To be called from a thread: a mebibyte takes a while however tame it is.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any, Final

from smpengine.errors import InputError, must

_DEEPEST: Final = 64
_ASIDE: Final = re.compile(
    r'"""(?:[^"\\]++|\\.|"(?!""))*+(?:"{3,5})?'
    r"|'''(?:[^']++|'(?!''))*+(?:'{3,5})?"
    r'|"(?:[^"\\\n]++|\\.)*+"?'
    r"|'[^'\n]*+'?"
    r"|#[^\n]*+",
    re.DOTALL,
)
"""Strings and comments of TOML, whether they end or not, so that no text is looked at twice."""
_BETWEEN: Final = re.compile(r"[\n,=\[\]{}]+")


def read_json(text: bytes) -> dict[str, Any]:
    """Return a JSON object that somebody sent.

    Raises
    ------
    InputError
        It is none, or holds numbers that are none.
    """

    def refuse(name: str) -> None:
        raise InputError(must("body", "hold finite numbers", name))

    try:
        said = json.loads(text, parse_constant=refuse)
    except RecursionError as error:
        raise InputError(must("body", f"be at most {_DEEPEST} deep", "more")) from error
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(must("body", "be JSON", str(error))) from error
    return _checked(said)


def read_toml(text: bytes) -> dict[str, Any]:
    """Return a TOML document that somebody sent.

    Raises
    ------
    InputError
        It is none.
    """
    try:
        words = text.decode("utf-8")
        _check_keys(words)
        return _checked(tomllib.loads(words))
    except RecursionError as error:
        raise InputError(must("body", f"be at most {_DEEPEST} deep", "more")) from error
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(must("body", "be TOML", str(error))) from error


def _checked(said: Any) -> dict[str, Any]:
    """Refuse what is no table, or goes so deep that it can only be meant to do harm."""
    if not isinstance(said, dict):
        raise InputError(must("body", "be a table of keys", type(said).__name__))
    level: list[Any] = [said]
    for _ in range(_DEEPEST):
        inner = [each.values() if isinstance(each, dict) else each for each in level]
        level = [part for parts in inner for part in parts if isinstance(part, dict | list)]
        if not level:
            return said
    raise InputError(must("body", f"be at most {_DEEPEST} deep", "more"))


def _check_keys(text: str) -> None:
    """Refuse TOML with a long dotted key: `tomllib` takes the square of its parts."""
    bare = _ASIDE.sub("_", text).replace(" ", "").replace("\t", "")
    if any(part.count(".") > _DEEPEST for part in _BETWEEN.split(bare)):
        raise InputError(must("body", f"be at most {_DEEPEST} deep", "more"))
