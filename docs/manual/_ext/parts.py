"""Lines of a page that stand for text from elsewhere, put in when Sphinx reads it.

<!-- README 10 -->               section 10 of README, without its heading
<!-- README Install -->          a section by its heading
<!-- ARCHITECTURE The optics --> likewise
<!-- PLAN KEYS -->               every key of a plan, from its schema
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

ROOT = Path(__file__).parents[3]
LINE = re.compile(r"^<!-- (README|ARCHITECTURE|PLAN) (.+?) -->$", re.MULTILINE)
PAGES = {"the-optics": "optics.md", "the-verdict": "truth.md#what-the-verdict-is-made-of"}


def section(file: str, name: str) -> str:
    """Return a section of a document, without its heading."""
    text = (ROOT / f"{file}.md").read_text(encoding="utf-8")
    wanted = rf"{name}\. [^\n]+" if name.isdigit() else re.escape(name)
    found = re.search(rf"^(##+) {wanted}\n(.*?)(?=^##? |^\1 |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"{file}.md has no section {name!r}")
    return linked(found[2])


def linked(text: str) -> str:
    """Point links from the root of the project to pages of the manual, and to its pictures."""
    text = re.sub(r"\]\((?:ARCHITECTURE\.md)?#([\w-]+)\)", lambda m: _page(m[1]), text)
    text = re.sub(r"\]\(docs/([\w.-]+)\)", r"](../\1)", text)
    text = text.replace("section 19", "[many pictures](sets.md)")
    return re.sub(r"\[([^\]]+)\]\((?!http|\.\./|\w+\.md)[^)]+\)", r"\1", text)


def _page(anchor: str) -> str:
    if anchor not in PAGES:
        raise ValueError(f"#{anchor} has no page in the manual. Name one in PAGES.")
    return f"]({PAGES[anchor]})"


def keys() -> str:
    """Return tables of every key of a plan, one for each table of it."""
    from smpengine.plan.schema import PlanTable

    parts, seen = [], set()
    waiting: list[tuple[str, type[BaseModel]]] = [("", PlanTable)]
    while waiting:
        path, model = waiting.pop(0)
        if (path, model) in seen:
            continue
        seen.add((path, model))
        title = f"`[{path}]`" if path else "The plan itself"
        rows = ["| key | what it may be | if not given | what it is |", "| --- | --- | --- | --- |"]
        for name, field in model.model_fields.items():
            rows.append(f"| `{name}` | {kind(field)} | {default(field)} | {field.description} |")
            for many, inner in tables(field.annotation):
                below = f"{path.strip('[]')}.{name}".lstrip(".")
                waiting.append((f"[{below}]" if many else below, inner))
        note = (model.__doc__ or "").strip().splitlines()[0]
        parts.append(f"## {title}\n\n{note}\n\n" + "\n".join(rows))
    return "\n\n".join(parts)


def kind(field: FieldInfo) -> str:
    """Say what values a key takes, in words."""
    said = _kind(field.annotation)
    limits = [part for item in field.metadata for part in _limits(item)]
    return " ".join([said, *limits])


def _kind(annotation: Any) -> str:
    if annotation is type(None):
        return ""
    inner = get_args(annotation)
    if not inner:
        if issubclass(annotation, BaseModel):
            return "table"
        return {float: "number", int: "whole number", bool: "true or false", str: "text"}.get(
            annotation, annotation.__name__
        )
    origin = get_origin(annotation)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin is Annotated:
        limits = " ".join(part for item in inner[1:] for part in _limits(item))
        return f"{_kind(inner[0])} {limits}".strip()
    if origin is list:
        return f"list of {_kind(inner[0])}"
    if origin is tuple:
        return f"{len(inner)} numbers"
    return " or ".join(part for part in map(_kind, inner) if part)


def _limits(item: Any) -> Iterator[str]:
    inner = getattr(item, "metadata", None)
    if inner:
        for each in inner:
            yield from _limits(each)
    for sign, words in (("ge", "from"), ("gt", "over"), ("le", "to"), ("lt", "below")):
        value = getattr(item, sign, None)
        if value is not None:
            yield f"{words} {value:g}" if abs(value) < 1e9 else ""


def default(field: FieldInfo) -> str:
    """Say what a key is if it is not given."""
    value = field.default
    if field.is_required():
        return "must be given"
    if value is None or value == "" or isinstance(value, BaseModel):
        return ""
    return f"`{value}`" if value != [] else "none"


def tables(annotation: Any) -> Iterator[tuple[bool, type[BaseModel]]]:
    """Give the tables in a key's type, and whether it lists them."""
    if not get_args(annotation):
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield False, annotation
        return
    many = get_origin(annotation) is list
    for inner in get_args(annotation):
        for deeper, model in tables(inner):
            yield many or deeper, model


def expand(_app: Any, _page_name: str, source: list[str]) -> None:
    """Put in what lines stand for."""

    def text(found: re.Match[str]) -> str:
        return keys() if found[1] == "PLAN" else section(found[1], found[2])

    source[0] = LINE.sub(text, source[0])


def setup(app: Any) -> dict[str, Any]:
    """Tell Sphinx."""
    app.connect("source-read", expand)
    return {"parallel_read_safe": True}
