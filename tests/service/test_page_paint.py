"""Areas are painted by hand and by keys, and the picture moves under the brush."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from .browser import CHROMIUM, centre, choose, do, mean, part, picture, settle, treated, untreated

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM}"),
]


def test_an_area_is_painted_bare_and_taken_back(page: Page) -> None:
    first = picture(page)
    page.keyboard.press("p")
    choose(page, "strength", "Bare")
    stage = page.locator("#stage").bounding_box()
    assert stage
    x, y = stage["x"] + 0.64 * stage["width"], stage["y"] + 0.72 * stage["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 0.06 * stage["width"], y, steps=5)
    page.mouse.up()
    settle(page)
    bare = do(page, lambda: page.keyboard.press("Escape"))
    place = 0.65, 0.70, 0.69, 0.74
    assert mean(part(first, *place)) < mean(untreated(first)) - 10.0
    assert abs(mean(part(bare, *place)) - mean(untreated(first))) < 3.0
    assert abs(mean(part(bare, 0.56, 0.9, 0.8, 0.97)) - mean(part(first, 0.56, 0.9, 0.8, 0.97))) < 2
    removed = do(page, page.get_by_role("button", name="Remove this area").click)
    assert abs(mean(part(removed, *place)) - mean(part(first, *place))) < 2.0


def test_keys_paint_too(page: Page) -> None:
    first = picture(page)
    page.keyboard.press("p")
    choose(page, "strength", "Bare")
    page.locator(".sheet").focus()
    for key in ("Shift+ArrowRight", " ", "Shift+ArrowRight", " "):
        page.keyboard.press(key)
    bare = do(page, lambda: page.keyboard.press("Escape"))
    assert mean(part(bare, 0.52, 0.3, 0.8, 0.8)) > mean(part(first, 0.52, 0.3, 0.8, 0.8)) + 3.0


@pytest.mark.parametrize("page", ["phone"], indirect=True)
def test_two_fingers_move_the_picture_while_one_paints(page: Page) -> None:
    """A second finger takes back what the first has begun to paint; both then zoom."""
    stage = page.locator("#stage").bounding_box()
    assert stage
    page.keyboard.press("p")
    choose(page, "strength", "Bare")
    page.add_style_tag(content=".brush { display: none }")
    first = picture(page)
    x, y = stage["x"] + 0.64 * stage["width"], stage["y"] + 0.6 * stage["height"]
    client = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": px, "y": py, "id": i} for i, (px, py) in enumerate(places)]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (x, y))
    for dx in (10, 20, 30):
        touch("touchMove", (x + dx, y))
    page.wait_for_function("() => !document.querySelector('#live-right').hidden", timeout=30_000)
    touch("touchStart", (x + 30, y), (x - 30, y))
    settle(page)
    assert np.abs(treated(picture(page)) - treated(first)).mean() < 2.0
    length = page.locator(".scale").text_content()
    for out in (50, 70, 90):
        touch("touchMove", (x + out, y), (x - out, y))
    touch("touchEnd", (x + 90, y))
    for dy in (20, 40):  # the finger that stays is not to paint
        touch("touchMove", (x + 90, y + dy))
    touch("touchEnd")
    settle(page)
    assert page.locator(".scale").text_content() != length
    assert page.get_by_role("button", name="Undo").is_disabled()
    near = picture(page)
    touch("touchStart", (x, y))
    for dx in (10, 20, 30):
        touch("touchMove", (x + dx, y))
    touch("touchEnd")
    painted = do(page, lambda: page.keyboard.press("Escape"))
    assert page.get_by_role("button", name="Undo").is_enabled()
    assert mean(treated(painted)) > mean(treated(near)) + 1.0


def test_the_middle_button_moves_the_picture_while_the_first_paints(page: Page) -> None:
    page.keyboard.press("p")
    first = picture(page)
    x, y = centre(page)
    page.mouse.move(x, y)
    page.mouse.down(button="middle")
    page.mouse.move(x - 40, y - 40, steps=4)
    page.mouse.up(button="middle")
    settle(page)
    assert page.get_by_role("button", name="Undo").is_disabled()
    moved = picture(page)[:-40, :-40]
    there = part(moved, 0.56, 0.62, 0.7, 0.8)
    assert np.abs(there - part(first[40:, 40:], 0.56, 0.62, 0.7, 0.8)).mean() < 3.0
    assert np.abs(there - part(first[:-40, :-40], 0.56, 0.62, 0.7, 0.8)).mean() > 3.0
