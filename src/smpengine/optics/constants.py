"""The fitted numbers of the model of one deposit.

Fitted to Monte Carlo transport of single cylinders, of lattices and of whole fields by
benchmarks/optics/fit_model.py, which prints them.
"""

from __future__ import annotations

from typing import NamedTuple


class Constants(NamedTuple):
    """What the formulas of `dot.py` are fitted with; lengths in mm, the rest without unit."""

    # Where the linear kernel is read: two depths about the centre, in shares of the thickness.
    read_shift: float = 0.072307
    read_spread: float = 0.25199
    # The disc in the halos: a Gaussian is flattened from radius / sigma of about this on.
    flat_onset: float = 3.6167
    # Self-shielding of the halos.
    side: float = 1.2828
    shield: float = 0.22501
    shield_radius: float = -0.41596
    shield_thickness: float = 0.42619
    shield_more: float = 0.3885
    shield_path: float = 1.9672
    # Diffuse light that comes back to the deposit, and how little does where the epidermis is dark.
    back: float = 0.88028
    back_radius: float = 0.23589
    back_depth_mm: float = 0.045329
    back_epidermis_mm: float = 0.15603
    # Near halos are shielded less.
    near: float = 0.05285
    near_radius: float = -0.83902
    near_reach: float = 0.56307
    # The core.
    core_path: float = 0.90968
    core_radius: float = -0.2758
    core_corner: float = 8.0446
    rim: float = 0.090714
    rim_power: float = 7.8471


CONSTANTS = Constants()
