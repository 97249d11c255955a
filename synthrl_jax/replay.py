"""Reward-prioritised replay: the best few actions found for every target.

Pure functions on `ReplayState`, usable under jit. Rows are addressed by `Batch.uid`; rows of
padding (mask 0) are neither written nor meaningful.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from synthrl_jax.types import Array, ReplayState


def empty(num_targets: int, num_entries: int, num_decisions: int) -> ReplayState:
    """A buffer of `num_entries` empty entries for each target."""
    return ReplayState(
        action=jnp.zeros((num_targets, num_entries, num_decisions), jnp.uint8),
        reward=jnp.full((num_targets, num_entries), -jnp.inf, jnp.float32),
    )


def insert(
    state: ReplayState, uid: Array, action: Array, reward: Array, mask: Array
) -> ReplayState:
    """Replaces each target's worst entry where the new reward is higher.

    Args:
      uid: [B] rows, each at most once.
      action: [B, D] classes.
      reward: [B]; a NaN never enters.
      mask: [B], 0 for padding.
    """
    num_targets = state.reward.shape[0]
    worst = jnp.argmin(state.reward[uid], axis=-1)
    better = (reward > state.reward[uid, worst]) & (mask > 0)
    row = jnp.where(better, uid, num_targets)  # out of range: dropped by the scatter
    return ReplayState(
        action=jnp.asarray(state.action).at[row, worst].set(action.astype(jnp.uint8), mode="drop"),
        reward=jnp.asarray(state.reward).at[row, worst].set(reward, mode="drop"),
    )


def draw(key: jax.Array, state: ReplayState, uid: Array) -> tuple[jax.Array, jax.Array]:
    """One filled entry of each target, uniformly.

    Returns:
      action [B, D] int32 and its reward [B]; reward 0 for a target whose buffer is empty.
    """
    rewards = state.reward[uid]
    filled = jnp.isfinite(rewards)
    entry = jax.random.categorical(key, jnp.where(filled, 0.0, -1e9), axis=-1)
    rows = jnp.arange(len(uid))
    reward = jnp.where(filled[rows, entry], rewards[rows, entry], 0.0)
    return state.action[uid, entry].astype(jnp.int32), reward
