"""Near-copies against brute force."""

from __future__ import annotations

import numpy as np

from synthrl_jax import clusters


def test_similar_parameters_equals_brute_force() -> None:
    rng = np.random.default_rng(0)
    parameters = rng.integers(0, 3, (300, 12), np.uint8)
    got = {tuple(pair) for pair in clusters.similar_parameters(parameters, 4)}
    expected = {
        (i, j)
        for i in range(300)
        for j in range(i + 1, 300)
        if np.sum(parameters[i] != parameters[j]) <= 4
    }
    assert got == expected and expected


def test_have_similar_equals_brute_force() -> None:
    rng = np.random.default_rng(2)
    parameters = rng.integers(0, 4, (300, 12), np.uint8)
    others = rng.integers(0, 4, (7, 12), np.uint8)
    expected = np.sum(parameters[:, None] != others[None], axis=2).min(axis=1) <= 5
    assert 0 < expected.sum() < 300
    np.testing.assert_array_equal(clusters.have_similar(parameters, others, 5), expected)
    assert not clusters.have_similar(parameters, others[:0], 5).any()


def test_similar_sounds_equals_brute_force() -> None:
    rng = np.random.default_rng(1)
    centres = rng.uniform(-1, 1, (40, 20))
    prints = np.repeat(centres, 5, axis=0) + rng.normal(0, 0.02, (200, 20))
    prints = prints.astype(np.float32)
    got = {tuple(pair) for pair in clusters.similar_sounds(prints, 0.025)}
    distance = np.sqrt(np.mean((prints[:, None] - prints[None]) ** 2, axis=2))
    i, j = np.nonzero(np.triu(distance <= 0.025, 1))
    assert got == set(zip(i.tolist(), j.tolist(), strict=True)) and got


def test_near_copies_of_near_copies_are_together() -> None:
    group = clusters.connected(6, np.array([[0, 1], [4, 5]]), np.array([[1, 3]]))
    assert group[0] == group[1] == group[3]
    assert group[4] == group[5]
    assert len({group[0], group[2], group[4]}) == 3


def test_fingerprint_averages_bands_and_frames() -> None:
    log_mel = np.zeros((1, 128, 345), np.float32)
    log_mel[0, 4:8, 15:30] = 1.0
    prints = clusters.fingerprint(log_mel).reshape(32, 23)
    assert prints[1, 1] == 1.0 and prints.sum() == 1.0
