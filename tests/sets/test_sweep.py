"""Axes to variants: crossed, paired, conditional, sampled; names, splits, and every message."""

from __future__ import annotations

import json
import math
import os
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import smpengine as smp
from smpengine.sets.sample import design
from smpengine.sets.schema import json_schema
from smpengine.sets.variants import Variant, check_names, name_of

BASE: dict[str, Any] = {
    "version": 1, "seed": 3, "treatment": "natural", "scalp": {"extent_mm": [12.0, 9.0]},
}  # fmt: skip


def sweep_of(*axes: dict[str, Any], **more: Any) -> smp.Sweep:
    return smp.Sweep.from_dict({"version": 1, "base": BASE, "axes": list(axes), **more})


def values_of(sweep: smp.Sweep) -> list[dict[str, Any]]:
    return [variant.values for variant in sweep.variants]


def test_lists_are_crossed_in_order_and_the_last_changes_fastest() -> None:
    sweep = sweep_of(
        {"key": "skin.type", "values": ["I-II", "VI"]},
        {"key": "fullness", "range": {"from": 0.2, "to": 0.8, "count": 4}},
    )
    found = [(v["skin.type"], round(v["fullness"], 9)) for v in values_of(sweep)]
    assert found == [(s, f) for s in ("I-II", "VI") for f in (0.2, 0.4, 0.6, 0.8)]
    assert [variant.number for variant in sweep.variants] == list(range(8))
    assert sweep.variants[5].plan["skin"] == {"type": "VI"}
    assert "skin" not in BASE


def test_ranges_by_ratios() -> None:
    sweep = sweep_of(
        {"key": "seed", "range": {"from": 1, "to": 100, "count": 3, "spacing": "log"},
         "whole": True},
    )  # fmt: skip
    assert [v["seed"] for v in values_of(sweep)] == [1, 10, 100]


def test_paired_axes_go_together() -> None:
    sweep = sweep_of(
        {"key": "skin.type", "values": ["I-II", "VI"], "pair": "who"},
        {"key": "texture", "values": [0.1, 0.5, 0.9]},
        {"key": "client.age_years", "values": [30, 60], "pair": "who"},
    )
    found = [(v["skin.type"], v["client.age_years"]) for v in values_of(sweep)]
    assert found == [("I-II", 30)] * 3 + [("VI", 60)] * 3


def test_conditional_axes_vary_only_where_they_apply() -> None:
    sweep = sweep_of(
        {"key": "skin.type", "values": ["I-II", "V", "VI"]},
        {"key": "skin.scattering", "values": [0.8, 1.2], "when": {"skin.type": ["V", "VI"]}},
        {"key": "fullness", "uniform": {"low": 0.1, "high": 0.9}, "when": {"skin.type": ["VI"]}},
    )
    found = [(v["skin.type"], v.get("skin.scattering"), "fullness" in v) for v in values_of(sweep)]
    assert found == [
        ("I-II", None, False), ("V", 0.8, False), ("V", 1.2, False),
        ("VI", 0.8, True), ("VI", 1.2, True),
    ]  # fmt: skip
    assert "scattering" not in sweep.variants[0].plan["skin"]


def test_day_faults_and_pictures_are_axes_too() -> None:
    sweep = sweep_of(
        {"key": "day", "values": [1, 400]},
        {"key": "fault", "values": ["none", "too-deep"]},
        {"key": "picture.exposure", "values": [0.8]},
    )
    last = sweep.variants[-1]
    assert last.picture["day"] == 400
    assert last.picture["exposure"] == 0.8
    assert last.plan["faults"] == ["too-deep"]
    assert "faults" not in sweep.variants[0].plan


def test_a_latin_hypercube_has_one_in_each_stratum() -> None:
    numbers = design("lhs", 50, 3, 7)
    for column in numbers.T:
        assert sorted(np.floor(column * 50).astype(int)) == list(range(50))


def test_sobol_is_balanced_in_every_elementary_box() -> None:
    numbers = design("sobol", 64, 2, 7)
    for down in range(7):
        cells = np.floor(numbers * [2**down, 2 ** (6 - down)]).astype(int)
        assert len({tuple(cell) for cell in cells}) == 64
    np.testing.assert_array_equal(design("sobol", 50, 2, 7), numbers[:50])


