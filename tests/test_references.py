"""Voices to begin from: which they are, how they are told, and what a policy makes of them."""

from __future__ import annotations

import dataclasses
import json
import pathlib

import jax
import numpy as np
import pytest

from configs import pretrain
from synthrl_jax import assets, checkpoint, data, embedding, guesses, presets, references, trainer
from synthrl_jax.actions import ActionSpace, no_reference
from synthrl_jax.endless import (
    EndlessReferences,
    Notes,
    Shares,
    VoiceSource,
    make_endless_loader,
)
from synthrl_jax.errors import UserError
from synthrl_jax.references import References
from synthrl_jax.render import Renderer, pack_voices, unpack_voices
from synthrl_jax.synths.dx7 import SPEC

pytestmark = pytest.mark.usefixtures("compile_carelessly")

SPACE = ActionSpace(SPEC)
TRANSPOSE = 144


@pytest.fixture(scope="module")
def dataset(voices_dataset: pathlib.Path) -> data.Dataset:
    return data.Dataset.open(voices_dataset)


@pytest.fixture(scope="module")
def bank() -> np.ndarray:
    return presets.load_voices([assets.VOICES]).voices


def test_the_nearest_are_those_of_the_exact_comparison(dataset: data.Dataset) -> None:
    rows = embedding.embed(dataset.audio[:])
    itself = np.arange(len(rows))
    found = embedding.nearest(rows, rows, 3, (itself, itself))
    for i, near in enumerate(found):
        exact = embedding.distances(rows, rows[i])
        exact[i] = np.inf
        np.testing.assert_array_equal(near, np.argsort(exact, kind="stable")[:3])


