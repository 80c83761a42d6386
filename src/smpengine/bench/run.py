"""Run scenes: ours with an array to write into and with everything fresh, and others beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

import smpengine as smp
from smpengine.bench import ceilings as machine
from smpengine.bench import scenes
from smpengine.bench.ceilings import Ceilings
from smpengine.bench.peers import PEERS, Peer
from smpengine.bench.record import Record, SceneRecord, Timing
from smpengine.bench.scenes import Splats
from smpengine.bench.stages import rasterise_stages, render_stages

Say = Callable[[str], None]
_HAIR = {"length_mm": 0.5, "whorl_mm": [90.0, 165.0]}
PLANS: dict[str, dict[str, object]] = {
    "plan": {"healing": {"granularity": 0.0, "faint_share": 0.0, "blown_share": 0.0}},
    "healed": {},
    "fresh": {},
    "hair": {"hair": _HAIR},
    "complexion": {"skin": {"complexion": {}}, "light": {}},
    "full": {"hair": _HAIR, "skin": {"complexion": {}}, "light": {}},
}
"""Whole treatments, and what they add to a plan: even discs; granules; the day after, with blood;
granules and a buzz cut; granules in uneven skin under a lamp; all of that."""
DEFAULT = ("sharp", "mixed", "deep", "plan")
PLAN_PX_PER_MM = 40.0
_PATIENCE_S = 20.0  # a way that has taken this long is not run again
PLAN_EXTENT_MM = (180.0, 220.0)


def seconds_of(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def check_names(names: Sequence[str]) -> None:
    """Complain of a name before anything is measured.

    Raises
    ------
    InputError
        There is no such scene.
    """
    for name in names:
        if name not in PLANS:
            scenes.recipe_for(name)


def run(
    names: Sequence[str], runs: int, threads: int, scale: float, seed: int, peers: bool, say: Say
) -> Record:
    """Measure the machine and the named scenes.

    Parameters
    ----------
    names
        Of `scenes.RECIPES`, or of `PLANS`.
    runs
        How often; the median counts. One more comes first and does not.
    threads, seed
        Of ours.
    scale
        Share of each scene's splats and pixels.
    peers
        Whether other libraries draw the scenes too; the plain loop always does.
    say
        Called with a line whenever something is done.
    """
    check_names(names)
    ceilings = machine.measure(threads)
    record = Record(seed, threads, scale, ceilings, [])
    for name in names:
        say(f"{name} ...")
        if name in PLANS:
            record.scenes.append(plan_scene(name, runs, threads, scale, seed))
        else:
            splats = scenes.make(scenes.recipe_for(name, scale), seed)
            record.scenes.append(splat_scene(name, splats, runs, threads, ceilings, peers))
    return record


def splat_scene(
    name: str, splats: Splats, runs: int, threads: int, ceilings: Ceilings, peers: bool
) -> SceneRecord:
    """Time a scene of splats: all ways in turn, so that what disturbs one disturbs all."""
    shape, origin = splats.recipe.shape, splats.recipe.origin_px
    out = np.zeros((*shape, splats.peak.shape[1]), np.float32)

    def reused() -> None:
        smp.rasterise(*splats.columns, shape, origin, out=out, threads=threads)

    def fresh() -> None:
        smp.rasterise(*splats.columns, shape, origin, threads=threads)

    ways: list[tuple[str, Callable[[], object]]] = [("smpengine, out=", reused),
                                                    ("smpengine, fresh", fresh)]  # fmt: skip
    used = [peer for peer in PEERS if peers or peer is PEERS[0]]
    notes = {peer.name: reason for peer in used if (reason := peer.why_not())}
    factors, errors = {}, {}
    for peer in used:
        if peer.name in notes:
            continue
        try:
            draw, factors[peer.name], errors[peer.name] = _ready(peer, splats)
        except Exception as error:  # a peer's own trouble must not end the benchmark
            notes[peer.name] = f"failed: {type(error).__name__}: {str(error).splitlines()[0]}"
            continue
        ways.append((peer.name, draw))
    times: dict[str, list[float]] = {way: [] for way, _ in ways}
    for _, call in ways[:2]:  # compiles; peers have drawn once already
        call()
    for _ in range(runs):
        for way, call in ways:
            if sum(times[way]) <= _PATIENCE_S:  # runs are counted beside the time
                times[way].append(seconds_of(call) * factors.get(way, 1.0))
    errors["smpengine, out="] = scenes.worst_error(out, splats)
    timings = [
        Timing(way, times[way], errors.get(way), float(splats.count), "splats") for way, _ in ways
    ]
    timings += [Timing(way, [], note=note) for way, note in notes.items()]
    stages = rasterise_stages(splats, threads, runs, ceilings)
    return SceneRecord(name, timings, stages)


def _ready(peer: Peer, splats: Splats) -> tuple[Callable[[], object], float, float]:
    """Return what draws a scene by a peer, what its time is to be multiplied by, and its error."""
    fewer = splats
    if splats.count > peer.most_splats:
        keep = slice(peer.most_splats)
        x, y, sigma, peak = splats.columns
        fewer = Splats(
            x[keep],
            y[keep],
            sigma[keep],
            peak[keep],
            replace(splats.recipe, splats=peer.most_splats),
        )
    draw = peer.prepare(fewer)
    field = draw()
    if peer.mass:
        mass = 1.0 / (2.0 * np.pi * fewer.sigma_px[:, None] ** 2)
        fewer = replace(fewer, peak=mass.astype(np.float32))
    return draw, splats.count / fewer.count, scenes.worst_error(field, fewer)


def planned(name: str, scale: float, seed: int) -> Callable[[], smp.Scene]:
    """Return what places, and heals, a scene of `PLANS`."""
    extent = [edge * scale**0.5 for edge in PLAN_EXTENT_MM]
    plan = smp.Plan.from_dict(
        {"version": 1, "seed": seed, "treatment": "strong", "scalp": {"extent_mm": extent},
         **PLANS[name]}
    )  # fmt: skip
    day = plan.sessions[-1].day + 1.0 if name == "fresh" else None
    return lambda: plan.scene(day)


def plan_error(scene: smp.Scene, device: str) -> float:
    """Return how far a window from the middle of a scene is from the reference, relative."""
    x_mm, y_mm = (edge / 2.0 for edge in scene.extent_mm)
    window = (x_mm, y_mm, x_mm + 1.5, y_mm + 1.5)
    ours = smp.render(scene, PLAN_PX_PER_MM, window, "linear", device)
    want = smp.render(scene, PLAN_PX_PER_MM, window, "linear", "reference")
    return float(np.abs(ours - want).max() / want.max())


def plan_scene(name: str, runs: int, threads: int, scale: float, seed: int) -> SceneRecord:
    """Time a whole treatment, from the plan to the picture."""
    place = planned(name, scale, seed)
    scene = place()
    picture = smp.render(scene, PLAN_PX_PER_MM, threads=threads)
    times: dict[str, list[float]] = {"render, srgb8": [], "placement": []}
    out = np.empty_like(picture)
    for _ in range(runs):
        call = lambda: smp.render(scene, PLAN_PX_PER_MM, threads=threads, out=out)  # noqa: E731
        times["render, srgb8"].append(seconds_of(call))
        times["placement"].append(seconds_of(place))
    error = plan_error(scene, "cpu")
    pixels = float(picture.shape[0] * picture.shape[1])
    timings = [
        Timing("render, srgb8", times["render, srgb8"], error, pixels, "px"),
        Timing("placement", times["placement"], None, float(len(scene.impressions)), "dots"),
    ]
    return SceneRecord(name, timings, render_stages(scene, PLAN_PX_PER_MM, min(runs, 3)))
