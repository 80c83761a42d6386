"""Films as .mp4: H.264, by PyAV, tagged with its colours."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from smpengine.errors import InputError

if TYPE_CHECKING:
    from smpengine.photo.film import Script, Shot
    from smpengine.photo.shown import UInt8Array

_BT709 = 1  # colour primaries, transfer and matrix: ITU-T H.273, tables 2 to 4
_THREADS = "4"  # their number changes the bits, so it is not the machine's
_OPTIONS = {"crf": "17", "preset": "medium", "threads": _THREADS, "tune": "stillimage"}


def check_library() -> None:
    """Refuse where PyAV is missing.

    Raises
    ------
    InputError
        With the command that installs it.
    """
    try:
        import av  # noqa: F401
    except ImportError as error:
        remedy = "Install it: pip install 'smpengine[video]', or write .webp or .gif."
        raise InputError(f".mp4 needs PyAV, which is not installed. {remedy}") from error


def write(name: Path, shots: Iterator[Shot], script: Script) -> None:
    """Write the film.

    Raises
    ------
    OSError
        The encoder could not write.
    """
    import av

    try:
        # The index comes first, so that a film begins to play before all of it is there.
        with av.open(str(name), "w", options={"movflags": "+faststart"}) as file:
            stream = None
            tick = 0
            for shot in shots:
                picture = _even(shot.picture)
                if stream is None:
                    rate = Fraction(script.fps).limit_denominator(1001)
                    stream = file.add_stream("libx264", rate=rate, options=_OPTIONS)
                    stream.height, stream.width = picture.shape[:2]
                    stream.pix_fmt = "yuv420p"
                    stream.gop_size = max(round(2.0 * script.fps), 1)
                    stream.bit_rate = 0  # what is asked for is quality
                    context = stream.codec_context
                    context.color_primaries = context.color_trc = context.colorspace = _BT709
                    context.color_range = 1  # 16 to 235
                frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(
                    format="yuv420p",
                    src_colorspace="ITU709",
                    dst_colorspace="ITU709",
                    src_color_range="JPEG",
                    dst_color_range="MPEG",
                    interpolation="AREA",
                )
                for _ in range(shot.ticks):
                    frame.pts, frame.time_base = tick, 1 / rate
                    file.mux(stream.encode(frame))
                    tick += 1
            if stream is not None:
                file.mux(stream.encode(None))
    except av.error.FFmpegError as error:
        raise OSError(error.errno, error.strerror) from error


def _even(picture: UInt8Array) -> UInt8Array:
    """Repeat the last row and column where a side is odd: colour is halved, and needs pairs."""
    odd = picture.shape[0] % 2, picture.shape[1] % 2
    return np.pad(picture, ((0, odd[0]), (0, odd[1]), (0, 0)), "edge") if any(odd) else picture
