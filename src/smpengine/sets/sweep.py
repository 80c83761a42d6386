"""`load_sweep`: a file to variants, or every problem of the file, a line each."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from smpengine.errors import InputError, PlanError, key_of, must, rule_of
from smpengine.plan.load import read_mapping, validate
from smpengine.sets import keys
from smpengine.sets.expand import all_values, check_conditions, groups_of, total
from smpengine.sets.sample import DISTRIBUTIONS, check_distribution, is_sampled
from smpengine.sets.schema import AxisTable, SweepTable
from smpengine.sets.variants import Variant, check_names, name_of, part_of

_WAYS = ("values", "range", *DISTRIBUTIONS)


@dataclass(frozen=True, repr=False)
class Sweep:
    """A validated sweep; made by `load_sweep` or `Sweep.from_dict`.

    Attributes
    ----------
    table
        The sweep as it was validated.
    base
        The mapping of its plan.
    folder
        Where the plan's files are.
    name
        What messages call it.
    """

    table: SweepTable
    base: dict[str, Any]
    folder: Path
    name: str

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], folder: str | Path = ".") -> Sweep:
        """Return the sweep that a mapping says, as a file of the same keys in a folder would.

        Raises
        ------
        PlanError
            With every problem found.
        """
        return _sweep(data, "sweep", Path(folder))

    def __repr__(self) -> str:
        return f"Sweep({self.name!r}, variants={len(self)})"

    def __len__(self) -> int:
        """Return how many variants there are."""
        return len(self.variants)

    @cached_property
    def variants(self) -> list[Variant]:
        """All of them, in order.

        Raises
        ------
        InputError
            Two are the same.
        """
        made = list(self._variants())
        try:
            check_names(made)
        except InputError as error:
            raise PlanError([f"{self.name}: {error}"]) from error
        return made

    def _variants(self) -> Iterator[Variant]:
        split = None if self.table.split is None else self.table.split.model_dump()
        picture = self.table.picture.model_dump(mode="json", exclude_none=True)
        number = 0
        for values in all_values(self.table, self.table.seed):
            for seed in self._seeds(number):
                own = dict(values) if seed is None else {**values, "seed": seed}
                plan, shown = resolve(self.base, picture, own)
                yield Variant(
                    number, plan, shown, own, self.folder.absolute(),
                    name_of(plan, shown, self.folder), part_of(plan, split),
                )  # fmt: skip
                number += 1

    def _seeds(self, number: int) -> list[int | None]:
        seeds = self.table.seeds
        if seeds is None:
            return [None]
        if isinstance(seeds, list):
            return list(seeds)
        if isinstance(seeds, int):
            first = int(self.base.get("seed", 0))
            return [first + k for k in range(seeds)]
        # A function of the sweep's seed and the variant's number, not of what came before.
        words = np.random.Philox(key=self.table.seed, counter=[0, 0, 0, number]).random_raw(1)
        return [int(words[0]) >> 1]


def resolve(
    base: Mapping[str, Any], picture: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the plan and the picture of a variant.

    Raises
    ------
    InputError
        A key lies in what the plan does not have.
    """
    shown = dict(picture)
    own: dict[str, Any] = {}
    faults: list[str] = []
    for key, value in values.items():
        if key == "day":
            shown["day"] = value
        elif key == "fault":
            faults = [] if value == "none" else [value] if isinstance(value, str) else list(value)
        elif key.startswith("picture."):
            shown[key.removeprefix("picture.")] = value
        else:
            own[key] = value
    plan = keys.with_values(base, own)
    if faults:
        plan["faults"] = list(dict.fromkeys([*plan.get("faults", []), *faults]))
    return plan, shown


def load_sweep(path: str | Path, limit: int | None = None) -> Sweep:
    """Read a sweep.

    Parameters
    ----------
    path
        TOML or JSON, by suffix.
    limit
        More variants than this are refused; the file's own when None.

    Returns
    -------
    Sweep
        Validated; `variants` lists its pictures.

    Raises
    ------
    PlanError
        The file, or its plan, cannot be read, or says something that cannot be; a line each
        problem, with file, key, value and remedy.
    """
    target = Path(path)
    mapping = read_mapping(target)
    if limit is not None:
        mapping = {**mapping, "limit": limit}
    return _sweep(mapping, str(target), target.parent)


def _sweep(data: Mapping[str, Any], name: str, folder: Path) -> Sweep:
    raw = {key: value for key, value in data.items() if key != "$schema"}
    try:
        table = SweepTable.model_validate(raw)
    except ValidationError as error:
        lines = dict.fromkeys(_line(entry) for entry in error.errors())
        raise PlanError([f"{name}: {line}" for line in lines]) from error
    problems = [f"{name}: {problem}" for problem in _problems(table)]
    base, where = _base(table, name, folder, problems)
    if problems:
        raise PlanError(problems)
    count = total(table)
    if count > table.limit:
        remedy = "Take fewer values, or raise limit."
        got = f"{count:,}"
        message = must("variants", f"be at most {table.limit:,}", got, remedy=remedy)
        raise PlanError([f"{name}: {message}"])
    sweep = Sweep(table, base, where, name)
    try:
        _check_plans(sweep)
    except InputError as error:
        own = error.problems if isinstance(error, PlanError) else [f"{name}: {error}"]
        raise PlanError(list(own)) from error
    return sweep


