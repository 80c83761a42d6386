"""`smpengine serve`: a plan in the browser, and tiles for other tools."""

from __future__ import annotations

from pathlib import Path

import click

from smpengine.errors import InputError, must

_TOKEN = "SMPENGINE_TOKEN"


@click.command("serve")
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True,
              help="Address; one that other machines reach needs a --token.")  # fmt: skip
@click.option("--port", type=int, default=8000, show_default=True, help="0 for any that is free.")
@click.option("--px-per-mm", type=float, default=None,
              help="Scale of the largest level of tiles; the plan's own if not given.")  # fmt: skip
@click.option("--device", default="auto", show_default=True, help="See `smpengine devices`.")
@click.option("--threads", type=int, default=None, help="Of one picture; all cores if not given.")
@click.option("--memory-mib", type=click.IntRange(64), default=512, show_default=True,
              help="For what is drawn; dots and plans need some more.")  # fmt: skip
@click.option("--most-mpx", type=float, default=16.0, show_default=True,
              help="Largest picture, in millions of pixels.")  # fmt: skip
@click.option("--token", default=None, metavar="TEXT", envvar=_TOKEN,
              help=f"That everyone must bring; also from {_TOKEN}.")  # fmt: skip
@click.option("--allowed-host", "hosts", multiple=True, metavar="NAME",
              help="Another name that the service goes by; repeat it for several.")  # fmt: skip
@click.option("--cors-origin", "origins", multiple=True, metavar="URL",
              help="A site whose pages may ask for things here; * for any.")  # fmt: skip
def serve_command(
    plan: Path,
    host: str,
    port: int,
    px_per_mm: float | None,
    device: str,
    threads: int | None,
    memory_mib: int,
    most_mpx: float,
    token: str | None,
    hosts: tuple[str, ...],
    origins: tuple[str, ...],
) -> None:
    """Show PLAN in the browser, to be looked at and changed; serve tiles to other tools.

    Nothing is written to the disk. Stop it with Ctrl-C.
    """
    import smpengine as smp

    try:
        import fastapi  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        remedy = "pip install 'smpengine[serve]'."
        raise InputError(must("serve", "have FastAPI", "none", remedy=remedy)) from error
    from smpengine.service.app import create_app
    from smpengine.service.limits import Limits
    from smpengine.service.run import check_address, run

    check_address(host, port, token)
    limits = Limits(blocks_mib=memory_mib, most_mpx=most_mpx)
    loaded = smp.load_plan(plan)
    for note in loaded.notes:
        click.echo(f"note: {note}", err=True)
    click.echo(f"{plan}: getting ready (the first time kernels are compiled)", err=True)
    app = create_app(
        loaded, limits=limits, device=device, threads=threads, px_per_mm=px_per_mm, token=token,
        hosts=(host, *hosts), origins=origins,
    )  # fmt: skip

    def ready(bound: int) -> None:
        there = f"[{host}]" if ":" in host else host
        key = "" if token is None else "/?token=..."
        click.echo(f"{plan}: http://{there}:{bound}{key} (Ctrl-C stops it)")

    run(app, host, port, limits, ready)
