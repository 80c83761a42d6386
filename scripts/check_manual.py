"""Check a built manual: every public name and page is there and reached, no link leads nowhere.

python scripts/check_manual.py out/manual
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import smpengine

ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//")
ALONE = {"search.html"}  # the search field of every page leads to it, which is no link


class Page(HTMLParser):
    """What a page links to, loads, and has anchors for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note links, files and anchors."""
        given = dict(attrs)
        self.anchors.add(given.get("id") or "")
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        for name in ("src", "href"):
            kept = given.get(name)
            if tag in {"img", "script", "link"} and kept and not kept.startswith(("data:", "#")):
                self.loads.append(kept)


def problems(folder: Path, names: list[str]) -> list[str]:
    """Return what is wrong with a manual, a line each."""
    folder = folder.resolve()
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}
    found = []
    leads: dict[Path, set[Path]] = {}
    for path, page in pages.items():
        here = path.relative_to(folder)
        leads[path] = set()
        for link in page.links:
            if ELSEWHERE.match(link):
                continue
            file, _, anchor = link.partition("#")
            target = (path.parent / unquote(file)).resolve() if file else path
            leads[path].add(target)
            if not target.exists():
                found.append(f"{here}: {link} leads nowhere.")
            elif anchor and target in pages and unquote(anchor) not in pages[target].anchors:
                found.append(f"{here}: {link} has no such anchor.")
        for load in page.loads:
            if ELSEWHERE.match(load):
                found.append(f"{here}: {load} is loaded from elsewhere.")
            elif not (path.parent / unquote(load.partition("?")[0])).exists():
                found.append(f"{here}: {load} is not there.")
    found += _not_reached(folder, leads)
    for name in names:
        path = folder / "generated" / "names" / f"smpengine.{name}.html"
        if path not in pages or f"smpengine.{name}" not in pages[path].anchors:
            found.append(f"smpengine.{name} has no page.")
    return found


def _not_reached(folder: Path, leads: dict[Path, set[Path]]) -> list[str]:
    waiting = [folder / "index.html"]
    reached = set(waiting)
    while waiting:
        fresh = leads.get(waiting.pop(), set()) - reached
        reached |= fresh
        waiting += fresh
    lost = sorted(path.relative_to(folder).as_posix() for path in leads.keys() - reached)
    return [f"{path}: no page leads there." for path in lost if path not in ALONE]


def main() -> None:
    """Check the folder that was named."""
    folder = Path(sys.argv[1])
    found = problems(folder, smpengine.__all__)
    if found:
        raise SystemExit("\n".join(found))
    pages = len(list(folder.rglob("*.html")))
    print(f"{pages} pages, {len(smpengine.__all__)} names")


if __name__ == "__main__":
    main()
