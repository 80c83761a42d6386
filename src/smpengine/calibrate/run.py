"""`calibrate`: a skin's properties to its table, band after band; what is finished is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.calibrate.fit import DEPTHS, RHO_END_MM, RINGS, Z_END_MM, Fit, fit_kernels
from smpengine.calibrate.properties import SkinFile, check
from smpengine.errors import InputError, must
from smpengine.files import write_text
from smpengine.optics.transport.kernels import BATCHES, Kernels, linear_kernels
from smpengine.optics.transport.medium import Medium
from smpengine.scene import AVERAGE_MUSP_PER_MM
from smpengine.skintable import GROUP, SkinBand, SkinTable, table_of
from smpengine.workers import Workers

Array = NDArray[np.float64]
PHOTONS: Final = 1_000_000
_METHOD: Final = 1
"""Of transport and fit: another one does not go on where this one stopped."""
LEAST_PHOTONS: Final = 10_000
MOST_PHOTONS: Final = 10**8


def kernels_of(
    musp_per_mm: float, mean_musp_per_mm: float, mua_per_mm: Array, epidermis_mm: float, g: float,
    n: float, photons: int, seed: int, workers: Workers,
) -> Kernels:  # fmt: skip
    """Return the linear kernels of a band for absorptions of (epidermis, dermis), (sets, 2).

    The grid is the ladder's, scaled by the mean scattering of the bands that are drawn together.
    """
    medium = Medium.of_skin(musp_per_mm, (0.0, 0.0), epidermis_mm, g, n)
    c = mean_musp_per_mm / AVERAGE_MUSP_PER_MM
    grid = RHO_END_MM / c, Z_END_MM / c, RINGS, DEPTHS
    return linear_kernels(medium, mua_per_mm, *grid, photons, seed, workers)


def calibrate(
    skin: SkinFile,
    photons: int = PHOTONS,
    seed: int = 0,
    workers: Workers | None = None,
    part: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> SkinTable:
    """Make the table of a skin.

    Parameters
    ----------
    skin
        Its properties.
    photons
        How many a band, 10,000 to 10^8; errors fall with the root of it.
    seed
        Of their random numbers. The table depends on nothing else: not on threads, nor on a stop.
    workers
        Threads, progress, cancel.
    part
        File that holds the bands that are finished, so that a run that was stopped goes on where
        it was. It is the caller's to delete, once the table is safe.
    say
        Called with a line for each band.

    Raises
    ------
    InputError
        The number of photons or the seed cannot be used, or a band is too dark for so few photons.
    Cancelled
        The workers' cancel callback returned true; finished bands are in `part`.
    OutputError
        `part` cannot be written.
    """
    check(skin)
    for name, value, low, high in (
        ("photons", photons, LEAST_PHOTONS, MOST_PHOTONS), ("seed", seed, 0, 2**32 - 1),
    ):  # fmt: skip
        if not low <= value <= high:
            raise InputError(must(name, f"be {low:,} to {high:,}", f"{value:,}"))
    workers = workers or Workers(1)
    musp, epidermis, dermis = skin.properties()
    about = _about(skin, photons, seed)
    done = _finished(part, about)
    workers.total = BATCHES * (len(musp) - len(done))
    for k in range(len(done), len(musp)):
        group = musp[k - k % GROUP : k - k % GROUP + GROUP]
        mua = np.array([[epidermis[k], dermis[k]]])
        kernels = kernels_of(
            float(musp[k]), float(group.mean()), mua, skin.epidermis_mm, skin.g, skin.n, photons,
            seed * len(musp) + k, workers,
        )  # fmt: skip
        fit = fit_kernels(kernels, 0)
        if fit.error is None:
            raise InputError(_too_few(skin.lambda_nm[k], kernels, photons))
        values = float(skin.lambda_nm[k]), float(musp[k]), float(epidermis[k]), float(dermis[k])
        done.append(band_of(values, kernels, 0, fit))
        if part is not None:
            write_text(part, SkinTable(tuple(done), skin.epidermis_mm, about).text())
        if say is not None:
            say(_told(done[-1], fit))
    return SkinTable(tuple(done), skin.epidermis_mm, about)


def band_of(values: tuple[float, ...], kernels: Kernels, k: int, fit: Fit) -> SkinBand:
    """Return a band, its numbers as short as a file holds them.

    `values` are wavelength, reduced scattering and absorption of epidermis and dermis; `k` is which
    of the kernels' absorptions that is.
    """
    lambda_nm, musp, epidermis, dermis = values
    bare, error = float(kernels.bare.value[k]), float(kernels.bare.error[k])

    def short(array: Array) -> Array:
        return np.array([float(f"{value:.6g}") for value in array.ravel()]).reshape(array.shape)

    return SkinBand(
        lambda_nm, musp, epidermis, dermis, float(f"{bare:.7g}"), float(f"{error:.3g}"),
        float(f"{fit.error or 0.0:.3g}"), short(fit.weight), short(fit.reach),
    )  # fmt: skip


def _told(band: SkinBand, fit: Fit) -> str:
    whole = "too noisy to tell" if fit.total_error is None else f"within {fit.total_error:.1%}"
    return (
        f"{band.lambda_nm:5.0f} nm: R0 {band.reflectance:.4f} +- {band.reflectance_error:.4f}, "
        f"kernels fitted within {band.fit_error:.1%} rms, a depth's whole {whole}"
    )


def _too_few(lambda_nm: float, kernels: Kernels, photons: int) -> str:
    bare, error = float(kernels.bare.value[0]), float(kernels.bare.error[0])
    got = f"{photons:,} (R0 {bare:.2g} +- {error:.2g})"
    return must("photons", f"be more for the skin at {lambda_nm:g} nm", got)


def _about(skin: SkinFile, photons: int, seed: int) -> dict[str, Any]:
    from smpengine import __version__

    given = json.loads(skin.model_dump_json(exclude_none=True))
    made = {"skin": given, "photons": photons, "seed": seed, "version": __version__,
            "method": _METHOD}  # fmt: skip
    digest = hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()
    return {**made, "digest": digest}


def _finished(part: Path | None, about: dict[str, Any]) -> list[SkinBand]:
    """Return the bands of an earlier run that was stopped, if it was of the very same table.

    Raises
    ------
    InputError
        The file is there and belongs to another run: it is not for us to delete.
    """
    if part is None or not part.exists():
        return []
    try:
        held = table_of(json.loads(part.read_text(encoding="utf-8")), str(part))
    except (OSError, ValueError) as error:
        message = f"{part}: holds no bands of an earlier run: {error}. Delete it to begin anew."
        raise InputError(message) from error
    if held.about.get("digest") != about["digest"]:
        raise InputError(
            f"{part}: holds finished bands of another skin, photons, seed or version. "
            "Delete it to begin anew, or write the table to another place."
        )
    return list(held.bands)
