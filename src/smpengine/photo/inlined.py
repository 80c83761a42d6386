"""What pages that are handed out share: pictures inside the page, and templates."""

from __future__ import annotations

import base64
import io
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from smpengine.errors import InputError, must
from smpengine.photo.shown import UInt8Array

if TYPE_CHECKING:
    from jinja2 import Environment

PictureKind = Literal["jpeg", "png", "webp"]
KINDS: Final[tuple[PictureKind, ...]] = ("jpeg", "png", "webp")
_SAVED: Final[dict[str, dict[str, Any]]] = {
    # 4:4:4: dots of a pixel or two lose their edge where colour is halved.
    "jpeg": {"quality": 92, "subsampling": 0, "optimize": True},
    "png": {"compress_level": 6},
    "webp": {"lossless": True, "quality": 60},
}


def check_kind(kind: str) -> None:
    """Refuse a kind of picture that a page cannot hold.

    Raises
    ------
    InputError
        It is none of `KINDS`.
    """
    if kind not in KINDS:
        raise InputError(must("kind", f"be one of {', '.join(KINDS)}", repr(kind)))


def inlined(picture: UInt8Array, kind: PictureKind) -> str:
    """Return a picture as a data URL (RFC 2397).

    Parameters
    ----------
    picture
        uint8 (H, W, 3), sRGB.
    kind
        "jpeg" at quality 92 without halved colour, or without loss "png" or "webp".
    """
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **_SAVED[kind])
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # A title may hold whatever a person types: everything is escaped, and no gap stays silent.
    return Environment(
        loader=PackageLoader("smpengine.photo", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def filled(template: str, **values: object) -> str:
    """Return a page: a template of this package with its values, all of them escaped."""
    return _templates().get_template(template).render(**values)
