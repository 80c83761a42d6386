"""Masks, reviews and pairs to files, which say where they come from."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, must
from smpengine.files import check_target, write_files
from smpengine.image.write import NOTICE, software
from smpengine.photo.masks import Float32Array, check_mask
from smpengine.photo.shown import UInt8Array, check_shown

_QUALITY: Final = 92
_KINDS: Final = (".jpg", ".jpeg", ".png", ".webp")
_DESCRIPTION, _SOFTWARE = 0x010E, 0x0131  # TIFF 6.0 tags that EXIF shares
_MASK_TEXT: Final = "Mask of a treatment: white is treated wholly, black is not."


def check_shown_file(path: str | Path, name: str = "out") -> Path:
    """Say before the work whether a picture to look at can be written there.

    Raises
    ------
    InputError
        The suffix is unknown.
    OutputError
        Its folder does not exist or cannot be written to.
    """
    target = Path(path)
    if target.suffix.lower() not in _KINDS:
        raise InputError(must(name, f"end in {', '.join(_KINDS)}", repr(str(path))))
    check_target(target, name)
    return target


def write_shown(path: str | Path, picture: UInt8Array, text: str = NOTICE) -> None:
    """Write a picture to look at, all of it or nothing.

    Parameters
    ----------
    path
        .jpg (quality 92, 4:4:4), .png or .webp (both without loss).
    picture
        uint8 (H, W, 3), sRGB.
    text
        What the file says of itself, besides the version that made it.

    Raises
    ------
    InputError, OutputError
        As `check_shown_file`; it is no picture; or it could not be written.
    """
    from PIL import Image

    target = check_shown_file(path)
    shown = check_shown("picture", picture)
    kind = target.suffix.lower()
    if kind == ".png":
        _save(target, shown, "png", {"pnginfo": _png_text(text), "compress_level": 6})
        return
    exif = Image.Exif()
    exif[_DESCRIPTION], exif[_SOFTWARE] = text, software()
    if kind == ".webp":
        _save(target, shown, "webp", {"lossless": True, "quality": 60, "exif": exif})
    else:
        _save(target, shown, "jpeg", {"quality": _QUALITY, "subsampling": 0, "exif": exif})


def check_mask_file(path: str | Path, name: str = "out") -> Path:
    """Say before the work whether a mask can be written there.

    Raises
    ------
    InputError
        It does not end in .png.
    OutputError
        Its folder does not exist or cannot be written to.
    """
    target = Path(path)
    if target.suffix.lower() != ".png":
        raise InputError(must(name, "end in .png", repr(str(path))))
    check_target(target, name)
    return target


def write_mask(path: str | Path, mask: NDArray[np.bool_] | Float32Array, bits: int = 8) -> None:
    """Write a mask as a grey PNG, all of it or nothing.

    Parameters
    ----------
    path
        Ends in .png.
    mask
        bool, or float 0 to 1, (H, W).
    bits
        8, which every program reads, or 16.

    Raises
    ------
    InputError, OutputError
        As `check_mask_file`; it is no mask; or it could not be written.
    """
    target = check_mask_file(path)
    if bits not in (8, 16):
        raise InputError(must("bits", "be 8 or 16", bits))
    share = check_mask(mask)
    dtype, top = (np.uint8, 255) if bits == 8 else (np.uint16, 65535)
    codes = np.rint(share * np.float32(top)).astype(dtype)
    _save(target, codes, "png", {"pnginfo": _png_text(_MASK_TEXT), "compress_level": 6})


def _save(target: Path, pixels: NDArray[Any], kind: str, how: dict[str, Any]) -> None:
    from PIL import Image

    # Into memory first: an encoder that meets a full disk does not always say so.
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **how)
    write_files({target: lambda name: name.write_bytes(file.getvalue())})


def _png_text(text: str) -> Any:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Comment", text)
    info.add_text("Software", software())
    return info
