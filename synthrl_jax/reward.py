"""How alike two sounds are: four distances, and the reward made of three of them.

References: SynthRL (IJCAI 2025) and its released code.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from synthrl_jax import audio
from synthrl_jax.types import Array

MAGNITUDE_FLOOR = 1e-4
MAX_SPECTRAL_CONVERGENCE = 5.0
COST_RANGE = (0.1, 5.0)


class Spectra(NamedTuple):
    """What the distances look at; of a target it can be prepared once.

    Attributes:
      magnitude: [B, T, 513] STFT magnitude, not below `MAGNITUDE_FLOOR`.
      mfcc: [B, 40, T].
    """

    magnitude: Array
    mfcc: Array


class Distances(NamedTuple):
    """Each [B], 0 for equal sounds.

    Attributes:
      spec_mae: mean absolute difference of the log10 magnitudes.
      spectral_convergence: Frobenius norm of the difference over that of the target, at most 5.
      mfcc13_mae: mean absolute difference of the first 13 cepstral coefficients.
      mfcc40_mae: the same for 40.
    """

    spec_mae: Array
    spectral_convergence: Array
    mfcc13_mae: Array
    mfcc40_mae: Array


class RewardWeights(NamedTuple):
    """How much each distance adds to the cost."""

    spec_mae: float = 0.27
    spectral_convergence: float = 0.7
    mfcc13_mae: float = 0.03


def spectra(sound: Array) -> Spectra:
    """Prepares peak-normalised sounds [B, S] for comparison."""
    magnitude = audio.stft_magnitude(sound)
    return Spectra(
        jnp.maximum(magnitude, MAGNITUDE_FLOOR), audio.mfcc_from_magnitude(magnitude, 40)
    )


def distances_between(target: Spectra, candidate: Spectra) -> Distances:
    """The four distances of prepared sounds."""
    a, b = target.magnitude, candidate.magnitude
    per_sound = tuple(range(1, a.ndim))

    def norm(x: Array) -> jax.Array:
        return jnp.sqrt(jnp.sum(jnp.square(x), axis=per_sound))

    convergence = norm(a - b) / norm(a)
    cepstral = jnp.abs(target.mfcc - candidate.mfcc)
    return Distances(
        spec_mae=jnp.mean(jnp.abs(jnp.log10(a) - jnp.log10(b)), axis=per_sound),
        spectral_convergence=jnp.minimum(convergence, MAX_SPECTRAL_CONVERGENCE),
        mfcc13_mae=jnp.mean(cepstral[:, :13], axis=(1, 2)),
        mfcc40_mae=jnp.mean(cepstral, axis=(1, 2)),
    )


def distances(target: Array, candidate: Array) -> Distances:
    """The four distances of peak-normalised sounds [B, S]; `target` is the reference."""
    return distances_between(spectra(target), spectra(candidate))


def cost(distances: Distances, weights: RewardWeights = RewardWeights()) -> jax.Array:  # noqa: B008
    """[B] weighted sum of the distances, lower is better."""
    return jnp.asarray(
        weights.spec_mae * distances.spec_mae
        + weights.spectral_convergence * distances.spectral_convergence
        + weights.mfcc13_mae * distances.mfcc13_mae
    )


def reward(distances: Distances, weights: RewardWeights = RewardWeights()) -> jax.Array:  # noqa: B008
    """[B] 1 / cost, between 0.2 and 10; higher is better."""
    return 1.0 / jnp.clip(cost(distances, weights), *COST_RANGE)
