"""What a preview shows is what `render` renders, whatever was edited, kept or undone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import smpengine as smp
from smpengine.preview.rects import nearest_first, rectangles
from smpengine.preview.view import Asked

EXTENT = (24.0, 18.0)
WINDOW = (6.0, 4.0, 14.0, 10.0)


def scene_of(seed: int = 3, **parts: Any) -> smp.Scene:
    table = {"version": 1, "treatment": "natural", "seed": seed, "scalp": {"extent_mm": EXTENT}}
    return smp.Plan.from_dict({**table, **parts}).scene()


def fresh(scene: smp.Scene, window: Any, px_per_mm: float, output: str = "srgb8") -> Any:
    return smp.render(scene, px_per_mm, window, output, "cpu")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many blocks were drawn by each drawing since."""
    counts: list[int] = []
    draw = Asked.draw

    def counted(self: Asked, rect: Any, *rest: Any) -> Any:
        counts.append(rect[2] * rect[3])
        return draw(self, rect, *rest)

    monkeypatch.setattr(Asked, "draw", counted)
    return counts


def random_edit(view: smp.Preview, rng: np.random.Generator, others: list[smp.Scene]) -> None:
    count = len(view.scene.impressions)
    some = rng.choice(count, min(count, int(rng.integers(1, 6))), replace=False)
    x, y = rng.uniform(0.0, EXTENT[0]), rng.uniform(0.0, EXTENT[1])
    edits: list[Callable[[], object]] = [
        lambda: view.change(some, x_mm=rng.uniform(0.0, 24.0, len(some)), y_mm=y),
        lambda: view.change(some, mua_per_mm=rng.uniform(1.0, 60.0)),
        lambda: view.change(some, depth_mm=rng.uniform(0.2, 1.5), granularity=0.0),
        lambda: view.change(view.within((x, y, x + 4.0, y + 4.0)), radius_mm=0.08),
        lambda: view.remove(some),
        lambda: view.remove(view.within((x, y, x + 3.0, y + 3.0))),
        lambda: view.add(smp.Impressions([x], [y], 0.4, 0.06, 0.1, rng.uniform(1.0, 50.0))),
        lambda: view.undo(),
        lambda: view.redo(),
        lambda: view.show(others[int(rng.integers(len(others)))]),
        lambda: view.give_skin(smp.Skin(["I-II", "V"][int(rng.integers(2))])),
        lambda: view.change(view.of_sessions([1]), mua_per_mm=rng.uniform(5.0, 40.0)),
    ]
    edits[int(rng.integers(len(edits)))]()


def test_200_random_edits_each_show_what_is_rendered_anew() -> None:
    rng = np.random.default_rng(0)
    others = [scene_of(seed) for seed in (1, 2, 3)]
    view = smp.Preview(others[2], "cpu")
    for _ in range(200):
        random_edit(view, rng, others)
        scale = float(rng.choice([9.0, 21.3, 40.0, 77.0]))
        x, y = rng.uniform(-0.5, 20.0), rng.uniform(-0.5, 15.0)
        window = (x, y, x + 60.0 / scale, y + 50.0 / scale)
        got = view.render(window, scale)
        assert (got == fresh(view.scene, window, scale)).all()


def test_tiles_put_together_are_the_whole() -> None:
    view = smp.Preview(scene_of(), "cpu")
    whole = view.render((0.0, 0.0, 19.2, 12.8), 40.0)
    tiles = smp.Preview(scene_of(), "cpu")
    rows = [
        np.hstack([tiles.render((x, y, x + 6.4, y + 6.4), 40.0) for x in (0.0, 6.4, 12.8)])
        for y in (0.0, 6.4)
    ]
    assert (np.vstack(rows) == whole).all()


@pytest.mark.parametrize("output", ["srgb8", "srgb16", "linear", "absorbance"])
@pytest.mark.parametrize("px_per_mm", [0.1, 3.0, 12.0, 40.0])
def test_every_output_and_scale(output: str, px_per_mm: float) -> None:
    scene = scene_of()
    view = smp.Preview(scene, "cpu")
    window = None if px_per_mm < 5.0 else WINDOW
    for exposure in (None, 0.7):
        wanted = smp.render(scene, px_per_mm, window, output, "cpu", exposure=exposure)
        got = view.render(window, px_per_mm, output, exposure=exposure)
        assert got.dtype == wanted.dtype
        assert (got == wanted).all()


