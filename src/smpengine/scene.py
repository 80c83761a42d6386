"""Skin and Scene: what is rendered. Frozen, validated once at the door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from smpengine.complexion import Complexion
from smpengine.errors import SceneError, must, number
from smpengine.hairs import Hairs
from smpengine.impressions import MAX_EXTENT_MM, Impressions, joined
from smpengine.light import Light
from smpengine.scars import Scars
from smpengine.skintable import RGB_NM, SkinTable, read_table
from smpengine.surface.head import Head

BANDS: Final = ("R", "G", "B")
"""The bands that every table and plane is ordered by: 610, 545 and 460 nm."""

MELANOSOME_FRACTION: Final = {"I-II": 0.02, "III-IV": 0.12, "V": 0.20, "VI": 0.30}
"""Melanosome volume fraction of each named skin; that of V is assumed."""

MUSP_PER_MM: Final = (3.468, 4.07, 5.179)
"""Reduced scattering of average skin in the bands (Jacques 2013, see ARCHITECTURE.md)."""
AVERAGE_MUSP_PER_MM: Final = sum(MUSP_PER_MM) / 3.0


@dataclass(frozen=True)
class Skin:
    """A skin without pigment.

    Parameters
    ----------
    type
        ``"I-II"``, ``"III-IV"``, ``"V"`` or ``"VI"`` (Fitzpatrick). Ignored when
        `melanosome_fraction` is given.
    scattering
        Reduced scattering relative to the tabulated, 0.4 to 1.6.
    melanosome_fraction
        Melanosome volume fraction of the epidermis, 0.02 to 0.30; follows from `type` when None.
    table
        A skin of one's own, instead of all that: what `smpengine calibrate` made, or its file.
    complexion
        What keeps it from being even: patches and spots, relief, gloss. Perfectly even when None.

    Raises
    ------
    SceneError
        An unknown type, a number outside its range, a file that is no table, a table beside other
        values, or beside a complexion.
    """

    type: str = "I-II"
    scattering: float = 1.0
    melanosome_fraction: float | None = None
    table: SkinTable | None = None
    complexion: Complexion | None = None

    def __post_init__(self) -> None:
        if self.complexion is not None:
            self._check_complexion()
        if self.table is not None:
            self._take_table()
            return
        if self.type not in MELANOSOME_FRACTION:
            names = ", ".join(repr(name) for name in MELANOSOME_FRACTION)
            raise SceneError(must("skin.type", f"be one of {names}", repr(self.type)))
        fraction = self.melanosome_fraction
        if fraction is None:
            fraction = MELANOSOME_FRACTION[self.type]
        fraction = number("skin.melanosome_fraction", fraction)
        if not 0.02 <= fraction <= 0.30:
            raise SceneError(must("skin.melanosome_fraction", "be 0.02 to 0.30", fraction))
        scattering = number("skin.scattering", self.scattering)
        if not 0.4 <= scattering <= 1.6:
            raise SceneError(must("skin.scattering", "be 0.4 to 1.6", scattering))
        object.__setattr__(self, "melanosome_fraction", fraction)
        object.__setattr__(self, "scattering", scattering)

    def _check_complexion(self) -> None:
        if not isinstance(self.complexion, Complexion):
            got = type(self.complexion).__name__
            raise SceneError(must("skin.complexion", "be a Complexion or None", got))
        if self.table is not None:
            # A table says nothing of what its skin would be with more melanin or blood.
            remedy = "Leave it out, or give the skin by type or melanosome_fraction."
            rule = "be None where skin.table is given"
            raise SceneError(must("skin.complexion", rule, "a Complexion", remedy=remedy))

    def _take_table(self) -> None:
        usual = {"type": "I-II", "scattering": 1.0, "melanosome_fraction": None}
        others = [f"{k} {getattr(self, k)!r}" for k, v in usual.items() if getattr(self, k) != v]
        if others:
            got = ", ".join(others)
            remedy = "The table says all of it; leave them out."
            raise SceneError(must("skin", "have a table or other values", got, remedy=remedy))
        table: object = self.table
        if isinstance(table, (str, Path)):
            table = read_table(table)
        if not isinstance(table, SkinTable):
            raise SceneError(must("skin.table", "be a SkinTable or its file", repr(table)))
        object.__setattr__(self, "table", table.in_drawing_order())

    @property
    def similarity(self) -> float:
        """Scattering relative to the skin whose depths and widths the model tabulates."""
        if self.table is not None:
            return self.table.musp_per_mm / AVERAGE_MUSP_PER_MM
        return self.scattering

    @property
    def lambda_nm(self) -> tuple[float, ...]:
        """Wavelengths that it is seen at: the bands R, G, B, or those of its table."""
        return RGB_NM if self.table is None else tuple(self.table.lambda_nm)

    @property
    def is_spectral(self) -> bool:
        """Whether it is seen at other wavelengths than R, G, B."""
        return self.table is not None and not self.table.is_rgb

    @property
    def melanosome(self) -> float:
        """The melanosome fraction that is rendered, 0.02 to 0.30."""
        assert self.melanosome_fraction is not None
        return self.melanosome_fraction


@dataclass(frozen=True)
class Scene:
    """A piece of scalp with its pigment.

    Parameters
    ----------
    skin
        The bare skin.
    impressions
        What was implanted, healed. Impressions outside the extent are drawn where they lie.
    extent_mm
        Width and height of the scalp, > 0; the origin is at the top left.
    hair
        The hair that is there; None for none. Hairs outside the extent are drawn where they lie.
    surface
        The head that it lies on, for `render_view`; flat pictures are of the scalp unrolled.
    light
        What falls on the head, and on the relief of a complexion; an even sky when None.
    provenance
        What made the scene, for the files written from it (the resolved plan, the seed).
    blood
        Haemoglobin that is not in every skin: the flare around fresh strikes. Drawn as impressions
        are, by the same optics, but no dots; None for none.
    scars
        Pale spots of the skin, which needs a complexion; None for none.

    Raises
    ------
    SceneError
        A part is of the wrong type or out of range.
    """

    skin: Skin
    impressions: Impressions
    extent_mm: tuple[float, float]
    hair: Hairs | None = None
    surface: Head | None = None
    light: Light | None = None
    provenance: dict[str, object] = field(default_factory=dict, compare=False)
    blood: Impressions | None = None
    scars: Scars | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.skin, Skin):
            raise SceneError(must("skin", "be a Skin", type(self.skin).__name__))
        if self.hair is not None and not isinstance(self.hair, Hairs):
            raise SceneError(must("hair", "be Hairs or None", type(self.hair).__name__))
        if self.light is not None and not isinstance(self.light, Light):
            raise SceneError(must("light", "be a Light or None", type(self.light).__name__))
        if self.surface is not None and not isinstance(self.surface, Head):
            raise SceneError(must("surface", "be a Head or None", type(self.surface).__name__))
        if self.scars is not None and not isinstance(self.scars, Scars):
            raise SceneError(must("scars", "be Scars or None", type(self.scars).__name__))
        if self.scars is not None and self.skin.complexion is None:
            remedy = "Give the skin one: smp.Complexion()."
            got = f"{len(self.scars)} scars on a skin without"
            raise SceneError(must("scars", "be on a skin with a complexion", got, remedy=remedy))
        object.__setattr__(self, "extent_mm", _extent(self.extent_mm))
        for name in ("impressions", "blood"):
            columns = getattr(self, name)
            if columns is not None:
                object.__setattr__(self, name, self._banded(name, columns))

    def _banded(self, name: str, columns: Impressions) -> Impressions:
        """Return impressions with their absorption in the bands of the skin, or one for all."""
        if not isinstance(columns, Impressions):
            raise SceneError(must(name, "be Impressions", type(columns).__name__))
        bands, shape = len(self.skin.lambda_nm), columns.mua_per_mm.shape
        if shape[1] == bands:
            return columns
        if not columns.is_flat:
            rule = f"have shape (n,) or (n, {bands}), for the bands of the skin"
            raise SceneError(must("mua_per_mm", rule, shape))
        return columns if self.skin.is_spectral else columns.flat(bands)

    @property
    def scattered(self) -> Any:
        """What the deposits are drawn as, if that is known already, as of a view's blocks."""
        return None

    @cached_property
    def deposits(self) -> Impressions:
        """All that is drawn in the skin: the impressions, then the blood, then roots of hair."""
        total = self.impressions
        if self.blood is not None and len(self.blood):
            total = joined(total, self.blood)
        if self.hair is not None and len(self.hair):
            total = joined(total, self.hair.roots(self.skin.lambda_nm))
        return total

    def _repr_png_(self) -> bytes:
        """Return a picture of it, for notebooks; what draws lies above what is drawn."""
        png: bytes = import_module("smpengine.notebook.shown").scene_png(self)
        return png

    def in_bands(self, skin: Skin, index: Sequence[int]) -> Scene:
        """Return the scene in another skin, its pigment in some of its bands.

        Parameters
        ----------
        skin
            Of as many bands as are picked.
        index
            Which bands of the scene's own; a pigment that is the same in all has any of them.
        """

        def pick(columns: Impressions) -> Impressions:
            flat = columns.mua_per_mm.shape[1] != len(self.skin.lambda_nm)
            return columns.flat(len(index)) if flat else columns.picked(index)

        blood = None if self.blood is None else pick(self.blood)
        return Scene(
            skin, pick(self.impressions), self.extent_mm, self.hair, self.surface, self.light,
            blood=blood, scars=None if skin.complexion is None else self.scars,
        )  # fmt: skip


def _extent(value: object) -> tuple[float, float]:
    """Validate a width and a height in mm."""
    try:
        width, height = (float(part) for part in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        message = must("extent_mm", "be two numbers (width, height) in mm", repr(value))
        raise SceneError(message) from error
    if not (0.0 < width <= MAX_EXTENT_MM and 0.0 < height <= MAX_EXTENT_MM):
        message = must("extent_mm", f"be over 0 and at most {MAX_EXTENT_MM:g} mm", (width, height))
        raise SceneError(message)
    return width, height
