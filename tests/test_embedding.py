"""Rows that find sounds again at other pitches and lengths."""

from __future__ import annotations

import numpy as np
import pytest

from synthrl_jax import assets, embedding, presets
from synthrl_jax.render import Renderer

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def voices() -> np.ndarray:
    return presets.read_sysex(assets.VOICES).voices[::5]


def rows(voices: np.ndarray, note: int, gate_s: float, length_s: float) -> np.ndarray:
    sounds = Renderer().render(voices, note=note, gate_s=gate_s, length_s=length_s)
    sounds /= np.abs(sounds).max(axis=1, keepdims=True)
    return embedding.embed(sounds, note, gate_s)


@pytest.mark.parametrize(
    ("note", "gate_s", "length_s"), [(60, 3.0, 4.0), (60, 0.5, 1.0), (48, 3.0, 4.0), (76, 1.0, 2.0)]
)
def test_voices_are_found_again(
    voices: np.ndarray, note: int, gate_s: float, length_s: float
) -> None:
    table = rows(voices, 60, 3.0, 4.0)
    places = [
        np.sum((distance := embedding.distances(table, row)) < distance[i])
        for i, row in enumerate(rows(voices, note, gate_s, length_s))
    ]
    assert np.mean(np.array(places) < 3) > 0.85


def test_level_of_a_sine_does_not_depend_on_note_or_window() -> None:
    time = np.arange(44_100) / 22_050
    peaks = [
        embedding.embed(np.sin(2 * np.pi * 261.6 * 2 ** ((n - 60) / 12) * time)[None], n, 3.0)[0]
        .reshape(embedding.NUM_STRETCHES, embedding.NUM_BANDS)[6]
        .astype(int)
        for n in (36, 48, 60, 72)
    ]
    for peak in peaks:
        assert abs(int(np.argmax(np.where(peak < 255, peak, 0))) - int(np.argmax(peaks[2]))) <= 1


def test_what_a_short_note_lacks_is_unknown_and_left_out() -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, (1, 11_025)).astype(np.float32)
    row = embedding.embed(noise, 72, 0.25)[0]
    unknown = (row == embedding.UNKNOWN).reshape(embedding.NUM_STRETCHES, embedding.NUM_BANDS)
    assert unknown[9].all() and not unknown[0].all()
    assert unknown[0, -1], "bands beyond what a high note's recording can hold"
    other = row.copy()
    other[row == embedding.UNKNOWN] = 7
    assert embedding.distances(other[None], row)[0] == 0.0


def test_distances_of_nothing() -> None:
    row = np.zeros(embedding.WIDTH, np.uint8)
    assert len(embedding.distances(row[None][:0], row)) == 0


def test_nearest_of_many_rows_leave_out_their_own_groups() -> None:
    rng = np.random.default_rng(0)
    table = rng.integers(0, 200, (9, embedding.WIDTH), np.uint8)
    rows = table[rng.integers(9, size=1100)]
    of_table, of_rows = rng.integers(4, size=9), rng.integers(4, size=len(rows))
    told: list[int] = []
    found = embedding.nearest(table, rows, 8, (of_table, of_rows), told.append)
    assert sum(told) == len(rows) and len(told) > 2
    every = np.stack([embedding.distances(table, row) for row in table])
    for row, group, near in zip(rows, of_rows, found, strict=True):
        exact = every[np.flatnonzero(np.all(table == row, axis=1))[0]]
        allowed = np.flatnonzero(of_table != group)
        expected = allowed[np.argsort(exact[allowed], kind="stable")]
        np.testing.assert_array_equal(near[: len(expected)], expected[:8])
        assert np.all(near[len(expected) :] == -1)
    assert np.all(
        embedding.nearest(table, rows, 1)[:, 0]
        == [np.flatnonzero(np.all(table == row, axis=1))[0] for row in rows]
    )
