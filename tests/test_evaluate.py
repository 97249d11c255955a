"""`synthrl evaluate`: its numbers against a direct computation, and what it leaves."""

from __future__ import annotations

import csv
import dataclasses
import json
import pathlib
import re
import shutil

import numpy as np
import pytest

from synthrl_jax import audio, checkpoint, data, environment, evaluate, losses, reward
from synthrl_jax.cli import main
from synthrl_jax.errors import UserError
from synthrl_jax.render import Renderer

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def policy(tiny_run: pathlib.Path) -> checkpoint.LoadedPolicy:
    return checkpoint.load_policy(tiny_run)


def test_scores_are_those_of_a_direct_computation(
    policy: checkpoint.LoadedPolicy, voices_dataset: pathlib.Path
) -> None:
    dataset = data.Dataset.open(voices_dataset)
    rows = np.array([3, 17, 5])
    stage = environment.make_environment(policy.config, policy.action_space)
    result = evaluate.evaluate(policy, stage, dataset, rows)

    target = dataset.audio[rows]
    action = policy.best_actions(target)
    rendered = Renderer().render(policy.action_space.to_values(action))
    expected = reward.distances(target, audio.peak_normalise_render(rendered))
    np.testing.assert_array_equal(result.action, action)
    for name, values in expected._asdict().items():
        np.testing.assert_allclose(result.scores[name], values, rtol=1e-4)
    np.testing.assert_allclose(result.scores["reward"], reward.reward(expected), rtol=1e-4)
    assert dataset.values is not None
    true = policy.action_space.from_values(dataset.values[rows])
    heard = losses.audible_decisions(policy.action_space.spec, true) > 0
    expected_accuracy = np.sum((action == true) & heard, axis=1) / heard.sum(axis=1)
    np.testing.assert_allclose(result.scores["accuracy"], expected_accuracy, rtol=1e-6)


def test_more_guesses_are_never_worse(
    policy: checkpoint.LoadedPolicy, voices_dataset: pathlib.Path
) -> None:
    dataset = data.Dataset.open(voices_dataset)
    rows = np.arange(6)
    stage = environment.make_environment(policy.config, policy.action_space)
    one = evaluate.evaluate(policy, stage, dataset, rows)
    best = evaluate.evaluate(policy, stage, dataset, rows, num_samples=4)
    assert np.all(best.scores["reward"] >= one.scores["reward"])
    assert np.any(best.scores["reward"] > one.scores["reward"])
    rendered = audio.peak_normalise_render(stage.render(best.action))
    again = reward.reward(reward.distances(dataset.audio[rows], rendered))
    np.testing.assert_allclose(best.scores["reward"], again, rtol=1e-4)


def test_command_leaves_numbers_and_a_page(
    tiny_run: pathlib.Path,
    voices_dataset: pathlib.Path,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = main(
        ["evaluate", "--run", str(tiny_run), "--data", str(voices_dataset), "--split", "all",
         "--max", "35", "--out", str(tmp_path), "--json"]
    )  # fmt: skip
    assert status == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary == json.loads((tmp_path / "metrics.json").read_text())
    assert summary["sounds"] == 35
    rows = list(csv.DictReader((tmp_path / "per_sound.csv").read_text().splitlines()))
    assert len(rows) == 35
    for name, interval in summary["metrics"].items():
        mean = np.mean([float(row[name]) for row in rows])
        assert interval["mean"] == pytest.approx(mean, rel=1e-4)
        assert interval["low"] <= interval["mean"] <= interval["high"]
    page = (tmp_path / "index.html").read_text()
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)
    assert page.count("<audio") == 2 * 12
    assert "SynthRL-i" in page


def test_the_split_is_that_of_the_training(
    tiny_run: pathlib.Path,
    voices_dataset: pathlib.Path,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    config = checkpoint.read_config(run)
    config.data.update(split="random", split_seed=5, fold=3)
    checkpoint.write_config(run, config)
    dataset = data.Dataset.open(voices_dataset)
    arguments = ["evaluate", "--run", str(run), "--data", str(voices_dataset)]
    for flags, split in [
        ([], dataset.split("random", 5, 3)),
        (["--split-kind", "cluster", "--fold", "1"], dataset.split("cluster", 5, 1)),
        (["--split-seed", "0"], dataset.split("random", 0, 3)),
    ]:
        out = tmp_path / "out"
        assert main([*arguments, "--split", "valid", "--out", str(out), *flags]) == 0
        rows = csv.DictReader((out / "per_sound.csv").read_text().splitlines())
        assert [int(row["row"]) for row in rows] == list(split.valid)
    capsys.readouterr()


def test_presets_played_otherwise_are_refused(
    policy: checkpoint.LoadedPolicy, voices_dataset: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    dataset = data.Dataset.open(voices_dataset)
    other = dataclasses.replace(
        dataset, manifest={**dataset.manifest, "protocol": {"note": 48, "velocity": 85}}
    )
    with pytest.raises(UserError, match=r"played with note 48, but config\.render\.note is 60"):
        evaluate.evaluate_run(
            policy, other, np.arange(2), tmp_path, num_samples=0, seed=0, description={}
        )


def test_bad_choices(
    tiny_run: pathlib.Path, voices_dataset: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    dataset = data.Dataset.open(voices_dataset)
    with pytest.raises(UserError, match="split 'some'"):
        evaluate.select_rows(dataset, "some", kind="cluster", seed=0, fold=0, limit=0)
    with pytest.raises(UserError, match="no such run folder"):
        checkpoint.load_policy(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"config\.json is missing"):
        checkpoint.load_policy(tmp_path / "empty")
    checkpoint.write_config(tmp_path / "started", checkpoint.read_config(tiny_run))
    with pytest.raises(UserError, match="no checkpoint yet"):
        checkpoint.load_policy(tmp_path / "started")
