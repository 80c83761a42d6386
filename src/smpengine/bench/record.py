"""What a run measured, on which machine: as JSON, as text, and beside another run."""

from __future__ import annotations

import json
import os
import platform
import statistics
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import smpengine as smp
from smpengine.bench.ceilings import Ceilings, DeviceCeilings
from smpengine.bench.stages import Stage
from smpengine.devices import physical_memory_bytes
from smpengine.errors import InputError, must

FORMAT = 1


@dataclass(frozen=True)
class Timing:
    """One thing that was timed.

    Attributes
    ----------
    name
        What.
    seconds
        Each run.
    worst_error
        Largest error in units of the field's maximum; None if it was not looked at.
    amount, unit
        How much of what it did.
    note
        Why there are no seconds, if there are none.
    """

    name: str
    seconds: list[float]
    worst_error: float | None = None
    amount: float = 0.0
    unit: str = ""
    note: str = ""

    @property
    def median(self) -> float:
        """Median of the runs; not a number without any."""
        return statistics.median(self.seconds) if self.seconds else float("nan")

    @property
    def noise(self) -> float:
        """Half the distance between the quartiles, over the median."""
        if len(self.seconds) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.seconds, n=4)
        return (high - low) / 2.0 / self.median


@dataclass(frozen=True)
class SceneRecord:
    """A scene: how it was timed, and its stages."""

    name: str
    timings: list[Timing]
    stages: list[Stage] = field(default_factory=list)


@dataclass(frozen=True)
class Point:
    """A point of a series: what was varied, seconds (a splat's, over sigma), worst error."""

    x: float
    seconds: float
    worst_error: float


@dataclass(frozen=True)
class Series:
    """How something grows.

    Attributes
    ----------
    name, x_unit, y_unit
        What is varied, and what is measured.
    points
        In order.
    """

    name: str
    x_unit: str
    y_unit: str
    points: list[Point]


@dataclass(frozen=True)
class Record:
    """A whole run: of Numba, or of an OpenCL `device` with Numba beside it."""

    seed: int
    threads: int
    scale: float
    ceilings: Ceilings | DeviceCeilings
    scenes: list[SceneRecord]
    series: list[Series] = field(default_factory=list)
    device: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=lambda: machine())
    versions: dict[str, str] = field(default_factory=lambda: versions())
    date: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    format: int = FORMAT

    def write(self, path: Path) -> None:
        """Write as JSON, all or nothing."""
        text = json.dumps(asdict(self), indent=1)
        part = path.with_name(path.name + ".part")
        try:
            part.write_text(text + "\n", encoding="utf-8")
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise InputError(must("--json", "be a file that can be written", path)) from error