@pytest.mark.parametrize(
    "parts",
    [
        {"skin": {"type": "III-IV", "complexion": {"wrinkles": 0.3}}, "light": {}},
        {"hair": {"length_mm": 1.0}},
        {"healing": {"granularity": 0.0}},
        {"sessions": [{"preset": "foundation", "day": 0}]},
    ],
)
def test_hair_complexion_and_the_rest(parts: dict[str, Any]) -> None:
    if "sessions" in parts:
        table = {"version": 1, "seed": 1, "scalp": {"extent_mm": EXTENT}, **parts}
        scene = smp.Plan.from_dict(table).scene(day=1.0)  # with the redness of fresh strikes
        assert scene.blood is not None
    else:
        scene = scene_of(**parts)
    view = smp.Preview(scene, "cpu")
    for step in range(3):
        for scale in (11.0, 40.0):
            assert (view.render(WINDOW, scale) == fresh(view.scene, WINDOW, scale)).all()
        if step == 0:
            view.remove(view.within((8.0, 5.0, 9.0, 8.0)))
        if step == 1:
            view.change(view.within((9.0, 5.0, 12.0, 8.0)), mua_per_mm=30.0)


def test_what_is_known_is_not_drawn_again(drawn: list[int]) -> None:
    view = smp.Preview(scene_of(), "cpu")
    view.render(WINDOW, 40.0)
    assert sum(drawn) > 0
    drawn.clear()
    view.render(WINDOW, 40.0, "srgb16", exposure=0.5)
    view.show(scene_of())  # the same once more
    view.render(WINDOW, 40.0)
    assert not drawn
    view.change([0], mua_per_mm=20.0)
    view.render(WINDOW, 40.0)
    view.undo()
    drawn.clear()
    view.render(WINDOW, 40.0)
    assert not drawn


def test_an_edit_redraws_only_what_it_reaches(drawn: list[int]) -> None:
    """A dot close below the surface is seen millimetres away, not across the picture."""
    scene = smp.Scene(smp.Skin("I-II"), smp.Impressions([2.0, 90.0], [2.0, 90.0], 0.1, 0.05, 0.05,
                                                        20.0), (96.0, 96.0))  # fmt: skip
    view = smp.Preview(scene, "cpu")
    view.render(None, 32.0)
    drawn.clear()
    view.change([1], mua_per_mm=30.0)
    got = view.render(None, 32.0)
    assert 0 < sum(drawn) <= 12  # of 144
    assert (got == fresh(view.scene, None, 32.0)).all()


def test_a_picture_comes_soon_and_then_as_it_is() -> None:
    scene = scene_of()
    for window, scale in ((WINDOW, 250.0), (None, 77.0), (None, 31.0)):
        view = smp.Preview(scene, "cpu")
        stages = list(view.refine(window, scale, every_s=0.0))
        wanted = fresh(scene, window, scale)
        assert stages[0].share == 0.0
        assert [s.share for s in stages] == sorted(s.share for s in stages)
        rough = stages[0].picture.astype(np.float64)
        assert abs(rough.mean() - wanted.mean()) < 1.5
        assert np.abs(rough - wanted).mean() < 6.0
        assert stages[-1].share == 1.0
        assert (stages[-1].picture == wanted).all()
        again = list(view.refine(window, scale))
        assert len(again) == 1
        assert (again[0].picture == wanted).all()


def test_memory_is_bounded() -> None:
    view = smp.Preview(scene_of(), "cpu", memory_mib=2)
    for k in range(8):
        window = (2.0 * k, 0.0, 2.0 * k + 6.0, 12.0)
        assert (view.render(window, 40.0) == fresh(view.scene, window, 40.0)).all()
        assert view.held_bytes <= 2 * 2**20


