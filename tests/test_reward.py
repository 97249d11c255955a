"""The distances and the reward against plain NumPy in double precision."""

from __future__ import annotations

import jax
import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from synthrl_jax import reward


def _sounds(seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    time_s = np.arange(88_200) / 22_050
    hz, decay = rng.uniform(60, 4000, (4, 3, 1)), rng.uniform(0, 4, (4, 1, 1))
    sounds = (np.sin(2 * np.pi * hz * time_s) * np.exp(-decay * time_s)).sum(axis=1)
    return (sounds / np.abs(sounds).max(axis=1, keepdims=True)).astype(np.float32)


def _numpy_distances(a: NDArray[np.float32], b: NDArray[np.float32]) -> list[float]:
    spectra, cepstra = [], []
    for sound in (a, b):
        stft = librosa.stft(
            sound.astype(np.float64), n_fft=1024, hop_length=256, pad_mode="reflect"
        )
        spectra.append(np.maximum(np.abs(stft), 1e-4))
        mel = librosa.feature.melspectrogram(S=np.abs(stft) ** 2, sr=22_050, n_mels=128)
        cepstra.append(librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=80.0), n_mfcc=40))
    return [
        np.mean(np.abs(np.log10(spectra[0]) - np.log10(spectra[1]))),
        min(np.linalg.norm(spectra[0] - spectra[1]) / np.linalg.norm(spectra[0]), 5.0),
        np.mean(np.abs(cepstra[0][:13] - cepstra[1][:13])),
        np.mean(np.abs(cepstra[0] - cepstra[1])),
    ]


def test_distances_equal_numpy() -> None:
    targets, candidates = _sounds(0), _sounds(1)
    got = np.stack(reward.distances(targets, candidates), axis=1)
    for i in range(len(targets)):
        np.testing.assert_allclose(got[i], _numpy_distances(targets[i], candidates[i]), rtol=2e-3)


def test_reward_is_the_clamped_inverse_of_the_weighted_sum() -> None:
    distances = reward.Distances(
        spec_mae=np.array([0.5, 0.0, 9.0]),
        spectral_convergence=np.array([0.7, 0.0, 5.0]),
        mfcc13_mae=np.array([15.0, 0.0, 80.0]),
        mfcc40_mae=np.array([9.0, 0.0, 60.0]),
    )
    expected = 1 / (0.27 * 0.5 + 0.7 * 0.7 + 0.03 * 15.0)
    np.testing.assert_allclose(reward.reward(distances), [expected, 10.0, 0.2], rtol=1e-6)
    only_spectrum = reward.RewardWeights(1.0, 0.0, 0.0)
    np.testing.assert_allclose(reward.reward(distances, only_spectrum)[0], 2.0)


def test_a_sound_is_nearest_to_itself() -> None:
    sounds = _sounds(2)
    for distance in reward.distances(sounds, sounds):
        np.testing.assert_array_equal(distance, 0.0)
    np.testing.assert_allclose(reward.reward(reward.distances(sounds, sounds)), 10.0)


def test_convergence_is_relative_to_the_target() -> None:
    sound = _sounds(3)[:1]
    quiet = 0.5 * sound
    assert reward.distances(sound, quiet).spectral_convergence[0] == pytest.approx(0.5, rel=1e-2)
    assert reward.distances(quiet, sound).spectral_convergence[0] == pytest.approx(1.0, rel=1e-2)


def test_silent_renders_are_finite_and_poor() -> None:
    sounds = _sounds(4)
    distances = reward.distances(sounds, np.zeros_like(sounds))
    assert all(np.all(np.isfinite(d)) for d in distances)
    assert np.all(np.asarray(reward.reward(distances)) < 0.5)


def test_prepared_targets_and_jit_agree() -> None:
    targets, candidates = _sounds(5), _sounds(6)
    eager = reward.distances(targets, candidates)
    prepared = reward.distances_between(reward.spectra(targets), reward.spectra(candidates))
    jitted = jax.jit(reward.distances)(targets, candidates)
    for a, b, c in zip(eager, prepared, jitted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
        np.testing.assert_allclose(a, c, rtol=1e-4)
