"""Shades of pigment: what they absorb, settled and undiluted.

Carbon black: 7.5 +- 1.2 m^2/g at 550 nm (T. C. Bond, R. W. Bergstrom, Aerosol Sci. Technol. 40,
27-67, 2006), so 1 % w/v in its carrier absorbs 75 per mm; 5 to 200 per mm are 0.07 to 2.7 % w/v.
Its absorption falls slowly with wavelength; it is taken as flat. The browns stand for iron oxides,
which absorb blue three to four times as much as red; their values are assumed.
"""

from __future__ import annotations

from typing import Final

MUA_PER_MM: Final[dict[str, tuple[float, float, float]]] = {
    "grey-1": (8.0, 8.0, 8.0),
    "grey-2": (20.0, 20.0, 20.0),
    "grey-3": (40.0, 40.0, 40.0),
    "grey-4": (80.0, 80.0, 80.0),
    "grey-5": (120.0, 120.0, 120.0),
    "black": (200.0, 200.0, 200.0),
    "warm-brown-1": (22.0, 40.0, 75.0),
    "warm-brown-2": (55.0, 95.0, 170.0),
}
"""Absorption at 610, 545 and 460 nm, Napierian, per mm."""
