"""What the documents say to type is typed, in their order, in one folder; and it works."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_readme_runs_word_for_word(tmp_path: Path) -> None:
    scripts = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    kinds = []
    with ExitStack() as at_the_end:
        for kind, text in BLOCK.findall(README):
            run(kind, text, tmp_path, environment, at_the_end)
            kinds.append(kind)
    assert kinds.count("sh") >= 2
    assert kinds.count("python") >= 4
    assert (tmp_path / "scalp.png").exists()


def run(
    kind: str, text: str, folder: Path, environment: dict[str, str], at_the_end: ExitStack
) -> None:  # fmt: skip
    """Do what a block says; a service runs on, for the blocks behind it."""
    if text.startswith("smpengine serve"):
        service = at_the_end.enter_context(subprocess.Popen(
            shlex.split(text), cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
        ))  # fmt: skip
        at_the_end.callback(service.terminate)
        assert service.stdout is not None
        assert "http://127.0.0.1:8000" in service.stdout.readline()
        return
    if kind == "toml":
        (folder / "plan.toml").write_text(text)
        command = ["smpengine", "validate", "plan.toml"]
    elif kind == "python":
        command = [sys.executable, "-c", text]
    else:
        command = ["bash", "-euc", text]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_links_and_files_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("http") or (ROOT / target).exists(), target
    for target in re.findall(r"`((?:benchmarks|scripts|tests|examples)/[\w/.-]+)`", text):
        assert (ROOT / target).exists(), target


def test_inline_commands_exist() -> None:
    """`smpengine ...` in running text names commands and options that there are."""
    spoken = re.findall(r"`(smpengine [^`\n]+)`", README)
    assert spoken
    for command in spoken:
        words = shlex.split(command)
        help_text = subprocess.run(
            [sys.executable, "-m", "smpengine.cli", words[1], "--help"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        for option in (word for word in words if word.startswith("-")):
            assert option in help_text, command
