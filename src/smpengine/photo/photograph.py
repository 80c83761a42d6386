"""`Photograph`: the pixels of a picture as displayed, and all that its file says of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, must
from smpengine.photo import icc
from smpengine.photo.upright import ORIENTATIONS

LARGEST: Final = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}
"""Largest code by dtype."""
MOST_PX: Final = 2**30


@dataclass(frozen=True)
class Carried:
    """What a file holds besides pixels, to be handed on.

    Attributes
    ----------
    icc, exif, xmp
        As they lie in the file (EXIF from its TIFF header on); None where there is none.
    dots_per_inch
        Of the picture, (x, y); None where nothing is said.
    container
        "jpeg", "png", "tiff", "heif" or "array".
    jpeg_tables
        Quantisation tables of a JPEG, by number; None for others.
    jpeg_sampling
        Subsampling of its colour: 0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0; -1 another.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dots_per_inch: tuple[float, float] | None = None
    container: str = "array"
    jpeg_tables: dict[int, list[int]] | None = None
    jpeg_sampling: int = -1


@dataclass(frozen=True, eq=False)
class Photograph:
    """A picture that light has made.

    Parameters
    ----------
    pixels
        As displayed, uint8 or uint16: (height, width, 3), or (height, width) for grey.
    alpha
        (height, width) of the same dtype, or None.
    orientation
        How the file stores them, 1 to 8: EXIF's tag 0x0112.
    carried
        The rest of the file.
    path
        The file; None for an array.

    Raises
    ------
    InputError
        The pixels are none that can be lit, or too many.
    """

    pixels: NDArray[Any]
    alpha: NDArray[Any] | None = None
    orientation: int = 1
    carried: Carried = field(default_factory=Carried)
    path: Path | None = None

    def __post_init__(self) -> None:
        pixels, name = self.pixels, self.name
        if not isinstance(pixels, np.ndarray):
            raise InputError(must(name, "be a numpy array", type(pixels).__name__))
        if pixels.dtype not in LARGEST:
            remedy = "Float pictures: give codes, (light * 65535 + 0.5).astype(np.uint16)."
            raise InputError(must(name, "be uint8 or uint16", pixels.dtype, remedy=remedy))
        grey, colour = pixels.ndim == 2, pixels.ndim == 3 and pixels.shape[2] == 3
        if not (grey or colour) or 0 in pixels.shape:
            rule = "have shape (height, width, 3), or (height, width) for grey"
            remedy = ""
            if pixels.ndim == 3 and pixels.shape[2] == 4:
                remedy = "Leave the alpha channel out: photo[..., :3]."
            raise InputError(must(name, rule, f"shape {pixels.shape}", remedy=remedy))
        if pixels.shape[0] * pixels.shape[1] > MOST_PX:
            got = f"{pixels.shape[1]} x {pixels.shape[0]}"
            raise InputError(must(name, f"have at most {MOST_PX:,} pixels", got))
        if self.orientation not in ORIENTATIONS:
            raise InputError(must(f"{name}: orientation", "be 1 to 8", self.orientation))

    def showing(self, pixels: NDArray[Any]) -> Photograph:
        """Return other pixels of the same kind, that mean the same."""
        return replace(self, pixels=pixels)

    @property
    def name(self) -> str:
        """What messages call it."""
        return "photo" if self.path is None else str(self.path)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width as displayed."""
        return self.pixels.shape[0], self.pixels.shape[1]

    @property
    def channels(self) -> int:
        """3, or 1 for grey."""
        return 1 if self.pixels.ndim == 2 else 3

    @property
    def largest(self) -> int:
        """The code of white."""
        return LARGEST[self.pixels.dtype]

    @cached_property
    def profile(self) -> icc.Profile:
        """What the codes mean; sRGB where the file says nothing.

        Raises
        ------
        InputError
            The embedded profile cannot be used.
        """
        if self.carried.icc is not None:
            return icc.read_profile(self.carried.icc, self.channels, self.name)
        if self.channels == 3 and _is_optional_space(self.carried.exif):
            return icc.adobe_rgb()
        return icc.srgb(self.channels)

    @cached_property
    def _light(self) -> NDArray[np.float32]:
        return self.profile.light(self.largest)

    def linear(self, rows: slice = slice(None), step: int = 1) -> NDArray[np.float32]:
        """Return linear sRGB, float32 (rows, columns, 3), of each `step`-th pixel."""
        pixels = self.pixels[rows][::step, ::step].reshape(-1, self.channels)
        light = self._light
        own = np.stack([light[c][pixels[:, c]] for c in range(self.channels)], axis=1)
        shown = own @ self.profile.to_srgb.astype(np.float32).T
        height = len(range(*rows.indices(self.shape[0])))
        return shown.reshape(-(-height // step), -1, 3)

    def srgb8(self) -> NDArray[np.uint8]:
        """Return the picture as 8-bit sRGB, (height, width, 3), to be looked at or measured."""
        plain = self.profile is icc.srgb(self.channels) and self.pixels.dtype == np.uint8
        if plain:
            pixels = self.pixels
            return np.repeat(pixels[..., None], 3, 2) if pixels.ndim == 2 else pixels.copy()
        table = icc.srgb().codes(255)[0]
        rows = max(2**20 // self.shape[1], 1)
        parts = []
        for row in range(0, self.shape[0], rows):
            light = np.clip(self.linear(slice(row, row + rows)), 0.0, 1.0)
            index = np.round(np.sqrt(light) * icc.SQUARES).astype(np.int64)
            parts.append((table[index] + 0.5).astype(np.uint8))
        return np.concatenate(parts)


def _is_optional_space(exif: bytes | None) -> bool:
    """Tell whether EXIF says Adobe RGB in DCF's words: interoperability index R03."""
    if exif is None:
        return False
    from PIL import Image

    found = Image.Exif()
    found.load(exif)
    return str(found.get_ifd(0xA005).get(1, "")).strip("\0 ") == "R03"
