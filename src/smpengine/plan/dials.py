"""The two dials: fullness and texture, over a whole treatment.

At 0.5 both leave the sessions as they are. Fullness f scales densities by 4^(f - 0.5) and
absorption by 2^(f - 0.5): half to twice the dots. Texture t moves pigment from shade to stubble:
the depth of every session is scaled by 1.5^(1 - 2 t) about half of its thickness, radii by
1.15^(1 - 2 t), and absorption by 1.35^(2 t - 1), so that dots become shallower, smaller and darker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from smpengine.plan.placement import Layer


def turn(layers: Sequence[Layer], fullness: float, texture: float) -> list[Layer]:
    """Return the sessions with both dials applied.

    Parameters
    ----------
    layers
        Sessions as the plan says them.
    fullness, texture
        0 to 1; 0.5 changes nothing.
    """
    dots = 4.0 ** (fullness - 0.5)
    shift = 2.0 * texture - 1.0
    strength = 2.0 ** (fullness - 0.5) * 1.35**shift
    turned = []
    for layer in layers:
        top = 0.5 * layer.thickness_mm
        depth = top + (layer.depth_mm - top) * 1.5**-shift
        turned.append(
            replace(
                layer,
                density_per_cm2=layer.density_per_cm2 * dots,
                depth_mm=min(depth, 2.5),
                radius_mm=layer.radius_mm * 1.15**-shift,
                mua_per_mm=tuple(min(v * strength, 10_000.0) for v in layer.mua_per_mm),
            )
        )
    return turned
