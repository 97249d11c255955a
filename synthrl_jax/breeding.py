"""New DX7 voices from old ones: changes and crossings that know what the parameters mean.

Voices are here *genomes*, [G] int16: the parameters that are heard at one note and velocity, in
native steps. Level and rate scaling and key velocity only add to what the levels and rates do at a
single note, so they stay as the ancestor has them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synthrl_jax import render
from synthrl_jax.synths.dx7 import NUM_OPERATORS, operator_of

Genomes = NDArray[np.int16]

_FIXED_AT_ONE_NOTE = {
    "BREAK POINT",
    "L SCALE DEPTH",
    "R SCALE DEPTH",
    "L KEY SCALE",
    "R KEY SCALE",
    "RATE SCALING",
    "KEY VELOCITY",
}
_NOMINAL = {"ALGORITHM", "OSC KEY SYNC", "LFO KEY SYNC", "LFO WAVE", "MODE"}
_MOST_CHANGED = 8
"""Parameters that one mutation changes."""
_SMALL_MAXIMUM = 31
"""Parameters of few steps move by one or anywhere, others by a share of their range."""


class Genes(NamedTuple):
    """The parameters of a genome.

    Attributes:
      byte: [G] place in an unpacked voice.
      maximum: [G] largest value.
      operator: [G] 1 to 6, or 0 for parameters of the whole voice.
      nominal: [G] whether values have no order.
      blocks: [n] groups of genes that make sense together, each [g] indices: for each operator all
        of it, its envelope, its frequency, its level; algorithm and feedback, LFO, pitch envelope.
      block_operator: [n] operator of each block, or 0.
      level: [6] index of each operator's output level.
    """

    byte: NDArray[np.intp]
    maximum: Genomes
    operator: NDArray[np.int8]
    nominal: NDArray[np.bool_]
    blocks: list[NDArray[np.intp]]
    block_operator: NDArray[np.int8]
    level: NDArray[np.intp]


_OPERATOR_BLOCKS = (r".*", r"EG .*", r"MODE|F COARSE|F FINE|OSC DETUNE", r"OUTPUT LEVEL")
_GLOBAL_BLOCKS = (r"ALGORITHM|FEEDBACK", r"LFO .*|P MODE SENS\.", r"PITCH EG .*")


@functools.cache
def genes() -> Genes:
    """The table, made once from the engine's own."""
    rows = []
    for name, byte, maximum in render.native_parameters():
        number, field = operator_of(name) or (0, name)
        if byte >= 0 and maximum > 0 and name != "MIDDLE C" and field not in _FIXED_AT_ONE_NOTE:
            rows.append((number, field, byte, maximum))
    fields = [field for _, field, _, _ in rows]
    operator = np.array([number for number, *_ in rows], np.int8)

    def block(number: int, pattern: str) -> NDArray[np.intp]:
        inside = [bool(re.fullmatch(pattern, field)) for field in fields]
        return np.flatnonzero((operator == number) & inside)

    numbers = [*np.repeat(range(1, NUM_OPERATORS + 1), len(_OPERATOR_BLOCKS)), 0, 0, 0]
    patterns = [*_OPERATOR_BLOCKS * NUM_OPERATORS, *_GLOBAL_BLOCKS]
    return Genes(
        byte=np.array([byte for _, _, byte, _ in rows], np.intp),
        maximum=np.array([maximum for *_, maximum in rows], np.int16),
        operator=operator,
        nominal=np.array([field in _NOMINAL for field in fields]),
        blocks=[block(n, pattern) for n, pattern in zip(numbers, patterns, strict=True)],
        block_operator=np.array(numbers, np.int8),
        level=np.array([block(n, "OUTPUT LEVEL")[0] for n in range(1, NUM_OPERATORS + 1)]),
    )


def from_voices(voices: NDArray[np.uint8]) -> Genomes:
    """Packed voices [N, 128] → genomes [N, G]."""
    return render.unpack_voices(voices)[:, genes().byte].astype(np.int16)


