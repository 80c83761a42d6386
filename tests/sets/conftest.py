"""A sweep of few, small pictures, and how sets are compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import smpengine as smp

BASE: dict[str, Any] = {
    "version": 1, "seed": 3, "treatment": "natural", "scalp": {"extent_mm": [12.0, 9.0]},
}  # fmt: skip


@pytest.fixture(scope="session")
def small_sweep() -> Callable[..., smp.Sweep]:
    """Return what makes a sweep of 8 pictures of 24 x 16; keys of the file may be given."""

    def make(**more: Any) -> smp.Sweep:
        data: dict[str, Any] = {
            "version": 1,
            "base": BASE,
            "picture": {"px_per_mm": 8, "size_px": [24, 16]},
            "axes": [{"key": "skin.type", "values": ["I-II", "VI"]}],
            "seeds": 4,
            "truth": {"table": True, "maps": True, "clean": True},
        }
        return smp.Sweep.from_dict({**data, **more})

    return make


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, bytes]]:
    """Return what gives the files of a set that are to be the same bits, by path."""

    def read(folder: Path) -> dict[str, bytes]:
        times = {"manifest.parquet", "journal.jsonl", ".lock"}
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name not in times
        }

    return read
