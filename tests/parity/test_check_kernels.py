"""What scripts/check-kernels looks for under Oclgrind is found where it was put."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / "scripts" / "check_kernels.py"


@pytest.mark.skipif(shutil.which("oclgrind") is None, reason="scripts/check-kernels installs it")
@pytest.mark.parametrize(
    ("fault", "report"),
    [
        ("race", "Read-write data race at local memory address"),
        ("bounds", "Invalid read of size 4 at global memory address"),
        ("uninitialised", "Uninitialized address used to write to global memory"),
    ],
)
def test_a_seeded_fault_fails_the_check(fault: str, report: str) -> None:
    command = [sys.executable, str(CHECK), "oclgrind", "--seed", fault]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert report in done.stdout
