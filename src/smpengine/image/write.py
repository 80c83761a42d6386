"""Pictures to files: PNG, TIFF, NPY, each with its scale, plan, seed and version inside.

A file is written under a temporary name in its own folder and then renamed, so that a failure
leaves nothing half-written.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import smpengine
from smpengine.errors import InputError, must
from smpengine.files import check_target, write_files
from smpengine.image import png
from smpengine.image.colour import COLOURS

NOTICE: Final = "Simulated picture of scalp micro-pigmentation, not a photograph."
KEY: Final = "smpengine"
"""Name of the text chunk, or JSON key, that holds the metadata."""
_KINDS: Final = {
    ".png": ("srgb8", "srgb16"),
    ".tif": ("srgb8", "srgb16", "linear", "absorbance"),
    ".tiff": ("srgb8", "srgb16", "linear", "absorbance"),
    ".npy": ("srgb8", "srgb16", "linear", "absorbance"),
}
_DTYPES: Final = {
    "srgb8": np.dtype(np.uint8),
    "srgb16": np.dtype(np.uint16),
    "linear": np.dtype(np.float32),
    "absorbance": np.dtype(np.float32),
}
_BIG_TIFF_BYTES: Final = 2**32 - 2**26  # offsets of a plain TIFF have 32 bits


def check_output(path: str | Path, kind: str, name: str = "out") -> None:
    """Say before rendering whether a picture can be written there; messages call it `name`.

    Raises
    ------
    InputError
        The suffix is unknown or cannot hold such pixels.
    OutputError
        The path is a folder, or its folder does not exist or cannot be written to.
    """
    check_kind(path, kind, name)
    check_target(Path(path), name)


def check_kind(path: str | Path, kind: str, name: str = "out") -> None:
    """Say whether a file's format holds such pixels.

    Raises
    ------
    InputError
        Its suffix is unknown or cannot hold them.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _KINDS:
        raise InputError(must(name, f"end in {', '.join(_KINDS)}", repr(str(path))))
    if kind not in _KINDS[suffix]:
        remedy = "Write .tif or .npy, or choose srgb8 or srgb16."
        rule = f"hold {kind} pixels, which {suffix} cannot"
        raise InputError(must(name, rule, repr(str(path)), remedy=remedy))


def write_image(path: str | Path, image: NDArray[Any], metadata: Mapping[str, object]) -> None:
    """Write a picture, all of it or nothing.

    Parameters
    ----------
    path
        Its suffix chooses the format: .png (8 or 16 bit), .tif or .tiff (8, 16 bit, float), .npy
        (with the metadata in a second file, PATH.json).
    image
        (height, width, 3): uint8, uint16 or float32.
    metadata
        Must have "px_per_mm" and "output" (the kind of pixels); the rest is kept as it is. The
        version and the word that it is a simulation are added.

    Raises
    ------
    InputError
        The format cannot hold the picture, or it is not of the kind that `metadata` names.
    OutputError
        It could not be written.
    """
    target = Path(path)
    kind = str(metadata.get("output"))
    check_kind(target, kind)
    check_target(target, probe=False)  # whether it can be written, writing says
    _check_picture(image, kind)
    scale = _scale(metadata)
    text = described(metadata)
    suffix = target.suffix.lower()
    if suffix == ".png":
        write_files({target: lambda name: _write_png(name, image, scale, text)})
    elif suffix == ".npy":
        side = target.with_name(target.name + ".json")
        write_files(
            {
                side: lambda name: name.write_text(text + "\n", encoding="utf-8"),
                target: lambda name: _write_npy(name, image),
            }
        )
    else:
        write_files({target: lambda name: _write_tiff(name, image, scale, text, kind)})


def _check_picture(image: NDArray[Any], kind: str) -> None:
    """Refuse what is not a picture of its kind: it would be written, and read as another."""
    wrong = kind in COLOURS and image.shape[2:] != (3,)
    if image.ndim != 3 or wrong or 0 in image.shape:
        raise InputError(must("image", "have shape (height, width, 3)", f"shape {image.shape}"))
    if image.dtype != _DTYPES[kind]:
        raise InputError(must("image", f"be {_DTYPES[kind]} for {kind}", f"dtype {image.dtype}"))


def _scale(metadata: Mapping[str, object]) -> float:
    value = metadata.get("px_per_mm")
    try:
        scale = float(str(value))
    except ValueError:
        scale = math.nan
    if not (math.isfinite(scale) and scale > 0.0):
        raise InputError(must("metadata.px_per_mm", "be a number over 0", repr(value)))
    return scale


def described(metadata: Mapping[str, object]) -> str:
    """Return the JSON that a file carries.

    Raises
    ------
    InputError
        Something in `metadata` is not what JSON can hold.
    """

    def plain(value: object) -> object:
        if isinstance(value, np.generic | np.ndarray):
            return value.tolist()
        return str(value)

    described = {"notice": NOTICE, "version": smpengine.__version__, **metadata}
    try:
        return json.dumps({KEY: described}, sort_keys=True, allow_nan=False, default=plain)
    except (TypeError, ValueError) as error:
        message = must("metadata", "hold what JSON can hold", str(error))
        raise InputError(message) from error


