"""Training sounds without end: kinds of voices, notes, labels, and exact repetition."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pytest

from synthrl_jax import assets, canonical, data, endless, presets, pseudo_labels, search
from synthrl_jax.actions import ActionSpace
from synthrl_jax.cli import main
from synthrl_jax.endless import Notes, Shares, VoiceSource
from synthrl_jax.errors import UserError
from synthrl_jax.render import Renderer, unpack_voices
from synthrl_jax.synths.dx7 import SPEC

SPACE = ActionSpace(SPEC)
ALGORITHM = 134


@pytest.fixture(scope="module")
def bank() -> np.ndarray:
    return presets.load_voices([assets.VOICES]).voices


def _operators(voices: np.ndarray) -> np.ndarray:
    return unpack_voices(voices)[:, :126].reshape(len(voices), 6, 21)


def test_without_shares_all_voices_are_real(bank: np.ndarray) -> None:
    drawn = VoiceSource(bank, Shares()).draw(np.random.default_rng(0), 50)
    known = {voice.tobytes() for voice in bank}
    assert all(voice.tobytes() in known for voice in drawn)


@pytest.mark.parametrize("kind", ["mutated", "crossed", "interpolated", "prior", "reordered"])
def test_each_kind_makes_new_voices_within_range(kind: str, bank: np.ndarray) -> None:
    drawn = VoiceSource(bank, Shares(**{kind: 1.0})).draw(np.random.default_rng(1), 60)
    known = {voice[:118].tobytes() for voice in bank}
    new = sum(voice[:118].tobytes() not in known for voice in drawn)
    assert new > 30  # two operators that change places may be equal
    values = presets.to_values(drawn)
    np.testing.assert_array_equal(presets.from_values(values, [""] * 60)[:, :118], drawn[:, :118])


def test_reordered_voices_have_the_operators_of_a_real_one(bank: np.ndarray) -> None:
    drawn = VoiceSource(bank, Shares(reordered=1.0)).draw(np.random.default_rng(2), 30)
    known = {tuple(sorted(map(bytes, operators))) for operators in _operators(bank)}
    assert all(tuple(sorted(map(bytes, operators))) in known for operators in _operators(drawn))


def test_the_prior_takes_every_operator_from_a_voice_of_the_algorithm(bank: np.ndarray) -> None:
    drawn = VoiceSource(bank, Shares(prior=1.0)).draw(np.random.default_rng(3), 30)
    of_bank, of_drawn = unpack_voices(bank)[:, ALGORITHM], unpack_voices(drawn)[:, ALGORITHM]
    for algorithm, operators in zip(of_drawn, _operators(drawn), strict=True):
        donors = _operators(bank[of_bank == algorithm])
        for place in range(6):
            assert np.any(np.all(donors[:, place] == operators[place], axis=1))


def test_shares_must_leave_room() -> None:
    with pytest.raises(ValueError, match="at most 1"):
        Shares(mutated=0.7, prior=0.5)
    with pytest.raises(ValueError, match="0 or more"):
        Shares(mutated=-0.1)


def test_notes_are_the_protocol_or_within_their_ranges() -> None:
    notes = Notes(varied=0.5, note=(40, 50), velocity=(20, 30), gate_s=(0.5, 1.0))
    played = notes.draw(np.random.default_rng(0), 400, (60.0, 85.0, 3.0))
    usual = np.all(played == np.float32([60, 85, 3]), axis=1)
    assert 150 < usual.sum() < 250
    other = played[~usual]
    assert np.all((other >= [40, 20, 0.5]) & (other <= [50, 30, 1.0]))
    np.testing.assert_array_equal(other[:, :2], np.rint(other[:, :2]))


def _loader(bank: np.ndarray, **changes: object) -> data.Loader:
    arguments: dict = {
        "renderer": Renderer("dexed"),
        "action_space": SPACE,
        "protocol": (60.0, 85.0, 3.0),
        "seed": 7,
        **changes,
    }
    notes = arguments.pop("notes", Notes(varied=0.5))
    source = VoiceSource(bank, Shares(mutated=0.3, prior=0.2))
    return endless.make_endless_loader(source, notes, 6, **arguments)


@pytest.mark.native
def test_notes_that_are_not_varied_are_those_of_the_protocol(bank: np.ndarray) -> None:
    batch = next(_loader(bank, notes=Notes(), protocol=(48.0, 100.0, 1.0)))
    np.testing.assert_array_equal(batch.played, np.tile(np.float32([48, 100, 1]), (6, 1)))


@pytest.mark.native
def test_a_batch_is_what_its_labels_play(bank: np.ndarray) -> None:
    batch = next(_loader(bank, labels="canonical"))
    assert batch.audio.shape == (6, data.NUM_SAMPLES)
    sounding = batch.mask > 0
    np.testing.assert_allclose(np.abs(batch.audio[sounding]).max(axis=1), 1.0)
    # Where all classes are native steps, the action is the voice.
    values = SPACE.to_values(np.asarray(batch.action))
    note, velocity, gate_s = np.asarray(batch.played).T
    again = Renderer("dexed").render(values, note=note, velocity=velocity, gate_s=gate_s)
    again /= np.maximum(np.abs(again).max(axis=1, keepdims=True), 1e-9)
    levels = [np.sqrt(np.mean(x[sounding] ** 2)) for x in (batch.audio, again)]
    assert levels[0] == pytest.approx(levels[1], rel=0.5)
    heard = canonical.heard_decisions(values)
    assert np.mean(heard == (batch.heard > 0)) > 0.97


@pytest.mark.native
def test_batches_depend_on_seed_and_number_alone(bank: np.ndarray) -> None:
    loader = _loader(bank)
    next(loader)
    state = json.loads(json.dumps(loader.get_state()))
    wanted = next(loader)
    resumed = _loader(bank, renderer=Renderer("dexed", threads=1))
    resumed.set_state(state)
    for a, b in zip(wanted, next(resumed), strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.any(next(_loader(bank, seed=8)).action != next(_loader(bank)).action)


@pytest.fixture(scope="module")
def labelled(
    voices_dataset: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> pathlib.Path:
    """Recordings, some of them with voices that were found for them."""
    from synthrl_jax import prepare

    path = tmp_path_factory.mktemp("labelled") / "recordings"
    prepare.prepare_audio([assets.SOUNDS], path, limit=12)
    command = ["label", str(path), "--voices", str(voices_dataset), "--renders", "20"]
    assert main(command) == 0
    return path


@pytest.mark.native
def test_labels_are_found_for_what_may_be_learnt_from(labelled: pathlib.Path) -> None:
    dataset = data.Dataset.open(labelled)
    found = pseudo_labels.PseudoLabels.open(dataset)
    split = dataset.split()
    assert found.found[split.train].all() and found.found[split.valid].all()
    assert not found.found[split.test].any()
    row = int(split.train[0])
    renderer = Renderer("dexed")
    targets = renderer.prepare_targets(dataset.audio[[row]])
    scores = renderer.score(found.voices[row, :1], targets)
    np.testing.assert_array_equal(scores[0], found.scores[row, 0])
    rewards = found.scores[split.train, :, search.REWARD]
    assert np.all(np.diff(rewards, axis=1) <= 0)


@pytest.mark.native
def test_labelling_goes_on_where_it_was_stopped(
    labelled: pathlib.Path, voices_dataset: pathlib.Path
) -> None:
    path = labelled / pseudo_labels.SCORES
    scores = np.load(path)
    row = int(data.Dataset.open(labelled).split().train[2])
    cut = scores.copy()
    cut[row] = -np.inf
    np.save(path, cut)
    main(["label", str(labelled), "--voices", str(voices_dataset), "--renders", "20"])
    np.testing.assert_array_equal(np.load(path), scores)


@pytest.mark.native
def test_labels_of_another_recipe_are_not_mixed(
    labelled: pathlib.Path, voices_dataset: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["label", str(labelled), "--voices", str(voices_dataset), "--renders", "30"]
    assert main(command) == 2
    assert "other settings" in capsys.readouterr().err


@pytest.mark.native
def test_sounds_from_elsewhere_are_mixed_in(labelled: pathlib.Path, bank: np.ndarray) -> None:
    dataset = data.Dataset.open(labelled)
    found = pseudo_labels.PseudoLabels.open(dataset)
    rows = dataset.split().train
    elsewhere = endless.Elsewhere(dataset, rows, found)
    batch = next(_loader(bank, elsewhere=elsewhere, elsewhere_share=0.5))
    known = {sound[:4000].tobytes() for sound in dataset.audio[rows]}
    assert [sound[:4000].tobytes() in known for sound in batch.audio] == [False] * 3 + [True] * 3
    np.testing.assert_array_equal(batch.played[3:], np.tile(np.float32([60, 85, 3]), (3, 1)))


def test_a_dataset_without_found_voices_says_so(voices_dataset: pathlib.Path) -> None:
    with pytest.raises(UserError, match="synthrl label"):
        pseudo_labels.PseudoLabels.open(data.Dataset.open(voices_dataset))
