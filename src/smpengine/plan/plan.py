"""`Plan`: what is intended, and the scene that it heals to."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import smpengine
from smpengine.errors import SceneError, must
from smpengine.hairs import Hairs
from smpengine.impressions import Impressions
from smpengine.plan.borders import density_of, growth_of
from smpengine.plan.course import course_of
from smpengine.plan.density import DensityMap, Filled, Stretch
from smpengine.plan.dials import turn
from smpengine.plan.faults import faulty_layers, place_with
from smpengine.plan.hair import Box, grow
from smpengine.plan.heads import head_of, light_of, stretch_of
from smpengine.plan.healing import flare, heal
from smpengine.plan.layers import layer_of
from smpengine.plan.loss import Growth
from smpengine.plan.placement import Layer, crowding
from smpengine.plan.scars import scars_of
from smpengine.plan.schema import PlanTable, SessionTable
from smpengine.scars import Scars
from smpengine.scene import MELANOSOME_FRACTION, Scene, Skin
from smpengine.skintable import read_table
from smpengine.surface.head import Head

if TYPE_CHECKING:
    from smpengine.plan.match import Match


Once = Callable[[tuple[object, ...], Callable[[], Impressions]], Impressions]
"""From what something is made of, and what makes it, to it: made now, or kept from before."""


def _anew(made_of: tuple[object, ...], make: Callable[[], Impressions]) -> Impressions:
    del made_of
    return make()


class Plan:
    """A validated treatment plan; made by `load_plan` or `Plan.from_dict`.

    Attributes
    ----------
    table
        The plan as it was validated, presets filled in.
    path
        The file that it came from; None for a mapping.
    once
        Makes impressions, or has them already; see `smpengine.sets.stages`.
    """

    def __init__(self, table: PlanTable, path: Path | None = None) -> None:
        self.table = table
        self.path = path
        self.once: Once = _anew

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """Return the plan that a mapping says, as a file of the same keys would.

        Raises
        ------
        PlanError
            With every problem found.
        """
        from smpengine.plan.load import validate

        return cls(validate(data, "plan"))

    def with_faults(self, *names: str) -> Plan:
        """Return the plan with these faults too; see `smpengine.plan.faults`.

        Raises
        ------
        PlanError
            A name is unknown.
        """
        from smpengine.plan.load import validate

        name = "plan" if self.path is None else str(self.path)
        faults = list(dict.fromkeys([*self.table.faults, *names]))
        data = {**self.resolved(), "faults": faults}
        return Plan(validate(data, name, self._folder), self.path)

    def __repr__(self) -> str:
        return f"Plan(sessions={len(self.sessions)}, extent_mm={self.extent_mm}, seed={self.seed})"

    def _repr_html_(self) -> str:
        """Return its sessions and a picture, for notebooks; what draws lies above plans."""
        shown: str = import_module("smpengine.notebook.shown").plan_html(self)
        return shown

    @property
    def seed(self) -> int:
        """Same seed, same dots."""
        return self.table.seed

    @property
    def sessions(self) -> list[SessionTable]:
        """The visits in order."""
        return list(self.treated.sessions)

    @property
    def extent_mm(self) -> tuple[float, float]:
        """Width and height of the scalp."""
        return self.table.scalp.extent_mm

    @property
    def px_per_mm(self) -> float:
        """The scale that `smpengine render` uses if nothing else is said."""
        return self.table.render.px_per_mm

    @property
    def exposure(self) -> float | None:
        """The exposure likewise; None for the engine's own."""
        return self.table.render.exposure

    @property
    def illuminant(self) -> str:
        """The illuminant likewise."""
        return self.table.render.illuminant

    @cached_property
    def skin(self) -> Skin:
        """The bare skin.

        Raises
        ------
        SceneError
            The file of its table cannot be read.
        """
        given = self.table.skin
        own = given.type, given.scattering, given.melanosome_fraction
        if given.table is not None:
            return Skin(*own, read_table(self._folder / given.table))
        if given.complexion is None:
            return Skin(*own)
        kind = type_near(given.type, given.melanosome_fraction)
        years = self.table.client.age_years
        return Skin(*own, complexion=given.complexion.complexion(kind, years, self.seed))

    @cached_property
    def density(self) -> DensityMap:
        """The factor on every session's density over the scalp.

        Raises
        ------
        PlanError
            A file of a region cannot be used any more.
        """
        density = density_of(self.table, self._folder, self._stretch)
        if self.table.match is None or self._growth is None:
            return density
        return Filled(density, self._growth.seen)

    @cached_property
    def _head(self) -> Head | None:
        """What the scalp lies on; its file is read once."""
        return head_of(self.table, self._folder)

    @cached_property
    def _stretch(self) -> Stretch | None:
        return stretch_of(self._head, self.extent_mm)

    @cached_property
    def _growth(self) -> Growth | None:
        """Where hair grows, and how strong; None where the plan says nothing of it."""
        if self.table.hair is None:
            return None
        return growth_of(self.table, self._folder, self._stretch)

    @cached_property
    def match(self) -> Match | None:
        """How the treatment was fitted to the hair; None where the plan does not ask for it."""
        if self.table.match is None:
            return None
        from smpengine.plan.match import matched

        return matched(self.table)

    @property
    def treated(self) -> PlanTable:
        """The plan with the sessions that take place: those of the match, if there is one."""
        match = self.match
        if match is None:
            return self.table
        return self.table.model_copy(update={"sessions": list(match.sessions)})

    @property
    def _folder(self) -> Path:
        """Where the plan's files are: beside it, as a path in a file is meant."""
        return (self.path or Path()).parent

    def layers(self) -> list[Layer]:
        """Return the sessions as they are placed, both dials and faults applied."""
        bands = self.skin.lambda_nm
        layers = [layer_of(session, bands) for session in self.treated.sessions]
        layers = turn(layers, self.table.fullness, self.table.texture)
        return faulty_layers(self.table.faults, layers, bands, self.density.largest)

    @property
    def notes(self) -> list[str]:
        """What is possible but worth knowing, a line each."""
        noted = crowding(self.layers(), self.density.largest)
        return noted if self.match is None else noted + self.match.notes

    def scene(
        self,
        day: float | None = None,
        window_mm: tuple[float, float, float, float] | None = None,
        threads: int | None = None,
        sessions: int | None = None,
    ) -> Scene:
        """Place the impressions and return the scene.

        Parameters
        ----------
        day
            Of the picture, counted from the first visit: only the sessions up to it, healed so far.
            All of them, settled, when None: `SETTLED_DAYS` after the last.
        window_mm
            (x0, y0, x1, y1): only the impressions in it; the same ones as in the whole.
        threads
            Number of threads; the scene does not depend on it.
        sessions
            Only the first so many sessions; all of them when None.

        Returns
        -------
        Scene
            Seeded: same plan, same impressions.

        Raises
        ------
        SceneError
            The day is not a number, or there are not so many sessions.
        """
        used = self._sessions_until(day, sessions)
        layers = self.layers()[: len(used)]
        dots = self.table.faults, layers, self.density, self.extent_mm, self.seed, window_mm
        settled = self.once(("settled", *dots), lambda: place_with(*dots, threads))
        course = course_of(self.treated, used, day, self.skin)
        bands = self.skin.lambda_nm
        healing = course, bands, self.seed
        impressions = self.once(("healed", *dots, *healing), lambda: heal(settled, *healing))
        provenance: dict[str, object] = {
            "plan": self.resolved(),
            "seed": self.seed,
            "version": smpengine.__version__,
        }
        if self.skin.table is not None:
            provenance["skin_table"] = dict(self.skin.table.about)
        blood = flare(settled, *healing)
        return Scene(
            self.skin, impressions, self.extent_mm, self.hair(window_mm, threads),
            self._head, light_of(self.table), provenance, blood,
            self._scars(window_mm, threads),
        )  # fmt: skip

    def _scars(self, window_mm: Box | None, threads: int | None) -> Scars | None:
        """Return what is seen of surgery; even skin shows none."""
        if self.skin.complexion is None:
            return None
        scars = scars_of(self.table, self._growth, window_mm, threads)
        return scars if len(scars) else None

    def hair(
        self,
        window_mm: tuple[float, float, float, float] | None = None,
        threads: int | None = None,
    ) -> Hairs | None:
        """Return the hair that is there, or None where the plan says nothing of it.

        Parameters
        ----------
        window_mm, threads
            As for `scene`.
        """
        if self.table.hair is None or self._growth is None:
            return None
        return grow(self.table.hair, self._growth, self.extent_mm, self.seed, window_mm, threads)

    def _sessions_until(self, day: float | None, count: int | None) -> list[SessionTable]:
        """Return the first sessions that took place by a day."""
        if day is not None and not math.isfinite(day):
            raise SceneError(must("day", "be a number", day))
        every = self.treated.sessions
        if count is not None and not 0 <= count <= len(every):
            raise SceneError(must("sessions", f"be 0 to {len(every)}, as the plan has", count))
        return [each for each in every[:count] if day is None or each.day <= day]

    def resolved(self) -> dict[str, Any]:
        """Return the plan with presets filled in; it makes the same scene again."""
        table: dict[str, Any] = self.table.model_dump(mode="json", exclude_none=True)
        return table


def type_near(named: str, melanosome_fraction: float | None) -> str:
    """Return the named skin that is nearest in melanin: a fraction overrides a type."""
    if melanosome_fraction is None:
        return named
    return min(
        MELANOSOME_FRACTION,
        key=lambda name: abs(math.log(MELANOSOME_FRACTION[name] / melanosome_fraction)),
    )
