"""Plans as values: named by a hash of what they say, never changed, so that no two people's meet.

An edit is a patch that makes another plan. Undoing shows the one before, and whatever was made of
a name may be kept for ever.
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import smpengine
from smpengine.errors import PlanError, must, short
from smpengine.plan.plan import Plan
from smpengine.service.limits import Limits
from smpengine.service.problems import unknown_plan
from smpengine.sets.stages import Stages

_FILES: Final = ("table", "svg_file", "mask", "depth_map")
"""Keys of a plan that name a file beside it."""
_HAIRS_PER_UNIT: Final = 4
_PLAN_BYTES: Final = 16_000
_TIMES: Final = 12
"""What a plan takes, and how much more its numbers take than they do as text."""


@dataclass(frozen=True)
class Named:
    """A plan with its name.

    Attributes
    ----------
    id
        A hash of all that its pictures depend on.
    plan, said
        The plan; and its keys, presets written out.
    """

    id: str
    plan: Plan
    said: dict[str, Any]


class Plans:
    """The plans that are known; those not used for longest go first, the first never.

    Parameters
    ----------
    first
        What is served where nothing else is asked for; its files are the only ones that are read.
    limits
        What is taken on.
    stages
        What plans share.
    """

    def __init__(self, first: Plan, limits: Limits, stages: Stages) -> None:
        self._limits, self._stages = limits, stages
        self._folder = first._folder
        said = first.resolved()
        self._files = dict.fromkeys(_named_files(said))
        own = _sizes(said)
        self._most = max(limits.most_numbers, 2 * own[0]), max(limits.most_letters, 2 * own[1])
        self._own_work = _dots_of(first) * _numbers_of(first, own[0])
        self._lock, self._making = threading.Lock(), threading.Lock()
        self._kept: OrderedDict[str, tuple[Named, int]] = OrderedDict()
        self._held = 0
        self.first = self._named(stages.sharing(first))

    @property
    def held_bytes(self) -> int:
        """How much is kept."""
        return self._held

    def get(self, name: str | None) -> Named:
        """Return a plan by its name; the first when None.

        Raises
        ------
        Problem
            It is not known here.
        """
        if name is None or name == self.first.id:
            return self.first
        with self._lock:
            kept = self._kept.get(name)
            if kept is None:
                raise unknown_plan(name)
            self._kept.move_to_end(name)
            return kept[0]

    def add(self, said: Mapping[str, Any]) -> Named:
        """Return a plan that somebody sent.

        Raises
        ------
        PlanError
            With every problem of it.
        """
        own = self._files
        files = [key for key, value in _named_files(said) if (key, value) not in own]
        if files:
            rule = "be left out: plans that are sent name no files"
            raise PlanError([must(f"plan: {key}", rule, "a file") for key in files])
        numbers = self._check_size(said)
        self._check_extent(said)
        with self._making:  # it cannot be stopped: one after the other, whoever sends many
            plan = self._stages.plan(said, "plan", self._folder)
            self._check_count(plan, numbers)
            named = self._named(plan)
        size = _PLAN_BYTES + _TIMES * len(json.dumps(named.said))
        with self._lock:
            if named.id != self.first.id and self._kept.pop(named.id, None) is None:
                self._held += size
            if named.id != self.first.id:
                self._kept[named.id] = named, size
            while self._held > self._limits.plans_mib * 2**20 and len(self._kept) > 1:
                _, (_, least) = self._kept.popitem(last=False)
                self._held -= least
        return named

    def patched(self, name: str, patch: Mapping[str, Any]) -> Named:
        """Return the plan that a merge patch (RFC 7396) makes of another.

        Raises
        ------
        Problem
            The other is not known here.
        PlanError
            With every problem of what results.
        """
        return self.add(merged(self.get(name).said, patch))

    def _named(self, plan: Plan) -> Named:
        said = plan.resolved()
        text = json.dumps([smpengine.__version__, said], sort_keys=True)
        total = hashlib.blake2b(text.encode(), digest_size=12)
        for _, value in _named_files(said):
            total.update((self._folder / value).read_bytes())
        return Named(total.hexdigest(), plan, said)

    def _check_size(self, said: Mapping[str, Any]) -> int:
        """Refuse a plan that would take minutes to be placed; return how many numbers it has."""
        sizes = _sizes(said)
        for what, count, most in zip(("numbers", "letters"), sizes, self._most, strict=True):
            if count > most:
                remedy = "Give regions fewer corners."
                rule = f"have at most {most:,} {what} on this service"
                raise PlanError([must("plan", rule, f"{count:,}", remedy=remedy)])
        return sizes[0]

    def _check_extent(self, said: Mapping[str, Any]) -> None:
        """Refuse a huge scalp before anything is made of it."""
        scalp = said.get("scalp")
        extent = scalp.get("extent_mm") if isinstance(scalp, Mapping) else None
        most = self._limits.most_extent_mm
        for side in extent if isinstance(extent, list | tuple) else ():
            if _number(side) > most:
                rule = f"be at most {most:g} mm on this service"
                raise PlanError([must("plan: scalp.extent_mm", rule, short(side))])

    def _check_count(self, plan: Plan, numbers: int) -> None:
        """Refuse a plan with too many dots, or hairs, before they are placed."""
        width, height = plan.extent_mm
        most, dots, hair = self._limits.most_impressions, _dots_of(plan), plan.table.hair
        units_per_cm2 = 0.0 if hair is None else hair.density_units_per_cm2
        hairs = _HAIRS_PER_UNIT * units_per_cm2 * width * height / 100.0
        work = dots * _numbers_of(plan, numbers)
        for key, what, count in (("sessions", "dots", dots), ("hair", "hairs", hairs)):
            if count > most:
                rule, got = f"make at most {most:,} {what} here", f"up to {count:,.0f}"
                raise PlanError([must(f"plan: {key}", rule, got, remedy="Make the scalp smaller.")])
        if work > max(1e6 * self._limits.most_tests_millions, 2.0 * self._own_work):
            rule = f"have at most {self._limits.most_tests_millions:,} million numbers times dots"
            remedy = "Give regions fewer corners, or make the scalp smaller."
            raise PlanError([must("plan", f"{rule} here", f"{work / 1e6:,.0f}", remedy=remedy)])


def _dots_of(plan: Plan) -> float:
    """Return how many dots a plan has at most."""
    width, height = plan.extent_mm
    dense = sum(layer.density_per_cm2 for layer in plan.layers()) * plan.density.largest
    return dense * width * height / 100.0


def _numbers_of(plan: Plan, said: int) -> int:
    """Return how many numbers each dot is held against: curves are corners that nobody wrote."""
    return max(said, 2 * len(plan.density.fields.segments))


def _number(value: object) -> float:
    """Return what the plan's reader makes of a value, which takes numbers in quotes; 0 for none."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0.0
    except OverflowError:
        return math.inf


