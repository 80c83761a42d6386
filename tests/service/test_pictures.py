"""Tiles, windows and looks are what `render` gives, bit for bit; and known ones are not drawn."""

from __future__ import annotations

import io
import math
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

import smpengine as smp
from smpengine.service.levels import Levels
from smpengine.service.studio import Studio


def picture(answer: httpx.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def test_tiles_of_every_level_joined_are_the_whole(client: smp.Client, plan: smp.Plan) -> None:
    scale = client.plan().about["scale"]
    assert (scale["width_px"], scale["height_px"], scale["max_zoom"]) == (960, 720, 2)
    for z in range(scale["max_zoom"] + 1):
        px_per_mm = math.ldexp(40.0, z - scale["max_zoom"])
        width, height = Levels((24.0, 18.0), 40.0).size(scale["max_zoom"] - z)
        rows = [
            np.hstack([client.tile(z, x, y, edge="cut") for x in range(-(-width // 256))])
            for y in range(-(-height // 256))
        ]
        joined = np.vstack(rows)
        assert joined.shape == (height, width, 3)
        box = (0.0, 0.0, width / px_per_mm, height / px_per_mm)
        np.testing.assert_array_equal(joined, smp.render(plan.scene(), px_per_mm, box))
    last = client.tile(2, 3, 2)  # whole, as most viewers want them: beyond the scalp is bare skin
    assert last.shape == (256, 256, 3)
    np.testing.assert_array_equal(last[:208, :192], joined[512:, 768:])
    bare = smp.render(smp.clean(plan.scene()), 40.0)
    assert abs(last[230:, 220:].mean() - bare.mean()) < 1.0


@pytest.mark.parametrize(
    ("look", "scene", "options"),
    [
        ({"day": 30}, lambda plan: plan.scene(30.0), {}),
        ({"exposure": 1.3}, lambda plan: plan.scene(), {"exposure": 1.3}),
        ({"fault": ["too-big", "uneven"]},
         lambda plan: plan.with_faults("too-big", "uneven").scene(), {}),
        ({"sessions": ""}, lambda plan: smp.clean(plan.scene()), {}),
    ],
)  # fmt: skip
def test_looks_show_what_render_does(
    client: smp.Client, plan: smp.Plan, look: dict[str, Any], scene: Any, options: Any
) -> None:
    window = (4.0, 3.0, 9.0, 7.0)
    expected = smp.render(scene(plan), 30.0, window, **options)
    np.testing.assert_array_equal(client.window(window, 30.0, **look), expected)


def test_sessions_are_layers(client: smp.Client, plan: smp.Plan) -> None:
    scene, window = plan.scene(), (4.0, 3.0, 9.0, 7.0)
    dots = scene.impressions
    for numbers in ((1,), (2,), (1, 2)):
        rows = np.isin(dots.session, np.array(numbers) - 1)
        assert 0 < rows.sum() < len(dots)
        some = smp.Scene(scene.skin, dots.rows(rows), scene.extent_mm)
        shown = client.window(window, 40.0, sessions=numbers)
        np.testing.assert_array_equal(shown, smp.render(some, 40.0, window))


@pytest.mark.parametrize(("kind", "media"), [("jpg", "image/jpeg"), ("webp", "image/webp")])
def test_small_kinds_are_near(url: str, client: smp.Client, kind: str, media: str) -> None:
    exact = client.tile(2, 1, 1)
    answer = httpx.get(f"{url}/tiles/2/1/1.{kind}")
    assert answer.headers["content-type"] == media
    near = picture(answer)
    assert near.shape == exact.shape
    off = near.astype(float) - exact
    assert abs(off.mean()) < 0.5
    assert np.sqrt((off**2).mean()) < 6.0
    assert len(answer.content) < 0.5 * exact.size


def test_who_has_a_picture_is_not_sent_it_again(url: str) -> None:
    there = f"{url}/tiles/2/0/1.jpg"
    first = httpx.get(there)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    again = httpx.get(there, headers={"If-None-Match": f'"other", {tag}'})
    assert again.status_code == 304
    assert not again.content
    assert again.headers["etag"] == tag
    assert httpx.get(there, headers={"If-None-Match": '"other"'}).content == first.content
    assert httpx.get(f"{there}?exposure=1.1").headers["etag"] != tag
    assert first.headers["cache-control"] == "private, no-cache"
    name = httpx.get(f"{url}/api/plan").json()["id"]
    assert "immutable" in httpx.get(f"{there}?plan={name}").headers["cache-control"]


def test_what_was_drawn_is_not_drawn_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there = f"{url}/tiles/2/2/1.webp?exposure=0.77"
    before = httpx.get(there).content

    def drawn(*_: Any) -> Any:
        raise AssertionError("drawn again")

    monkeypatch.setattr(Studio, "pixels", drawn)
    assert httpx.get(there).content == before


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/tiles/9/0/0.png", 404, "tile must be one of levels 0 to 2, got 9/0/0"),
        ("/tiles/2/9/0.png", 404, "tile must"),
        ("/tiles/-1/0/0.png", 404, "tile must"),
        ("/tiles/a/0/0.png", 422, "z must be a whole number"),
        ("/tiles/2/0/0.gif", 422, "format must be one of png, jpg, webp, got 'gif'"),
        ("/tiles/2/0/0.png?day=nan", 422, "day must be a finite number"),
        ("/tiles/2/0/0.png?day=-1", 422, "day must be greater than or equal to 0"),
        ("/tiles/2/0/0.png?exposure=0", 422, "exposure must be greater than 0"),
        ("/tiles/2/0/0.png?sessions=9", 422, "sessions must be numbers from 1 to 3, got 9"),
        ("/tiles/2/0/0.png?sessions=x", 422, "sessions.0 must be a whole number"),
        ("/tiles/2/0/0.png?fault=ugly", 422, "faults.0 must be"),
        ("/tiles/2/0/0.png?plan=none", 404, "plan must be the id of a plan that is known here"),
        ("/window.png?window=1,2,3", 422, "window must be four numbers x0,y0,x1,y1 in mm"),
        ("/window.png?window=1,2,inf,4", 422, "window must be four numbers"),
        ("/window.png?window=1,2,1,4", 422, "window_mm must be (x0, y0, x1, y1)"),
        ("/window.png?window=90,90,91,91", 422, "window_mm must touch the extent"),
        ("/window.png?window=-1e308,0,10,10&px_per_mm=100", 422, "window_mm must lie within"),
        ("/window.png?window=0,0,1e308,10&px_per_mm=1", 422, "window_mm must lie within"),
        ("/window.png?px_per_mm=0", 422, "px_per_mm must be 0.01 to 10000"),
        ("/window.png?px_per_mm=9000", 413, "picture must have at most 16 million pixels"),
        ("/nothing", 404, "/nothing"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(url: str, path: str, status: int, says: str) -> None:
    answer = httpx.get(url + path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert says in told["errors"][0]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "path", ["/tiles/1/0/0.jpg", "/window.png?px_per_mm=4", "/api/plan", "/", "/page/icon.svg",
             "/health", "/tiles/99/0/0.jpg", "/nothing"],
)  # fmt: skip
def test_a_head_is_that_of_the_whole_answer(url: str, path: str) -> None:
    first, again = httpx.head(f"{url}{path}"), httpx.head(f"{url}{path}")
    whole = httpx.get(f"{url}{path}")
    for head in (first, again):
        assert head.status_code == whole.status_code
        assert head.content == b""
        for name in ("content-type", "content-length", "etag", "cache-control"):
            assert head.headers.get(name) == whole.headers.get(name), name


def test_the_overview_is_drawn_once_for_the_service_and_who_asks_at_once(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []
    pixels = Studio.pixels

    def counted(studio: Studio, asked: Any, cancel: Any = None) -> Any:
        drawn.append(asked)
        return pixels(studio, asked, cancel)

    monkeypatch.setattr(Studio, "pixels", counted)
    with serve() as url:
        answers = [httpx.get(f"{url}/tiles/0/0/0.jpg") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(drawn) == 1
