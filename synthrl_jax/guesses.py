"""What a policy makes of sounds, beginning from voices that sound like them."""

from __future__ import annotations

import jax
import numpy as np
from numpy.typing import NDArray

from synthrl_jax.checkpoint import LoadedPolicy
from synthrl_jax.references import make_reference
from synthrl_jax.render import Renderer
from synthrl_jax.types import Reference


def guess(
    policy: LoadedPolicy,
    sounds: NDArray[np.float32],
    near: NDArray[np.uint8],
    count: int,
    *,
    key: jax.Array,
    renderer: Renderer,
    played: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Presets for sounds: the likeliest for each voice to begin from, then samples.

    Args:
      policy: guesses.
      sounds: [B, S] peak-normalised, 4 s at 22 050 Hz.
      near: [B, R, 128] packed voices to begin from, the most promising first; R may be 0. A policy
        that begins from nothing ignores them.
      count: of guesses for each sound.
      key: of the samples.
      renderer: of Dexed, at 22 050 Hz.
      played: [B, 3] MIDI key, velocity and gate in seconds; None for those of the training.

    Returns:
      [B, count, V]: those of all R voices before the next of any.
    """
    if not policy.wants_reference:
        near = near[:, :0]
    starts = max(1, min(near.shape[1], count))
    if played is None:
        played = np.tile(np.array(policy.played, np.float32), (len(sounds), 1))
    sounds, played = np.repeat(sounds, starts, axis=0), np.repeat(played, starts, axis=0)
    reference = _reference(policy, near[:, :starts], played, renderer)
    best = policy.best_values(sounds, played, reference)
    values = best.reshape(-1, starts, best.shape[-1])
    more = -(-(count - starts) // starts)
    if more:
        samples = policy.sample_values(key, sounds, more, played, reference)
        samples = samples.reshape(-1, starts, more, best.shape[-1]).swapaxes(1, 2)
        values = np.concatenate([values, samples.reshape(len(values), -1, best.shape[-1])], axis=1)
    return values[:, :count]


def _reference(
    policy: LoadedPolicy,
    near: NDArray[np.uint8],
    played: NDArray[np.float32],
    renderer: Renderer,
) -> Reference | None:
    """References of B · R targets, if there are any."""
    if not near.size:
        return None
    return make_reference(
        near.reshape(-1, near.shape[-1]),
        np.ones(len(played), bool),
        played,
        renderer=renderer,
        action_space=policy.action_space,
        labels=policy.config.data.labels,
    )
