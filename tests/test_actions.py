"""Action space: identities, probabilities, and the classes that do not exist."""

import jax
import numpy as np
import pytest
import scipy.special

from synthrl_jax.actions import ActionSpace
from synthrl_jax.synths.dx7 import SPEC

SPACE = ActionSpace(SPEC)

# What 25 classes reach of a parameter of 100 steps.
REACHED_INTEGERS = [0, 4, 8, 12, 16, 21, 25, 29, 33, 37, 41, 45, 50]
REACHED_INTEGERS += [54, 58, 62, 66, 70, 74, 78, 82, 87, 91, 95, 99]


def random_actions(num: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, SPACE.class_counts, (num, SPACE.num_decisions))


def random_logits(*shape: int) -> np.ndarray:
    size = (*shape, SPACE.num_decisions, SPACE.max_classes)
    return np.random.default_rng(1).normal(size=size).astype(np.float32)


def test_mask_has_one_entry_per_class():
    assert SPACE.class_mask.shape == (144, 34)
    assert SPACE.class_mask.sum(axis=1).tolist() == SPACE.class_counts.tolist()


def test_action_to_preset_to_action_is_the_identity():
    actions = random_actions(500)
    np.testing.assert_array_equal(SPACE.from_values(SPACE.to_values(actions)), actions)


def test_every_class_of_every_decision_survives_the_round_trip():
    for k in range(SPACE.max_classes):
        actions = np.minimum(k, SPACE.class_counts - 1)[None]
        np.testing.assert_array_equal(SPACE.from_values(SPACE.to_values(actions)), actions)


def test_presets_are_in_range_and_fixed_values_stay():
    values = SPACE.to_values(random_actions(100))
    assert values.dtype == np.float32
    assert values.min() >= 0 and values.max() <= 1
    assert np.all(values[:, [0, 2, 44, 66, 88, 110, 132, 154]] == 1.0)
    assert np.all(values[:, 1] == 0.0)
    assert np.all(values[:, [3, 13]] == 0.5)


def test_integers_reached_by_25_classes():
    speed = SPEC.decision_index("LFO SPEED")
    actions = np.zeros((25, SPACE.num_decisions), int)
    actions[:, speed] = np.arange(25)
    values = SPACE.to_values(actions)[:, SPEC.value_index[speed]]
    assert np.rint(values * np.float32(99)).astype(int).tolist() == REACHED_INTEGERS


def test_break_points_reached_are_multiples_of_three():
    point = SPEC.decision_index("OP4 BREAK POINT")
    actions = np.zeros((34, SPACE.num_decisions), int)
    actions[:, point] = np.arange(34)
    values = SPACE.to_values(actions)[:, SPEC.value_index[point]]
    assert np.rint(values * np.float32(99)).astype(int).tolist() == list(range(0, 100, 3))


@pytest.mark.parametrize("bad_class", [-1, 8])
def test_class_that_does_not_exist_is_refused_by_name(bad_class):
    actions = random_actions(3)
    actions[2, SPEC.decision_index("FEEDBACK")] = bad_class
    with pytest.raises(ValueError, match=r"action\[2, 1\] \('FEEDBACK'\): no class"):
        SPACE.to_values(actions)


@pytest.mark.parametrize("temperature", [1.0, 0.1])
def test_log_prob_is_a_log_softmax_over_the_classes_that_exist(temperature):
    logits = random_logits(2)
    actions = random_actions(2)
    log_prob = np.asarray(SPACE.log_prob(logits, actions, temperature))
    for b in range(2):
        for d in range(SPACE.num_decisions):
            real = logits[b, d, : SPACE.class_counts[d]].astype(np.float64) / temperature
            expected = scipy.special.log_softmax(real)[actions[b, d]]
            assert log_prob[b, d] == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_probabilities_of_existing_classes_sum_to_one():
    probabilities = np.exp(np.asarray(SPACE.log_softmax(random_logits(4), 0.2), np.float64))
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1.0, atol=1e-5)
    assert np.all(probabilities[:, ~SPACE.class_mask] == 0.0)


def test_jit_equals_eager():
    logits, actions = random_logits(3), random_actions(3)
    np.testing.assert_allclose(
        jax.jit(SPACE.log_prob)(logits, actions, 0.1),
        SPACE.log_prob(logits, actions, 0.1),
        rtol=1e-5,
        atol=1e-5,
    )


def test_gradient_reaches_existing_classes_only():
    actions = random_actions(1)
    gradient = jax.grad(lambda x: SPACE.log_prob(x, actions, 0.1).sum())(random_logits(1))
    assert np.all(np.isfinite(gradient))
    assert np.all(np.asarray(gradient)[0, ~SPACE.class_mask] == 0.0)
    assert np.all(np.abs(np.asarray(gradient)[0]).sum(axis=-1) > 0.0)
