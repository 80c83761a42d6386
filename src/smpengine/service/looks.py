"""How a plan is looked at: its day, which sessions, which mistakes; and the scenes of that."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import replace
from typing import Annotated, Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from smpengine.errors import InputError, must, rule_of
from smpengine.impressions import Impressions
from smpengine.plan.plan import Plan
from smpengine.plan.schema import FaultName
from smpengine.preview.preview import Preview
from smpengine.scene import Scene
from smpengine.service.levels import Window
from smpengine.service.plans import Named
from smpengine.sets import place
from smpengine.workers import thread_count

_STEP_MM: Final = 8.0
"""Windows are rounded to whole steps, so that a view that moves a little has the same dots."""
_AROUND_MM: Final = 16.0
_WORTH: Final = 0.5
"""Of a scalp: with more of it in view all of it is placed."""
Day = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
Session = Annotated[int, Field(ge=1, le=1000)]
Exposure = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]


class Look(BaseModel):
    """What a picture depends on that needs no other plan.

    Attributes
    ----------
    day
        Of the picture, from the first visit; everything settled when None.
    sessions
        Numbers of those that are shown, from 1 on; all when None.
    faults
        Mistakes to show, by name.
    exposure
        Factor on linear light; the plan's when None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: Day | None = None
    # One that is wrong is said: who sends a hundred thousand is not answered with as many lines.
    sessions: tuple[Session, ...] | None = Field(None, max_length=100, fail_fast=True)
    faults: tuple[FaultName, ...] = Field((), max_length=20, fail_fast=True)
    exposure: Exposure | None = None

    @property
    def placed(self) -> tuple[Any, ...]:
        """What the scene depends on: the exposure is not in it."""
        sessions = None if self.sessions is None else tuple(sorted(set(self.sessions)))
        return self.day, sessions, tuple(sorted(set(self.faults)))

    @property
    def name(self) -> str:
        """Says the whole look, the same for the same look."""
        return repr((*self.placed, self.exposure))


def look_of(said: dict[str, Any]) -> Look:
    """Return a look from what somebody asked for.

    Parameters
    ----------
    said
        day, sessions ("1,3", or a list), faults, exposure; None where nothing was said.

    Raises
    ------
    InputError
        A value cannot be.
    """
    given = {key: value for key, value in said.items() if value is not None}
    sessions = given.get("sessions")
    if isinstance(sessions, str):
        given["sessions"] = [part for part in sessions.split(",") if part.strip()]
    try:
        return Look.model_validate(given)
    except ValidationError as error:
        raise InputError("\n".join(lines_of(error))) from error


def lines_of(error: ValidationError) -> list[str]:
    """Return pydantic's complaints in our words, one line each."""
    lines = []
    for entry in error.errors():
        name = ".".join(str(part) for part in entry["loc"]) or "request"
        lines.append(must(name, rule_of(entry), repr(entry["input"])[:60]))
    return lines