def test_near_copies_are_no_references(dataset: data.Dataset) -> None:
    rows = np.arange(len(dataset))
    # Two clusters, as if the first half of all voices were nearly the same.
    cluster = np.where(rows < len(rows) // 2, 0, rows).astype(np.int32)
    doctored = dataclasses.replace(dataset, cluster=cluster)
    found = references.find_references(doctored, rows[::-1], doctored, rows)
    for row, near in zip(rows[::-1], found.nearest, strict=True):
        assert np.all(cluster[near] != cluster[row])
    voices, there = found.best(np.array([0, 3]))
    assert there.all()
    np.testing.assert_array_equal(voices, found.voices[found.nearest[[0, 3], 0]])
    # A sound from elsewhere may have any voice, its very own as well.
    library = data.Dataset(
        dataset.path / ".", dataset.manifest, dataset.audio, dataset.values, cluster
    )
    other = data.Dataset(
        dataset.path.parent / "other", dataset.manifest, dataset.audio, None, cluster
    )
    found = references.find_references(other, rows, library, rows)
    np.testing.assert_array_equal(found.nearest[:, 0], rows)


def test_few_voices_leave_places_empty(dataset: data.Dataset) -> None:
    rows = np.arange(3)
    lonely = dataclasses.replace(dataset, cluster=np.zeros(len(dataset), np.int32))
    found = references.find_references(lonely, rows, lonely, rows)
    assert np.all(found.nearest == -1)
    assert not found.best(rows)[1].any()
    assert not found.draw(np.random.default_rng(0), rows)[1].any()


def test_a_reference_sounds_as_its_preset_and_action_say(bank: np.ndarray) -> None:
    played = np.array([[60, 85, 3.0], [48, 110, 1.0], [60, 85, 3.0]], np.float32)
    renderer = Renderer()
    there = np.array([True, True, False])
    made = references.make_reference(
        bank[:3], there, played, renderer=renderer, action_space=SPACE, labels="at_note"
    )
    note, velocity, gate_s = played.T
    sound = renderer.render(
        made.values[:2], note=note[:2], velocity=velocity[:2], gate_s=gate_s[:2]
    )
    sound /= np.max(np.abs(sound), axis=1, keepdims=True)
    np.testing.assert_allclose(made.audio[:2], sound, atol=1e-6)
    np.testing.assert_array_equal(made.action[:2], SPACE.from_values(made.values[:2]))
    assert np.all(made.action[2] == -1) and np.all(np.isnan(made.values[2]))


def test_decisions_taken_over_keep_their_exact_value() -> None:
    near = np.random.default_rng(0).uniform(size=(2, SPEC.num_values)).astype(np.float32)
    action = SPACE.from_values(near)
    level = SPEC.decision_index("OP3 EG RATE 2")
    action[0, level] = (action[0, level] + 1) % SPEC.class_counts[level]
    values = SPACE.to_values(action, near)
    kept = np.ones(SPEC.num_decisions, bool)
    kept[level] = False
    where = SPEC.value_index
    np.testing.assert_array_equal(values[0, where][kept], near[0, where][kept])
    np.testing.assert_array_equal(values[1, where], near[1, where])
    plain = SPACE.to_values(action)
    assert values[0, where][level] == plain[0, where][level]
    nothing = no_reference((2, 8), SPACE).values
    np.testing.assert_array_equal(SPACE.to_values(action, nothing), plain)


def test_octaves_of_transposition_become_ratios(bank: np.ndarray) -> None:
    unpacked = unpack_voices(presets.without_transposition(bank[:40]))
    unpacked[:, TRANSPOSE] += 12
    up = pack_voices(unpacked)
    changed = presets.with_ratios_transposed(up)
    assert np.all(unpack_voices(changed)[:, TRANSPOSE] == 24)
    # Ratios of up to 15 can be doubled; key scaling, which follows the transposed key, is left out.
    operators = unpacked[:, :126].reshape(40, 6, 21)
    can = np.all(operators[:, :, 18] <= 15, axis=1)
    doubled = unpack_voices(changed)[:, :126].reshape(40, 6, 21)[can]
    old = operators[can]

    def ratio(ops: np.ndarray) -> np.ndarray:
        return np.where(ops[:, :, 18] == 0, 0.5, ops[:, :, 18]) * (1 + ops[:, :, 19] / 100)

    follows = old[:, :, 17] == 0
    assert can.sum() > 10
    np.testing.assert_allclose(ratio(doubled)[follows], 2 * ratio(old)[follows], rtol=3e-3)
    same = np.delete(np.arange(21), [18, 19])
    np.testing.assert_array_equal(doubled[:, :, same], old[:, :, same])
    np.testing.assert_array_equal(doubled[~follows], old[~follows])
    np.testing.assert_array_equal(
        presets.with_ratios_transposed(changed), presets.without_transposition(changed)
    )


def _endless(bank: np.ndarray, rows: slice = slice(None), **changes: float) -> data.Loader:
    nearest = np.stack([np.roll(np.arange(len(bank)), 1 + i) for i in range(4)], axis=1)
    return make_endless_loader(
        VoiceSource(bank, Shares(mutated=0.5)),
        Notes(varied=0.3),
        12,
        renderer=Renderer(),
        action_space=SPACE,
        protocol=(60, 85, 3.0),
        labels="at_note",
        references=EndlessReferences(References(bank, nearest.astype(np.int32)), None, **changes),
        rows=rows,
    )


def test_endless_sounds_come_with_references(bank: np.ndarray) -> None:
    batch = next(_endless(bank[:40], missing=0.4, parents=0.0))
    reference = batch.reference
    assert reference is not None
    there = reference.action[:, 0] >= 0
    assert 2 <= there.sum() <= 11
    np.testing.assert_array_equal(np.isfinite(reference.values).all(axis=1), there)
    own = np.all(reference.action == batch.action, axis=1)
    assert not own.any()
    # Each process draws its share of the very same batch.
    parts = [
        next(_endless(bank[:40], rows=slice(6 * i, 6 * i + 6), missing=0.4, parents=0.0))
        for i in range(2)
    ]
    together = jax.tree.map(lambda *x: np.concatenate(x), *(part.reference for part in parts))
    jax.tree.map(np.testing.assert_array_equal, together, reference)


def test_what_was_made_of_a_voice_may_begin_from_it(bank: np.ndarray) -> None:
    batch = next(_endless(bank[:40], missing=0.0, parents=1.0))
    assert batch.reference is not None
    heard = batch.heard > 0
    alike = np.sum((batch.reference.action == batch.action) & heard, axis=1) / heard.sum(axis=1)
    assert np.sum(alike > 0.8) >= 3  # those that were mutated
    # Decisions are coarser than voices, so that two sounds may be decided alike, not the reverse.
    same = np.all(batch.audio == batch.reference.audio, axis=1)
    assert np.sum((alike > 0.8) & ~same) >= 3 and np.all(alike[same] == 1)


@pytest.fixture(scope="module")
def run(dataset: data.Dataset, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    config = pretrain.get_config("tiny")
    config.data.path = str(dataset.path)
    config.data.max_valid = 4
    config.train.batch_size = 8
    config.train.num_epochs = 0.3
    out = tmp_path_factory.mktemp("reference") / "run"
    trainer.train(config, out)
    return out


def test_guesses_begin_from_what_is_near(run: pathlib.Path, dataset: data.Dataset) -> None:
    policy = checkpoint.load_policy(run)
    assert policy.wants_reference
    near = np.stack([dataset.voices()[:3], dataset.voices()[3:6]])
    arguments = {"key": jax.random.key(0), "renderer": Renderer()}
    sounds = dataset.audio[10:12]
    guessed = guesses.guess(policy, sounds, near, 8, **arguments)
    assert guessed.shape == (2, 8, SPEC.num_values)
    # A policy that knows next to nothing leaves its references as they are.
    told = data.described(
        presets.to_values(near.reshape(6, 128)), np.tile(np.float32([60, 85, 3]), (6, 1)), "at_note"
    ).reshape(2, 3, -1)
    same = np.mean(guessed[:, :3][..., SPEC.value_index] == told[..., SPEC.value_index])
    assert same > 0.8
    first = guesses.guess(policy, sounds, near, 1, **arguments)
    np.testing.assert_allclose(first[:, 0], guessed[:, 0], atol=1e-6)
    alone = guesses.guess(policy, sounds, near[:, :0], 2, **arguments)
    assert np.mean(alone[:, 0] == guessed[:, 0]) < 0.8


def test_a_network_grows_into_one_with_references(
    dataset: data.Dataset, tmp_path: pathlib.Path
) -> None:
    config = pretrain.get_config("tiny")
    config.data.path = str(dataset.path)
    config.model.reference = False
    old = checkpoint.make_policy(config, SPACE).init(3)
    arrays = {
        jax.tree_util.keystr(place): np.asarray(leaf, np.float16)
        for place, leaf in jax.tree_util.tree_leaves_with_path(old)
    }
    about = json.dumps({"config": config.to_dict(), "step": 7})
    np.savez(tmp_path / "old.npz", about=np.array(about), **arrays)
    config.model.reference = True
    config.init_from = str(tmp_path / "old.npz")
    grown = trainer.Trainer(config, tmp_path / "run")._initial_weights()
    kept = {
        jax.tree_util.keystr(place): leaf
        for place, leaf in jax.tree_util.tree_leaves_with_path(grown)
    }
    for name, array in arrays.items():
        np.testing.assert_array_equal(kept[name], array.astype(np.float32), err_msg=name)
    assert len(kept) > len(arrays)
    config.model.d_model = 32
    with pytest.raises(UserError, match="does not fit"):
        trainer.Trainer(config, tmp_path / "run")._initial_weights()
