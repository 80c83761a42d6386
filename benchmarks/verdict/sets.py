"""Which pictures the index is fitted on, and which it is judged on: seeds never meet."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import pictures

TRAIN, TEST = 100_000, 0  # first seed


def ours(first: int, seeds: int, kinds: tuple[str, ...] = pictures.KINDS) -> Iterator[tuple]:
    """Yield (label, name, picture, scale) of plans, as they are and worn."""
    for seed in range(first, first + seeds):
        for skin in pictures.SKINS:
            for scale in pictures.SCALES:
                for treatment in ("natural", "strong", "flat-shadow", "bare"):
                    image = pictures.plan_picture(seed, skin, treatment, scale)
                    label = treatment in ("natural", "strong")
                    for kind in kinds:
                        name = (treatment, skin, scale, kind)
                        yield label, name, pictures.worn(image, kind, seed), scale


def foreign(first: int, seeds: int) -> Iterator[tuple]:
    """Yield pictures that this engine did not make."""
    for seed in range(first, first + seeds):
        for scale in pictures.SCALES:
            for number in range(4):
                rng = np.random.default_rng([seed, number, 0])
                yield True, ("painted", "", scale, ""), pictures.painted(rng, scale), scale
            for number, (name, make) in enumerate(pictures.NEGATIVES.items(), 1):
                for again in range(3 if name == "texture" else 1):
                    rng = np.random.default_rng([seed, number, again])
                    yield False, (name, "", scale, ""), make(rng, scale), scale
