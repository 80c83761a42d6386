"""Each control of the page does what it says: seen in pixels, at a desk and on a phone."""

from __future__ import annotations

import io
import json
import urllib.request
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

import smpengine as smp

from .browser import (
    CHROMIUM,
    SIZES,
    Picture,
    centre,
    choose,
    do,
    mean,
    page_of,
    part,
    picture,
    settle,
    slide,
    tab,
    treated,
    untreated,
)
from .conftest import PAGE_PLAN, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM}"),
]


def test_it_opens_on_before_and_after(page: Page, page_url: str) -> None:
    shown = picture(page)
    assert mean(treated(shown)) < mean(untreated(shown)) - 10.0
    bare = served(f"{page_url}/window.png?px_per_mm=10&sessions=")
    off = untreated(shown).mean((0, 1)) - bare.mean((0, 1))
    assert np.abs(off).max() < 1.5


@pytest.mark.parametrize("size", SIZES)
def test_it_opens_on_the_hairline_wherever_it_is(browser: Browser, size: str) -> None:
    """Before this it opened on the top: of a whole scalp that is bare skin."""
    far = {**PAGE_PLAN, "scalp": {"extent_mm": [60.0, 160.0], "hairline": {
        "points_mm": [[0, 96], [30, 90], [60, 96]], "feather_mm": 3.0}}}  # fmt: skip
    with serving(plan=smp.Plan.from_dict(far)) as url, page_of(browser, url, size) as page:
        shown = picture(page)
        skin = mean(untreated(shown))
        assert abs(mean(part(shown, 0.56, 0.14, 0.9, 0.22)) - skin) < 3.0
        assert mean(part(shown, 0.56, 0.5, 0.8, 0.95)) < skin - 8.0
        _moves_on(page)