def to_voices(genomes: Genomes, ancestors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Genomes [N, G] → packed voices [N, 128]; all else is as in the ancestors [N, 128]."""
    unpacked = render.unpack_voices(ancestors)
    unpacked[:, genes().byte] = genomes
    return render.pack_voices(unpacked)


def mutate(
    rng: np.random.Generator,
    parents: Genomes,
    spread: ArrayLike,
    preference: ArrayLike = 1.0,
) -> Genomes:
    """Changes a few parameters that are heard.

    Args:
      rng: draws.
      parents: [N, G].
      spread: share of its range that a parameter of many steps moves by, about; one for all or [N].
      preference: [G] weight with which each parameter is picked, if it is heard.

    Returns:
      [N, G], each at least one parameter away from its parent.
    """
    table = genes()
    weight = np.where(_is_heard(parents), 1.0, 0.0)
    weight[:, table.level] = np.maximum(weight[:, table.level], 0.2)
    weight *= preference
    # An exponential race picks a few genes of each row by weight.
    finish = rng.exponential(size=weight.shape) / np.maximum(weight, 1e-9)
    leaders = np.argpartition(finish, _MOST_CHANGED, axis=1)[:, :_MOST_CHANGED]
    order = np.argsort(np.take_along_axis(finish, leaders, axis=1), axis=1)
    num_changed = np.minimum(rng.geometric(0.45, (len(parents), 1)), _MOST_CHANGED)
    row, place = np.nonzero(np.arange(_MOST_CHANGED) < num_changed)
    gene = leaders[row, order[row, place]]
    children = parents.copy()
    row_spread = np.broadcast_to(spread, len(parents))[row]
    children[row, gene] = _moved(rng, parents[row, gene], gene, row_spread)
    return children


def _is_heard(genomes: Genomes) -> NDArray[np.bool_]:
    """[N, G] false for the parameters of operators that are turned down."""
    table = genes()
    on = np.concatenate([np.ones((len(genomes), 1), bool), genomes[:, table.level] > 0], axis=1)
    return on[:, table.operator]


def _moved(
    rng: np.random.Generator,
    values: NDArray[np.int16],
    gene: NDArray[np.intp],
    spread: NDArray[np.floating],
) -> NDArray[np.int16]:
    """[N] values of genes [N], none of them as it was; spread is [N]."""
    table = genes()
    maximum = table.maximum[gene]
    sign = rng.choice([-1, 1], len(gene))
    share = np.abs(rng.standard_normal(len(gene))) * spread * maximum
    step = np.where(maximum > _SMALL_MAXIMUM, np.maximum(1, np.rint(share)), 1)
    stepped = values + sign * step
    # What would leave the range goes the other way.
    stepped = np.where((stepped < 0) | (stepped > maximum), values - sign * step, stepped)
    anywhere = (values + rng.integers(1, maximum + 1)) % (maximum + 1)
    jumps = rng.random(len(gene)) < np.where(maximum > _SMALL_MAXIMUM, 0.05, 0.3)
    new = np.where(table.nominal[gene] | jumps, anywhere, stepped)
    return np.clip(new, 0, maximum).astype(np.int16)


def cross(rng: np.random.Generator, parents: Genomes, mates: Genomes) -> Genomes:
    """Gives each parent one block of its mate: an operator, an envelope, an LFO.

    An operator's block mostly goes to the same place, sometimes to another operator.

    Args:
      rng: draws.
      parents, mates: [N, G].
    """
    table = genes()
    source = rng.integers(len(table.blocks), size=len(parents))
    kinds = len(_OPERATOR_BLOCKS)
    elsewhere = (table.block_operator[source] > 0) & (rng.random(len(parents)) < 0.3)
    slots = rng.integers(NUM_OPERATORS, size=len(parents))
    target = np.where(elsewhere, slots * kinds + source % kinds, source)
    blocks = _padded_blocks()
    row, place = np.nonzero(blocks[source] >= 0)
    children = parents.copy()
    children[row, blocks[target[row], place]] = mates[row, blocks[source[row], place]]
    return children


@functools.cache
def _padded_blocks() -> NDArray[np.intp]:
    """[n, g] the blocks of `Genes` as rows of equal length; -1 where there is no more."""
    blocks = genes().blocks
    padded = np.full((len(blocks), max(map(len, blocks))), -1, np.intp)
    for row, block in zip(padded, blocks, strict=True):
        row[: len(block)] = block
    return padded


def shift(rng: np.random.Generator, parents: Genomes, spread: NDArray[np.floating]) -> Genomes:
    """Moves numbers of a kind together: rates or levels of an envelope, a stage of all.

    Args:
      rng: draws.
      parents: [N, G].
      spread: [N] share of the range that they move by, about.
    """
    groups = _shift_groups()
    group = groups[rng.integers(len(groups), size=len(parents))]
    step = np.rint(rng.standard_normal(len(parents)) * spread * 99)
    step = np.where(step == 0, rng.choice([-1, 1], len(parents)), step)
    moved = group & (rng.random(parents.shape) < 0.8)
    shifted = parents + moved * step[:, None]
    return np.clip(shifted, 0, genes().maximum).astype(np.int16)


@functools.cache
def _shift_groups() -> NDArray[np.bool_]:
    """[n, G] what moves together: rates and levels of each envelope, and of one stage in all."""
    table = genes()
    envelopes = np.stack([table.blocks[4 * i + 1] for i in range(NUM_OPERATORS)])
    rates, levels = envelopes[:, :4], envelopes[:, 4:]
    together = [*rates, *levels, *rates.T, *levels.T, table.level]
    groups = np.zeros((len(together), len(table.maximum)), bool)
    for row, inside in zip(groups, together, strict=True):
        row[inside] = True
    return groups


def brighten(genome: Genomes, carriers: Sequence[int], steps: int) -> Genomes:
    """[G] with the levels of the operators that modulate moved, for more or fewer harmonics."""
    modulators = [i for i in range(NUM_OPERATORS) if i + 1 not in carriers]
    return _stepped(genome, genes().level[modulators], steps)


def change_rates(genome: Genomes, stage: int, steps: int) -> Genomes:
    """[G] with a stage (1 to 4) of all envelopes faster or, for negative steps, slower."""
    stages = [
        genes().blocks[len(_OPERATOR_BLOCKS) * i + 1][stage - 1] for i in range(NUM_OPERATORS)
    ]
    return _stepped(genome, np.array(stages), steps)


def detune(genome: Genomes, steps: int) -> Genomes:
    """[G] with the operators spread in frequency, every other one up and down."""
    detunes = np.array([genes().blocks[len(_OPERATOR_BLOCKS) * i + 2][-1] for i in range(6)])
    return _stepped(genome, detunes, np.array([steps, -steps] * 3))


def _stepped(genome: Genomes, where: NDArray[np.intp], steps: ArrayLike) -> Genomes:
    moved = genome.copy()
    # What is off stays off.
    on = (genome[where] > 0) | ~np.isin(where, genes().level)
    moved[where] = np.clip(genome[where] + np.where(on, steps, 0), 0, genes().maximum[where])
    return moved


def blend(rng: np.random.Generator, parents: Genomes, plus: Genomes, minus: Genomes) -> Genomes:
    """Adds to some parameters the difference of two others (differential evolution).

    Args:
      rng: draws.
      parents, plus, minus: [N, G].
    """
    table = genes()
    scale = rng.uniform(0.2, 0.9, (len(parents), 1))
    taken = (rng.random(parents.shape) < rng.uniform(0.05, 0.5, (len(parents), 1))) & ~table.nominal
    moved = np.rint(parents + scale * (plus - minus))
    return np.clip(np.where(taken, moved, parents), 0, table.maximum).astype(np.int16)
