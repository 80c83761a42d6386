"""The numbers of the drawn Gaussian, shared by every device.

Along an axis, t = x / sigma, a Gaussian is drawn as the fourth power of a polynomial,

    w = max(REACH^2 - t^2, 0),   p = w (q_0 + q_1 w + ... + q_5 w^5),   exp(-t^2 / 2) ~ p^4

which takes neither an exp nor a taper: it ends at REACH sigma with three derivatives. The
coefficients minimise the largest error over t, 1.4e-4 of the peak, such that the integral is exact
and the sum over samples is within 3e-4 from sigma = 0.7 samples on, wherever the samples lie
(linear programs, repeated). The peak itself is right to 1e-6.

A Gaussian goes to level l, where one sample stands for 2^l pixels, once its sigma there is at least
SWITCH_SIGMA. Levels are interpolated into each other by the quintic B-spline subdivision
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

REACH: Final = 4.3
"""Where a Gaussian ends, in sigma."""
COEFFICIENTS: Final = (
    0.08353810371702614,
    -0.017576357243957338,
    0.0023282935439746717,
    -0.00014997223022389784,
    5.0479946954174624e-06,
    -6.591682290371874e-08,
)
"""q_0 to q_5."""
SWITCH_SIGMA: Final = 1.8
MASK_VARIANCE_PX2: Final = 0.5
"""Variance per axis that l subdivisions add is this times (4^l - 1)."""
KURTOSIS: Final = 1.0 / 480.0
MAX_LEVEL: Final = 40

DISC_TAPER_START: Final = 9.2
DISC_TAPER_END: Final = 11.5
"""A soft disc ends where rho^2 / B - max(edge, 0) reaches this, at 1e-5 of its centre."""
