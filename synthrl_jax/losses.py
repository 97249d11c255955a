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


def audible_decisions(spec: SynthSpec, action: Array) -> jax.Array:
    """[B, D] float32: 0 where the decision's operator has output level class 0, else 1."""
    gate = jnp.asarray(spec.gate)
    level = jnp.asarray(action)[:, jnp.maximum(gate, 0)]
    return jnp.where((gate >= 0) & (level == 0), 0.0, 1.0)


def parameter_loss(log_probs: Array, action: Array, targets: Array, audible: Array) -> jax.Array:
    """Cross-entropy against the (smoothed) true classes.

    Args:
      log_probs: [B, D, K] in nats.
      action: [B, D] true classes.
      targets: [D, K, K], see `smoothed_targets`.
      audible: [B, D], see `audible_decisions`; inaudible decisions carry no loss.

    Returns:
      [B] mean over all D decisions.
    """
    chex.assert_rank([log_probs, action, targets, audible], [3, 2, 3, 2])
    target = jnp.asarray(targets)[jnp.arange(action.shape[1]), action]
    cross_entropy = -jnp.sum(target * log_probs, axis=-1)
    return jnp.mean(audible * cross_entropy, axis=-1)


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
