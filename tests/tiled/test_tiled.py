"""Tiled pictures: seams, pyramids, resuming, what is refused; other libraries open them."""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
import zarr
from click.testing import CliRunner
from PIL import Image

import smpengine as smp
from smpengine.cli import main
from smpengine.image.write import read_metadata
from smpengine.tiled import bands, layout
from smpengine.tiled.journal import Journal
from smpengine.tiled.ometiff import OmeTiff
from smpengine.tiled.pyramid import Pyramid, halved, level_sizes

RNG = np.random.default_rng(11)
FORMATS = ("a.ome.tif", "a.ome.zarr", "a.dzi")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> smp.Scene:
    file = tmp_path_factory.mktemp("plan") / "plan.toml"
    assert CliRunner().invoke(main, ["init", str(file)]).exit_code == 0
    return smp.load_plan(file).scene()


@pytest.fixture
def small_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_BAND_BYTES", 1)  # a row of tiles is a band


def dzi_levels(path: Path) -> list[np.ndarray]:
    """A DeepZoom picture put together by what its .dzi says, the largest level first."""
    root = ElementTree.parse(path).getroot()
    suffix, side = root.attrib["Format"], int(root.attrib["TileSize"])
    assert root.attrib["Overlap"] == "0"
    width, height = (int(root[0].attrib[name]) for name in ("Width", "Height"))
    found = []
    for level in range((max(width, height) - 1).bit_length(), -1, -1):
        folder = path.with_name(path.stem + "_files") / str(level)
        rows = [
            np.hstack([
                np.asarray(Image.open(folder / f"{col}_{row}.{suffix}"))
                for col in range(-(-width // side))
            ])
            for row in range(-(-height // side))
        ]  # fmt: skip
        found.append(np.vstack(rows))
        assert found[-1].shape == (height, width, 3)
        width, height = (width + 1) // 2, (height + 1) // 2
    return found


def levels_of(path: Path) -> list[np.ndarray]:
    if path.suffix == ".dzi":
        return dzi_levels(path)
    if path.suffix == ".zarr":
        group = zarr.open_group(str(path), mode="r")
        scales = group.attrs["ome"]["multiscales"][0]["datasets"]
        return [group[each["path"]][:].transpose(1, 2, 0) for each in scales]
    with tifffile.TiffFile(path) as tiff:
        return [level.asarray() for level in tiff.series[0].levels]


def files(path: Path) -> dict[str, bytes]:
    """All bytes of a picture, by their place in it."""
    if path.suffix == ".tif":
        return {"": path.read_bytes()}
    folder = path if path.is_dir() else path.with_name(path.stem + "_files")
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return found if path.is_dir() else {**found, "": path.read_bytes()}


def mean_in_light(rows: np.ndarray, bits: int) -> np.ndarray:
    """The mean of 2 x 2 in linear light, in float64, plainly."""
    even = np.pad(rows, ((0, rows.shape[0] % 2), (0, rows.shape[1] % 2), (0, 0)), mode="edge")
    v = even / (2.0**bits - 1)
    light = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    h, w, c = light.shape
    light = light.reshape(h // 2, 2, w // 2, 2, c).mean(axis=(1, 3))
    code = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return code * (2.0**bits - 1)


@pytest.mark.parametrize(
    ("name", "output", "tile", "threads"),
    [
        (name, *how)
        for name in FORMATS
        for how in (("srgb8", 48, 1), ("srgb16", 80, 2), ("srgb8", 512, 2))
        if (name, how[0]) != ("a.dzi", "srgb16")  # refused: DeepZoom has 8 bits
    ],
)
def test_tiles_are_the_whole_picture_bit_for_bit(
    scene: smp.Scene, small_bands: None, tmp_path: Path, name: str, output: str, tile: int,
    threads: int,
) -> None:  # fmt: skip
    del small_bands
    window = (3.0, 2.0, 18.3, 14.7)
    done = smp.render_tiled(
        scene, tmp_path / name, 17.0, window, output, tile_px=tile, threads=threads
    )
    levels = levels_of(tmp_path / name)
    assert np.array_equal(levels[0], smp.render(scene, 17.0, window, output))
    assert done.bands == -(-levels[0].shape[0] // tile)
    assert len(levels) == done.levels
    bits = 8 * levels[0].dtype.itemsize
    for finer, coarser in itertools.pairwise(levels):
        # integers of linear light stand 0.5 of a step beside the plain mean at most
        assert np.abs(mean_in_light(finer, bits) - coarser).max() < 1.1
        assert np.array_equal(coarser, halved(finer))
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("compression", ["deflate", "jpegxl", "none"])
def test_every_compression_of_a_tiff_keeps_every_bit(
    scene: smp.Scene, tmp_path: Path, compression: str
) -> None:
    file = tmp_path / "a.tif"
    window = (0, 0, 10, 7)
    smp.render_tiled(scene, file, 12.0, window, "srgb16", tile_px=32, compression=compression)
    assert np.array_equal(tifffile.imread(file), smp.render(scene, 12.0, window, "srgb16"))


@pytest.mark.parametrize("bits", [8, 16])
def test_an_even_area_keeps_its_code(bits: int) -> None:
    codes = np.arange(2**bits).astype(f"uint{bits}")
    area = np.repeat(codes.reshape(1, -1, 1), 2, axis=0).repeat(2, axis=1)
    assert np.array_equal(halved(area)[0, :, 0], codes)


@pytest.mark.parametrize("cuts", [(16,) * 7, (112, 5), (64, 53), (117,)])
def test_a_pyramid_does_not_depend_on_the_bands(cuts: tuple[int, ...]) -> None:
    whole = RNG.integers(0, 256, (117, 45, 3)).astype(np.uint8)
    sizes = level_sizes(117, 45, 16)
    want = [whole]
    while len(want) < len(sizes):
        want.append(halved(want[-1]))
    pyramid, found, at = Pyramid(sizes, 16), {}, 0
    for cut in (*cuts, 117 - sum(cuts)):
        again = Pyramid(sizes, 16)  # every band by a run of its own
        again.restore(pyramid.state())
        pyramid = again
        if cut:
            found.update({(level, r): p for level, r, p in pyramid.add(whole[at : at + cut])})
        at += cut
    for level, rows in enumerate(want):
        parts = [p for (lvl, _), p in sorted(found.items(), key=lambda f: f[0]) if lvl == level]
        assert np.array_equal(np.concatenate(parts), rows)


def test_what_a_tiff_says_of_itself(scene: smp.Scene, tmp_path: Path) -> None:
    file = tmp_path / "a.ome.tif"
    smp.render_tiled(scene, file, 20.0, (0, 0, 10, 8), tile_px=64)
    with tifffile.TiffFile(file) as tiff:
        assert tiff.is_bigtiff
        assert tiff.pages[0].tile == (64, 64)
        pixels = ElementTree.fromstring(tiff.ome_metadata).find(".//{*}Pixels")
    assert pixels is not None
    assert float(pixels.attrib["PhysicalSizeX"]) == 50.0
    assert pixels.attrib["PhysicalSizeXUnit"] == "µm"
    assert (pixels.attrib["SizeX"], pixels.attrib["SizeY"]) == ("200", "160")
    assert read_metadata(file)["px_per_mm"] == 20.0
    assert read_metadata(file)["plan"]


def test_what_a_zarr_says_of_itself(scene: smp.Scene, tmp_path: Path) -> None:
    smp.render_tiled(scene, tmp_path / "a.zarr", 20.0, (0, 0, 10, 8), tile_px=64)
    attributes = dict(zarr.open_group(str(tmp_path / "a.zarr"), mode="r").attrs)
    (scales,) = attributes["ome"]["multiscales"]
    assert attributes["ome"]["version"] == "0.5"
    assert [axis["name"] for axis in scales["axes"]] == ["c", "y", "x"]
    transforms = scales["datasets"][1]["coordinateTransformations"]
    assert [t["type"] for t in transforms] == ["scale", "translation"]
    assert transforms[0]["scale"] == [1.0, 100.0, 100.0]
    assert transforms[1]["translation"] == [0.0, 25.0, 25.0]
    assert attributes["smpengine"]["px_per_mm"] == 20.0


KILLED = """
import sys
import smpengine as smp
from smpengine.tiled import layout
layout._BAND_BYTES = 1
done = smp.render_tiled(smp.load_plan(sys.argv[1]), sys.argv[2], 16.0, (0, 0, 18, 28), tile_px=32)
print(done.resumed, done.bands)
"""


def journal_lines(part: Path) -> int:
    path = part / "journal.jsonl"
    return path.read_text().count("\n") if path.exists() else 0


@pytest.mark.parametrize("name", FORMATS)
def test_a_killed_run_goes_on_and_ends_the_same(tmp_path: Path, name: str) -> None:
    plan, undisturbed = tmp_path / "plan.toml", tmp_path / "whole"
    undisturbed.mkdir()
    assert CliRunner().invoke(main, ["init", str(plan)]).exit_code == 0

    def start(out: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", KILLED, str(plan), str(out)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    assert start(undisturbed / name).wait() == 0
    target, part = tmp_path / name, tmp_path / f"{name}.part"
    finished = 0
    for after in RNG.integers(1, 5, 2):
        run = start(target)
        while run.poll() is None and journal_lines(part) < 1 + finished + after:
            time.sleep(0.001)
        run.send_signal(signal.SIGKILL)
        run.wait()
        if run.returncode == 0:  # it was done before the signal
            break
        finished = max(finished, journal_lines(part) - 1)
        assert not target.exists()
        with (part / "journal.jsonl").open("a") as journal:
            journal.write('{"band": 9')  # half a line, as a kill may leave it
    else:
        run = start(target)
        output, _ = run.communicate()
        assert run.returncode == 0
        assert output.split() == [str(finished), "14"]
    assert finished
    assert files(target).keys() == files(undisturbed / name).keys()
    assert files(target) == files(undisturbed / name)


def test_no_finished_band_is_rendered_twice(
    scene: smp.Scene, small_bands: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del small_bands
    rendered, real = [], bands.render

    def counted(*args: object, **how: object) -> np.ndarray:
        if len(rendered) == 4:
            raise KeyboardInterrupt
        rendered.append(args[2])
        return real(*args, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(bands, "render", counted)
    how = {"window_mm": (0, 0, 12, 16), "tile_px": 32}
    with pytest.raises(KeyboardInterrupt):
        smp.render_tiled(scene, tmp_path / "a.tif", 16.0, **how)
    rendered_before = list(rendered)
    rendered.clear()
    monkeypatch.setattr(bands, "render", lambda *a, **h: (rendered.append(a[2]), real(*a, **h))[1])
    done = smp.render_tiled(scene, tmp_path / "a.tif", 16.0, resume=True, **how)
    assert done.resumed == 4
    assert len(rendered) == done.bands - 4
    assert not set(rendered) & set(rendered_before)


def test_a_full_disk_is_one_line_and_can_be_resumed(
    scene: smp.Scene, small_bands: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del small_bands
    real = OmeTiff.keep

    def full(self: OmeTiff, level: int, tiles: list[bytes]) -> list[int]:
        if len(list(tmp_path.glob("a.tif.part/pending-2.npz"))):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, level, tiles)

    how = {"window_mm": (0, 0, 12, 16), "tile_px": 32}
    with monkeypatch.context() as patch:
        patch.setattr(OmeTiff, "keep", full)
        with pytest.raises(smp.OutputError, match=r"No space left.*goes on from.*part") as caught:
            smp.render_tiled(scene, tmp_path / "a.tif", 16.0, **how)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "a.tif").exists()
    assert smp.render_tiled(scene, tmp_path / "a.tif", 16.0, **how).resumed == 3
    assert np.array_equal(
        tifffile.imread(tmp_path / "a.tif"), smp.render(scene, 16.0, (0, 0, 12, 16))
    )


def test_a_disk_that_is_plainly_too_small_is_refused(
    scene: smp.Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bands, "_BYTES_A_SAMPLE", 1e12)
    with pytest.raises(smp.OutputError, match=r"disk must have .* GB free at least"):
        smp.render_tiled(scene, tmp_path / "a.tif", 5.0)
    assert not list(tmp_path.iterdir())


def test_a_journal_of_another_picture_is_not_gone_on_with(tmp_path: Path) -> None:
    part = tmp_path / "a.tif.part"
    Journal(part, "one", 1).open(None)
    with pytest.raises(smp.OutputError, match="that of another picture"):
        Journal(part, "other", 1).open(True)
    with pytest.raises(smp.OutputError, match="be this picture's, got none"):
        Journal(tmp_path / "b.tif.part", "one", 1).open(True)
    strange = tmp_path / "c.tif.part"
    strange.mkdir()
    (strange / "thesis.txt").write_text("mine")
    with pytest.raises(smp.OutputError, match="a folder without one"):
        Journal(strange, "one", 1).open(None)
    assert (strange / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "a.jpg", "--tiled"], r"out must end in .tif"),
        (["-o", "a.dzi", "--tiled", "--output", "srgb16"], "output must be srgb8 for .dzi"),
        (["-o", "a.tif", "--tiled", "--output", "linear"], "output must be srgb8 or srgb16"),
        (["-o", "a.tif", "--tiled", "--tile", "500"], "tile must be a multiple of 16"),
        (["-o", "a.zarr", "--tiled", "--compression", "jpegxl"], "compression must be one of zstd"),
        (["-o", "a.dzi", "--tiled", "--quality", "0"], "quality must be a whole number"),
        (["-o", "a.tif", "--tiled", "--clean", "b.png"], "--clean must be left out"),
        (["-o", "a.png", "--tile", "64"], "--tile must be beside --tiled"),
    ],
)
def test_what_cannot_be_had_is_said_in_one_line(options: list[str], message: str) -> None:
    done = CliRunner().invoke(main, ["render", "plan.toml", *options])
    assert done.exit_code == 2
    assert re.match(f"smpengine: {message}", done.stderr)
    assert done.stderr.count("\n") == 1


def test_a_run_killed_between_the_two_names_of_a_deepzoom_goes_on(
    scene: smp.Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(self: Path, target: Path) -> Path:
        del target
        raise KeyboardInterrupt(self.name)

    with monkeypatch.context() as patch:
        real = Path.replace
        patch.setattr(Path, "replace", lambda p, t: (killed if p.suffix == ".dzi" else real)(p, t))
        with pytest.raises(KeyboardInterrupt):
            smp.render_tiled(scene, tmp_path / "a.dzi", 5.0, tile_px=64)
    assert (tmp_path / "a_files").exists()
    assert not (tmp_path / "a.dzi").exists()
    smp.render_tiled(scene, tmp_path / "a.dzi", 5.0, tile_px=64)
    assert np.array_equal(dzi_levels(tmp_path / "a.dzi")[0], smp.render(scene, 5.0))
    assert not list(tmp_path.glob("*.part"))


def test_a_window_beyond_the_extent_is_refused(scene: smp.Scene, tmp_path: Path) -> None:
    with pytest.raises(smp.SceneError, match="window_mm must lie in the extent of 40 x 30 mm"):
        smp.render_tiled(scene, tmp_path / "a.tif", 5.0, (0, 0, 10, 90))


@pytest.mark.parametrize("name", ["a.zarr", "a.dzi"])
def test_a_folder_is_not_written_over(scene: smp.Scene, tmp_path: Path, name: str) -> None:
    mine = tmp_path / name.replace(".dzi", "_files")
    mine.mkdir()
    with pytest.raises(smp.OutputError, match="must be new"):
        smp.render_tiled(scene, tmp_path / name, 5.0)
    assert list(tmp_path.iterdir()) == [mine]


def test_the_command_writes_tiles(tmp_path: Path) -> None:
    plan, out = tmp_path / "plan.toml", tmp_path / "a.ome.tif"
    runner = CliRunner()
    assert runner.invoke(main, ["init", str(plan)]).exit_code == 0
    options = ["--tiled", "--px-per-mm", "8", "--tile", "64", "--compression", "deflate"]
    done = runner.invoke(main, ["render", str(plan), "-o", str(out), *options])
    assert done.exit_code == 0, done.output
    assert "320 x 240 px, 4 levels" in done.output
    assert np.array_equal(tifffile.imread(out), smp.render(smp.load_plan(plan).scene(), 8.0))


PEAK = """
import resource, sys
import smpengine as smp
from smpengine.tiled import layout
layout._BAND_BYTES = 4 * 2**20
scene = smp.load_plan(sys.argv[1]).scene(sessions=0)
smp.render_tiled(scene, sys.argv[2], 100.0, (0, 0, 30, float(sys.argv[3])), tile_px=128)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_height(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    assert CliRunner().invoke(main, ["init", str(plan)]).exit_code == 0
    text = plan.read_text()
    assert "extent_mm = [40.0, 30.0]" in text
    plan.write_text(text.replace("extent_mm = [40.0, 30.0]", "extent_mm = [30.0, 240.0]"))
    peaks = []
    for height in ("30", "30", "240"):  # the first compiles what is not compiled
        command = [sys.executable, "-c", PEAK, str(plan), str(tmp_path / "a.tif"), height]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    grown_bytes = 3000 * 21000 * 3
    assert (peaks[2] - peaks[1]) * 1024 < grown_bytes / 4, json.dumps(peaks)
