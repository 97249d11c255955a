"""Changes and crossings keep voices valid and do what they say."""

from __future__ import annotations

import numpy as np
import pytest

from synthrl_jax import assets, breeding, presets, variations, voice_sheet
from synthrl_jax.render import unpack_voices

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def voices() -> np.ndarray:
    return presets.read_sysex(assets.VOICES).voices


@pytest.fixture(scope="module")
def genomes(voices: np.ndarray) -> np.ndarray:
    return breeding.from_voices(voices)


def test_genomes_are_voices_without_what_is_fixed(voices: np.ndarray, genomes: np.ndarray) -> None:
    np.testing.assert_array_equal(breeding.to_voices(genomes, voices), voices)
    table = breeding.genes()
    assert genomes.shape[1] == 102 == len(table.byte)
    assert np.all((genomes >= 0) & (genomes <= table.maximum))
    assert [len(block) for block in table.blocks] == [14, 8, 4, 1] * 6 + [2, 7, 8]


def test_mutation_changes_few_parameters_that_are_heard(genomes: np.ndarray) -> None:
    parents = np.repeat(genomes, 4, axis=0)
    parents[::3, breeding.genes().level[2]] = 0
    children = breeding.mutate(np.random.default_rng(0), parents, 0.1)
    changed = np.sum(children != parents, axis=1)
    assert changed.min() >= 1 and changed.max() <= 8 and changed.mean() < 4
    table = breeding.genes()
    assert np.all((children >= 0) & (children <= table.maximum))
    silent = np.concatenate(
        [np.zeros((len(parents), 1), bool), parents[:, table.level] == 0], axis=1
    )[:, table.operator]
    silent[:, table.level] = False
    assert not np.any((children != parents) & silent)
    assert silent.any()


def test_mutation_prefers_as_told_what_is_heard(genomes: np.ndarray) -> None:
    parents = np.repeat(genomes, 4, axis=0)
    level, silent = breeding.genes().level[2], breeding.genes().blocks[4][1]
    parents[:, breeding.genes().level[1]] = 0
    preference = np.full(parents.shape[1], 0.1)
    preference[[level, silent]] = 1000
    children = breeding.mutate(np.random.default_rng(0), parents, 0.1, preference)
    changed = np.mean(children != parents, axis=0)
    assert changed[level] > 0.95 and changed[silent] == 0


def test_mutation_of_many_steps_follows_the_spread(genomes: np.ndarray) -> None:
    parents = np.repeat(genomes, 4, axis=0)
    wide = breeding.genes().maximum > 31
    means = []
    for spread in (0.02, 0.3):
        children = breeding.mutate(np.random.default_rng(1), parents, spread)
        moved = np.abs(children - parents)[:, wide]
        means.append(np.median(moved[moved > 0]))
    assert means[0] < 5 < means[1]


def test_crossing_takes_one_block_of_the_mate(genomes: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    mates = genomes[rng.permutation(len(genomes))]
    children = breeding.cross(rng, genomes, mates)
    blocks = breeding.genes().blocks
    for child, parent, mate in zip(children, genomes, mates, strict=True):
        changed = np.flatnonzero(child != parent)
        assert any(
            np.isin(changed, target).all() and np.array_equal(child[target], mate[source])
            for source in blocks
            for target in blocks
            if len(source) == len(target)
        )


def test_a_block_mostly_stays_where_it_was_and_sometimes_goes_elsewhere(
    genomes: np.ndarray,
) -> None:
    """Mates that are like no one else, so that each gene tells where it came from."""
    rng = np.random.default_rng(0)
    count, size = 400, genomes.shape[1]
    children = breeding.cross(
        rng,
        np.full((count, size), -1, np.int16),
        np.tile(np.arange(size, dtype=np.int16), (count, 1)),
    )
    crossed = np.any(children >= 0, axis=1)
    same = np.all((children < 0) | (children == np.arange(size)), axis=1)
    assert np.all(crossed)
    # Of 24 blocks of operators and 3 others: 30 % go to one of six places.
    assert np.mean(~same) == pytest.approx(24 / 27 * 0.3 * 5 / 6, abs=0.06)


def test_a_shift_moves_most_of_a_group_by_the_same(genomes: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    middle = np.repeat(genomes[:1], 400, axis=0)
    middle[:] = breeding.genes().maximum // 2
    moved = breeding.shift(rng, middle, np.full(400, 0.05)) - middle
    number = np.sum(moved != 0, axis=1)
    # Of 12 groups of four genes and 9 of six, four fifths move.
    assert np.mean(number) == pytest.approx(0.8 * (12 * 4 + 9 * 6) / 21, abs=0.2)
    assert all(len(np.unique(row[row != 0])) <= 1 for row in moved)


def test_shift_and_blend_stay_in_range(genomes: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    maximum = breeding.genes().maximum
    shifted = breeding.shift(rng, genomes, np.full(len(genomes), 0.3))
    blended = breeding.blend(rng, genomes, genomes[::-1], np.roll(genomes, 1, axis=0))
    for children in (shifted, blended):
        assert np.all((children >= 0) & (children <= maximum)) and np.any(children != genomes)
    assert np.array_equal(
        blended[:, breeding.genes().nominal], genomes[:, breeding.genes().nominal]
    )
    np.testing.assert_array_equal(breeding.blend(rng, genomes, genomes, genomes), genomes)


def test_variations_say_what_they_change(voices: np.ndarray) -> None:
    voice = presets.with_name(voices[0], "ORIGINAL")
    found = variations.variations(voice, 20, seed=1)
    again = variations.variations(voice, 20, seed=1)
    assert [v.change for v in found] == [v.change for v in again]
    packed = np.array([v.voice for v in found])
    assert len(presets.deduplicate(np.concatenate([voice[None], packed]))) == 21
    by_change = {v.change: breeding.from_voices(v.voice[None])[0] for v in found}
    own = breeding.from_voices(voice[None])[0]
    modulators = [i for i in range(6) if i + 1 not in voice_sheet.carriers(voice)]
    level = breeding.genes().level[modulators]
    on = own[level] > 0
    assert np.all((by_change["brighter"] - own)[level][on] >= 0)
    assert np.all((by_change["darker"] - own)[level][on] < 0)
    assert np.sum(by_change["darker"] != own) == np.sum(on)
    release = [3 + 21 * slot for slot in range(6)]
    change = unpack_voices(
        breeding.to_voices(by_change["longer release"][None], voice[None])
    ).astype(int) - unpack_voices(voice[None]).astype(int)
    assert set(np.flatnonzero(change[0])) <= set(release) and np.all(change <= 0)
    assert variations.variations(voice, 0) == []
