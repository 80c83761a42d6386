"""Notebooks: what is shown of scenes and plans, the widget's wishes, napari's layers, examples."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import smpengine as smp

NOTEBOOKS = Path(__file__).parents[2] / "examples" / "notebooks"
TABLE = {"version": 1, "seed": 3, "treatment": "natural", "scalp": {"extent_mm": [24.0, 18.0]}}


@pytest.fixture(scope="module")
def plan() -> smp.Plan:
    return smp.Plan.from_dict(TABLE)


def test_scenes_and_plans_show_a_picture_that_fits(plan: smp.Plan) -> None:
    scene = plan.scene()
    shown = np.asarray(Image.open(io.BytesIO(scene._repr_png_())))
    assert shown.shape == (480, 640, 3)
    np.testing.assert_array_equal(shown, smp.render(scene, 640 / 24))
    told = plan._repr_html_()
    for word in ("foundation", "definition", "texture", "24 x 18 mm", "grey-1"):
        assert word in told
    packed = re.search(r"base64,([^\"]+)", told)
    assert packed is not None
    again = np.asarray(Image.open(io.BytesIO(base64.b64decode(packed[1]))))
    np.testing.assert_array_equal(again, shown)


def test_small_scenes_are_not_blown_up() -> None:
    scene = smp.Scene(smp.Skin("V"), smp.Impressions([1], [1], 0.2, 0.05, 0.1, 9.0), (2.0, 3.0))
    assert Image.open(io.BytesIO(scene._repr_png_())).size == (80, 120)


class Sent:
    """Hears what a widget sends."""

    def __init__(self, widget: Any) -> None:
        self.told: list[tuple[Any, Any]] = []
        widget.send = lambda content, buffers=None: self.told.append((content, buffers))

    def wish(self, widget: Any, **wish: Any) -> tuple[Any, Any]:
        whole = {"number": 1, "x_mm": 2.0, "y_mm": 3.0, "px_per_mm": 20.0, "width_px": 200,
                 "height_px": 160, "light": 1.0, "before": False, **wish}  # fmt: skip
        widget._handle_custom_msg(whole, [])
        return self.told[-1]


def near(frame: bytes, expected: np.ndarray) -> None:
    shown = np.asarray(Image.open(io.BytesIO(frame)), float)
    assert shown.shape == expected.shape
    assert np.sqrt(((shown - expected) ** 2).mean()) < 4.0


def test_a_widget_shows_what_it_wishes_to_see(plan: smp.Plan) -> None:
    scene = plan.scene()
    widget = smp.viewer(plan, width_px=200, height_px=160)
    assert widget.extent_mm == [24.0, 18.0]
    heard = Sent(widget)
    box = (2.0, 3.0, 12.0, 11.0)
    said, buffers = heard.wish(widget)
    assert said == {"number": 1, "x_mm": 2.0, "y_mm": 3.0, "px_per_mm": 20.0}
    near(buffers[0], smp.render(scene, 20.0, box))
    _, buffers = heard.wish(widget, before=True)
    near(buffers[0], smp.render(smp.clean(scene), 20.0, box))
    brighter = np.asarray(Image.open(io.BytesIO(heard.wish(widget, light=1.4)[1][0])))
    assert brighter.mean() > smp.render(scene, 20.0, box).mean() + 10.0


def test_a_widget_follows_its_preview(plan: smp.Plan) -> None:
    view = smp.Preview(plan.scene(), "cpu")
    widget = smp.viewer(view, width_px=200, height_px=160)
    heard = Sent(widget)
    heard.wish(widget)
    view.change(view.within((0, 0, 24, 18)), mua_per_mm=300.0)
    view.give_skin(smp.Skin("V"))
    before = widget.version
    widget.refresh()
    assert widget.version == before + 1
    box = (2.0, 3.0, 12.0, 11.0)
    near(heard.wish(widget)[1][0], smp.render(view.scene, 20.0, box))
    near(heard.wish(widget, before=True)[1][0], smp.render(smp.clean(view.scene), 20.0, box))


def test_the_skin_before_is_that_of_the_scene_shown_now(plan: smp.Plan) -> None:
    view = smp.Preview(plan.scene(), "cpu")
    widget = smp.viewer(view, width_px=200, height_px=160)
    heard = Sent(widget)
    heard.wish(widget, before=True)
    hairy = smp.Plan.from_dict({**TABLE, "hair": {"length_mm": 1.0}})
    view.show(dataclasses.replace(view.scene, hair=hairy.hair(), extent_mm=(30.0, 20.0)))
    widget.refresh()
    assert widget.extent_mm == [30.0, 20.0]
    box = (2.0, 3.0, 12.0, 11.0)
    shown = heard.wish(widget, before=True)[1][0]
    near(shown, smp.render(smp.clean(view.scene), 20.0, box))
    bald = smp.render(smp.clean(plan.scene()), 20.0, box)
    assert np.abs(np.asarray(Image.open(io.BytesIO(shown)), float) - bald).mean() > 5.0


def test_wishes_that_cannot_be_are_answered_in_a_line(plan: smp.Plan) -> None:
    widget = smp.viewer(plan, width_px=200, height_px=160)
    heard = Sent(widget)
    said, buffers = heard.wish(widget, x_mm=900.0)
    assert "window_mm must touch the extent" in said["error"]
    assert said["number"] == 1
    assert buffers is None
    widget._handle_custom_msg({"number": 4}, [])
    assert heard.told[-1][0]["number"] == 4
    assert "infinity" in heard.wish(widget, width_px=float("inf"))[0]["error"]
    heard.wish(widget, px_per_mm=1e9)
    assert heard.told[-1][0]["px_per_mm"] == 200.0


def test_what_no_widget_shows(plan: smp.Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(smp.InputError, match="shown must be a Plan, a Scene or a Preview, got str"):
        smp.viewer("plan.toml")
    with pytest.raises(smp.InputError, match="width_px must be a whole number from 64 to 2048"):
        smp.viewer(plan, width_px=10)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(smp.InputError, match="pip install 'smpengine\\[notebook\\]'"):
        smp.viewer(plan)


def test_napari_gets_a_picture_and_its_dots_on_each_other(plan: smp.Plan) -> None:
    scene = plan.scene()
    (picture, image, kind), (places, points, other) = smp.napari_layers(
        scene, 20.0, (4.0, 3.0, 12.0, 9.0)
    )
    assert (kind, other) == ("image", "points")
    np.testing.assert_array_equal(picture, smp.render(scene, 20.0, (4.0, 3.0, 12.0, 9.0)))
    assert image["scale"] == (0.05, 0.05)
    assert image["translate"] == (3.025, 4.025)
    rows = points["features"]["row"]
    np.testing.assert_array_equal(places[:, 0], scene.impressions.y_mm[rows])
    assert (places[:, 1] >= 4.0).all()
    assert (places[:, 1] < 12.0).all()
    assert len(points["border_color"]) == len(points["size"]) == len(places) > 50
    dark = picture.mean(axis=2)  # a dot's place in the picture is dark
    pixel = np.floor((places - [3.0, 4.0]) / 0.05).astype(int)
    assert dark[pixel[:, 0], pixel[:, 1]].mean() < dark.mean() - 5.0
    with pytest.raises(smp.SceneError, match="scene must be a Scene"):
        smp.napari_layers(plan)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["first.ipynb", "preview.ipynb"])
def test_the_notebooks_of_the_examples_run(name: str, tmp_path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(NOTEBOOKS / name, as_version=4)
    assert all(not cell.get("outputs") for cell in book.cells), "outputs must be cleared"
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    kinds = {
        kind
        for cell in book.cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    }
    wanted = {"image/png", "text/html"} if name == "first.ipynb" else {"image/png"}
    assert wanted <= kinds, kinds
    if name == "preview.ipynb":
        assert "application/vnd.jupyter.widget-view+json" in kinds
    assert len(json.dumps(nbformat.read(NOTEBOOKS / name, as_version=4))) < 8000


PAGE = """<!doctype html><link rel="stylesheet" href="/viewer.css">
<body style="margin:0"><div id="el"></div><script type="module">
const heard = {};
const model = {
  get: (name) => ({ width_px: 400, height_px: 300, extent_mm: [24, 18], version: 0 })[name],
  on: (name, call) => { heard[name] = call; }, off: () => {},
  send: async (wish) => {
    const [said, frame] = await window.draw(wish);
    const bytes = Uint8Array.from(atob(frame), (letter) => letter.charCodeAt(0));
    heard["msg:custom"](said, [bytes]);
  },
};
const { default: widget } = await import("/viewer.js");
widget.render({ model, el: document.getElementById("el") });
</script>"""


class Shown:
    """The widget in a browser, its kernel in this process."""

    def __init__(self, browser: Any, scene: smp.Scene) -> None:
        import smpengine.notebook.viewer as source

        self.scene = scene
        frames = source._Frames(smp.Preview(scene, "cpu"))
        self.tab = browser.new_page(viewport={"width": 420, "height": 380}, has_touch=True)

        def draw(wish: dict[str, Any]) -> tuple[dict[str, Any], str]:
            said, frame = frames.draw(wish)
            return said, base64.b64encode(frame).decode()

        def serve(route: Any) -> None:
            name = route.request.url.removeprefix("http://widget/")
            kinds = {"viewer.js": "text/javascript", "viewer.css": "text/css"}
            body = PAGE if name == "" else Path(source.__file__).with_name(name).read_text("utf-8")
            route.fulfill(content_type=kinds.get(name, "text/html"), body=body)

        self.tab.expose_function("draw", draw)
        self.tab.route("http://widget/**", serve)
        self.tab.goto("http://widget/")
        self.canvas = self.tab.locator("canvas")
        self.canvas.wait_for()  # its module loads by itself; fingers that are sooner pinch the page

    def pixels(self) -> np.ndarray:
        self.tab.wait_for_timeout(1500)
        return np.asarray(Image.open(io.BytesIO(self.canvas.screenshot())).convert("RGB"), float)

    def off(self, window: Any, px_per_mm: float, scene: smp.Scene | None = None) -> float:
        """How far the canvas is from a render: the root of the mean square, in codes."""
        there = smp.render(scene or self.scene, px_per_mm, window)[40:260, 40:360]
        return float(np.sqrt(((self.pixels()[40:260, 40:360] - there) ** 2).mean()))


@pytest.fixture
def shown(plan: smp.Plan) -> Iterator[Shown]:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = Path("/usr/bin/chromium")
    if not chromium.exists():
        pytest.skip(f"no {chromium}")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        yield Shown(browser, plan.scene())
        browser.close()


SCALE = 400 / 24  # at which the whole scalp fits


@pytest.mark.slow
def test_the_widget_in_a_browser(shown: Shown) -> None:
    tab = shown.tab
    assert shown.off((0, 0, 24, 18), SCALE) < 6.0
    tab.mouse.move(200, 150)
    tab.mouse.down()
    tab.mouse.move(100, 100, steps=5)
    tab.mouse.up()
    moved = (100 / SCALE, 50 / SCALE, 24 + 100 / SCALE, 18 + 50 / SCALE)
    assert shown.off(moved, SCALE) < 6.0
    tab.mouse.move(50, 50)  # no button is down
    assert shown.off(moved, SCALE) < 6.0
    shown.canvas.press("0")
    tab.mouse.move(200, 150)
    for _ in range(4):
        tab.mouse.wheel(0, -100)
    near = SCALE * 1.2**4
    half = 12 / 1.2**4, 9 / 1.2**4
    box = (12 - half[0], 9 - half[1], 12 + half[0], 9 + half[1])
    assert shown.off(box, near) < 8.0
    tab.get_by_label("Before").check()
    assert shown.off(box, near, smp.clean(shown.scene)) < 4.0
    before = shown.pixels().mean()
    tab.get_by_label("Light").fill("1.6")
    assert shown.pixels().mean() > before + 15.0


@pytest.mark.slow
def test_two_fingers_zoom_the_widget(shown: Shown) -> None:
    touch = shown.tab.context.new_cdp_session(shown.tab)
    for kind, reach in (("touchStart", 40), ("touchMove", 60), ("touchMove", 80)):
        fingers = [{"x": 200 + way * reach, "y": 150, "id": way + 1} for way in (-1, 1)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
        shown.tab.wait_for_timeout(100)  # moves within one frame are taken together
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert shown.off((6, 4.5, 18, 13.5), 2 * SCALE) < 8.0
