"""The pipeline in OpenCL against the reference and against Numba, on every device that is here."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import smpengine as smp
from smpengine import inventory
from smpengine.raster import opencl, opencl_engine, opencl_platform
from smpengine.raster.opencl_bins import add_up

REFERENCE = 5e-4  # of the field's maximum or the largest peak
NUMBA = 2e-5


def scene(n: int, sigma: tuple[float, float], bands: int):
    rng = np.random.default_rng(n + bands)
    x, y = rng.uniform(-10, 210, (2, n))
    width = np.exp(rng.uniform(*np.log(sigma), n)).astype(np.float32)
    return x, y, width, rng.uniform(0, 1, (n, bands)).astype(np.float32)


def worst(got: np.ndarray, want: np.ndarray, peak: np.ndarray) -> float:
    return float(np.abs(got - want).max() / max(np.abs(want).max(), np.abs(peak).max()))


@pytest.mark.parametrize(
    ("n", "sigma", "bands"),
    [
        (60, (0.3, 1.0), 3),
        (300, (1.0, 2.5), 3),
        (200, (1.0, 12.0), 6),
        (150, (2.8, 2.95), 1),  # all at the switch to the first level
        (20, (20.0, 300.0), 4),
        (3, (2000.0, 3000.0), 3),
        (40, (1e-3, 50.0), 7),
        (5, (1e6, 1e11), 2),
    ],
)
def test_fields(opencl_device: str, n: int, sigma: tuple[float, float], bands: int) -> None:
    columns = scene(n, sigma, bands)
    got = smp.rasterise(*columns, (181, 203), (-3, 5), device=opencl_device)
    want = smp.rasterise(*columns, (181, 203), (-3, 5), device="reference")
    numba = smp.rasterise(*columns, (181, 203), (-3, 5), device="cpu")
    assert worst(got, want, columns[3]) <= REFERENCE
    assert worst(got, numba, columns[3]) <= NUMBA


def test_same_bits_in_any_window_and_run(opencl_device: str) -> None:
    columns = scene(400, (0.5, 60.0), 3)
    whole = smp.rasterise(*columns, (150, 170), device=opencl_device)
    assert np.array_equal(whole, smp.rasterise(*columns, (150, 170), device=opencl_device))
    for row, col, height, width in ((0, 0, 1, 1), (31, 32, 33, 65), (77, 13, 41, 157)):
        part = smp.rasterise(*columns, (height, width), (row, col), device=opencl_device)
        assert np.array_equal(part, whole[row : row + height, col : col + width])


def test_what_cannot_be_drawn_is_named(opencl_device: str) -> None:
    for column, value, name in ((0, np.nan, "x_px"), (2, 0.0, "sigma_px"), (3, np.inf, "peak")):
        columns = [array.copy() for array in scene(20, (1.0, 2.0), 1)]
        columns[column][7] = value
        with pytest.raises(smp.InputError, match=f"{name} must be .* at row 7"):
            smp.rasterise(*columns, (20, 20), device=opencl_device)


def test_far_and_empty_splats_draw_nothing(opencl_device: str) -> None:
    x = np.array([1e300, -1e300, 5.0, 1e15])
    field = smp.rasterise(x, x[::-1], np.ones(4), np.ones((4, 3)), (40, 40), device=opencl_device)
    assert not field.any()
    none = np.zeros(0)
    assert not smp.rasterise(none, none, none, np.zeros((0, 3)), (5, 4), device=opencl_device).any()


@pytest.mark.parametrize("scale", [0.4, 11.0, 40.0, 160.0])
def test_pictures(strong_scene: smp.Scene, opencl_device: str, scale: float) -> None:
    window = (3.0, 2.0, 8.0, 6.0)
    for output, step in (("linear", 2e-5), ("absorbance", 1e-4), ("srgb8", 1), ("srgb16", 8)):
        got = smp.render(strong_scene, scale, window, output, opencl_device)
        want = smp.render(strong_scene, scale, window, output, "cpu")
        assert got.dtype == want.dtype
        assert np.abs(got.astype(float) - want.astype(float)).max() <= step


def test_a_resident_scene_gives_the_same_bits(strong_scene: smp.Scene, opencl_device: str) -> None:
    resident = smp.upload(strong_scene, opencl_device)
    whole = smp.render(strong_scene, 40.0, device=opencl_device)
    assert np.array_equal(smp.render(resident, 40.0), whole)
    part = smp.render(resident, 40.0, (2.0, 1.5, 3.1, 2.25))
    assert np.array_equal(part, whole[60:90, 80:124])
    with pytest.raises(smp.DeviceError, match="where the scene was uploaded to"):
        smp.render(resident, 40.0, device="cpu")


def test_blocks_fit_bit_for_bit(
    strong_scene: smp.Scene, opencl: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = scene(400, (0.5, 60.0), 3)
    field = smp.rasterise(*columns, (300, 333), device=opencl)
    picture = smp.render(strong_scene, 20.0, device=opencl)
    engine = opencl_engine.engine_for(opencl)
    monkeypatch.setattr(engine.memory, "max_alloc_bytes", 2**19)
    monkeypatch.setattr(engine.memory, "total_bytes", 2**21)
    assert np.array_equal(smp.rasterise(*columns, (300, 333), device=opencl), field)
    monkeypatch.setattr(engine.memory, "max_alloc_bytes", 2**20)
    monkeypatch.setattr(engine.memory, "total_bytes", 2**22)
    assert np.array_equal(smp.render(strong_scene, 20.0, device=opencl), picture)


def test_what_cannot_be_allocated_is_drawn_in_parts(
    strong_scene: smp.Scene, opencl: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    want = smp.render(strong_scene, 20.0, device=opencl)
    opencl_engine.engine_for(opencl).release()
    buffer, refused = opencl_engine.cl.Buffer, []

    def small(context: object, flags: int, nbytes: int = 0, **more: object) -> object:
        if nbytes > 400_000:
            refused.append(nbytes)
            raise opencl_engine.cl.MemoryError("clCreateBuffer failed: MEM_OBJECT_ALLOCATION")
        return buffer(context, flags, nbytes, **more)

    monkeypatch.setattr(opencl_engine.cl, "Buffer", small)
    assert np.array_equal(smp.render(strong_scene, 20.0, device=opencl), want)
    assert refused
    with pytest.raises(smp.DeviceError, match="is out of memory: clCreateBuffer failed"):
        smp.rasterise(*scene(100_000, (1.0, 2.0), 1), (9, 9), device=opencl)


FAILURES = {
    "is out of memory": ("MemoryError", "clCreateBuffer", "MEM_OBJECT_ALLOCATION_FAILURE"),
    "failed: ": ("RuntimeError", "clFinish", "DEVICE_NOT_AVAILABLE"),
    "ran out of memory or failed: ": ("RuntimeError", "clFinish", "OUT_OF_RESOURCES"),
}


@pytest.mark.parametrize("says", FAILURES)
def test_after_a_failure_the_next_call_works(
    strong_scene: smp.Scene, opencl: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident, window = smp.upload(strong_scene, opencl), (2.0, 1.5, 3.1, 2.25)
    want = smp.render(resident, 40.0, window)
    columns = scene(50, (1.0, 12.0), 3)
    field = smp.rasterise(*columns, (60, 60), device=opencl)
    kind, routine, code = FAILURES[says]
    cl = opencl_engine.cl
    error = getattr(cl, kind)(f"{routine} failed: {code}")

    def fails(*_args: object, **_more: object) -> None:
        raise error

    for call in (
        lambda: smp.render(resident, 40.0, window),
        lambda: smp.render(strong_scene, 40.0, window, device=opencl),
        lambda: smp.rasterise(*columns, (60, 60), device=opencl),
    ):
        with monkeypatch.context() as broken:
            broken.setattr(cl, "enqueue_nd_range_kernel", fails)
            broken.setattr(opencl_engine.Engine, "release", fails)  # nor can it be given back
            with pytest.raises(smp.DeviceError, match=says) as caught:
                call()
            assert str(caught.value).count("\n") == 0
        assert np.array_equal(smp.render(resident, 40.0, window), want)
        assert np.array_equal(smp.rasterise(*columns, (60, 60), device=opencl), field)


def test_a_driver_that_does_not_build_says_why(
    opencl: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opencl_engine.engine_for(opencl)
    monkeypatch.setattr(opencl_engine, "source_of", lambda _: "__kernel void broken(void) { x; }")
    monkeypatch.setattr(engine, "_programs", {})
    columns = scene(5, (1.0, 2.0), 1)
    with pytest.raises(smp.DeviceError, match=r"build the kernels of 'settle': .*'x'"):
        smp.rasterise(*columns, (9, 9), device=opencl)
    monkeypatch.undo()
    assert smp.rasterise(*columns, (9, 9), device=opencl).shape == (9, 9, 1)


def test_devices_side_by_side(opencl_devices: list[str]) -> None:
    names = opencl_devices * (2 if len(opencl_devices) == 1 else 1)
    columns = scene(300, (1.0, 12.0), 3)
    want = {name: smp.rasterise(*columns, (120, 120), device=name) for name in names}
    got: list[bool] = []

    def work(name: str) -> None:
        for _ in range(5):
            field = smp.rasterise(*columns, (120, 120), device=name)
            got.append(np.array_equal(field, want[name]))

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [True] * (5 * len(names))


def test_windows_longer_than_a_span_holds(opencl: str) -> None:
    """A splat's span in tiles has 15 bits; a dot of 70 mm at 10,000 px/mm reaches more of them."""
    one = np.ones(1)
    dot = smp.Impressions(50.0 * one, 60.0 * one, 0.3 * one, 70.0 * one, 0.1, 40.0)
    scene_of_it = smp.Scene(smp.Skin("III-IV"), dot, (100.0, 120.0))
    smp.rasterise(*scene(2000, (1.0, 12.0), 3), (200, 200), device=opencl)  # leaves rows behind
    window = (50.0, 0.0, 50.0002, 110.0)
    got = smp.render(scene_of_it, 10_000.0, window, "linear", opencl)
    want = smp.render(scene_of_it, 10_000.0, window, "linear", "cpu")
    assert np.abs(got - want).max() <= 2e-5  # of reflectance, as every picture


