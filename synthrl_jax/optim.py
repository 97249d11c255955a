"""The optimiser: AdamW under linear warm-up and cosine annealing with warm restarts."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike


def warm_restart_schedule(
    peak: float, *, warmup_steps: int, period_steps: int, start_factor: float, floor: float
) -> optax.Schedule:
    """Learning rate against update count.

    Args:
      peak: the highest rate.
      warmup_steps: linear rise from `start_factor * peak` to `peak`.
      period_steps: length of one cosine descent from `peak` to `floor`, then again.
      start_factor: in [0, 1].
      floor: the lowest rate.

    References:
      SGDR (Loshchilov and Hutter, 2017), Eq. 5 with a constant period.
    """
    warmup = optax.linear_schedule(start_factor * peak, peak, max(1, warmup_steps))

    def cosine(count: ArrayLike) -> jax.Array:
        phase = jnp.mod(count, period_steps) / period_steps
        return floor + 0.5 * (peak - floor) * (1 + jnp.cos(jnp.pi * phase))

    return optax.join_schedules([warmup, cosine], [warmup_steps])


def constant_schedule(peak: float, *, warmup_steps: int, start_factor: float) -> optax.Schedule:
    """The same rate for as long as one likes, after a linear rise from `start_factor * peak`."""
    return optax.linear_schedule(start_factor * peak, peak, max(1, warmup_steps))


def make_optimizer(
    schedule: optax.Schedule,
    *,
    weight_decay: float,
    b1: float,
    b2: float,
    max_grad_norm: float | None = None,
) -> optax.GradientTransformation:
    """AdamW; gradients are clipped to a global norm first if `max_grad_norm` is given."""
    adamw = optax.adamw(schedule, b1=b1, b2=b2, weight_decay=weight_decay)
    if max_grad_norm is None:
        return adamw
    return optax.chain(optax.clip_by_global_norm(max_grad_norm), adamw)
