"""The command line: ``smpengine render | validate | init | report | mask | photo | fit | ...``.

Exit codes: 0 done, 1 failed, 2 bad input.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import smpengine as smp
from smpengine.cli_batch import batch_command
from smpengine.cli_fit import fit_command
from smpengine.cli_mask import mask_command
from smpengine.cli_outputs import Beside, beside_options
from smpengine.cli_photo import photo_command
from smpengine.cli_report import report_command
from smpengine.cli_serve import serve_command
from smpengine.cli_tiled import check_tiled, render_tiles, tiled_options
from smpengine.cli_view import VIEW_NAMES, check_view, draw
from smpengine.progress import progress_bar
from smpengine.render import OUTPUTS

if TYPE_CHECKING:
    from smpengine.plan.plan import Plan

_FAILED = 1
_BAD_INPUT = 2


class _Group(click.Group):
    """Turns the package's errors into one line on standard error and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except smp.InputError as error:
            _fail(str(error), _BAD_INPUT)
        except smp.DeviceError as error:
            _fail(str(error), _BAD_INPUT)
        except smp.SmpError as error:
            _fail(str(error), _FAILED)
        except MemoryError:
            _fail("out of memory. Render a --window, or at fewer --px-per-mm.", _FAILED)


def _fail(message: str, code: int) -> None:
    for line in message.splitlines():
        click.echo(f"smpengine: {line}", err=True)
    sys.exit(code)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(smp.__version__, prog_name="smpengine")
def main() -> None:
    """Render scalp micro-pigmentation: a treatment plan in, a healed scalp picture out.

    Start with `smpengine init plan.toml`, then `smpengine render plan.toml -o scalp.png`.
    """


@main.command()
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="Picture to write: .png (8 or 16 bit), .tif (also float), .npy.")  # fmt: skip
@click.option("--output", type=click.Choice(list(OUTPUTS)), default="srgb8", show_default=True,
              help="Kind of pixels.")  # fmt: skip
@click.option("--px-per-mm", type=float, default=None,
              help="Scale; the plan's own, or 40, if not given.")  # fmt: skip
@click.option("--window", type=float, nargs=4, default=None, metavar="X0 Y0 X1 Y1",
              help="Part of the scalp in mm; all of it if not given.")  # fmt: skip
@click.option("--view", type=click.Choice(VIEW_NAMES), default=None,
              help="Show it on a head, from there, and not flat.")  # fmt: skip
@click.option("--day", type=float, default=None,
              help="Of the picture, healed so far; everything settled if not given.")  # fmt: skip
@click.option("--sessions", type=int, default=None, help="Only the first so many sessions.")
@click.option("--fault", "faults", multiple=True, metavar="NAME",
              help="A mistake to show, such as too-deep; repeat it for several.")  # fmt: skip
@click.option("--device", default="auto", show_default=True, help="See `smpengine devices`.")
@click.option(
    "--threads", type=int, default=None, help="Number of threads; the picture is the same."
)
@click.option("--exposure", type=float, default=None, help="Factor on linear light.")
@click.option("--illuminant", default=None, metavar="NAME",
              help="For a table of many bands: D65, D50, A, FL2, FL11 or LED-B3.")  # fmt: skip