def test_readers_see_one_scene_or_the_other_while_it_is_edited() -> None:
    first, second = scene_of(1), scene_of(2)
    known = {fresh(each, WINDOW, 40.0).tobytes() for each in (first, second)}
    view = smp.Preview(first, "cpu", threads=1)
    seen: list[bytes] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.append(view.render(WINDOW, 40.0).tobytes())

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    for k in range(20):
        view.show((second, first)[k % 2])
        view.render(WINDOW, 40.0)
    stop.set()
    for reader in readers:
        reader.join()
    assert len(seen) > 20
    assert set(seen) == known


def test_undo_and_redo_go_as_far_as_there_is_something() -> None:
    view = smp.Preview(scene_of(), "cpu")
    assert not view.undo()
    start = len(view.scene.impressions)
    view.remove([0, 1])
    view.remove([0])
    assert (view.undo(), view.undo(), view.undo()) == (True, True, False)
    assert len(view.scene.impressions) == start
    assert (view.redo(), view.redo(), view.redo()) == (True, True, False)
    assert len(view.scene.impressions) == start - 3
    view.undo()
    view.remove([5])  # what was undone is gone
    assert not view.redo()


def test_an_opencl_device_shows_what_it_renders(opencl: str) -> None:
    view = smp.Preview(scene_of(), opencl)
    for _ in range(2):
        wanted = smp.render(view.scene, 20.0, WINDOW, device=opencl)
        assert (view.render(WINDOW, 20.0) == wanted).all()
        assert [s.share for s in view.refine(WINDOW, 20.0)] == [1.0]
        view.change(view.within(WINDOW), mua_per_mm=3.0)


def test_wrong_input_is_named() -> None:
    view = smp.Preview(scene_of(), "cpu")
    count = len(view.scene.impressions)
    wrong: list[tuple[str, Callable[[], object]]] = [
        ("scene must be a Scene", lambda: smp.Preview("plan.toml")),  # type: ignore[arg-type]
        ("memory_mib must be a whole", lambda: smp.Preview(scene_of(), memory_mib=0)),
        ("rows must be row numbers from 0 to", lambda: view.remove([count])),
        ("rows must be row numbers", lambda: view.remove([0.5])),
        ("rows must be row numbers", lambda: view.change([True], mua_per_mm=1.0)),
        ("depth must be one of x_mm", lambda: view.change([0], depth=1.0)),
        ("radius_mm must be over 0", lambda: view.change([0], radius_mm=-1.0)),
        ("radius_mm must fit 1 rows", lambda: view.change([0], radius_mm=[1.0, 2.0])),
        ("impressions must be Impressions", lambda: view.add([1.0])),  # type: ignore[arg-type]
        ("output must be one of", lambda: view.render(WINDOW, 40.0, "png")),
        ("px_per_mm must be", lambda: view.render(WINDOW, 0.0)),
        ("window_mm must", lambda: view.render((5.0, 5.0, 5.0, 6.0), 40.0)),
        ("exposure must be over 0", lambda: view.render(WINDOW, 40.0, exposure=-1.0)),
    ]
    before = view.scene
    for message, call in wrong:
        with pytest.raises(smp.SmpError, match=message):
            call()
    assert view.scene is before


def test_a_cancelled_picture_leaves_the_rest_as_it_was() -> None:
    view = smp.Preview(scene_of(), "cpu")
    with pytest.raises(smp.Cancelled):
        view.render(WINDOW, 40.0, cancel=lambda: True)
    assert (view.render(WINDOW, 40.0) == fresh(view.scene, WINDOW, 40.0)).all()


def test_rectangles_cover_what_is_missing_once() -> None:
    rng = np.random.default_rng(4)
    for _ in range(200):
        places = {(int(r), int(c)) for r, c in rng.integers(0, 7, (int(rng.integers(1, 30)), 2))}
        rects = rectangles(places)
        covered = [
            (r, c)
            for row, col, rows, cols in rects
            for r in range(row, row + rows)
            for c in range(col, col + cols)
        ]
        assert len(covered) == len(set(covered))
        assert places <= set(covered)
        assert len(covered) <= len(places) / 0.6 + 1e-9
    assert rectangles([]) == []
    order = nearest_first([(0, 0, 1, 1), (4, 4, 1, 1), (2, 2, 1, 1)], (2.5, 2.5))
    assert order[0] == (2, 2, 1, 1)


