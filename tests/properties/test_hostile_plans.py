"""Plans that mean harm: a mebibyte of mistakes costs no more than it takes to be read."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import pytest

import smpengine as smp
from smpengine.plan import lines, load, schema
from smpengine.plan.load import MOST_PROBLEMS
from smpengine.plan.scalp_schema import MOST_PARTS

LONGEST = 300  # of a line: a rule that lists names, a key and a value cut short


def plan(**keys: Any) -> dict[str, Any]:
    return {"version": 1, "treatment": "natural", "scalp": {"extent_mm": [20.0, 20.0]}, **keys}


def scalp(**keys: Any) -> dict[str, Any]:
    return plan(scalp={"extent_mm": [20.0, 20.0], **keys})


def listed(sessions: list[Any]) -> dict[str, Any]:
    return {"version": 1, "scalp": {"extent_mm": [20.0, 20.0]}, "sessions": sessions}


def problems(said: dict[str, Any]) -> list[str]:
    """What a plan is told; a line each, none of them long."""
    with pytest.raises(smp.PlanError) as caught:
        smp.Plan.from_dict(said)
    told = list(caught.value.problems)
    assert len(told) <= MOST_PROBLEMS + 1
    assert all(each.startswith("plan: ") and each.isprintable() for each in told)
    assert max(map(len, told)) <= LONGEST
    return told


MANY: dict[str, Callable[[], dict[str, Any]]] = {
    "keys": lambda: plan(**{f"key{k}": 0 for k in range(70_000)}),
    "long keys": lambda: plan(**{f"{k}" + "seed" * 100: 0 for k in range(2000)}),
    "keys of one table": lambda: plan(skin={f"key{k}": 0 for k in range(70_000)}),
    "empty sessions": lambda: listed([{}] * MOST_PARTS),
    "sessions of no preset": lambda: listed(["x"] * MOST_PARTS),
    "sessions out of order": lambda: listed(
        [{"preset": "texture", "day": 9000 - k} for k in range(MOST_PARTS)]
    ),
    "lists for faults": lambda: plan(faults=[[]] * MOST_PARTS),
    "faults": lambda: plan(faults=[f"merge{k}" for k in range(MOST_PARTS)]),
    "lasers": lambda: plan(lasers=[{}] * MOST_PARTS),
    "regions": lambda: scalp(regions=[{}] * MOST_PARTS),
    "extractions": lambda: plan(hair={"extractions": [{}] * MOST_PARTS}),
    "parts": lambda: scalp(parts=[{"points_mm": [[1, 1], [1, 1]]}] * MOST_PARTS),
}


@pytest.mark.parametrize("kind", MANY)
def test_of_many_problems_the_first_are_told(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = dict.fromkeys(("expand", "near", "checked"), 0)

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            calls[name] += 1
            return function(*args)

        return call

    monkeypatch.setattr(load, "expand", counted("expand", schema.expand))
    near = counted("near", difflib.get_close_matches)
    monkeypatch.setattr(lines.difflib, "get_close_matches", near)
    line = counted("checked", load.scalp_checks.check_line)
    monkeypatch.setattr(load.scalp_checks, "check_line", line)
    told = problems(MANY[kind]())
    assert len(told) == MOST_PROBLEMS + 1
    assert len(set(told)) == len(told)
    assert told[-1] == "plan: has more problems than these 50."
    assert calls["expand"] == 1
    assert calls["near"] <= MOST_PROBLEMS + 1
    assert calls["checked"] <= MOST_PROBLEMS + 1


def test_fifty_problems_are_told_whole() -> None:
    told = problems(plan(**{f"key{k}": 0 for k in range(MOST_PROBLEMS)}))
    assert len(told) == MOST_PROBLEMS
    assert told[-1].startswith("plan: key49 must be a known key")


ENTRIES: dict[str, tuple[Callable[[list[Any]], dict[str, Any]], str]] = {
    "sessions": (listed, "sessions"),
    "faults": (lambda many: plan(faults=many), "faults"),
    "lasers": (lambda many: plan(lasers=many), "lasers"),
    "regions": (lambda many: scalp(regions=many), "scalp.regions"),
    "parts": (lambda many: scalp(parts=many), "scalp.parts"),
    "scars": (lambda many: scalp(scars=many), "scalp.scars"),
    "hair": (lambda many: plan(hair={"regions": many}), "hair.regions"),
    "extractions": (lambda many: plan(hair={"extractions": many}), "hair.extractions"),
}


@pytest.mark.parametrize("key", ENTRIES)
def test_a_list_that_is_too_long_is_one_problem(key: str) -> None:
    made, name = ENTRIES[key]
    rule = f"plan: {name} must have at most 1000 entries, got [[], [], "
    assert [each[: len(rule)] for each in problems(made([[]] * 350_000))] == [rule]


@pytest.mark.parametrize("entry", [[], "", 0, {}])
def test_of_wrong_points_the_first_is_told(entry: Any) -> None:
    many = [entry] * 350_000
    for said in (
        scalp(regions=[{"polygon_mm": many}]),
        scalp(hairline={"points_mm": many}),
        scalp(scars=[{"points_mm": many}]),
    ):
        told = problems(said)
        assert 1 <= len(told) <= 2  # of its x and its y
        assert all("_mm[0]" in each for each in told)


LONG = "x" * 2**20


@pytest.mark.parametrize(
    "said",
    [
        plan(**{LONG: 0}),
        plan(match=LONG),
        plan(match=[0] * 500_000),
        plan(treatment=LONG, sessions=[]),
        plan(treatment=[0] * 500_000, sessions=[]),
        plan(skin={"table": LONG, "complexion": {}}),
        plan(skin={"type": LONG}),
        plan(faults=[LONG]),
        scalp(regions=[{"id": LONG}]),
        scalp(regions=[{"polygon_mm": LONG}]),
        scalp(regions=[{"svg": LONG, "polygon_mm": [[1, 1], [2, 2], [3, 1]]}]),
        scalp(hairline={"points_mm": [[5, 5]] * 100_000}),
        scalp(parts=[{"points_mm": [[1, 1]] * 100_000}]),
        scalp(extent_mm=[0] * 500_000),
        plan(**{"two\nlines": 0, "\x1b[31m": 0}),
    ],
    ids=lambda _: "",
)
def test_no_line_repeats_what_was_sent_at_length(said: dict[str, Any]) -> None:
    assert problems(said)


@pytest.mark.parametrize(
    "value", ["a", b"a", 3, 1.5, True, None, [], [1], (), (1,), (1, 2), {}, {"a": [1, (2,)]}]
)
def test_short_values_are_written_as_python_would(value: Any) -> None:
    assert smp.errors.short(value) == repr(value)


def test_long_values_are_cut() -> None:
    endless: list[Any] = []
    endless.append(endless)
    for value in ("x" * 99, list(range(99)), {k: k for k in range(99)}, [["x" * 99]]):
        assert smp.errors.short(value) == f"{value!r:.57}..."
    assert smp.errors.short(endless) == "[" * 57 + "..."
    assert smp.errors.short(float("nan")) == "nan"
