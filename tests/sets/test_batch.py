"""Sets on the disk: made, gone on with, mended; the same bits whoever makes them."""

from __future__ import annotations

import errno
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
from pyarrow import parquet

import smpengine as smp
from smpengine.sets import draw as draw_module
from smpengine.sets.estimate import estimate
from smpengine.sets.pools import Here

Sweeps = Callable[..., smp.Sweep]
Contents = Callable[[Path], dict[str, bytes]]
FAILING = [{"key": "skin.type", "values": ["I-II", "VI"]},
           {"key": "picture.centre_mm", "values": [[6.0, 4.0], [500.0, 4.0]]}]  # fmt: skip


def batch(sweep: smp.Sweep, folder: Path, **more: Any) -> smp.Batch:
    return smp.batch(sweep, folder, pool=Here(), **more)


def manifest(folder: Path) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = parquet.read_table(folder / "manifest.parquet").to_pydict()
    return columns


def test_a_set_is_what_render_and_truth_say(small_sweep: Sweeps, tmp_path: Path) -> None:
    sweep = small_sweep(split={})
    done = batch(sweep, tmp_path)
    assert (done.variants, done.made, done.kept, done.failed) == (8, 8, 0, 0)
    variant = sweep.variants[5]
    plan = smp.Plan.from_dict(variant.plan)
    base = tmp_path / variant.part / variant.name[:2] / variant.name
    where = 8.0, (4.5, 3.5, 7.5, 5.5)
    scene = plan.scene()
    np.testing.assert_array_equal(
        iio.imread(f"{base}.png"), smp.render(scene, *where, device="cpu")
    )
    bare = smp.render(smp.clean(scene), *where, device="cpu")
    np.testing.assert_array_equal(iio.imread(f"{base}.clean.png"), bare)
    dots = parquet.read_table(f"{base}.truth.parquet").to_pydict()
    np.testing.assert_array_equal(dots["x_px"], smp.truth(scene, *where, "cpu").x_px)
    maps = np.load(f"{base}.maps.npz")
    np.testing.assert_array_equal(
        maps["density_per_cm2"], smp.truth_maps(scene, *where).density_per_cm2
    )


def test_the_manifest_has_all_of_it(small_sweep: Sweeps, tmp_path: Path) -> None:
    import hashlib

    sweep = small_sweep(split={})
    batch(sweep, tmp_path)
    rows = manifest(tmp_path)
    assert rows["number"] == list(range(8))
    assert rows["name"] == [v.name for v in sweep.variants]
    assert rows["part"] == [v.part for v in sweep.variants]
    assert rows["seed"] == rows["plan.seed"] == rows["value.seed"] == [3, 4, 5, 6] * 2
    assert rows["value.skin.type"] == rows["plan.skin.type"] == ["I-II"] * 4 + ["VI"] * 4
    assert len(set(rows["plan.sessions[0].depth_mm"])) == 1
    assert rows["error"] == [None] * 8
    assert all(seconds > 0.0 for stage in ("place", "render", "truth", "maps", "clean", "write")
               for seconds in rows[f"time_{stage}_s"])  # fmt: skip
    for files in rows["files"]:
        assert len(files) == 4
        for file in files:
            data = (tmp_path / file["path"]).read_bytes()
            assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"])


def test_the_card_says_what_and_that_it_is_simulated(small_sweep: Sweeps, tmp_path: Path) -> None:
    output = {"title": "A set", "licence": "CC0-1.0"}
    batch(small_sweep(output=output), tmp_path)
    card = (tmp_path / "README.md").read_text()
    said = ["# A set", "simulations", "| variants | 8 |", "CC0-1.0", "`skin.type`"]
    said += ["values: I-II, VI", f"smpengine {smp.__version__}", "| all | 8 | 4 |"]
    for words in said:
        assert words in card, words


def test_what_is_there_is_not_made_again(
    small_sweep: Sweeps, tmp_path: Path, contents: Contents
) -> None:
    batch(small_sweep(seeds=2), tmp_path)
    before = contents(tmp_path)
    again = batch(small_sweep(seeds=2), tmp_path)
    assert (again.made, again.kept) == (0, 4)
    assert contents(tmp_path) == before
    more = batch(small_sweep(seeds=4), tmp_path)  # files go by name, so a set may grow
    assert (more.made, more.kept) == (4, 4)
    assert manifest(tmp_path)["renders"] == [1] * 8


