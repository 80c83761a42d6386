"""`read_photo`: JPEG, PNG, TIFF, HEIC to a `Photograph`, every bit of it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, must
from smpengine.photo.marks import with_orientation
from smpengine.photo.photograph import LARGEST, MOST_PX, Carried, Photograph
from smpengine.photo.upright import displayed

_STARTS: Final = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
)
_HEIF_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif")
_ORIENTATION: Final = 0x0112
_SAMPLINGS: Final = {((1, 1),): 0, ((2, 1),): 1, ((2, 2),): 2}


def read_photo(path: str | Path) -> Photograph:
    """Read a photograph.

    Parameters
    ----------
    path
        JPEG, PNG or TIFF, 8 or 16 bit, colour or grey; HEIC with the extra `heic`. What it is is
        told by its first bytes, not by its suffix.

    Returns
    -------
    Photograph
        As displayed.

    Raises
    ------
    InputError
        It is no such file, damaged, or of inks (CMYK) or palettes.
    """
    source = Path(path)
    try:
        with source.open("rb") as file:
            start = file.read(32)
    except OSError as error:
        got = f"{str(source)!r} ({error.strerror})"
        raise InputError(must("photo", "be a file that can be read", got)) from error
    kind = next((name for sign, name in _STARTS if start.startswith(sign)), None)
    if kind is None and start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS:
        kind = "heif"
    if kind is None:
        rule = "be a JPEG, PNG, TIFF or HEIC"
        remedy = "Raw files: develop them to a 16-bit TIFF first."
        raise InputError(must(str(source), rule, "another file", remedy=remedy))
    read = {"jpeg": _read_pillow, "png": _read_png, "tiff": _read_tiff, "heif": _read_heif}[kind]
    try:
        stored, orientation, carried = read(source, kind)
    except InputError:
        raise
    except MemoryError as error:
        raise InputError(must(str(source), "fit in memory", "a larger picture")) from error
    except Exception as error:  # a decoder raises whatever it likes
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        remedy = "It may have been cut off: copy it again from the camera."
        got = f"a damaged one ({reason})"
        raise InputError(must(str(source), "be a whole picture", got, remedy=remedy)) from error
    return _photograph(stored, orientation, carried, source)


def _photograph(
    stored: NDArray[Any], orientation: int, carried: Carried, source: Path
) -> Photograph:
    """Divide pixels from their alpha, and turn them as they are displayed."""
    alpha = None
    if stored.ndim == 3 and stored.shape[2] in (2, 4):
        alpha = displayed(stored[..., -1], orientation)
        stored = stored[..., 0] if stored.shape[2] == 2 else stored[..., :3]
    if stored.ndim == 3 and stored.shape[2] == 1:
        stored = stored[..., 0]
    pixels = displayed(stored, orientation)
    return Photograph(pixels, alpha, orientation, carried, source)


def _refuse(source: Path, mode: str) -> None:
    """Say what to do with pixels that are not light."""
    known = {
        "CMYK": "inks (CMYK)",
        "YCCK": "inks (CMYK)",
        "P": "a palette",
        "PA": "a palette",
        "1": "black and white only",
        "LAB": "Lab",
    }
    remedy = "Convert it to RGB first, and keep the original."
    got = known.get(mode, f"mode {mode}")
    raise InputError(must(str(source), "have RGB or grey pixels", got, remedy=remedy))


def _check_size(source: Path, width: int, height: int) -> None:
    if width * height > MOST_PX:
        rule = f"have at most {MOST_PX:,} pixels"
        raise InputError(must(str(source), rule, f"{width} x {height}"))


def _read_pillow(source: Path, kind: str) -> tuple[NDArray[Any], int, Carried]:
    """Read 8 bits a channel through Pillow."""
    with _opened(source, kind) as image:
        _check_size(source, *image.size)
        if image.mode not in ("L", "LA", "RGB", "RGBA"):
            _refuse(source, image.mode)
        orientation, carried = _carried(image, kind)
        return np.asarray(image), orientation, carried


def _opened(source: Path, kind: str) -> Any:
    """Open a file by Pillow's plugin itself: `Image.open` takes over 179 Mpx for an attack."""
    from PIL import JpegImagePlugin, PngImagePlugin, TiffImagePlugin

    plugins: dict[str, Any] = {
        "jpeg": JpegImagePlugin.JpegImageFile,
        "png": PngImagePlugin.PngImageFile,
        "tiff": TiffImagePlugin.TiffImageFile,
    }
    return plugins[kind](source)


def _carried(image: Any, kind: str) -> tuple[int, Carried]:
    """Return how a picture lies, and what its file holds besides pixels."""
    info = image.info
    exif = info.get("exif")
    if exif is not None and exif.startswith(b"Exif\x00\x00"):
        exif = exif[6:]
    orientation = int(image.getexif().get(_ORIENTATION, 1))
    dpi = info.get("dpi")
    xmp = info.get("xmp")
    tables = {k: list(v) for k, v in getattr(image, "quantization", {}).items()} or None
    sampling = -1
    if kind == "jpeg":
        from PIL import JpegImagePlugin

        sampling = int(JpegImagePlugin.get_sampling(image))
    return orientation if orientation in range(1, 9) else 1, Carried(
        icc=info.get("icc_profile"),
        exif=exif or None,
        xmp=xmp.encode() if isinstance(xmp, str) else xmp,
        dots_per_inch=None if dpi is None else (float(dpi[0]), float(dpi[1])),
        container=kind,
        jpeg_tables=tables,
        jpeg_sampling=sampling,
    )


