"""`Renderer.score` against the jnp reward on real sounds; a score depends on its own row alone."""

from __future__ import annotations

import functools
import threading

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from synthrl_jax import assets, audio, audio_files, reward
from synthrl_jax.errors import UserError
from synthrl_jax.presets import init_voice, read_sysex, to_values
from synthrl_jax.render import SCORE_COLUMNS, Renderer, native_mel_filters
from synthrl_jax.reward import RewardWeights

pytestmark = pytest.mark.native

NUM_SOUNDS = 24
LENGTH = 12_000


@functools.cache
def renderer(threads: int) -> Renderer:
    return Renderer(threads=threads)


@pytest.fixture(scope="module")
def voices() -> NDArray[np.uint8]:
    return read_sysex(assets.VOICES).voices


@pytest.fixture(scope="module")
def recordings() -> NDArray[np.float32]:
    """[N, 88200] the bundled sounds."""
    files = [audio_files.read_audio(path) for path in assets.sounds()]
    fitted = np.stack([audio_files.fit_length(sound, 88_200) for sound in files])
    return np.asarray(audio.peak_normalise_target(fitted))


def by_jax(
    target: NDArray[np.float32],
    rendered: NDArray[np.float32],
    weights: RewardWeights = RewardWeights(),  # noqa: B008
) -> NDArray[np.float32]:
    """[B, 5] what `score` should give."""
    distances = reward.distances(target, audio.peak_normalise_render(rendered))
    return np.stack([*distances, reward.reward(distances, weights)], axis=1)


def voice_of_six_sines(level: int) -> NDArray[np.uint8]:
    """A packed voice: all operators in unison, and louder the harder the key is struck."""
    voice = init_voice().copy()
    voice[110] = 31  # algorithm 32
    operators = voice[: 6 * 17].reshape(6, 17)
    operators[:, 13] = 7 << 2  # key velocity sensitivity
    operators[:, 14] = level
    return voice


def test_columns_are_the_distances_and_the_reward() -> None:
    assert (*reward.Distances._fields, "reward") == SCORE_COLUMNS


def test_scores_of_recordings_equal_the_jax_reward(
    voices: NDArray[np.uint8], recordings: NDArray[np.float32]
) -> None:
    chosen = voices[np.linspace(0, len(voices) - 1, len(recordings)).astype(int)]
    got = renderer(2).score(chosen, renderer(2).prepare_targets(recordings))
    assert got.shape == (len(recordings), 5) and got.dtype == np.float32
    expected = by_jax(recordings, renderer(2).render(chosen))
    np.testing.assert_allclose(got, expected, rtol=1e-4)


