"""The page serves everyone, and is there soon: axe-core's rules, and what comes over the wire."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

import smpengine as smp

from .browser import CHROMIUM, SIZES, page_of, settle, tab
from .conftest import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM}"),
]
AXE = "https://registry.npmjs.org/axe-core/-/axe-core-4.14.1.tgz"
AXE_SHA512 = (
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)
PAGE_BYTES = 250_000
"""Of the page without its tiles: one viewer, and no framework."""
PLAN: dict[str, Any] = {
    "version": 1, "seed": 5, "treatment": "strong",
    "scalp": {
        "extent_mm": [60.0, 44.0],
        "hairline": {"points_mm": [[0, 16], [15, 11], [30, 10], [45, 11], [60, 16]]},
    },
    "render": {"px_per_mm": 20.0},
}  # fmt: skip


@pytest.fixture(scope="module")
def there() -> Iterator[str]:
    with serving(plan=smp.Plan.from_dict(PLAN)) as url:
        yield url


@pytest.fixture(scope="module")
def axe() -> str:
    """Give axe-core's source: half a megabyte that only this test needs, so it is not kept here."""
    try:
        with urllib.request.urlopen(AXE, timeout=30) as answer:
            body = answer.read()
    except (urllib.error.URLError, TimeoutError) as error:
        pytest.skip(f"{AXE} cannot be reached: {error}")
    assert base64.b64encode(hashlib.sha512(body).digest()).decode() == AXE_SHA512
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        member = archive.extractfile("package/axe.min.js")
        assert member
        return member.read().decode()


def faults(page: Page, axe: str) -> list[str]:
    """Return what axe-core finds serious or critical."""
    page.evaluate(axe)
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['impact']} {each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_no_serious_fault(
    browser: Browser, there: str, axe: str, size: str, scheme: str
) -> None:
    with page_of(browser, there, size, color_scheme=scheme) as page:
        found = {"first": faults(page, axe)}
        tab(page, "layers")
        page.keyboard.press("m")
        settle(page)
        found["layers"] = faults(page, axe)
        tab(page, "verdict")
        page.get_by_text("Depth by session").wait_for()
        found["verdict"] = faults(page, axe)
        page.keyboard.press("h")
        settle(page)
        found["hairline"] = faults(page, axe)
        page.keyboard.press("p")
        page.locator(".sheet").wait_for()
        found["paint"] = faults(page, axe)
        page.keyboard.press("?")
        page.locator("dialog").wait_for()
        found["help"] = faults(page, axe)
    assert found == {name: [] for name in found}


def test_axe_would_find_one(browser: Browser, there: str, axe: str) -> None:
    with page_of(browser, there, "desktop") as page:
        page.evaluate("document.querySelector('#header button').removeAttribute('aria-label')")
        page.evaluate("document.querySelector('#header button').removeAttribute('title')")
        assert any("button-name" in each for each in faults(page, axe))


FIRST_TILE = """() => Math.min(...performance.getEntriesByType("resource")
    .filter((each) => each.name.includes("/tiles/")).map((each) => each.responseEnd))"""
PAINTED = """() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime"""


@pytest.mark.parametrize("size", SIZES)
def test_the_page_is_light_and_asks_nobody_else(browser: Browser, there: str, size: str) -> None:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    kinds: dict[str, str] = {}
    wire = {"page": 0, "tiles": 0, "answers": 0}

    def asked(event: dict[str, Any]) -> None:
        address = event["request"]["url"]
        assert address.startswith((there, "blob:", "data:")), address
        path = address.removeprefix(there)
        kind = "tiles" if path.startswith("/tiles") else "page"
        kinds[event["requestId"]] = "answers" if path.startswith("/api") else kind

    def came(event: dict[str, Any]) -> None:
        wire[kinds.get(event["requestId"], "page")] += int(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", asked)
    session.on("Network.loadingFinished", came)
    page.goto(there)
    settle(page)
    page.wait_for_timeout(800)
    painted, tile = page.evaluate(PAINTED), page.evaluate(FIRST_TILE)
    print(f"{size}: first paint {painted:.0f} ms, first tile {tile:.0f} ms, bytes {wire}")
    context.close()
    assert 0 < wire["page"] < PAGE_BYTES
    assert wire["tiles"] > 0
