"""Compile every kernel for real GPUs, and run every kernel under Oclgrind; print what they say.

Called by scripts/check-kernels, which installs what this needs. Ends with 1 if a kernel spills,
gives less than half of the occupancy, or does what Oclgrind reports.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from smpengine.panel_constants import compose_constants, deposit_constants
from smpengine.panel_opencl_hair import SUMS, hair_constants
from smpengine.panel_opencl_skin import skin_constants
from smpengine.raster.opencl_source import Number, options_for, shape_for, source_of

CLC = Path("/usr/lib/clc")
SCENES = Path(__file__).with_name("oclgrind_scenes.py")
KERNELS = Path(__file__).parents[1] / "kernels"


def variants(lean: bool) -> dict[str, tuple[str, dict[str, Number]]]:
    """Return every program as it is built: name, and constants beyond the common ones.

    `lean` as in `shape_for`: how AMD's waves of 64 are served.
    """
    found: dict[str, tuple[str, dict[str, Number]]] = {
        name: (name, {}) for name in ("select", "settle", "bins", "scan", "sort", "ceilings")
    }
    found["deposits"] = ("deposits", deposit_constants())
    for channels in (1, 2, 3, 6):
        shape = shape_for(channels, 256, lean)
        extra = {"CHANNELS": channels, "ROWS": shape.rows, "STRIPS": shape.strips}
        if not lean or channels <= 3:
            found[f"gaussians x {channels}"] = ("gaussians", extra)
    shape = shape_for(3, 256, lean)
    found["discs"] = ("discs", {"ROWS": shape.rows, "STRIPS": shape.strips})
    shape = shape_for(SUMS, 256, lean)
    found["hairs"] = ("hairs", hair_constants(shape.rows, shape.strips))
    found["skin"] = ("skin", skin_constants())
    for output in ("srgb8", "srgb16", "linear", "absorbance"):
        found[f"compose {output}"] = ("compose", compose_constants(output))
    return found


@dataclass(frozen=True)
class Row:
    """What a compiler says of a kernel on an architecture."""

    program: str
    kernel: str
    arch: str
    registers: int
    spills: int
    stack: int
    local: int
    occupancy: float

    @property
    def good(self) -> bool:
        """No spills, and at least half of the work-items that the device can hold."""
        return self.spills == 0 and self.stack == 0 and self.occupancy >= 0.5


# Work-items, registers, local memory (bytes) and work-groups of a multiprocessor: NVIDIA's CUDA C
# programming guide, compute capabilities.
NVIDIA = {
    "sm_75": (1024, 65536, 65536, 16),
    "sm_86": (1536, 65536, 102400, 16),
    "sm_89": (1536, 65536, 102400, 24),
    "sm_90": (2048, 65536, 233472, 32),
}
AMD = {"gfx906": 10, "gfx1030": 16, "gfx1100": 16}  # waves of a SIMD
WAVES_OF_64 = {"gfx906"}


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:6])} ... failed:\n{done.stderr[-4000:]}")
    return done.stdout + done.stderr


def _clang(
    source: Path, options: list[str], target: str, arch: str, library: Path, out: Path
) -> str:
    _run(
        [
            "clang-16", "-x", "cl", *options, "-target", target, f"-mcpu={arch}"
            if target.startswith("amdgcn") else f"-march={arch}", "-nogpulib", "-O3",
            "-Xclang", "-finclude-default-header", "-Xclang", "-mlink-builtin-bitcode",
            "-Xclang", str(library), "-S", "-o", str(out), str(source),
        ]
    )  # fmt: skip
    return out.read_text(encoding="utf-8")


def nvidia_occupancy(arch: str, registers: int, local: int, group: int) -> float:
    """Return the share of a multiprocessor's work-items that fit."""
    items, register_file, local_file, groups = NVIDIA[arch]
    warps = -(-group // 32)
    by_registers = register_file // (-(-registers * 32 // 256) * 256) // warps
    by_local = local_file // (local + 1024) if local else groups
    fit = min(groups, by_registers, by_local, items // (warps * 32))
    return fit * warps * 32 / items


def nvidia(name: str, source: Path, options: list[str], arch: str, work: Path) -> list[Row]:
    """Compile to PTX by clang and to SASS by ptxas."""
    ptx = work / "kernel.ptx"
    target = "nvptx64--nvidiacl"
    text = _clang(source, options, target, arch, CLC / f"{target}.bc", ptx)
    groups = {}
    for entry in re.finditer(r"\.entry (\w+)\(.*?\{", text, re.S):
        sizes = re.search(r"\.reqntid (\d+), (\d+), (\d+)", entry.group(0))
        groups[entry.group(1)] = int(sizes[1]) * int(sizes[2]) if sizes else 64
    said = _run(["ptxas", f"-arch={arch}", "-v", str(ptx), "-o", str(work / "kernel.cubin")])
    rows = []
    for part in said.split("Compiling entry function '")[1:]:
        kernel = part.split("'")[0]
        stack, stores, loads = (
            int(v) for v in re.search(
                r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", part
            ).groups()  # type: ignore[union-attr]
        )  # fmt: skip
        registers = int(re.search(r"Used (\d+) registers", part)[1])  # type: ignore[index]
        shared = re.search(r"(\d+) bytes smem", part)
        local = int(shared[1]) if shared else 0
        occupancy = nvidia_occupancy(arch, registers, local, groups[kernel])
        rows.append(Row(name, kernel, arch, registers, stores + loads, stack, local, occupancy))
    return rows


def amd(name: str, source: Path, options: list[str], arch: str, work: Path) -> list[Row]:
    """Compile to AMDGCN assembly; LLVM writes registers, spills and waves beside each kernel."""
    text = _clang(
        source, options, "amdgcn--amdhsa", arch, CLC / "amdgcn--amdhsa.bc", work / "kernel.s"
    )
    waves = dict(re.findall(r"; @(\w+)\n(?:(?!; @).)*?; Occupancy: (\d+)", text, re.S))
    rows = []
    for part in text.split("amdhsa.kernels:")[1].split("  - .args:")[1:]:

        def number(key: str, part: str = part) -> int:
            return int(re.search(rf"\.{key}:\s+(\d+)", part)[1])  # type: ignore[index]

        kernel = re.search(r"\.name:\s+(\w+)\s*\n\s+\.private", part)[1]  # type: ignore[index]
        spills = number("vgpr_spill_count") + number("sgpr_spill_count")
        rows.append(
            Row(
                name, kernel, arch, number("vgpr_count"), spills,
                number("private_segment_fixed_size"), number("group_segment_fixed_size"),
                int(waves[kernel]) / AMD[arch],
            )
        )  # fmt: skip
    return rows


def static_table() -> list[Row]:
    """Return what the compilers say of every kernel."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for arch in (*NVIDIA, *AMD):
            compiler = nvidia if arch in NVIDIA else amd
            for name, (program, extra) in variants(arch in WAVES_OF_64).items():
                source = work / "program.cl"
                source.write_text(source_of(program), encoding="utf-8")
                found = compiler(name, source, options_for(extra), arch, work)
                if {row.kernel for row in found} != set(kernels_of(source_of(program))):
                    raise SystemExit(f"{name}, {arch}: the compiler's output is not understood.")
                rows += found
    return rows


def print_table(rows: list[Row]) -> None:
    """Print a line a kernel, a column an architecture: registers, local memory, occupancy."""
    archs = [*NVIDIA, *AMD]
    print("registers / occupancy in %, S: spills or stack; local memory in bytes")
    print(f"{'program':19s} {'kernel':17s} {'local':>6s} " + " ".join(f"{a:>9s}" for a in archs))
    by_kernel: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        by_kernel.setdefault((row.program, row.kernel), {})[row.arch] = row
    for (program, kernel), found in by_kernel.items():
        cells = []
        for arch in archs:
            row = found.get(arch)
            if row is None:
                cells.append(f"{'':9s}")
                continue
            mark = "" if row.good else ("S" if row.spills or row.stack else "!")
            cells.append(f"{row.registers:4d}/{100 * row.occupancy:3.0f}{mark:1s}")
        local = max(row.local for row in found.values())
        print(f"{program:19s} {kernel:17s} {local:6d} " + " ".join(cells))
    bad = [row for row in rows if not row.good]
    print(f"{len(rows)} compiled, {len(bad)} that spill or give less than half of the occupancy")


def oclgrind(*arguments: str) -> tuple[list[str], str]:
    """Run the scenes under Oclgrind; return its reports, and what the scenes printed.

    Oclgrind ends with 0 when it reports. It knows no instruction that LLVM's optimiser may write,
    so kernels are built without.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        command = [
            "oclgrind", "--log", str(log), "--data-races", "--uninitialized", "--max-errors", "50",
            "--build-options", "-cl-opt-disable -DINLINE=",
            sys.executable, "-W", "ignore", str(SCENES), *arguments,
        ]  # fmt: skip
        environment = {**os.environ, "PYOPENCL_NO_CACHE": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        said = log.read_text(encoding="utf-8") if log.exists() else "no log was written"
        if done.returncode:
            raise SystemExit(f"under Oclgrind {SCENES.name} failed:\n{done.stderr[-4000:]}\n{said}")
    return reports_of(said), done.stdout


def reports_of(log: str) -> list[str]:
    """Return each report, its kernel and work-item behind it."""
    blocks = [" ".join(block.split()) for block in log.split("\n\n")]
    return [block for block in blocks if block]


def unseen(printed: str) -> list[str]:
    """Return the kernels that the scenes did not reach."""
    sources = "".join(path.read_text(encoding="utf-8") for path in KERNELS.glob("*.cl"))
    return sorted(set(kernels_of(sources)) - set(printed.split()))


def kernels_of(source: str) -> list[str]:
    """Return the names of the kernels in a source."""
    return re.findall(r"__kernel\b.*?\bvoid (\w+)\(", source, re.S)


def main() -> None:
    """Do what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=("static", "oclgrind", "all"), default="all")
    parser.add_argument("--seed", help="a fault to put into a kernel: race, bounds, uninitialised")
    options = parser.parse_args()
    failed = False
    if options.part != "oclgrind":
        rows = static_table()
        print_table(rows)
        failed |= any(not row.good for row in rows)
    if options.part != "static":
        if shutil.which("oclgrind") is None:
            raise SystemExit("oclgrind is not installed; scripts/check-kernels says how.")
        reports, printed = oclgrind(*([options.seed] if options.seed else []))
        missed = [] if options.seed else unseen(printed)
        print(printed, end="")
        print(f"Oclgrind: {len(reports)} reports; kernels that it did not see: {missed or 'none'}")
        print("\n".join(reports[:20]))
        failed |= bool(reports or missed)
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
