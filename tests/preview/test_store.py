"""Stores of splats: when one is given up for a new one, and which slots reach which block."""

from __future__ import annotations

import numpy as np
import pytest

import smpengine as smp
from smpengine.preview import store as stores
from smpengine.preview import version
from smpengine.preview.room import Room
from smpengine.preview.store import NO_SLOT, Store, Stores
from smpengine.raster.splats import PixelWindow
from smpengine.workers import Workers


def dots(count: int) -> smp.Impressions:
    rng = np.random.default_rng(count)
    x, y, depth, radius = (
        rng.uniform(low, high, count) for low, high in ((0, 30), (0, 30), (0.2, 1.8), (0.03, 0.2))
    )
    return smp.Impressions(x, y, depth, radius, np.full(count, 0.1), np.full(count, 3.0))


def filled(many: Stores, count: int) -> Store:
    store, given = many.of(smp.Skin(), 40.0, count), dots(count)
    slots = np.full(count, NO_SLOT, np.int32)
    store.fill(slots, np.arange(count), given, Workers(1))
    return store


def test_a_part_does_not_find_the_store_of_the_whole_crowded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stores, "_SPARE", 10)
    many = Stores(Room())
    whole = filled(many, 200)
    assert many.of(smp.Skin(), 40.0, 5) is whole
    for _ in range(3):
        filled(many, 200)
    assert whole.used > 3 * 200 + 10
    fresh = many.of(smp.Skin(), 40.0, 5)
    assert fresh is not whole
    assert fresh.number != whole.number
    assert many.of(smp.Skin(), 20.0, 5) is not fresh


def test_stores_hold_so_many_bytes_together() -> None:
    one = filled(Stores(Room()), 200).held_bytes
    many = Stores(Room(), 2 * one)
    for k in range(4):
        store = many.of(smp.Skin(), 40.0 + k, 200)
        slots = np.full(200, NO_SLOT, np.int32)
        store.fill(slots, np.arange(200), dots(200), Workers(1))
    assert one <= many.held_bytes <= 3 * one
    assert store.number in many.numbers
    alone = Stores(Room(), 1)
    assert alone.of(smp.Skin(), 40.0, 9) is alone.of(smp.Skin(), 40.0, 9)


def test_slots_are_kept_when_a_store_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_RESERVED", 16)
    many, given = Stores(Room()), dots(60)
    store, slots = many.of(smp.Skin(), 40.0, 60), np.full(60, NO_SLOT, np.int32)
    window = PixelWindow(0, 0, 1200, 1200)
    for rows in (np.arange(10), np.arange(5, 40), np.arange(60)):
        store.fill(slots, rows, given, Workers(1))
    monkeypatch.undo()
    whole = Stores(Room()).of(smp.Skin(), 40.0, 60)
    other = np.full(60, NO_SLOT, np.int32)
    whole.fill(other, np.arange(60), given, Workers(1))
    mine, theirs = store.splats(slots, window), whole.splats(other, window)
    for kind, names in (
        ("halos", ("x_px", "y_px", "sigma_px", "peak")),
        ("cores", ("x_px", "cap")),
    ):
        for name in names:
            values = getattr(getattr(mine, kind), name)
            assert values.size
            np.testing.assert_array_equal(values, getattr(getattr(theirs, kind), name))


@pytest.mark.parametrize("side", [64, 100, 256])
def test_lists_of_blocks_have_what_reaches_each_and_nothing_else(side: int) -> None:
    store, given = Stores(Room()).of(smp.Skin(), 40.0, 300), dots(300)
    slots = np.full(300, NO_SLOT, np.int32)
    store.fill(slots, np.arange(300), given, Workers(1))
    near = slots[::-1].copy()
    down, across, corner = 5, 7, (-2 * side, side)
    spans = store.spans(near, side, across, down, corner)
    starts, lists = stores.lists_of(near, spans, 0, 0, down, across)
    columns = store._columns
    x, y, reach = (v[near] for v in (columns.x_px, columns.y_px, columns.reach_px))
    for row in range(down):
        for col in range(across):
            left, top = corner[0] + col * side, corner[1] + row * side
            there = (x > left - reach) & (x < left + side + reach)
            there &= (y > top - reach) & (y < top + side + reach)
            at = row * across + col
            np.testing.assert_array_equal(lists[starts[at] : starts[at + 1]], near[there])
            alone, chosen = stores.lists_of(near, spans, row, col, 1, 1)
            np.testing.assert_array_equal(chosen, near[there])
            assert alone.tolist() == [0, len(chosen)]


def test_many_scales_leave_no_slots_of_each_behind() -> None:
    scene = smp.Scene(smp.Skin(), dots(50), (30.0, 30.0))
    view = smp.Preview(scene, "cpu", threads=1)
    for k in range(12):
        view.render((10.0, 10.0, 11.0, 11.0), 20.0 + 0.01 * k)
    branch = view.branch(scene)
    for each in (view, branch):
        assert 1 <= len(each._version._slots) <= 4


def test_keys_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "_MOST_KEYS", 20)
    scene = smp.Scene(smp.Skin(), dots(50), (30.0, 30.0))
    view = smp.Preview(scene, "cpu", threads=1)
    for k in range(12):
        scale = 20.0 + k
        np.testing.assert_array_equal(
            view.render((0.0, 0.0, 28.0, 28.0), scale), smp.render(scene, scale, (0, 0, 28, 28))
        )
        assert len(view._version._keys) <= 20 + 7 * 7, "more than were kept, and one picture's"