@pytest.mark.parametrize("harm", ["cut", "bit", "gone"])
def test_a_damaged_file_is_found_and_made_again(
    small_sweep: Sweeps, tmp_path: Path, contents: Contents, harm: str
) -> None:
    batch(small_sweep(), tmp_path)
    before = contents(tmp_path)
    file = next(tmp_path.glob("all/*/*.clean.png"))
    data = bytearray(file.read_bytes())
    if harm == "cut":
        file.write_bytes(data[:-1])
    elif harm == "gone":
        file.unlink()
    else:
        data[100] ^= 1
        file.write_bytes(data)
        assert batch(small_sweep(), tmp_path, thorough=False).made == 0
    done = batch(small_sweep(), tmp_path)
    assert (done.made, done.damaged, done.kept) == (1, 1, 7)
    assert contents(tmp_path) == before


def test_more_beside_the_pictures_is_made(small_sweep: Sweeps, tmp_path: Path) -> None:
    batch(small_sweep(truth={}), tmp_path)
    assert batch(small_sweep(truth={"clean": True}), tmp_path).made == 8


def test_how_many_are_handed_out_at_once_changes_nothing(
    small_sweep: Sweeps, tmp_path: Path, contents: Contents
) -> None:
    sweep = small_sweep()
    done = [batch(sweep, tmp_path / str(chunk), chunk=chunk) for chunk in (1, 3)]
    assert done[0].made == done[1].made == len(sweep)
    assert contents(tmp_path / "1") == contents(tmp_path / "3")
    for chunk in (0, True, 1.5):
        with pytest.raises(smp.InputError, match="chunk must be a whole number"):
            batch(sweep, tmp_path / "none", chunk=chunk)


def test_a_changed_split_moves_files_and_a_smaller_sweep_is_told_of_strangers(
    small_sweep: Sweeps, tmp_path: Path
) -> None:
    batch(small_sweep(split={}), tmp_path)
    moved = batch(small_sweep(split={"train": 0, "validation": 0, "test": 1}), tmp_path)
    assert moved.strangers == 0
    kinds = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.png")}
    assert kinds == {"test"}
    assert len(list(tmp_path.rglob("*.png"))) == 16
    split = {"train": 0, "validation": 0, "test": 1}
    fewer = batch(small_sweep(split=split, seeds=1), tmp_path)
    assert (fewer.variants, fewer.made, fewer.strangers) == (2, 0, 6)
    assert len(manifest(tmp_path)["name"]) == 2


def test_a_failing_variant_is_recorded_and_stops_nothing(
    small_sweep: Sweeps, tmp_path: Path
) -> None:
    sweep = small_sweep(axes=FAILING, seeds=None)
    done = batch(sweep, tmp_path)
    assert (done.made, done.failed) == (4, 2)
    errors = manifest(tmp_path)["error"]
    assert [error is None for error in errors] == [True, False, True, False]
    assert "window_mm must touch the extent" in errors[1]
    assert "number 1" in done.errors[0]
    again = batch(sweep, tmp_path)
    assert (again.made, again.kept, again.failed) == (0, 4, 2)
    assert batch(sweep, tmp_path, retry=True).made == 2


