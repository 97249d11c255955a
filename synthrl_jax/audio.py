"""Sound features: peak normalisation, STFT magnitude, log-mel spectrogram, MFCC.

Pure jnp on batches, usable under jit. Figures: SynthRL (IJCAI 2025) and its released code.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import librosa
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from synthrl_jax.types import Array

SAMPLE_RATE = 22_050
N_FFT = 1024
HOP = 256
NUM_MELS = 128
SILENCE_PEAK = 1e-4
"""A sound whose peak is below this counts as silent."""


def divide_by_peak(sounds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divides sounds [B, S] in place by their largest absolute values [B], which are returned."""
    peak = np.max(np.abs(sounds), axis=1)
    sounds /= np.maximum(peak, 1e-9)[:, None]
    return peak


def peak_normalise_target(audio: Array) -> jax.Array:
    """[B, S] divided by its largest absolute value; silence stays silent."""
    peak = jnp.max(jnp.abs(audio), axis=-1, keepdims=True)
    return jnp.divide(audio, jnp.where(peak > 0, peak, 1.0))


def peak_normalise_render(audio: Array) -> jax.Array:
    """[B, S] divided by max |w + 1e-5|, as SynthRL's reward does with renders."""
    return jnp.divide(audio, jnp.max(jnp.abs(audio + 1e-5), axis=-1, keepdims=True))


def stft_magnitude(audio: Array) -> jax.Array:
    """[B, S] → [B, T, 513] magnitude; periodic Hann, centred with reflection."""
    padded = jnp.pad(audio, ((0, 0), (N_FFT // 2, N_FFT // 2)), mode="reflect")
    num_frames = audio.shape[-1] // HOP + 1
    overlap = N_FFT // HOP
    blocks = jax.lax.slice_in_dim(padded, 0, (num_frames + overlap - 1) * HOP, axis=1)
    blocks = blocks.reshape(audio.shape[0], -1, HOP)
    frames = jnp.concatenate([blocks[:, i : i + num_frames] for i in range(overlap)], axis=-1)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
    return jnp.abs(jnp.fft.rfft(frames * jnp.asarray(window, jnp.float32)))


@functools.cache
def _mel_filters(htk: bool) -> NDArray[np.float32]:
    """[513, 128] Slaney-normalised triangles from 0 to 11 025 Hz."""
    filters = librosa.filters.mel(
        sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=NUM_MELS, htk=htk, norm="slaney"
    )
    return np.ascontiguousarray(filters.T, np.float32)


@functools.cache
def _dct(num_coefficients: int) -> NDArray[np.float32]:
    """[128, num_coefficients] orthonormal DCT-II."""
    basis = np.asarray(scipy.fft.dct(np.eye(NUM_MELS), type=2, norm="ortho", axis=-1))
    return basis[:, :num_coefficients].astype(np.float32)


def log_mel(audio: Array) -> jax.Array:
    """The network's view of a sound.

    Args:
      audio: [B, S] peak-normalised.

    Returns:
      [B, 128, T] `clip(ln(mel + 1e-5) / 12, -1, 1)` of the power mel spectrogram on the HTK scale.
    """
    mel = jnp.square(stft_magnitude(audio)) @ _mel_filters(htk=True)
    return jnp.clip(jnp.log(mel + 1e-5) / 12.0, -1.0, 1.0).swapaxes(1, 2)


def mfcc_from_magnitude(magnitude: Array, num_coefficients: int) -> jax.Array:
    """[B, T, 513] STFT magnitude → [B, n, T] mel-frequency cepstral coefficients.

    Orthonormal DCT-II of the power mel spectrogram (Slaney scale) in dB, cut 80 dB below the
    sound's own peak.
    """
    power = jnp.square(magnitude) @ _mel_filters(htk=False)
    level_db = 10.0 * jnp.log10(jnp.maximum(power, 1e-10))
    floor_db = jnp.max(level_db, axis=(1, 2), keepdims=True) - 80.0
    cepstrum = jnp.maximum(level_db, floor_db) @ _dct(num_coefficients)
    return cepstrum.swapaxes(1, 2)


def mfcc(audio: Array, num_coefficients: int) -> jax.Array:
    """[B, S] → [B, n, T], see `mfcc_from_magnitude`."""
    return mfcc_from_magnitude(stft_magnitude(audio), num_coefficients)
