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
    spec = importlib.util.spec_from_file_location("parts", MANUAL / "_ext" / "parts.py")
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
