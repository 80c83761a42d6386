"""`Fit`: what a picture says of its dots, each number with how sure it is."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, must
from smpengine.files import check_target, write_text
from smpengine.scene import Skin

CORRELATED: Final = ("radius_mm", "density_per_cm2", "mua_per_mm", "scattering")
"""Which estimates the rows and columns of `Fit.correlations` are."""


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error.

    Attributes
    ----------
    name, value, sigma, unit
        The truth lies within 2 sigma 19 times in 20; unit "1" is a plain number.
    definition
        What it is, in one line.
    """

    name: str
    value: float
    sigma: float
    unit: str
    definition: str


@dataclass(frozen=True)
class Fit:
    """What was fitted to a picture of healed work.

    Attributes
    ----------
    estimates
        All numbers; by name with ``fit["radius_mm"]``.
    correlations
        Of the errors of `CORRELATED`, (4, 4): of their logarithms.
    notes
        What limits the result, a line each.
    dots_found, dots_fitted
        How many dots the detector found, and how many stand alone and make the mean dot.
    misfit
        Mean square of what the engine leaves of the mean dot, in standard errors: over 2 it does
        not explain the picture.
    px_per_mm, extent_mm, sharpness_px
        Of the picture: scale, width and height, the camera's blur.
    skin
        With its melanin as given or estimated, and the fitted scattering.
    depth_mm, thickness_mm
        Of all deposits, as given.
    """

    estimates: tuple[Estimate, ...]
    correlations: NDArray[np.float64]
    notes: tuple[str, ...]
    dots_found: int
    dots_fitted: int
    misfit: float
    px_per_mm: float
    extent_mm: tuple[float, float]
    sharpness_px: float
    skin: Skin = field(repr=False)
    depth_mm: float
    thickness_mm: float

    def __getitem__(self, name: str) -> Estimate:
        """Return an estimate by its name.

        Raises
        ------
        KeyError
            There is none of that name.
        """
        for estimate in self.estimates:
            if estimate.name == name:
                return estimate
        raise KeyError(name)

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; null for nan."""

        def plain(value: float) -> float | None:
            return float(value) if math.isfinite(value) else None

        return {
            "kind": "smpengine fit",
            "px_per_mm": self.px_per_mm,
            "extent_mm": list(self.extent_mm),
            "sharpness_px": self.sharpness_px,
            "dots_found": self.dots_found,
            "dots_fitted": self.dots_fitted,
            "misfit": plain(self.misfit),
            "estimates": [
                {"name": e.name, "value": plain(e.value), "sigma": plain(e.sigma),
                 "unit": e.unit, "definition": e.definition}
                for e in self.estimates
            ],
            "correlations": {
                "of": list(CORRELATED),
                "matrix": [[plain(v) for v in row] for row in self.correlations],
            },
            "notes": list(self.notes),
            "plan": self.plan_keys(),
        }  # fmt: skip

    def plan_keys(self) -> dict[str, Any]:
        """Return a plan of what was fitted, the picture's extent wholly treated, as its keys.

        ``smp.Plan.from_dict(fit.plan_keys())`` draws it. Dots vary in radius only: what strength
        varies is in `radius_spread`.
        """
        spread = self["radius_spread"].value
        radius = self["radius_mm"].value
        return {
            "version": 1,
            "scalp": {"extent_mm": [_short(side) for side in self.extent_mm]},
            "render": {"px_per_mm": _short(self.px_per_mm)},
            "skin": {
                "melanosome_fraction": _short(self.skin.melanosome),
                "scattering": _short(self["scattering"].value),
            },
            "sessions": [
                {
                    "pigment": {
                        "mua_per_mm": [_short(self[f"mua_{nm}_per_mm"].value) for nm in NM]
                    },
                    "density_per_cm2": _short(self["density_per_cm2"].value),
                    "radius_mm": _short(radius),
                    "radius_spread_mm": _short(radius * spread),
                    "depth_mm": self.depth_mm,
                    "thickness_mm": self.thickness_mm,
                    "mua_spread": 0.0,
                }
            ],
            "healing": {
                "granularity": _short(self["granularity"].value),
                "faint_share": 0.0,
                "blown_share": 0.0,
            },
        }

    def plan_text(self) -> str:
        """Return that plan as TOML."""
        keys = self.plan_keys()
        lines = ["# What smpengine fit found in a picture.", "version = 1"]
        for name in ("scalp", "render", "skin", "healing"):
            lines += ["", f"[{name}]", *_toml(keys[name])]
        session = keys["sessions"][0]
        pigment = f"pigment = {{ mua_per_mm = {session['pigment']['mua_per_mm']} }}"
        rest = {key: value for key, value in session.items() if key != "pigment"}
        return "\n".join([*lines, "", "[[sessions]]", pigment, *_toml(rest)]) + "\n"

    def write_plan(self, path: str | Path) -> None:
        """Write that plan as TOML, all or nothing.

        Raises
        ------
        InputError
            The file does not end in .toml.
        OutputError
            It cannot be written.
        """
        check_plan_file(path)
        write_text(Path(path), self.plan_text())

    def write(self, path: str | Path) -> None:
        """Write all of it as JSON, all or nothing.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        target = Path(path)
        check_target(target, "--json")
        write_text(target, json.dumps(self.as_dict(), indent=1, allow_nan=False) + "\n")


def check_plan_file(path: str | Path, name: str = "--plan") -> None:
    """Say before the work whether a plan can be written there; `name` is what messages call it.

    Raises
    ------
    InputError
        The file does not end in .toml.
    OutputError
        It is a folder, or its folder does not exist or cannot be written to.
    """
    target = Path(path)
    if target.suffix.lower() != ".toml":
        raise InputError(must(name, "end in .toml", repr(str(path))))
    check_target(target, name)


NM: Final = (610, 545, 460)
"""Of the bands R, G, B."""


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _toml(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {value}" for key, value in table.items()]
