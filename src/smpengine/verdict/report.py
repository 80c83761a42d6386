"""`report`: a picture's verdict, in numbers that say what they are."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smpengine.files import check_target, write_text
from smpengine.verdict import pattern
from smpengine.verdict.border import Border, border
from smpengine.verdict.colour import dot_shift, to_lab
from smpengine.verdict.dots import Blobs, Found, find
from smpengine.verdict.index import Features, features, stubble_index
from smpengine.verdict.picture import Picture, check_picture, prepare
from smpengine.verdict.spectrum import Spectrum, spectrum

NAN: Final = float("nan")
COARSEST_PX_PER_MM: Final = 5.0
"""Below this a dot is less than a pixel, and the index is nan."""
CLASSES_MM: Final = ((0.0, 0.12), (0.12, 0.20), (0.20, 0.40))
"""Seen widths of dots: fine, middle and wide."""


@dataclass(frozen=True)
class Measure:
    """A number with its unit, what it means and where that comes from.

    Attributes
    ----------
    name, value, unit
        nan where the picture does not show it; unit "1" is a plain number.
    definition, source
        One line; the literature, or "own".
    """

    name: str
    value: float
    unit: str
    definition: str
    source: str


@dataclass(frozen=True)
class Report:
    """The verdict on a picture.

    Attributes
    ----------
    stubble_index
        0 flat shadow to 1 stubble; nan below 5 px/mm.
    measures
        All numbers, the index first.
    px_per_mm, shape
        Of the picture that was given.
    features
        What the index is made of, each 0 to 1.
    picture, found, dots, spectrum, border
        What was measured on, and found, for `write_page` and for a look of one's own.
    """

    stubble_index: float
    measures: tuple[Measure, ...]
    px_per_mm: float
    shape: tuple[int, int]
    features: Features
    picture: Picture = field(repr=False)
    found: Found = field(repr=False)
    dots: Blobs = field(repr=False)
    spectrum: Spectrum = field(repr=False)
    border: Border = field(repr=False)

    def __getitem__(self, name: str) -> float:
        """Return the value of a measure by its name.

        Raises
        ------
        KeyError
            There is none of that name.
        """
        for measure in self.measures:
            if measure.name == name:
                return measure.value
        raise KeyError(name)

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; null for nan."""

        def plain(value: float) -> float | None:
            return value if math.isfinite(value) else None

        return {
            "kind": "smpengine report",
            "px_per_mm": self.px_per_mm,
            "height_px": self.shape[0],
            "width_px": self.shape[1],
            "stubble_index": plain(self.stubble_index),
            "measures": [
                {"name": m.name, "value": plain(m.value), "unit": m.unit,
                 "definition": m.definition, "source": m.source}
                for m in self.measures
            ],
        }  # fmt: skip

    def write(self, path: str | Path) -> None:
        """Write the numbers as JSON, all or nothing.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        target = Path(path)
        check_target(target, "--json")
        write_text(target, json.dumps(self.as_dict(), indent=1, allow_nan=False) + "\n")

    def write_page(self, path: str | Path, title: str = "") -> None:
        """Write one page with pictures of it all, .png or .pdf.

        Raises
        ------
        InputError
            The suffix is another, or matplotlib is missing.
        OutputError
            The file cannot be written.
        """
        from smpengine.verdict.page import write_page

        write_page(self, Path(path), title)


def report(
    image: NDArray[np.uint8], px_per_mm: float, *, mask: NDArray[np.bool_] | None = None
) -> Report:
    """Measure whether a picture of a scalp is stubble or a flat shadow.

    Parameters
    ----------
    image
        sRGB, uint8 (height, width, 3), seen from above; at least 16 px and 1 mm wide and high.
    px_per_mm
        Its scale. Dots show from about 10 on; an error of a quarter does little harm.
    mask
        Treated area, bool (height, width). Where it is None, dots themselves say where it is.

    Returns
    -------
    Report
        The same for the same picture. Numbers that it cannot tell are nan.

    Raises
    ------
    InputError
        The picture, its scale or the mask cannot be used.
    """
    scale = check_picture(image, px_per_mm, mask)
    picture = prepare(image, scale, mask)
    found = find(picture)
    what = features(picture, found)
    index = stubble_index(what, picture.px_per_mm)
    if scale < COARSEST_PX_PER_MM:
        index = NAN
    dots, waves = found.dots, spectrum(picture)
    edge = border(picture, dots)
    measures = (
        Measure("stubble_index", index, "1", "0 flat shadow to 1 stubble", "own"),
        *_of_dots(found, waves),
        *_of_places(picture, dots, edge),
        *_of_shade(picture, dots, edge),
    )
    return Report(
        index, measures, scale, (image.shape[0], image.shape[1]), what, picture, found, dots,
        waves, edge,
    )  # fmt: skip


def size_classes(dots: Blobs) -> list[NDArray[np.bool_]]:
    """Return which dots are fine, middle and wide."""
    return [(dots.fwhm_mm > low) & (dots.fwhm_mm <= high) for low, high in CLASSES_MM]


def _median(values: NDArray[np.float64], fewest: int = 5) -> float:
    return float(np.median(values)) if values.size >= fewest else NAN


def _of_dots(found: Found, waves: Spectrum) -> list[Measure]:
    """Measure dots one by one, and the power spectrum."""
    dots = found.dots
    fine, middle, wide = (_median(dots.contrast[which]) for which in size_classes(dots))
    blobs = len(dots) + len(found.haze)
    haze = len(found.haze) / blobs if blobs >= pattern.FEWEST else NAN
    widths = np.concatenate([dots.fwhm_mm, found.haze.fwhm_mm])
    log = "median peak absorbance, -ln of light over its surround, of dots seen"
    gaussians = "Marr & Hildreth, Proc. R. Soc. B 207 (1980) 187; Lindeberg, IJCV 30 (1998) 79"
    return [
        Measure("dot_contrast", _median(dots.contrast), "1", f"{log} at all", gaussians),
        Measure("contrast_fine", fine, "1", f"{log} up to 0.12 mm wide", gaussians),
        Measure("contrast_middle", middle, "1", f"{log} 0.12 to 0.20 mm wide", gaussians),
        Measure("contrast_wide", wide, "1", f"{log} 0.20 to 0.40 mm wide", gaussians),
        Measure("dot_fwhm_mm", _median(dots.fwhm_mm), "mm",
                "median seen full width of dots at half maximum", gaussians),
        Measure("dot_fwhm_p90_mm", _quantile(dots.fwhm_mm, 0.9), "mm",
                "90th percentile of the same", "own"),
        Measure("dot_crispness_per_mm", _median(dots.contrast / np.maximum(dots.fwhm_mm, 0.1)),
                "1/mm", "median of contrast over width, 0.1 mm at least", "own"),
        Measure("dot_snr", _median(dots.depth), "1",
                "median best response of dots over the bright side's standard deviation",
                "Green & Swets, Signal Detection Theory (1966): d'"),
        Measure(
            "blob_fwhm_mm",
            _median(widths),
            "mm",
            "median seen full width of dots and haze at half maximum",
            gaussians,
        ),
        Measure("haze_share", haze, "1", "share of dark blobs wider than 0.4 mm", "own"),
        Measure("spectrum_slope", waves.slope, "1",
                "of log power over log frequency, 0.3 to 4 cycles per mm",
                "Field, J. Opt. Soc. Am. A 4 (1987) 2379"),
        Measure("dot_power_share", waves.dot_share, "1",
                "of the variance at 0.1 to 8.3 cycles per mm, what is over 1.67", "own"),
    ]  # fmt: skip


def _quantile(values: NDArray[np.float64], q: float) -> float:
    return float(np.quantile(values, q)) if values.size >= 5 else NAN


def _treated(picture: Picture, edge: Border) -> NDArray[np.bool_]:
    """Return the treated area on the picture's grid: as was said, as found, or all of it."""
    if picture.mask is not None:
        return picture.mask
    if edge.treated is None:
        return np.ones(picture.absorbance.shape, bool)
    import cv2

    height, width = picture.absorbance.shape
    large = cv2.resize(edge.treated.astype(np.uint8), (width, height), interpolation=0)
    return np.asarray(large.astype(bool))


