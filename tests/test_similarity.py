"""Measures that are not the reward, on sounds whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
from numpy.typing import NDArray

from synthrl_jax import similarity
from synthrl_jax.audio import SAMPLE_RATE

LENGTH = 2 * SAMPLE_RATE
TIME = np.arange(LENGTH) / SAMPLE_RATE


def tone(f0_hz: float, level: NDArray[np.float64] | float = 1.0) -> NDArray[np.float32]:
    """[S] six harmonics."""
    partials = sum(np.sin(2 * np.pi * k * f0_hz * TIME) / k for k in range(1, 7))
    return np.asarray(0.4 * level * partials, np.float32)


def noise(seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, 0.3, LENGTH).astype(np.float32)


def test_equal_sounds_are_equal_in_every_way() -> None:
    sounds = np.stack([tone(220.0, np.exp(-TIME)), noise() * np.exp(-TIME).astype(np.float32)])
    same = similarity.similarity(sounds, sounds)
    np.testing.assert_array_equal(same.multi_scale_spectral, 0)
    np.testing.assert_allclose(same.envelope_correlation, 1)
    np.testing.assert_array_equal(same.f0_error_cents, [0, np.nan])


def test_multi_scale_distance_of_a_gain_by_hand() -> None:
    gain = 0.25
    sound = noise()
    expected = 0.0
    for size in (64, 128, 256, 512, 1024, 2048):
        hop = size // 4
        starts = range(0, LENGTH, hop)
        padded = np.pad(sound, (0, size))
        frames = np.stack([padded[start : start + size] for start in starts])
        magnitude = np.abs(np.fft.rfft(frames * scipy.signal.get_window("hann", size)))
        expected += (1 - gain) * magnitude.mean() + abs(np.log(gain))
    (got,) = similarity.multi_scale_spectral(sound[None], np.float32(gain) * sound[None])
    assert got == pytest.approx(expected, rel=1e-4)


def test_multi_scale_logarithms_have_a_floor() -> None:
    silence = np.zeros((1, LENGTH), np.float32)
    whisper = np.full((1, LENGTH), 1e-9, np.float32)
    assert similarity.multi_scale_spectral(silence, whisper)[0] < 1e-4


def test_envelopes_of_the_same_shape_correlate_at_any_pitch_and_level() -> None:
    up, down = 0.1 + TIME, 2.1 - TIME
    a = np.stack([tone(220.0, up), tone(220.0, up)])
    b = np.stack([tone(330.0, 0.2 * up), tone(330.0, down)])
    np.testing.assert_allclose(similarity.envelope_correlation(a, b), [1, -1], atol=1e-3)


def test_envelopes_that_do_not_move_have_a_rule() -> None:
    steady, moving = tone(220.0), tone(220.0, np.exp(-TIME))
    silence = np.zeros_like(steady)
    a = np.stack([steady, steady, moving, moving, silence])
    b = np.stack([tone(97.0, 0.1), moving, steady, silence, silence])
    np.testing.assert_array_equal(similarity.envelope_correlation(a, b), [1, 0, 0, 0, 1])


def test_f0_error_is_in_cents() -> None:
    targets = np.stack([tone(220.0)] * 4)
    off = np.array([37.0, -90.0, 700.0, 1200.0])
    others = np.stack([tone(220.0 * 2 ** (cents / 1200)) for cents in off])
    np.testing.assert_allclose(similarity.f0_error_cents(targets, others), np.abs(off), atol=1)


def test_f0_error_is_an_octave_at_most_and_without_a_pitch() -> None:
    targets = np.stack([tone(110.0)] * 2)
    others = np.stack([tone(880.0), np.zeros(LENGTH, np.float32)])
    np.testing.assert_array_equal(similarity.f0_error_cents(targets, others), 1200)


def test_f0_error_is_a_median_over_frames_where_the_target_has_a_pitch() -> None:
    share = np.linspace(0, 1, LENGTH)
    begin = share < 0.4
    target = np.where(share < 0.6, tone(220.0), 0.3 * noise()).astype(np.float32)
    mostly = np.where(begin, tone(222.0), 0).astype(np.float32)
    hardly = np.where(~begin, tone(222.0), 0).astype(np.float32)
    got = similarity.f0_error_cents(np.stack([target] * 2), np.stack([mostly, hardly]))
    np.testing.assert_allclose(got, [1200 * np.log2(222 / 220), 1200], atol=1)


def test_no_pitch_in_the_target_is_no_number() -> None:
    targets = np.stack([noise(), np.zeros(LENGTH, np.float32)])
    assert np.isnan(similarity.f0_error_cents(targets, np.stack([tone(220.0)] * 2))).all()
