"""Contact sheets: healing over time on three skins, after each session, and every fault.

    python benchmarks/sheets.py --out sheets [--px-per-mm 20]

days.png      rows: skins; fresh, a week, settled, 2 and 5 years
sessions.png  rows: skins; after each session, settled
faults-*.png  a fault beside the same plan without it, two to a row
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from imageio.v3 import imwrite
from numpy.typing import NDArray

import smpengine as smp
from smpengine.plan.faults import FAULTS

SKINS = ("I-II", "III-IV", "VI")
EXTENT_MM = (16.0, 12.0)
HAIRLINE = {"points_mm": [[0.0, 4.0], [5.0, 2.6], [11.0, 2.4], [16.0, 4.2]], "feather_mm": 3.0}
Picture = NDArray[np.uint8]


def plan(skin: str, treatment: str = "natural") -> smp.Plan:
    return smp.Plan.from_dict(
        {"version": 1, "seed": 5, "skin": {"type": skin}, "treatment": treatment,
         "scalp": {"extent_mm": EXTENT_MM, "hairline": HAIRLINE}}
    )  # fmt: skip


def named(picture: Picture, name: str) -> Picture:
    """Put a name on a bar above a picture, and a line beside it."""
    bar = np.full((16, picture.shape[1], 3), 255, np.uint8)
    cv2.putText(bar, name, (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    whole = np.concatenate([bar, picture])
    return np.concatenate([whole, np.full((len(whole), 4, 3), 255, np.uint8)], axis=1)


def days(scale: float) -> Picture:
    rows = []
    for skin in SKINS:
        made = plan(skin)
        last = made.sessions[-1].day
        row = []
        for name, day in (
            ("fresh", last + 0.3), ("1 week", last + 7.0), ("healed", None),
            ("2 years", last + 730.0), ("5 years", last + 1826.0),
        ):  # fmt: skip
            row.append(named(smp.render(made.scene(day), scale), f"{skin}, {name}"))
        rows.append(np.concatenate(row, axis=1))
    return np.concatenate(rows)


def sessions(scale: float) -> Picture:
    rows = []
    for skin in SKINS:
        made = plan(skin)
        row = [
            named(smp.render(made.scene(sessions=k), scale), f"{skin}, {k} sessions")
            for k in range(len(made.sessions) + 1)
        ]
        rows.append(np.concatenate(row, axis=1))
    return np.concatenate(rows)


def faults(skin: str, scale: float) -> Picture:
    good = named(smp.render(plan(skin).scene(), scale), f"{skin}, faultless")
    cells = [good] + [
        named(smp.render(plan(skin).with_faults(name).scene(), scale), name) for name in FAULTS
    ]
    rows = [np.concatenate(cells[k : k + 4], axis=1) for k in range(0, len(cells), 4)]
    return np.concatenate(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("sheets"))
    parser.add_argument("--px-per-mm", type=float, default=20.0)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    scale = given.px_per_mm
    pictures = {"days": days(scale), "sessions": sessions(scale)}
    pictures |= {f"faults-{skin}": faults(skin, scale) for skin in SKINS}
    for name, picture in pictures.items():
        imwrite(given.out / f"{name}.png", picture)
        print(f"{given.out / name}.png: {picture.shape[1]} x {picture.shape[0]} px")


if __name__ == "__main__":
    main()
