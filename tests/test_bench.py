"""`synthrl bench render`: every combination is measured and the ratios are what they say."""

from __future__ import annotations

import importlib.util
import json

import pytest

from synthrl_jax import bench
from synthrl_jax.cli import main

pytestmark = pytest.mark.native

COMBINATIONS = {(rate, threads) for rate in bench.SAMPLE_RATES for threads in bench.THREADS}
QUICK = ["bench", "render", "--count", "6", "--repeats", "1"]


def test_json_report(capsys):
    assert main([*QUICK, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["voices"] == 6
    assert report["peak_memory_mb"] > 10
    ours = [row for row in report["rows"] if row["engine"] == "synthrl"]
    assert {(row["sample_rate"], row["threads"]) for row in ours} == COMBINATIONS
    peers = {r["sample_rate"]: r for r in report["rows"] if r["engine"] == "dexed-py"}
    assert set(peers) == set(bench.SAMPLE_RATES)
    for row in report["rows"]:
        assert row["renders_per_s"] > 0
        assert row["times_real_time"] == pytest.approx(row["renders_per_s"] * bench.LENGTH_S)
        peer = peers[row["sample_rate"]]["renders_per_s"]
        assert row["ratio_to_dexed_py"] == pytest.approx(row["renders_per_s"] / peer)


def test_table_without_dexed_py(capsys, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "dexed" else real(name)
    )
    assert main(QUICK) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.startswith("| synthrl |")]
    assert len(rows) == len(COMBINATIONS)
    assert all(row.endswith("| – |") for row in rows)
    assert not any("dexed-py |" in line for line in lines[2:])


def test_the_fastest_run_counts():
    clock = iter([0.0, 5.0, 10.0, 12.0, 20.0, 29.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.time, "perf_counter", lambda: next(clock))
        assert bench._fastest(lambda: None, 3) == 2.0


def test_missing_voices_are_named(tmp_path, capsys):
    assert main([*QUICK, "--voices", str(tmp_path / "nowhere.syx")]) == 2
    assert "nowhere.syx" in capsys.readouterr().err
