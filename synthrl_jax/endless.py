"""Training sounds without end: real voices, and new ones made of them, afresh for every batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import grain
import numpy as np
from numpy.typing import NDArray

from synthrl_jax import audio, breeding, data, presets, search
from synthrl_jax.actions import ActionSpace
from synthrl_jax.pseudo_labels import PseudoLabels
from synthrl_jax.references import References, make_reference
from synthrl_jax.render import Renderer, pack_voices, unpack_voices
from synthrl_jax.synths.dx7 import NUM_OPERATORS
from synthrl_jax.types import Batch

Voices = NDArray[np.uint8]
"""[N, 128] packed."""

_OPERATOR_BYTES = 21
_GLOBAL = slice(NUM_OPERATORS * _OPERATOR_BYTES, None)
"""Of an unpacked voice, which begins with its operators."""
_SPREAD = 0.12
_MOST_CHANGES = 4
_ALGORITHM_BYTE = 134
_GOOD_ENOUGH = 0.9
"""Share of the best voice's reward that another needs to be taught in its place."""
_NEVER_ENDING = 2**40


@dataclasses.dataclass(frozen=True)
class Shares:
    """How many of the voices of a batch are of each kind, as shares; the rest are real.

    Attributes:
      mutated: a real voice with a few parameters changed.
      crossed: a real voice with operators, envelopes or an LFO of another.
      reordered: a real voice whose operators changed places.
      interpolated: between two real voices of the same algorithm.
      prior: an algorithm and globals of one voice, each operator of a different one that has the
        same algorithm: a draw from the bank's own distribution with operators independent.
    """

    mutated: float = 0.0
    crossed: float = 0.0
    reordered: float = 0.0
    interpolated: float = 0.0
    prior: float = 0.0

    def __post_init__(self) -> None:
        shares = dataclasses.astuple(self)
        if min(shares) < 0 or sum(shares) > 1 + 1e-9:
            raise ValueError("shares must be 0 or more and together at most 1")