@pytest.mark.parametrize("method", ["lhs", "sobol", "random"])
def test_distributions_are_what_they_are_called(method: str) -> None:
    sweep = sweep_of(
        {"key": "fullness", "uniform": {"low": 0.2, "high": 0.6}},
        {"key": "sessions[0].depth_mm", "normal": {"mean": 0.3, "sd": 0.05}},
        {"key": "sessions[0].radius_mm", "loguniform": {"low": 0.02, "high": 0.2}},
        {"key": "skin.type", "choice": {"values": ["I-II", "VI"], "weights": [3, 1]}},
        {"key": "client.age_years", "normal": {"mean": 40, "sd": 20, "low": 18, "high": 60},
         "whole": True},
        base={"version": 1, "scalp": BASE["scalp"], "sessions": [{"preset": "foundation"}]},
        sample={"method": method, "count": 512},
    )  # fmt: skip
    rows = values_of(sweep)
    assert len(rows) == 512

    def p_of(key: str, law: Any) -> float:
        return float(stats.kstest([row[key] for row in rows], law.cdf).pvalue)

    assert p_of("fullness", stats.uniform(0.2, 0.4)) > 0.01
    assert p_of("sessions[0].depth_mm", stats.norm(0.3, 0.05)) > 0.01
    assert p_of("sessions[0].radius_mm", stats.loguniform(0.02, 0.2)) > 0.01
    light = sum(row["skin.type"] == "I-II" for row in rows)
    assert abs(light - 384) <= (2 if method == "lhs" else 40)
    ages = [row["client.age_years"] for row in rows]
    assert all(isinstance(age, int) for age in ages)
    assert min(ages) >= 18
    assert max(ages) <= 60


def test_one_sample_for_each_combination_or_the_same_for_all() -> None:
    axes = (
        {"key": "skin.type", "values": ["I-II", "VI"]},
        {"key": "fullness", "uniform": {"low": 0.2, "high": 0.6}},
    )
    each = [v["fullness"] for v in values_of(sweep_of(*axes))]
    assert len(each) == len(set(each)) == 2
    crossed = [v["fullness"] for v in values_of(sweep_of(*axes, sample={"count": 3}))]
    assert crossed[:3] == crossed[3:]
    assert len(set(crossed)) == 3


def test_the_same_seed_gives_the_same_variants() -> None:
    axis = {"key": "fullness", "uniform": {"low": 0.2, "high": 0.6}}
    names = [
        [v.name for v in sweep_of(axis, seed=seed, sample={"count": 9}).variants]
        for seed in (1, 1, 2)
    ]
    assert names[0] == names[1]
    assert not set(names[0]) & set(names[2])


def test_seeds_by_number_by_list_and_each_its_own() -> None:
    axis = {"key": "skin.type", "values": ["I-II", "VI"]}
    assert [v.seed for v in sweep_of(axis, seeds=2).variants] == [3, 4, 3, 4]
    assert [v.seed for v in sweep_of(axis, seeds=[8]).variants] == [8, 8]
    own = [v.seed for v in sweep_of(axis, seeds="each").variants]
    assert len(set(own)) == 2
    longer = sweep_of({"key": "skin.type", "values": ["I-II", "VI", "V"]}, seeds="each")
    assert [v.seed for v in longer.variants][:2] == own
    assert all(0 <= seed < 2**63 for seed in own)


def test_a_name_is_what_is_shown_however_it_is_said(tmp_path: Path) -> None:
    picture = {"px_per_mm": 20, "device": "cpu"}
    name = name_of(BASE, picture, tmp_path)
    assert len(name) == 16
    assert int(name, 16) >= 0
    backwards = dict(reversed(BASE.items()))
    assert name_of(backwards, {"device": "cpu", "px_per_mm": 20.0}, tmp_path) == name
    sessions = ["foundation", "definition", "texture"]
    written_out = {k: v for k, v in BASE.items() if k != "treatment"} | {"sessions": sessions}
    by_table = {**written_out, "sessions": [{"preset": each} for each in sessions]}
    assert name_of(written_out, picture, tmp_path) == name_of(by_table, picture, tmp_path)
    others = [({**BASE, "seed": 4}, picture), (BASE, {**picture, "px_per_mm": 21})]
    others += [({**BASE, "fullness": 0.500001}, picture)]
    assert len({name, *(name_of(plan, shown, tmp_path) for plan, shown in others)}) == 4


