"""Sound features against librosa and SciPy in double precision."""

from __future__ import annotations

import jax
import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from synthrl_jax import audio


@pytest.fixture(scope="module")
def sounds() -> NDArray[np.float32]:
    """A decaying chord, noise, and silence with a click: [3, 88 200]."""
    rng = np.random.default_rng(0)
    time_s = np.arange(88_200) / 22_050
    chord = sum(np.sin(2 * np.pi * hz * time_s) * np.exp(-time_s) for hz in (220, 1310, 5003))
    click = np.zeros(88_200)
    click[30_000] = 1.0
    sounds = np.stack([chord, rng.normal(size=88_200), click])
    return (sounds / np.abs(sounds).max(axis=1, keepdims=True)).astype(np.float32)


def _librosa_power(sound: NDArray[np.float32]) -> NDArray[np.float64]:
    stft = librosa.stft(sound.astype(np.float64), n_fft=1024, hop_length=256, pad_mode="reflect")
    return np.abs(stft) ** 2


def test_stft_magnitude_equals_librosa(sounds: NDArray[np.float32]) -> None:
    got = np.asarray(audio.stft_magnitude(sounds))
    assert got.shape == (3, 345, 513)
    for row, sound in zip(got, sounds, strict=True):
        expected = np.sqrt(_librosa_power(sound)).T
        np.testing.assert_allclose(row, expected, atol=2e-5 * expected.max())


def test_log_mel_equals_librosa(sounds: NDArray[np.float32]) -> None:
    got = np.asarray(audio.log_mel(sounds))
    assert got.shape == (3, 128, 345) and np.abs(got).max() <= 1.0
    for row, sound in zip(got, sounds, strict=True):
        mel = librosa.feature.melspectrogram(
            S=_librosa_power(sound), sr=22_050, n_mels=128, htk=True, norm="slaney"
        )
        np.testing.assert_allclose(row, np.clip(np.log(mel + 1e-5) / 12, -1, 1), atol=1e-4)


@pytest.mark.parametrize("num_coefficients", [13, 40])
def test_mfcc_equals_librosa(sounds: NDArray[np.float32], num_coefficients: int) -> None:
    got = np.asarray(audio.mfcc(sounds, num_coefficients))
    for row, sound in zip(got, sounds, strict=True):
        mel = librosa.feature.melspectrogram(
            S=_librosa_power(sound), sr=22_050, n_mels=128, htk=False, norm="slaney"
        )
        level_db = librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=80.0)
        expected = librosa.feature.mfcc(S=level_db, n_mfcc=num_coefficients, norm="ortho")
        np.testing.assert_allclose(row, expected, atol=2e-2)  # of values in the hundreds


def test_features_do_not_depend_on_the_batch_or_on_jit(sounds: NDArray[np.float32]) -> None:
    together = audio.log_mel(sounds)
    for i in range(len(sounds)):
        np.testing.assert_allclose(audio.log_mel(sounds[i : i + 1])[0], together[i], atol=1e-5)
    np.testing.assert_allclose(jax.jit(audio.log_mel)(sounds), together, atol=1e-5)
    np.testing.assert_allclose(
        jax.jit(audio.mfcc, static_argnums=1)(sounds, 13), audio.mfcc(sounds, 13), atol=1e-2
    )


def test_peak_normalisation() -> None:
    sounds = np.array([[0.1, -0.4], [0.0, 0.0], [3.0, 1.0]], np.float32)
    np.testing.assert_allclose(
        audio.peak_normalise_target(sounds), [[0.25, -1.0], [0, 0], [1, 1 / 3]], rtol=1e-6
    )
    render = np.asarray(audio.peak_normalise_render(sounds))
    np.testing.assert_allclose(render[0], sounds[0] / (0.4 - 1e-5), rtol=1e-6)
    np.testing.assert_array_equal(render[1], 0.0)


def test_other_lengths_keep_the_frame_grid() -> None:
    rng = np.random.default_rng(1)
    for length in (22_050, 30_000, 88_199):
        sound = rng.normal(size=(1, length)).astype(np.float32)
        expected = np.sqrt(_librosa_power(sound[0])).T
        np.testing.assert_allclose(audio.stft_magnitude(sound)[0], expected, atol=1e-3)
