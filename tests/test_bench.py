"""`synthrl bench render`: every combination is measured and the ratios are what they say."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

from synthrl_jax import assets, audio, bench, presets
from synthrl_jax.cli import main
from synthrl_jax.render import Renderer

pytestmark = pytest.mark.native

COMBINATIONS = {(rate, threads) for rate in bench.SAMPLE_RATES for threads in bench.THREADS}
SCORED = {(22_050, threads) for threads in bench.THREADS}
QUICK = ["bench", "render", "--count", "6", "--repeats", "1"]


def test_json_report(capsys):
    assert main([*QUICK, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["voices"] == 6
    assert report["peak_memory_mb"] > 10
    rendered = [row for row in report["rows"] if row["work"] == "render"]
    scored = [row for row in report["rows"] if row["work"] == "render + score"]
    told_apart = [row for row in report["rows"] if row["work"] == "fingerprint"]
    assert len(rendered) + len(scored) + len(told_apart) == len(report["rows"])
    assert {(row["sample_rate"], row["threads"]) for row in told_apart} == SCORED
    dexed_py = next(row["renders_per_s"] for row in rendered if row["engine"] == "dexed-py")
    for row in told_apart:
        assert row["ratio_to_dexed_py"] == pytest.approx(row["renders_per_s"] / dexed_py)
    for rows, combinations, peer_name in (
        (rendered, COMBINATIONS, "dexed-py"),
        (scored, SCORED, "dexed-py, librosa"),
    ):
        ours = {(r["sample_rate"], r["threads"]): r for r in rows if r["engine"] == "synthrl"}
        assert ours.keys() == combinations
        peers = {r["sample_rate"]: r for r in rows if r["engine"] == peer_name}
        assert peers.keys() == {rate for rate, _ in combinations}
        assert len(ours) + len(peers) == len(rows)
        for row in rows:
            speed = row["renders_per_s"]
            assert speed > 0
            assert row["times_real_time"] == pytest.approx(speed * bench.LENGTH_S)
            peer = peers[row["sample_rate"]]["renders_per_s"]
            assert row["ratio_to_dexed_py"] == pytest.approx(speed / peer)
            if row["engine"] == "synthrl":
                one = ours[row["sample_rate"], 1]["renders_per_s"]
                assert row["ratio_to_one_thread"] == pytest.approx(speed / one)
    assert all(row["score_ms"] is None for row in rendered)
    assert scored[0]["score_ms"] == report["librosa_score_ms"] > 1
    assert all(np.isfinite(row["score_ms"]) for row in scored)


def test_the_peer_computes_the_same_reward():
    renderer = Renderer(threads=1)
    voices = presets.read_sysex(assets.VOICES).voices[:6]
    sounds = renderer.render(voices)
    target = np.asarray(audio.peak_normalise_target(sounds[:1]))
    expected = renderer.score(voices, renderer.prepare_targets(target))[:, 4]
    features = bench.librosa_features(target[0])
    got = [bench.librosa_score(features, sound) for sound in sounds]
    np.testing.assert_allclose(got, expected, rtol=1e-4)


def test_table_without_dexed_py(capsys, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "dexed" else real(name)
    )
    assert main(QUICK) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if "| synthrl |" in line]
    assert len(rows) == len(COMBINATIONS) + 2 * len(SCORED)
    assert all(row.endswith("| – |") for row in rows)
    assert not any("dexed-py" in line for line in lines[2:])


def test_the_fastest_run_counts():
    clock = iter([0.0, 5.0, 10.0, 12.0, 20.0, 29.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.time, "perf_counter", lambda: next(clock))
        assert bench._fastest(lambda: None, 3) == 2.0


def test_missing_voices_are_named(tmp_path, capsys):
    assert main([*QUICK, "--voices", str(tmp_path / "nowhere.syx")]) == 2
    assert "nowhere.syx" in capsys.readouterr().err
