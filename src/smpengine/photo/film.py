"""Stages of a treatment one after the other: a film as .mp4, .webp or .gif."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from smpengine.errors import InputError, must
from smpengine.files import check_target, write_files
from smpengine.photo.caption import plate, put, text_px
from smpengine.photo.shown import (
    SIMULATED,
    UInt8Array,
    UInt16Array,
    check_longest,
    check_shown,
    fade,
    light_of,
    picture_of,
    shrunk,
)

LONGEST_PX: Final = {".mp4": 1920, ".webp": 1280, ".gif": 720}
"""What the longer side has at most where nothing else is said."""
_FPS: Final = {".mp4": 30.0, ".webp": 20.0, ".gif": 12.5}
_SHORTEST_S, _LONGEST_S = 0.02, 3600.0


@dataclass(frozen=True)
class Shot:
    """A picture of a film, and how long it stays.

    Attributes
    ----------
    picture
        uint8 (H, W, 3), sRGB.
    ticks
        Frames that it stays for, 1 / fps seconds each.
    """

    picture: UInt8Array
    ticks: int


@dataclass(frozen=True)
class Script:
    """How a film runs.

    Attributes
    ----------
    labels
        What is said in the corner, stage by stage.
    still_ticks, fade_ticks
        Frames of a stage that stays, and of a fade to the next.
    fps
        Frames a second.
    longest_px
        Of the longer side.
    """

    labels: tuple[str, ...]
    still_ticks: int
    fade_ticks: int
    fps: float
    longest_px: int

    @property
    def shots(self) -> int:
        """Return how many pictures `shots_of` gives."""
        return len(self.labels) + (len(self.labels) - 1) * self.fade_ticks

    @property
    def ticks(self) -> list[int]:
        """Return how long each of them stays."""
        between = [self.still_ticks] + [1] * self.fade_ticks
        return (between * len(self.labels))[: self.shots]


def write_film(
    path: str | Path,
    frames: Iterable[UInt8Array],
    labels: Sequence[str],
    *,
    seconds_each: float = 2.0,
    fps: float | None = None,
    crossfade_s: float = 0.8,
    longest_px: int | None = None,
) -> None:
    """Write a film of stages that fade into each other.

    Parameters
    ----------
    path
        Its suffix chooses: .mp4 (H.264; the extra `video`), .webp or .gif, which play for ever.
    frames
        Stages, uint8 (H, W, 3), sRGB, of one size. They may come from a generator: two are held at
        a time.
    labels
        One for each stage, burnt into a corner; the other says that the picture is simulated.
    seconds_each
        How long a stage stays.
    fps
        Frames a second; by the format when None: 30, 20, 12.5.
    crossfade_s
        How long a fade lasts, 0 for none. Fades mix light, not codes.
    longest_px
        Larger pictures are made so small; by the format when None: 1920, 1280, 720.

    Raises
    ------
    InputError
        Another suffix, a missing library, or frames and labels that do not fit.
    OutputError
        It could not be written; nothing was left behind.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in LONGEST_PX:
        raise InputError(must("path", f"end in {', '.join(LONGEST_PX)}", repr(str(path))))
    check_longest(longest_px)
    script = _script(suffix, labels, seconds_each, fps, crossfade_s, longest_px)
    if suffix == ".mp4":
        from smpengine.photo.film_mp4 import check_library, write
    elif suffix == ".gif":
        from smpengine.photo.film_gif import check_library, write
    else:
        from smpengine.photo.film_webp import check_library, write
    check_library()
    check_target(target, "path")
    write_files({target: lambda name: write(name, shots_of(frames, script), script)})


def _script(
    suffix: str,
    labels: Sequence[str],
    seconds_each: float,
    fps: float | None,
    crossfade_s: float,
    longest_px: int | None,
) -> Script:
    """Return how a film runs.

    Raises
    ------
    InputError
        A number is out of range.
    """
    rate = _FPS[suffix] if fps is None else fps
    most = 50.0 if suffix == ".gif" else 120.0  # browsers slow down GIFs that are faster
    for name, value, low, high in (
        ("fps", rate, 1.0, most),
        ("seconds_each", seconds_each, _SHORTEST_S, _LONGEST_S),
        ("crossfade_s", crossfade_s, 0.0, _LONGEST_S),
    ):
        if not (math.isfinite(value) and low <= value <= high):
            raise InputError(must(name, f"be {low:g} to {high:g}", value))
    if not labels:
        raise InputError(must("labels", "name at least one stage", "none"))
    still, between = max(round(seconds_each * rate), 1), round(crossfade_s * rate)
    words = tuple(str(label) for label in labels)
    return Script(words, still, between, rate, longest_px or LONGEST_PX[suffix])


def shots_of(frames: Iterable[UInt8Array], script: Script) -> Iterator[Shot]:
    """Give the pictures of a film in order, captions burnt in.

    Raises
    ------
    InputError
        Frames differ in size, or are fewer or more than the labels.
    """
    last: UInt16Array | None = None
    shape: tuple[int, ...] | None = None
    names, steps, done = script.labels, script.fade_ticks, 0
    rule = f"be as many as labels, {len(names)}"
    for k, frame in enumerate(frames):
        if k == len(names):
            raise InputError(must("frames", rule, "more"))
        whole = check_shown(f"frames[{k}]", frame, shape, "frames[0]")
        shape = whole.shape
        light = light_of(shrunk(whole, script.longest_px))
        for step in range(steps if last is not None else 0):
            share = _eased((step + 1) / (steps + 1))
            mixed = fade(cast(UInt16Array, last), light, share)
            yield Shot(_signed(mixed, names[k - 1 if share < 0.5 else k]), 1)
        yield Shot(_signed(picture_of(light), names[k]), script.still_ticks)
        last, done = light, k + 1
    if done < len(names):
        raise InputError(must("frames", rule, done))


def _eased(t: float) -> float:
    """Return t with a slope of 0 at both ends: smoothstep."""
    return t * t * (3.0 - 2.0 * t)


def _signed(picture: UInt8Array, label: str) -> UInt8Array:
    """Burn a stage's label and the notice into a picture, in place."""
    height, width = picture.shape[:2]
    size = text_px(height, width)
    notice = plate(SIMULATED, round(0.8 * size), width)
    put(picture, notice, "bottom right")
    if label:
        put(picture, plate(label, size, max(width - notice.width, width // 3)), "bottom left")
    return picture
