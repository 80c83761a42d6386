"""`write_photo`: pixels back into a file as the photograph's was, with a word of what they are."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, OutputError, must
from smpengine.files import check_target, write_files
from smpengine.image import png
from smpengine.image.write import (
    KEY,
    described,
    png_chunks,
    software,
    with_chunks,
    words,
)
from smpengine.photo.marks import (
    NOTICE,
    with_orientation,
    with_source_type,
    without_thumbnail,
)
from smpengine.photo.photograph import Photograph
from smpengine.photo.tiff import write_tiff
from smpengine.photo.upright import as_stored

_SUFFIXES: Final = {
    ".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".tif": "tiff", ".tiff": "tiff",
    ".heic": "heif", ".heif": "heif",
}  # fmt: skip
_EIGHT_BITS: Final = ("jpeg", "heif")
_QUALITY: Final = 95
_REPLACED: Final = (b"IHDR", b"PLTE", b"tRNS", b"bKGD", b"hIST", b"acTL", b"fcTL", b"sBIT")
_NO_ALPHA: Final = ("jpeg",)


def check_photo_output(path: str | Path, photo: Photograph, name: str = "out") -> None:
    """Say before the work whether a simulated photograph can be written there.

    Raises
    ------
    InputError
        It is the photograph itself, or the suffix is unknown or cannot hold its pixels.
    OutputError
        It is a folder, or its folder does not exist or cannot be written to.
    """
    target = Path(path)
    kind = _SUFFIXES.get(target.suffix.lower())
    if kind is None:
        raise InputError(must(name, f"end in {', '.join(_SUFFIXES)}", repr(str(path))))
    if photo.pixels.dtype == np.uint16 and kind in _EIGHT_BITS:
        remedy = "Write .png or .tif."
        rule = f"hold 16 bits a channel, which {target.suffix} cannot"
        raise InputError(must(name, rule, repr(str(path)), remedy=remedy))
    if photo.alpha is not None and kind in _NO_ALPHA:
        rule = f"hold an alpha channel, which {target.suffix} cannot"
        raise InputError(must(name, rule, repr(str(path)), remedy="Write .png or .tif."))
    grey16 = photo.pixels.dtype == np.uint16 and photo.channels == 1
    if kind == "png" and photo.alpha is not None and grey16:
        rule = "hold grey of 16 bits with alpha, which OpenCV cannot write as .png"
        raise InputError(must(name, rule, repr(str(path)), remedy="Write .tif."))
    check_target(target, name)
    refuse_original(target, photo, name)


def refuse_original(target: Path, photo: Photograph, name: str) -> None:
    """Refuse to write over the photograph, by whatever name.

    Raises
    ------
    OutputError
        `target` is its file.
    """
    if photo.path is not None and target.exists() and target.samefile(photo.path):
        rule = "be another file than the photo, which is never written to"
        raise OutputError(must(name, rule, repr(str(target))))


def write_photo(
    path: str | Path, photo: Photograph, pixels: NDArray[Any], metadata: Mapping[str, object]
) -> None:
    """Write a simulated photograph, all of it or nothing.

    Parameters
    ----------
    path
        Its suffix chooses the format: .jpg, .png, .tif, .heic.
    photo
        What it was made from: profile, orientation, EXIF, XMP, resolution are handed on.
    pixels
        As displayed, of the shape and dtype of `photo.pixels`.
    metadata
        What made it; kept as JSON in the file.

    Raises
    ------
    InputError
        As `check_photo_output`, or the pixels are of another kind.
    OutputError
        It could not be written.
    """
    target = Path(path)
    check_photo_output(target, photo)
    if pixels.shape != photo.pixels.shape or pixels.dtype != photo.pixels.dtype:
        got = f"{pixels.dtype} {pixels.shape}"
        rule = f"be {photo.pixels.dtype} {photo.pixels.shape} as the photo"
        raise InputError(must("pixels", rule, got))
    if photo.alpha is not None:
        shown = pixels[..., None] if pixels.ndim == 2 else pixels
        pixels = np.concatenate([shown, photo.alpha[..., None]], axis=-1)
    kind = _SUFFIXES[target.suffix.lower()]
    if kind == "heif" and photo.orientation != 1:
        # A HEIC is stored as it is displayed, or turned by a box of its own.
        exif = photo.carried.exif
        carried = replace(photo.carried, exif=None if exif is None else with_orientation(exif, 1))
        photo = replace(photo, orientation=1, carried=carried)
    stored = as_stored(pixels, photo.orientation)
    text = described({"notice": NOTICE, **metadata})
    write = {"jpeg": _write_jpeg, "png": _write_png, "tiff": _write_tiff, "heif": _write_heif}[kind]
    write_files({target: lambda name: write(name, photo, stored, text)})


def _exif(photo: Photograph) -> bytes | None:
    """Return the EXIF that is handed on; a turned picture always has one that says so."""
    exif = photo.carried.exif
    if exif is not None:
        return without_thumbnail(exif)
    if photo.orientation == 1:
        return None
    from PIL import Image

    made = Image.Exif()
    made[0x0112] = photo.orientation
    return made.tobytes().removeprefix(b"Exif\x00\x00")


def _write_jpeg(name: Path, photo: Photograph, stored: NDArray[Any], text: str) -> None:
    from PIL import Image

    carried = photo.carried
    options: dict[str, Any] = {"quality": _QUALITY, "subsampling": 0}
    if carried.jpeg_tables is not None:
        # The camera's own tables: pixels that were in such blocks come back nearly as they were.
        options = {"qtables": carried.jpeg_tables, "subsampling": max(carried.jpeg_sampling, 0)}
    exif = _exif(photo)
    if exif is not None:
        options["exif"] = b"Exif\x00\x00" + exif
    if carried.icc is not None:
        options["icc_profile"] = carried.icc
    if carried.dots_per_inch is not None:
        options["dpi"] = tuple(round(v) for v in carried.dots_per_inch)
    comment = f"{NOTICE} {software()} {text}".encode()[:65_000]
    memory = io.BytesIO()
    Image.fromarray(stored).save(
        memory, "JPEG", comment=comment, xmp=with_source_type(carried.xmp), optimize=True, **options
    )
    name.write_bytes(memory.getbuffer())


def _write_heif(name: Path, photo: Photograph, stored: NDArray[Any], _: str) -> None:
    try:
        import pillow_heif
    except ImportError as error:
        remedy = 'Install the writer: pip install "smpengine[heic]"; or write .png.'
        raise InputError(must("out", "be .jpg, .png or .tif here", name.suffix, remedy=remedy)
                         ) from error  # fmt: skip
    mode = {2: "L", 3: "RGB"}[stored.ndim] if stored.shape[2:] != (4,) else "RGBA"
    # The description is XMP's alone: HEIC has no comments.
    file = pillow_heif.from_bytes(mode, stored.shape[1::-1], stored.tobytes())
    exif, icc = _exif(photo), photo.carried.icc
    options: dict[str, Any] = {"quality": _QUALITY, "chroma": 444}
    if exif is not None:
        options["exif"] = exif
    if icc is not None:
        file.info["icc_profile"] = icc
    file.info["xmp"] = with_source_type(photo.carried.xmp)
    memory = io.BytesIO()
    file.save(memory, **options)
    name.write_bytes(memory.getbuffer())


def _write_png(name: Path, photo: Photograph, stored: NDArray[Any], text: str) -> None:
    kept = _png_chunks_of(photo) if photo.carried.container == "png" else None
    if kept is None:
        kept = _png_chunks_from(photo)
    xmp = with_source_type(photo.carried.xmp)
    packet = b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + xmp
    own = [(b"iTXt", packet), *words(NOTICE, text)]
    name.write_bytes(with_chunks(png.encode(stored), [*kept, *own]))


def _png_chunks_of(photo: Photograph) -> list[tuple[bytes, bytes]] | None:
    """Return the chunks of the photograph's own file that go with any pixels of its kind."""
    if photo.path is None:
        return None
    chunks = []
    for kind, data in png_chunks(photo.path):
        text = kind in (b"tEXt", b"zTXt", b"iTXt")
        ours = text and data.split(b"\x00", 1)[0] in (b"XML:com.adobe.xmp", KEY.encode())
        if kind == b"eXIf":
            data = without_thumbnail(data)
        if kind not in _REPLACED and not ours and not (text and data[:8] == b"Software"):
            chunks.append((kind, data))
    return chunks


def _png_chunks_from(photo: Photograph) -> list[tuple[bytes, bytes]]:
    """Return what another format's file says, as chunks."""
    carried, chunks = photo.carried, []
    if carried.icc is not None:
        chunks.append((b"iCCP", b"ICC profile\x00\x00" + zlib.compress(carried.icc)))
    elif photo.profile.name.startswith("sRGB"):
        chunks.append((b"sRGB", b"\x00"))
    exif = _exif(photo)
    if exif is not None:
        chunks.append((b"eXIf", exif))
    if carried.dots_per_inch is not None:
        x, y = (round(v / 0.0254) for v in carried.dots_per_inch)
        chunks.append((b"pHYs", struct.pack(">IIB", x, y, 1)))
    return chunks


def _write_tiff(name: Path, photo: Photograph, stored: NDArray[Any], text: str) -> None:
    carried = replace(photo.carried, exif=_exif(photo), xmp=with_source_type(photo.carried.xmp))
    words = json.dumps({"notice": NOTICE, KEY: json.loads(text)[KEY]}, sort_keys=True)
    write_tiff(name, stored, carried, photo.orientation, words, software())
