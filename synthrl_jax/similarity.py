"""How alike two sounds are, by measures that are not part of the reward.

What is optimised for a measure is flattered by it; these tell whether the ear is served too. All
compare sounds of peak 1 at 22 050 Hz.
"""

from __future__ import annotations

from typing import NamedTuple

import librosa
import numpy as np
from numpy.typing import NDArray

from synthrl_jax import listen

FFT_SIZES = (2048, 1024, 512, 256, 128, 64)
_MAGNITUDE_FLOOR = 1e-5
_CONSTANT = 0.01
"""An envelope whose standard deviation is at most this share of its mean (0.09 dB) does not move:
frames that cut a period at various places give a steady tone as much."""
MAX_F0_ERROR_CENTS = 1200.0
"""An octave: a pitch that is further off, or missing, is wrong and no more than that."""

Sounds = NDArray[np.float32]
"""[B, S] audio of peak 1."""


class Similarity(NamedTuple):
    """Each [B].

    Attributes:
      multi_scale_spectral: see `multi_scale_spectral`; 0 for equal sounds.
      envelope_correlation: see `envelope_correlation`; 1 for equal sounds.
      f0_error_cents: see `f0_error_cents`; 0 for equal sounds, NaN where the target has no pitch.
    """

    multi_scale_spectral: NDArray[np.float32]
    envelope_correlation: NDArray[np.float32]
    f0_error_cents: NDArray[np.float32]


def similarity(target: Sounds, candidate: Sounds) -> Similarity:
    """All measures of sounds [B, S]; `target` is the reference."""
    return Similarity(
        multi_scale_spectral(target, candidate),
        envelope_correlation(target, candidate),
        f0_error_cents(target, candidate),
    )


def multi_scale_spectral(target: Sounds, candidate: Sounds) -> NDArray[np.float32]:
    """Multi-scale spectral distance of DDSP, dimensionless.

    For each of the six FFT sizes, the mean absolute difference of the magnitudes plus that of
    their natural logarithms, both of weight 1; then the sum over sizes. Magnitudes are those of
    Hann windows that overlap by 75 % and are not normalised, so that a full-scale sine has a
    quarter of the FFT size; logarithms are taken of no less than 1e-5.

    Args:
      target, candidate: [B, S].

    Returns:
      [B], 0 for equal sounds.

    References:
      Engel et al., DDSP: Differentiable Digital Signal Processing (ICLR 2020), Eq. 4.
    """
    total = np.zeros(len(target), np.float32)
    for size in FFT_SIZES:
        a, b = _magnitude(target, size), _magnitude(candidate, size)
        total += np.mean(np.abs(a - b), axis=(1, 2))
        a, b = np.maximum(a, _MAGNITUDE_FLOOR), np.maximum(b, _MAGNITUDE_FLOOR)
        total += np.mean(np.abs(np.log(a) - np.log(b)), axis=(1, 2))
    return total


def _magnitude(sounds: Sounds, size: int) -> NDArray[np.float32]:
    """[B, bins, frames]; the first frame begins with the sound, the last is filled with silence."""
    hop = size // 4
    num_frames = -(-sounds.shape[1] // hop)
    padded = np.pad(sounds, ((0, 0), (0, (num_frames - 1) * hop + size - sounds.shape[1])))
    return np.abs(librosa.stft(padded, n_fft=size, hop_length=hop, center=False))


def envelope_correlation(target: Sounds, candidate: Sounds) -> NDArray[np.float32]:
    """Pearson correlation of the root-mean-square levels of frames of 2048 samples, 512 apart.

    An envelope that does not move (see `_CONSTANT`) has no correlation: two of that kind count as
    1, one alone as 0.

    Args:
      target, candidate: [B, S].

    Returns:
      [B] in [-1, 1]; 1 for envelopes of the same shape, at whatever level.
    """
    a, b = _envelope(target), _envelope(candidate)
    moves = [np.std(x, axis=1) > _CONSTANT * np.mean(x, axis=1) for x in (a, b)]
    result = np.where(moves[0] == moves[1], 1.0, 0.0).astype(np.float32)
    for i in np.flatnonzero(moves[0] & moves[1]):
        result[i] = np.corrcoef(a[i], b[i])[0, 1]
    return result


def _envelope(sounds: Sounds) -> NDArray[np.float64]:
    """[B, frames] linear level."""
    rms = librosa.feature.rms(y=sounds, frame_length=2048, hop_length=512, center=False)
    return rms[:, 0].astype(np.float64)


def f0_error_cents(target: Sounds, candidate: Sounds) -> NDArray[np.float32]:
    """Median over frames of how far the pitch is off, in cents.

    Frames are those in which the target has a clear pitch (`listen.track_pitch`). There the
    candidate's pitch counts whether it is clear or not; where it has none at all, and where it is
    off by more, the error is `MAX_F0_ERROR_CENTS`.

    Args:
      target, candidate: [B, S].

    Returns:
      [B] in [0, 1200]; NaN where no frame of the target has a clear pitch.
    """
    return np.array([_f0_error_cents(a, b) for a, b in zip(target, candidate, strict=True)])


def _f0_error_cents(target: NDArray[np.float32], candidate: NDArray[np.float32]) -> np.float32:
    wanted = listen.track_pitch(target)
    if not wanted.clear.any():
        return np.float32(np.nan)
    off = np.abs(listen.track_pitch(candidate).note - wanted.note)[wanted.clear]
    cents = np.minimum(100 * np.where(np.isnan(off), np.inf, off), MAX_F0_ERROR_CENTS)
    return np.float32(np.median(cents))