def test_far_windows(opencl: str) -> None:
    origin = 2**28 - 20, -(2**28)
    x, y = np.full(2, 7.5 - 2.0**28), np.array([2.0**28 - 10.2, 1e15])
    columns = x, y, np.full(2, 1.5), np.ones((2, 1))
    got = smp.rasterise(*columns, (30, 20), origin, opencl)
    want = smp.rasterise(*columns, (30, 20), origin, "reference")
    assert np.abs(got - want).max() <= REFERENCE
    assert want.max() > 0.5


@pytest.mark.parametrize("scale", [40.0, 9.0])
def test_bare_windows_equal_the_crop(scale: float, opencl_device: str) -> None:
    one = np.ones(1)
    dot = smp.Impressions(3.0 * one, 3.0 * one, 0.3 * one, 0.05 * one, 0.1, 40.0)
    scene_of_it = smp.Scene(smp.Skin("I-II"), dot, (60.0, 20.0))
    for output in ("srgb8", "linear"):
        whole = smp.render(scene_of_it, scale, (0.0, 0.0, 60.0, 10.0), output, opencl_device)
        part = smp.render(scene_of_it, scale, (40.0, 2.0, 60.0, 10.0), output, opencl_device)
        assert np.array_equal(whole[-part.shape[0] :, -part.shape[1] :], part)


