"""The page in a real browser: what is looked at are the pixels of its screenshots."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
SETTLED = """() => document.body.dataset.busy === "false"
    && [...document.querySelectorAll(".live")].every((each) => each.hidden)"""
Picture = NDArray[np.float64]


@contextlib.contextmanager
def page_of(browser: Browser, url: str, size: str, **more: Any) -> Iterator[Page]:
    """Give the page, opened and settled; it must have complained of nothing at the end."""
    width, height = SIZES[size]
    touch = {"has_touch": True, "is_mobile": True} if size == "phone" else {}
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce", **touch, **more
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: line.type == "error" and complaints.append(line.text))
    page.goto(url)
    settle(page)
    try:
        yield page
        allowed = ("Failed to load resource", "ERR_INTERNET_DISCONNECTED", "WebSocket")
        assert [c for c in complaints if not any(a in c for a in allowed)] == []
    finally:
        context.close()


def settle(page: Page) -> None:
    """Wait until the tiles of what is wanted are there, and drawn."""
    page.wait_for_function(SETTLED, timeout=60_000)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60)))")
    page.wait_for_function(SETTLED, timeout=60_000)


def do(page: Page, action: Callable[[], object]) -> Picture:
    """Do something and return the picture that results."""
    action()
    settle(page)
    return picture(page)


def picture(page: Page) -> Picture:
    """Return what is on the stage, (height, width, 3), 0 to 255."""
    body = page.locator("#stage").screenshot()
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB"), np.float64)


def part(shown: Picture, x0: float, y0: float, x1: float, y1: float) -> Picture:
    """Return a part of a picture, by shares of its sides."""
    height, width = shown.shape[:2]
    return shown[round(y0 * height) : round(y1 * height), round(x0 * width) : round(x1 * width)]


def untreated(shown: Picture) -> Picture:
    """Return a place left of the divider that no label covers."""
    return part(shown, 0.06, 0.62, 0.42, 0.82)


def treated(shown: Picture) -> Picture:
    """Return a place right of the divider, well below the hairline, that no label covers."""
    return part(shown, 0.56, 0.62, 0.80, 0.95)


def slide(page: Page, name: str, value: float) -> None:
    """Set a slider, as assistive technology does: it tells of both dragging and letting go."""
    page.locator(f"#{name}").fill(str(value))


def tab(page: Page, name: str) -> None:
    """Show a panel."""
    page.locator(f"#tab-{name}").click()


def choose(page: Page, name: str, label: str) -> None:
    """Choose one of several."""
    words = page.locator(f"fieldset:has(input[name={name}])").get_by_text(label, exact=True)
    words.locator("xpath=ancestor::label").click()


def mean(shown: Picture) -> float:
    """Return how bright it is."""
    return float(shown.mean())


def centre(page: Page) -> tuple[float, float]:
    """Return a place right of the divider, in px of the page."""
    box = page.locator("#stage").bounding_box()
    assert box
    return box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"]
