"""Films: what they show, how long, and that they leave nothing half-written."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from smpengine.errors import InputError, OutputError
from smpengine.photo.film import Script, shots_of, write_film

HEIGHT, WIDTH = 151, 203
Y, X = np.mgrid[:HEIGHT, :WIDTH]
BASE = np.stack([120 + 60 * np.sin(X / 40.0), 110 + 40 * np.cos(Y / 30.0), 90 + X / 5.0], -1)
STAGE = BASE.astype(np.uint8)
SUFFIXES = [".mp4", ".webp", ".gif"]


def stages(count: int) -> Iterator[np.ndarray[Any, Any]]:
    for k in range(count):
        picture = STAGE.copy()
        picture[30:80, 60:140] = (picture[30:80, 60:140] * (1.0 - 0.25 * k)).astype(np.uint8)
        yield picture


def decoded(path: Path) -> tuple[list[np.ndarray[Any, Any]], list[float]]:
    """Return a film's pictures, and when each begins, s."""
    if path.suffix == ".mp4":
        import av

        with av.open(str(path)) as file:
            frames = list(file.decode(video=0))
        return [f.to_ndarray(format="rgb24") for f in frames], [float(f.time or 0) for f in frames]
    pictures, times, at = [], [], 0.0
    with Image.open(path) as file:
        for k in range(getattr(file, "n_frames", 1)):
            file.seek(k)
            file.load()
            pictures.append(np.asarray(file.convert("RGB")))
            times.append(at)
            at += file.info["duration"] / 1000.0
    return pictures, [*times, at]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_film_shows_its_stages_for_as_long_as_asked(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_film(path, stages(3), ["0", "1", "2"], seconds_each=0.8, crossfade_s=0.4, fps=10.0)
    pictures, times = decoded(path)
    # 3 stages of 0.8 s and 2 fades of 0.4 s.
    end = times[-1] + (0.1 if suffix == ".mp4" else 0.0)
    assert end == pytest.approx(3.2, abs=0.011)
    for begin, wanted in zip((0.0, 1.2, 2.4), stages(3), strict=True):
        k = max(i for i, t in enumerate(times[: len(pictures)]) if t <= begin + 0.05)
        shown = pictures[k][: HEIGHT - 30, :WIDTH].astype(int)  # captions are below
        error = np.abs(shown - wanted[: HEIGHT - 30])
        assert error.mean() < 4.5, (begin, error.mean())
        # Neither lighter nor of another colour: a wrong matrix or range moves means by 4 to 20.
        assert np.abs((shown - wanted[: HEIGHT - 30]).mean((0, 1))).max() < 1.5


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_captions_are_burnt_into_both_corners(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_film(path, [STAGE], ["Session 1"], seconds_each=0.2)
    low = decoded(path)[0][0][-24:, :WIDTH].astype(int)
    plain = STAGE[-24:].astype(int)
    other = np.abs(low[: plain.shape[0]] - plain).sum(-1) > 60
    assert other[:, :80].mean() > 0.2
    assert other[:, -80:].mean() > 0.2


def test_what_stays_the_same_in_a_gif_does_not_flicker(tmp_path: Path) -> None:
    write_film(tmp_path / "a.gif", stages(3), ["x"] * 3, seconds_each=0.2, crossfade_s=0.4)
    pictures, _ = decoded(tmp_path / "a.gif")
    assert len(pictures) == 3 + 2 * 5
    still = np.ones((HEIGHT, WIDTH), bool)
    still[30:80, 60:140] = False
    for picture in pictures[1:]:
        assert (picture[still] == pictures[0][still]).all()
    # One palette for all.
    colours = np.unique(np.concatenate([p.reshape(-1, 3) for p in pictures]), axis=0)
    assert 100 < len(colours) <= 255


def test_frames_come_one_at_a_time_and_none_is_kept() -> None:
    alive: list[weakref.ref[Any]] = []

    def frames() -> Iterator[np.ndarray[Any, Any]]:
        for picture in stages(6):
            alive.append(weakref.ref(picture))
            yield picture
            del picture

    script = Script(("",) * 6, 1, 2, 10.0, 100)
    for _ in shots_of(frames(), script):
        assert sum(ref() is not None for ref in alive) <= 2
    assert len(alive) == 6


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_stages_make_the_same_file(tmp_path: Path, suffix: str) -> None:
    files = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for path in files:
        write_film(path, stages(2), ["a", "b"], seconds_each=0.2, crossfade_s=0.2)
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("error", [KeyboardInterrupt, InputError])
def test_what_ends_early_leaves_nothing(tmp_path: Path, suffix: str, error: Any) -> None:
    def frames() -> Iterator[np.ndarray[Any, Any]]:
        yield from stages(2)
        raise error

    with pytest.raises(error):
        write_film(tmp_path / f"a{suffix}", frames(), ["", "", ""], seconds_each=0.2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full stands for a full disk")
def test_a_full_disk_is_said(tmp_path: Path, suffix: str, monkeypatch: Any) -> None:
    import smpengine.photo.film as film

    def on_full_disk(files: Any) -> None:
        for write in files.values():
            try:
                (tmp_path / f"full{suffix}").symlink_to("/dev/full")
                write(tmp_path / f"full{suffix}")
            except OSError as error:
                raise OutputError(str(error)) from error

    monkeypatch.setattr(film, "write_files", on_full_disk)
    with pytest.raises(OutputError, match="No space left"):
        write_film(tmp_path / f"a{suffix}", stages(2), ["", ""], seconds_each=0.2)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("count", [2, 4])
def test_stages_and_labels_must_be_as_many(tmp_path: Path, suffix: str, count: int) -> None:
    with pytest.raises(InputError, match="frames must be as many as labels, 3"):
        write_film(tmp_path / f"a{suffix}", stages(count), ["", "", ""], seconds_each=0.2)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"path must end in \.mp4, \.webp, \.gif"):
        write_film(tmp_path / "a.avi", stages(1), [""])
    for name, value in (("fps", 0.0), ("seconds_each", float("nan")), ("crossfade_s", -1.0)):
        more: dict[str, Any] = {name: value}
        with pytest.raises(InputError, match=f"{name} must be"):
            write_film(tmp_path / "a.gif", stages(1), [""], **more)
    with pytest.raises(InputError, match="labels must name"):
        write_film(tmp_path / "a.gif", stages(0), [])
    with pytest.raises(InputError, match=r"frames\[1\] must have the size of frames\[0\]"):
        write_film(tmp_path / "a.gif", [STAGE, STAGE[1:]], ["", ""])
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match=r"pip install 'smpengine\[video\]'"):
        write_film(tmp_path / "a.mp4", stages(1), [""])
    assert list(tmp_path.iterdir()) == []
