"""What a simulated photograph's file says of itself, beside what the camera wrote.

EXIF is handed on byte for byte, but for its thumbnail, which would still show the original. That
it is a simulation stands in plain words in the format's own comment, and in XMP by IPTC's digital
source type, which other programs look for.
"""

from __future__ import annotations

import re
import struct
from typing import Final

NOTICE: Final = "Photograph with simulated scalp micro-pigmentation; not a photograph of a result."
SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"
"""IPTC's name, not a place to look up: "a composite that includes synthetic elements"."""
_SPACE: Final = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_ORIENTATION: Final = 0x0112
_THUMBNAIL: Final = (0x0201, 0x0202)
_STRIPS: Final = (0x0111, 0x0117)


def with_source_type(xmp: bytes | None) -> bytes:
    """Return an XMP packet that says what the picture is; an existing one is kept whole."""
    statement = (
        f'<rdf:Description xmlns:rdf="{_RDF}" rdf:about="" xmlns:Iptc4xmpExt="{_SPACE}">'
        f"<Iptc4xmpExt:DigitalSourceType>{SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>"
        "</rdf:Description>"
    )
    end = b"</rdf:RDF>"
    if xmp is not None and xmp.count(end) == 1:
        if b"DigitalSourceType" in xmp:
            return re.sub(rb"http://cv\.iptc\.org/[\w/-]+", SOURCE_TYPE.encode(), xmp)
        return xmp.replace(end, statement.encode() + end)
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">{statement}'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )
    return packet.encode("utf-8")


def without_thumbnail(exif: bytes) -> bytes:
    """Return EXIF with its thumbnail unlinked and blanked; every other byte as it was."""
    data = bytearray(exif)
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None:
        return exif
    try:
        (first,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, first)
        link = first + 2 + 12 * count
        (second,) = struct.unpack_from(order + "I", data, link)
        struct.pack_into(order + "I", data, link, 0)
        if second == 0:
            return exif
        found = {}
        (count,) = struct.unpack_from(order + "H", data, second)
        for k in range(count):
            tag, kind, _, value = struct.unpack_from(order + "HHII", data, second + 2 + 12 * k)
            if kind == 3 and order == ">":
                value >>= 16  # a short lies in the first half of its four bytes
            found[tag] = value
        for at, size in (_THUMBNAIL, _STRIPS):
            if at in found and size in found and found[at] + found[size] <= len(data):
                data[found[at] : found[at] + found[size]] = bytes(found[size])
    except struct.error:
        return exif
    return bytes(data)


def with_orientation(exif: bytes, orientation: int) -> bytes:
    """Return EXIF whose orientation, where it has one, is another."""
    data = bytearray(exif)
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None:
        return exif
    try:
        (first,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, first)
        for at in range(first + 2, first + 2 + 12 * count, 12):
            if struct.unpack_from(order + "H", data, at)[0] == _ORIENTATION:
                struct.pack_into(order + "H", data, at + 8, orientation)
    except struct.error:
        return exif
    return bytes(data)