def _of_places(picture: Picture, dots: Blobs, edge: Border) -> list[Measure]:
    """Measure the pattern of dots and its edge."""
    treated = _treated(picture, edge)
    area_mm2 = float(treated.sum()) / picture.px_per_mm**2
    s = picture.px_per_mm
    inside = dots.rows(treated[(dots.y_mm * s).astype(int), (dots.x_mm * s).astype(int)])
    density = 100.0 * len(inside) / area_mm2 if area_mm2 > 0.0 else NAN
    width = picture.shape_mm[1]
    share, chance = pattern.twins(dots, width)
    return [
        Measure("density_per_cm2", density, "1/cm2", "dots found per treated area", "own"),
        Measure("symmetry", pattern.symmetry(dots, width), "1",
                "lesser over greater count of dots, left and right of the middle", "own"),
        Measure("twin_share", share, "1",
                "dots with a mirrored partner within 0.12 mm, at the axis that gives most", "own"),
        Measure("twin_excess", share - chance, "1", "twin_share less that of chance", "own"),
        Measure("clark_evans", pattern.clark_evans(inside, area_mm2), "1",
                "mean nearest-neighbour distance over that of random places, edges corrected",
                "Clark & Evans, Ecology 35 (1954) 445"),
        Measure("close_pair_share", pattern.close_pairs(inside), "1",
                "dots whose neighbour is nearer than two median widths", "own"),
        Measure("evenness_cv", pattern.evenness(inside, treated, s), "1",
                "coefficient of variation of counts in squares of 3 mm, beyond Poisson", "own"),
        Measure("border_width_mm", edge.width_mm, "mm",
                "over which the density of dots rises from 10 to 90 %, across the edge", "own"),
        Measure("border_straight_mm", edge.straight_mm, "mm",
                "root mean square distance of the edge from a straight line", "own"),
    ]  # fmt: skip


