"""The fitted numbers of the model of one deposit.

Fitted to Monte Carlo transport of single cylinders, of lattices and of whole fields by
benchmarks/optics/fit_model.py, which prints them.
"""

from __future__ import annotations

from typing import NamedTuple


class Constants(NamedTuple):
    """What the formulas of `dot.py` are fitted with; lengths in mm, the rest without unit."""

    # Where the linear kernel is read: two depths about the centre, in shares of the thickness.
    read_shift: float = 0.080773
    read_spread: float = 0.2423
    # The disc in the halos: a Gaussian is flattened from radius / sigma of about this on.
    flat_onset: float = 3.621
    # Self-shielding of the halos.
    side: float = 1.1029
    shield: float = 0.15954
    shield_radius: float = -0.43622
    shield_thickness: float = 0.42109
    shield_more: float = 0.38325
    shield_path: float = 1.9937
    # Diffuse light that comes back to the deposit, and how little does where the epidermis is dark.
    back: float = 0.96266
    back_radius: float = 0.21467
    back_depth_mm: float = 0.040991
    back_epidermis_mm: float = 0.1526
    # Near halos are shielded less.
    near: float = 0.033566
    near_radius: float = -1.1229
    near_reach: float = 0.51129
    # The core.
    core_path: float = 0.92285
    core_radius: float = -0.30165
    core_corner: float = 7.5912
    rim: float = 0.086418
    rim_power: float = 8.9812


CONSTANTS = Constants()
