"""The `synthrl` command as a newcomer meets it."""

from __future__ import annotations

import json
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


@pytest.mark.native
def test_bench_compares_with_dexed_py(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "render", "--count", "10", "--repeats", "1", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert len(report["rows"]) == 6
    for row in report["rows"]:
        assert row["renders_per_s"] > 0 and row["ratio_to_dexed_py"] > 0
        assert row["times_real_time"] == pytest.approx(4 * row["renders_per_s"])
    assert main(["bench", "render", "--count", "5", "--repeats", "1"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].count("|") == table[2].count("|") == 7
