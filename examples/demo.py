"""Render the example plans into a folder.

    python examples/demo.py [--out out]

sessions.png        the layered treatment after each of its sessions, and the flat shadow beside it
days.png            it fresh, after a week, settled, after 2 and 5 years
skins.png           the layered treatment on three skins
natural.png ...     each plan at 40 px/mm
scalp.png           a whole scalp of 180 x 220 mm at 10 px/mm; scalp-crop.png is a part at 40 px/mm
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from imageio.v3 import imwrite
from numpy.typing import NDArray

import smpengine as smp
from smpengine.image.write import write_image

HERE = Path(__file__).parent
WINDOW_MM = (4.0, 4.0, 20.0, 20.0)
PX_PER_MM = 30.0

Picture = NDArray[np.uint8]


def save(path: Path, picture: Picture, px_per_mm: float, scene: smp.Scene) -> None:
    """Write a picture and say so."""
    write_image(path, picture, {**scene.provenance, "px_per_mm": px_per_mm, "output": "srgb8"})
    print(f"  {path}: {picture.shape[1]} x {picture.shape[0]} px")


def beside(pictures: list[Picture]) -> Picture:
    """Put pictures side by side, with a white line between them."""
    line = np.full((pictures[0].shape[0], 6, 3), 255, np.uint8)
    parts = [part for picture in pictures for part in (picture, line)]
    return np.concatenate(parts[:-1], axis=1)


def sessions(out: Path) -> None:
    """Draw the strong treatment as it builds up, and the flat shadow; also small, as a JPEG."""
    plan = smp.load_plan(HERE / "strong.toml")
    scenes = [plan.scene(sessions=k + 1) for k in range(len(plan.sessions))]  # each settled
    pictures = [smp.render(scene, PX_PER_MM, WINDOW_MM) for scene in scenes]
    flat = smp.load_plan(HERE / "flat-shadow.toml").scene()
    pictures.append(smp.render(flat, PX_PER_MM, WINDOW_MM))
    picture = beside(pictures)
    save(out / "sessions.png", picture, PX_PER_MM, plan.scene())
    imwrite(out / "sessions.jpg", picture, quality=80)  # the README's


def days(out: Path) -> None:
    """Draw the layered treatment fresh, a week later, settled, and after 2 and 5 years."""
    plan = smp.load_plan(HERE / "natural.toml")
    last = plan.sessions[-1].day
    times = [last + 0.3, last + 7.0, None, last + 730.0, last + 1826.0]
    pictures = [smp.render(plan.scene(day), PX_PER_MM, WINDOW_MM) for day in times]
    save(out / "days.png", beside(pictures), PX_PER_MM, plan.scene())


def skins(out: Path) -> None:
    """Draw one treatment on three skins."""
    scene = smp.load_plan(HERE / "natural.toml").scene()
    pictures = []
    for name in ("I-II", "III-IV", "VI"):
        other = smp.Scene(smp.Skin(name), scene.impressions, scene.extent_mm)
        pictures.append(smp.render(other, PX_PER_MM, WINDOW_MM))
    save(out / "skins.png", beside(pictures), PX_PER_MM, scene)


def plans(out: Path) -> None:
    """Draw each small plan as a whole."""
    for name in ("natural", "strong", "flat-shadow"):
        scene = smp.load_plan(HERE / f"{name}.toml").scene()
        save(out / f"{name}.png", smp.render(scene, 40.0), 40.0, scene)


def scalp(out: Path) -> None:
    """Draw a whole scalp, and a part of it at full scale."""
    scene = smp.load_plan(HERE / "scalp.toml").scene()
    print(f"  {len(scene.impressions):,} impressions on {scene.extent_mm} mm")
    save(out / "scalp.png", smp.render(scene, 10.0), 10.0, scene)
    window = (70.0, 20.0, 110.0, 50.0)
    save(out / "scalp-crop.png", smp.render(scene, 40.0, window), 40.0, scene)


def main() -> None:
    """Render everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=Path("out"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    for step in (sessions, days, skins, plans, scalp):
        step(out)
    print(f"done in {time.perf_counter() - start:.1f} s; the pictures are in {out}/")


if __name__ == "__main__":
    main()
