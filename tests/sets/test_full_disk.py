"""A disk that is really full: a small file system in memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SWEEP = """
version = 1
seeds = 12
[base]
version = 1
treatment = "natural"
scalp = {{ extent_mm = [24.0, 18.0] }}
[picture]
px_per_mm = 16
size_px = [192, 160]
[[axes]]
key = "skin.type"
values = ["I-II", "VI"]
[truth]
table = true
[output]
kind = "{kind}"
shard_count = 5
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder with room for 400 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize(
    "kind",
    ["files", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("webdataset", "zarr"))],
)
def test_a_full_disk_stops_in_a_line_and_the_same_command_goes_on(
    small_disk: Path, tmp_path: Path, contents: Callable[[Path], dict[str, bytes]], kind: str
) -> None:
    (tmp_path / "sweep.toml").write_text(SWEEP.format(kind=kind))

    def batch(out: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "smpengine.cli", "batch", "sweep.toml", "--jobs", "1"]
        return subprocess.run(
            [*command, "-o", out], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    failed = batch("disk/set")
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 1, failed.stderr
    assert "The disk is full" in failed.stderr
    assert "the same command goes on" in failed.stderr
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    done = batch("disk/set")
    assert done.returncode == 0, done.stderr
    assert " from before" in done.stdout
    assert batch("whole").returncode == 0
    assert contents(small_disk / "set") == contents(tmp_path / "whole")
