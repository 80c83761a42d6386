"""A photograph's TIFF: pixels by tifffile, and the EXIF that it does not write, appended."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from smpengine.photo.photograph import Carried

_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_POINTERS: Final = (0x8769, 0x8825, 0xA005)
"""Tags whose value is where another list of tags lies: Exif, GPS, interoperability."""
_KEPT: Final = {0x010F: 2, 0x0110: 2, 0x0132: 2, 0x013B: 2, 0x8298: 2}
"""Make, model, time, artist, copyright: tags of the picture itself."""


def write_tiff(
    name: Path, stored: NDArray[Any], carried: Carried, orientation: int, words: str, software: str
) -> None:
    """Write pixels as they are stored, with profile, XMP, EXIF and resolution.

    Parameters
    ----------
    name
        The file.
    stored
        (rows, columns), or (rows, columns, 2..4) with alpha last.
    carried, orientation
        What goes with them.
    words, software
        Description, and who made it.
    """
    import tifffile

    exif = carried.exif
    order = ">" if exif is not None and exif[:2] == b"MM" else "<"
    tags: list[tuple[int, int, int, Any, bool]] = [(0x0112, 3, 1, orientation, True)]
    own = {} if exif is None else _entries(exif, struct.unpack_from(order + "I", exif, 4)[0], order)
    for tag, kind in _KEPT.items():
        if tag in own:
            text = own[tag][2].rstrip(b"\x00").decode("ascii", "replace")
            tags.append((tag, kind, 0, text, True))
    if carried.xmp is not None:
        tags.append((700, 1, len(carried.xmp), carried.xmp, True))
    colour = stored.ndim == 3 and stored.shape[2] >= 3
    alpha = stored.ndim == 3 and stored.shape[2] in (2, 4)
    with tifffile.TiffWriter(name, byteorder=order) as file:
        file.write(
            stored,
            photometric="rgb" if colour else "minisblack",
            planarconfig="contig" if stored.ndim == 3 else None,
            extrasamples=["unassalpha"] if alpha else None,
            compression="zlib",
            predictor=True,
            resolution=carried.dots_per_inch,
            resolutionunit="INCH" if carried.dots_per_inch is not None else None,
            iccprofile=carried.icc,
            software=software,
            description=words,
            metadata=None,
            extratags=tags,
        )
    if exif is not None:
        _append(name, exif, {tag: own[tag] for tag in (0x8769, 0x8825) if tag in own}, order)


Entry = tuple[int, int, bytes]


def _entries(exif: bytes, at: int, order: str) -> dict[int, Entry]:
    """Return the tags of a list: type, count, and the bytes of the value."""
    (count,) = struct.unpack_from(order + "H", exif, at)
    found = {}
    for k in range(count):
        tag, kind, n = struct.unpack_from(order + "HHI", exif, at + 2 + 12 * k)
        size = _SIZES.get(kind, 1) * n
        place = at + 2 + 12 * k + 8
        if size > 4:
            (place,) = struct.unpack_from(order + "I", exif, place)
        found[tag] = (kind, n, exif[place : place + size])
    return found


def _append(name: Path, exif: bytes, lists: dict[int, Entry], order: str) -> None:
    """Put EXIF's lists behind the picture, and its own list of tags anew, with their places."""
    with name.open("rb+") as file:
        file.seek(4)
        (first,) = struct.unpack(order + "I", file.read(4))
        file.seek(first)
        (count,) = struct.unpack(order + "H", file.read(2))
        rows = [file.read(12) for _ in range(count)]
        for tag, (_, _, value) in lists.items():
            (at,) = struct.unpack(order + "I", value)
            place = _write_list(file, exif, at, order)
            rows.append(struct.pack(order + "HHII", tag, 4, 1, place))
        rows.sort(key=lambda row: struct.unpack_from(order + "H", row)[0])
        listed = struct.pack(order + "H", len(rows)) + b"".join(rows) + bytes(4)
        place = _written(file, listed)
        file.seek(4)
        file.write(struct.pack(order + "I", place))


def _write_list(file: Any, exif: bytes, at: int, order: str) -> int:
    """Write a list of tags and what its tags point to at the end; return its place."""
    entries = _entries(exif, at, order)
    rows = b""
    for tag, (kind, count, value) in sorted(entries.items()):
        if tag in _POINTERS and len(value) == 4:
            (inner,) = struct.unpack(order + "I", value)
            value = struct.pack(order + "I", _write_list(file, exif, inner, order))
        if len(value) > 4:
            value = struct.pack(order + "I", _written(file, value))
        rows += struct.pack(order + "HHI", tag, kind, count) + value.ljust(4, b"\x00")
    return _written(file, struct.pack(order + "H", len(entries)) + rows + bytes(4))


def _written(file: Any, data: bytes) -> int:
    """Write at the end, at an even place; return where."""
    at: int = file.seek(0, 2)
    if at % 2:
        file.write(b"\x00")
        at += 1
    file.write(data)
    return at
