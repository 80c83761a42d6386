"""From axes to combinations: crossed, paired, conditional, sampled; and how many, beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smpengine.errors import InputError, must
from smpengine.sets.sample import design, is_sampled, listed, values_of
from smpengine.sets.schema import AxisTable, SweepTable

Values = dict[str, Any]


@dataclass(frozen=True)
class Group:
    """Axes that go together: those of one pair, or one alone.

    Attributes
    ----------
    rows
        What they are, together.
    when
        Where they apply: any of these values of earlier keys, of all of them.
    """

    rows: tuple[Values, ...]
    when: Mapping[str, Sequence[Any]]


def groups_of(axes: Sequence[AxisTable]) -> list[Group]:
    """Return the lists in groups, in the order of the file.

    Raises
    ------
    InputError
        Paired axes are not equally long, or apply in different places.
    """
    together: dict[str, list[AxisTable]] = {}
    for k, axis in enumerate(axes):
        if not is_sampled(axis):
            together.setdefault(f"={axis.pair}" if axis.pair else str(k), []).append(axis)
    return [_group(members) for members in together.values()]


def _group(members: list[AxisTable]) -> Group:
    values = [listed(axis) for axis in members]
    lengths = {len(each) for each in values}
    if len(lengths) > 1:
        got = ", ".join(f"{len(v)} of {a.key}" for a, v in zip(members, values, strict=True))
        raise InputError(must(f"pair {members[0].pair!r}", "have axes of one length", got,
                              remedy="Leave pair out to cross them."))  # fmt: skip
    if any(axis.when != members[0].when for axis in members):
        got = "different ones"
        raise InputError(must(f"pair {members[0].pair!r}", "have one when for all axes", got))
    keys = [axis.key for axis in members]
    rows = tuple(dict(zip(keys, row, strict=True)) for row in zip(*values, strict=True))
    return Group(rows, members[0].when)


def holds(values: Mapping[str, Any], when: Mapping[str, Sequence[Any]]) -> bool:
    """Tell whether a condition holds of what earlier axes are."""
    return all(key in values and values[key] in allowed for key, allowed in when.items())


def combined(groups: Sequence[Group], before: Values | None = None) -> Iterator[Values]:
    """Give the combinations of lists; the last group changes fastest."""
    so_far = before or {}
    if not groups:
        yield so_far
        return
    rows = groups[0].rows if holds(so_far, groups[0].when) else ({},)
    for row in rows:
        yield from combined(groups[1:], {**so_far, **row})


def count_of(groups: Sequence[Group]) -> int:
    """Return how many combinations there are without making them."""
    asked = {key for group in groups for key in group.when}
    states: Counter[str] = Counter({"": 1})
    known: dict[str, Values] = {"": {}}
    for group in groups:
        after: Counter[str] = Counter()
        for name, count in states.items():
            rows = group.rows if holds(known[name], group.when) else ({},)
            for row in rows:
                seen = {**known[name], **{k: v for k, v in row.items() if k in asked}}
                key = repr(sorted(seen.items()))
                known[key] = seen
                after[key] += count
        states = after
    return sum(states.values())


def check_conditions(axes: Sequence[AxisTable]) -> None:
    """Refuse a key that two axes have, and conditions on what is no earlier axis.

    Raises
    ------
    InputError
        Naming them.
    """
    seen: dict[str, AxisTable] = {}
    for axis in axes:
        if axis.key in seen:
            remedy = "Put all values into one."
            raise InputError(must("key", "be on one axis", repr(axis.key), remedy=remedy))
        for key, allowed in axis.when.items():
            other = seen.get(key)
            if other is None or is_sampled(other):
                earlier = ", ".join(k for k, a in seen.items() if not is_sampled(a)) or "none"
                remedy = f"Lists before {axis.key}: {earlier}."
                raise InputError(must("when", "name a list before it", repr(key), remedy=remedy))
            never = [value for value in allowed if value not in listed(other)]
            if never:
                rule = f"have values that {key} takes"
                raise InputError(must("when", rule, repr(never[0])))
        seen[axis.key] = axis


def all_values(sweep: SweepTable, seed: int) -> Iterator[Values]:
    """Give what all axes are in each variant but for seeds, in order.

    Lists change slower than samples. With a count each combination of lists has the same samples;
    without, each its own one.
    """
    drawn = [axis for axis in sweep.axes if is_sampled(axis)]
    groups = groups_of(sweep.axes)
    if not drawn:
        yield from combined(groups)
        return
    sample = sweep.sample
    method = "lhs" if sample is None else sample.method
    count = None if sample is None else sample.count
    numbers = design(method, count or count_of(groups), len(drawn), seed)
    columns = [values_of(axis, np.ascontiguousarray(numbers[:, k])) for k, axis in enumerate(drawn)]
    for k, values in enumerate(combined(groups)):
        rows = [k] if count is None else range(count)
        for row in rows:
            own = {
                axis.key: column[row]
                for axis, column in zip(drawn, columns, strict=True)
                if holds(values, axis.when)
            }
            yield {**values, **own}


def total(sweep: SweepTable) -> int:
    """Return how many variants a sweep has."""
    count = count_of(groups_of(sweep.axes))
    if sweep.sample is not None and sweep.sample.count and any(map(is_sampled, sweep.axes)):
        count *= sweep.sample.count
    if isinstance(sweep.seeds, int):
        count *= sweep.seeds
    elif isinstance(sweep.seeds, list):
        count *= len(sweep.seeds)
    return count
