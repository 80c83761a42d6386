"""`smpengine calibrate` as a person types it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import smpengine as smp
from smpengine.skintable import read_table

SKIN = "melanosome_fraction = 0.1\nblood_fraction = 0.01\n"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "smpengine.cli", "calibrate", *arguments]


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "skin.toml").write_text(SKIN)
    return tmp_path


@pytest.mark.slow
def test_from_a_skin_to_a_picture(folder: Path) -> None:
    done = run("skin.toml", "-o", "own.json", "--photons", "10000", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == 'own.json: 3 bands. Use it by table = "own.json" in [skin].\n'
    assert [line.split(" nm")[0].strip() for line in done.stderr.splitlines()] == [
        "460", "545", "610",
    ]  # fmt: skip
    assert {path.name for path in folder.iterdir()} == {"skin.toml", "own.json"}
    table = read_table(folder / "own.json")
    assert table.about["photons"] == 10_000
    assert table.about["skin"]["melanosome_fraction"] == 0.1
    (folder / "plan.toml").write_text(
        'version = 1\nskin.table = "own.json"\ntreatment = "natural"\n'
        "scalp.extent_mm = [4.0, 3.0]\n"
    )
    picture = smp.render(smp.load_plan(folder / "plan.toml").scene(), 20.0)
    assert picture.shape == (60, 80, 3)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["none.toml", "-o", "a.json"], 2, "none.toml: cannot be read: No such file"),
        (["skin.toml", "-o", "a.csv"], 2, "out must end in .json, got 'a.csv'."),
        (["skin.toml", "-o", "no/a.json"], 1, "out must be in a folder that exists"),
        (["skin.toml", "-o", "a.json", "--photons", "5"], 2, "photons must be 10,000 to"),
        (["skin.json", "-o", "skin.json"], 2, "out must be a file of its own, got 'skin.json'"),
        (["bad.toml", "-o", "a.json"], 2, "bad.toml: g must be less than or equal to 0.99, got 2"),
    ],
)
def test_bad_input_is_one_line(folder: Path, arguments: list[str], code: int, says: str) -> None:
    (folder / "bad.toml").write_text(SKIN + "g = 2\n")
    (folder / "skin.json").write_text('{"melanosome_fraction": 0.1}')
    done = run(*arguments, cwd=folder)
    assert done.returncode == code
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "a.json").exists()


@pytest.mark.slow
def test_an_interrupt_keeps_what_is_finished(folder: Path) -> None:
    arguments = ("skin.toml", "-o", "own.json", "--photons", "150000", "--threads", "1")
    process = subprocess.Popen(
        command(*arguments), cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert "460 nm" in process.stderr.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    assert process.wait(timeout=60) not in (0, 2)
    assert "Finished bands are kept in own.json.part: the same command goes on." in rest
    assert len(read_table(folder / "own.json.part").bands) >= 1
    other = run("skin.toml", "-o", "own.json", "--photons", "20000", cwd=folder)
    assert other.returncode == 2
    assert "holds finished bands of another skin, photons, seed or version" in other.stderr
    done = run(*arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "460 nm" not in done.stderr
    assert not (folder / "own.json.part").exists()
    again = run(*arguments[:2], "whole.json", *arguments[3:], cwd=folder)
    assert again.returncode == 0
    assert (folder / "whole.json").read_bytes() == (folder / "own.json").read_bytes()