def read(path: Path) -> Record:
    """Read what `Record.write` wrote.

    Raises
    ------
    InputError
        It is no such file.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']}")
        scenes = [
            SceneRecord(
                scene["name"],
                [Timing(**timing) for timing in scene["timings"]],
                [Stage(**stage) for stage in scene["stages"]],
            )
            for scene in data.pop("scenes")
        ]
        series = [
            Series(s["name"], s["x_unit"], s["y_unit"], [Point(**point) for point in s["points"]])
            for s in data.pop("series")
        ]
        rates = (DeviceCeilings if data.get("device") else Ceilings)(**data.pop("ceilings"))
        return Record(scenes=scenes, series=series, ceilings=rates, **data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        rule = "be a file that `smpengine bench --json` wrote"
        raise InputError(must("--compare", rule, f"{path} ({error})")) from error


def machine() -> dict[str, Any]:
    """Return what this machine is."""
    import llvmlite.binding

    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass  # not Linux
    return {
        "processor": name,
        "kind": llvmlite.binding.get_host_cpu_name(),
        "cores": os.cpu_count(),
        "memory_gb": round((physical_memory_bytes() or 0) / 1e9, 1),
        "system": platform.platform(),
    }


def versions() -> dict[str, str]:
    """Return the versions that a time depends on."""
    import llvmlite
    import numba

    return {
        "smpengine": smp.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "llvmlite": llvmlite.__version__,
    }


def describe(record: Record) -> str:
    """Return the machine and its ceilings, as text."""
    m, d = record.machine, record.device
    lines = [
        f"{m['processor']} ({m['kind']}), {m['cores']} cores, {m['memory_gb']} GB; "
        f"{record.threads} threads, seed {record.seed}"
    ]
    if d:
        lines.append(f"device: {d['name']}, {d['memory_gb']} GB, {d['driver']}")
    lines.append(", ".join(f"{name} {version}" for name, version in record.versions.items()))
    lines.append(f"ceilings: {record.ceilings.describe()}")
    return "\n".join(lines)


def table(scene: SceneRecord) -> str:
    """Return a scene as lines of text."""
    lines = [scene.name]
    for timing in scene.timings:
        if not timing.seconds:
            lines.append(f"  {timing.name:34s} {timing.note}")
            continue
        per_s = timing.amount / timing.median
        ratio = timing.median / scene.timings[0].median
        error = "" if timing.worst_error is None else f"  error {timing.worst_error:.1e}"
        lines.append(
            f"  {timing.name:34s} {timing.median * 1e3:10.1f} ms +-{timing.noise:4.0%}"
            f" of {len(timing.seconds)}"
            f" {per_s / 1e6:10.2f} M{timing.unit}/s {ratio:8.1f} x{error}"
        )
    for stage in scene.stages:
        share = "" if stage.share is None else f"{stage.share:6.0%} of {stage.ceiling}"
        rate = f"{stage.per_s / 1e6:10.2f} M{stage.unit}/s" if stage.per_s else ""
        lines.append(f"    {stage.name:40s} {stage.seconds * 1e3:8.1f} ms {rate} {share}".rstrip())
    return "\n".join(lines)


def series_table(series: Series) -> str:
    """Return a series as lines of text."""
    lines = [f"over {series.name} ({series.x_unit})"]
    for point in series.points:
        seconds = point.seconds * (1e9 if series.y_unit != "s" else 1e3)
        unit = "ns a splat" if series.y_unit != "s" else "ms"
        lines.append(f"  {point.x:14,g} {seconds:10.1f} {unit}  error {point.worst_error:.1e}")
    return "\n".join(lines)


def compare(before: Record, after: Record) -> str:
    """Return what changed from one run to another, and whether it is more than noise.

    The two may be of two machines, or of two devices: then their ceilings say what to expect.
    """
    lines = []
    for key in ("machine", "device", "versions"):
        a, b = getattr(before, key), getattr(after, key)
        names = {**a, **b}
        lines += [f"{key}: {n} {a.get(n)} -> {b.get(n)}" for n in names if a.get(n) != b.get(n)]
    rates = asdict(before.ceilings)
    for name, rate in asdict(after.ceilings).items():
        if name in rates:
            ratio = rate / rates[name]
            lines.append(f"ceiling: {name} {rates[name]:.3g} -> {rate:.3g}  {ratio:6.2f} x")
    for key in ("threads", "scale", "seed"):
        a, b = getattr(before, key), getattr(after, key)
        if a != b:
            lines.append(f"{key}: {a} -> {b}; the times do not compare")
    known = {(s.name, t.name): t for s in before.scenes for t in s.timings if t.seconds}
    for scene in after.scenes:
        stages = {s.name: s for b in before.scenes if b.name == scene.name for s in b.stages}
        for timing in scene.timings:
            old = known.get((scene.name, timing.name))
            if old is None or not timing.seconds:
                continue
            ratio, noise = timing.median / old.median, old.noise + timing.noise
            word = (
                "noise" if abs(ratio - 1.0) <= 2.0 * noise else "slower" if ratio > 1 else "faster"
            )
            lines.append(
                f"{scene.name:10s} {timing.name:34s} {old.median * 1e3:10.1f} ->"
                f" {timing.median * 1e3:10.1f} ms  {ratio:6.2f} x +-{noise:4.0%}  {word}"
            )
        for stage in scene.stages:
            was = stages.get(stage.name)
            if was is not None and was.seconds > 0.0:
                lines.append(
                    f"{'':10s}   {stage.name:32s} {was.seconds * 1e3:10.1f} ->"
                    f" {stage.seconds * 1e3:10.1f} ms  {stage.seconds / was.seconds:6.2f} x"
                )
    if not any(scene.name in {s.name for s in before.scenes} for scene in after.scenes):
        lines.append("The two files have no scene in common.")
    return "\n".join(lines)
