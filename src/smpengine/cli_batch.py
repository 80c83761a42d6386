"""`smpengine batch`: a sweep to a set of pictures on the disk."""

from __future__ import annotations

from pathlib import Path

import click

from smpengine.errors import InputError, OutputError, must
from smpengine.progress import progress_bar


@click.command("batch")
@click.argument("sweep", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), default=None, metavar="DIR",
              help="Folder of the set; one that holds a part of it is gone on with.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), default=None,
              help="Number of processes; as many as cores if not given.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True,
              help="Of each process; the pictures are the same.")  # fmt: skip
@click.option("--chunk", type=click.IntRange(1), default=1, show_default=True,
              help="Variants that a worker is handed at once; a kill costs those.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), default=None,
              help="Refuse more variants than this; the sweep's own if not given.")  # fmt: skip
@click.option("--dry-run", is_flag=True,
              help="Write nothing: count, and estimate time and disk from a sample.")  # fmt: skip
@click.option("--retry", is_flag=True, help="Try again what failed before.")
@click.option("--quick-check", is_flag=True,
              help="Of what is there look at sizes only, not at checksums.")  # fmt: skip
@click.option("--scheduler", default=None, metavar="ADDRESS",
              help="Render on a Dask cluster, such as tcp://host:8786, or `local`: one of --jobs "
                   "processes that is ended with the set.")  # fmt: skip
def batch_command(
    sweep: Path,
    out: Path | None,
    jobs: int | None,
    threads: int,
    chunk: int,
    limit: int | None,
    dry_run: bool,
    retry: bool,
    quick_check: bool,
    scheduler: str | None,
) -> None:
    """Render SWEEP (TOML or JSON): a plan, and what of it varies, to a set of pictures.

    Files are named by what they show. What is there and whole is not made again, so the same
    command goes on after anything. A variant that fails is in the manifest with its error; the
    exit code is 1 then.
    """
    from smpengine.sets.batch import batch, cores
    from smpengine.sets.sweep import load_sweep

    if out is None and not dry_run:
        raise InputError(must("--out", "be given", "none", remedy="Or use --dry-run."))
    if scheduler not in (None, "local") and jobs is not None:
        remedy = "The cluster has as many workers as it has."
        raise InputError(must("--jobs", "be left out beside --scheduler", jobs, remedy=remedy))
    loaded = load_sweep(sweep, limit)
    if dry_run:
        from smpengine.sets.estimate import estimate

        for line in estimate(loaded, threads).lines(jobs or cores()):
            click.echo(line)
        return
    assert out is not None
    pool = None
    if scheduler is not None:
        from smpengine.sets.dask_pool import DaskPool, LocalDask

        pool = LocalDask(jobs or cores()) if scheduler == "local" else DaskPool(scheduler)
    try:
        with progress_bar(f"rendering {sweep.name}", "picture") as report:
            done = batch(
                loaded, out, jobs=jobs, threads=threads, retry=retry,
                thorough=not quick_check, chunk=chunk, pool=pool, progress=report,
            )  # fmt: skip
    except KeyboardInterrupt:
        click.echo(f"What is made is kept in {out}: the same command goes on.", err=True)
        raise
    finally:
        if pool is not None:
            pool.close()
    from smpengine.sets.estimate import time_text

    if done.strangers:
        click.echo(f"note: {out} also has {done.strangers:,} variants of an earlier sweep, which "
                   "are not in the manifest", err=True)  # fmt: skip
    for line in done.errors:
        click.echo(f"failed: {line}", err=True)
    if done.failed > len(done.errors):
        click.echo(f"failed: and {done.failed - len(done.errors):,} more", err=True)
    kept = f", {done.kept:,} from before" if done.kept else ""
    again = f", {done.damaged:,} of them damaged before" if done.damaged else ""
    click.echo(f"{out}: {done.variants:,} variants, {done.made:,} rendered{again}{kept}, "
               f"{done.failed:,} failed; sharing spared {time_text(done.spared_s)}")  # fmt: skip
    if done.failed:
        remedy = f"See column error of {out / 'manifest.parquet'}; --retry tries them again."
        raise OutputError(f"{done.failed:,} of {done.variants:,} variants failed. {remedy}")
