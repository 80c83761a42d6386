"""Viewers of others, unchanged: a stock OpenSeadragon, Leaflet, and a client of a few lines."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

import smpengine as smp

EXAMPLES = Path(__file__).parents[2] / "examples" / "serve"
CHROMIUM = Path("/usr/bin/chromium")
PACKAGES = {
    "openseadragon": "https://registry.npmjs.org/openseadragon/-/openseadragon-5.0.1.tgz",
    "leaflet": "https://registry.npmjs.org/leaflet/-/leaflet-1.9.4.tgz",
}


@pytest.fixture(scope="module")
def packages() -> dict[str, bytes]:
    """Return what the pages load from a network of copies, by the file's name."""
    found = {}
    for name, there in PACKAGES.items():
        try:
            packed = httpx.get(there, timeout=60.0).raise_for_status().content
        except httpx.HTTPError as error:
            pytest.skip(f"{there} cannot be reached: {error}")
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            for member in archive.getmembers():
                file = archive.extractfile(member) if member.isfile() else None
                if file is not None and member.name.endswith((".min.js", "leaflet.js", ".css")):
                    found[f"{name}/{member.name.split('/')[-1]}"] = file.read()
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip(f"no {CHROMIUM}")
    with playwright.sync_playwright() as running:
        made = running.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield made
        made.close()


def look(browser: Any, page: str, url: str, packages: dict[str, bytes]) -> np.ndarray:
    """Open a page from the disk, and return what it shows once it is still."""
    tab = browser.new_page(viewport={"width": 720, "height": 540})

    def from_copy(route: Any) -> None:
        name = route.request.url.split("/npm/")[1]
        package, file = name.split("@")[0], name.rsplit("/", 1)[1]
        kind = "text/css" if file.endswith(".css") else "text/javascript"
        route.fulfill(body=packages[f"{package}/{file}"], content_type=kind)

    tab.route("https://cdn.jsdelivr.net/**", from_copy)
    tab.goto(f"{(EXAMPLES / page).as_uri()}?service={url}")
    last = np.zeros(())
    for _ in range(40):
        tab.wait_for_timeout(500)
        shown = np.asarray(Image.open(io.BytesIO(tab.screenshot())).convert("RGB"), float)
        if shown.shape == last.shape and np.array_equal(shown, last) and shown.std() > 5.0:
            break
        last = shown
    tab.close()
    return last


@pytest.mark.slow
@pytest.mark.parametrize("page", ["openseadragon.html", "leaflet.html"])
def test_a_stock_viewer_shows_the_plan(
    browser: Any, serve: Any, packages: dict[str, bytes], page: str
) -> None:
    table = {
        "version": 1, "treatment": "strong", "skin": {"type": "III-IV"},
        "scalp": {"extent_mm": [24, 18], "regions": [
            {"polygon_mm": [[0, 0], [12, 0], [12, 18], [0, 18]]}]},
    }  # fmt: skip
    plan = smp.Plan.from_dict(table)
    with serve(plan=plan, origins=("*",)) as url:
        shown = look(browser, page, url, packages)
    bare = smp.render(smp.clean(plan.scene()), 5.0)[0, 0]
    skin = np.abs(shown - bare).max(axis=2) < 12.0
    assert skin.mean() > 0.2, "the untreated half is not the plan's skin"
    middle = skin[200:340].mean(axis=0)
    bare_cols = np.flatnonzero(middle > 0.97)
    edge = int(bare_cols[0])
    grey = shown[200:340].mean(axis=2)
    left, right = grey[:, edge - 200 : edge - 20], grey[:, edge + 20 : edge + 200]
    assert left.mean() < 0.9 * right.mean(), "the treated half is not darker"
    assert left.std() > 2.0 * right.std(), "no dots are seen"


def test_the_client_of_the_examples_runs(url: str) -> None:
    text = (EXAMPLES / "client.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 25
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "client.py"), url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "stubble index" in done.stdout
    assert "100%" in done.stdout