def merged(before: Any, patch: Any) -> Any:
    """Return what a merge patch makes of something (RFC 7396): null takes a key away."""
    if not isinstance(patch, Mapping):
        return patch
    after = dict(before) if isinstance(before, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            after.pop(key, None)
        else:
            after[key] = merged(after.get(key), value)
    return after


def _named_files(said: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Give the files that a plan names, with the keys that do."""
    if isinstance(said, Mapping):
        for key, value in said.items():
            path = f"{at}.{key}".lstrip(".")
            if key in _FILES and isinstance(value, str):
                yield path, value
            else:
                yield from _named_files(value, path)
    elif isinstance(said, list | tuple):
        for k, part in enumerate(said):
            yield from _named_files(part, f"{at}[{k}]")


def _sizes(said: Any) -> tuple[int, int]:
    """Return how many numbers a plan has, or empty lists and tables, and letters in its texts."""
    if isinstance(said, Mapping):
        parts, letters = list(said.values()), sum(len(str(key)) for key in said)
    elif isinstance(said, list | tuple):
        parts, letters = list(said), 0
    else:
        return (0, len(said)) if isinstance(said, str) else (1, 0)
    sizes = [_sizes(part) for part in parts]
    return max(sum(inner[0] for inner in sizes), 1), letters + sum(inner[1] for inner in sizes)
