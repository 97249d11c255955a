"""The replay buffer against a plain Python list per target."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from synthrl_jax import replay

D = 3


def test_keeps_the_best_entries_as_a_sorted_list_would() -> None:
    rng = np.random.default_rng(0)
    state = replay.empty(num_targets=4, num_entries=3, num_decisions=D)
    best: list[list[tuple[float, int]]] = [[] for _ in range(4)]
    insert = jax.jit(replay.insert)
    for i in range(40):
        uid = rng.permutation(4)[:2]
        reward = rng.uniform(0, 10, 2).astype(np.float32)
        action = np.full((2, D), i, np.int32)
        state = insert(state, uid, action, reward, np.ones(2, np.float32))
        for row, value in zip(uid, reward, strict=True):
            best[row] = sorted([*best[row], (float(value), i)])[-3:]
    for row in range(4):
        got = sorted(
            (float(r), int(a[0])) for r, a in zip(state.reward[row], state.action[row], strict=True)
        )
        assert got == best[row]


def test_padding_and_nan_never_enter() -> None:
    state = replay.empty(2, 2, D)
    action = np.ones((2, D), np.int32)
    state = replay.insert(state, np.array([0, 0]), action, np.array([1.0, 9.0]), np.array([1, 0]))
    state = replay.insert(state, np.array([1]), action[:1], np.array([np.nan]), np.array([1]))
    assert sorted(np.asarray(state.reward[0])) == [-np.inf, 1.0]
    assert np.all(np.isneginf(state.reward[1]))


def test_draw_is_uniform_over_filled_entries() -> None:
    state = replay.empty(1, 5, D)
    for value in (1, 2, 3):
        state = replay.insert(
            state, np.array([0]), np.full((1, D), value), np.array([float(value)]), np.ones(1)
        )
    uid = jnp.zeros(3000, jnp.int32)
    action, reward = replay.draw(jax.random.key(0), state, uid)
    np.testing.assert_array_equal(action[:, 0], reward)
    counts = np.bincount(np.asarray(action[:, 0]), minlength=4)
    assert counts[0] == 0
    assert np.all(np.abs(counts[1:] - 1000) < 4 * np.sqrt(1000 * 2 / 3))


def test_draw_from_an_empty_buffer_teaches_nothing() -> None:
    _, reward = replay.draw(jax.random.key(0), replay.empty(2, 5, D), jnp.arange(2))
    np.testing.assert_array_equal(reward, 0.0)
