"""The losses against plain NumPy and hand-worked cases."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synthrl_jax import losses
from synthrl_jax.actions import ActionSpace
from synthrl_jax.synths.dx7 import SPEC

SPACE = ActionSpace(SPEC)


def _random_action(seed: int, batch: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, SPEC.class_counts, (batch, SPEC.num_decisions))


def test_smoothed_targets_are_distributions_over_existing_classes() -> None:
    targets = losses.smoothed_targets(SPEC)
    for d, count in enumerate(SPEC.class_counts):
        np.testing.assert_allclose(targets[d, :count].sum(-1), 1.0, rtol=1e-6)
        assert np.all(targets[d, :, count:] == 0)
        assert np.all(targets[d, np.arange(count), np.arange(count)] >= targets[d, :count].max(-1))


def test_smoothing_follows_the_published_gaussian() -> None:
    level = SPEC.decision_index("OP1 OUTPUT LEVEL")  # 25 classes: sd is half a class
    row = losses.smoothed_targets(SPEC)[level, 10, :25]
    weight = np.exp(-0.5 * (np.arange(-10, 15) / 25 / 0.02) ** 2)
    weight[np.abs(np.arange(-10, 15)) > 5] = 0
    np.testing.assert_allclose(row, weight / weight.sum(), rtol=1e-5, atol=1e-9)


def test_nominal_targets_are_one_hot() -> None:
    algorithm = SPEC.decision_index("ALGORITHM")
    np.testing.assert_array_equal(
        losses.smoothed_targets(SPEC)[algorithm, :32, :32], np.eye(32, dtype=np.float32)
    )


def test_silent_operator_carries_no_loss_except_its_level() -> None:
    action = _random_action(0, 1)
    levels = [SPEC.decision_index(f"OP{k} OUTPUT LEVEL") for k in range(1, 7)]
    action[0, levels] = 5
    action[0, levels[2]] = 0
    audible = np.asarray(losses.audible_decisions(SPEC, action))[0]
    silent = {p.name for p, a in zip(SPEC.decisions, audible, strict=True) if a == 0}
    expected = {p.name for p in SPEC.decisions if p.name.startswith("OP3 ")} - {"OP3 OUTPUT LEVEL"}
    assert silent == expected and len(silent) == 20


def test_parameter_loss_equals_numpy() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(3, SPEC.num_decisions, SPEC.max_classes)).astype(np.float32)
    action = _random_action(2, 3)
    targets = losses.smoothed_targets(SPEC)
    audible = np.asarray(losses.audible_decisions(SPEC, action))
    got = losses.parameter_loss(SPACE.log_softmax(logits, 0.2), action, targets, audible)

    expected = np.zeros(3)
    for b in range(3):
        for d, count in enumerate(SPEC.class_counts):
            scaled = logits[b, d, :count].astype(np.float64) / 0.2
            log_p = scaled - np.log(np.exp(scaled - scaled.max()).sum()) - scaled.max()
            expected[b] -= audible[b, d] * np.dot(targets[d, action[b, d], :count], log_p)
    np.testing.assert_allclose(got, expected / SPEC.num_decisions, rtol=1e-5)


def test_policy_gradient_raises_the_probability_of_rewarded_actions() -> None:
    logits = jnp.zeros((2, SPEC.num_decisions, SPEC.max_classes))
    action = _random_action(3, 2)
    reward = jnp.array([2.0, 0.0])

    def loss(logits: jax.Array) -> jax.Array:
        log_prob = SPACE.log_prob(logits, action, 1.0)
        return losses.policy_gradient_loss(log_prob, reward).sum()

    moved = logits - jax.grad(loss)(logits)
    before, after = (SPACE.log_prob(x, action, 1.0) for x in (logits, moved))
    assert np.all(after[0] > before[0])
    np.testing.assert_array_equal(after[1], before[1])  # reward 0 teaches nothing


def test_reward_and_weight_are_constants() -> None:
    log_prob = -jnp.ones((2, 5))
    grad = jax.grad(lambda r: losses.policy_gradient_loss(log_prob, r).sum())(jnp.ones(2))
    np.testing.assert_array_equal(grad, 0.0)
    grad = jax.grad(lambda lp: losses.importance_weight(lp, "per_decision").sum())(log_prob)
    np.testing.assert_array_equal(grad, 0.0)


def test_importance_weights() -> None:
    log_prob = jnp.log(jnp.array([[0.5, 0.25]]))
    np.testing.assert_allclose(losses.importance_weight(log_prob, "none"), [[1, 1]])
    np.testing.assert_allclose(losses.importance_weight(log_prob, "per_decision"), [[0.5, 0.25]])
    np.testing.assert_allclose(losses.importance_weight(log_prob, "joint"), [[0.125, 0.125]])
    with pytest.raises(ValueError, match="per_decision"):
        losses.importance_weight(log_prob, "some")  # type: ignore[arg-type]


def test_preference_is_the_reward_or_its_logarithm() -> None:
    reward = np.array([[0.5, 2.0]])
    np.testing.assert_allclose(losses.preference(reward, "inverse"), reward)
    np.testing.assert_allclose(losses.preference(reward, "log"), np.log(reward), rtol=1e-6)
    with pytest.raises(ValueError, match="square"):
        losses.preference(reward, "square")  # type: ignore[arg-type]


def test_advantages_compare_tries_at_the_same_sound() -> None:
    value = np.array([[1.0, 2.0, 6.0], [5.0, 5.0, 5.0]])
    np.testing.assert_allclose(losses.advantage(value, "none"), value)
    left_out = [[1 - 4, 2 - 3.5, 6 - 1.5], [0, 0, 0]]
    np.testing.assert_allclose(losses.advantage(value, "leave_one_out"), left_out, atol=1e-6)
    group = np.asarray(losses.advantage(value, "group"))
    np.testing.assert_allclose(group[0], (value[0] - 3) / value[0].std(), rtol=1e-3)
    np.testing.assert_array_equal(group[1], 0)  # nothing to prefer
    with pytest.raises(ValueError, match="two or more"):
        losses.advantage(value[:, :1], "group")


def test_the_ratio_is_clipped_where_it_would_gain() -> None:
    old = np.log(np.full((1, 2, 1), 0.5))
    new = np.log(np.array([[[0.9], [0.1]]]))
    gain = np.array([[1.0, -1.0]])
    unclipped = losses.clipped_policy_loss(new, old, gain, 0.0)
    np.testing.assert_allclose(unclipped, [-(1.8 - 0.2) / 2], rtol=1e-5)
    clipped = losses.clipped_policy_loss(new, old, gain, 0.2)
    np.testing.assert_allclose(clipped, [-(1.2 - 0.8) / 2], rtol=1e-5)


def test_entropy_and_divergence() -> None:
    even, uneven = np.log([0.5, 0.5]), np.log([0.9, 0.1])
    np.testing.assert_allclose(losses.entropy(even), np.log(2), rtol=1e-6)
    np.testing.assert_allclose(losses.divergence(even, even), 0, atol=1e-7)
    expected = 0.9 * np.log(1.8) + 0.1 * np.log(0.2)
    np.testing.assert_allclose(losses.divergence(uneven, even), expected, rtol=1e-5)
