"""What ships: kernels, tables and the typing marker, in wheel and sdist; and it runs from there."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = (
    "smpengine/py.typed",
    "smpengine/kernels/__init__.py",
    "smpengine/kernels/README.md",
    "smpengine/optics/model.csv",
    "smpengine/plan/bluenoise.npz",
    "smpengine/plan/plan.schema.json",
    "smpengine/plan/template.toml",
    "smpengine/sets/sweep.schema.json",
    "smpengine/notebook/viewer.js",
    "smpengine/service/page/index.html",
    "smpengine/service/page/vendor/openseadragon.min.js",
    "smpengine/sets/templates/card.md.j2",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


def test_the_wheel_is_pure_and_whole(built: tuple[Path, Path]) -> None:
    wheel, _ = built
    assert wheel.name.endswith("-py3-none-any.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert set(SHIPPED) <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_sdist_holds_the_kernels(built: tuple[Path, Path]) -> None:
    _, sdist = built
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    assert "kernels/__init__.py" in names
    assert "kernels/README.md" in names


@pytest.mark.slow
def test_the_wheel_renders_without_the_source(built: tuple[Path, Path], tmp_path: Path) -> None:
    wheel, _ = built
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    plan = 'version = 1\ntreatment = "natural"\nscalp.extent_mm = [6.0, 5.0]\n'
    (tmp_path / "plan.toml").write_text(plan)
    # -I keeps the source tree out; the wheel's folder comes before the editable install.
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r})\n"
        "import smpengine as smp, smpengine.kernels\n"
        f"assert smp.__file__.startswith({str(site)!r}), smp.__file__\n"
        f"assert smpengine.kernels.__file__.startswith({str(site)!r})\n"
        "print(smp.render(smp.load_plan('plan.toml').scene(), 20.0).shape)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "(100, 120, 3)"
