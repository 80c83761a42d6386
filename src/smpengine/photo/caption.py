"""Words in pictures, in Pillow's own font: a strip of them, or a plate in a corner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from smpengine.photo.shown import UInt8Array

if TYPE_CHECKING:
    from PIL import Image

Corner = Literal["bottom left", "bottom right"]

PAPER: Final = (250, 249, 247)
INK: Final = (38, 36, 34)
_FAINT: Final = (120, 116, 111)
_PLATE: Final = (18, 17, 16, 168)
_WHITE: Final = (255, 255, 255, 255)


def text_px(height: int, width: int) -> int:
    """Return how high letters are in a picture of that size: legible, and not in the way."""
    return int(np.clip(round(0.026 * min(height, width)), 11, 96))


def plate(text: str, size_px: int, room_px: int) -> Image.Image:
    """Return words on a dark plate with round corners, RGBA; cut with dots where too long."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=size_px)
    pad = round(0.55 * size_px)
    words = fitted(text, size_px, room_px - 2 * pad)
    wide = round(font.getlength(words)) + 2 * pad
    image = Image.new("RGBA", (max(wide, 1), round(2.0 * size_px)), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    box = (0, 0, image.width - 1, image.height - 1)
    draw.rounded_rectangle(box, round(0.35 * size_px), fill=_PLATE)
    draw.text((pad, image.height / 2), words, font=font, fill=_WHITE, anchor="lm")
    return image


def fitted(text: str, size_px: int, room_px: float) -> str:
    """Return the text, or as much of it as there is room for, with dots after it."""
    from PIL import ImageFont

    font = ImageFont.load_default(size=size_px)
    words = " ".join(text.split())
    if font.getlength(words) <= room_px:
        return words
    while words and font.getlength(words + "\u2026") > room_px:
        words = words[:-1]
    return words.rstrip() + "\u2026"


def put(picture: UInt8Array, sign: Image.Image, corner: Corner) -> None:
    """Lay a plate over a corner of a picture, in place."""
    margin = max(sign.height // 4, 2)
    height, width = picture.shape[:2]
    tall, wide = min(sign.height, height), min(sign.width, width)
    top = max(height - tall - margin, 0)
    left = min(margin, width - wide) if corner == "bottom left" else max(width - wide - margin, 0)
    rgba = np.asarray(sign)[:tall, :wide].astype(np.float32)
    cover = rgba[..., 3:] / 255.0
    part = picture[top : top + tall, left : left + wide]
    part[...] = np.rint(part * (1.0 - cover) + rgba[..., :3] * cover).astype(np.uint8)


def strip(width: int, size_px: int, left: str, right: str) -> UInt8Array:
    """Return a strip of paper with words at its left, and smaller ones at its right.

    Parameters
    ----------
    width
        Of the strip, px.
    size_px
        Height of the letters.
    left, right
        What it says. The right one is whole, in smaller letters where it must be; what there is no
        room for is cut from the left one.
    """
    from PIL import Image, ImageDraw, ImageFont

    pad = round(0.6 * size_px)
    image = Image.new("RGB", (width, round(2.2 * size_px)), PAPER)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=size_px)
    taken = 0.0
    middle = image.height / 2
    if right:
        small = ImageFont.load_default(size=0.8 * size_px)
        most = max(0.6 * (width - 2 * pad), 1.0)
        if small.getlength(right) > most:
            small = ImageFont.load_default(size=0.8 * size_px * most / small.getlength(right))
        draw.text((width - pad, middle), right, font=small, fill=_FAINT, anchor="rm")
        taken = small.getlength(right) + pad
    words = fitted(left, size_px, width - 2 * pad - taken)
    draw.text((pad, middle), words, font=font, fill=INK, anchor="lm")
    return np.asarray(image)
