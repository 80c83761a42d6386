"""The page's bundles are those that vendor.json names, and it asks no other host for anything."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "src" / "smpengine" / "service" / "page"
VENDOR = PAGE / "vendor"
RECORD = json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8"))
OWN = sorted(
    path
    for path in PAGE.rglob("*")
    if path.suffix in {".html", ".css", ".js"} and VENDOR not in path.parents
)


@pytest.mark.parametrize("name", RECORD)
def test_a_bundle_is_what_the_record_says(name: str) -> None:
    entry = RECORD[name]
    assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"])
    assert entry["license"] in {"BSD-3-Clause", "MIT", "Apache-2.0"}
    assert any("LICENSE" in kept for kept in entry["sha256"])
    for kept, digest in entry["sha256"].items():
        assert hashlib.sha256((VENDOR / kept).read_bytes()).hexdigest() == digest, kept


def test_nothing_lies_there_that_the_record_does_not_name() -> None:
    named = {kept for entry in RECORD.values() for kept in entry["sha256"]}
    assert {path.name for path in VENDOR.iterdir()} == named | {"vendor.json"}


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_the_page_names_no_other_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.findall(r"""(?:https?:|wss?:|["'(])//[\w.]""", text)


def test_every_address_in_the_page_is_relative_and_there() -> None:
    text = (PAGE / "index.html").read_text(encoding="utf-8")
    found = re.findall(r"""(?:src|href)="([^"#][^"]*)\"""", text)
    assert found
    for address in found:
        assert address.startswith("page/"), address
        assert (PAGE / address.removeprefix("page/")).is_file(), address


@pytest.mark.parametrize("path", [p for p in OWN if p.suffix == ".js"], ids=lambda path: path.name)
def test_every_module_that_is_imported_is_there(path: Path) -> None:
    for name in re.findall(r"""from\s+["']([^"']+)["']""", path.read_text(encoding="utf-8")):
        assert name.startswith("."), name
        assert (path.parent / name).resolve().is_file(), name
    assert len(path.read_text(encoding="utf-8").splitlines()) < 400
