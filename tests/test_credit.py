"""Choices are made by what they have brought."""

from __future__ import annotations

import numpy as np

from synthrl_jax.credit import Credit, Listening

BETTER, EQUAL, SLIGHTLY_WORSE, MUCH_WORSE = 0.95, 1.0, 1.005, 2.0
ALL = np.array([BETTER, EQUAL, SLIGHTLY_WORSE, MUCH_WORSE])


def test_credit_is_gain_per_attempt_and_fades() -> None:
    credit = Credit(3, memory=0.5, prior=0.1)
    np.testing.assert_allclose(credit.rate(), 0.1)
    credit.add(np.array([[1, 0, 0], [1, 0, 0], [0, 0.5, 0.5]]), np.array([1.0, 2.0, 0.4]))
    np.testing.assert_allclose(credit.rate(), [3.1 / 3, 0.3 / 1.5, 0.3 / 1.5])
    for _ in range(40):
        credit.add(np.zeros((0, 3)), np.zeros(0))
    np.testing.assert_allclose(credit.rate(), 0.1, rtol=1e-6)


def test_at_first_those_that_begin_better_are_played() -> None:
    np.testing.assert_array_equal(Listening().worth_playing(ALL), [True, False, False, False])


def test_what_gains_more_than_the_average_is_played_and_what_gains_less_is_not() -> None:
    listening = Listening()
    for _ in range(60):
        relative = np.repeat([BETTER, SLIGHTLY_WORSE], 10)
        gain = np.repeat([0.0005, 0.002], 10)
        listening.learn(relative, gain, renders=25.0)
    # 0.001 per render is gained altogether.
    np.testing.assert_array_equal(listening.worth_playing(ALL[[0, 2]]), [False, True])


def test_what_brought_less_is_tried_again_when_all_brings_little() -> None:
    listening = Listening()
    worth = []
    for gain in 0.01 * 0.9 ** np.arange(60):
        worth.append(listening.worth_playing(ALL).tolist())
        listening.learn(np.full(10, BETTER), np.full(10, gain), renders=30.0)
    better, equal, slightly_worse, much_worse = zip(*worth, strict=True)
    assert not equal[0] and equal[-1] and not slightly_worse[0] and slightly_worse[-1]
    # The more it brought, the sooner.
    assert slightly_worse.index(True) < equal.index(True) < much_worse.index(True)
    assert all(better[:5])


def test_a_lucky_child_teaches_no_more_than_the_greatest_lesson() -> None:
    """A thousand times the average is forgotten after a hundred children without gain."""
    lucky, plain = Listening(), Listening()
    lucky.learn(np.array([EQUAL]), np.array([50.0]), renders=1.0)
    plain.learn(np.array([EQUAL]), np.array([0.05]), renders=1.0)
    for _ in range(5):
        np.testing.assert_array_equal(lucky.worth_playing(ALL), plain.worth_playing(ALL))
        for listening in (lucky, plain):
            listening.learn(np.full(20, EQUAL), np.zeros(20), renders=10.0)
    assert not lucky.worth_playing(ALL)[1]