def _read_png(source: Path, kind: str) -> tuple[NDArray[Any], int, Carried]:
    """Read a PNG; Pillow has no 16-bit RGB, OpenCV has."""
    import cv2

    with source.open("rb") as file:
        width, height, bits, colour = struct.unpack(">IIBB", file.read(26)[16:])
    _check_size(source, width, height)
    if bits != 16:
        return _read_pillow(source, kind)
    with _opened(source, kind) as image:
        orientation, carried = _carried(image, kind)
    data = np.fromfile(source, np.uint8)
    if not data[-12:].tobytes().endswith(b"IEND\xaeB`\x82"):
        raise ValueError("no end")  # OpenCV would leave the rest black, without a word
    stored = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise ValueError("not decoded")
    if stored.ndim == 3:
        order = [2, 1, 0, 3][: stored.shape[2]]
        stored = stored[..., order]
    if colour == 4:
        stored = stored[..., [0, 3]]  # OpenCV makes grey with alpha into four channels
    return stored, orientation, carried


def _read_tiff(source: Path, kind: str) -> tuple[NDArray[Any], int, Carried]:
    import tifffile

    with tifffile.TiffFile(source) as tiff:
        page = tiff.pages.first
        photometric = tifffile.PHOTOMETRIC(page.photometric).name
        if photometric not in ("RGB", "MINISBLACK", "YCBCR"):
            _refuse(source, {"SEPARATED": "CMYK", "PALETTE": "P"}.get(photometric, photometric))
        _check_size(source, page.imagewidth, page.imagelength)
        if photometric == "YCBCR" or page.compression not in (1, 8, 32946, 32773):
            return _read_pillow(source, kind)
        stored = page.asarray()
        if page.planarconfig == 2 and stored.ndim == 3:
            stored = np.moveaxis(stored, 0, -1)
        if stored.dtype not in LARGEST:
            _refuse(source, f"{stored.dtype} samples")
        tags = {code: page.tags[code].value for code in (34675, 700) if code in page.tags}
        found = page.tags.get(_ORIENTATION)
        orientation = 1 if found is None else int(found.value)
        dpi = _dots_per_inch(page)
        exif = _exif_of(source) if 34665 in page.tags or 34853 in page.tags else None
    carried = Carried(
        icc=bytes(tags[34675]) if 34675 in tags else None,
        xmp=bytes(tags[700]) if 700 in tags else None,
        exif=exif, dots_per_inch=dpi, container=kind,
    )  # fmt: skip
    return stored, orientation if orientation in range(1, 9) else 1, carried


def _exif_of(source: Path) -> bytes | None:
    """Return the EXIF of a TIFF, whose own tags it lies among, as a block of its own."""
    from PIL import Image

    with _opened(source, "tiff") as image:
        found = image.getexif()
        own = Image.Exif()
        for tag in (0x010E, 0x010F, 0x0110, 0x0112, 0x0131, 0x0132, 0x013B, 0x8298):
            if tag in found:
                own[tag] = found[tag]
        for ifd in (0x8769, 0x8825):
            part = found.get_ifd(ifd)
            if part:
                own.get_ifd(ifd).update(part)
        return own.tobytes().removeprefix(b"Exif\x00\x00") or None


def _dots_per_inch(page: Any) -> tuple[float, float] | None:
    unit = page.tags.get(296)
    if unit is None or 282 not in page.tags or 283 not in page.tags:
        return None
    factor = {2: 1.0, 3: 2.54}.get(int(unit.value))
    if factor is None:
        return None
    x, y = (page.tags[code].value for code in (282, 283))
    return factor * x[0] / max(x[1], 1), factor * y[0] / max(y[1], 1)


def _read_heif(source: Path, kind: str) -> tuple[NDArray[Any], int, Carried]:
    try:
        import pillow_heif
    except ImportError as error:
        remedy = 'Install the reader: pip install "smpengine[heic]".'
        rule = "be a JPEG, PNG or TIFF here"
        raise InputError(must(str(source), rule, "a HEIC", remedy=remedy)) from error
    image = pillow_heif.open_heif(source, convert_hdr_to_8bit=False)
    _check_size(source, *image.size)
    info = image.info
    exif = info.get("exif")
    # libheif has turned the picture already, whatever EXIF says.
    exif = with_orientation(exif.removeprefix(b"Exif\x00\x00"), 1) if exif else None
    carried = Carried(
        icc=info.get("icc_profile"),
        exif=exif,
        xmp=info.get("xmp") or None, container=kind,
    )  # fmt: skip
    return np.asarray(image), 1, carried
