"""Regions from SVG paths and from pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import clipped, short
from smpengine.plan.curves import PIECES, TooManyPointsError, flattened
from smpengine.plan.scalp_schema import MOST_MM

Ring = list[tuple[float, float]]

MOST_POINTS: Final = 65_536
"""Of the outlines of one path: each dot is held against each of them."""
MAX_PIXELS: Final = 2**27

MOST_NAME: Final = 120
"""Characters of a file's name in a message: its end, which tells it from others."""

_TOKEN = re.compile(
    r"(?P<space>[\s,]+)|(?P<command>[A-Za-z])"
    r"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
)
_FLAG = re.compile(r"[01]")
_ARGUMENTS: Final = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
_CURVES: Final = "CSQTA"
_REOPENED: Final = re.compile(r"[Zz](?![\s,]*(?:[Mm]|$))")


class OutlineError(ValueError):
    """An outline cannot be used: rule, what was got, and remedy, as `errors.must` takes them."""

    def __init__(self, rule: str, got: object, remedy: str = "") -> None:
        self.rule, self.got, self.remedy = rule, got, remedy
        super().__init__(rule)


def path_rings(data: str, most: int = MOST_POINTS) -> list[Ring]:
    """Return the outlines of an SVG path.

    Parameters
    ----------
    data
        As in the attribute `d`: M L H V C S Q T A Z, absolute or relative; mm.
    most
        How many points it may become.

    Returns
    -------
    list of list of (x, y)
        One for each subpath, closed whether it says so or not, within 0.02 mm.

    Raises
    ------
    OutlineError
        It is not a path, with the position of what is wrong; or it is far off, or takes too many
        points.
    """
    from svgelements import Path as SvgPath

    check_path(data, most)
    # svgelements looks back to the last M at each Z: a square where a path goes on without one.
    try:
        return _rings(SvgPath(_REOPENED.sub("zm0 0", data)), most)
    except ArithmeticError as error:  # of radii that are nearly 0
        rule, remedy = "be an SVG path that can be drawn", "Radii of A may be too small."
        raise OutlineError(rule, short(data), remedy) from error


def file_rings(path: Path, name: str | None, most: int = MOST_POINTS) -> list[Ring]:
    """Return the outlines of a shape of an SVG file.

    Parameters
    ----------
    path
        Of the file. Its width and height say how large a unit is; without them it is a mm.
    name
        The shape's id; the file's only shape when None.
    most
        How many points it may become.

    Raises
    ------
    OutlineError
        The file cannot be read, or has no such shape.
    """
    from xml.etree.ElementTree import ParseError

    from svgelements import SVG, Shape
    from svgelements import Path as SvgPath

    try:
        # At 25.4 pixels an inch a pixel is a mm.
        picture = SVG.parse(str(path), ppi=25.4)
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ParseError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise OutlineError("be an SVG file", f"{_named(path)}: {clipped(str(error))}") from error
    shapes = [each for each in picture.elements() if isinstance(each, Shape)]
    ids = [str(each.id) for each in shapes if each.id is not None]
    if name is None:
        if len(shapes) != 1:
            raise OutlineError("have one shape, or id be given", f"{len(shapes)} shapes", _ids(ids))
        return _rings(SvgPath(shapes[0]), most)
    chosen = [each for each in shapes if each.id == name]
    if not chosen:
        raise OutlineError(f"have a shape with id {short(name)}", "none", _ids(ids))
    return _rings(SvgPath(chosen[0]), most)


def _ids(ids: Sequence[str]) -> str:
    return (
        f"It has {', '.join(clipped(each) for each in ids[:8])}."
        if ids
        else "None of its shapes has an id."
    )


def check_path(data: str, most: int = MOST_POINTS) -> int:
    """Check that a string is an SVG path: SVG 2, 9.3.9. Return how many points it takes at least.

    Raises
    ------
    OutlineError
        With the character, counted from 1, of what is wrong; or it has too many commands.
    """
    at, command, given, started, points = 0, "", 0, 0, 0

    def wrong(rule: str, where: int) -> OutlineError:
        got = repr(data[where : where + 12]) if where < len(data) else "its end"
        return OutlineError(f"be an SVG path: {rule}", f"{got} at character {where + 1}")

    def finished(where: int) -> None:
        need = _ARGUMENTS.get(command.upper(), 0)
        if need and (given == 0 or given % need):
            rule = f"{command} takes {need} numbers" + (" each time" if given > need else "")
            raise wrong(rule, where)

    while at < len(data):
        in_flag = command.upper() == "A" and given % 7 in (3, 4)
        token = (in_flag and _FLAG.match(data, at)) or _TOKEN.match(data, at)
        kind = "number" if token and token.re is _FLAG else token.lastgroup if token else None
        if token is None:
            raise wrong("commands are M L H V C S Q T A Z", at)
        if kind == "command":
            finished(at)
            if token.group().upper() not in _ARGUMENTS:
                raise wrong("commands are M L H V C S Q T A Z", at)
            if not command and token.group() not in "Mm":
                raise wrong("it begins with M", at)
            command, given, started = token.group(), 0, at
            points += 2 * (command in "Zz")  # it ends an outline, and may begin another
        elif kind == "number":
            if not command:
                raise wrong("it begins with M", at)
            if command in "Zz":
                raise wrong("Z takes no numbers", at)
            if in_flag and token.group() not in "01":
                raise wrong("a flag of A is 0 or 1", at)
            if not abs(float(token.group())) <= MOST_MM:
                raise wrong(f"numbers are at most {MOST_MM:,.0f}", at)
            given += 1
            if given % _ARGUMENTS[command.upper()] == 0:
                points += PIECES if command.upper() in _CURVES else 1
        if points > most:
            raise _too_many(most)
        at = token.end()
    finished(len(data))
    if not command or (command in "Mm" and given == 2 and started == 0):
        raise wrong("it encloses an area", len(data))
    return points


