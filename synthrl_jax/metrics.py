"""Scores of predictions, per sound, and the ways to sum them up."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats
from numpy.typing import NDArray

from synthrl_jax.spec import SynthSpec
from synthrl_jax.types import Array


def masked_mean(values: Array, mask: Array) -> jax.Array:
    """Mean of values [B] where mask [B] is 1; 0 if it is nowhere 1. The one place it is taken."""
    total = jnp.sum(jnp.where(mask > 0, values, 0.0) * mask)
    return total / jnp.maximum(jnp.sum(mask), 1.0)


def parameter_metrics(
    spec: SynthSpec,
    predicted: NDArray[np.integer],
    true: NDArray[np.integer],
    heard: NDArray[np.floating] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """How well actions were guessed.

    Args:
      spec: of the synthesizer.
      predicted, true: [B, D] classes.
      heard: [B, D] 1 for decisions that count; None for all.

    Returns:
      "accuracy": [B] share of the decisions that are exactly right;
      "numerical_error": [B] mean absolute error of the ordinal decisions, as preset values in
      [0, 1].
    """
    predicted, true = np.asarray(predicted), np.asarray(true)
    error = np.abs(predicted - true) / (spec.class_counts - 1)
    weight = np.ones(true.shape) if heard is None else np.asarray(heard)

    def mean(values: NDArray[Any], weight: NDArray[Any]) -> NDArray[np.float32]:
        total = np.maximum(np.sum(weight, axis=-1), 1)
        return np.asarray(np.sum(values * weight, axis=-1) / total, np.float32)

    return {
        "accuracy": mean(predicted == true, weight),
        "numerical_error": mean(error[:, spec.is_ordinal], weight[:, spec.is_ordinal]),
    }


class Interval(NamedTuple):
    """A mean with its confidence interval."""

    mean: float
    low: float
    high: float


def bootstrap_interval(
    values: NDArray[np.floating], *, confidence: float = 0.95, seed: int = 0
) -> Interval:
    """Mean of values [N] with a percentile bootstrap interval; degenerate for N < 2."""
    values = np.asarray(values, np.float64)
    mean = float(np.mean(values)) if len(values) else float("nan")
    if len(values) < 2 or np.ptp(values) == 0:
        return Interval(mean, mean, mean)
    result = scipy.stats.bootstrap(
        (values,),
        np.mean,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
        batch=256,
    )
    low, high = result.confidence_interval
    return Interval(mean, float(low), float(high))
