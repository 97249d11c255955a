"""Sounds as short rows of bytes, made to find similar ones among tens of thousands.

A row holds the level of 64 bands in 17 stretches of time: ten from the onset on, seven from the
release on. Stretches grow with time, as changes of a sound slow down. Frequencies are counted from
the note's pitch, and the two halves from onset and release, so that notes of other pitch and length
can be compared: what one of them does not have is left out.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from synthrl_jax.audio import HOP, N_FFT, SAMPLE_RATE
from synthrl_jax.reward import MAX_SPECTRAL_CONVERGENCE

NOTE = 60
"""Key that frequencies are brought to."""

NUM_BANDS = 64
_HELD_FRAMES = (0, 1, 2, 4, 8, 16, 32, 64, 128, 192, 256)
_RELEASE_FRAMES = (0, 2, 4, 8, 16, 32, 64, 86)
NUM_HELD, NUM_RELEASED = len(_HELD_FRAMES) - 1, len(_RELEASE_FRAMES) - 1
NUM_STRETCHES = NUM_HELD + NUM_RELEASED
WIDTH = NUM_STRETCHES * NUM_BANDS
"""Bytes of a row."""

STEPS_PER_DB = 2.0
"""Unit of a row: half a decibel."""
_FLOOR_DB = -80.0
UNKNOWN = 255
"""What a row has where its sound has nothing to tell."""

Rows = NDArray[np.uint8]
"""[B, WIDTH]."""

_FRAMES_PER_STRETCH = 3
_LONG_WINDOW_BELOW = 48

_BLOCK = 4096
_QUERIES = 512
_NEAR = 2000
_SHORTLIST = 64
_CONVERGENCE_WEIGHT = 10.0


def embed(sounds: NDArray[np.float32], note: int = NOTE, gate_s: float = 3.0) -> Rows:
    """Sounds that start at their onset as rows.

    Args:
      sounds: [B, S] peak 1, 22 050 Hz.
      note: MIDI key that they play.
      gate_s: seconds until the key goes up.

    Returns:
      [B, WIDTH] levels in half decibels above the floor, by stretch, then band; `UNKNOWN` where a
      note is too short or too high to have such a stretch or band.
    """
    window_samples = N_FFT if note >= _LONG_WINDOW_BELOW else 2 * N_FFT
    centres, present = _centres(sounds.shape[1], gate_s)
    bank, within = _bands(note, window_samples)
    power = _power(sounds, centres, window_samples)
    mean_db = 10 * np.log10(power @ bank + np.float32(1e-12))
    steps = np.clip(np.rint((mean_db - _FLOOR_DB) * STEPS_PER_DB), 0, UNKNOWN - 1)
    known = present[:, None] & within[None, :]
    return np.where(known, steps, UNKNOWN).astype(np.uint8).reshape(len(sounds), WIDTH)


def _centres(num_samples: int, gate_s: float) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """[stretches, frames each] where windows are centred, and [stretches] which of them exist."""
    gate = round(gate_s * SAMPLE_RATE)
    held, held_present = _within(_HELD_FRAMES, 0, min(gate, num_samples))
    released, released_present = _within(_RELEASE_FRAMES, gate, num_samples)
    return np.concatenate([held, released]), np.concatenate([held_present, released_present])


def _within(
    edges: tuple[int, ...], start: int, stop: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Window centres of the stretches between edges, counted from a sample; those past `stop` miss.

    A stretch that has begun counts, with what there is of it.
    """
    low = start + HOP * np.array(edges[:-1])
    high = np.minimum(start + HOP * np.array(edges[1:]), stop)
    present = low < stop
    steps = (np.arange(_FRAMES_PER_STRETCH) + 0.5) / _FRAMES_PER_STRETCH
    centres = low[:, None] + steps * np.maximum(high - low, 0)[:, None]
    return np.where(present[:, None], centres, 0).astype(np.int64), present


def _power(
    sounds: NDArray[np.float32], centres: NDArray[np.int64], window_samples: int
) -> NDArray[np.float32]:
    """[B, stretches, bins] mean power; a sine has the same in windows of any length."""
    half = window_samples // 2
    padded = np.pad(sounds, ((0, 0), (half, half)))
    views = np.lib.stride_tricks.sliding_window_view(padded, window_samples, axis=1)
    window = np.hanning(window_samples + 1)[:-1] * (2 / window_samples)
    # Sound by sound, which stays within the cache.
    power = [_mean_power(view[centres] * window.astype(np.float32)) for view in views]
    return np.stack(power)


