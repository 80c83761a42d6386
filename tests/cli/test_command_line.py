"""The command line, as a person types it: what it writes, says and returns."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

import smpengine as smp
from smpengine.image.write import read_metadata

PLAN = 'version = 1\nseed = 3\ntreatment = "natural"\nscalp.extent_mm = [9.0, 7.0]\n'


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "smpengine.cli", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plan.toml").write_text(PLAN)
    return tmp_path


def test_from_init_to_picture(tmp_path: Path) -> None:
    assert run("init", cwd=tmp_path).returncode == 0
    again = run("init", cwd=tmp_path)
    assert again.returncode == 2
    assert again.stderr.startswith("smpengine: plan.toml exists.")
    assert run("validate", "plan.toml", cwd=tmp_path).stdout == "plan.toml: valid, 3 sessions\n"
    done = run("render", "plan.toml", "-o", "a.png", "--px-per-mm", "5", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("a.png: 200 x 150 px, ")
    want = smp.render(smp.load_plan(tmp_path / "plan.toml").scene(), 5.0)
    assert np.array_equal(iio.imread(tmp_path / "a.png"), want)
    assert {path.name for path in tmp_path.iterdir()} == {"plan.toml", "a.png"}


def test_a_file_says_what_made_it(folder: Path) -> None:
    arguments = ("-o", "a.tif", "--output", "linear", "--px-per-mm", "6", "--window", "1", "1")
    assert run("render", "plan.toml", *arguments, "5", "4", cwd=folder).returncode == 0
    found = read_metadata(folder / "a.tif")
    assert found["px_per_mm"] == 6.0
    assert found["window_mm"] == [1.0, 1.0, 5.0, 4.0]
    assert found["seed"] == 3
    assert found["version"] == smp.__version__
    assert "Simulated" in found["notice"]
    again = smp.Plan.from_dict(found["plan"]).scene()
    picture = smp.render(again, 6.0, (1, 1, 5, 4), "linear")
    assert np.array_equal(iio.imread(folder / "a.tif", plugin="tifffile"), picture)


def test_faults_are_shown_and_told(folder: Path) -> None:
    chosen = ("--fault", "too-big", "--fault", "merged", "--px-per-mm", "6")
    assert run("render", "plan.toml", "-o", "a.png", *chosen, cwd=folder).returncode == 0
    assert read_metadata(folder / "a.png")["plan"]["faults"] == ["too-big", "merged"]
    plan = smp.load_plan(folder / "plan.toml").with_faults("merged", "too-big")
    assert np.array_equal(iio.imread(folder / "a.png"), smp.render(plan.scene(), 6.0))
    wrong = run("render", "plan.toml", "-o", "b.png", "--fault", "to-big", cwd=folder)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("smpengine: plan.toml: faults[0] must be one of too-deep, ")
    assert wrong.stderr.endswith("got 'to-big'. Did you mean too-big?\n")
    both = ("--impressions", "dots.csv", "--fault", "merged")
    assert run("render", "plan.toml", "-o", "b.png", *both, cwd=folder).returncode == 2
    assert not (folder / "b.png").exists()


def test_impressions_go_out_and_come_back(folder: Path) -> None:
    first = ("-o", "a.png", "--px-per-mm", "9", "--save-impressions", "dots.csv")
    assert run("render", "plan.toml", *first, cwd=folder).returncode == 0
    second = ("-o", "b.png", "--px-per-mm", "9", "--impressions", "dots.csv")
    assert run("render", "plan.toml", *second, cwd=folder).returncode == 0
    assert np.array_equal(iio.imread(folder / "a.png"), iio.imread(folder / "b.png"))


def test_dots_from_a_file_lie_in_all_else_that_the_plan_says(folder: Path) -> None:
    scalp = {"extent_mm": [12, 8], "scars": [{"points_mm": [[2, 4], [10, 4]], "width_mm": 1.5}]}
    plan = {
        "version": 1, "treatment": "natural", "scalp": scalp, "hair": {}, "light": {},
        "skin": {"type": "III-IV", "complexion": {}},
    }  # fmt: skip
    (folder / "all.json").write_text(json.dumps(plan))
    first = ("-o", "a.png", "--px-per-mm", "9", "--save-impressions", "all.csv")
    assert run("render", "all.json", *first, cwd=folder).returncode == 0
    second = ("-o", "b.png", "--px-per-mm", "9", "--impressions", "all.csv")
    assert run("render", "all.json", *second, cwd=folder).returncode == 0
    assert np.array_equal(iio.imread(folder / "a.png"), iio.imread(folder / "b.png"))


def test_lists(folder: Path) -> None:
    devices = run("devices", cwd=folder).stdout.splitlines()
    named = [line.split()[0] for line in devices if not line.startswith(" ")]
    known = smp.devices()
    assert named == [device.name for device in known]
    for works, said in ((True, "self-test passed"), (False, "self-test FAILED: ")):
        told = sum(said in line for line in devices)
        assert told == sum(device.works is works for device in known)
    schema = json.loads(run("schema", cwd=folder).stdout)
    assert schema["properties"]["version"]["const"] == 1
    assert "axes" in json.loads(run("schema", "--sweep", cwd=folder).stdout)["properties"]
    assert "render" in run("--help", cwd=folder).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["none.toml", "-o", "a.png"], 2, "none.toml: cannot be read: No such file or directory."),
        (["plan.toml", "-o", "a.jpg"], 2, "out must end in .png, .tif, .tiff, .npy, got 'a.jpg'."),
        (["plan.toml", "-o", "no/a.png"], 1, "out must be in a folder that exists, got 'no/a.png'"),
        (["plan.toml", "-o", "a.png", "--output", "linear"], 2, "out must hold linear pixels"),
        (["plan.toml", "-o", "a.png", "--px-per-mm", "0"], 2, "px_per_mm must be 0.01 to 10000"),
        (["big.toml", "-o", "a.png", "--px-per-mm", "9999"], 2, "the picture must fit in"),
        (["plan.toml", "-o", "a.png", "--device", "opencl:99.0"], 2, "device must be one that is"),
        (["plan.toml", "-o", "a.png", "--threads", "0"], 2, "threads must be a whole number"),
        (["plan.toml", "-o", "a.png", "--day", "nan"], 2, "day must be a number, got nan."),
        (
            ["plan.toml", "-o", "a.png", "--window", "20", "20", "30", "30"],
            2,
            "window_mm must touch the extent of 9 x 7 mm, got (20.0, 20.0, 30.0, 30.0).",
        ),
        (["plan.toml", "-o", "a.png", "--impressions", "n.csv"], 2, "n.csv: cannot be read: No"),
        (
            ["plan.toml", "-o", "a.png", "--impressions", "bad.csv"],
            2,
            "bad.csv: line 3, depth_mm must be a number, got 'deep'.",
        ),
        (
            ["plan.toml", "-o", "a.png", "--impressions", "high.csv"],
            2,
            "high.csv: depth_mm must be at least half of thickness_mm, got 0.01 at row 0",
        ),
    ],
)
def test_bad_input_is_one_line(folder: Path, arguments: list[str], code: int, message: str) -> None:
    head = "x_mm,y_mm,depth_mm,radius_mm,thickness_mm,mua_per_mm\n1,1,0.2,0.07,0.1,40\n"
    (folder / "bad.csv").write_text(head + "1,1,deep,0.07,0.1,40\n")
    (folder / "high.csv").write_text(head.replace("0.2", "0.01"))
    (folder / "big.toml").write_text(PLAN.replace("[9.0, 7.0]", "[90.0, 70.0]"))
    before = {path.name for path in folder.iterdir()}
    done = run("render", *arguments, cwd=folder)
    assert done.returncode == code
    assert done.stderr.startswith(f"smpengine: {message}")
    assert done.stderr.count("\n") == 1
    assert {path.name for path in folder.iterdir()} == before


def test_truth_beside_the_picture(folder: Path) -> None:
    arguments = ("--px-per-mm", "20", "--window", "1", "1", "5", "4", "--truth", "dots.npz")
    done = run("render", "plan.toml", "-o", "a.png", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    scene = smp.load_plan(folder / "plan.toml").scene()
    want = smp.truth(scene, 20.0, (1.0, 1.0, 5.0, 4.0))
    with np.load(folder / "dots.npz") as found:
        assert np.array_equal(found["id"], want.id)
        assert np.array_equal(found["x_px"], want.x_px)


def test_all_that_is_known_beside_the_picture(folder: Path) -> None:
    place = ("--px-per-mm", "20", "--window", "1", "1", "5", "4", "--exposure", "1.2")
    files = ("--truth", "dots.npz", "--truth", "dots.json", "--truth-maps", "maps.npz")
    arguments = ("-o", "a.tif", "--output", "srgb16", *place, *files, "--clean", "b.tif")
    done = run("render", "plan.toml", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    made = {"a.tif", "b.tif", "dots.npz", "dots.json", "maps.npz", "plan.toml"}
    assert {path.name for path in folder.iterdir()} == made
    scene, window = smp.load_plan(folder / "plan.toml").scene(), (1.0, 1.0, 5.0, 4.0)
    want = smp.render(smp.clean(scene), 20.0, window, "srgb16", exposure=1.2)
    assert np.array_equal(iio.imread(folder / "b.tif", plugin="tifffile"), want)
    assert read_metadata(folder / "b.tif") == {**read_metadata(folder / "a.tif"), "clean": True}
    found = json.loads((folder / "dots.json").read_text())
    assert found["images"][0] == {"id": 1, "file_name": "a.tif", "width": 80, "height": 60}
    with np.load(folder / "dots.npz") as dots:
        assert [each["id"] - 1 for each in found["annotations"]] == dots["id"].tolist()
    with np.load(folder / "maps.npz") as maps:
        assert np.array_equal(maps["instance"], smp.truth_maps(scene, 20.0, window).instance)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--truth", "d.csv"], 2, "--truth must end in .npz, .parquet, .json, got 'd.csv'."),
        (
            ["--truth", "d.npz", "--truth", "no/d.json"],
            1,
            "--truth must be in a folder that exists",
        ),
        (["--truth-maps", "m.png"], 2, "--truth-maps must end in .npz, got 'm.png'."),
        (["--clean", "b.jpg"], 2, "--clean must end in .png, .tif, .tiff, .npy, got 'b.jpg'."),
        (["--clean", "no/b.png"], 1, "--clean must be in a folder that exists, got 'no/b.png'."),
        (
            ["--clean", "b.npy", "--truth", "b.npy.json"],
            2,
            "--clean must be another file than that of --truth, got 'b.npy'.",
        ),
        (["--clean", "./a.png"], 2, "--clean must be another file than that of out, got 'a.png'."),
        (
            ["--truth", "d.npz", "--truth-maps", "d.npz"],
            2,
            "--truth-maps must be another file than that of --truth, got 'd.npz'.",
        ),
    ],
)
def test_what_cannot_be_written_beside_is_said_before(
    folder: Path, arguments: list[str], code: int, message: str
) -> None:
    done = run("render", "plan.toml", "-o", "a.png", *arguments, cwd=folder)
    assert done.returncode == code
    assert done.stderr.startswith(f"smpengine: {message}")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["plan.toml"]


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="a folder that nobody may write to")
def test_a_folder_that_cannot_be_written(folder: Path) -> None:
    done = run("render", "plan.toml", "-o", "/proc/self/a.png", cwd=folder)
    assert done.returncode == 1
    assert done.stderr.startswith("smpengine: out must be in a folder that can be written to")
    assert done.stderr.count("\n") == 1


def test_an_interrupt_leaves_no_file(folder: Path) -> None:
    (folder / "plan.toml").write_text(PLAN.replace("[9.0, 7.0]", "[180.0, 220.0]"))
    run("render", "plan.toml", "-o", "a.npy", "--px-per-mm", "0.5", cwd=folder)  # compiles
    for path in folder.glob("a.npy*"):
        path.unlink()
    command = [sys.executable, "-m", "smpengine.cli", "render", "plan.toml", "-o", "a.npy"]
    for delay_s in (0.1, 1.5, 3.0):
        process = subprocess.Popen([*command, "--px-per-mm", "70"], cwd=folder)
        time.sleep(delay_s)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        assert process.returncode not in (0, 2)
        assert [path.name for path in folder.iterdir()] == ["plan.toml"]


def test_a_bar_on_a_terminal(folder: Path) -> None:
    (folder / "plan.toml").write_text(PLAN.replace("[9.0, 7.0]", "[150.0, 150.0]"))
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "smpengine.cli", "render", "plan.toml", "-o", "a.npy"]
    scale = ["--px-per-mm", "50", "--threads", "1"]  # many tiles
    at_once = {**os.environ, "TQDM_DELAY": "0.001"}
    process = subprocess.Popen([*command, *scale], cwd=folder, stderr=inner, env=at_once)
    os.close(inner)
    seen = b""
    while True:
        try:
            part = os.read(outer, 4096)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        seen += part
    os.close(outer)
    assert process.wait() == 0
    assert b"rendering plan.toml" in seen
    assert b"tile" in seen


def test_views_of_a_head(folder: Path) -> None:
    text = (folder / "plan.toml").read_text() + "\n[head]\naxes_mm = [25.0, 30.0, 28.0]\n"
    (folder / "head.toml").write_text(text)
    size = ("--px-per-mm", "2", "--view")
    for view in ("above", "front", "profile"):
        done = run("render", "head.toml", "-o", f"{view}.png", *size, view, cwd=folder)
        assert done.returncode == 0, done.stderr
        want = smp.render_view(smp.load_plan(folder / "head.toml"), view, 2.0)
        assert np.array_equal(iio.imread(folder / f"{view}.png"), want)
    for wrong, said in (
        (["--truth", "t.npz"], "--truth must be left out beside --view, got both."),
        (["--output", "absorbance"], "--output must be srgb8, srgb16 or linear beside --view"),
        (["--illuminant", "A"], "--illuminant must be D65 beside --view, got 'A'."),
    ):
        out = "w.npy" if "absorbance" in wrong else "w.png"
        done = run("render", "head.toml", "-o", out, *size, "above", *wrong, cwd=folder)
        assert done.returncode == 2
        assert said in done.stderr
        assert not (folder / out).exists()
