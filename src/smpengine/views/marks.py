"""What the dots of a scene are drawn as, worked out once for all blocks of a view.

A splat's shape does not depend on where it lies: blocks take theirs and move them. The halo of a
deep dot reaches a centimetre, so most dots belong to several blocks.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from smpengine.impressions import Impressions
from smpengine.optics.deposit import GAUSSIANS
from smpengine.optics.scatter import REACH_SAMPLES, REACH_SIGMAS, Splats, discs_of, scatter
from smpengine.raster.splats import Discs, Gaussians, PixelWindow
from smpengine.scene import Skin
from smpengine.workers import Workers


class Marks:
    """The splats of deposits at a scale, wherever they lie.

    Parameters
    ----------
    deposits, skin
        What is drawn, in which skin.
    px_per_mm
        Of the finest samples.
    workers
        Who computes them.
    """

    def __init__(
        self, deposits: Impressions, skin: Skin, px_per_mm: float, workers: Workers
    ) -> None:
        splats = scatter(deposits, skin, px_per_mm, workers)
        self._px_per_mm = px_per_mm
        self._halos, self._cores = splats.halos, splats.cores
        self._each = discs_of(deposits)
        # Granules lie beside the place of their dot, as the plan's own place has them.
        self._off_x = splats.cores.x_px - np.repeat(deposits.x_mm * px_per_mm, self._each)
        self._off_y = splats.cores.y_px - np.repeat(deposits.y_mm * px_per_mm, self._each)

    def reach_mm(self) -> NDArray[np.float64]:
        """Return how far each deposit reaches, (n,)."""
        widest = self._halos.sigma_px.reshape(-1, GAUSSIANS).max(axis=1, initial=0.0)
        reach: NDArray[np.float64] = REACH_SIGMAS * widest.astype(np.float64) / self._px_per_mm
        return reach

    def block(
        self,
        rows: NDArray[np.intp],
        u_mm: NDArray[np.float64],
        v_mm: NDArray[np.float64],
        window: PixelWindow,
    ) -> Splats:
        """Return the splats of some rows, moved to u, v, that reach a window of finest samples."""
        x, y = u_mm * self._px_per_mm, v_mm * self._px_per_mm
        halos, cores = self._halos, self._cores
        edges = np.array(
            [window.col0, window.row0, window.col0 + window.width, window.row0 + window.height],
            np.float64,
        )
        most = len(rows) * GAUSSIANS
        kept, owner = np.empty(most, np.intp), np.empty(most, np.intp)
        count = _reaching(rows, x, y, halos.sigma_px, halos.peak, edges, kept, owner)
        kept, owner = kept[:count], owner[:count]
        discs = (rows[:, None] * self._each + np.arange(self._each)).ravel()
        discs = discs[(cores.cap[discs] > 0.0).any(axis=1)]
        place = np.empty(len(self._off_x) // self._each, np.intp)
        place[rows] = np.arange(len(rows))
        of = place[discs // self._each]
        return Splats(
            Gaussians(x[owner], y[owner], halos.sigma_px[kept], halos.peak[kept]),
            Discs(
                x[of] + self._off_x[discs], y[of] + self._off_y[discs],
                cores.inv_spread_per_px2[discs], cores.edge[discs], cores.cap[discs],
            ),
        )  # fmt: skip


@njit(nogil=True, cache=True)
def _reaching(rows, x, y, sigma, peak, edges, kept, owner):
    """List the Gaussians of rows that are something and reach a window; return how many."""
    count = 0
    for n in range(rows.shape[0]):
        for g in range(GAUSSIANS):
            at = rows[n] * GAUSSIANS + g
            reach = REACH_SIGMAS * sigma[at] + REACH_SAMPLES
            if not (edges[0] - reach < x[n] < edges[2] + reach):
                continue
            if not (edges[1] - reach < y[n] < edges[3] + reach):
                continue
            if peak[at, 0] == 0.0 and peak[at, 1] == 0.0 and peak[at, 2] == 0.0:
                continue
            kept[count], owner[count] = at, n
            count += 1
    return count