def _mean_power(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """[stretches, frames, samples] → [stretches, bins]."""
    spectrum: NDArray[np.complex64] = scipy.fft.rfft(frames)  # type: ignore[assignment]
    return np.mean(np.square(spectrum.real) + np.square(spectrum.imag), axis=1)


def _mel_edges_hz(low_hz: float, high_hz: float) -> NDArray[np.float64]:
    """[NUM_BANDS + 2] edges, linear up to 1 kHz and logarithmic above (Slaney)."""
    linear_hz, corner_hz, corner = 200 / 3, 1000.0, 15.0
    steps_per_neper = 27 / np.log(6.4)

    def mel(hz: float) -> float:
        above = corner + steps_per_neper * np.log(max(hz, corner_hz) / corner_hz)
        return hz / linear_hz if hz < corner_hz else float(above)

    mels = np.linspace(mel(low_hz), mel(high_hz), NUM_BANDS + 2)
    logarithmic = corner_hz * np.exp((mels - corner) / steps_per_neper)
    return np.where(mels < corner, mels * linear_hz, logarithmic)


@functools.lru_cache(maxsize=16)
def _bands(note: int, window_samples: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """[bins, NUM_BANDS] triangles on the mel scale of `NOTE`, and which bands the note reaches."""
    nyquist = SAMPLE_RATE / 2
    edges = _mel_edges_hz(20.0, nyquist) * 2.0 ** ((note - NOTE) / 12)
    bins = np.fft.rfftfreq(window_samples, 1 / SAMPLE_RATE)[:, None]
    rising = (bins - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins) / np.diff(edges)[1:]
    bank = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    return bank, edges[1:-1] < nyquist


def distances(table: NDArray[np.uint8], row: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How unlike a row those of a table sound; a rough guess at the distances of `reward`.

    Args:
      table: [N, WIDTH], may be a memory map.
      row: [WIDTH].

    Returns:
      [N] differences of level in dB, and of spectra relative to the row; what either does not
      know is left out.
      Infinite for all but the `_NEAR` nearest by level.
    """
    level = np.concatenate(
        [_level_distance(table[i : i + _BLOCK], row) for i in range(0, len(table), _BLOCK)]
        or [np.empty(0, np.float32)]
    )
    result = np.full(len(table), np.inf, np.float32)
    near = np.sort(np.argsort(level, kind="stable")[:_NEAR])
    result[near] = level[near] + _CONVERGENCE_WEIGHT * _convergence(table[near], row)
    return result


def nearest(
    table: Rows,
    rows: Rows,
    count: int,
    groups: tuple[NDArray[np.integer], NDArray[np.integer]] | None = None,
    advance: Callable[[int], object] = lambda _: None,
) -> NDArray[np.int32]:
    """The entries of a table that sound most like each of many rows, nearest first.

    Which entries are near is settled for many rows at once by the Euclidean distance of levels;
    only those are then compared as `distances` does, so that now and then one is missed.

    Args:
      table: [N, WIDTH] of which all rows know the same.
      rows: [n, WIDTH] likewise.
      count: of entries for each row.
      groups: [N] and [n] what the entries and the rows belong to; those of its own group do not
        count for a row.
      advance: told how many more rows are done.

    Returns:
      [n, min(count, N)] int32, -1 where fewer are allowed.
    """
    there = _placed(table)
    norms = np.sum(np.square(there), axis=1)
    size = min(_SHORTLIST, len(table))
    result = np.full((len(rows), min(count, size)), -1, np.int32)
    for start in range(0, len(rows), _QUERIES):
        chunk = rows[start : start + _QUERIES]
        squared = norms - 2 * (_placed(chunk) @ there.T)
        if groups is not None:
            of_table, of_rows = groups
            squared[of_rows[start : start + _QUERIES, None] == of_table] = np.inf
        shortlist = np.argpartition(squared, size - 1, axis=1)[:, :size]
        for i, (row, candidates) in enumerate(zip(chunk, shortlist, strict=True)):
            allowed = candidates[np.isfinite(squared[i, candidates])]
            order = np.argsort(distances(table[allowed], row), kind="stable")[:count]
            result[start + i, : len(order)] = allowed[order]
        advance(len(chunk))
    return result


def _placed(levels: Rows) -> NDArray[np.float32]:
    """[n, WIDTH] points whose Euclidean distances are like those of the levels."""
    weight = np.repeat(np.sqrt(_stretch_frames()), NUM_BANDS)
    known = np.where(levels == UNKNOWN, 0, levels)
    return (known * (np.sqrt(weight) / STEPS_PER_DB)).astype(np.float32)


def _level_distance(table: NDArray[np.uint8], row: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[N] weighted mean difference in dB; longer stretches count more, but not in proportion."""
    known = (table != UNKNOWN) & (row != UNKNOWN)
    difference = np.where(known, np.maximum(table, row) - np.minimum(table, row), np.uint8(0))
    weight = np.repeat(np.sqrt(_stretch_frames()), NUM_BANDS)
    total = known.astype(np.float32) @ weight
    return difference.astype(np.float32) @ weight / (STEPS_PER_DB * np.maximum(total, 1e-9))


def _convergence(table: NDArray[np.uint8], row: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[N] norm of the differences of magnitude over that of the row."""
    known = (table != UNKNOWN) & (row != UNKNOWN)
    levels = np.arange(256, dtype=np.float32) / STEPS_PER_DB + _FLOOR_DB
    magnitude = 10 ** (levels / 20)
    weight = np.repeat(_stretch_frames(), NUM_BANDS)
    difference = np.square(magnitude[table] - magnitude[row]) * known
    own = np.maximum((np.square(magnitude[row]) * known) @ weight, 1e-12)
    return np.minimum(np.sqrt(difference @ weight / own), MAX_SPECTRAL_CONVERGENCE)


def _stretch_frames() -> NDArray[np.float32]:
    """[NUM_STRETCHES] length of each stretch."""
    frames = [*np.diff(_HELD_FRAMES), *np.diff(_RELEASE_FRAMES)]
    return np.array(frames, np.float32)
