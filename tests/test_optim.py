"""The learning-rate schedule against its published formula."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
import optax

from synthrl_jax import optim


def test_schedule_warms_up_anneals_and_restarts() -> None:
    schedule = optim.warm_restart_schedule(
        2e-4, warmup_steps=10, period_steps=50, start_factor=0.2, floor=1e-6
    )
    assert np.isclose(schedule(0), 0.2 * 2e-4)
    assert np.isclose(schedule(5), 0.6 * 2e-4)
    for step in (10, 23, 35, 59, 60, 85, 110):
        phase = ((step - 10) % 50) / 50
        expected = 1e-6 + (2e-4 - 1e-6) * (1 + math.cos(math.pi * phase)) / 2
        assert np.isclose(schedule(step), expected, rtol=1e-5), step


def test_clipping_bounds_the_gradient_adam_sees() -> None:
    params = {"w": jnp.zeros(4)}
    huge = {"w": jnp.full(4, 1e6)}
    clipped = optim.make_optimizer(
        optax.constant_schedule(1.0), weight_decay=0.0, b1=0.9, b2=0.999, max_grad_norm=1.0
    )
    _, state = clipped.update(huge, clipped.init(params), params)
    first_moment = next(
        leaf.mu["w"]
        for leaf in state  # chain state
        for leaf in (leaf if isinstance(leaf, tuple) else (leaf,))
        if hasattr(leaf, "mu")
    )
    np.testing.assert_allclose(jnp.linalg.norm(first_moment), 0.1, rtol=1e-5)