@pytest.mark.parametrize("granularity", [0.0, 1.0])
def test_soft_and_deep_and_wide_dots_are_whole(granularity: float) -> None:
    """Discs whose rims are far wider than they, and the widest there are, across blocks' edges."""
    rng = np.random.default_rng(6)
    dots = smp.Impressions(
        rng.uniform(0.0, 4.0, 20), rng.uniform(0.0, 4.0, 20), rng.uniform(0.3, 2.5, 20),
        rng.choice([0.005, 0.02, 0.4], 20), 0.1, rng.choice([5.0, 10_000.0], 20),
        granularity=granularity,
    )  # fmt: skip
    view = smp.Preview(smp.Scene(smp.Skin(scattering=0.5), dots, (4.0, 4.0)), "cpu")
    for window in ((0.0, 0.0, 1.28, 1.28), (1.0, 1.0, 3.0, 2.0), (2.3, 0.1, 2.4, 3.9)):
        for scale in (200.0, 400.0):
            assert (view.render(window, scale) == fresh(view.scene, window, scale)).all()
            got = view.render(window, scale, "linear")
            assert (got == fresh(view.scene, window, scale, "linear")).all()


def test_a_scene_without_dots_can_be_shown() -> None:
    none = smp.Impressions([], [], 0.1, 0.1, 0.1, 1.0)
    view = smp.Preview(smp.Scene(smp.Skin("V"), none, (5.0, 5.0)), "cpu")
    bare = view.render(None, 40.0)
    view.add(smp.Impressions([2.0], [2.0], 0.1, 0.05, 0.05, 20.0))
    assert (view.render(None, 40.0) == fresh(view.scene, None, 40.0)).all()
    assert (view.render(None, 40.0) != bare).any()
    view.show(replace(view.scene, impressions=none))
    assert (view.render(None, 40.0) == bare).all()


@pytest.fixture
def splatted(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the scale of each drawing from splats since."""
    scales: list[float] = []
    draw = Asked._from_splats

    def counted(self: Asked, *rest: Any) -> None:
        scales.append(self.px_per_mm)
        draw(self, *rest)

    monkeypatch.setattr(Asked, "_from_splats", counted)
    return scales


def test_levels_above_one_that_is_drawn_are_its_means(splatted: list[float]) -> None:
    view = smp.Preview(scene_of(), "cpu")
    scales = 0.625, 1.25, 2.5, 5.0
    for px_per_mm in scales:  # the smallest first, as viewers ask
        np.testing.assert_array_equal(
            view.render(None, px_per_mm), fresh(view.scene, None, px_per_mm)
        )
    assert set(splatted) == {5.0}
    view.render(WINDOW, 40.0)
    splatted.clear()
    for px_per_mm in (20.0, 10.0):
        view.render(WINDOW, px_per_mm)  # blocks at its edges reach beyond what is drawn
    inside = (6.4, 6.4, 12.8, 9.6)
    splatted.clear()
    view.render(inside, 20.0)
    assert not splatted
    view.change(view.within((9.0, 5.0, 12.0, 8.0)), mua_per_mm=30.0)
    for px_per_mm in scales:
        np.testing.assert_array_equal(
            view.render(None, px_per_mm), fresh(view.scene, None, px_per_mm)
        )


def test_branches_share_what_is_drawn_and_no_edits(drawn: list[int]) -> None:
    view = smp.Preview(scene_of(), "cpu")
    before = view.render(WINDOW, 40.0)
    drawn.clear()
    branch = view.branch(scene_of())
    np.testing.assert_array_equal(branch.render(WINDOW, 40.0), before)
    assert not drawn
    assert not branch.undo()
    branch.change(branch.within(WINDOW), mua_per_mm=60.0)
    view.change(view.within(WINDOW), mua_per_mm=2.0)
    for each in (view, branch):
        np.testing.assert_array_equal(each.render(WINDOW, 40.0), fresh(each.scene, WINDOW, 40.0))
    with pytest.raises(smp.SceneError, match="scene must be a Scene"):
        view.branch("scene")  # type: ignore[arg-type]