def test_a_bug_is_an_error_of_its_variant(
    small_sweep: Sweeps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(draw_module.smp, "truth_maps", broken)
    done = batch(small_sweep(seeds=1), tmp_path)
    assert done.failed == 2
    assert done.errors[0].endswith("ZeroDivisionError: by zero")


def test_webdataset_shards(small_sweep: Sweeps, tmp_path: Path) -> None:
    sweep = small_sweep(output={"kind": "webdataset", "shard_count": 3})
    batch(sweep, tmp_path)
    shards = sorted(path.name for path in tmp_path.glob("*.tar"))
    assert shards == [f"all-00000{k}.tar" for k in range(3)]
    assert not (tmp_path / ".parts").exists()
    names = []
    for shard in shards:
        with tarfile.open(tmp_path / shard) as tar:
            members = tar.getmembers()
            keys = [member.name.split(".", 1)[0] for member in members]
            names += list(dict.fromkeys(keys))
            assert all(m.mtime == 0 and m.uid == 0 and m.mode == 0o644 for m in members)
            kinds = {member.name.split(".", 1)[1] for member in members}
            assert kinds == {"png", "clean.png", "truth.parquet", "maps.npz", "json"}
            first = tar.extractfile(members[-1])
            assert first is not None
            with tar.extractfile(f"{keys[0]}.json") as file:  # type: ignore[union-attr]
                assert json.load(file)["smpengine"]["variant"] == keys[0]
            picture = tar.extractfile(f"{keys[0]}.png")
            assert picture is not None
            assert iio.imread(io.BytesIO(picture.read())).shape == (16, 24, 3)
    assert names == [variant.name for variant in sweep.variants]
    rows = manifest(tmp_path)
    assert rows["shard"] == [shards[0]] * 3 + [shards[1]] * 3 + [shards[2]] * 2


def test_a_damaged_shard_is_made_again_alone(
    small_sweep: Sweeps, tmp_path: Path, contents: Contents
) -> None:
    sweep = small_sweep(output={"kind": "webdataset", "shard_count": 3})
    batch(sweep, tmp_path)
    before = contents(tmp_path)
    (tmp_path / "all-000001.tar").write_bytes(b"")
    assert batch(sweep, tmp_path).made == 3
    assert contents(tmp_path) == before
    assert batch(sweep, tmp_path).made == 0


def test_what_failed_joins_its_shard_later(
    small_sweep: Sweeps, tmp_path: Path, contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = small_sweep(output={"kind": "webdataset", "shard_count": 3})
    batch(sweep, tmp_path / "whole")
    real = draw_module.smp.truth_maps
    calls = iter(range(100))

    def at_times(*given: Any, **more: Any) -> Any:
        if next(calls) == 4:
            raise RuntimeError("once")
        return real(*given, **more)

    monkeypatch.setattr(draw_module.smp, "truth_maps", at_times)
    assert batch(sweep, tmp_path / "set").failed == 1
    assert len(list((tmp_path / "set").glob("*.tar"))) == 3
    again = batch(sweep, tmp_path / "set", retry=True)
    assert (again.made, again.failed) == (1, 0)
    assert contents(tmp_path / "set") == contents(tmp_path / "whole")


def test_zarr(small_sweep: Sweeps, tmp_path: Path, contents: Contents) -> None:
    import zarr

    sweep = small_sweep(output={"kind": "zarr"})
    batch(sweep, tmp_path / "zarr")
    batch(small_sweep(), tmp_path / "files")
    root = zarr.open_group(tmp_path / "zarr" / "set.zarr", mode="r")
    assert root["picture"].shape == (8, 16, 24, 3)
    assert root.attrs["names"] == [variant.name for variant in sweep.variants]
    for variant in sweep.variants:
        base = tmp_path / "files" / "all" / variant.name[:2] / variant.name
        for name, file in (("picture", ".png"), ("clean", ".clean.png")):
            want = iio.imread(f"{base}{file}")
            np.testing.assert_array_equal(root[name][variant.number], want)
        instance = np.load(f"{base}.maps.npz")["instance"]
        np.testing.assert_array_equal(root["instance"][variant.number], instance)
    before = contents(tmp_path / "zarr")
    next((tmp_path / "zarr").glob("set.zarr/picture/c/3/0/0/0")).write_bytes(b"no")
    assert batch(sweep, tmp_path / "zarr").made == 1
    assert contents(tmp_path / "zarr") == before


def test_zarr_wants_one_size(small_sweep: Sweeps, tmp_path: Path) -> None:
    axes = [{"key": "picture.window_mm", "values": [[0, 0, 3, 2], [0, 0, 4, 2]]}]
    sweep = small_sweep(output={"kind": "zarr"}, axes=axes, picture={"px_per_mm": 8})
    with pytest.raises(smp.InputError, match="24 x 16 px in number 0, 32 x 16 px in number 4"):
        batch(sweep, tmp_path)


def test_a_full_disk_stops_in_one_line_and_is_gone_on_from(
    small_sweep: Sweeps, tmp_path: Path, contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch(small_sweep(), tmp_path / "whole")
    real = Path.write_bytes
    calls = iter(range(1000))

    def full(self: Path, data: bytes) -> int:
        if next(calls) >= 9:
            real(self, data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, data)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(smp.OutputError, match="The disk is full") as raised:
            batch(small_sweep(), tmp_path / "set")
    assert "\n" not in str(raised.value)
    assert "the same command goes on" in str(raised.value)
    assert not list((tmp_path / "set").rglob(".smpengine-*"))
    done = batch(small_sweep(), tmp_path / "set")
    assert (done.made, done.kept) == (4, 4)
    assert contents(tmp_path / "set") == contents(tmp_path / "whole")
    assert manifest(tmp_path / "set")["renders"] == [1] * 8


def test_half_a_line_of_the_journal_and_rests_are_dropped(
    small_sweep: Sweeps, tmp_path: Path, contents: Contents
) -> None:
    batch(small_sweep(), tmp_path)
    before = contents(tmp_path)
    journal = tmp_path / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:40])
    (tmp_path / "all" / ".smpengine-0123.png").write_bytes(b"half")
    done = batch(small_sweep(), tmp_path)
    assert (done.made, done.kept) == (1, 7)
    assert contents(tmp_path) == before


def test_folders_of_something_else_are_refused(small_sweep: Sweeps, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("dear")
    with pytest.raises(smp.InputError, match="out must be empty, or hold a set"):
        batch(small_sweep(), other)
    output = {"kind": "webdataset"}
    batch(small_sweep(seeds=1, output=output), tmp_path / "set")
    for sweep in (small_sweep(seeds=2, output=output), small_sweep(seeds=1)):
        with pytest.raises(smp.InputError, match="out must hold a set of this sweep, got one of"):
            batch(sweep, tmp_path / "set")
    with pytest.raises(smp.OutputError, match="cannot be made: Not a directory"):
        batch(small_sweep(), other / "mine.txt" / "set")
    with pytest.raises(smp.InputError, match="jobs must be a whole number"):
        smp.batch(small_sweep(), tmp_path / "new", jobs=0)


def test_two_runs_at_once_are_refused(small_sweep: Sweeps, tmp_path: Path) -> None:
    import fcntl

    batch(small_sweep(seeds=1), tmp_path)
    with (tmp_path / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(smp.OutputError, match="must have one run at a time"):
            batch(small_sweep(seeds=1), tmp_path)


def test_cancelling_keeps_what_is_made(small_sweep: Sweeps, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with pytest.raises(smp.Cancelled, match="after 3 of 8"):
        batch(small_sweep(), tmp_path, progress=lambda *at: seen.append(at),
              cancel=lambda: len(seen) == 3)  # fmt: skip
    assert seen == [(1, 8), (2, 8), (3, 8)]
    assert batch(small_sweep(), tmp_path).kept == 3


def test_an_estimate_is_of_what_is_rendered(small_sweep: Sweeps, tmp_path: Path) -> None:
    sweep = small_sweep(split={})
    found = estimate(sweep)
    assert (found.variants, found.sampled, found.failed) == (8, 8, 0)
    batch(sweep, tmp_path)
    sizes = [file["bytes"] for files in manifest(tmp_path)["files"] for file in files]
    assert found.bytes_each * 8 == pytest.approx(sum(sizes))
    assert sum(found.parts.values()) == 8
    lines = found.lines(2)
    assert lines[0].startswith("8 variants (")
    assert "ms each (place" in lines[1]


SWEEP = """
version = 1
seeds = 2
[base]
version = 1
treatment = "natural"
scalp = { extent_mm = [12.0, 9.0] }
[picture]
px_per_mm = 8
size_px = [24, 16]
[[axes]]
key = "picture.centre_mm"
values = [[6.0, 4.0], [500.0, 4.0]]
"""


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text(SWEEP)

    def run(*words: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "smpengine.cli", "batch", *words],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    code, out, _ = run("sweep.toml", "--dry-run", "--jobs", "2")
    assert code == 0
    assert out.startswith("4 variants (4 all)\n")
    assert "2 of the 4 failed" in out
    code, out, err = run("sweep.toml", "-o", "set", "--jobs", "1")
    assert code == 1
    assert "set: 4 variants, 4 rendered, 2 failed" in out
    assert "failed: number 2" in err
    assert "smpengine: 2 of 4 variants failed. See column error" in err
    assert run("sweep.toml", "-o", "set")[1].startswith(
        "set: 4 variants, 0 rendered, 4 from before"
    )
    code, _, err = run("sweep.toml", "-o", "set", "--limit", "3")
    assert (code, err) == (2, "smpengine: sweep.toml: variants must be at most 3, got 4. "
                              "Take fewer values, or raise limit.\n")  # fmt: skip
    assert run("sweep.toml")[0] == 2
