"""What training minimises, per sound; the caller takes the masked mean."""

from __future__ import annotations

from typing import Literal, get_args

import chex
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from synthrl_jax.spec import SynthSpec
from synthrl_jax.types import Array

RewardScale = Literal["inverse", "log"]
Advantage = Literal["none", "leave_one_out", "group"]
_GROUP_EPSILON = 1e-4
ImportanceWeight = Literal["none", "per_decision", "joint"]
"""How REINFORCE weighs a replayed action: SynthRL's code has "none" (the default) and
"per_decision" (the probability of each chosen class); its paper's Eq. 6 has "joint" (the
probability of the whole action)."""

SMOOTHING_REACH = 5
SMOOTHING_WIDTH = 0.02
"""Standard deviation of label smoothing as a share of a decision's range."""


def smoothed_targets(spec: SynthSpec) -> NDArray[np.float32]:
    """Target distribution for every true class.

    Ordinal decisions get a Gaussian over ± 5 classes, cut at the ends and normalised; nominal
    ones a one-hot vector.

    Returns:
      [D, K, K]: row `k` of decision `d` is the distribution to learn when the true class is `k`.

    References:
      SynthRL (IJCAI 2025), label smoothing of the parameter loss.
    """
    num_classes = spec.max_classes
    distance = np.abs(np.arange(num_classes)[:, None] - np.arange(num_classes)[None, :])
    targets = np.zeros((spec.num_decisions, num_classes, num_classes), np.float32)
    for decision, (count, ordinal) in enumerate(
        zip(spec.class_counts, spec.is_ordinal, strict=True)
    ):
        weight = np.where(distance == 0, 1.0, 0.0)
        if ordinal:
            gaussian = np.exp(-0.5 * (distance / count / SMOOTHING_WIDTH) ** 2)
            weight = np.where(distance <= SMOOTHING_REACH, gaussian, 0.0)
        weight = weight[:count, :count]
        targets[decision, :count, :count] = weight / weight.sum(axis=-1, keepdims=True)
    return targets


def audible_decisions(spec: SynthSpec, action: NDArray[np.integer]) -> NDArray[np.float32]:
    """[B, D] 0 where the decision's operator has output level class 0, else 1."""
    level = action[:, np.maximum(spec.gate, 0)]
    return np.where((spec.gate >= 0) & (level == 0), np.float32(0), np.float32(1))


def parameter_loss(log_probs: Array, action: Array, targets: Array, heard: Array) -> jax.Array:
    """Cross-entropy against the (smoothed) true classes.

    Args:
      log_probs: [B, D, K] in nats.
      action: [B, D] true classes.
      targets: [D, K, K], see `smoothed_targets`.
      heard: [B, D], see `Batch.heard`; decisions that make no difference carry no loss.

    Returns:
      [B] mean over all D decisions.
    """
    chex.assert_rank([log_probs, action, targets, heard], [3, 2, 3, 2])
    target = jnp.asarray(targets)[jnp.arange(action.shape[1]), action]
    cross_entropy = -jnp.sum(target * log_probs, axis=-1)
    return jnp.mean(heard * cross_entropy, axis=-1)


def importance_weight(log_prob: Array, kind: ImportanceWeight) -> jax.Array:
    """[B, D] weight of each decision's log-probability; treated as constant."""
    if kind == "none":
        weight = jnp.ones_like(log_prob)
    elif kind == "per_decision":
        weight = jnp.exp(log_prob)
    elif kind == "joint":
        joint = jnp.exp(jnp.sum(log_prob, axis=-1, keepdims=True))
        weight = jnp.broadcast_to(joint, log_prob.shape)
    else:
        raise ValueError(f"importance weight {kind!r} is not one of {get_args(ImportanceWeight)}")
    return jax.lax.stop_gradient(weight)


def preference(reward: Array, kind: RewardScale) -> jax.Array:
    """What reinforcement raises: the reward as it is ("inverse"), or its logarithm ("log").

    The logarithm is minus that of the cost, so that halving the distance counts the same for a
    poor match and for a good one.
    """
    if kind == "inverse":
        return jnp.asarray(reward)
    if kind == "log":
        return jnp.log(jnp.maximum(reward, 1e-6))
    raise ValueError(f"reward scale {kind!r} is not one of {get_args(RewardScale)}")


def advantage(value: Array, kind: Advantage) -> jax.Array:
    """How much better each try is than the others at the same sound.

    Args:
      value: [B, R] what is to be raised.
      kind: "none" takes values as they are, as SynthRL does; "leave_one_out" subtracts the mean of
        the other tries (Kool et al., 2019); "group" subtracts the mean of all and divides by their
        standard deviation (GRPO, Shao et al., 2024).

    Returns:
      [B, R].

    Raises:
      ValueError: a kind that does not exist, or one that compares when R is 1.
    """
    value = jnp.asarray(value)
    tries = value.shape[1]
    if kind == "none":
        return value
    if kind not in get_args(Advantage):
        raise ValueError(f"advantage {kind!r} is not one of {get_args(Advantage)}")
    if tries < 2:
        raise ValueError(f"advantage {kind!r} compares tries at a sound: it needs two or more")
    centred = value - jnp.mean(value, axis=1, keepdims=True)
    if kind == "leave_one_out":
        return centred * tries / (tries - 1)
    return centred / (jnp.std(value, axis=1, keepdims=True) + _GROUP_EPSILON)


def clipped_policy_loss(
    log_prob: Array, old_log_prob: Array, gain: Array, clip: float
) -> jax.Array:
    """Policy-gradient loss with the ratio of new to old policy held near 1, decision by decision.

    Args:
      log_prob: [B, R, D] of the choices, in nats.
      old_log_prob: [B, R, D] when they were made; constant.
      gain: [B, R] advantage; constant.
      clip: the ratio counts within 1 ± clip; 0 clips nothing.

    Returns:
      [B] mean over tries and decisions.

    References:
      PPO (Schulman et al., 2017), Eq. 7.
    """
    old, gain = jax.lax.stop_gradient((jnp.asarray(old_log_prob), jnp.asarray(gain)))
    ratio = jnp.exp(log_prob - old)
    objective = ratio * gain[..., None]
    if clip:
        clipped = jnp.clip(ratio, 1.0 - clip, 1.0 + clip) * gain[..., None]
        objective = jnp.minimum(objective, clipped)
    return -jnp.mean(objective, axis=(1, 2))


def entropy(log_probs: Array) -> jax.Array:
    """[..., D, K] log-probabilities → [..., D] entropy in nats."""
    return -jnp.sum(jnp.exp(log_probs) * log_probs, axis=-1)


def divergence(log_probs: Array, anchor: Array) -> jax.Array:
    """[..., D] KL divergence in nats from the anchor's log-probabilities [..., D, K] to these."""
    return jnp.sum(jnp.exp(log_probs) * (log_probs - anchor), axis=-1)


def policy_gradient_loss(log_prob: Array, reward: Array, weight: ArrayLike = 1.0) -> jax.Array:
    """REINFORCE loss of a batch of one-step episodes.

    Args:
      log_prob: [B, D] log-probability of the chosen class, in nats.
      reward: [B] dimensionless, higher is better; treated as constant.
      weight: scalar or [B, D] importance weight; treated as constant.

    Returns:
      [B] loss per sound.

    References:
      SynthRL (IJCAI 2025), Eq. 6; Williams (1992).
    """
    chex.assert_rank([log_prob, reward], [2, 1])
    gain, weight = jax.lax.stop_gradient((jnp.asarray(reward), jnp.asarray(weight)))
    return -gain * jnp.mean(weight * log_prob, axis=-1)
