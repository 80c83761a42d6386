"""Small scenes that reach every kernel, for Oclgrind: run by scripts/check-kernels."""

from __future__ import annotations

import numpy as np

import smpengine as smp
from smpengine.raster.opencl_engine import engine_for


def main() -> None:
    """Draw fields and pictures on the first OpenCL device, and count what ran."""
    device = next(d.name for d in smp.devices(self_test=False) if d.name.startswith("opencl"))
    engine = engine_for(device)
    engine.trace = []
    rng = np.random.default_rng(3)
    n = 24
    for bands in (1, 2, 6):
        x, y = rng.uniform(-6, 46, (2, n))
        sigma, peak = rng.uniform(0.4, 7.0, n), rng.uniform(0, 1, (n, bands))
        got = smp.rasterise(x, y, sigma, peak, (37, 40), (-2, 3), device=device)
        want = smp.rasterise(x, y, sigma, peak, (37, 40), (-2, 3), device="reference")
        assert np.abs(got - want).max() <= 5e-4 * want.max()
    x, y = rng.uniform(0, 1.2, (2, n))
    depth, radius = rng.uniform(0.1, 0.4, n), rng.uniform(0.02, 0.3, n)
    dots = smp.Impressions(x, y, depth, radius, 0.1, rng.uniform(1, 60, (n, 3)))
    scene = smp.Scene(smp.Skin("III-IV"), dots, (1.2, 1.2))
    for output in ("srgb8", "srgb16", "linear", "absorbance"):
        scale = 34.0 if output == "srgb8" else 17.0
        smp.render(scene, scale, (0.0, 0.0, 1.0, 1.0), output, device)
    kernels = sorted({kernel for _, kernel, _ in engine.trace})
    print(f"{len(kernels)} kernels, {len(engine.trace)} launches: {', '.join(kernels)}")


if __name__ == "__main__":
    main()
