"""`Medium`: layers of tissue under air, and what they do to light."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smpengine.errors import InputError, must


@dataclass(frozen=True)
class Medium:
    """Plane layers below a smooth surface, all of one refractive index; outside is air.

    Attributes
    ----------
    thickness_mm
        Of each layer, from the surface down, > 0; the last may be infinite.
    mus_per_mm
        Scattering of each layer, > 0.
    mua_per_mm
        Absorption of each layer, >= 0.
    g
        Anisotropy of scattering, -1 to 1, of all layers.
    n
        Refractive index, 1 to 3.

    Raises
    ------
    InputError
        A value is out of range, or there are not as many of each as layers.
    """

    thickness_mm: tuple[float, ...]
    mus_per_mm: tuple[float, ...]
    mua_per_mm: tuple[float, ...]
    g: float
    n: float = 1.4

    def __post_init__(self) -> None:
        for name in ("thickness_mm", "mus_per_mm", "mua_per_mm"):
            values = tuple(float(value) for value in getattr(self, name))
            object.__setattr__(self, name, values)
            if len(values) != len(self.thickness_mm) or not values:
                got = f"{len(values)} for {len(self.thickness_mm)} layers"
                raise InputError(must(name, "have a value for each layer", got))
        for name, least, rule in (
            ("thickness_mm", 0.0, "be over 0"),
            ("mus_per_mm", 0.0, "be over 0 and finite"),
            ("mua_per_mm", -5e-324, "be at least 0 and finite"),
        ):
            for layer, value in enumerate(getattr(self, name)):
                last = name == "thickness_mm" and layer == len(self.thickness_mm) - 1
                if not (value > least and (value < math.inf or last)):
                    raise InputError(must(name, rule, value, f"layer {layer}"))
        if not -1.0 < self.g < 1.0:
            raise InputError(must("g", "be over -1 and under 1", self.g))
        if not 1.0 <= self.n <= 3.0:
            raise InputError(must("n", "be 1 to 3", self.n))

    @classmethod
    def of_skin(
        cls, musp_per_mm: float, mua_per_mm: tuple[float, float], epidermis_mm: float = 0.06,
        g: float = 0.8, n: float = 1.4,
    ) -> Medium:  # fmt: skip
        """Return an epidermis on an endless dermis that scatter alike; absorption of both."""
        mus = musp_per_mm / (1.0 - g)
        return cls((epidermis_mm, math.inf), (mus, mus), mua_per_mm, g, n)

    @property
    def edges_mm(self) -> NDArray[np.float64]:
        """Depths of the layers' edges, (layers + 1,), the surface first."""
        return np.concatenate([[0.0], np.cumsum(self.thickness_mm)])

    def absorptions(self, mua_per_mm: ArrayLike) -> NDArray[np.float64]:
        """Return absorptions to answer for, (absorptions, layers).

        Raises
        ------
        InputError
            Not a value for each layer, not finite, negative; or 0 in an endless layer, where a
            photon would never end.
        """
        mua = np.ascontiguousarray(np.atleast_2d(np.asarray(mua_per_mm, float)))
        layers = len(self.thickness_mm)
        if mua.ndim != 2 or mua.shape[1] != layers or 0 in mua.shape:
            raise InputError(must("mua_per_mm", f"have shape (n, {layers})", mua.shape))
        bad = np.argwhere(~((mua >= 0.0) & (mua < math.inf)))
        if bad.size:
            row, layer = bad[0]
            where = f"row {row}, layer {layer}"
            raise InputError(must("mua_per_mm", "be at least 0 and finite", mua[row, layer], where))
        if self.thickness_mm[-1] == math.inf and not (mua[:, -1] > 0.0).all():
            raise InputError(must("mua_per_mm", "be over 0 in an endless layer", 0.0))
        return mua

    @property
    def arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Edges, scattering and absorption, as the kernels take them."""
        return self.edges_mm, np.array(self.mus_per_mm), np.array(self.mua_per_mm)
