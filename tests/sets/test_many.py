"""`render_many`: the pictures of `render`, in order, a few at a time; and how it ends."""

from __future__ import annotations

import gc
import importlib.util
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import smpengine as smp

ROOT = Path(__file__).resolve().parents[2]
WINDOW = (4.0, 3.0, 8.0, 6.0)


def plan_of(seed: int = 1, **keys: Any) -> smp.Plan:
    table = {"version": 1, "treatment": "natural", "seed": seed, "scalp": {"extent_mm": [16, 12]}}
    return smp.Plan.from_dict({**table, **keys})


def threads_of_many() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("smpengine-many")]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("px_per_mm", [20.0, 700.0])
def test_pictures_are_those_of_render_in_order(threads: int, px_per_mm: float) -> None:
    window = WINDOW if px_per_mm < 100.0 else (4.0, 3.0, 7.2, 6.2)  # 2240 px: by all threads
    count = 5 if px_per_mm < 100.0 else 2
    plans = [plan_of(seed) for seed in range(count)]
    wanted = [smp.render(plan.scene(), px_per_mm, window, device="cpu") for plan in plans]
    got = list(smp.render_many(plans, px_per_mm, window, device="cpu", threads=threads))
    assert len(got) == count
    assert all((a == b).all() for a, b in zip(got, wanted, strict=True))
    assert not threads_of_many()


def test_scenes_plans_and_pairs() -> None:
    plan = plan_of()
    items = [
        plan,
        plan.scene(),
        (plan, {"day": 5.0, "output": "srgb16", "faults": ["too-dark"]}),
        (plan.scene(), {"window_mm": (0.0, 0.0, 3.0, 3.0), "px_per_mm": 10.0, "exposure": 0.5}),
    ]
    scale = plan.px_per_mm
    wanted = [
        smp.render(plan.scene(), scale, WINDOW),
        smp.render(plan.scene(), 40.0, WINDOW),
        smp.render(plan.with_faults("too-dark").scene(5.0), scale, WINDOW, "srgb16"),
        smp.render(plan.scene(), 10.0, (0.0, 0.0, 3.0, 3.0), exposure=0.5),
    ]
    got = list(smp.render_many(items, window_mm=WINDOW))
    assert all(a.dtype == b.dtype and (a == b).all() for a, b in zip(got, wanted, strict=True))


def test_conversion_sees_the_scene_and_may_ask_for_truth() -> None:
    def converted(made: smp.Rendered) -> tuple[int, Any, int]:
        shot = made.shot
        dots = smp.truth(made.scene, shot.scale, shot.window_mm, threads=1)
        return made.index, made.picture.mean(), len(dots)

    plans = [plan_of(seed) for seed in range(3)]
    got = list(smp.render_many(plans, 20.0, WINDOW, convert=converted))
    for k, (index, mean, dots) in enumerate(got):
        scene = plans[k].scene()
        assert index == k
        assert mean == smp.render(scene, 20.0, WINDOW).mean()
        assert dots == len(smp.truth(scene, 20.0, WINDOW))


def test_no_more_is_read_than_ahead() -> None:
    read = []

    def plans() -> Iterator[smp.Plan]:
        for seed in range(50):
            read.append(seed)
            yield plan_of(seed)

    pictures = smp.render_many(plans(), 10.0, WINDOW, ahead=3, threads=2)
    for k in range(4):
        next(pictures)
        assert len(read) <= k + 1 + 3
    pictures.close()  # type: ignore[attr-defined]
    assert not threads_of_many()
    assert len(read) < 10


def test_it_ends_when_nobody_wants_it_any_more() -> None:
    pictures = smp.render_many([plan_of(k) for k in range(9)], 10.0, WINDOW, threads=2)
    next(pictures)
    del pictures
    gc.collect()
    assert not threads_of_many()


def test_an_error_is_raised_in_its_turn_or_returned() -> None:
    plan = plan_of()
    items = [plan, (plan, {"window_mm": (90.0, 90.0, 91.0, 91.0)}), plan]
    pictures = smp.render_many(items, 10.0, WINDOW)
    assert next(pictures).shape == (30, 40, 3)
    with pytest.raises(smp.SceneError, match="window_mm must touch") as caught:
        next(pictures)
    assert caught.value.__notes__ == ["in item 1 of render_many"]
    got = list(smp.render_many(items, 10.0, WINDOW, errors="return"))
    assert isinstance(got[1], smp.Failed)
    assert got[1].index == 1
    assert isinstance(got[1].error, smp.SceneError)
    assert (got[0] == got[2]).all()