@click.option("--impressions", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Dots (.csv, .parquet) to draw instead of the plan's sessions.")  # fmt: skip
@click.option("--save-impressions", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Also write the impressions that were drawn: .csv, .parquet.")  # fmt: skip
@beside_options
@tiled_options
def render(plan: Path, out: Path, output: str, **options: Any) -> None:
    """Render PLAN (TOML or JSON) to a picture."""
    from smpengine.image.write import write_image

    check_tiled(out, output, options)
    beside = Beside.checked(options, out, output)
    if options["faults"] and options["impressions"] is not None:
        _fail("--fault must be left out beside --impressions: it acts on a plan's dots.",
              _BAD_INPUT)  # fmt: skip
    loaded = smp.load_plan(plan).with_faults(*options["faults"])
    scale = options["px_per_mm"]
    scale = loaded.px_per_mm if scale is None else scale
    exposure = options["exposure"]
    exposure = loaded.exposure if exposure is None else exposure
    illuminant = options["illuminant"] or loaded.illuminant
    check_view(options, output, illuminant)
    for note in loaded.notes:
        click.echo(f"note: {note}", err=True)
    when = options["day"], options["sessions"]
    scene = _scene(loaded, options["impressions"], *when, options["threads"])
    if options["save_impressions"] is not None:
        if scene.skin.is_spectral and not scene.impressions.is_flat:
            _fail("--save-impressions: files hold R, G, B, got pigment in the bands of skin.table.",
                  _BAD_INPUT)  # fmt: skip
        smp.write_impressions(options["save_impressions"], scene.impressions)
    metadata = {**scene.provenance, "px_per_mm": scale, "output": output, "exposure": exposure,
                "illuminant": illuminant,
                "window_mm": options["window"], "view": options["view"], "day": options["day"],
                "sessions": options["sessions"]}  # fmt: skip
    if options["tiled"]:
        render_tiles(scene, plan, out, output, metadata, options)
        return
    with progress_bar(f"rendering {plan.name}") as report:
        picture = draw(scene, scale, output, exposure, illuminant, options, report)
    write_image(out, picture, metadata)
    beside.write(scene, out, metadata, options)
    height, width = picture.shape[:2]
    click.echo(f"{out}: {width} x {height} px, {len(scene.impressions):,} impressions")


def _scene(
    plan: Plan,
    impressions: Path | None,
    day: float | None,
    sessions: int | None,
    threads: int | None,
) -> smp.Scene:
    """Return the plan's scene, with impressions from a file if there is one."""
    if impressions is None:
        return plan.scene(day, threads=threads, sessions=sessions)
    columns = smp.read_impressions(impressions)
    if plan.skin.is_spectral and not columns.is_flat:
        remedy = "Give mua_per_mm, the same for all bands."
        _fail(f"{impressions}: pigment must suit the bands of skin.table, got R, G, B. {remedy}",
              _BAD_INPUT)  # fmt: skip
    bare = plan.scene(sessions=0)
    provenance = {**bare.provenance, "impressions": impressions.name}
    return replace(bare, impressions=columns, provenance=provenance)


@main.command()
@click.argument("plan", type=click.Path(path_type=Path))
def validate(plan: Path) -> None:
    """Check PLAN and say what is wrong with it, all at once."""
    loaded = smp.load_plan(plan)
    for note in loaded.notes:
        click.echo(f"note: {note}", err=True)
    count = len(loaded.layers())
    click.echo(f"{plan}: valid, {count} session{'s' if count != 1 else ''}")


@main.command()
def schema() -> None:
    """Print the JSON Schema of a plan, by which editors complete and check it."""
    source = resources.files("smpengine.plan").joinpath("plan.schema.json")
    click.echo(source.read_text(encoding="utf-8"), nl=False)


@main.command("calibrate")
@click.argument("skin", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="Table to write, .json.")  # fmt: skip
@click.option("--photons", type=int, default=1_000_000, show_default=True,
              help="How many a band; errors fall with the root of it.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of their random numbers.")
@click.option("--threads", type=int, default=None, help="Number of threads; the table is the same.")
def calibrate_skin(skin: Path, out: Path, photons: int, seed: int, threads: int | None) -> None:
    """Make the table of SKIN (TOML or JSON): its optical properties, or what it is made of.

    Light transport by Monte Carlo, some ten seconds a band on two cores. A run that is stopped goes
    on where it was: bands that are finished lie in FILE.part until the table is whole.
    """
    from smpengine.calibrate.properties import read_skin
    from smpengine.calibrate.run import calibrate
    from smpengine.files import check_target
    from smpengine.workers import Workers, thread_count

    if out.suffix.lower() != ".json":
        _fail(f"out must end in .json, got {str(out)!r}.", _BAD_INPUT)
    check_target(out)
    if out.resolve() == skin.resolve():
        _fail(f"out must be a file of its own, got {str(out)!r}, the skin itself.", _BAD_INPUT)
    properties = read_skin(skin)
    part = out.with_name(out.name + ".part")
    try:
        with progress_bar(f"transport in {skin.name}", "part") as report:
            workers = Workers(thread_count(threads), progress=report)
            table = calibrate(
                properties, photons, seed, workers, part, lambda line: click.echo(line, err=True)
            )
    except KeyboardInterrupt:
        if part.exists():
            click.echo(f"Finished bands are kept in {part}: the same command goes on.", err=True)
        raise
    table.write(out)
    part.unlink(missing_ok=True)
    click.echo(f'{out}: {len(table.bands)} bands. Use it by table = "{out.name}" in [skin].')


@main.command("devices")
def list_devices() -> None:
    """List what can render here, tested; the first is what `auto` chooses."""
    from smpengine.raster.opencl_platform import unusable

    for device in smp.devices():
        memory = "" if device.memory_bytes is None else f", {device.memory_bytes / 2**30:.1f} GiB"
        click.echo(f"{device.name:12s} {device.kind:10s} {device.description}{memory}")
        if device.driver:
            limits = device.limits
            click.echo(
                f"{'':23s} {device.driver}; {limits['max_alloc_bytes'] / 2**30:.1f} GiB at once, "
                f"{limits['local_bytes'] // 1024} KiB local, groups of {limits['max_work_group']}"
            )
            result = "passed" if device.works else f"FAILED: {device.failure}"
            click.echo(f"{'':23s} self-test {result}")
    for line in unusable():
        click.echo(f"Not usable: {line}", err=True)


@main.command()
@click.argument("plan", type=click.Path(path_type=Path), default=Path("plan.toml"))
@click.option("--force", is_flag=True, help="Write over an existing file.")
def init(plan: Path, force: bool) -> None:
    """Write a commented PLAN to start from (plan.toml if not given)."""
    if plan.exists() and not force:
        _fail(f"{plan} exists. Choose another name, or use --force to write over it.", _BAD_INPUT)
    source = resources.files("smpengine.plan").joinpath("template.toml")
    try:
        with resources.as_file(source) as template:
            shutil.copyfile(template, plan)
    except OSError as error:
        _fail(f"{plan} cannot be written: {error.strerror}.", _FAILED)
    click.echo(f"{plan}: written. Next: smpengine render {plan} -o scalp.png")


@main.command()
@click.argument("scenes", nargs=-1)
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True,
              help="How often each is timed; the median counts.")  # fmt: skip
@click.option(
    "--threads", type=int, default=None, help="Number of threads; all cores if not given."
)
@click.option("--device", default="cpu", show_default=True, metavar="NAME",
              help="Measure this OpenCL device, with Numba beside it.")  # fmt: skip
@click.option("--scale", type=click.FloatRange(0.0, 1.0, min_open=True), default=1.0,
              show_default=True, help="Share of each scene's splats and pixels.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True,
              help="Of the scenes.")  # fmt: skip
@click.option("--peers", is_flag=True, help="Let other libraries draw them too.")
@click.option("--series", is_flag=True,
              help="Measure growth over splats, pixels, sigma and threads too.")  # fmt: skip
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="Write what was measured.")  # fmt: skip
@click.option("--compare", type=click.Path(path_type=Path), nargs=2, default=None,
              metavar="BEFORE AFTER", help="Measure nothing; compare two such files.")  # fmt: skip
