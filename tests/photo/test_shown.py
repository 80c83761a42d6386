"""What pictures that are handed out share, and pairs of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smpengine.errors import InputError
from smpengine.photo.caption import fitted
from smpengine.photo.pairs import pair
from smpengine.photo.shown import check_shown, fade, light_of, picture_of, shrunk

RNG = np.random.default_rng(4)
PICTURE = RNG.integers(0, 256, (90, 120, 3), dtype=np.uint8)


def test_linear_light_goes_back_to_the_same_codes() -> None:
    codes = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    assert (picture_of(light_of(codes)) == codes).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 255), st.integers(0, 255), st.floats(0.0, 1.0))
def test_a_fade_is_the_mean_of_light(a: int, b: int, share: float) -> None:
    start, end = (np.full((1, 1, 3), code, np.uint8) for code in (a, b))
    code = int(fade(light_of(start), light_of(end), share)[0, 0, 0])
    linear = [((c / 255 + 0.055) / 1.055) ** 2.4 if c > 10 else c / 255 / 12.92 for c in (a, b)]
    wanted = (1 - share) * linear[0] + share * linear[1]
    exact = 12.92 * wanted if wanted <= 0.0031308 else 1.055 * wanted ** (1 / 2.4) - 0.055
    assert abs(code - 255 * exact) <= 0.6


def test_shrinking_keeps_the_mean_light_and_the_shape() -> None:
    small = shrunk(PICTURE, 40)
    assert small.shape == (30, 40, 3)
    assert light_of(small).mean() == pytest.approx(light_of(PICTURE).mean(), rel=0.01)
    assert shrunk(PICTURE, 120) is PICTURE


@pytest.mark.parametrize(
    ("picture", "word"),
    [
        ([[1]], "numpy"),
        (np.zeros((40, 40), np.uint8), "shape"),
        (np.zeros((40, 40, 4), np.uint8), "shape"),
        (np.zeros((40, 40, 3), np.uint16), "uint8"),
        (np.zeros((8, 40, 3), np.uint8), "16 pixels"),
        (np.zeros((40, 41, 3), np.uint8), "size of before, 40 x 40"),
    ],
)
def test_what_is_no_picture_is_refused(picture: object, word: str) -> None:
    with pytest.raises(InputError, match=word):
        check_shown("after", picture, (40, 40, 3), "before")


def test_a_pair_holds_both_pictures_as_they_are() -> None:
    after = PICTURE[::-1]
    both = pair(PICTURE, after, ("Before", "After"))
    assert (both[:90, :120] == PICTURE).all()
    assert (both[:90, -120:] == after).all()
    assert both.shape[0] > 90
    # The notice is in small letters at the right of the second strip, whatever the labels are.
    without = pair(PICTURE, after, ("Before", ""))
    notice = without[90:, -60:] != without[90, -1]
    assert notice.any()
    long = pair(PICTURE, after, ("Before", "A very long label that there is no room for"))
    corner = slice(90, None), slice(-60, None)
    assert (long[corner] == without[corner]).all()


def test_words_are_cut_to_their_room() -> None:
    assert fitted("short", 12, 1000.0) == "short"
    cut = fitted("much too long for that", 12, 60.0)
    assert cut.endswith("\u2026")
    assert len(cut) < 14
