"""Plans that mean harm: a mebibyte of mistakes costs no more than it takes to be read."""

from __future__ import annotations

import copy
import difflib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
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


HUGE = int("f" * 5000, 16)  # TOML has hexadecimals; Python writes no such number as text


@pytest.mark.parametrize(
    "said",
    [
        plan(seed=HUGE),
        plan(fullness=[HUGE]),
        plan(faults=[{"merged": HUGE}]),
        plan(match=HUGE),
        plan(treatment=HUGE, sessions=[]),
        listed([{"preset": HUGE}]),
        listed([{"preset": []}]),
        listed([{"preset": {}, "needle": []}]),
        scalp(extent_mm=[HUGE, 1]),
        scalp(extent_mm={}),
        scalp(extent_mm=[1e6, 9]),
        {**scalp(extent_mm=["9e4", 9]), "head": {}},
        scalp(extent_mm={"x": 1}),
        scalp(regions=[{"svg": "M 1e400 0 L 1 1 2 2 Z"}]),
        scalp(regions=[{"svg": "M " + "9" * 400 + " 0 L 1 1 2 2 Z"}]),
        scalp(regions=[{"svg": "M 0 0 A 1e-300 1e-300 0 1 1 1 1 Z"}]),
        scalp(regions=[{"polygon_mm": [[1e308, 0], [0, 1e308], [-1e308, 0]]}]),
        scalp(regions=[{"mask": "\0"}]),
        scalp(regions=[{"mask": "\ud800"}]),
        scalp(regions=[{"mask": "two\nlines"}]),
        scalp(regions=[{"mask": LONG}]),
        scalp(regions=[{"svg_file": "\0"}]),
        scalp(regions=[{"svg_file": "\ud800"}]),
        scalp(regions=[{"svg_file": LONG}]),
        plan(head={"depth_map": "\0", "mm_per_px": 1, "range_mm": [0, 1]}),
        plan(head={"depth_map": LONG, "mm_per_px": 1, "range_mm": [0, 1]}),
    ],
    ids=lambda _: "",
)
def test_what_python_or_a_library_cannot_take_is_a_problem(said: dict[str, Any]) -> None:
    assert len(problems(said)) <= 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("digits.json", '{"seed": ' + "9" * 5000 + "}"),
        ("digits.toml", "seed = " + "9" * 5000),
        ("deep.json", '{"seed": ' + "[" * 100_000),
        ("deep.toml", "seed = " + "[" * 100_000),
    ],
)
def test_files_that_python_cannot_read_are_a_problem(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(smp.PlanError) as caught:
        smp.load_plan(tmp_path / name)
    (line,) = caught.value.problems
    assert len(line) < LONGEST + len(str(tmp_path))


def test_a_file_without_a_shape_of_a_name_says_so_in_a_line(tmp_path: Path) -> None:
    shape = f'<rect id="{LONG}" width="9" height="9"/>'
    (tmp_path / "a.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{shape}</svg>')
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(scalp(regions=[{"svg_file": "a.svg", "id": "b" * 9999}])))
    with pytest.raises(smp.PlanError) as caught:
        smp.load_plan(path)
    (line,) = caught.value.problems
    assert "have a shape with id 'bbb" in line
    assert len(line) < LONGEST + len(str(tmp_path))


ODD: list[Any] = [
    None, True, 0, -1, 3.5, 5e-324, 1e308, float("nan"), float("-inf"), 2**63, HUGE, "", "x",
    "1e400", "\0", "\ud800", "a\nb", "x" * 3000, [], {}, [[]], [{}], [0, 0], [[0, 0]] * 3, {"a": 1},
    "M", "M0 0A0 0 0 1 1 0 0Z", "M0 0C0 0 0 0 0 0ZM0 0h5v5z", "..", "/dev/null", b"x", (1, 2),
    "merged",
]  # fmt: skip
CORNERS = [[1, 1], [9, 1], [9, 9]]
LINE = {"points_mm": [[1, 1], [9, 2]], "width_mm": 2, "density": 1, "feather_mm": 1, "name": "a"}
FADE = {"from_mm": [1, 1], "to_mm": [3, 3], "density": [1, 0]}
WHOLE = {
    "version": 1,
    "seed": 3,
    "sessions": ["texture", {"preset": "definition", "pigment": {"mua_per_mm": [1, 2, 3]}}],
    "scalp": {
        "extent_mm": [20.0, 20.0],
        "regions": [{"polygon_mm": CORNERS, "gradient": FADE}, {"svg": "M1 1H9A5 5 0 0 1 9 9Z"}],
        "parts": [LINE],
        "scars": [LINE],
        "hairline": {"points_mm": [[1, 5], [9, 5]], "style": "natural", "feather_mm": 3},
    },
    "hair": {
        "hairs_per_unit": [1, 0, 0, 0],
        "whorl_mm": [3, 3],
        "regions": [{"polygon_mm": CORNERS}],
        "loss": {"pattern": "norwood-3", "front_mm": [5, 5]},
        "extractions": [{"polygon_mm": CORNERS}],
    },
    "lasers": [{"day": 3, "clearance": 0.3}],
    "faults": ["merged"],
    "match": "native",
    "client": {"age_years": 40, "sex": "male"},
    "healing": {"settles_days": 30},
    "skin": {"type": "V", "complexion": {"age_years": 40, "tan_line_mm": 3}},
    "head": {"axes_mm": [77, 98, 90], "crown_mm": [3, 3]},
    "light": {"share": 0.3, "colour": [1, 1, 1]},
    "render": {"px_per_mm": 30},
}


def places(said: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a plan."""
    if at:
        yield at
    if isinstance(said, dict | list):
        for key, value in said.items() if isinstance(said, dict) else enumerate(said):
            yield from places(value, (*at, key))


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_an_odd_value_anywhere_is_taken_or_is_a_problem(odd: Any) -> None:
    for place in places(WHOLE):
        said = copy.deepcopy(WHOLE)
        at: Any = said
        for key in place[:-1]:
            at = at[key]
        at[place[-1]] = odd
        told: tuple[str, ...] = ()
        try:
            smp.Plan.from_dict(said)
        except smp.PlanError as error:
            told = error.problems
        assert all(each.isprintable() and len(each) <= LONGEST for each in told)