class VoiceSource:
    """Draws voices around a bank of real ones.

    Args:
      bank: [N, 128] packed, N at least 1.
      shares: of the kinds.
    """

    def __init__(self, bank: Voices, shares: Shares) -> None:
        self._bank = unpack_voices(bank)
        self._genomes = breeding.from_voices(bank)
        self._packed = bank
        algorithm = self._bank[:, _ALGORITHM_BYTE]
        self._by_algorithm = [np.flatnonzero(algorithm == a) for a in range(32)]
        self._algorithm = algorithm
        kinds: dict[str, Callable[[np.random.Generator, NDArray[np.intp]], Voices]] = {
            "mutated": self._mutated,
            "crossed": self._crossed,
            "reordered": self._reordered,
            "interpolated": self._interpolated,
            "prior": self._from_prior,
        }
        self._makers = list(kinds.values())
        given = [getattr(shares, name) for name in kinds]
        self._shares = np.array([*given, max(0.0, 1.0 - sum(given))])
        self._shares /= self._shares.sum()

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Voices, NDArray[np.intp]]:
        """[count, 128] packed voices, and [count] the rows of the bank they were made from."""
        rows = rng.integers(len(self._bank), size=count)
        kind = rng.choice(len(self._shares), count, p=self._shares)
        voices = self._packed[rows].copy()
        for i, make in enumerate(self._makers):
            chosen = np.flatnonzero(kind == i)
            if len(chosen):
                voices[chosen] = make(rng, rows[chosen])
        return voices, rows

    def _mutated(self, rng: np.random.Generator, rows: NDArray[np.intp]) -> Voices:
        genomes = self._genomes[rows]
        times = rng.integers(1, _MOST_CHANGES + 1, len(rows))
        for i in range(int(times.max())):
            changed = breeding.mutate(rng, genomes, _SPREAD)
            genomes = np.where((i < times)[:, None], changed, genomes)
        return breeding.to_voices(genomes, self._packed[rows])

    def _crossed(self, rng: np.random.Generator, rows: NDArray[np.intp]) -> Voices:
        genomes = self._genomes[rows]
        times = rng.integers(1, _MOST_CHANGES + 1, len(rows))
        mates = self._genomes[rng.integers(len(self._bank), size=len(rows))]
        for i in range(int(times.max())):
            changed = breeding.cross(rng, genomes, mates)
            genomes = np.where((i < times)[:, None], changed, genomes)
        return breeding.to_voices(genomes, self._packed[rows])

    def _reordered(self, rng: np.random.Generator, rows: NDArray[np.intp]) -> Voices:
        unpacked = self._bank[rows].copy()
        operators = self._operators(unpacked)
        # Two operators change places, or all are shuffled.
        for voice in operators:
            few = rng.random() < 0.7
            chosen = rng.permutation(NUM_OPERATORS)[: 2 if few else NUM_OPERATORS]
            voice[np.sort(chosen)] = voice[chosen]
        return pack_voices(unpacked)

    def _interpolated(self, rng: np.random.Generator, rows: NDArray[np.intp]) -> Voices:
        mates = self._mates(rng, rows)
        table = breeding.genes()
        a, b = self._genomes[rows].astype(np.float64), self._genomes[mates]
        blended = np.rint(a + rng.random((len(rows), 1)) * (b - a)).astype(np.int16)
        genomes = np.where(table.nominal, self._genomes[rows], blended)
        return breeding.to_voices(genomes, self._packed[rows])

    def _from_prior(self, rng: np.random.Generator, rows: NDArray[np.intp]) -> Voices:
        unpacked = self._bank[rows].copy()
        operators = self._operators(unpacked)
        for place in range(NUM_OPERATORS):
            operators[:, place] = self._operators(self._bank[self._mates(rng, rows)])[:, place]
        return pack_voices(unpacked)

    def _mates(self, rng: np.random.Generator, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Another voice of the same algorithm for each."""
        return np.array([rng.choice(self._by_algorithm[self._algorithm[row]]) for row in rows])

    @staticmethod
    def _operators(unpacked: Voices) -> Voices:
        """[N, 6, 21] view of the operators of unpacked voices."""
        return unpacked[:, : _GLOBAL.start].reshape(len(unpacked), NUM_OPERATORS, _OPERATOR_BYTES)


@dataclasses.dataclass(frozen=True)
class Notes:
    """How notes are drawn: a share of them anything a player might do, the rest the protocol.

    Attributes:
      varied: share.
      note, velocity: lowest and highest.
      gate_s: shortest and longest, in seconds.
    """

    varied: float = 0.0
    note: tuple[int, int] = (36, 84)
    velocity: tuple[int, int] = (30, 127)
    gate_s: tuple[float, float] = (0.3, 3.5)

    def draw(
        self, rng: np.random.Generator, count: int, protocol: tuple[float, float, float]
    ) -> NDArray[np.float32]:
        """[count, 3] float32 MIDI key, velocity and gate in seconds."""
        low_high = (self.note, self.velocity, self.gate_s)
        played = np.stack([rng.uniform(low, high, count) for low, high in low_high], axis=1)
        played[:, :2] = np.rint(played[:, :2])
        varied = rng.random(count) < self.varied
        return np.where(varied[:, None], played, protocol).astype(np.float32)


@dataclasses.dataclass(frozen=True)
class Elsewhere:
    """Sounds that no Dexed made, with voices that were found for them.

    Attributes:
      dataset: of the sounds.
      rows: [n] which of them have a voice and may be learnt from.
      found: the voices, for the whole dataset.
    """

    dataset: data.Dataset
    rows: NDArray[np.int64]
    found: PseudoLabels

    def draw(
        self, rng: np.random.Generator, count: int, wanted: slice = slice(None)
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]:
        """Sounds with their presets, each one of the better voices of its sound.

        Args:
          rng: consumed.
          count: of sounds to draw.
          wanted: n of them.

        Returns:
          [n, S] sounds, [n, V] presets, and [count] the places in `rows` of all that were drawn.
        """
        places = rng.integers(len(self.rows), size=count)
        rows = self.rows[places]
        reward = self.found.scores[rows, :, search.REWARD]
        good = reward >= _GOOD_ENOUGH * reward[:, :1]
        choice = np.argmax(np.where(good, rng.random(good.shape), -1.0), axis=1)
        rows, choice = rows[wanted], choice[wanted]
        values = presets.to_values(self.found.voices[rows, choice])
        return self.dataset.audio[rows], values, places


@dataclasses.dataclass(frozen=True)
class EndlessReferences:
    """Voices that policies learn to begin from.

    Attributes:
      of_bank: nearest voices of those of the bank, in its order.
      of_elsewhere: nearest voices of the sounds of other origin.
      missing: share of sounds that go without, so that a policy can do without.
      parents: share of made-up voices whose reference is the voice they were made from.
    """

    of_bank: References
    of_elsewhere: References | None
    missing: float = 0.1
    parents: float = 0.3

    def __post_init__(self) -> None:
        if not (0 <= self.missing <= 1 and 0 <= self.parents <= 1):
            raise ValueError("missing and parents must be between 0 and 1")

    def draw(
        self,
        rng: np.random.Generator,
        voices: Voices,
        parent: NDArray[np.intp],
        places: NDArray[np.intp],
    ) -> tuple[Voices, NDArray[np.bool_]]:
        """References [n, 128] for voices, then for sounds of other origin, and which there are.

        Args:
          rng: consumed.
          voices: [k, 128] that are targets.
          parent: [k] rows of the bank they were made from.
          places: [n - k] of `Elsewhere.rows`.
        """
        similar, there = self.of_bank.draw(rng, parent)
        origin = presets.without_transposition(self.of_bank.voices[parent])
        parameters = slice(presets.PARAMETER_BYTES)
        made_up = np.any(voices[:, parameters] != origin[:, parameters], axis=1)
        close = made_up & (rng.random(len(voices)) < self.parents)
        similar[close], there[close] = origin[close], True
        if self.of_elsewhere is not None:
            others, others_there = self.of_elsewhere.draw(rng, places)
            similar = np.concatenate([similar, others])
            there = np.concatenate([there, others_there])
        return similar, there & (rng.random(len(there)) >= self.missing)


def make_endless_loader(
    source: VoiceSource,
    notes: Notes,
    batch_size: int,
    *,
    renderer: Renderer,
    action_space: ActionSpace,
    protocol: tuple[float, float, float],
    seed: int = 0,
    labels: data.LabelKind = "canonical",
    elsewhere: Elsewhere | None = None,
    elsewhere_share: float = 0.0,
    references: EndlessReferences | None = None,
    rows: slice = slice(None),
) -> data.Loader:
    """Batches of voices that are drawn and played on the spot.

    A batch depends on the seed and its number alone. Silent voices are padding: their mask is 0.
    Decisions that make no difference have random classes, lest anything be learnt from them.

    Args:
      source: of the voices.
      notes: what is played.
      batch_size: B.
      renderer: of Dexed, at 22 050 Hz.
      action_space: of the labels.
      protocol: MIDI key, velocity and gate in seconds of the notes that are not varied.
      seed: of all that is random.
      labels: see `data.labels_of`.
      elsewhere: sounds of other origin to mix in, with the note that their dataset has.
      elsewhere_share: how many, as a share of the batch.
      references: voices to begin from.
      rows: of each batch, those wanted. All are drawn, but the others neither rendered nor read.
    """
    num_elsewhere = 0 if elsewhere is None else round(batch_size * elsewhere_share)
    num_played = batch_size - num_elsewhere
    start, stop, _ = rows.indices(batch_size)
    own_played = slice(min(start, num_played), min(stop, num_played))
    own_elsewhere = slice(max(start - num_played, 0), max(stop - num_played, 0))

    def batch_of(number: int) -> Batch:
        rng = np.random.default_rng((seed, number))
        drawn, parent = source.draw(rng, num_played)
        voices = presets.without_transposition(drawn)
        values = presets.to_values(voices[own_played])
        played = notes.draw(rng, num_played, protocol)[own_played]
        note, velocity, gate_s = played.T
        sounds = renderer.render(values, note=note, velocity=velocity, gate_s=gate_s)
        peak = audio.divide_by_peak(sounds)
        mask = (peak >= audio.SILENCE_PEAK).astype(np.float32)
        places = np.empty(0, np.intp)
        if elsewhere is not None and num_elsewhere:
            others, found, places = elsewhere.draw(rng, num_elsewhere, own_elsewhere)
            sounds = np.concatenate([sounds, others])
            values = np.concatenate([values, found])
            known_note = np.array(elsewhere.dataset.played, np.float32)
            played = np.concatenate([played, np.tile(known_note, (len(others), 1))])
            mask = np.concatenate([mask, np.ones(len(others), np.float32)])
        known = data.labels_of(values, played, action_space, labels)
        shape = (batch_size, action_space.num_decisions)
        anything = rng.integers(action_space.class_counts, size=shape)[start:stop]
        reference = None
        if references is not None:
            similar, there = references.draw(rng, voices, parent, places)
            reference = make_reference(
                similar[start:stop],
                there[start:stop],
                played,
                renderer=renderer,
                action_space=action_space,
                labels=labels,
            )
        return Batch(
            uid=np.zeros(stop - start, np.int32),
            audio=sounds,
            played=played,
            action=np.where(known.heard > 0, known.action, anything).astype(np.int32),
            heard=known.heard,
            mask=mask,
            reference=reference,
        )

    return data.loader_of(grain.MapDataset.range(_NEVER_ENDING).map(batch_of))
