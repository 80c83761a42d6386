"""In which order variants are rendered: those that share dots one after the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Final

from smpengine.plan.schema import expand
from smpengine.sets.variants import Variant, canonical

_TONE: Final = ("exposure", "output", "illuminant", "format")
_SEEN_AS: Final = ("skin", "light", "render", "head")


def ordered(variants: Sequence[Variant]) -> list[Variant]:
    """Return variants so that what one made serves the next: by plan, then day, then skin.

    Those of one plan stay in the order of the sweep, and so do plans, by the first of each.
    """
    places: dict[tuple[str, ...], int] = {}
    keys = [_keys(variant) for variant in variants]
    for key in keys:
        for size in range(1, len(key) + 1):
            places.setdefault(key[:size], len(places))
    rank = [[places[key[:size]] for size in range(1, len(key) + 1)] for key in keys]
    order = sorted(range(len(variants)), key=lambda k: (rank[k], variants[k].number))
    return [variants[k] for k in order]


def _keys(variant: Variant) -> tuple[str, ...]:
    """Return hashes of what is shared, from what most share to what few do."""
    plan = expand(variant.plan)
    picture = variant.picture
    dots = {key: value for key, value in plan.items() if key not in _SEEN_AS}
    day = {"day": picture.get("day")}
    view = {key: value for key, value in picture.items() if key not in (*_TONE, "day")}
    seen = {key: plan.get(key) for key in _SEEN_AS}
    return _hash(dots, view), _hash(day), _hash(seen), variant.name


def _hash(*values: object) -> str:
    text = json.dumps([canonical(value) for value in values], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
