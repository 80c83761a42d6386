"""Films as .gif: one palette for all pictures, and dither that stays where it is.

Error diffusion would let a changed pixel change all below it, and palettes of their own would make
still skin flicker from picture to picture. So the palette is of all stages, each pixel is dithered
by its place alone, and what stays the same from one picture to the next is not drawn again.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.photo.shown import UInt8Array

if TYPE_CHECKING:
    from smpengine.photo.film import Script, Shot

_COLOURS: Final = 255  # and one that is transparent
_CLEAR: Final = 255
_BITS: Final = 6  # of a channel, in the table from colours to the palette
_SAMPLES: Final = 20_000  # pixels of a stage that the palette is made of
_BAYER: Final = 8
_DITHER: Final = 12.0  # codes: about as far apart as the palette's colours are


def check_library() -> None:
    """Do nothing: Pillow, which is always there, writes GIF."""


def write(name: Path, shots: Iterator[Shot], script: Script) -> None:
    """Write the film; it plays for ever.

    Pictures wait in a temporary file until the palette, which is of all of them, is known.
    """
    with tempfile.TemporaryFile(dir=name.parent) as waiting:
        samples: list[UInt8Array] = []
        shape: tuple[int, ...] = (0, 0, 3)
        ticks: list[int] = []
        for shot in shots:
            shape = shot.picture.shape
            waiting.write(np.ascontiguousarray(shot.picture).data)
            ticks.append(shot.ticks)
            if shot.ticks > 1 or not samples:  # fades are between colours that are there already
                samples.append(_some(shot.picture))
        palette = _palette(np.concatenate(samples))
        waiting.seek(0)
        with name.open("wb") as file:
            file.write(_header(shape, palette))
            for block in _blocks(waiting, shape, ticks, script.fps, palette):
                file.write(block)
            file.write(b";")


def _blocks(
    waiting: Any, shape: tuple[int, ...], ticks: list[int], fps: float, palette: UInt8Array
) -> Iterator[bytes]:
    """Give the pictures' blocks in order."""
    from PIL import GifImagePlugin, Image

    nearest = _nearest(palette)
    offsets = _offsets(shape)
    before: UInt8Array | None = None
    end, shown = 0.0, 0
    for count in ticks:
        picture = np.frombuffer(waiting.read(int(np.prod(shape))), np.uint8).reshape(shape)
        indices = _indices(picture, offsets, nearest)
        top, left, part = _changed(indices, before)
        end += count * 100.0 / fps
        duration = round(end) - shown  # hundredths of a second, rounded where they end
        shown += duration
        image = Image.frombytes("P", (part.shape[1], part.shape[0]), part.tobytes())
        more: dict[str, Any] = {"duration": 10 * duration, "disposal": 1, "transparency": _CLEAR}
        yield from GifImagePlugin.getdata(image, (left, top), **more)
        before = indices


def _header(shape: tuple[int, ...], palette: UInt8Array) -> bytes:
    """Return what is before the pictures (GIF89a, 17 to 19), and that it plays for ever."""
    screen = struct.pack("<HHBBB", shape[1], shape[0], 0xF7, 0, 0)
    table = palette.tobytes().ljust(768, b"\x00")
    return b"GIF89a" + screen + table + b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"


def _some(picture: UInt8Array) -> UInt8Array:
    """Return pixels of a picture, evenly taken."""
    step = max(int((picture.shape[0] * picture.shape[1] / _SAMPLES) ** 0.5), 1)
    return picture[step // 2 :: step, step // 2 :: step].reshape(-1, 3)


def _palette(samples: UInt8Array) -> UInt8Array:
    """Return at most 255 colours for some pixels, (n, 3), by median cut and then by k-means."""
    from PIL import Image

    row = Image.fromarray(samples[None])
    cut = row.quantize(
        _COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=3, dither=Image.Dither.NONE
    )
    colours = np.array(cut.getpalette(), np.uint8).reshape(-1, 3)
    return colours[: int(np.asarray(cut).max()) + 1]


def _nearest(palette: UInt8Array) -> UInt8Array:
    """Return the palette's index for each colour, 6 bits a channel."""
    from scipy.spatial import cKDTree

    half = 2 ** (8 - _BITS) / 2.0
    levels = np.arange(2**_BITS) * 2.0 * half + half
    cells = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1)
    index: UInt8Array = cKDTree(palette).query(cells.reshape(-1, 3))[1].astype(np.uint8)
    return index


def _offsets(shape: tuple[int, ...]) -> NDArray[np.int16]:
    """Return what is added to a pixel before its colour is looked up, by its place (Bayer)."""
    matrix = np.zeros((1, 1))
    while matrix.shape[0] < _BAYER:
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    centred = (matrix + 0.5) / matrix.size - 0.5
    down, across = -(-shape[0] // _BAYER), -(-shape[1] // _BAYER)
    steps = np.rint(_DITHER * centred).astype(np.int16)
    return np.tile(steps, (down, across))[: shape[0], : shape[1], None]


def _indices(picture: UInt8Array, offsets: NDArray[np.int16], nearest: UInt8Array) -> UInt8Array:
    code = np.clip(picture + offsets, 0, 255).astype(np.int32) >> (8 - _BITS)
    where = (code[..., 0] << (2 * _BITS)) | (code[..., 1] << _BITS) | code[..., 2]
    index: UInt8Array = nearest[where]
    return index


def _changed(indices: UInt8Array, before: UInt8Array | None) -> tuple[int, int, UInt8Array]:
    """Return the box of what changed, and in it what did not as transparent."""
    if before is None:
        return 0, 0, indices
    other = indices != before
    if not other.any():
        return 0, 0, np.full((1, 1), _CLEAR, np.uint8)
    rows, columns = np.flatnonzero(other.any(1)), np.flatnonzero(other.any(0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    part = np.where(other[box], indices[box], _CLEAR).astype(np.uint8)
    return int(rows[0]), int(columns[0]), part
