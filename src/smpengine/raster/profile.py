"""The numbers of the drawn Gaussian, shared by every device.

Along an axis, t = x / sigma, a Gaussian is drawn as the fourth power of a polynomial,

    w = max(REACH^2 - t^2, 0),   p = w (q_0 + q_1 w + ... + q_5 w^5),   exp(-t^2 / 2) ~ p^4

which takes neither an exp nor a taper: it ends at REACH sigma with three derivatives. The
coefficients minimise the largest error over t, 1.4e-4 of the peak, such that the integral is exact
and the sum over samples is within 3e-4 from sigma = 0.7 samples on, wherever the samples lie
(linear programs, repeated). The peak itself is right to 1e-6.

A Gaussian goes to level l, where one sample stands for 2^l pixels, once its sigma there is at least
SWITCH_SIGMA. Levels are interpolated into each other by the subdivision mask of the B-spline of
degree 9, binomials of 10 over 512, which widens what it interpolates by (4^l - 1) 10 / 12 px^2 and
flattens it. Both are undone beforehand: the Gaussian is drawn narrower by that variance, and with
Hermite terms for what is flattened. From ln of the B-spline's spectrum,

    10 ln sinc(w / 2) = -10 (w^2 / 24 + w^4 / 2880 + w^6 / 181440 + ...)

the spectrum is to be multiplied by exp(a w^4 + b w^6), a = (1 - 16^-l) / 288 and
b = (1 - 64^-l) / 18144 in samples, which is 1 + a w^4 + b w^6 + a^2 w^8 / 2 but for 3e-5; and w^n
becomes the Hermite polynomial i^n He_n(t) / sigma_l^n, t = x / sigma_l.

What is left comes from the images of the spectrum, of which level 0 sees E[w^10] / 4^10, w of
variance sigma^-2: 9.0e-4 sigma_l^-10 of the peak along either axis. A mask of degree 5 would leave
3.7e-3 sigma_l^-6, and ask for a switch at 1.8 samples, where a splat costs twice as much.
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
SWITCH_SIGMA: Final = 1.2
MASK_BOXES: Final = 10
"""A B-spline of degree 9 is so many boxes folded."""
MASK_VARIANCE_PX2: Final = MASK_BOXES / 12.0
"""Variance per axis that l subdivisions add is this times (4^l - 1)."""
MAX_LEVEL: Final = 40

DISC_TAPER_START: Final = 9.2
DISC_TAPER_END: Final = 11.5
"""A soft disc ends where rho^2 / B - max(edge, 0) reaches this, at 1e-5 of its centre."""
