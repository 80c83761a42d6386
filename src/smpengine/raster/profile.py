"""The numbers of the drawn Gaussian, shared by every device.

A Gaussian ends at TAPER_END sigma, and a smoothstep from TAPER_START takes it there without a step.
At most 3.2e-4 of the peak are lost on the way, and 5e-4 of the mass.

A Gaussian goes to level l, where one sample stands for 2^l pixels, once its sigma there is at least
SWITCH_SIGMA: Final = 1.8
mask (1 6 15 20 15 6 1) / 32, which widens what it interpolates by (4^l - 1) / 2 px^2 and flattens
it a little. Both are undone beforehand: the Gaussian is drawn narrower by that variance, and with
a fourth-order Hermite term for the kurtosis. From ln of the B-spline's spectrum,
6 ln sinc(w / 2) = -w^2 / 4 - w^4 / 480 - ..., the term is w^4 / 480 (1 - 16^-l), that is
k (t^4 - 6 t^2 + 3) with t = x / sigma_l and k = (1 - 16^-l) / (480 sigma_l^4).
What is left is 2.0e-4 of the peak at the switch and falls as sigma^-6. (A switch at 2.25 samples
would leave 4.5e-5, and a mixture of sigma 1 to 12 px take a tenth longer.)
"""

from __future__ import annotations

from typing import Final

TAPER_START: Final = 3.6
TAPER_END: Final = 4.1
SWITCH_SIGMA: Final = 1.8
MASK_VARIANCE_PX2: Final = 0.5
"""Variance per axis that l subdivisions add is this times (4^l - 1)."""
KURTOSIS: Final = 1.0 / 480.0
MAX_LEVEL: Final = 40

DISC_TAPER_START: Final = 9.2
DISC_TAPER_END: Final = 11.5
"""A soft disc ends where rho^2 / B - max(edge, 0) reaches this, at 1e-5 of its centre."""
