"""How well the parts of a render agree with each other: devices, scales, dials.

python benchmarks/consistency.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import smpengine as smp

Picture = NDArray[np.float64]


def plan(treatment: str, side_mm: float = 24.0, **more: object) -> smp.Plan:
    """Return a whole treatment on a square of skin I-II."""
    data = {"version": 1, "seed": 5, "treatment": treatment, "scalp": {"extent_mm": [side_mm] * 2}}
    return smp.Plan.from_dict({**data, **more})


def devices() -> None:
    """Compare Numba with the float64 reference over random scenes."""
    rng = np.random.default_rng(0)
    worst = 0.0
    for _ in range(200):
        n = int(rng.integers(1, 120))
        low = rng.uniform(0.3, 10.0)
        sigma = np.exp(rng.uniform(np.log(low), np.log(low * rng.uniform(1.0, 30.0)), n))
        shape = tuple(int(v) for v in rng.integers(1, 220, 2))
        columns = (*rng.uniform(-20, 240, (2, n)), sigma, rng.uniform(0, 1, (n, 3)))
        got, want = (smp.rasterise(*columns, shape, device=d) for d in ("cpu", "reference"))
        scale = max(float(want.max()), float(columns[3].max()))
        worst = max(worst, float(np.abs(got - want).max()) / scale)
    print(f"numba against float64, 200 random scenes of Gaussians: worst error {worst:.1e}")
    for treatment in ("natural", "strong", "flat-shadow"):
        scene = plan(treatment).scene()
        for scale in (10.0, 40.0):
            pair = (
                smp.render(scene, scale, (4, 4, 9, 9), "linear", d) for d in ("cpu", "reference")
            )
            a, b = (picture.astype(float) for picture in pair)
            print(
                f"  {treatment} at {scale:g} px/mm: reflectance differs by {abs(a - b).max():.1e}"
            )


def scales() -> None:
    """Compare a render at 10 px/mm with the mean of one at 160 px/mm."""
    print("10 px/mm against the mean of 160 px/mm, |dR| / R0 rms and worst:")
    for treatment in ("natural", "strong", "flat-shadow"):
        scene = plan(treatment, 12.0).scene()
        coarse = np.exp(-smp.render(scene, 10.0, output="absorbance").astype(float))
        fine = np.exp(-smp.render(scene, 160.0, output="absorbance").astype(float))
        side = coarse.shape[0]
        fine = fine.reshape(side, 16, side, 16, 3).mean(axis=(1, 3))
        error = np.abs(coarse - fine)
        print(f"  {treatment}: {np.sqrt((error**2).mean()):.5f} and {error.max():.4f}")


def dials() -> None:
    """Print mean and contrast in red over ten steps of both dials, and of the treatments."""

    def red(treatment: str, **more: float) -> Picture:
        scene = plan(treatment, **more).scene()
        picture: Picture = smp.render(scene, 30.0, (2, 2, 22, 22), "linear")[..., 0].astype(float)
        return picture

    steps = np.linspace(0.0, 1.0, 11)
    means = [red("natural", fullness=float(step)).mean() for step in steps]
    print("fullness 0 to 1, mean red reflectance:", " ".join(f"{v:.4f}" for v in means))
    pictures = [red("natural", texture=float(step)) for step in steps]
    contrast = [picture.std() / picture.mean() for picture in pictures]
    print("texture 0 to 1, RMS contrast in red:", " ".join(f"{v:.4f}" for v in contrast))
    for treatment in ("natural", "strong", "flat-shadow"):
        picture = red(treatment)
        print(f"  {treatment}: RMS contrast in red {picture.std() / picture.mean():.3f}")


def main() -> None:
    """Print all figures."""
    devices()
    scales()
    dials()


if __name__ == "__main__":
    main()
