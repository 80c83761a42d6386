"""What a tiled picture is: sizes, tiles, levels, compression; and what each format can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from smpengine.errors import InputError, must
from smpengine.tiled.pyramid import level_sizes

COMPRESSIONS: Final = {
    "tiff": ("zstd", "deflate", "jpegxl", "none"),
    "zarr": ("zstd", "deflate", "none"),
    "dzi": ("png", "jpeg", "webp"),
}
"""Of each format; the first is the usual one."""
_SUFFIXES: Final = {".tif": "tiff", ".tiff": "tiff", ".zarr": "zarr", ".dzi": "dzi"}
DEPTHS: Final[dict[str, np.dtype[Any]]] = {
    "srgb8": np.dtype(np.uint8),
    "srgb16": np.dtype(np.uint16),
}
_BAND_BYTES: Final = 96 * 2**20
_ROW_BYTES: Final = 512 * 2**20


@dataclass(frozen=True)
class Layout:
    """A picture in tiles: where, how large, how cut and how packed.

    Attributes
    ----------
    target, kind
        What is written, and its format: a key of `COMPRESSIONS`.
    height, width
        In pixels.
    output, tile_px, compression, quality
        As `render_tiled` was asked for.
    px_per_mm, metadata, key
        Scale, what the file says of itself, and a hash of all that decides its bits.
    """

    target: Path
    kind: str
    height: int
    width: int
    output: str
    tile_px: int
    compression: str
    quality: int
    px_per_mm: float
    metadata: Mapping[str, object] = field(default_factory=dict)
    key: str = ""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the pixels."""
        return DEPTHS[self.output]

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """(height, width) of all levels; a DeepZoom picture goes down to one pixel."""
        return level_sizes(self.height, self.width, 1 if self.kind == "dzi" else self.tile_px)

    @property
    def part(self) -> Path:
        """The folder of what is unfinished."""
        return self.target.with_name(self.target.name + ".part")

    @property
    def band_px(self) -> int:
        """Rows rendered at once: whole tiles, so many that memory stays flat."""
        row_bytes = self.tile_px * self.width * 3 * self.dtype.itemsize
        return max(1, _BAND_BYTES // row_bytes) * self.tile_px

    @property
    def bands(self) -> int:
        """How many bands there are."""
        return -(-self.height // self.band_px)

    def check(self) -> None:
        """Refuse what cannot be held in memory.

        Raises
        ------
        InputError
            A single row of tiles is too large.
        """
        row_bytes = self.tile_px * self.width * 3 * self.dtype.itemsize
        if row_bytes > _ROW_BYTES:
            raise InputError(must(
                "tile", f"make rows of at most {_ROW_BYTES >> 20} MiB",
                f"{row_bytes >> 20} MiB for {self.tile_px} x {self.width} px",
                remedy="Choose smaller tiles, fewer px per mm, or windows.",
            ))  # fmt: skip


def kind_of(target: Path, name: str = "out") -> str:
    """Return the format that a suffix names.

    Raises
    ------
    InputError
        None of them.
    """
    kind = _SUFFIXES.get(target.suffix.lower())
    if kind is None:
        raise InputError(must(name, f"end in {', '.join(_SUFFIXES)} for tiles", repr(str(target))))
    return kind


def check_options(
    kind: str, output: str, tile_px: int, compression: str | None, quality: int
) -> str:
    """Return the compression, all options checked.

    Raises
    ------
    InputError
        One of them cannot be had in that format.
    """
    if output not in DEPTHS:
        raise InputError(must("output", "be srgb8 or srgb16 for tiles", repr(output)))
    if kind == "dzi" and output != "srgb8":
        remedy = "Write .tif or .zarr."
        raise InputError(must("output", "be srgb8 for .dzi", repr(output), remedy=remedy))
    if (isinstance(tile_px, bool) or not isinstance(tile_px, int) or tile_px % 16
            or not 16 <= tile_px <= 8192):  # fmt: skip
        raise InputError(must("tile", "be a multiple of 16 from 16 to 8192", repr(tile_px)))
    if isinstance(quality, bool) or not isinstance(quality, int) or not 1 <= quality <= 100:
        raise InputError(must("quality", "be a whole number from 1 to 100", repr(quality)))
    known = COMPRESSIONS[kind]
    used = known[0] if compression is None else compression
    if used not in known:
        raise InputError(must("compression", f"be one of {', '.join(known)} here", repr(used)))
    return used


def need(*modules: str) -> None:
    """Say what to install if a library is missing.

    Raises
    ------
    InputError
        One is not installed.
    """
    import importlib.util

    for module in modules:
        if importlib.util.find_spec(module) is None:
            remedy = 'Install it: pip install "smpengine[tiled]"'
            raise InputError(must(module, "be installed for this format", "none", remedy=remedy))
