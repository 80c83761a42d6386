"""Ways to encode the engine's skin: processor time in milliseconds, least of several, and bytes.

    python benchmarks/encoders.py [--side 512]

Lossless but for JPEG. What `smpengine` writes is the first line.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import smpengine as smp
from smpengine.image import png

PX_PER_MM = 40.0


def skin(side: int, complexion: bool) -> NDArray[np.uint8]:
    """Return a picture of treated skin."""
    side_mm = side / PX_PER_MM
    table: dict[str, Any] = {"version": 1, "treatment": "natural", "seed": 1,
                             "scalp": {"extent_mm": [side_mm, side_mm]}}  # fmt: skip
    if complexion:
        table |= {"skin": {"type": "III-IV", "complexion": {}}, "light": {}}
    return smp.render(smp.Plan.from_dict(table).scene(), PX_PER_MM, device="cpu")


def ways(image: NDArray[np.uint8]) -> dict[str, Callable[[], Any]]:
    """Return what encodes it, by name."""
    import cv2
    import imagecodecs
    import imageio.v3 as iio
    import tifffile

    def opencv(strategy: int) -> Any:
        return cv2.imencode(".png", image, [cv2.IMWRITE_PNG_STRATEGY, strategy])[1]

    def tiff(compression: str) -> bytes:
        room = io.BytesIO()
        tifffile.imwrite(room, image, photometric="rgb", compression=compression, predictor=True,
                         maxworkers=1)  # fmt: skip
        return room.getvalue()

    return {
        "smpengine.image.png": lambda: png.encode(image, 1),
        "PNG, imageio (Pillow), level 1": lambda: iio.imwrite(
            "<bytes>", image, plugin="pillow", extension=".png", compress_level=1),
        "PNG, imageio (Pillow), level 4": lambda: iio.imwrite(
            "<bytes>", image, plugin="pillow", extension=".png", compress_level=4),
        "PNG, OpenCV, Huffman alone": lambda: opencv(cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY),
        "PNG, OpenCV, run lengths": lambda: opencv(cv2.IMWRITE_PNG_STRATEGY_RLE),
        "PNG, imagecodecs, level 1": lambda: imagecodecs.png_encode(image, level=1),
        "TIFF, zstd, differences": lambda: tiff("zstd"),
        "TIFF, deflate, differences": lambda: tiff("zlib"),
        "JPEG XL, lossless, effort 1": lambda: imagecodecs.jpegxl_encode(
            image, lossless=True, effort=1, numthreads=1),
        "WebP, lossless": lambda: imagecodecs.webp_encode(image, level=0, lossless=True),
        "QOI": lambda: imagecodecs.qoi_encode(image),
        "zstd 3, no prediction": lambda: imagecodecs.zstd_encode(image.tobytes(), level=3),
        "JPEG 92 (lossy)": lambda: imagecodecs.jpeg8_encode(image, level=92),
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    import cv2

    cv2.setNumThreads(1)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--side", type=int, default=512)
    side: int = parser.parse_args().side
    runs = 11 if side <= 1024 else 3
    pictures = [skin(side, False), skin(side, True)]
    print(f"{side} x {side}{'':24s} even skin            complexion")
    for name in ways(pictures[0]):
        said = f"{name:34s}"
        for image in pictures:
            encode, times, size = ways(image)[name], [], 0
            for _ in range(runs):
                start = time.process_time()
                size = len(encode())
                times.append(1e3 * (time.process_time() - start))
            said += f"{min(times):8.1f} ms {size / 1e3:7.0f} kB"
        print(said, flush=True)


if __name__ == "__main__":
    main()
