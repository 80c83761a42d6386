"""A photograph's orientation: from pixels as they are stored to pixels as displayed, and back.

EXIF 2.32, tag 0x0112: 1 as it is, 2 mirrored, 3 turned by half, 4 mirrored upside down, 5 to 8 the
same with rows and columns exchanged.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ORIENTATIONS: Final = range(1, 9)


def displayed(stored: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return pixels (rows, columns, ...) as they are to be looked at."""
    turned = stored.swapaxes(0, 1) if orientation >= 5 else stored
    rows, columns = _FLIPS[orientation]
    return np.ascontiguousarray(turned[::rows, ::columns])


def as_stored(shown: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return pixels as they are stored; the inverse of `displayed`."""
    rows, columns = _FLIPS[orientation]
    flipped = shown[::rows, ::columns]
    return np.ascontiguousarray(flipped.swapaxes(0, 1) if orientation >= 5 else flipped)


_FLIPS: Final = {
    1: (1, 1), 2: (1, -1), 3: (-1, -1), 4: (-1, 1), 5: (1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1),
}  # fmt: skip
"""Whether rows and columns are reversed, once 5 to 8 have exchanged them."""