def test_a_name_is_of_what_is_in_files_and_of_the_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = {**BASE, "skin": {"table": "skin.json"}}
    (tmp_path / "skin.json").write_text("1")
    before = name_of(plan, {}, tmp_path)
    (tmp_path / "skin.json").write_text("22")
    after = name_of(plan, {}, tmp_path)
    monkeypatch.setattr(smp, "__version__", "9.9.9")
    assert len({before, after, name_of(plan, {}, tmp_path)}) == 3


def test_a_split_keeps_pictures_of_one_plan_together() -> None:
    sweep = sweep_of(
        {"key": "skin.type", "values": ["I-II", "VI"]},
        {"key": "day", "values": [1, 400]},
        {"key": "fault", "values": ["none", "too-deep"]},
        seeds=400, split={"train": 0.7, "validation": 0.2, "test": 0.1},
    )  # fmt: skip
    parts: dict[int, set[str]] = {}
    for variant in sweep.variants:
        parts.setdefault(variant.seed, set()).add(variant.part)
    assert all(len(each) == 1 for each in parts.values())
    counts = {name: sum(name in each for each in parts.values()) for name in ("train", "test")}
    assert counts["train"] == pytest.approx(280, abs=4 * math.sqrt(400 * 0.7 * 0.3))
    assert counts["test"] == pytest.approx(40, abs=4 * math.sqrt(400 * 0.1 * 0.9))


def test_other_variants_do_not_move_a_plan_to_another_part() -> None:
    few, many = (sweep_of(seeds=count, split={}).variants for count in (20, 40))
    assert [v.part for v in few] == [v.part for v in many][:20]


