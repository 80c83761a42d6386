"""Impressions as Parquet, as they are as CSV."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import smpengine as smp
from smpengine.impressions import COLUMNS

PLAN = """
version = 1
treatment = "natural"
[scalp]
extent_mm = [12.0, 9.0]
"""


def same(a: smp.Impressions, b: smp.Impressions) -> None:
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_they_read_back_bit_for_bit(tmp_path: Path, strong_scene: smp.Scene) -> None:
    dots = strong_scene.impressions
    flat = dots.flat(3)
    for k, each in enumerate((dots, flat)):
        for suffix in ("parquet", "csv"):
            smp.write_impressions(tmp_path / f"{k}.{suffix}", each)
        same(smp.read_impressions(tmp_path / f"{k}.parquet"), each)
        same(smp.read_impressions(tmp_path / f"{k}.csv"), each)


def test_what_is_wrong_is_said_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    good = {
        key: [0.2, 0.1]
        for key in ("x_mm", "y_mm", "depth_mm", "radius_mm", "thickness_mm", "mua_per_mm")
    }
    for change, message in (
        ({"x_mm": ["a", "b"]}, "x_mm must be numbers, got string"),
        ({"x_mm": [None, 1.0]}, "x_mm must be given in every row, got 1 without a value"),
        ({"colour": [1, 2]}, "its columns must name the columns of impressions"),
        ({"radius_mm": [0.1, -1.0]}, "radius_mm"),
    ):
        parquet.write_table(pa.table({**good, **change}), path)
        with pytest.raises(smp.InputError, match=message):
            smp.read_impressions(path)
    path.write_bytes(b"no Parquet")
    with pytest.raises(smp.InputError, match="cannot be read"):
        smp.read_impressions(path)


def test_the_command_writes_and_reads_them(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN)

    def render(*options: str) -> None:
        command = [sys.executable, "-m", "smpengine.cli", "render", "plan.toml", "--px-per-mm", "8"]
        subprocess.run([*command, *options], cwd=tmp_path, check=True, capture_output=True)

    render("-o", "a.npy", "--save-impressions", "dots.parquet")
    render("-o", "b.npy", "--impressions", "dots.parquet")
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"))