def test_drivers_that_do_not_load_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.icd").write_text("/nowhere/libnone.so\n")
    (tmp_path / "notes.txt").write_text("not a driver")
    monkeypatch.setenv("OCL_ICD_VENDORS", str(tmp_path))
    (line,) = opencl_platform.unloadable_drivers()
    assert "broken.icd" in line
    assert "libnone.so" in line
    monkeypatch.setattr(opencl_platform, "find", lambda: ())
    with pytest.raises(smp.DeviceError, match=r"no driver that works: .*broken.icd: .*Install"):
        opencl_platform.device_named("opencl")


def test_threads_take_turns(opencl: str) -> None:
    columns = scene(300, (1.0, 12.0), 3)
    want = smp.rasterise(*columns, (120, 120), device=opencl)
    got: list[np.ndarray] = []

    def work() -> None:
        for _ in range(5):
            got.append(smp.rasterise(*columns, (120, 120), device=opencl))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 20
    assert all(np.array_equal(field, want) for field in got)


@pytest.mark.parametrize("n", [1, 63, 1024, 1025, 70_001])
def test_sums(n: int, opencl: str) -> None:
    engine = opencl_engine.engine_for(opencl)
    values = np.random.default_rng(n).integers(0, 9, n).astype(np.uint32)
    with engine.session():
        buffer, total = engine.upload(values, "values"), engine.scratch("total", 4)
        add_up(engine, buffer, n, total)
        got = engine.fetch(buffer, np.empty(n, np.uint32))
        assert engine.fetch(total, np.empty(1, np.uint32))[0] == values.sum()
    assert np.array_equal(got, np.cumsum(values) - values)


