"""Every instruction set gives the same bytes, whichever voices are rendered together."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest
from dexed_exactness import all_algorithms

from synthrl_jax import _native, assets
from synthrl_jax.presets import read_sysex, to_values

pytestmark = pytest.mark.native

ENGINES = ("mark1", "modern", "opl")
STAGES = ("engine", "plugin")
OTHERS = [name for name in _native.dx7.instruction_sets() if name != "portable"]
KINDS = ("bundled", "algorithms", "random")
LANES = 64


@functools.cache
def voices(kind: str) -> np.ndarray:
    """Packed voices [N, 128]."""
    rng = np.random.default_rng(7)
    if kind == "bundled":
        return read_sysex(assets.VOICES).voices
    if kind == "algorithms":  # 32 algorithms with 8 feedbacks each
        return all_algorithms(seed=3)
    return rng.integers(0, 256, (200, 128), np.uint8)


def render(
    presets: np.ndarray,
    instruction_set: str,
    rate: int = 22_050,
    engine: str = "mark1",
    stage: str = "plugin",
    threads: int = 1,
    rows: np.ndarray | None = None,
    length_s: float = 0.3,
) -> np.ndarray:
    """[N, S] of `rows`, or all, each with a note that depends on its row."""
    renderer = _native.dx7.Renderer(rate, threads, engine, stage, instruction_set)
    assert renderer.instruction_set == instruction_set
    rng = np.random.default_rng(len(presets))
    count = len(presets)
    note = rng.integers(24, 108, count).astype(np.int32)
    velocity = rng.integers(1, 128, count).astype(np.int32)
    gate_samples = rng.integers(0, int(0.35 * rate), count).astype(np.int64)
    lfo_phase = rng.integers(0, 2**32, count).astype(np.uint32)
    sample_hold = rng.integers(0, 256, count).astype(np.uint8)
    chosen = np.arange(count) if rows is None else rows
    play = renderer.render_packed if presets.dtype == np.uint8 else renderer.render_values
    columns = (note, velocity, gate_samples, lfo_phase, sample_hold)
    notes = _native.dx7.Notes(*(column[chosen] for column in columns))
    return play(presets[chosen], notes, fade_samples=0, num_samples=int(length_s * rate))


def test_this_processor_is_compared_with_something():
    if not OTHERS:
        pytest.skip("no instruction set beside the portable one")
    assert "best" not in OTHERS


def test_an_unknown_instruction_set_is_refused():
    with pytest.raises(ValueError, match="'mmx' is not one of best, portable, avx2, avx512"):
        _native.dx7.Renderer(22_050, 1, "mark1", "plugin", "mmx")


@pytest.mark.parametrize("instruction_set", OTHERS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("engine", "stage"), list(itertools.product(ENGINES, STAGES)))
def test_instruction_sets_give_the_same_bytes(instruction_set, kind, engine, stage):
    for rate in (22_050, 44_100):
        expected = render(voices(kind), "portable", rate, engine, stage)
        assert np.abs(expected).max() > 0.1
        got = render(voices(kind), instruction_set, rate, engine, stage)
        assert got.tobytes() == expected.tobytes()


@pytest.mark.parametrize("instruction_set", OTHERS)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rate", [8_000, 16_385, 48_000, 96_000])
def test_other_rates_give_the_same_bytes(instruction_set, engine, rate):
    expected = render(voices("random"), "portable", rate, engine)
    assert render(voices("random"), instruction_set, rate, engine).tobytes() == expected.tobytes()


@pytest.mark.parametrize("instruction_set", OTHERS)
def test_random_values_give_the_same_bytes(instruction_set):
    """With the post filter, the output gain, the master tune and operators switched off."""
    rng = np.random.default_rng(5)
    values = rng.uniform(0, 1, (130, 155)).astype(np.float32)
    values[:, 0] *= 0.8  # a cutoff that the filter stands
    values[::3, :4] = (1, 0, 1, 0.5)
    values[:, 4:][rng.random((130, 151)) < 0.1] = 0
    expected = render(values, "portable")
    assert np.count_nonzero(np.abs(expected).max(axis=1) > 1e-4) > 40
    assert render(values, instruction_set).tobytes() == expected.tobytes()


@pytest.mark.parametrize("instruction_set", ["portable", *OTHERS])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_company_changes_no_byte(instruction_set, threads):
    """Groups of many sizes, of other voices, in other orders."""
    presets = np.concatenate([voices("algorithms")[::3], voices("random")[:60]])
    together = render(presets, instruction_set)
    rng = np.random.default_rng(threads)
    for size in (1, 2, 15, 16, 17, LANES - 1, LANES, LANES + 1, len(presets)):
        rows = rng.permutation(len(presets))[:size]
        some = render(presets, instruction_set, threads=threads, rows=rows)
        np.testing.assert_array_equal(some, together[rows])


@pytest.mark.parametrize("instruction_set", ["portable", *OTHERS])
def test_what_has_ended_stays_silent_beside_what_sounds(instruction_set):
    presets = to_values(voices("bundled")[:24]).astype(np.float32)
    long = render(presets, instruction_set, length_s=3.0)
    alone = [
        render(presets, instruction_set, rows=np.array([row]), length_s=3.0)[0]
        for row in range(len(presets))
    ]
    np.testing.assert_array_equal(long, alone)
    ended = [row for row in long if not row[-1000:].any()]
    assert 0 < len(ended) < len(long)


def test_returned_audio_is_not_written_again():
    """The renderer reuses memory, but only of arrays that are gone."""
    renderer = _native.dx7.Renderer(22_050, 1, "mark1", "plugin")
    presets = voices("bundled")[:2]

    def play(player: _native._Dx7.Renderer, note: int) -> np.ndarray:
        columns = [np.full(2, value) for value in (note, 100, 4000, 0, 0)]
        types = (np.int32, np.int32, np.int64, np.uint32, np.uint8)
        notes = _native.dx7.Notes(
            *(column.astype(kind) for column, kind in zip(columns, types, strict=True))
        )
        return player.render_packed(presets, notes, fade_samples=0, num_samples=8000)

    first = play(renderer, 60)
    copy = first.copy()
    view = first[1:, 100:]
    second = play(renderer, 72)
    np.testing.assert_array_equal(first, copy)
    assert not np.array_equal(first, second)
    del first
    play(renderer, 48)
    np.testing.assert_array_equal(view, copy[1:, 100:])
    del renderer
    np.testing.assert_array_equal(view, copy[1:, 100:])