def _rings(path: Any, most: int) -> list[Ring]:
    from svgelements import Close, Line, Move

    parts = list(path)
    _check_places(parts)
    straight = (Move, Line, Close)
    curves = [k for k, part in enumerate(parts) if not isinstance(part, straight)]
    left = most - (len(parts) - len(curves))
    try:
        points = dict(zip(curves, flattened([parts[k] for k in curves], left), strict=True))
    except TooManyPointsError:
        raise _too_many(most) from None
    rings: list[Ring] = []
    for k, part in enumerate(parts):
        if isinstance(part, Move) or not rings:
            rings.append([])
        if isinstance(part, Close):
            if part.end is not None:  # what follows without an M begins there
                rings.append([_place(part.end)])
        elif isinstance(part, (Move, Line)):
            rings[-1].append(_place(part.end))
        else:
            rings[-1] += [(x, y) for x, y in points[k].tolist()]
    # Points that repeat, and rings that are points or lines, enclose nothing.
    cleaned = (_without_repeats(ring) for ring in rings)
    return [ring for ring in cleaned if len(ring) > 2]


def _too_many(most: int) -> OutlineError:
    rule = f"become at most {most:,} points" + " after those before it" * (most < MOST_POINTS)
    return OutlineError(rule, "more", "Draw fewer curves, and shorter ones.")


def _check_places(parts: Sequence[Any]) -> None:
    """Refuse what lies far from any scalp: its curves would take millions of points."""
    from svgelements import Arc

    for part in parts:
        measures = [part.rx, part.ry] if isinstance(part, Arc) else []
        places = [part.center] if isinstance(part, Arc) else []
        for place in [*part, *places]:
            measures += [] if place is None else [place.x, place.y]
        for value in measures:
            if not abs(value) <= MOST_MM:
                rule = f"lie within {MOST_MM:,.0f} mm of the top left"
                raise OutlineError(rule, f"{value:g}", "Coordinates are mm.")


def _place(point: Any) -> tuple[float, float]:
    return float(point.x), float(point.y)


def _without_repeats(ring: Ring) -> Ring:
    kept = [point for k, point in enumerate(ring) if k == 0 or point != ring[k - 1]]
    return kept[:-1] if len(kept) > 1 and kept[0] == kept[-1] else kept


def _unreadable(path: Path, error: OSError | ValueError) -> OutlineError:
    """Say that a file cannot be read; a ValueError is of a name that no file has."""
    why = error.strerror if isinstance(error, OSError) else "no file is called so"
    return OutlineError("be a file beside the plan", f"{_named(path)}: {why}")


def _named(path: Path) -> str:
    """Write a file's name: a stranger's may be endless, or break the line."""
    text = str(path)
    if not text.isprintable():
        text = repr(text[-MOST_NAME:])
    return text if len(text) <= MOST_NAME else f"...{text[3 - MOST_NAME :]}"


def decoded(path: Path) -> NDArray[Any] | None:
    """Return the pixels of a picture as its file has them, or None of what is no picture.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    import cv2

    data = np.frombuffer(path.read_bytes(), np.uint8)
    try:
        picture: NDArray[Any] | None = (
            cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
        )
    except cv2.error:
        return None
    return picture


def read_mask(path: Path) -> NDArray[np.uint16]:
    """Read a mask.

    Parameters
    ----------
    path
        A grey picture of 8 or 16 bit, or one with an alpha channel, which is what counts then.

    Returns
    -------
    ndarray
        Uint16 (rows, columns); 65535 is 1.

    Raises
    ------
    OutlineError
        It cannot be read, is no picture, or is coloured.
    """
    try:
        picture = decoded(path)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if picture is None:
        raise OutlineError("be a picture", _named(path), "For example a grey PNG.")
    if (
        picture.dtype not in (np.uint8, np.uint16)
        or picture.shape[0] * picture.shape[1] > MAX_PIXELS
    ):
        size = f"{picture.shape[1]} x {picture.shape[0]} pixels of {picture.dtype}"
        raise OutlineError("have 8 or 16 bit and at most 128 Mpx", f"{_named(path)}: {size}")
    if picture.ndim == 3 and picture.shape[2] in (2, 4):
        picture = picture[..., -1]
    elif picture.ndim == 3:
        if (picture != picture[..., :1]).any():
            raise OutlineError("be grey, or have an alpha channel", f"{_named(path)}: colours")
        picture = picture[..., 0]
    scale = 257 if picture.dtype == np.uint8 else 1  # 255 becomes 65535
    return np.ascontiguousarray(picture.astype(np.uint16) * np.uint16(scale))
