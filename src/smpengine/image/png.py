"""Pixels to PNG: rows predicted by the mean of left and above, then Huffman codes alone.

Dithered skin repeats nothing, so looking for repeats costs most of the time and gains nothing:
codes alone are smaller than any level of deflate, in a fifth of Pillow's time. What is mostly
flat (a layer of pigment, a mask) is deflated as usual. Rows are packed in bands of a size of their
own, by several threads where there are several bands; the bytes are the same.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.workers import Workers, thread_count

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_BAND_BYTES: Final = 2**21
_COLOURS: Final = {1: 0, 2: 4, 3: 2, 4: 6}
_MEAN: Final = 3  # PNG's filter "average"
_FLAT: Final = 0.8
"""Of predicted bytes that are right: with more of them repeats are shorter than codes alone, which
cannot be under a bit a byte. Noise of as few levels as dither has is as long either way here."""
_RAW: Final = -15
_HEADER: Final = b"\x78\x01"

Bytes = NDArray[np.uint8]


def encode(image: NDArray[Any], threads: int | None = None) -> bytes:
    """Return a picture as the bytes of a PNG, without any word about it.

    Parameters
    ----------
    image
        Uint8 or uint16, (height, width) or (height, width, 1 to 4): grey, grey with alpha, sRGB,
        sRGB with alpha.
    threads
        Number of threads; NUMBA_NUM_THREADS or the cores when None.
    """
    channels = 1 if image.ndim == 2 else image.shape[2]
    height, width = image.shape[:2]
    deep = image.dtype == np.uint16
    stored = image.astype(">u2") if deep else np.ascontiguousarray(image)
    rows = stored.reshape(height, width * channels).view(np.uint8)
    step = channels * (2 if deep else 1)
    many = max(_BAND_BYTES // rows.shape[1], 1)
    starts = range(0, height, many)
    packed = [b""] * len(starts)
    sums = [(1, 0)] * len(starts)
    flat = _is_flat(rows, step)

    def work(band: int, _: None) -> None:
        first = starts[band]
        predicted = _predicted(rows, first, min(first + many, height), step)
        packed[band] = _packed(predicted, flat, first + many >= height)
        sums[band] = zlib.adler32(predicted.data), predicted.size

    Workers(thread_count(threads)).each(len(starts), work, lambda: None)
    head = struct.pack(">IIBBBBB", width, height, 16 if deep else 8, _COLOURS[channels], 0, 0, 0)
    packed[0] = _HEADER + packed[0]
    packed[-1] += struct.pack(">I", _joined(sums))
    parts = [chunk(b"IHDR", head), *(chunk(b"IDAT", part) for part in packed), chunk(b"IEND", b"")]
    return SIGNATURE + b"".join(parts)


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk (PNG specification, 5.3)."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _predicted(rows: Bytes, first: int, last: int, step: int) -> Bytes:
    """Return rows less the mean of left and above, each behind the number of its filter."""
    count, size = last - first, rows.shape[1]
    around = np.zeros((count + 1, size + step), np.uint8)
    around[1:, step:] = rows[first:last]
    if first:
        around[0, step:] = rows[first - 1]
    left, above = around[1:, :-step], around[:-1, step:]
    out = np.empty((count, size + 1), np.uint8)
    out[:, 0] = _MEAN
    np.subtract(rows[first:last], _mean(left, above), out=out[:, 1:])
    return out


def _mean(one: Bytes, other: Bytes) -> Bytes:
    """Return the mean of two bytes, rounded down, without a ninth bit."""
    mean: Bytes = (one & other) + ((one ^ other) >> 1)
    return mean


def _is_flat(rows: Bytes, step: int) -> bool:
    """Tell whether most of a picture is what its neighbours foretell, by every so many rows."""
    some = np.arange(0, len(rows), max(len(rows) // 64, 1))
    here, above = np.zeros((2, len(some), rows.shape[1] + step), np.uint8)
    here[:, step:] = rows[some]
    above[some > 0, step:] = rows[some[some > 0] - 1]
    right = here[:, step:] == _mean(here[:, :-step], above[:, step:])
    return bool(np.count_nonzero(right) > _FLAT * right.size)


def _packed(predicted: Bytes, flat: bool, last: bool) -> bytes:
    from zlib_ng import zlib_ng

    strategy = zlib_ng.Z_DEFAULT_STRATEGY if flat else zlib_ng.Z_HUFFMAN_ONLY
    packer = zlib_ng.compressobj(6 if flat else 1, zlib_ng.DEFLATED, _RAW, 8, strategy)
    data: bytes = packer.compress(predicted)
    # A full flush ends at a byte and forgets what came before, so bands can be joined.
    return data + packer.flush(zlib_ng.Z_FINISH if last else zlib_ng.Z_FULL_FLUSH)


def _joined(sums: list[tuple[int, int]]) -> int:
    """Return Adler-32 of parts put together, from that of each and its length (RFC 1950)."""
    base = 65521
    low, high = 1, 0
    for part, size in sums:
        first, second = part & 0xFFFF, part >> 16
        high = (high + second + size * (low - 1)) % base
        low = (low + first - 1) % base
    return (high << 16) | low
