"""Scores of predictions and their sums."""

from __future__ import annotations

import numpy as np
import pytest

from synthrl_jax import metrics
from synthrl_jax.synths.dx7 import SPEC


def test_masked_mean_leaves_padding_out() -> None:
    values = np.array([1.0, 3.0, np.nan])
    assert float(metrics.masked_mean(values, np.array([1.0, 1.0, 0.0]))) == 2.0
    assert float(metrics.masked_mean(values, np.zeros(3))) == 0.0


def test_parameter_metrics_by_hand() -> None:
    true = np.zeros((2, SPEC.num_decisions), np.int32)
    predicted = true.copy()
    level = SPEC.decision_index("OP1 OUTPUT LEVEL")  # 25 classes
    algorithm = SPEC.decision_index("ALGORITHM")  # nominal: not part of the numerical error
    predicted[1, level] = 6
    predicted[1, algorithm] = 31
    scores = metrics.parameter_metrics(SPEC, predicted, true)
    np.testing.assert_allclose(scores["accuracy"], [1.0, 142 / 144], rtol=1e-6)
    np.testing.assert_allclose(
        scores["numerical_error"], [0.0, 6 / 24 / SPEC.is_ordinal.sum()], rtol=1e-6
    )


def test_bootstrap_interval_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(100):
        interval = metrics.bootstrap_interval(rng.normal(3.0, 1.0, 60), seed=seed)
        covered += interval.low <= 3.0 <= interval.high
    assert 86 <= covered <= 100
    width = interval.high - interval.low
    assert width == pytest.approx(2 * 1.96 / np.sqrt(60), rel=0.35)


def test_bootstrap_of_too_little() -> None:
    assert metrics.bootstrap_interval(np.array([2.0])) == (2.0, 2.0, 2.0)
    assert metrics.bootstrap_interval(np.full(9, 2.0)) == (2.0, 2.0, 2.0)
