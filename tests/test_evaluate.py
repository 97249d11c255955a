"""`synthrl evaluate`: numbers against a direct computation, honest libraries, what it leaves."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import pathlib
import re
import shutil

import numpy as np
import pytest

from synthrl_jax import (
    assets,
    audio,
    auditions,
    canonical,
    checkpoint,
    data,
    embedding,
    evaluate,
    evaluate_files,
    library,
    prepare,
    presets,
    reward,
    similarity,
)
from synthrl_jax.cli import arguments, main
from synthrl_jax.errors import UserError
from synthrl_jax.render import Renderer, pack_voices, unpack_voices
from synthrl_jax.search import Budget

pytestmark = [pytest.mark.native, pytest.mark.usefixtures("compile_carelessly")]

VOICES = presets.read_sysex(assets.VOICES).voices
OFF_LEVELS = [21 * slot + 16 for slot in range(3)]
"""Output levels of OP6, OP5 and OP4 in an unpacked voice."""
SPLIT: dict = {"kind": "cluster", "seed": 0, "fold": 0}


@pytest.fixture(autouse=True)
def _cache(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Indices that are made on the way go here."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def policy(tiny_run: pathlib.Path) -> checkpoint.LoadedPolicy:
    return checkpoint.load_policy(tiny_run)


@pytest.fixture(scope="module")
def dataset(voices_dataset: pathlib.Path) -> data.Dataset:
    return data.Dataset.open(voices_dataset)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> data.Dataset:
    """Sounds that no DX7 made."""
    out = tmp_path_factory.mktemp("data") / "sounds"
    prepare.prepare_audio(assets.sounds()[:8], out)
    return data.Dataset.open(out)


def task_of(dataset: data.Dataset, *rows: int) -> evaluate.Task:
    return evaluate.make_task(dataset, np.array(rows))


def test_scores_are_those_of_a_direct_computation(
    policy: checkpoint.LoadedPolicy, dataset: data.Dataset
) -> None:
    task = task_of(dataset, 3, 17, 5)
    matches = evaluate.match_by_policy(task, policy)
    scores = evaluate.score(task, matches.voices)

    target = dataset.audio[task.rows]
    found = policy.best_values(target)
    rendered = np.asarray(audio.peak_normalise_render(Renderer().render(found)))
    expected = reward.distances(target, rendered)
    for name, values in expected._asdict().items():
        np.testing.assert_allclose(scores[name], values, rtol=1e-4)
    np.testing.assert_allclose(scores["reward"], reward.reward(expected), rtol=1e-4)
    for name, values in similarity.similarity(target, rendered)._asdict().items():
        np.testing.assert_allclose(scores[name], values, rtol=1e-4)
    assert dataset.values is not None
    values = (dataset.values[task.rows], found)
    true, found = (canonical.canonical_values(v, (60, 85)) for v in values)
    heard = canonical.heard_decisions(true, (60, 85))
    same = policy.action_space.from_values(true) == policy.action_space.from_values(found)
    np.testing.assert_allclose(
        scores["accuracy"], np.sum(same & heard, axis=1) / heard.sum(axis=1), rtol=1e-6
    )
    np.testing.assert_array_equal(matches.renders, 1)


def test_true_voices_are_perfect(dataset: data.Dataset) -> None:
    task = task_of(dataset, 1, 2)
    scores = evaluate.score(task, dataset.voices()[task.rows])
    for name, best in [("reward", 10), ("envelope_correlation", 1), ("f0_error_cents", 0),
                       ("accuracy", 1), ("numerical_error", 0)]:  # fmt: skip
        np.testing.assert_allclose(scores[name], best, atol=1e-5)
    assert np.all(scores["multi_scale_spectral"] < 0.05)


def test_more_guesses_are_never_worse(
    policy: checkpoint.LoadedPolicy, dataset: data.Dataset
) -> None:
    task = task_of(dataset, *range(6))
    one, best = (
        evaluate.score(task, evaluate.match_by_policy(task, policy, count=1 + n).voices)
        for n in (0, 4)
    )
    assert np.all(best["reward"] >= one["reward"])
    assert np.any(best["reward"] > one["reward"])


def test_own_library_shares_no_cluster_with_the_targets(dataset: data.Dataset) -> None:
    # A random split tears clusters apart, so that something has to be left out.
    kind: dict = {**SPLIT, "kind": "random"}
    split = dataset.split(**kind)
    numbers = dataset.cluster.copy()
    numbers[split.train[:3]] = numbers[split.test[:3]]
    torn = dataclasses.replace(dataset, cluster=numbers)
    torn_out = evaluate.make_task(torn, split.test)
    (index,) = evaluate.open_libraries([], torn_out, **kind)
    expected = split.train[~np.isin(numbers[split.train], numbers[split.test])]
    assert len(expected) <= len(split.train) - 3
    np.testing.assert_array_equal(index.voices, dataset.voices()[np.sort(expected)])


@pytest.fixture(scope="module")
def half_muted(tmp_path_factory: pytest.TempPathFactory) -> data.Dataset:
    """Voices that do not hear three of their operators."""
    folder = tmp_path_factory.mktemp("muted")
    voices = unpack_voices(VOICES[:32])
    voices[:, OFF_LEVELS] = 0
    presets.write_bank(folder / "muted.syx", pack_voices(voices))
    prepare.prepare_dexed([folder], folder / "dataset", limit=4)
    return data.Dataset.open(folder / "dataset")


def test_other_libraries_are_rid_of_what_is_or_sounds_nearly_the_same(
    half_muted: data.Dataset, tmp_path: pathlib.Path
) -> None:
    task = task_of(half_muted, 0, 1)
    target = unpack_voices(half_muted.voices()[:1])[0]
    muted, heard = (21 * np.arange(i, i + 3)[:, None] + np.arange(14) for i in (0, 3))
    changed = np.tile(target, (4, 1))
    changed[0, 126:134] ^= 1  # all of the pitch envelope
    changed[1, muted] ^= 1
    changed[2, heard[:, :8]] = 99 - changed[2, heard[:, :8]]  # envelopes
    changed[3, 134] = (changed[3, 134] + 13) % 32  # the algorithm
    differing = np.sum(changed[:, :145] != target[:145], axis=1)
    assert np.all(differing[[1, 2]] > 20) and np.all(differing[[0, 3]] <= 20)
    presets.write_bank(tmp_path / "all.syx", np.resize(pack_voices(changed), (32, 128)))
    (index,) = evaluate.open_libraries([tmp_path], task, **SPLIT)
    np.testing.assert_array_equal(unpack_voices(np.array(index.voices)), changed[2:3])
    with pytest.raises(UserError, match="no voice is left"):
        presets.write_bank(tmp_path / "all.syx", np.resize(pack_voices(changed[:1]), (32, 128)))
        evaluate.open_libraries([tmp_path], task, **SPLIT)
    (index,) = evaluate.open_libraries([tmp_path], task, **SPLIT, near_copies=True)
    np.testing.assert_array_equal(unpack_voices(np.array(index.voices)), changed[:1])


def test_near_copies_may_stay_but_not_the_targets(dataset: data.Dataset) -> None:
    train = np.sort(dataset.split().train)
    doctored = dataclasses.replace(dataset, cluster=np.zeros(len(dataset), np.int32))
    task = task_of(doctored, *train[:3])
    with pytest.raises(UserError, match="no voice is left"):
        evaluate.open_libraries([], task, **SPLIT)
    split = {**SPLIT, "kind": "random"}
    rows = np.sort(doctored.split("random").train)
    (own,) = evaluate.open_libraries([], task, **split, near_copies=True)
    expected = dataset.voices()[rows[~np.isin(rows, task.rows)]]
    np.testing.assert_array_equal(own.voices, expected)


def test_sounds_from_elsewhere_may_be_like_any_voice(
    dataset: data.Dataset, elsewhere: data.Dataset, tmp_path: pathlib.Path
) -> None:
    presets.write_bank(tmp_path / "bank.syx", VOICES[:32])
    task = task_of(elsewhere, 0, 1)
    cartridge, of_dataset = evaluate.open_libraries([tmp_path, dataset.path], task, **SPLIT)
    assert len(cartridge.voices) == 32
    train = np.sort(dataset.split().train)
    np.testing.assert_array_equal(of_dataset.voices, dataset.voices()[train])
    row = embedding.embed(dataset.audio[train[3:4]])[0]
    (found,) = of_dataset.nearest(row, 1)
    assert found.distance < 0.1 and found.place.slot == 4


def test_retrieval_finds_what_is_there(dataset: data.Dataset) -> None:
    task = task_of(dataset, 4, 30)
    everything = library.from_voices(dataset.voices(), dataset.path)
    found = evaluate.match_by_retrieval(task, [everything])
    np.testing.assert_allclose(evaluate.score(task, found.voices)["reward"], 10)
    np.testing.assert_array_equal(found.renders, 1)
    others = everything.keep(~np.isin(np.arange(40), task.rows))
    found = evaluate.match_by_retrieval(task, [others], count=48)
    np.testing.assert_array_equal(found.renders, 38)
    scores = [auditions.make_score(task.heard(i))(np.array(others.voices)) for i in range(2)]
    best = [row[:, 4].max() for row in scores]
    np.testing.assert_allclose(evaluate.score(task, found.voices)["reward"], best, rtol=1e-5)


def test_searches_keep_to_their_budgets_and_repeat(
    policy: checkpoint.LoadedPolicy, dataset: data.Dataset
) -> None:
    task = task_of(dataset, 7, 2)
    libraries = [library.from_voices(dataset.voices()[20:], dataset.path)]
    budgets = [Budget(renders=30), Budget(renders=200), Budget(seconds=0.2), Budget(renders=30)]
    ways = evaluate.make_ways(
        ["search", "policy+search"], budgets, policy=policy, libraries=libraries, seed=3
    )
    names = ["30 renders", "200 renders", "0.2 s"]
    assert [way.name for way in ways] == [
        f"{kind}, {name}" for kind in ("search", "policy+search") for name in names
    ]
    short, long, timed, guessed = evaluate.evaluate(task, ways[:4])
    for evaluation, renders in [(short, 30), (long, 200), (guessed, 30)]:
        np.testing.assert_array_equal(evaluation.matches.renders, renders)
    assert np.all(timed.matches.seconds >= 0.2)
    assert np.mean(long.scores["reward"]) > np.mean(short.scores["reward"])
    again = ways[1].match(task)
    np.testing.assert_array_equal(again.voices, long.matches.voices)
    # A sound is searched for in the same way whatever others are.
    alone = ways[1].match(task_of(dataset, 2))
    np.testing.assert_array_equal(alone.voices[0], long.matches.voices[1])
    assert not np.array_equal(guessed.matches.voices, short.matches.voices)


def test_command_compares_all_ways(
    tiny_run: pathlib.Path,
    elsewhere: data.Dataset,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    arguments_ = [
        "evaluate", "--run", str(tiny_run), "--data", str(elsewhere.path), "--split", "all",
        "--library", str(assets.VOICES), "--matcher", "policy", "retrieval", "search",
        "--budget", "20,60,0.1s", "--guesses", "1,2", "--max", "5", "--examples", "3",
        "--out", str(out), "--json",
    ]  # fmt: skip
    assert main(arguments_) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary == json.loads((out / "metrics.json").read_text())
    ways = ["policy", "policy, best of 2", "retrieval", "retrieval, best of 2",
            "search, 20 renders", "search, 60 renders", "search, 0.1 s"]  # fmt: skip
    assert summary["sounds"] == 5 and [*summary["ways"]] == ways
    assert summary["library"] == [{"path": summary["library"][0]["path"], "voices": 320}]
    rows = list(csv.DictReader((out / "per_sound.csv").read_text().splitlines()))
    assert len(rows) == 35
    table = (out / "tables.md").read_text()
    for way, figures in summary["ways"].items():
        of_way = [row for row in rows if row["way"] == way]
        assert [int(row["row"]) for row in of_way] == [0, 1, 2, 3, 4]
        assert figures["renders"] == np.mean([int(row["renders"]) for row in of_way])
        assert "spec_mae" in figures["metrics"] and "accuracy" not in figures["metrics"]
        for name, interval in figures["metrics"].items():
            values = [float(row[name]) for row in of_way if row[name]]
            assert interval["mean"] == pytest.approx(np.mean(values), rel=1e-4, abs=1e-6)
            assert interval["sounds"] == len(values)
            assert interval["low"] <= interval["mean"] <= interval["high"]
        spec_mae = figures["metrics"]["spec_mae"]
        assert f"| {way} | {spec_mae['mean']:.3f} [{spec_mae['low']:.3f}, " in table
    assert "| *SynthRL-o (paper)* | 0.845 ± .013 | 1.028 ± .018 |" in table
    page = (out / "index.html").read_text()
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)
    assert page.count("<audio") == 3 * (1 + 3)
    assert (out / "trade_off.png").read_bytes().startswith(b"\x89PNG")


def test_examples_are_drawn_not_chosen(dataset: data.Dataset) -> None:
    task = task_of(dataset, *range(10))
    way = evaluate.Way("retrieval", "retrieval", lambda _: pytest.fail("not asked for"))
    voices = dataset.voices()[:10]
    matches = evaluate.Matches(voices, np.ones(10, int), np.ones(10))
    evaluation = evaluate.Evaluation(way, matches, evaluate.score(task, voices))

    def shown(seed: int) -> list[str]:
        examples = evaluate_files._examples(task, [evaluation], 4, seed)
        return [example.title for example in examples]

    assert shown(1) == shown(1) and len({tuple(shown(seed)) for seed in range(5)}) > 1
    assert all(len(set(shown(seed))) == 4 for seed in range(3))


def test_command_needs_no_policy(
    voices_dataset: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    base = ["evaluate", "--data", str(voices_dataset), "--max", "2", "--examples", "1"]
    base.append("--no-policy")
    assert main([*base, "--budget", "20"]) == 0
    printed = capsys.readouterr().out
    assert "| retrieval |" in printed and "| search, 20 renders |" in printed
    page = tmp_path / f"{voices_dataset.name}-test-evaluation" / "index.html"
    assert page.is_file() and "without near-copies of targets" in page.read_text()
    assert main([*base, "--matcher", "policy"]) == 2
    assert "give its --run" in capsys.readouterr().err
    assert main([*base, "--matcher", "search", "--no-library"]) == 2
    assert "--no-library goes with" in capsys.readouterr().err


def test_budgets_are_a_list() -> None:
    assert arguments.budgets("0.3s, 48,steady") == [
        {"seconds": 0.3}, {"renders": 48}, {"patience": arguments.STEADY_RENDERS},
    ]  # fmt: skip
    with pytest.raises(argparse.ArgumentTypeError, match="'soon' is neither"):
        arguments.budgets("1s,soon")


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
    base = ["evaluate", "--run", str(run), "--data", str(voices_dataset), "--examples", "0"]
    for flags, split in [
        ([], dataset.split("random", 5, 3)),
        (["--split-kind", "cluster", "--fold", "1"], dataset.split("cluster", 5, 1)),
        (["--split-seed", "0"], dataset.split("random", 0, 3)),
    ]:
        out = tmp_path / "out"
        assert main([*base, "--split", "valid", "--out", str(out), *flags]) == 0
        rows = csv.DictReader((out / "per_sound.csv").read_text().splitlines())
        assert [int(row["row"]) for row in rows] == list(split.valid)
    capsys.readouterr()


def test_sounds_are_played_as_they_were(
    policy: checkpoint.LoadedPolicy, dataset: data.Dataset, elsewhere: data.Dataset
) -> None:
    protocol = {**dataset.manifest["protocol"], "note": 48, "velocity": 100}
    other = dataclasses.replace(dataset, manifest={**dataset.manifest, "protocol": protocol})
    with pytest.raises(UserError, match=r"played with note 48, but config\.render\.note is 60"):
        evaluate.make_task(other, np.arange(2), policy)
    task = evaluate.make_task(other, np.arange(2))
    assert task.played() == {"note": 48, "velocity": 100, "gate_s": 3.0}
    assert task.heard(1).note == 48
    with pytest.raises(UserError, match=r"velocity 100, but voices are looked up .* with 85"):
        evaluate.match_by_retrieval(task, [])
    assert task_of(elsewhere, 0).played() == {"note": 60, "velocity": 85, "gate_s": 3.0}


def test_bad_choices(
    tiny_run: pathlib.Path, dataset: data.Dataset, elsewhere: data.Dataset, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(UserError, match="split 'some'"):
        evaluate.select_rows(dataset, "some", **SPLIT, limit=0)
    with pytest.raises(UserError, match="made of audio, not of DX7 voices"):
        evaluate.open_libraries([elsewhere.path], task_of(dataset, 0), **SPLIT)
    with pytest.raises(UserError, match="no such run folder"):
        checkpoint.load_policy(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"config\.json is missing"):
        checkpoint.load_policy(tmp_path / "empty")
    checkpoint.write_config(tmp_path / "started", checkpoint.read_config(tiny_run))
    with pytest.raises(UserError, match="no checkpoint yet"):
        checkpoint.load_policy(tmp_path / "started")