class Scenes:
    """Scenes that were looked at last, each as a preview; what they share is drawn once.

    Parameters
    ----------
    most, most_dots
        How many are kept, and how many dots and hairs all of them may have, but for the last.
    device, threads, memory_mib
        As for `Preview`.
    """

    def __init__(
        self, most: int, most_dots: int, device: str, threads: int | None, memory_mib: int
    ) -> None:  # fmt: skip
        self._most, self._most_dots = most, most_dots
        self._given = device, threads, memory_mib
        self._threads = thread_count(threads)
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, tuple[Any, ...]], Preview] = OrderedDict()
        self._making: dict[tuple[str, tuple[Any, ...]], threading.Lock] = {}
        self._last: Preview | None = None

    def get(self, named: Named, look: Look) -> Preview:
        """Return a plan as it is looked at. May be called from several threads.

        Raises
        ------
        InputError
            The look does not suit the plan.
        """
        name = named.id, look.placed
        with self._lock:
            making = self._making.setdefault(name, threading.Lock())
        try:
            with making:  # two who ask for the same do not place it twice
                kept = self._found(name)
                return kept or self._keep(name, scene_of(named.plan, look, None, self._threads))
        finally:
            with self._lock:
                self._making.pop(name, None)

    def near(self, named: Named, look: Look, px_per_mm: float, window: Window) -> Preview:
        """Return a plan as it is looked at, with what a window shows of it, soon.

        Only the dots that can change the window are placed, where that spares much; its pixels are
        the whole's, bit for bit.

        Raises
        ------
        InputError
            As for `get`.
        """
        width, height = named.plan.extent_mm
        x0, y0 = (_STEP_MM * math.floor(edge / _STEP_MM) for edge in window[:2])
        x1, y1 = (_STEP_MM * math.ceil(edge / _STEP_MM) for edge in window[2:])
        whole = self._found((named.id, look.placed))
        if whole is not None:
            return whole
        around = 2.0 * _AROUND_MM
        if (x1 - x0 + around) * (y1 - y0 + around) > _WORTH * width * height:
            return self.get(named, look)
        # How far around it dots are placed depends on the scale.
        name = named.id, (*look.placed, px_per_mm, (x0, y0, x1, y1))
        kept = self._found(name)
        if kept is not None:
            return kept
        scene = scene_of(named.plan, look, (px_per_mm, (x0, y0, x1, y1)), self._threads)
        return self._keep(name, scene)

    @property
    def held_bytes(self) -> int:
        """How much of what is drawn is kept."""
        last = self._last
        return 0 if last is None else last.held_bytes

    @property
    def splats_bytes(self) -> int:
        """How much is kept of what dots are drawn as."""
        last = self._last
        return 0 if last is None else last.splats_bytes

    @property
    def dots(self) -> int:
        """How many dots and hairs all scenes have that are kept."""
        with self._lock:
            return self._dots

    @property
    def _dots(self) -> int:
        scenes = [preview.scene for preview in self._kept.values()]
        return sum(len(scene.deposits) + len(scene.hair or ()) for scene in scenes)

    @property
    def count(self) -> int:
        """How many scenes are kept."""
        return len(self._kept)

    def _found(self, name: tuple[str, tuple[Any, ...]]) -> Preview | None:
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None:
                self._kept.move_to_end(name)
                self._last = kept
            return kept

    def _keep(self, name: tuple[str, tuple[Any, ...]], scene: Scene) -> Preview:
        last = self._last
        if last is None:
            device, threads, memory_mib = self._given
            made = Preview(scene, device, threads=threads, memory_mib=memory_mib)
        else:
            made = last.branch(scene)
        with self._lock:
            self._kept[name] = self._last = made
            while len(self._kept) > self._most or (
                len(self._kept) > 1 and self._dots > self._most_dots
            ):
                self._kept.popitem(last=False)
        return made


def scene_of(
    plan: Plan, look: Look, near: tuple[float, Window] | None = None, threads: int = 1
) -> Scene:  # fmt: skip
    """Return the scene of a plan as it is looked at.

    Parameters
    ----------
    plan, look
        Of what, and how.
    near
        Scale and window that it is for; the whole when None.
    threads
        Number of threads; the scene does not depend on it.

    Raises
    ------
    InputError
        There is no such session, or the plan cannot be looked at so.
    """
    count = len(plan.sessions)
    for number in look.sessions or ():
        if number > count:
            raise InputError(must("sessions", f"be numbers from 1 to {count}", number))
    faulty = plan
    if look.faults:
        faulty = plan.with_faults(*look.faults)
        faulty.once = plan.once
    if near is None:
        scene = faulty.scene(look.day, threads=threads)
    else:
        picture = {"day": look.day, "px_per_mm": near[0], "window_mm": near[1]}
        scene = place.scene_of(faulty, picture, False, threads)[0]
    if look.sessions is None:
        return scene
    shown = np.asarray([number - 1 for number in set(look.sessions)], np.int32)

    def only(dots: Impressions) -> Impressions:
        return dots.rows(np.isin(dots.session, shown))

    blood = None if scene.blood is None else only(scene.blood)
    return replace(scene, impressions=only(scene.impressions), blood=blood)
