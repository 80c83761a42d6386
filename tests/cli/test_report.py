"""`smpengine report`, as a person types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

PLAN = 'version = 1\nseed = 3\ntreatment = "natural"\nscalp.extent_mm = [9.0, 7.0]\n'


def run(*arguments: str, cwd: Path, code: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "smpengine.cli", *arguments]
    if code:
        command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plan.toml").write_text(PLAN)
    return tmp_path


def test_a_plan_and_its_picture_have_the_same_verdict(folder: Path) -> None:
    arguments = ("--px-per-mm", "20", "--json", "plan.json", "--page", "plan.png")
    first = run("report", "plan.toml", *arguments, cwd=folder)
    assert first.returncode == 0, first.stderr
    done = run("render", "plan.toml", "-o", "a.png", "--px-per-mm", "20", cwd=folder)
    assert done.returncode == 0
    second = run("report", "a.png", "--json", "a.json", cwd=folder)  # its scale is in the file
    assert second.returncode == 0, second.stderr
    assert second.stdout == first.stdout
    assert (folder / "a.json").read_text() == (folder / "plan.json").read_text()
    found = json.loads((folder / "a.json").read_text())
    assert found["stubble_index"] > 0.9
    assert found["px_per_mm"] == 20.0
    assert all(m["definition"] and m["source"] for m in found["measures"])
    names = [m["name"] for m in found["measures"]]
    assert len(set(names)) == len(names) > 25
    assert iio.imread(folder / "plan.png").shape[:2] == (1754, 1240)


def test_a_photograph_needs_its_scale(folder: Path) -> None:
    image = np.full((90, 90, 3), 120, np.uint8)
    iio.imwrite(folder / "photo.jpg", image)
    missing = run("report", "photo.jpg", cwd=folder)
    assert missing.returncode == 2
    want = "smpengine: --px-per-mm must be given, got none in 'photo.jpg', which this engine"
    assert missing.stderr.startswith(want)
    assert missing.stderr.count("\n") == 1
    done = run("report", "photo.jpg", "--px-per-mm", "15", "--page", "page.pdf", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "page.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.png",), "PICTURE|PLAN must be a file, got 'none.png'."),
        (("a.bmp",), "PICTURE|PLAN must end in .png, .jpg"),
        (("grey.png", "--px-per-mm", "20"), "image must have shape (height, width, 3)"),
        (("alpha.png", "--px-per-mm", "20"), "image must have shape (height, width, 3)"),
        (("deep.png", "--px-per-mm", "20"), "image must"),
        (("broken.png", "--px-per-mm", "20"), "broken.png must be a picture that can be read"),
        (("rgb.png", "--px-per-mm", "0"), "px_per_mm must be 0.1 to 10000 pixels per mm, got 0"),
        (("rgb.png", "--px-per-mm", "nan"), "px_per_mm must be 0.1 to 10000 pixels per mm"),
        (("rgb.png", "--px-per-mm", "200"), "image must be at least 16 pixels and 1 mm wide"),
        (("rgb.png", "--px-per-mm", "9", "--page", "a.gif"), "--page must end in .png or .pdf"),
        (("rgb.png", "--px-per-mm", "9", "--json", "no/a.json"), "--json must be in a folder"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_a_line(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    pixels = np.random.default_rng(1).integers(90, 99, (64, 64, 4), dtype=np.uint8)
    iio.imwrite(folder / "rgb.png", pixels[..., :3])
    iio.imwrite(folder / "grey.png", pixels[..., 0])
    iio.imwrite(folder / "alpha.png", pixels)
    iio.imwrite(folder / "deep.png", pixels[..., 0].astype(np.uint16) * 256)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    done = run("report", *arguments, cwd=folder)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith(f"smpengine: {said}"), done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_without_matplotlib_the_page_says_what_to_install(folder: Path) -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "sys.argv = ['smpengine', 'report', 'plan.toml', '--page', 'a.png']\n"
        "from smpengine.cli import main; main()"
    )
    done = run(cwd=folder, code=code)
    assert done.returncode == 2
    assert "pip install 'smpengine[report]'" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "a.png").exists()