def _base(
    table: SweepTable, name: str, folder: Path, problems: list[str]
) -> tuple[dict[str, Any], Path]:
    """Return the plan's mapping and where its files are."""
    if (table.plan is None) == (table.base is None):
        got = "neither" if table.plan is None else "both"
        remedy = 'Write plan = "plan.toml", or a table [base].'
        problems.append(f"{name}: {must('plan', 'be given once', got, remedy=remedy)}")
        return {}, folder
    if table.base is not None:
        return dict(table.base), folder
    assert table.plan is not None
    path = folder / table.plan
    try:
        mapping = read_mapping(path)
    except PlanError as error:
        problems += error.problems
        return {}, folder
    return {key: value for key, value in mapping.items() if key != "$schema"}, path.parent


def _problems(table: SweepTable) -> Iterator[str]:
    """Say what the schema cannot."""
    for k, axis in enumerate(table.axes):
        try:
            keys.check(axis.key)
            _check_axis(axis)
        except InputError as error:
            yield f"axes[{k}].{error}"
    if table.picture.size_px is not None and table.picture.window_mm is not None:
        yield must("picture.size_px", "be left out beside window_mm", "both", remedy="One each.")
    split = table.split
    if split is not None and abs(split.train + split.validation + split.test - 1.0) > 1e-9:
        got = f"{split.train + split.validation + split.test:g}"
        yield must("split", "have shares that add up to 1", got)
    if table.sample is not None and not any(is_sampled(axis) for axis in table.axes):
        yield must("sample", "be beside an axis that is a distribution", "none of them")
    if table.seeds is not None and any(axis.key == "seed" for axis in table.axes):
        yield must("seeds", "be left out beside an axis of seeds", "both", remedy="Choose one.")
    form = table.picture
    if form.format == "png" and form.output in ("linear", "absorbance"):
        yield must("picture.format", f"hold {form.output} pixels", "'png'", remedy="Choose tif.")
    try:
        check_conditions(table.axes)
        groups_of([axis for axis in table.axes if _ways(axis) and not is_sampled(axis)])
    except InputError as error:
        yield f"axes: {error}"


def _ways(axis: AxisTable) -> list[str]:
    return [name for name in _WAYS if getattr(axis, name) is not None]


def _check_axis(axis: AxisTable) -> None:
    ways = _ways(axis)
    if len(ways) != 1:
        rule = f"vary in one way: {', '.join(_WAYS)}"
        raise InputError(must(f"key {axis.key!r}", rule, ", ".join(ways) or "none"))
    if is_sampled(axis):
        check_distribution(axis)
        if axis.pair:
            remedy = "Distributions are sampled together; see [sample]."
            raise InputError(must("pair", "be on lists and ranges", repr(axis.pair), remedy=remedy))


def _check_plans(sweep: Sweep) -> None:
    """Validate the plans of those variants that are the first to have some value of a list.

    Each value is tried so, among others that it goes with; of distributions the extremes. What
    combination else fails is recorded when it is rendered.
    """
    seen: set[str] = set()
    drawn = [axis.key for axis in sweep.table.axes if is_sampled(axis)]
    variants = sweep.variants
    extremes: set[int] = set()
    for key in drawn:
        sizes = {
            float(variant.values[key]): variant.number
            for variant in variants
            if isinstance(variant.values.get(key), int | float)
        }
        extremes |= {sizes[edge(sizes)] for edge in (min, max) if sizes}
    problems: dict[str, None] = {}
    for variant in variants:
        new = {f"{k}={v!r}" for k, v in variant.values.items() if k not in drawn and k != "seed"}
        if variant.number and new <= seen and variant.number not in extremes:
            continue
        seen |= new
        try:
            validate(variant.plan, sweep.name, sweep.folder)
            sweep.table.picture.model_validate(variant.picture)
        except PlanError as error:
            problems.update(dict.fromkeys(error.problems))
        except ValidationError as error:
            lines = (
                _line({**entry, "loc": ("picture", *entry["loc"])}) for entry in error.errors()
            )
            problems.update(dict.fromkeys(f"{sweep.name}: {line}" for line in lines))
    if problems:
        raise PlanError(list(problems))


def _line(entry: Mapping[str, Any]) -> str:
    """Say one of pydantic's errors in our words."""
    path = [part for part in entry["loc"] if isinstance(part, int) or "[" not in str(part)]
    key = key_of(path)
    got = repr(entry["input"])
    got = got if len(got) <= 60 else f"{got[:57]}..."
    if entry["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(path[-1]), _known(path), 1)
        remedy = f"Did you mean {near[0]}?" if near else "Remove it."
        return must(key, "be a known key", got, remedy=remedy)
    if entry["type"] == "missing":
        return must(key, "be given", "nothing")
    return must(key, rule_of(entry), got)


def _known(path: list[Any]) -> list[str]:
    """Return the keys of the table that a path leads into."""
    model: type[BaseModel] = SweepTable
    for part in path[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            inner = keys.model_of(model.model_fields[part].annotation)
            model = model if inner is None else inner
    return [each.alias or name for name, each in model.model_fields.items()]