def test_scores_of_voices_on_other_notes_equal_the_jax_reward(voices: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(0)
    chosen = to_values(rng.permutation(voices)[:32])
    notes = {
        "note": rng.integers(24, 100, 32),
        "velocity": rng.integers(1, 128, 32),
        "gate_s": rng.uniform(0.1, 4.0, 32),
        "lfo_phase": rng.uniform(0, 1, 32),
        "sample_hold": rng.integers(0, 256, 32),
        "fade_s": 0.5,
    }
    target = np.asarray(audio.peak_normalise_target(renderer(2).render(voices[:32])))
    weights = RewardWeights(0.5, 0.25, 0.01)
    got = renderer(2).score(chosen, renderer(2).prepare_targets(target), weights=weights, **notes)
    expected = by_jax(target, renderer(2).render(chosen, **notes), weights)
    np.testing.assert_allclose(got, expected, rtol=1e-4)


def test_silent_and_clipped_renders(recordings: NDArray[np.float32]) -> None:
    voices = np.stack([voice_of_six_sines(level) for level in (0, 99)])
    rendered = renderer(1).render(voices, velocity=127)
    assert not np.any(rendered[0])
    loud = np.abs(rendered[1])
    assert np.mean(loud > 0.98) > 0.1
    targets = np.concatenate([recordings[:2], np.zeros_like(recordings[:1])])
    for i, target in enumerate(targets):
        one = renderer(1).prepare_targets(target[None])
        got = renderer(1).score(voices, one, velocity=127)
        assert np.all(np.isfinite(got)), i
        expected = by_jax(np.stack([target, target]), rendered)
        np.testing.assert_allclose(got, expected, rtol=1e-4)


def test_a_voice_is_nearest_to_itself(voices: NDArray[np.uint8]) -> None:
    rendered = renderer(1).render(voices[:8])
    target = np.asarray(audio.peak_normalise_target(rendered))
    got = renderer(1).score(voices[:8], renderer(1).prepare_targets(target))
    # What is left is the 1e-5 in the peak that renders are divided by, and the last bits of both.
    np.testing.assert_allclose(got, by_jax(target, rendered), rtol=1e-4, atol=1e-4)
    assert np.all(got[:, :4] < 2e-3) and np.all(got[:, 4] == 10.0)
    same = rendered / np.max(np.abs(rendered + np.float32(1e-5)), axis=1, keepdims=True)
    exact = renderer(1).score(voices[:8], renderer(1).prepare_targets(same))
    np.testing.assert_array_equal(exact, [[0.0, 0.0, 0.0, 0.0, 10.0]] * 8)


def test_mel_filters_are_librosas() -> None:
    expected = librosa.filters.mel(sr=22_050, n_fft=1024, n_mels=128, htk=False, norm="slaney")
    np.testing.assert_allclose(native_mel_filters(), expected, rtol=1e-5, atol=1e-9)


@pytest.fixture(scope="module")
def short_sounds(voices: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[NUM_SOUNDS, LENGTH] targets."""
    rendered = renderer(1).render(voices[40 : 40 + NUM_SOUNDS], length_s=LENGTH / 22_050)
    return np.asarray(audio.peak_normalise_target(rendered))


@pytest.fixture(scope="module")
def alone(voices: NDArray[np.uint8], short_sounds: NDArray[np.float32]) -> NDArray[np.float32]:
    """[NUM_SOUNDS, 5] every voice against its target, one at a time."""
    rows = [
        Renderer(threads=1).score(
            voices[i : i + 1], Renderer(threads=1).prepare_targets(short_sounds[i : i + 1])
        )
        for i in range(NUM_SOUNDS)
    ]
    return np.concatenate(rows)


@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(st.integers(0, NUM_SOUNDS - 1), max_size=40),
    threads=st.sampled_from([1, 2, 3]),
)
def test_a_score_is_the_same_in_any_company(
    rows: list[int],
    threads: int,
    voices: NDArray[np.uint8],
    short_sounds: NDArray[np.float32],
    alone: NDArray[np.float32],
) -> None:
    player = renderer(threads)
    targets = player.prepare_targets(short_sounds[rows])
    np.testing.assert_array_equal(player.score(voices[rows], targets), alone[rows])


def test_scores_differ_from_each_other(alone: NDArray[np.float32]) -> None:
    """Guards the property above against a scorer that ignores its arguments."""
    assert len(np.unique(alone[:, 0])) > NUM_SOUNDS * 3 // 4


def test_one_target_serves_all(
    voices: NDArray[np.uint8], short_sounds: NDArray[np.float32]
) -> None:
    player = renderer(2)
    one = player.prepare_targets(short_sounds[3:4])
    many = player.prepare_targets(np.repeat(short_sounds[3:4], 10, axis=0))
    assert len(one) == 1 and len(many) == 10 and one.num_samples == LENGTH
    np.testing.assert_array_equal(player.score(voices[:10], one), player.score(voices[:10], many))
    np.testing.assert_array_equal(
        player.score(voices[:10], one), player.score(to_values(voices[:10]), one)
    )
    assert player.score(voices[:0], one).shape == (0, 5)
    assert player.score(voices[:0], player.prepare_targets(short_sounds[:0])).shape == (0, 5)


def test_sounds_of_several_lengths_take_turns(
    voices: NDArray[np.uint8], short_sounds: NDArray[np.float32]
) -> None:
    player = renderer(2)
    for samples in (513, 12_000, 767, 1024, 512 + 256 * 9):
        target = short_sounds[:5, :samples]
        got = player.score(voices[:5], player.prepare_targets(target), fade_s=0.01)
        rendered = player.render(voices[:5], length_s=samples / 22_050, fade_s=0.01)
        np.testing.assert_allclose(got, by_jax(target, rendered), rtol=1e-4)


def test_targets_serve_several_callers_and_renderers_at_once(
    voices: NDArray[np.uint8], short_sounds: NDArray[np.float32], alone: NDArray[np.float32]
) -> None:
    player = renderer(2)
    long, short = (
        player.prepare_targets(short_sounds),
        player.prepare_targets(short_sounds[:, :900]),
    )
    expected = player.score(voices[:NUM_SOUNDS], short)
    results: list[bool] = []

    def call(turn: int) -> None:
        own = renderer(turn % 2 + 1)
        for targets, scores in ((long, alone), (short, expected)):
            results.append(np.array_equal(own.score(voices[:NUM_SOUNDS], targets), scores))

    callers = [threading.Thread(target=call, args=(turn,)) for turn in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert results == [True] * 8


def test_what_does_not_fit_is_named(
    voices: NDArray[np.uint8], short_sounds: NDArray[np.float32]
) -> None:
    player = renderer(1)
    three = player.prepare_targets(short_sounds[:3])
    with pytest.raises(UserError, match="3 targets for 5 presets"):
        player.score(voices[:5], three)
    with pytest.raises(UserError, match="0 targets for 2 presets"):
        player.score(voices[:2], player.prepare_targets(short_sounds[:0]))
    with pytest.raises(UserError, match=r"row 1, velocity: 200 is outside"):
        player.score(voices[:3], three, velocity=[1, 200, 3])
    presets = to_values(voices[:3])
    presets[2, 4] = np.nan
    with pytest.raises(UserError, match="row 2, "):
        player.score(presets, three)
    with pytest.raises(UserError, match=r"shape \[N, samples\]"):
        player.prepare_targets(short_sounds[0])
    with pytest.raises(UserError, match="targets of 512 samples are too short"):
        player.prepare_targets(short_sounds[:, :512])
    for bad in (np.nan, np.inf, 1e30):
        broken = short_sounds[:4].copy()
        broken[2, 77] = bad
        with pytest.raises(UserError, match="target 2 is not peak-normalised audio"):
            player.prepare_targets(broken)


def test_the_reward_has_one_sample_rate(short_sounds: NDArray[np.float32], voices) -> None:
    targets = renderer(1).prepare_targets(short_sounds)
    player = Renderer(sample_rate=44_100, threads=1)
    with pytest.raises(UserError, match=r"compared at 22050 Hz, but .* sample_rate is 44100"):
        player.prepare_targets(short_sounds)
    with pytest.raises(UserError, match=r"compared at 22050 Hz"):
        player.score(voices[:1], targets)


def test_a_closed_renderer_says_so(
    voices: NDArray[np.uint8], short_sounds: NDArray[np.float32]
) -> None:
    with Renderer(threads=1) as player:
        targets = player.prepare_targets(short_sounds[:1])
    with pytest.raises(RuntimeError, match="closed"):
        player.score(voices[:1], targets)
