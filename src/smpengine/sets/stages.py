"""What one variant made for the next: dots placed, dots healed, R / R0 drawn.

    plan, seed -> placed -> healed (a day) -> R / R0 (a skin, a scale) -> pixels (an exposure)

Each is kept by a hash of all that it is made of, so nothing can be taken for what it is not.
Another skin scatters light otherwise, in every halo, so dots are shared between skins and what is
drawn of them is not; a day changes each dot.
"""

from __future__ import annotations

import copy
import hashlib
import pickle
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from smpengine.devices import CPU, resolve
from smpengine.impressions import COLUMNS, Impressions
from smpengine.panel import RELATIVE, finish_for
from smpengine.picture import draw_picture
from smpengine.plan.load import validate
from smpengine.plan.plan import Plan
from smpengine.render import OUTPUTS, exposure_of, render
from smpengine.scene import BANDS, Scene
from smpengine.window import check_scale, pixel_window
from smpengine.workers import Cancel, Workers, thread_count

MOST_BYTES: Final = 256 * 2**20
_MOST_PLANS: Final = 64
_ROOM_FOR: Final = 4
"""Pictures, at least, that are kept."""
Made = TypeVar("Made")


@dataclass
class Saved:
    """What keeping has spared.

    Attributes
    ----------
    asked, made
        How often each stage was asked for, and was worked out.
    spared_s
        Seconds of each: what the kept ones took when they were made.
    """

    asked: dict[str, int] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    spared_s: dict[str, float] = field(default_factory=dict)


class Stages:
    """Keeps what variants share. May be used from several threads.

    Parameters
    ----------
    most_bytes
        Of what is kept; the least used goes first.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._held = 0
        self._kept: OrderedDict[tuple[str, bytes], tuple[Any, int, float]] = OrderedDict()
        self._plans: OrderedDict[bytes, Plan] = OrderedDict()
        self._lock = threading.Lock()
        self.saved = Saved()

    def plan(self, mapping: Mapping[str, Any], name: str, folder: Path) -> Plan:
        """Return a plan that shares what it makes with others.

        Parameters
        ----------
        mapping, name, folder
            As `plan.load.validate` takes them.

        Raises
        ------
        PlanError
            With every problem of it.
        """
        said = _digest((dict(mapping), str(folder)))
        with self._lock:
            plan = self._plans.get(said)
            if plan is not None:
                self._plans.move_to_end(said)
                return plan
        return self._remembered(said, Plan(validate(mapping, name, folder), folder / "plan.toml"))

    def sharing(self, plan: Plan) -> Plan:
        """Return a plan as it is, that shares what it makes with others."""
        _ = plan.density  # made once, for its copies too
        shared = copy.copy(plan)
        shared.once = self._dots
        return shared

    def _remembered(self, said: bytes, plan: Plan) -> Plan:
        plan = self.sharing(plan)
        with self._lock:
            self._plans[said] = plan
            while len(self._plans) > _MOST_PLANS:
                self._plans.popitem(last=False)
        return plan

    def render(
        self, scene: Scene, px_per_mm: float = 40.0,
        window_mm: tuple[float, float, float, float] | None = None, output: str = "srgb8",
        device: str = "auto", *, exposure: float | None = None, illuminant: str = "D65",
        threads: int | None = None, cancel: Cancel | None = None,
    ) -> NDArray[Any]:  # fmt: skip
        """Render as `smpengine.render` does; what differs in exposure or output alone is shared.

        Parameters and errors are those of `smpengine.render`.
        """
        plain = isinstance(scene, Scene) and not scene.skin.is_spectral and illuminant == "D65"
        plain = plain and output in OUTPUTS and resolve(device) == CPU
        if plain:
            window = pixel_window(scene.extent_mm, check_scale(px_per_mm), window_mm)
            size = 4 * len(BANDS) * window.height * window.width
            plain = size <= self._most // _ROOM_FOR  # a larger one would push out all else
        if not plain:
            return render(
                scene, px_per_mm, window_mm, output, device, exposure=exposure,
                illuminant=illuminant, threads=threads, cancel=cancel,
            )  # fmt: skip
        workers = Workers(thread_count(threads), cancel)
        finish = finish_for(scene.skin, output, exposure_of(exposure))

        def make() -> NDArray[np.float32]:
            drawn = np.empty((window.height, window.width, len(BANDS)), np.float32)
            draw_picture(scene, CPU, px_per_mm, window, RELATIVE, None, drawn, workers)
            drawn.flags.writeable = False
            return drawn

        relative = self._once("drawn", (px_per_mm, window, _made_of(scene)), make, _array_bytes)
        out = np.empty(relative.shape, OUTPUTS[output])
        finish(relative, out, window.row0, window.col0)
        return out

    def _dots(self, made_of: tuple[object, ...], make: Callable[[], Impressions]) -> Impressions:
        return self._once(str(made_of[0]), made_of[1:], make, _dots_bytes)

    def _once(
        self, stage: str, made_of: object, make: Callable[[], Made], size: Callable[[Made], int]
    ) -> Made:
        name = stage, _digest(made_of)
        saved = self.saved
        with self._lock:
            saved.asked[stage] = saved.asked.get(stage, 0) + 1
            kept = self._kept.get(name)
            if kept is not None:
                self._kept.move_to_end(name)
                saved.spared_s[stage] = saved.spared_s.get(stage, 0.0) + kept[2]
                known: Made = kept[0]
                return known
        since = time.perf_counter()
        made = make()
        took, held = time.perf_counter() - since, size(made)
        with self._lock:
            saved.made[stage] = saved.made.get(stage, 0) + 1
            before = self._kept.pop(name, None)
            self._held += held - (0 if before is None else before[1])
            self._kept[name] = made, held, took
            while self._held > self._most and self._kept:
                _, (_, least, _) = self._kept.popitem(last=False)
                self._held -= least
        return made

    @property
    def spared_s(self) -> float:
        """Seconds that keeping has spared so far."""
        with self._lock:
            return sum(self.saved.spared_s.values())

    @property
    def held_bytes(self) -> int:
        """How much is kept."""
        return self._held


def stages_here() -> Stages:
    """Return what this process keeps, for all that it renders."""
    return _HERE


_HERE: Final = Stages()


def _digest(value: object) -> bytes:
    """Return a hash of a value: equal values may have two, unequal ones have not the same."""
    # Columns of dots are most of it: as buffers they are hashed where they lie, not copied first.
    columns: list[pickle.PickleBuffer] = []
    said = hashlib.sha256(pickle.dumps(value, protocol=5, buffer_callback=columns.append))
    for column in columns:
        raw = column.raw()
        said.update(raw.nbytes.to_bytes(8, "little"))
        said.update(raw)
    return said.digest()


def _made_of(scene: Scene) -> tuple[object, ...]:
    return scene.skin, scene.light, scene.scars, scene.hair, scene.impressions, scene.blood


def _dots_bytes(dots: Impressions) -> int:
    return sum(int(getattr(dots, name).nbytes) for name in COLUMNS)


def _array_bytes(array: NDArray[np.float32]) -> int:
    return int(array.nbytes)
