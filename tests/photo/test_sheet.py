"""The treatment sheet: what it says is what the plan says."""

from __future__ import annotations

import base64
import io
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import smpengine as smp
from smpengine.errors import InputError
from smpengine.photo.sheet import swatch, visits_of, write_sheet
from smpengine.plan.pigments import MUA_PER_MM

RNG = np.random.default_rng(8)
PICTURE = RNG.integers(0, 256, (48, 40, 3), dtype=np.uint8)
PLAN = smp.Plan.from_dict(
    {
        "version": 1,
        "seed": 77,
        "scalp": {"extent_mm": [40, 30]},
        "fullness": 1.0,
        "sessions": [
            "foundation",
            {"preset": "definition", "day": 14, "needle": "3RL-0.25"},
            {"preset": "texture", "day": 28, "pigment": "warm-brown-1", "dilution": 2},
            {"preset": "texture", "day": 42, "pigment": {"mua_per_mm": 30}},
        ],
    }
)
GIVEN: dict[str, Any] = {"dots": [1200, 34567, 3, 0], "area_cm2": 12.34, "px_per_mm": 9.87}


class Page(HTMLParser):
    """Words, rows of the table, and pictures of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words = ""
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.urls: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.urls += [str(value) for key, value in attrs if key in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        self.words += data
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


def page(path: Path, **more: Any) -> Page:
    write_sheet(path, PLAN, **{**GIVEN, **more})
    return Page(path.read_text(encoding="utf-8"))


def test_each_session_has_its_row_as_it_is_placed(tmp_path: Path) -> None:
    rows = page(tmp_path / "a.html").rows
    first, second, third, fourth = rows[1:5]
    # Fullness 1 doubles densities; the foundation has 120 dots a cm2.
    assert first == [
        "1. foundation", "0", "grey-1", "\u2013", "0.100", "0.32", "240", "1,200",
    ]  # fmt: skip
    assert second[3] == "3RL-0.25"
    assert (second[1], second[4], second[7]) == ("14", "0.070", "34,567")
    assert third[2] == "warm-brown-1, 1 in 2"
    assert fourth[2] == "own"
    assert rows[5][-1].startswith("35,770")
    assert rows[5][-2] == f"{35770 / 12.34:.0f}"


def test_it_says_where_it_comes_from(tmp_path: Path) -> None:
    words = page(tmp_path / "a.html", notes=["a note"], skin="III-IV, estimated").words
    for word in (
        "12.3 cm",
        "9.87 px/mm",
        "seed 77",
        smp.__version__,
        "III-IV, estimated",
        "a note",
    ):
        assert word in words
    assert "Simulation" in words
    assert "no medical advice" in words
    assert "I-II" in page(tmp_path / "b.html").words  # the plan's own


def test_pictures_are_inside_and_words_are_words(tmp_path: Path) -> None:
    evil = '"><script>alert(1)</script>'
    pictures = {"Before": PICTURE, evil: PICTURE[::-1]}
    more = {"title": evil, "skin": evil, "notes": [evil]}
    found = page(tmp_path / "a.html", pictures=pictures, kind="png", **more)
    assert "script" not in found.tags
    assert found.words.count(evil) == 5  # the title twice
    assert len(found.urls) == 2
    for url, given in zip(found.urls, pictures.values(), strict=True):
        kind, data = url.split(",")
        assert kind == "data:image/png;base64"
        assert (np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) == given).all()
    assert "http" not in (tmp_path / "a.html").read_text().replace("http-equiv", "")


def test_swatches_are_as_dark_as_pigments_absorb() -> None:
    def code(name: str) -> int:
        return int(swatch(MUA_PER_MM[name])[1:3], 16)

    greys = [code(f"grey-{k}") for k in range(1, 6)] + [code("black")]
    assert greys == sorted(greys, reverse=True)
    assert greys[0] - greys[-1] > 150
    assert swatch((0.0, 0.0, 0.0)) == "#ffffff"
    # exp(-2 * 20 * 0.01) of light is code 213.7.
    assert swatch((20.0, 20.0, 20.0)) == "#d6d6d6"
    brown = bytes.fromhex(swatch(MUA_PER_MM["warm-brown-1"])[1:])
    assert brown[0] > brown[1] > brown[2]
    assert swatch([75.0, 75.0, 40.0, 40.0, 22.0, 22.0]) == swatch((22.0, 40.0, 75.0))


def test_what_does_not_fit_is_refused_and_nothing_written(tmp_path: Path) -> None:
    for more, word in (
        ({"dots": [1, 2]}, "dots must have a count for each of the plan's 4 sessions, got 2"),
        ({"dots": [1, 2, 3, -1]}, "dots must be 0 or more"),
        ({"area_cm2": 0.0}, "area_cm2 must be"),
        ({"px_per_mm": float("nan")}, "px_per_mm must be"),
        ({"pictures": {"Before": PICTURE[0]}}, r"pictures\['Before'\] must have shape"),
        ({"kind": "gif"}, "kind must be"),
    ):
        with pytest.raises(InputError, match=word):
            page(tmp_path / "a.html", **more)
    with pytest.raises(InputError, match=r"path must end in \.html"):
        write_sheet(tmp_path / "a.pdf", PLAN, **GIVEN)
    assert list(tmp_path.iterdir()) == []


def test_counts_of_a_scene_fit_its_plan() -> None:
    scene = PLAN.scene()
    counts = np.bincount(scene.impressions.session, minlength=len(PLAN.sessions))
    visits = visits_of(PLAN, counts.tolist())
    for visit in visits:
        assert visit.dots == pytest.approx(visit.density_per_cm2 * 12.0, rel=0.1)