def test_cancelling_stops_soon() -> None:
    since = time.monotonic()
    pictures = smp.render_many(
        [plan_of(k) for k in range(40)], 300.0, cancel=lambda: time.monotonic() - since > 0.3
    )
    with pytest.raises(smp.Cancelled):
        list(pictures)
    assert not threads_of_many()


def test_progress_counts_pictures() -> None:
    told: list[tuple[int, int]] = []
    plans = [plan_of(k) for k in range(3)]
    list(smp.render_many(plans, 10.0, WINDOW, progress=lambda *at: told.append(at)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_wrong_options_are_named_at_once() -> None:
    plan = plan_of()
    wrong: list[tuple[str, Any, dict[str, Any]]] = [
        ("scenes must be several", plan, {}),
        ("errors must be 'raise' or 'return'", [plan], {"errors": "ignore"}),
        ("ahead must be a whole number", [plan], {"ahead": 0}),
        ("threads must be a whole number", [plan], {"threads": 0}),
    ]
    for message, scenes, options in wrong:
        with pytest.raises(smp.InputError, match=message):
            smp.render_many(scenes, 10.0, **options)
    for message, item in (
        ("an item must be a Scene, a Plan", "plan.toml"),
        ("an item's key must be one of", (plan, {"scale": 10.0})),
        ("an item must be a pair", (plan, 10.0)),
        ("day and faults must be left out of a scene", (plan.scene(), {"day": 4.0})),
        ("output must be one of", (plan, {"output": "png"})),
    ):
        with pytest.raises(smp.SceneError, match=message):
            list(smp.render_many([item], 10.0))  # type: ignore[list-item]


def test_a_device_draws_one_picture_at_a_time(opencl: str) -> None:
    plans = [plan_of(seed) for seed in range(3)]
    got = list(smp.render_many(plans, 20.0, WINDOW, device=opencl, threads=2))
    wanted = [smp.render(plan.scene(), 20.0, WINDOW, device=opencl) for plan in plans]
    assert all((a == b).all() for a, b in zip(got, wanted, strict=True))


def stand_in() -> ModuleType:
    """Return as much of torch as the example needs, for where it is not installed."""
    torch, utils, data = (ModuleType(n) for n in ("torch", "torch.utils", "torch.utils.data"))
    data.IterableDataset = type("IterableDataset", (), {"__class_getitem__": lambda *_: object})  # type: ignore[attr-defined]
    data.get_worker_info = lambda: None  # type: ignore[attr-defined]
    torch.from_numpy = lambda array: array  # type: ignore[attr-defined]
    torch.Tensor = np.ndarray  # type: ignore[attr-defined]
    torch.utils, utils.data = utils, data  # type: ignore[attr-defined]
    return torch


def test_the_example_for_torch_gives_pictures_and_their_density(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With torch where it is installed, else with a stand-in of the few names that it uses."""
    if importlib.util.find_spec("torch") is None:
        torch = stand_in()
        monkeypatch.setitem(sys.modules, "torch", torch)
        monkeypatch.setitem(sys.modules, "torch.utils", torch.utils)
        monkeypatch.setitem(sys.modules, "torch.utils.data", torch.utils.data)
    path = ROOT / "examples" / "torch_dataset.py"
    spec = importlib.util.spec_from_file_location("torch_dataset", path)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    whole = [np.asarray(p) for p, _ in example.Scalps(plan_of(), range(4), 64, 20.0)]
    assert len(whole) == 4
    assert whole[0].shape == (3, 64, 64)
    parts = []
    for number in range(2):
        info = type("Info", (), {"id": number, "num_workers": 2})
        monkeypatch.setattr(example, "get_worker_info", lambda info=info: info)
        parts.append([np.asarray(p) for p, _ in example.Scalps(plan_of(), range(4), 64, 20.0)])
    assert all((whole[k] == parts[k % 2][k // 2]).all() for k in range(4))
    monkeypatch.setattr(example, "get_worker_info", lambda: None)
    density = [np.asarray(d) for _, d in example.Scalps(plan_of(), range(2), 64, 20.0)]
    assert density[0].shape == (64, 64)
    assert density[0].max() > 0.0