MISTAKES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], str]] = {
    "unknown key": (
        [{"key": "skin.typ", "values": ["VI"]}], {},
        r"axes\[0\].key must be one that a plan knows, got 'skin.typ'. Did you mean skin.type\?",
    ),
    "unknown key, first": (
        [{"key": "fulness", "values": [0.2]}], {}, r"Did you mean fullness\?",
    ),
    "not a key": ([{"key": "a..b", "values": [1]}], {}, "must be names with dots between"),
    "not there": (
        [{"key": "sessions[1].depth_mm", "values": [0.2]}], {},
        "must lie in what the plan has, got no list sessions. Write it out in the base plan",
    ),
    "unequal pairs": (
        [{"key": "fullness", "values": [0.2, 0.4], "pair": "a"},
         {"key": "texture", "values": [0.2, 0.4, 0.6], "pair": "a"}], {},
        "pair 'a' must have axes of one length, got 2 of fullness, 3 of texture. Leave pair out",
    ),
    "too many": (
        [{"key": "fullness", "range": {"from": 0, "to": 1, "count": 1000}},
         {"key": "texture", "range": {"from": 0, "to": 1, "count": 1000}}], {"seeds": 1000},
        "variants must be at most 10,000, got 1,000,000,000. Take fewer values, or raise limit",
    ),
    "the same twice": (
        [{"key": "fullness", "values": [0.2, 0.4, 0.2]}], {},
        "variants must differ from each other, got numbers 0 and 2, both",
    ),
    "same key twice": (
        [{"key": "fullness", "values": [0.2]}, {"key": "fullness", "values": [0.4]}], {},
        "key must be on one axis, got 'fullness'",
    ),
    "bad bounds": (
        [{"key": "fullness", "uniform": {"low": 0.8, "high": 0.2}}], {},
        "uniform.low must be under high, got 0.8 and 0.2",
    ),
    "bad sd": (
        [{"key": "fullness", "normal": {"mean": 0.5, "sd": 0}}], {},
        r"axes\[0\].normal.sd must be greater than 0, got 0",
    ),
    "bad weights": (
        [{"key": "fullness", "choice": {"values": [0.1, 0.2], "weights": [1]}}], {},
        "choice.weights must be one for each value, got 1 for 2 values",
    ),
    "when of nothing": (
        [{"key": "fullness", "values": [0.2], "when": {"skin.type": ["VI"]}}], {},
        "when must name a list before it, got 'skin.type'",
    ),
    "when of no value": (
        [{"key": "skin.type", "values": ["VI"]},
         {"key": "fullness", "values": [0.2], "when": {"skin.type": ["V"]}}], {},
        "when must have values that skin.type takes, got 'V'",
    ),
    "two ways": (
        [{"key": "fullness", "values": [0.2], "uniform": {"low": 0, "high": 1}}], {},
        "must vary in one way",
    ),
    "no way": ([{"key": "fullness"}], {}, "must vary in one way.*got none"),
    "bad value": (
        [{"key": "fullness", "values": [0.2, 1.5]}], {},
        "fullness must be less than or equal to 1, got 1.5",
    ),
    "bad sample": (
        [{"key": "fullness", "normal": {"mean": 0.9, "sd": 0.2}}], {"sample": {"count": 40}},
        "fullness must be less than or equal to 1, got 1",
    ),
    "bad picture": (
        [{"key": "picture.exposure", "values": [-1]}], {},
        "picture.exposure must be greater than 0, got -1",
    ),
    "picture, not of one": (
        [{"key": "picture.format", "values": ["png", "tif"]}], {},
        r"must be a key of \[picture\] that may differ from picture to picture",
    ),
    "bad split": ([], {"split": {"train": 0.8, "test": 0.3}}, "shares that add up to 1, got 1.2"),
    "unknown table": ([], {"pictures": {}}, r"pictures must be a known.*Did you mean picture\?"),
    "unknown in a table": (
        [], {"picture": {"px_per_m": 3}}, r"picture.px_per_m must be.*Did you mean px_per_mm\?",
    ),
    "png of floats": ([], {"picture": {"output": "linear"}}, "hold linear pixels.*Choose tif"),
    "two seeds": (
        [{"key": "seed", "values": [1]}], {"seeds": 2}, "seeds must be left out beside an axis",
    ),
    "no plan": ([], {"base": None}, "plan must be given once, got neither"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_said_in_a_line(name: str) -> None:
    axes, more, message = MISTAKES[name]
    with pytest.raises(smp.PlanError, match=message) as raised:
        sweep_of(*axes, **more)
    assert all(line.startswith("sweep: ") for line in raised.value.problems)


def test_several_mistakes_are_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(
        'version = 1\nplan = "no.toml"\n[[axes]]\nkey = "fulness"\nvalues = [1]\n'
        '[[axes]]\nkey = "day"\nuniform = { low = 3, high = 2 }\n'
    )
    with pytest.raises(smp.PlanError) as raised:
        smp.load_sweep(path)
    assert len(raised.value.problems) == 3
    assert "no.toml: cannot be read" in str(raised.value)


def test_a_clash_of_names_is_refused() -> None:
    one, other = sweep_of({"key": "fullness", "values": [0.2, 0.4]}).variants
    clash = Variant(1, other.plan, other.picture, {}, other.folder, one.name)
    with pytest.raises(smp.InputError, match="Their hashes clash"):
        check_names([one, clash])


def test_the_count_is_known_beforehand() -> None:
    sweep = sweep_of(
        {"key": "skin.type", "values": ["I-II", "V", "VI"]},
        {"key": "fullness", "values": [0.2, 0.4], "when": {"skin.type": ["V", "VI"]}},
        {"key": "texture", "values": [0.2, 0.4], "when": {"fullness": [0.4]}},
        {"key": "client.age_years", "uniform": {"low": 20, "high": 60}},
        sample={"count": 5}, seeds=2,
    )  # fmt: skip
    from smpengine.sets.expand import total

    assert total(sweep.table) == len(sweep) == (1 + 2 * 3) * 5 * 2


def test_the_published_schema_is_the_schema() -> None:
    """SMP_REGENERATE=1 publishes it again."""
    published = resources.files("smpengine.sets").joinpath("sweep.schema.json")
    if os.environ.get("SMP_REGENERATE") == "1":
        with resources.as_file(published) as path:
            path.write_text(json.dumps(json_schema(), indent=1) + "\n", encoding="utf-8")
    assert json.loads(published.read_text(encoding="utf-8")) == json_schema()
    assert json_schema()["$defs"]["RangeTable"]["required"] == ["from", "to", "count"]


def test_sweeps_may_name_their_schema() -> None:
    assert len(sweep_of(**{"$schema": "sweep.schema.json"})) == 1
