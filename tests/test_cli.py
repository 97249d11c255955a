"""The `synthrl` command as a newcomer meets it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from synthrl_jax import __version__
from synthrl_jax.cli import COMMANDS, main


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert f"usage: synthrl {command}" in text
    assert f"synthrl {command} " in text.split("options:")[0].split("\n\n", 1)[1]


def test_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    overview = capsys.readouterr().out
    assert all(f"  {name} " in overview for name in COMMANDS)


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sing"]) == 2
    assert "no command 'sing'" in capsys.readouterr().err


def test_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "synthrl_jax", "--version"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == f"synthrl {__version__}\n"
