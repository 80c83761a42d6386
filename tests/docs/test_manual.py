"""The manual leaves nothing out: every section of README, every key of a plan, every page."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from smpengine.plan.schema import PlanTable

ROOT = Path(__file__).parents[2]
MANUAL = ROOT / "docs" / "manual"


@pytest.fixture(scope="module")
def parts() -> ModuleType:
    return loaded(MANUAL / "_ext" / "parts.py")


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pages() -> dict[str, str]:
    return {page.stem: page.read_text(encoding="utf-8") for page in MANUAL.glob("*.md")}


def test_every_section_of_readme_is_in_the_manual(parts: ModuleType) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    numbers = re.findall(r"^### (\d+)\. ", readme, re.MULTILINE)
    assert len(numbers) >= 21
    named = {found[1] for text in pages().values() for found in parts.LINE.findall(text)}
    assert set(numbers) <= named
    for number in numbers:
        text = parts.section("README", number)
        assert len(text) > 100
        assert not re.search(r"^### ", text, re.MULTILINE)


def test_every_page_is_reached_and_every_line_stands_for_something(parts: ModuleType) -> None:
    index = pages()["index"]
    for name, text in pages().items():
        assert name == "index" or re.search(rf"^{name}$", index, re.MULTILINE), name
        source = [text]
        parts.expand(None, name, source)
        assert not parts.LINE.search(source[0])
    with pytest.raises(ValueError, match=r"README\.md has no section 'Nothing'"):
        parts.section("README", "Nothing")


def test_every_key_of_a_plan_is_listed(parts: ModuleType) -> None:
    said = parts.keys()
    waiting = [PlanTable]
    seen = set()
    while waiting:
        model = waiting.pop()
        for name, field in model.model_fields.items():
            assert f"| `{name}` |" in said, name
            assert field.description
            assert field.description in said
            inner = [table for _, table in parts.tables(field.annotation)]
            waiting += [table for table in inner if table not in seen]
            seen.update(inner)
    assert len(seen) >= 15
    assert "Literal" not in said
    assert "typing" not in said
    titles = re.findall(r"^## `(.+)`$", said, re.MULTILINE)
    assert "[scalp.regions.gradient]" in titles
    for title in titles:
        assert re.fullmatch(r"\[[a-z_.]+\]|\[\[[a-z_.]+\]\]", title), title


def test_links_of_readme_lead_to_pages(parts: ModuleType) -> None:
    said = parts.linked("See [it](ARCHITECTURE.md#the-verdict) and [a](docs/a.png), [b](LICENSE).")
    assert said == "See [it](truth.md#what-the-verdict-is-made-of) and [a](../a.png), b."
    with pytest.raises(ValueError, match="#nothing has no page in the manual"):
        parts.linked("[it](ARCHITECTURE.md#nothing)")


def test_what_is_wrong_with_a_built_manual_is_said(tmp_path: Path) -> None:
    problems = loaded(ROOT / "scripts" / "check_manual.py").problems
    names = tmp_path / "generated" / "names"
    names.mkdir(parents=True)
    (tmp_path / "a.css").touch()
    (tmp_path / "index.html").write_text(
        '<link href="a.css?v=1"><a href="generated/names/smpengine.Plan.html#smpengine.Plan">'
        '<a href="https://example.com">'
    )
    (names / "smpengine.Plan.html").write_text('<dt id="smpengine.Plan"></dt>')
    (tmp_path / "search.html").touch()
    assert problems(tmp_path, ["Plan"]) == []
    (tmp_path / "index.html").write_text(
        '<script src="https://example.com/a.js"></script><img src="no.png"><a href="gone.html">'
        '<a href="#no"><a href="generated/names/smpengine.Plan.html">'
    )
    (tmp_path / "lost.html").touch()
    assert problems(tmp_path, ["Plan", "Scene"]) == [
        "index.html: gone.html leads nowhere.",
        "index.html: #no has no such anchor.",
        "index.html: https://example.com/a.js is loaded from elsewhere.",
        "index.html: no.png is not there.",
        "lost.html: no page leads there.",
        "smpengine.Scene has no page.",
    ]
