"""Imports point one way, importing is light, and the public names are what they are."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import smpengine as smp

SOURCE = Path(smp.__file__).parent

# Each layer may import from those after it, and from itself.
LAYERS = (
    ("cli",),
    (
        "cli_batch",
        "cli_fit",
        "cli_mask",
        "cli_outputs",
        "cli_photo",
        "cli_report",
        "cli_serve",
        "cli_tiled",
        "cli_view",
    ),
    ("bench",),
    ("notebook",),
    ("service",),
    ("sets",),
    ("photo",),
    ("tiled",),
    ("plan",),
    ("preview",),
    ("verdict",),
    ("inventory", "truth", "truth_maps"),
    ("views",),
    ("render",),
    ("spectrum",),
    ("picture",),
    ("resident",),
    ("panel_opencl",),
    ("panel_opencl_hair", "panel_opencl_skin", "panel_constants"),
    ("panel",),
    ("panel_hair", "panel_skin"),
    ("texture",),
    ("calibrate",),
    ("optics", "image"),
    ("raster",),
    ("window", "scene", "devices", "truth_table"),
    ("hairs", "scars"),
    ("impressions",),
    ("skintable", "columns", "complexion"),
    ("surface",),
    ("light",),
    ("progress",),
    ("workers", "doubles", "moves", "files", "philox"),
    ("lanes",),
    ("errors",),
)
# Data that two layers hand to each other; and which OpenCL devices there are.
SHARED = {"raster.splats", "raster.opencl_platform"}


def layer_of(module: str) -> int:
    if module in SHARED:
        return len(LAYERS) - 2
    first = module.split(".")[0]
    return next(i for i, names in enumerate(LAYERS) if first in names)


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found.update(name for name in names if name.startswith("smpengine."))
    return {name.removeprefix("smpengine.") for name in found}


def modules() -> list[tuple[str, Path]]:
    paths = sorted(SOURCE.rglob("*.py"))
    names = (
        path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".") for path in paths
    )
    return [(n, p) for n, p in zip(names, paths, strict=True) if not n.endswith("__init__")]


def test_imports_point_one_way() -> None:
    known = {name for name, _ in modules()}
    wrong = []
    for name, path in modules():
        if name.startswith("kernels"):
            continue
        for target in imports(path) & known:
            same_package = target.split(".")[0] == name.split(".")[0]
            if not same_package and layer_of(target) <= layer_of(name) and target not in SHARED:
                wrong.append(f"{name} imports {target}")
    assert not wrong


def test_only_the_opencl_backend_imports_pyopencl() -> None:
    for name, path in modules():
        if not name.startswith("raster.opencl"):
            assert "pyopencl" not in path.read_text(encoding="utf-8"), name


def test_importing_is_light_and_compiles_nothing() -> None:
    code = (
        "import sys, smpengine, smpengine.cli\n"
        "heavy = {'numba', 'llvmlite', 'pyopencl', 'pydantic', 'shapely', 'imageio', 'cv2'}\n"
        "heavy |= {'scipy', 'matplotlib', 'zarr', 'imagecodecs', 'tifffile'}\n"
        "heavy |= {'pyarrow', 'distributed', 'fastapi', 'uvicorn', 'httpx'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_public_names() -> None:
    for name in smp.__all__:
        assert getattr(smp, name) is not None
    contract = {"rasterise", "Impressions", "Skin", "Scene", "render", "load_plan", "devices"}
    contract |= {"truth", "truth_maps", "clean", "coco", "Truth", "TruthMaps"}
    contract |= {"read_photo", "simulate", "render_on", "write_photo", "fit", "Fit"}
    assert contract <= set(smp.__all__)
    assert set(smp.__all__) <= set(dir(smp))
    for name in ("render", "devices", "report", "fit"):  # a module of that name would hide it
        assert callable(getattr(smp, name)), name


def test_modules_and_functions_are_short() -> None:
    for name, path in modules():
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 400, name
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if body:
                    length = (body[-1].end_lineno or 0) - body[0].lineno + 1
                    assert length <= 60, f"{name}.{node.name}"


def test_benchmarks_and_examples_import_what_is_there() -> None:
    """They are run by hand, and nobody else would notice."""
    root = Path(__file__).parents[2]
    scripts = [*root.glob("benchmarks/**/*.py"), *root.glob("examples/**/*.py")]
    assert len(scripts) > 20
    for script in scripts:
        for node in ast.walk(ast.parse(script.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("smpengine"):
                exec(compile(ast.Module([node], []), script, "exec"), {})
