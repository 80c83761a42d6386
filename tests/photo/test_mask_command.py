"""`smpengine mask`, as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from smpengine.cli_mask import mask_command
from smpengine.errors import SmpError
from smpengine.photo.masks import read_mask

SHAPE = (120, 160)
SQUARE = [[30.0, 20.0], [130.0, 20.0], [130.0, 100.0], [30.0, 100.0]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    picture = rng.normal((60, 50, 40), 20.0, (*SHAPE, 3))
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    bald = np.hypot(x - 80, y - 60) < 40
    picture[bald] = rng.normal((200, 160, 140), 4.0, (int(bald.sum()), 3))
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(tmp_path / "photo.png")
    (tmp_path / "area.json").write_text(json.dumps({"polygons": [SQUARE], "feather_px": 8}))
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    words = [str(folder / a) if a.endswith((".png", ".jpg", ".json")) else a for a in arguments]
    return CliRunner().invoke(mask_command, words)


def test_outlines_become_a_mask_and_its_review(folder: Path) -> None:
    more = ("--polygons", "area.json", "--review", "review.jpg", "--bits", "16")
    done = run(folder, "photo.png", "-o", "mask.png", *more)
    assert done.exit_code == 0, done.output
    mask = read_mask(folder / "mask.png", SHAPE)
    assert mask.sum() == pytest.approx(8000.0, rel=1e-3)
    assert mask[60, 30] == pytest.approx(0.56, abs=0.1)  # soft, as the file says
    with Image.open(folder / "review.jpg") as review:
        assert review.size == (160, 120)
        assert "Review" in review.getexif()[0x010E]


def test_strokes_become_a_proposal_that_says_why(folder: Path) -> None:
    strokes = (
        "--inside",
        "70,60 90,60",
        "--outside",
        "10,10 10,110",
        "--outside",
        "150,10 150,110",
    )
    done = run(folder, "photo.png", "-o", "mask.png", *strokes)
    assert done.exit_code == 0, done.output
    assert "Proposed: " in done.output
    area = float(read_mask(folder / "mask.png", SHAPE).sum())
    assert area == pytest.approx(np.pi * 40**2, rel=0.08)


def test_outlines_limit_a_proposal(folder: Path) -> None:
    (folder / "area.json").write_text(
        json.dumps({"polygons": [[[0, 0], [80, 0], [80, 120], [0, 120]]]})
    )
    done = run(folder, "photo.png", "-o", "mask.png", "--box", "20", "10", "140", "110",
               "--polygons", "area.json")  # fmt: skip
    assert done.exit_code == 0, done.output
    mask = read_mask(folder / "mask.png", SHAPE)
    assert (mask[:, 80:] == 0.0).all()
    assert mask[:, :76].sum() == pytest.approx(np.pi * 800, rel=0.15)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), "--box, --inside or --polygons must be given"),
        (("--inside", "70;60"), "--inside must be points x,y"),
        (("--inside", "70,60", "--outside", "70,60"), "must not cross strokes outside"),
        (("--box", "0", "0", "500", "50"), "box must be"),
        (("--polygons", "area.json", "--feather", "-3"), "feather_px must be"),
        (
            ("--polygons", "area.json", "--review", "folder/review.jpg"),
            "--review must be in a folder",
        ),
    ],
)
def test_what_cannot_be_is_said_and_nothing_written(
    folder: Path, arguments: tuple[str, ...], word: str
) -> None:
    before = sorted(folder.iterdir())
    done = run(folder, "photo.png", "-o", "mask.png", *arguments)
    assert isinstance(done.exception, SmpError)
    assert word in str(done.exception)
    assert "\n" not in str(done.exception)
    assert sorted(folder.iterdir()) == before