@pytest.mark.parametrize("n", [20_000, 100_000])
def test_a_crowd_in_one_tile(opencl_device: str, n: int) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.uniform(2, 30, (2, n))
    columns = x, y, rng.uniform(1.0, 3.0, n).astype(np.float32), np.ones((n, 1), np.float32)
    got = smp.rasterise(*columns, (32, 32), device=opencl_device)
    want = smp.rasterise(*columns, (32, 32), device="reference")
    numba = smp.rasterise(*columns, (32, 32), device="cpu")
    more = 1e-4 * n / 100_000  # what sums in float32 may add
    assert worst(got, want, columns[3]) <= REFERENCE + more
    assert worst(got, numba, columns[3]) <= NUMBA + more


def test_without_a_driver_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opencl_platform, "find", lambda: ())
    with pytest.raises(smp.DeviceError, match=r"OpenCL found no driver .*Install the driver"):
        opencl_platform.device_named("opencl")


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("SMPENGINE_OPENCL_WORK_GROUP", "64", ""),
        ("SMPENGINE_OPENCL_LOCAL_BYTES", "16384", ""),
        ("SMPENGINE_OPENCL_LOCAL_BYTES", "1024", "is too small: work-groups of 256 and 1024 bytes"),
        ("SMPENGINE_OPENCL_WORK_GROUP", "many", "must be a whole number, got 'many'"),
    ],
)
def test_smaller_devices(variable: str, value: str, says: str, opencl: str) -> None:
    code = (
        f"import os; os.environ[{variable!r}] = {value!r}\n"
        "import smpengine as smp, numpy as np\n"
        "try:\n"
        f"    field = smp.rasterise([9.0], [8.0], [3.0], [[1.0]], (20, 20), device={opencl!r})\n"
        "    print(float(np.round(field.max(), 3)))\n"
        "except smp.DeviceError as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    if says:
        assert says in done.stdout
        assert done.stdout.count("\n") == 1
    else:
        want = smp.rasterise([9.0], [8.0], [3.0], [[1.0]], (20, 20), device="reference").max()
        assert abs(float(done.stdout) - float(want)) < 1e-3


def test_every_device_passes_its_self_test(opencl_device: str) -> None:
    found = {device.name: device for device in smp.devices()}[opencl_device]
    assert found.works, found.failure
    assert found.limits["max_work_group"] >= 64


WRONG = {  # of each program: what stands there, and what is written instead
    "select": ("x > box.x && x < box.z", "x > box.x && x < box.z && (x_mm & 64)"),
    "deposits": ("flattened -= sum", "flattened += sum"),
    "discs": ("1.0f - fmin(cap * disc, MAX_CAP)", "1.0f - fmin(0.9f * cap * disc, MAX_CAP)"),
    "compose": ("(upper + lower) * 0.25f", "(upper + lower) * 0.251f"),
    "gaussians": ("fma(part[c], factor, here[r][c])", "fma(part[c], factor, 1.01f * here[r][c])"),
}


@pytest.mark.parametrize("program", WRONG)
def test_the_self_test_sees_a_fault(
    program: str, opencl: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, faulty = WRONG[program]
    source_of = opencl_engine.source_of

    def seeded(wanted: str) -> str:
        source = source_of(wanted)
        assert wanted != program or sound in source, f"{program}.cl has changed: seed it anew"
        return source.replace(sound, faulty) if wanted == program else source

    monkeypatch.setattr(opencl_engine.engine_for(opencl), "_programs", {})
    monkeypatch.setattr(opencl_engine, "source_of", seeded)
    failure = inventory._failure.__wrapped__(opencl)
    assert "wrong: off by" in failure


def test_memory_stays_within_the_budget(
    strong_scene: smp.Scene, opencl: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scratch and scenes that are held count together; what no block uses makes room."""
    memory = opencl_engine.engine_for(opencl).memory
    picture = smp.render(strong_scene, 40.0, device=opencl)
    memory.release()
    monkeypatch.setattr(memory, "total_bytes", 24 * 2**20)
    most = 0
    new = memory._new

    def counted(name: str, nbytes: int) -> object:
        nonlocal most
        made = new(name, nbytes)
        most = max(most, memory.held_bytes + nbytes + memory._lent)
        return made

    monkeypatch.setattr(memory, "_new", counted)
    lent = memory._lent
    resident = smp.upload(strong_scene, opencl)
    assert memory._lent > lent
    assert np.array_equal(smp.render(resident, 40.0), picture)
    columns = scene(4000, (1.0, 12.0), 3)
    field = smp.rasterise(*columns, (900, 900), device=opencl)
    assert 8 * 2**20 < most <= 0.9 * memory.total_bytes
    del resident
    assert memory._lent == lent
    monkeypatch.setattr(memory, "total_bytes", 3 * 2**20)
    with pytest.raises(smp.DeviceError, match=r"cannot hold 40,000 splats with 0.0 GB"):
        smp.rasterise(*scene(40_000, (1.0, 2.0), 3), (900, 900), device=opencl)
    monkeypatch.undo()
    assert np.array_equal(smp.rasterise(*columns, (900, 900), device=opencl), field)


def test_progress_tells_what_has_come(opencl: str, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = opencl_engine.engine_for(opencl).memory
    columns = scene(300, (1.0, 12.0), 3)
    want = smp.rasterise(*columns, (200, 220), device=opencl)
    monkeypatch.setattr(memory, "max_alloc_bytes", 2**18)
    out = np.full_like(want, -1.0)
    seen = []

    def told(done: int, total: int) -> None:
        assert total == 200 * 220
        assert (out != -1.0).all(axis=2).sum() >= done
        seen.append(done)

    smp.rasterise(*columns, (200, 220), device=opencl, out=out, progress=told)
    assert len(seen) > 3
    assert seen == sorted(seen)
    assert seen[-1] == 200 * 220
    assert np.array_equal(out, want)


def test_a_platform_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import pyopencl as cl

    class Broken:
        name = "Broken platform"

        def get_devices(self) -> list[object]:
            raise cl.RuntimeError("clGetDeviceIDs failed: DEVICE_NOT_FOUND")

    class Dumb:
        @property
        def type(self) -> int:
            raise cl.RuntimeError("clGetDeviceInfo failed: OUT_OF_HOST_MEMORY")

    class Half:
        name = "Half"

        def get_devices(self) -> list[object]:
            return [Dumb()]

    monkeypatch.setattr(cl, "get_platforms", lambda: [Broken(), Half()])
    opencl_platform._survey.cache_clear()
    try:
        with pytest.raises(smp.DeviceError) as caught:
            opencl_platform.device_named("opencl")
    finally:
        opencl_platform._survey.cache_clear()
    message = str(caught.value)
    assert "opencl:0 (Broken platform) gives no device: clGetDeviceIDs failed" in message
    assert "opencl:1.0 (Half) cannot be asked: clGetDeviceInfo failed" in message


def test_pictures_come_through_pinned_memory_whole(
    opencl_device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a GPU, and in slabs that do not divide the picture.
    columns = scene(300, (0.5, 30.0), 3)
    at_once = smp.rasterise(*columns, (151, 170), device=opencl_device)
    monkeypatch.setattr(opencl, "_WORTH_PINNING", 0)
    monkeypatch.setattr(opencl, "_SLAB_BYTES", 7 * 170 * 12)
    plain = opencl.Reader.__init__

    def apart(self: opencl.Reader, *given: object) -> None:
        plain(self, *given)  # type: ignore[arg-type]
        self._is_apart = True

    monkeypatch.setattr(opencl.Reader, "__init__", apart)
    assert np.array_equal(at_once, smp.rasterise(*columns, (151, 170), device=opencl_device))
