"""`smpengine bench`: what it measures is there, is right, and compares."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import smpengine as smp
from smpengine.bench import record as records
from smpengine.bench import scenes
from smpengine.bench.peers import PEERS
from smpengine.bench.plain import numpy_loop
from smpengine.bench.series import mixture, over_sigma, over_threads

ROOT = Path(__file__).parents[2]


def bench(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "smpengine.cli", "bench", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_scenes_are_measured_and_compared(tmp_path: Path) -> None:
    done = bench(
        "mixed", "plan", "--scale", "0.004", "--runs", "2", "--json", "a.json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    data = json.loads((tmp_path / "a.json").read_text())
    assert data["machine"]["cores"] >= 1
    assert data["versions"]["smpengine"] == smp.__version__
    assert data["seed"] == 1
    assert all(rate > 0 for rate in data["ceilings"].values())
    mixed, plan = data["scenes"]
    ours, fresh, plain = mixed["timings"]
    assert len(ours["seconds"]) == len(fresh["seconds"]) == len(plain["seconds"]) == 2
    assert ours["worst_error"] <= 5e-4
    assert plain["worst_error"] <= 1e-3
    stages = {stage["name"] for stage in mixed["stages"]}
    assert stages == {"placing", "binning", "drawing", "upsampling", "writing"}
    assert any("crowding" in stage["name"] for stage in plan["stages"])
    for line in ("ceilings: copy", "plain Numba loop", "of add in L1"):
        assert line in done.stdout
    again = bench("--compare", "a.json", "a.json", cwd=tmp_path)
    assert again.returncode == 0
    assert "1.00 x" in again.stdout
    assert "noise" in again.stdout


def test_an_opencl_device_is_measured(opencl: str, tmp_path: Path) -> None:
    options = ("--device", opencl, "--scale", "0.004", "--runs", "2", "--json", "a.json")
    done = bench("mixed", "healed", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    data = json.loads((tmp_path / "a.json").read_text())
    assert data["device"]["driver"]
    assert all(rate > 0 for rate in data["ceilings"].values())
    mixed, plan = data["scenes"]
    kernels, whole, numba = mixed["timings"]
    assert 0 < sum(kernels["seconds"]) < sum(whole["seconds"])
    assert max(kernels["worst_error"], numba["worst_error"]) <= 5e-4
    stages = {stage["name"]: stage for stage in mixed["stages"]}
    for name in ("upload", "placing", "binning", "coarse levels", "drawing", "read back"):
        assert stages[name]["share"] > 0, name
    assert {"select", "optics", "discs", "composing"} <= {s["name"] for s in plan["stages"]}
    assert plan["timings"][0]["worst_error"] <= 2e-4
    assert f"device: {data['device']['name']}" in done.stdout
    again = bench("--compare", "a.json", "a.json", cwd=tmp_path)
    assert "ceiling: copy_bytes_per_s" in again.stdout
    assert "composing" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sharpest"], "the scene must be one of sharp, mixed"),
        (["--compare", "no.json", "no.json"], "--compare must be a file that"),
        (["--runs", "0"], "--runs"),
        (["--scale", "2"], "--scale"),
        (["--threads", "0"], "threads must be a whole number"),
        (["--device", "reference"], "what is measured must be 'cpu', or an OpenCL device"),
        (["--device", "opencl:77.0"], "device must be one that is here"),
    ],
)
def test_bad_input(arguments: list[str], words: str, tmp_path: Path) -> None:
    done = bench(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_slower_run_is_called_slower() -> None:
    ceilings = records.Ceilings(1.0, 1.0, 1.0, 1.0, 1.0)

    def run(seconds: list[float]) -> records.Record:
        timing = records.Timing("smpengine, out=", seconds)
        return records.Record(1, 1, 1.0, ceilings, [records.SceneRecord("sharp", [timing])])

    before = run([1.0, 1.01, 1.02, 0.99, 1.0])
    assert "slower" in records.compare(before, run([1.5, 1.51, 1.5, 1.49, 1.5]))
    assert "faster" in records.compare(before, run([0.5, 0.51, 0.5, 0.49, 0.5]))
    assert "noise" in records.compare(before, run([1.0, 1.4, 0.7, 1.02, 1.1]))


@pytest.mark.parametrize("name", list(scenes.RECIPES))
def test_a_wrong_picture_is_noticed(name: str) -> None:
    splats = scenes.make(scenes.recipe_for(name, 0.002))
    field = smp.rasterise(*splats.columns, splats.recipe.shape, splats.recipe.origin_px)
    assert scenes.worst_error(field, splats) <= 5e-4
    row, col = np.unravel_index(field[..., 0].argmax(), field.shape[:2])
    field[row, col] *= 1.01
    assert scenes.worst_error(field, splats) > 5e-3


def test_clustered_lies_in_a_hundredth() -> None:
    splats = scenes.make(scenes.recipe_for("clustered"))
    tiles = set(zip((splats.y_px // 256).tolist(), (splats.x_px // 256).tolist(), strict=True))
    assert len(tiles) <= 4


def test_peers_agree_or_are_named() -> None:
    splats = scenes.make(scenes.Recipe(300, (1.0, 6.0), (256, 256)))
    for peer in PEERS:
        reason = peer.why_not()
        if reason is not None:
            assert "pip install" in reason or "cannot be used" in reason
            continue
        if peer.mass or "layers" in peer.name:  # another scene; whole pixels, 24 sigmas
            continue
        assert scenes.worst_error(peer.prepare(splats)(), splats) <= 1e-3, peer.name


def test_the_numpy_loop_stays_in_the_picture() -> None:
    out = np.zeros((40, 30, 3), np.float32)
    columns = (np.array([-50.0, 200.0]), np.array([5.0, 5.0]), np.float32([1.0, 2.0]))
    numpy_loop(*columns, np.ones((2, 3), np.float32), (0, 0), out)
    assert not out.any()


@pytest.mark.slow
def test_series_carry_errors() -> None:
    for measure in (over_sigma, over_threads, mixture):
        series = measure(2, 1, 0.004, 1)
        assert len(series.points) >= 2
        assert all(point.worst_error <= 5e-4 for point in series.points)
        assert series.name in records.series_table(series)


def test_the_series_are_drawn(tmp_path: Path) -> None:
    ceilings = records.Ceilings(1.0, 1.0, 1.0, 1.0, 1.0)
    points = [records.Point(1.0, 1.0, 1e-4), records.Point(2.0, 2.0, 1e-4)]
    units = (("splats", "s"), ("pixels", "s"), ("sigma", "s a splat"), ("threads", "s"))
    series = [records.Series(name, name, unit, points) for name, unit in units]
    records.Record(1, 2, 1.0, ceilings, [], series).write(tmp_path / "bench.json")
    command = [sys.executable, str(ROOT / "benchmarks/plots.py"), "bench.json", "."]
    subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "<svg" in (tmp_path / "bench.svg").read_text()


def test_the_suite_runs(tmp_path: Path) -> None:
    """Of the scenes on pytest-benchmark, one."""
    command = [sys.executable, "-m", "pytest", "-q", str(ROOT / "benchmarks"), "-k", "deep"]
    environment = {**os.environ, "SMP_BENCH_SCALE": "0.004"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_the_model_of_real_gpus_adds_up(opencl: str) -> None:
    script = str(ROOT / "benchmarks/opencl_model.py")
    command = [sys.executable, script, "--scale", "0.004", "--device", opencl]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    kept = (ROOT / "benchmarks/opencl_model.md").read_text(encoding="utf-8")
    stages = [line.split(" | ")[0] for line in kept.splitlines() if line.startswith("| ")]
    assert stages == [
        line.split(" | ")[0] for line in done.stdout.splitlines() if line.startswith("| ")
    ]
    assert "## plan" in done.stdout
    assert "ms, memory |" in done.stdout


def test_work_is_counted_right(opencl: str) -> None:
    """One splat of 3 bands in the middle of one tile of 32 x 32, and one at its upper edge."""
    from smpengine.bench.opencl_run import trace
    from smpengine.raster.opencl_engine import engine_for

    engine = engine_for(opencl)
    columns = (np.array([16.0, 16.0]), np.array([16.0, 0.0]), np.ones(2), np.ones((2, 3)))
    traced = trace(engine, lambda: smp.rasterise(*columns, (32, 32), device=opencl), count=True)
    drawing = traced.work["drawing"]
    rows, groups = engine.shape_for(3).rows, 32 // engine.shape_for(3).group_rows
    reached = [{y // rows for y in range(11, 22)}, {y // rows for y in range(5)}]
    strips = sum(len(rows_of) for rows_of in reached)
    profiles = 2 * groups * (32 + engine.shape_for(3).group_rows) * 12
    assert drawing.fmas == strips * 32 * 3 * (rows + 1) + profiles
    assert drawing.moved_bytes == 2 * groups * (4 + 4 * 8) + 12 * 32 * 32
    assert traced.work["upload"].moved_bytes == 2 * (8 + 8 + 4 + 12) + 2 * 32 + 4
    assert traced.work["read back"].moved_bytes == 12 * 32 * 32
    assert engine.work is None
    assert engine.trace is None
