"""Files: what is in them, what they refuse, and that a failure leaves nothing."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import cv2
import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

import smpengine as smp
from smpengine.image.write import NOTICE, check_output, read_metadata, write_image

RNG = np.random.default_rng(1)
PICTURES = {
    "srgb8": RNG.integers(0, 256, (7, 9, 3)).astype(np.uint8),
    "srgb16": RNG.integers(0, 65536, (7, 9, 3)).astype(np.uint16),
    "linear": RNG.uniform(0, 1, (7, 9, 3)).astype(np.float32),
    "absorbance": RNG.uniform(0, 3, (7, 9, 3)).astype(np.float32),
}
CASES = [("png", "srgb8"), ("png", "srgb16")] + [(s, k) for s in ("tif", "npy") for k in PICTURES]


def metadata(kind: str) -> dict[str, object]:
    return {"px_per_mm": 25.0, "output": kind, "plan": {"seed": 7, "name": "Ärmel"}, "seed": 7}


def read(path: Path) -> np.ndarray:
    if path.suffix == ".npy":
        return np.load(path)
    if path.suffix == ".png":
        return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1]
    return iio.imread(path, plugin="tifffile")


@pytest.mark.parametrize(("suffix", "kind"), CASES)
def test_round_trip(tmp_path: Path, suffix: str, kind: str) -> None:
    path = tmp_path / f"picture.{suffix}"
    write_image(path, PICTURES[kind], metadata(kind))
    again = read(path)
    assert again.dtype == PICTURES[kind].dtype
    assert np.array_equal(again, PICTURES[kind])
    found = read_metadata(path)
    assert found["plan"] == {"seed": 7, "name": "Ärmel"}
    assert found["px_per_mm"] == 25.0
    assert found["notice"] == NOTICE
    assert found["version"] == smp.__version__


@pytest.mark.parametrize("kind", ["srgb8", "srgb16"])
def test_png_carries_scale_and_colour_space(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "picture.png"
    write_image(path, PICTURES[kind], metadata(kind))
    with Image.open(path) as image:
        image.load()
        assert image.info["dpi"] == pytest.approx((635.0, 635.0), abs=0.1)
        assert image.info["srgb"] == 0
        assert image.info["Comment"] == NOTICE


def test_tiff_carries_scale_and_profile(tmp_path: Path) -> None:
    path = tmp_path / "picture.tif"
    write_image(path, PICTURES["srgb8"], metadata("srgb8"))
    with tifffile.TiffFile(path) as tiff:
        tags = tiff.pages[0].tags
        assert tags["XResolution"].value == (250, 1)
        assert tags["ResolutionUnit"].value == 3
        profile = ImageCms.getOpenProfile(io.BytesIO(bytes(tags["InterColorProfile"].value)))
        assert "sRGB" in ImageCms.getProfileDescription(profile)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("a.png", "linear", "out must hold linear pixels, which .png cannot, got"),
        ("a.jpg", "srgb8", "out must end in .png, .tif, .tiff, .npy, got"),
        ("a", "srgb8", "out must end in .png, .tif, .tiff, .npy, got"),
        ("none/a.png", "srgb8", "out must be in a folder that exists, got"),
    ],
)
def test_refused_before_rendering(tmp_path: Path, name: str, kind: str, message: str) -> None:
    with pytest.raises((smp.InputError, smp.OutputError)) as caught:
        check_output(tmp_path / name, kind)
    assert str(caught.value).startswith(message)
    assert not list(tmp_path.iterdir())


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(smp.OutputError, match="out must be a file, got the folder"):
        check_output(tmp_path / "a.png", "srgb8")


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.npy"])
def test_a_file_that_cannot_grow_leaves_nothing(tmp_path: Path, name: str) -> None:
    """A limit on file size fails a write as a full disk does."""
    (tmp_path / name).write_bytes(b"old")
    code = (
        "import resource, signal, sys, numpy as np\n"
        "from smpengine.image.write import write_image\n"
        "picture = np.random.default_rng(0).integers(0, 256, (300, 300, 3)).astype(np.uint8)\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        f"write_image({str(tmp_path / name)!r}, picture, {{'px_per_mm': 1, 'output': 'srgb8'}})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "could not be written: File too large. Nothing was left behind." in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == b"old"


def test_foreign_files_have_no_metadata(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(3))
    (tmp_path / "a.npy.json").write_text(json.dumps({"other": 1}))
    with pytest.raises(smp.InputError, match="be a file that smpengine wrote"):
        read_metadata(tmp_path / "a.npy")
