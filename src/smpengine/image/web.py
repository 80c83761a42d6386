"""Pixels to the bytes that a browser takes.

PNG is the engine's own, exact; JPEG and WebP are small: what is sent while a mouse moves.
"""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, must
from smpengine.image import png
from smpengine.image.write import NOTICE

MEDIA: Final = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
QUALITY: Final = 90
_WEBP_EFFORT: Final = 0
_ICC_FREE_COMMENT: Final = NOTICE.encode("latin-1")


def check_kind(kind: str) -> str:
    """Return a suffix that can be sent.

    Raises
    ------
    InputError
        It is none.
    """
    if kind not in MEDIA:
        raise InputError(must("format", f"be one of {', '.join(MEDIA)}", repr(kind[:20])))
    return kind


def encode(image: NDArray[np.uint8], kind: str, threads: int = 1) -> bytes:
    """Return a picture as PNG, JPEG or WebP that says what it is.

    Parameters
    ----------
    image
        Uint8 (height, width, 3).
    kind
        "png", "jpg" or "webp".
    threads
        Of PNG.
    """
    if kind == "png":
        return png.encode(image, threads)
    from PIL import Image

    packed = io.BytesIO()
    options: dict[str, Any] = {"quality": QUALITY}
    if kind == "jpg":
        # Colour at full resolution: freckles and red skin bleed otherwise.
        options |= {"subsampling": 0, "comment": _ICC_FREE_COMMENT}
    else:
        options |= {"method": _WEBP_EFFORT}
    Image.fromarray(image).save(packed, {"jpg": "JPEG", "webp": "WEBP"}[kind], **options)
    return packed.getvalue()
