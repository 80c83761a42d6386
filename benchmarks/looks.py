"""Contact sheets of hair, hairlines, skins, ages and views: before and after a treatment.

    python benchmarks/looks.py --out looks [--only loss hairlines colours skins ages views]

loss.png       each pattern of loss, and the same head treated; whole, 2.2 px/mm
close.png      the edge of a bald crown before and after, 16 px/mm
hairlines.png  each shape in both styles
colours.png    each colour of hair, some grey, on three skins
skins.png      six skins with and without a treatment, under a lamp, 20 px/mm
ages.png       three ages on three skins
views.png      a head from above, in front and from its side, before and after, on three skins
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from imageio.v3 import imwrite

import smpengine as smp
from sheets import Picture, named
from smpengine.plan.hairlines import SHAPES
from smpengine.plan.loss import PATTERNS

HEAD_MM: Final = [180.0, 220.0]
WHORL_MM: Final = [90.0, 170.0]
LAMP: Final = {"azimuth_deg": -60.0, "elevation_deg": 45.0, "share": 0.65}
FRONT: Final = {
    "shape": "rounded", "style": "natural", "centre_mm": [140.0, 46.0], "width_mm": 170.0,
    "recession_mm": 40.0,
}  # fmt: skip
# Below the hair of the neck and in front of the ears, as laid out flat.
NAPE: Final = [[-10, 310], [-10, -10], [20, -10], [34, 110], [44, 190], [70, 262], [140, 280],
               [210, 262], [236, 190], [246, 110], [260, -10], [290, -10], [290, 310]]  # fmt: skip
LINE: Final = {"shape": "rounded", "style": "natural", "centre_mm": [90.0, 22.0], "width_mm": 140.0}


def plan(**more: Any) -> smp.Plan:
    """Return a plan; what is not said is a natural treatment of a dark head."""
    data = {"version": 1, "seed": 5, "treatment": "natural", "skin": {"type": "I-II"}}
    return smp.Plan.from_dict({**data, **more})


def head(pattern: str, colour: str = "dark-brown", skin: str = "I-II") -> smp.Plan:
    """Return a whole scalp with a pattern of loss, treated to match."""
    hair = {
        "length_mm": 0.3, "colour": colour, "whorl_mm": WHORL_MM,
        "loss": {"pattern": pattern, "front_mm": [90.0, 22.0]},
    }  # fmt: skip
    scalp = {"extent_mm": HEAD_MM, "hairline": LINE}
    return plan(scalp=scalp, hair=hair, match="native", skin={"type": skin})


def loss() -> Picture:
    """Draw every pattern, and the same head treated."""
    cells = []
    for pattern in PATTERNS:
        for name, sessions in ((pattern, 0), ("treated", None)):
            cells.append(named(smp.render(head(pattern).scene(sessions=sessions), 2.2), name))
    return in_rows(cells, 6)


def close() -> Picture:
    """Draw the edge of a bald crown, before and after, on three skins."""
    cells = []
    for skin in ("I-II", "III-IV", "VI"):
        made = head("norwood-6", "black", skin)
        for name, sessions in (("before", 0), ("treated", None)):
            picture = smp.render(made.scene(sessions=sessions), 16.0, (20.0, 80.0, 80.0, 105.0))
            cells.append(named(picture, f"{skin}, {name}"))
    return in_rows(cells, 2)


def hairlines() -> Picture:
    """Draw every shape in both styles, with temple points and asymmetry."""
    cells = []
    for shape in SHAPES:
        for style in ("natural", "defined"):
            line = {"shape": shape, "style": style, "temple_points": True, "asymmetry": 1.0}
            made = plan(scalp={"extent_mm": [160.0, 70.0], "hairline": line}, treatment="strong")
            cells.append(named(smp.render(made.scene(), 5.0), f"{shape}, {style}"))
    return in_rows(cells, 2)


def colours() -> Picture:
    """Draw hair of every colour and length beside its treatment."""
    cells = []
    fade = {"from_mm": [7.0, 0.0], "to_mm": [11.0, 0.0], "density": [1.0, 0.0]}
    everywhere = [[-9.0, -9.0], [29.0, -9.0], [29.0, 19.0], [-9.0, 19.0]]
    for skin in ("I-II", "III-IV", "VI"):
        for colour in ("black", "dark-brown", "brown", "light-brown", "blond", "red", "grey"):
            grey = 0.6 if colour == "grey" else 0.0
            hair = {
                "colour": "dark-brown" if grey else colour, "grey_share": grey, "length_mm": 0.3,
                "whorl_mm": [9.0, 90.0],
                "regions": [{"polygon_mm": everywhere, "gradient": fade}],
            }  # fmt: skip
            scalp = {"extent_mm": [18.0, 11.0]}
            made = plan(scalp=scalp, hair=hair, match="native", skin={"type": skin})
            cells.append(named(smp.render(made.scene(), 16.0), f"{skin}, {colour}"))
    return in_rows(cells, 7)


def skins() -> Picture:
    """Draw six skins, bare and treated, under a lamp."""
    cells = []
    for fraction in (0.02, 0.05, 0.10, 0.16, 0.22, 0.30):
        skin = {"melanosome_fraction": fraction, "complexion": {"seed": 3}}
        made = plan(skin=skin, scalp={"extent_mm": [16.0, 12.0]}, light=LAMP)
        for name, sessions in (("bare", 0), ("treated", None)):
            picture = smp.render(made.scene(sessions=sessions), 20.0)
            cells.append(named(picture, f"melanosomes {fraction:g}, {name}"))
    return in_rows(cells, 4)


def ages() -> Picture:
    """Draw three ages on three skins, treated, with their own hair."""
    cells = []
    for skin in ("I-II", "III-IV", "VI"):
        for years in (25, 50, 75):
            made = plan(
                scalp={"extent_mm": [30.0, 20.0]},
                skin={"type": skin, "complexion": {"seed": 3}},
                client={"age_years": years},
                hair={"length_mm": 0.4, "coverage": 0.3, "grey_share": max(years - 30, 0) / 60},
                light=LAMP,
            )
            cells.append(named(smp.render(made.scene(), 16.0), f"{skin}, {years} years"))
    return in_rows(cells, 3)


def views() -> Picture:
    """Draw a head from three sides, before and after, on three skins."""
    rows = []
    for skin, colour in (("I-II", "brown"), ("III-IV", "black"), ("VI", "black")):
        made = plan(
            scalp={"extent_mm": [280.0, 300.0], "hairline": FRONT},
            skin={"type": skin, "complexion": {"seed": 3}},
            hair={
                "length_mm": 0.2, "colour": colour, "whorl_mm": [140.0, 205.0],
                "loss": {"pattern": "norwood-5", "front_mm": [140.0, 50.0]},
                "regions": [{"polygon_mm": NAPE, "density": 0.0, "feather_mm": 6.0}],
            },
            match="native", head={}, light=LAMP,
        )  # fmt: skip
        for name in ("above", "front", "profile"):
            cells = []
            for when, sessions in (("before", 0), ("after", None)):
                picture = smp.render_view(made.scene(sessions=sessions), name, 2.5)
                cells.append(named(picture, f"{skin}, {name}, {when}"))
            rows.append(np.concatenate(cells, axis=1))
    tall, wide = max(len(r) for r in rows), max(r.shape[1] for r in rows)
    return in_rows([_padded(row, tall, wide) for row in rows], 3)


def _padded(picture: Picture, tall: int, wide: int) -> Picture:
    """Return a picture on a white ground of a size."""
    return np.pad(
        picture, ((0, tall - len(picture)), (0, wide - picture.shape[1]), (0, 0)),
        constant_values=255,
    )  # fmt: skip


def in_rows(cells: list[Picture], across: int) -> Picture:
    """Lay pictures of one size in rows; white where there is none."""
    empty = np.full_like(cells[0], 255)
    cells = cells + [empty] * (-len(cells) % across)
    rows = [np.concatenate(cells[k : k + across], axis=1) for k in range(0, len(cells), across)]
    return np.concatenate(rows)


SHEETS: dict[str, Callable[[], Picture]] = {
    "loss": loss,
    "close": close,
    "hairlines": hairlines,
    "colours": colours,
}
SHEETS |= {"skins": skins, "ages": ages, "views": views}


def main() -> None:
    """Draw the sheets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("looks"))
    parser.add_argument("--only", nargs="+", choices=list(SHEETS), default=list(SHEETS))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for name in given.only:
        picture = SHEETS[name]()
        imwrite(given.out / f"{name}.png", picture)
        print(f"{given.out / name}.png: {picture.shape[1]} x {picture.shape[0]} px", flush=True)


if __name__ == "__main__":
    main()