def bench(
    scenes: tuple[str, ...],
    runs: int,
    threads: int | None,
    device: str,
    scale: float,
    seed: int,
    peers: bool,
    series: bool,
    json_file: Path | None,
    compare: tuple[Path, Path] | None,
) -> None:
    """Measure the engine on this machine, beside what the machine can do.

    SCENES are sharp, mixed, deep, many, clustered, gigapixel; and plan, healed (with granules) and
    fresh (with blood), whole treatments. The first three and plan if none is given. Each is drawn
    into an array that exists, then with everything fresh, then by a plain Numba loop; the error of
    each stands beside its time. Below are the stages, each as a share of what the machine could do.

    With --device, an OpenCL device draws them: kernels by its own clock, host to host, by stage.
    """
    from smpengine.bench import record
    from smpengine.bench.run import DEFAULT, run
    from smpengine.devices import CPU, REFERENCE, resolve
    from smpengine.workers import thread_count

    if compare is not None:
        click.echo(record.compare(*(record.read(path) for path in compare)))
        return

    def say(line: str) -> None:
        click.echo(line, err=True)

    threads_used = thread_count(threads)
    names, used = scenes or DEFAULT, resolve(device)
    if used == CPU:
        done = run(names, runs, threads_used, scale, seed, peers, say)
    elif used == REFERENCE or peers or series:
        wrong = "--peers and --series" if used != REFERENCE else "--device reference"
        _fail(f"{wrong}: what is measured must be 'cpu', or an OpenCL device alone.", _BAD_INPUT)
    else:
        from smpengine.bench import opencl_run

        done = opencl_run.run(used, names, runs, threads_used, scale, seed, say)
    click.echo(record.describe(done))
    for scene in done.scenes:
        click.echo(record.table(scene))
    if series:
        from smpengine.bench.series import ALL

        for measure in ALL:
            say(f"{measure.__name__} ...")
            done.series.append(measure(threads_used, runs, scale, seed))
            click.echo(record.series_table(done.series[-1]))
    if json_file is not None:
        done.write(json_file)


main.add_command(report_command)
main.add_command(mask_command)
main.add_command(photo_command)
main.add_command(fit_command)
main.add_command(batch_command)
main.add_command(serve_command)

if __name__ == "__main__":
    main()