def _write_npy(name: Path, image: NDArray[Any]) -> None:
    """Write as `np.save` does, but through Python, which says why a write failed."""
    whole = np.ascontiguousarray(image)
    with name.open("wb") as file:
        header = np.lib.format.header_data_from_array_1_0(whole)
        np.lib.format.write_array_header_1_0(file, header)
        file.write(whole.data.cast("B"))


def _write_png(name: Path, image: NDArray[Any], px_per_mm: float, text: str) -> None:
    per_metre = round(px_per_mm * 1000.0)
    chunks = [
        (b"sRGB", b"\x00"),
        (b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)),
        *words(NOTICE, text),
    ]
    name.write_bytes(with_chunks(png.encode(image), chunks))


def words(notice: str, text: str) -> list[tuple[bytes, bytes]]:
    """Return the chunks by which a PNG says what it is, who made it, and of what (JSON)."""
    return [
        (b"tEXt", b"Comment\x00" + notice.encode("latin-1")),
        (b"tEXt", b"Software\x00" + software().encode("latin-1")),
        (b"iTXt", KEY.encode("latin-1") + b"\x00\x00\x00\x00\x00" + text.encode("utf-8")),
    ]


def software() -> str:
    """Return who made a file."""
    return f"smpengine {smpengine.__version__}"


def png_chunks(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Give the chunks before a PNG's pixels, name and data; nothing of what is no PNG."""
    with path.open("rb") as file:
        if file.read(len(png.SIGNATURE)) != png.SIGNATURE:
            return
        while len(start := file.read(8)) == 8:
            size, kind = struct.unpack(">I4s", start)
            if kind == b"IDAT":
                return
            data = file.read(size)
            file.seek(4, os.SEEK_CUR)
            yield kind, data


def with_chunks(picture: bytes, chunks: list[tuple[bytes, bytes]]) -> bytes:
    """Put chunks behind the header (PNG specification, 5.3)."""
    header_end = len(png.SIGNATURE) + 4 + 4 + 13 + 4
    packed = b"".join(png.chunk(kind, data) for kind, data in chunks)
    return picture[:header_end] + packed + picture[header_end:]


def _write_tiff(name: Path, image: NDArray[Any], px_per_mm: float, text: str, kind: str) -> None:
    import imageio.v3 as iio

    profile = None
    if kind.startswith("srgb"):
        profile = srgb_profile()
    per_cm = 10.0 * px_per_mm
    big = image.nbytes >= _BIG_TIFF_BYTES
    # imageio hands what else it is given to tifffile; its types do not say so.
    opened = iio.imopen(name, "w", plugin="tifffile", extension=".tif", bigtiff=big)  # type: ignore[call-overload]
    with opened as file:
        file.write(
            image,
            photometric="rgb" if image.shape[2] == 3 else "minisblack",
            planarconfig="contig",
            compression="zlib",
            predictor=True if image.dtype != np.float32 else None,
            resolution=(per_cm, per_cm),
            resolutionunit="CENTIMETER",
            iccprofile=profile,
            software=software(),
            description=text,
            metadata=None,
        )


def srgb_profile() -> bytes:
    """Return an ICC profile of sRGB, the same bytes every time."""
    from PIL import ImageCms

    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # The time of its making (ICC.1, 7.2.8) would make two files of one picture differ.
    profile[24:36] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    return bytes(profile)


def read_metadata(path: str | Path) -> dict[str, Any]:
    """Return what `write_image` put into a file besides the pixels.

    Raises
    ------
    InputError
        The file holds no such metadata.
    """
    try:
        metadata = json.loads(_read_text(Path(path)) or "")[KEY]
        if not isinstance(metadata, dict):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(must(str(path), "be a file that smpengine wrote", "another")) from error
    return metadata


def own_px_per_mm(path: str | Path, name: str = "--px-per-mm") -> float:
    """Return the scale that a file of this engine has inside; `name` is what else would say it.

    Raises
    ------
    InputError
        It is another file; the message says how to give the scale.
    """
    target = Path(path)
    try:
        if target.suffix.lower() not in _KINDS:
            raise InputError("no metadata")
        return float(read_metadata(target)["px_per_mm"])
    except (InputError, KeyError, TypeError, ValueError) as error:
        remedy = "Say how many pixels are a millimetre: --px-per-mm 20."
        got = f"none in {str(path)!r}, which this engine did not write"
        raise InputError(must(name, "be given", got, remedy=remedy)) from error


def _read_text(target: Path) -> str | None:
    """Return the JSON of a file, if it has any."""
    suffix = target.suffix.lower()
    if suffix == ".png":
        return _png_text(target)
    if suffix == ".npy":
        return target.with_name(target.name + ".json").read_text(encoding="utf-8")
    import tifffile

    with tifffile.TiffFile(target) as tiff:
        text = str(tiff.pages[0].description)
        if not tiff.is_ome:
            return text
    # `render_tiled` writes OME-XML, in which it is the picture's description.
    from xml.etree import ElementTree

    return ElementTree.fromstring(text).findtext(".//{*}Image/{*}Description")


def _png_text(target: Path) -> str | None:
    """Return the JSON of a PNG: its chunks are walked, for Pillow refuses very large pictures."""
    head = KEY.encode("latin-1") + b"\x00\x00\x00\x00\x00"
    for kind, data in png_chunks(target):
        if kind == b"iTXt" and data.startswith(head):
            return data[len(head) :].decode("utf-8")
    return None