def _moves_on(page: Page) -> None:
    """Go where no tile is yet: it is said that they are on their way, till they are there."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/tiles/**", hold)
    for _ in range(9):
        page.keyboard.press("Shift+ArrowDown")
    page.locator("#busy").wait_for(state="visible")
    assert held
    page.unroute("**/tiles/**", hold)  # what is held goes on
    settle(page)
    assert page.locator("#busy").is_hidden()


def served(address: str) -> np.ndarray[Any, Any]:
    with urllib.request.urlopen(address) as answer:
        return np.asarray(Image.open(io.BytesIO(answer.read())).convert("RGB"), np.float64)


def test_the_divider_cuts_one_picture_from_the_other(page: Page) -> None:
    divider = page.locator("#divider")
    divider.focus()
    before = do(page, lambda: page.keyboard.press("End"))
    after = do(page, lambda: page.keyboard.press("Home"))
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    cut = do(page, divider.blur)
    at, y = 0.3, slice(0.15, 0.8)
    rows = slice(*(round(share * cut.shape[0]) for share in (y.start, y.stop)))
    edge = round(at * cut.shape[1])
    left, right = np.s_[rows, 20 : edge - 24], np.s_[rows, edge + 24 : round(0.8 * cut.shape[1])]
    assert np.abs(cut[left] - before[left]).mean() < 0.5
    assert np.abs(cut[right] - after[right]).mean() < 0.5
    assert np.abs(cut[right] - before[right]).mean() > 3.0


def test_the_divider_is_dragged(page: Page) -> None:
    box = page.locator("#divider").bounding_box()
    stage = page.locator("#stage").bounding_box()
    assert box
    assert stage
    first = picture(page)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(stage["x"] + 0.9 * stage["width"], box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    assert mean(treated(do(page, lambda: None))) > mean(treated(first)) + 10.0


def test_a_darker_skin_is_darker(page: Page) -> None:
    seen = []
    for label in ("I\u2013II", "III\u2013IV", "V", "VI"):
        shown = do(page, lambda label=label: choose(page, "skin", label))  # type: ignore[misc]
        seen.append((mean(untreated(shown)), mean(treated(shown))))
    assert seen == sorted(seen, reverse=True)
    assert all(a[0] > b[0] + 10.0 for a, b in pairwise(seen))


def test_skin_is_even_or_natural_and_grows_old(page: Page) -> None:
    def patchy(shown: Picture) -> float:
        return float(untreated(shown).std((0, 1)).mean())

    even = picture(page)
    young = do(page, lambda: choose(page, "surface", "Natural skin"))
    assert patchy(young) > patchy(even) + 1.0
    assert abs(mean(untreated(young)) - mean(untreated(even))) < 12.0
    assert mean(treated(young)) < mean(untreated(young)) - 10.0
    old = do(page, lambda: slide(page, "age_years", 85))
    assert np.abs(untreated(old) - untreated(young)).mean() > 1.0
    back = do(page, lambda: choose(page, "surface", "Even skin"))
    assert np.array_equal(untreated(back), untreated(even))
    assert page.locator("#age_years").count() == 0


def test_light_brightens_both_sides(page: Page) -> None:
    first = picture(page)
    shown = do(page, lambda: slide(page, "light", 0.5))
    assert mean(untreated(shown)) > mean(untreated(first)) + 10.0
    assert mean(treated(shown)) > mean(treated(first)) + 10.0


def test_more_fullness_is_darker_where_it_is_treated(page: Page) -> None:
    sparse = do(page, lambda: slide(page, "fullness", 0.1))
    full = do(page, lambda: slide(page, "fullness", 0.95))
    assert mean(treated(full)) < mean(treated(sparse)) - 8.0
    assert np.array_equal(untreated(full), untreated(sparse))


def test_more_texture_is_crisper(page: Page) -> None:
    for _ in range(2):
        page.keyboard.press("+")
    soft = do(page, lambda: slide(page, "texture", 0.0))
    crisp = do(page, lambda: slide(page, "texture", 1.0))
    assert treated(crisp).std() > 1.25 * treated(soft).std()


def test_sessions_are_switched_off_and_on(page: Page) -> None:
    first = picture(page)
    tab(page, "layers")
    seen = [mean(treated(first))]
    for number in (3, 2, 1):
        shown = do(page, page.locator(f"#session-{number}").click)
        seen.append(mean(treated(shown)))
    assert seen == sorted(seen)
    assert abs(seen[-1] - mean(untreated(first))) < 1.5
    for number in (1, 2):
        page.keyboard.press(str(number))
    assert np.array_equal(treated(do(page, lambda: page.keyboard.press("3"))), treated(first))


def test_time_goes_from_fresh_to_five_years(page: Page, page_url: str) -> None:
    settled = treated(picture(page))
    years = treated(do(page, lambda: slide(page, "age", 6)))
    assert np.abs(years - settled).mean() > 1.0
    # Pigment goes, and what is left spreads: the mean hardly moves, so hold it against the service.
    day = 28 + 5 * 365.25
    place = "window=34,28,48,42&px_per_mm=16"
    want = served(f"{page_url}/window.png?{place}&day={day}")
    assert np.abs(years.mean((0, 1)) - want.mean((0, 1))).max() < 2.0
    fresh = treated(do(page, page.get_by_role("button", name="Fresh").click))
    assert mean(fresh) < mean(settled) - 10.0
    redness = [float((each[..., 0] - each[..., 1]).mean()) for each in (settled, fresh)]
    assert redness[1] > redness[0] + 5.0
    back = do(page, page.get_by_role("button", name="Settled").click)
    assert np.array_equal(treated(back), settled)


def test_a_mistake_is_shown_right_of_the_divider(page: Page) -> None:
    planned = treated(picture(page))
    tab(page, "layers")
    choose(page, "compare", "A mistake")
    shown = do(page, lambda: choose(page, "fault", "Too dark"))
    assert mean(treated(shown)) < mean(planned) - 3.0
    assert abs(mean(untreated(shown)) - mean(planned)) < 3.0  # the plan itself is on the left
    alone = do(page, lambda: choose(page, "compare", "Nothing"))
    assert np.array_equal(treated(alone), planned)


def test_the_hairline_is_dragged_back_and_what_it_leaves_is_skin(page: Page) -> None:
    first = picture(page)
    page.keyboard.press("h")
    settle(page)
    handle = page.locator(".handle").nth(2)
    box, stage = handle.bounding_box(), page.locator("#stage").bounding_box()
    assert box
    assert stage
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    down = 0.35 * stage["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + down, steps=6)
    page.locator("#live-right").wait_for(state="visible")
    page.wait_for_timeout(1500)

    def strip(shown: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        top = round(y - stage["y"] + 0.45 * down)
        left = round(x - stage["x"]) + 30
        return shown[top : top + round(0.2 * down), left : left + round(0.04 * stage["width"])]

    dragged = picture(page)
    page.mouse.up()
    gone = do(page, lambda: page.keyboard.press("Escape"))
    skin = mean(untreated(first))
    assert mean(strip(first)) < skin - 10.0
    assert abs(mean(strip(dragged)) - skin) < 3.0  # while the hand still holds it
    assert abs(mean(strip(gone)) - skin) < 2.0
    back = do(page, lambda: page.keyboard.press("Control+z"))
    assert np.array_equal(treated(back), treated(first))
    again = do(page, lambda: page.keyboard.press("Control+Shift+z"))
    assert np.array_equal(strip(again), strip(gone))


def test_keys_move_a_point_of_the_hairline(page: Page) -> None:
    first = picture(page)
    page.keyboard.press("h")
    page.locator(".handle").nth(2).focus()
    for _ in range(6):
        page.keyboard.press("Shift+ArrowDown")
    moved = do(page, lambda: page.keyboard.press("Escape"))
    assert mean(part(moved, 0.56, 0.30, 0.9, 0.6)) > mean(part(first, 0.56, 0.30, 0.9, 0.6)) + 3.0


def test_it_zooms_and_moves(page: Page) -> None:
    first = picture(page)
    zoomed = do(page, lambda: page.keyboard.press("+"))
    moved = do(page, lambda: page.keyboard.press("Shift+ArrowDown"))
    for one, other in ((first, zoomed), (zoomed, moved)):
        assert np.abs(treated(one) - treated(other)).mean() > 2.0
    page.mouse.move(*centre(page))
    wheeled = do(page, lambda: page.mouse.wheel(0, -300))
    assert np.abs(treated(moved) - treated(wheeled)).mean() > 2.0
    page.get_by_role("button", name="Show all of it").click()
    assert np.ptp(part(do(page, lambda: None), 0.1, 0.4, 0.2, 0.6), axis=(0, 1)).max() < 60.0


def test_new_tiles_come_without_a_flash(page: Page) -> None:
    first = mean(treated(picture(page)))
    slide(page, "fullness", 1.0)
    seen = []
    for _ in range(12):
        seen.append(mean(treated(picture(page))))
        page.wait_for_timeout(40)
    settle(page)
    last = mean(treated(picture(page)))
    assert last < first - 5.0
    assert all(last - 3.0 < each < first + 3.0 for each in seen), (first, seen, last)


def test_what_is_saved_is_what_is_seen(page: Page) -> None:
    page.keyboard.press("s")
    saved = {}
    for name in ("save-view", "save-whole", "save-plan"):
        with page.expect_download() as waiting:
            page.locator(f"#{name}").click()
        saved[name] = Path(waiting.value.path()).read_bytes()
    whole = np.asarray(Image.open(io.BytesIO(saved["save-whole"])))
    plan = smp.Plan.from_dict(json.loads(saved["save-plan"]))
    assert np.array_equal(whole, smp.render(plan.scene(), 20.0))
    view = np.asarray(Image.open(io.BytesIO(saved["save-view"])))
    assert view.shape[0] < whole.shape[0] or view.shape[1] < whole.shape[1]


def test_what_the_service_says_is_shown_as_it_is(page: Page) -> None:
    wrong = {**PAGE_PLAN, "fullness": 3.0}
    page.keyboard.press("s")
    page.locator("input[type=file]").set_input_files(
        {"name": "a.json", "mimeType": "application/json", "buffer": json.dumps(wrong).encode()}
    )
    toast = page.locator(".toast")
    toast.wait_for()
    assert "fullness must be" in toast.inner_text()
    page.keyboard.press("Escape")
    toast.get_by_role("button", name="Close this message").click()
    toast.wait_for(state="detached")


def test_a_lost_connection_is_said_and_mended(page: Page) -> None:
    first = picture(page)
    page.context.set_offline(True)
    slide(page, "fullness", 1.0)
    toast = page.locator(".toast").filter(has_text="The connection is lost")
    toast.wait_for()
    page.context.set_offline(False)
    toast.wait_for(state="detached")
    shown = do(page, lambda: slide(page, "fullness", 0.9))
    assert mean(treated(shown)) < mean(treated(first)) - 5.0


def test_the_verdict_has_numbers_and_plots(page: Page) -> None:
    tab(page, "verdict")
    page.get_by_text("Depth by session").wait_for()
    said = page.locator("#tabpanel").inner_text()
    assert "mm" in said
    assert "per cm²" in said
    plots = page.locator(".plot")
    assert plots.count() == 3
    for n in range(3):
        body = plots.nth(n).screenshot()
        drawn = np.asarray(Image.open(io.BytesIO(body)).convert("RGB"), np.float64)
        inked = (drawn.max((0, 1)) - drawn).max(2) > 40
        assert 0.03 < inked.mean() < 0.7
    score = page.locator(".score").inner_text()
    tab(page, "layers")
    page.locator("#session-3").click()
    page.locator("#session-2").click()
    settle(page)
    tab(page, "verdict")
    page.wait_for_function(
        "s => ![undefined, s].includes(document.querySelector('.score')?.innerText)", arg=score
    )


def test_the_verdict_is_of_what_is_seen(page: Page) -> None:
    tab(page, "verdict")
    page.get_by_text("in the middle of what you see").wait_for()
    page.wait_for_function("/^[1-9]/.test(document.querySelector('.score')?.innerText)")
    page.evaluate("document.activeElement.blur()")
    for _ in range(7):
        page.keyboard.press("+")
        page.wait_for_timeout(60)
    for _ in range(40):
        page.keyboard.press("Shift+ArrowUp")
        page.keyboard.press("Shift+ArrowLeft")
    # In front of the hairline there are no dots to tell anything by.
    page.get_by_text("There are too few dots.").wait_for()
    said = page.locator("#tabpanel").inner_text()
    assert "12 \u00d7 12 mm" in said
    assert "Left against right" not in said
    page.keyboard.press("0")
    page.wait_for_function("/^[1-9]/.test(document.querySelector('.score')?.innerText)")
    assert "40 \u00d7 40 mm" in page.locator("#tabpanel").inner_text()
