"""PNGs hold what was put in, whole, and small."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

import smpengine as smp
from smpengine.image import huffman, png


def skin(px_per_mm: float = 40.0, output: str = "srgb8") -> NDArray[Any]:
    table = {"version": 1, "treatment": "natural", "scalp": {"extent_mm": [8, 6]}}
    return smp.render(smp.Plan.from_dict(table).scene(), px_per_mm, output=output)


def streams(data: bytes) -> tuple[bytes, bytes]:
    """Return IHDR and all of IDAT, every chunk's sum checked."""
    assert data.startswith(png.SIGNATURE)
    at, head, packed = 8, b"", b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size])[0] == zlib.crc32(
            kind + body
        )
        head, packed = (body if kind == b"IHDR" else head), packed + body * (kind == b"IDAT")
        at += 12 + size
    assert data[-8:-4] == b"IEND"
    return head, packed


def decoded(data: bytes, like: NDArray[Any]) -> NDArray[Any]:
    """Return pixels as OpenCV, which checks them by libpng, reads them."""
    _, packed = streams(data)
    size = like.nbytes + like.shape[0]
    assert len(zlib.decompress(packed)) == size  # and its Adler-32 is right
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert read is not None
    if read.ndim == 3:
        read = read[..., [2, 1, 0, 3][: read.shape[2]]]
    return np.asarray(read)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40), st.integers(1, 40), st.sampled_from([0, 1, 3, 4]),
    st.sampled_from([np.uint8, np.uint16]), st.integers(0, 2**32 - 1), st.integers(1, 600),
    st.sampled_from([2, 256]),
)  # fmt: skip
def test_every_kind_of_picture_comes_back(
    height: int, width: int, channels: int, dtype: Any, seed: int, band: int, most: int
) -> None:
    shape = (height, width, channels) if channels else (height, width)
    image = np.random.default_rng(seed).integers(0, most, shape).astype(dtype) * dtype(most - 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(png, "_BAND_BYTES", band)
        data = png.encode(image)
        assert png.encode(image, 1) == data
    assert (
        decoded(data, image) == image.reshape(image.shape[:2] if channels == 1 else shape)
    ).all()


def test_grey_with_alpha_comes_back() -> None:
    image = np.random.default_rng(1).integers(0, 256, (9, 7, 2), dtype=np.uint8)
    with Image.open(io.BytesIO(png.encode(image))) as read:
        assert read.mode == "LA"
        assert (np.asarray(read) == image).all()


def test_skin_is_smaller_than_by_deflate_at_any_level() -> None:
    image = skin()
    for level in (1, 4, 9):
        room = io.BytesIO()
        Image.fromarray(image).save(room, "PNG", compress_level=level)
        assert len(png.encode(image)) < len(room.getvalue())


def test_what_is_flat_is_deflated() -> None:
    image = np.zeros((400, 500, 4), np.uint8)
    image[100:200, 100:300] = (10, 20, 30, 128)
    room = io.BytesIO()
    Image.fromarray(image).save(room, "PNG", compress_level=6)
    assert len(png.encode(image)) < 2 * len(room.getvalue())
    assert (decoded(png.encode(image), image) == image).all()


def test_bands_and_threads_and_views_change_no_byte() -> None:
    image = np.tile(skin(), (4, 8, 1))  # 7.4 MB: several bands
    data = png.encode(image, 1)
    assert png.encode(image, 3) == data
    assert png.encode(np.ascontiguousarray(image[::-1])[::-1], 2) == data
    assert (decoded(data, image) == image).all()
    deep = np.tile(skin(output="srgb16"), (2, 4, 1))
    assert (decoded(png.encode(deep, 2), deep) == deep).all()


def fibonacci() -> NDArray[np.uint8]:
    """Bytes whose codes would be 22 bits long, were none too long."""
    counts = [1, 1]
    while len(counts) < 23:
        counts.append(counts[-1] + counts[-2])
    return np.repeat(np.arange(23), counts).astype(np.uint8)


@pytest.mark.parametrize("size", [1, 2, 5, 1000, 2**17, 2**17 + 1, 300_001])
def test_codes_are_read_by_zlib(size: int) -> None:
    rng = np.random.default_rng(size)
    kinds = [rng.integers(0, 256, size), np.zeros(size), rng.integers(0, 2, size),
             rng.geometric(0.5, size) % 256, np.resize(fibonacci(), size)]  # fmt: skip
    for kind in kinds:
        data = kind.astype(np.uint8)
        assert zlib.decompress(huffman.packed(data, True), -15) == data.tobytes()
        joined = huffman.packed(data, False) + huffman.packed(data[::-1].copy(), True)
        assert zlib.decompress(joined, -15) == data.tobytes() + data[::-1].tobytes()


def test_codes_are_as_short_as_counts_allow() -> None:
    data = np.minimum(np.random.default_rng(1).geometric(0.3, 2**17) - 1, 255).astype(np.uint8)
    counts = np.bincount(data)
    share = counts[counts > 0] / data.size
    least = -(share * np.log2(share)).sum() * data.size / 8
    assert least < len(huffman.packed(data, True)) < 1.02 * least + 200
