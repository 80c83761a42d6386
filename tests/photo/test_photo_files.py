"""Photographs read and written: pixels, profile, orientation, and what else their files hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageCms, ImageOps

import smpengine as smp
from smpengine.cli import main
from smpengine.photo.icc import adobe_rgb, read_profile, srgb
from smpengine.photo.marks import SOURCE_TYPE
from smpengine.photo.upright import as_stored, displayed


def photo_file(path: Path, orientation: int = 6) -> Path:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(90, 200, (60, 80, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112], exif[0x0110] = orientation, "Camera"
    exif.get_ifd(0x8769)[0x9003] = "2026:01:01 00:00:00"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture.save(path, exif=exif, icc_profile=profile, quality=92, dpi=(300, 300))
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_undone_and_kept(orientation: int, tmp_path: Path) -> None:
    file = photo_file(tmp_path / "a.jpg", orientation)
    photo = smp.read_photo(file)
    with Image.open(file) as image:
        assert (photo.pixels == np.asarray(ImageOps.exif_transpose(image))).all()
    stored = np.arange(24).reshape(4, 6)
    assert (as_stored(displayed(stored, orientation), orientation) == stored).all()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".heic"])
def test_what_a_file_says_is_handed_on(suffix: str, tmp_path: Path) -> None:
    photo = smp.read_photo(photo_file(tmp_path / "a.jpg"))
    out = tmp_path / f"b{suffix}"
    smp.write_photo(out, photo, photo.pixels, {"px_per_mm": 10.0})
    again = smp.read_photo(out)
    assert again.carried.icc == photo.carried.icc
    assert again.orientation == (1 if suffix == ".heic" else 6)
    assert again.shape == photo.shape
    assert again.carried.xmp is not None
    assert SOURCE_TYPE.encode() in again.carried.xmp
    exif = Image.Exif()
    exif.load(again.carried.exif)
    assert exif.get_ifd(0x8769)[0x9003] == "2026:01:01 00:00:00"
    if suffix in (".png", ".tif"):
        assert (again.pixels == photo.pixels).all()
        assert b"simulated" in out.read_bytes()


def test_sixteen_bits_grey_and_alpha_come_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for shape in ((30, 40), (30, 40, 3)):
        pixels = rng.integers(0, 65535, shape, dtype=np.uint16)
        for alpha in (None, rng.integers(0, 65535, (30, 40), dtype=np.uint16)):
            photo = smp.Photograph(pixels, alpha)
            grey_alpha = alpha is not None and len(shape) == 2
            if grey_alpha:
                with pytest.raises(smp.InputError, match=r"Write \.tif"):
                    smp.write_photo(tmp_path / "a.png", photo, pixels, {})
            for suffix in (".tif",) if grey_alpha else (".png", ".tif"):
                smp.write_photo(tmp_path / f"a{suffix}", photo, pixels, {})
                again = smp.read_photo(tmp_path / f"a{suffix}")
                assert (again.pixels == pixels).all()
                assert (again.alpha is None) == (alpha is None)
                assert alpha is None or (again.alpha == alpha).all()


def test_profiles_are_read_as_a_colour_engine_reads_them() -> None:
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = read_profile(data, 3, "photo")
    assert found.to_srgb == pytest.approx(np.eye(3), abs=2e-3)
    assert found.light(255) == pytest.approx(srgb().light(255), abs=1e-4)
    assert adobe_rgb().to_srgb.sum(1) == pytest.approx(np.ones(3), abs=1e-3)
    for broken in (data[:100], data[:40], b"x" * 200):
        with pytest.raises(smp.InputError, match="ICC profile that is whole"):
            read_profile(broken, 3, "photo")


def test_files_that_are_no_photographs_are_named(tmp_path: Path) -> None:
    whole = photo_file(tmp_path / "a.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    Image.new("CMYK", (20, 20)).save(tmp_path / "ink.jpg")
    (tmp_path / "text.jpg").write_text("no picture")
    for name, message in (
        ("cut.jpg", "must be a whole picture"),
        ("ink.jpg", r"got inks \(CMYK\)"),
        ("text.jpg", "must be a JPEG, PNG, TIFF or HEIC"),
        ("none.jpg", "must be a file that can be read"),
    ):
        with pytest.raises(smp.InputError, match=message):
            smp.read_photo(tmp_path / name)


def run(*args: object) -> Any:
    return CliRunner().invoke(main, [str(a) for a in args])


def test_the_command_draws_and_never_writes_to_the_photo(tmp_path: Path) -> None:
    file = photo_file(tmp_path / "a.jpg")
    before = file.read_bytes()
    plan = tmp_path / "plan.toml"
    plan.write_text('version = 1\ntreatment = "natural"\n[scalp]\nextent_mm = [9, 9]\n')
    mask = tmp_path / "mask.png"
    Image.fromarray(np.full((80, 60), 255, np.uint8)).save(mask)
    common = ("photo", file, "--plan", plan, "--mask", mask, "--px-per-mm", 10)
    beside = ("--overlay", tmp_path / "o.png", "--pair", tmp_path / "p.png")
    done = run(
        *common,
        "-o",
        tmp_path / "b.png",
        *beside,
        "--slider",
        tmp_path / "s.html",
        "--sheet",
        tmp_path / "t.html",
    )
    assert done.exit_code == 0, done.output
    assert "80 px" in done.output
    assert smp.read_photo(tmp_path / "b.png").shape == (80, 60)
    assert (tmp_path / "s.html").stat().st_size > 1000
    assert "Session" in (tmp_path / "t.html").read_text(encoding="utf-8")
    assert smp.read_photo(tmp_path / "o.png").alpha is not None
    wrong = run(*common, "-o", file)
    assert wrong.exit_code == 1
    assert "never written to" in wrong.output
    assert file.read_bytes() == before
    over = run(*common, "-o", mask)
    assert over.exit_code == 2
    assert "another file than that of --mask" in over.output
    film = run(*common, "-o", tmp_path / "d.png", "--slider", tmp_path / "u.html", "--film",
               tmp_path / "f.gif")  # fmt: skip
    assert film.exit_code == 0, film.output
    with Image.open(tmp_path / "f.gif") as frames:
        assert getattr(frames, "n_frames", 1) > 6
    none = run("photo", file, "--plan", plan, "--mask", mask, "-o", tmp_path / "c.png")
    assert none.exit_code == 2
    assert "--landmarks" in none.output


def test_a_mask_is_not_written_over_its_photo(tmp_path: Path) -> None:
    pixels = np.full((60, 80, 3), 150, np.uint8)
    file = tmp_path / "a.png"
    Image.fromarray(pixels).save(file)
    before = file.read_bytes()
    outlines = tmp_path / "area.json"
    outlines.write_text('{"polygons": [[[10, 10], [60, 10], [60, 50], [10, 50]]]}')
    for out in (("-o", file), ("-o", tmp_path / "m.png", "--review", file)):
        done = run("mask", file, "--polygons", outlines, *out)
        assert done.exit_code == 1
        assert "never written to" in done.output
        assert file.read_bytes() == before
    both = ("-o", tmp_path / "m.png", "--review", tmp_path / "m.png")
    assert "another file" in run("mask", file, "--polygons", outlines, *both).output
