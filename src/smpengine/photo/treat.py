"""A plan on a photograph: what it implants where a mask says so, in the skin that is seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import PlanError, must
from smpengine.hairs import Hairs
from smpengine.plan.density import DensityMap, Mask, Region, Stretch
from smpengine.plan.loss import Growth
from smpengine.plan.plan import Plan
from smpengine.scars import Scars
from smpengine.scene import Skin
from smpengine.surface.head import Head

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Room:
    """How densely something is treated.

    Attributes
    ----------
    share
        Of `most`, float32 (height, width), 0 to 1.
    most
        Factor on the plan's densities where `share` is 1.
    hairy
        Share of what is treated where hair leaves no room.
    """

    share: NDArray[np.float32]
    most: float = 1.0
    hairy: float = 0.0


class TreatedPhoto(Plan):
    """A plan whose scalp is a photograph's: its mask takes the place of regions and hairline.

    Parameters
    ----------
    plan
        The plan: sessions, dials, healing, faults, seed.
    skin
        Of the photograph.
    extent_mm
        Width and height of the chart that the photograph's skin is laid out on.
    room, box_mm
        How densely it is treated, and what of the chart that is stretched over.
    surface, stretch
        What the chart is of; None for flat skin.

    Raises
    ------
    PlanError
        The plan's skin is a table of many bands: a photograph has three.
    """

    def __init__(
        self, plan: Plan, skin: Skin, extent_mm: tuple[float, float],
        room: Room, box_mm: Box,
        surface: Head | None = None, stretch: Stretch | None = None,
    ) -> None:  # fmt: skip
        super().__init__(plan.table, plan.path)
        if skin.is_spectral:
            remedy = "Use skin.type, or a table of R, G, B."
            got = f"{len(skin.lambda_nm)} bands"
            rule = "be of the bands R, G, B on a photo"
            raise PlanError([must("skin.table", rule, got, remedy=remedy)])
        self._seen_skin, self._extent_mm = skin, extent_mm
        self._room, self._box_mm = room, box_mm
        self._surface, self._area = surface, stretch

    @property
    def extent_mm(self) -> tuple[float, float]:
        """Of the chart."""
        return self._extent_mm

    @cached_property
    def skin(self) -> Skin:
        """The photograph's, even: what is uneven of it is in its pixels."""
        return self._seen_skin

    @cached_property
    def density(self) -> DensityMap:
        """Where there is room, as the photograph's mask says."""
        width, height = self._extent_mm
        outline = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
        # Rounded up, so that what is treated a little is not treated not at all.
        share = np.clip(self._room.share, 0.0, 1.0)
        pixels = np.ceil(share * np.float32(65535.0)).astype(np.uint16)
        region = Region(outline, self._room.most, 0.0, mask=Mask(pixels, self._box_mm))
        return DensityMap([region], stretch=self._area)

    @cached_property
    def _head(self) -> Head | None:
        return self._surface

    @cached_property
    def _stretch(self) -> Stretch | None:
        return self._area

    @cached_property
    def _growth(self) -> Growth | None:
        return None  # the photograph has its own hair

    def hair(self, window_mm: Box | None = None, threads: int | None = None) -> Hairs | None:
        """Return none: the photograph has its own."""
        del window_mm, threads
        return None

    def _scars(self, window_mm: Box | None, threads: int | None) -> Scars | None:
        del window_mm, threads
        return None


def left_out(plan: Plan) -> list[str]:
    """Return what of a plan is not drawn on photographs, a line for each."""
    table, notes = plan.table, []
    scalp = table.scalp
    places = [
        name
        for name, there in (
            ("scalp.regions", scalp.regions), ("scalp.hairline", scalp.hairline),
            ("scalp.parts", scalp.parts), ("scalp.scars", scalp.scars),
        )
        if there
    ]  # fmt: skip
    if places:
        notes.append(f"{', '.join(places)}: not used on a photo; its mask says where.")
    seen = [
        name
        for name, there in (
            ("hair", table.hair), ("skin.complexion", table.skin.complexion),
            ("head", table.head), ("light", table.light),
        )
        if there is not None
    ]  # fmt: skip
    if seen:
        notes.append(f"{', '.join(seen)}: not drawn on a photo, which shows its own.")
    return notes