def _of_shade(picture: Picture, dots: Blobs, edge: Border) -> list[Measure]:
    """Measure colour, darkness and evenness of the shade."""
    treated = _treated(picture, edge)
    bare = _bare(picture, treated, edge)
    shift = dot_shift(picture, dots)
    light = picture.linear[treated].mean(axis=0, dtype=np.float64) if treated.any() else None
    lab = np.full(3, NAN) if light is None else to_lab(light)
    darkness, pigment = NAN, np.full(3, NAN)
    if bare is not None and light is not None:
        darkness = float(picture.luminous[treated].mean() - picture.luminous[bare].mean())
        pigment = lab - to_lab(picture.linear[bare].mean(axis=0, dtype=np.float64))
    cie = "CIE 15:2004"
    return [
        Measure("lightness", float(lab[0]), "L*", "of the mean light of the treated area", cie),
        Measure("dot_da", float(shift[1]), "a*", "dots less the ring around them", cie),
        Measure("dot_db", float(shift[2]), "b*", "the same; negative is bluer", cie),
        Measure("treated_a", float(lab[1]), "a*", "of the mean light of the treated area", cie),
        Measure("treated_b", float(lab[2]), "b*", "of the mean light of the treated area", cie),
        Measure("pigment_da", float(pigment[1]), "a*", "treated less bare skin", cie),
        Measure("pigment_db", float(pigment[2]), "b*", "the same; negative is bluer", cie),
        Measure("darkness", darkness, "1", "mean -ln of luminance, treated less bare", "own"),
        Measure("shade_sd", pattern.shade_sd(picture, treated), "1",
                "standard deviation of absorbance between blurs of 1.5 and 5 mm", "own"),
    ]  # fmt: skip


def _bare(picture: Picture, treated: NDArray[np.bool_], edge: Border) -> NDArray[np.bool_] | None:
    """Return skin well away from the treated area, or None."""
    import cv2

    if picture.mask is None and edge.treated is None:
        return None
    reach = 2 * round(2.0 * picture.px_per_mm) + 1
    far = cv2.dilate(treated.astype(np.uint8), np.ones((reach, reach), np.uint8)) == 0
    return np.asarray(far) if far.mean() > 0.01 else None
