"""Pages that compare pictures: in one file, and safe."""

from __future__ import annotations

import base64
import io
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from smpengine.errors import InputError, OutputError
from smpengine.photo.slider import write_slider

RNG = np.random.default_rng(6)
BEFORE = RNG.integers(0, 256, (64, 48, 3), dtype=np.uint8)
STAGES = [(f"Stage {k}", np.roll(BEFORE, k, 0)) for k in (1, 2, 3)]


class Page(HTMLParser):
    """Tags and words of a page; scripts run to their end tag, as a browser has it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def pictures(self) -> list[np.ndarray[Any, Any]]:
        urls = [str(a["src"]) for tag, a in self.tags if tag == "img"]
        assert all(url.startswith("data:image/") for url in urls)
        files = (io.BytesIO(base64.b64decode(url.split(",")[1])) for url in urls)
        return [np.asarray(Image.open(file).convert("RGB")) for file in files]


def page(path: Path, *arguments: Any, **more: Any) -> Page:
    write_slider(path, *arguments, **more)
    return Page(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_pictures_are_inside_without_loss(tmp_path: Path, kind: Any) -> None:
    found = page(tmp_path / "a.html", BEFORE, iter(STAGES), kind=kind).pictures()
    for given, shown in zip([BEFORE, *(p for _, p in STAGES)], found, strict=True):
        assert (given == shown).all()


def test_jpeg_keeps_colour_at_full_size(tmp_path: Path) -> None:
    write_slider(tmp_path / "a.html", BEFORE, STAGES[0][1])
    url = (tmp_path / "a.html").read_text().split("data:image/jpeg;base64,")[1].split('"')[0]
    picture = Image.open(io.BytesIO(base64.b64decode(url)))
    assert picture.format == "JPEG"
    assert picture.layer[0][1:3] == (1, 1)  # type: ignore[attr-defined] # no halved colour
    assert np.abs(np.asarray(picture).astype(int) - BEFORE).mean() < 8


def test_nothing_comes_from_elsewhere_and_words_are_words(tmp_path: Path) -> None:
    evil = '</script><script>alert("x")</script><img src=x onerror=y>'
    found = page(tmp_path / "a.html", BEFORE, [(evil, BEFORE)], evil, labels=(evil, ""), note=evil)
    scripts = [a for tag, a in found.tags if tag == "script"]
    assert scripts == [{}]
    assert len(found.pictures()) == 2
    text = (tmp_path / "a.html").read_text()
    assert evil not in text
    assert "http:" not in text
    assert "https:" not in text
    assert not any(key.startswith("on") for _, a in found.tags for key in a)
    assert not {"link", "iframe", "object", "base"} & {tag for tag, _ in found.tags}
    assert evil in found.words  # escaped, it reads as it was typed
    assert "Simulat" in found.words


def test_it_is_usable_by_keys_and_without_scripts(tmp_path: Path) -> None:
    found = page(tmp_path / "a.html", BEFORE, STAGES, "Title")
    ranges = [a for tag, a in found.tags if tag == "input" and a["type"] == "range"]
    assert len(ranges) == 1
    assert any(tag == "label" and a.get("for") == ranges[0]["id"] for tag, a in found.tags)
    radios = [a for tag, a in found.tags if tag == "input" and a["type"] == "radio"]
    assert len(radios) == len(STAGES)
    assert sum("checked" in a for a in radios) == 1
    # All pictures are plain images of the page, with words in their place; scripts only move them.
    assert all(a.get("alt") for tag, a in found.tags if tag == "img")
    assert [a["lang"] for tag, a in found.tags if tag == "html"] == ["en"]


def test_large_pictures_are_made_smaller_and_it_says_so(tmp_path: Path) -> None:
    found = page(tmp_path / "a.html", BEFORE, STAGES[0][1], longest_px=32)
    assert [p.shape for p in found.pictures()] == [(32, 24, 3)] * 2
    assert "smaller than the photograph" in found.words
    assert "smaller than" not in page(tmp_path / "b.html", BEFORE, BEFORE).words


def test_same_pictures_make_the_same_file(tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        write_slider(tmp_path / name, BEFORE, STAGES, "Title")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_what_does_not_fit_is_refused_and_nothing_written(tmp_path: Path) -> None:
    out = tmp_path / "a.html"
    with pytest.raises(InputError, match=r"path must end in \.html"):
        write_slider(tmp_path / "a.png", BEFORE, BEFORE)
    with pytest.raises(InputError, match="at least one stage"):
        write_slider(out, BEFORE, [])
    with pytest.raises(InputError, match=r"after\[1\] must have the size of before, 48 x 64"):
        write_slider(out, BEFORE, [("a", BEFORE), ("b", BEFORE[1:])])
    with pytest.raises(InputError, match="kind must be one of"):
        write_slider(out, BEFORE, BEFORE, kind="gif")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="longest_px must be"):
        write_slider(out, BEFORE, BEFORE, longest_px=0)
    with pytest.raises(OutputError, match="folder that exists"):
        write_slider(tmp_path / "no" / "a.html", BEFORE, BEFORE)
    assert list(tmp_path.iterdir()) == []
