"""Evolution of DX7 voices towards a sound, within a budget and good at any time."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from synthrl_jax import breeding
from synthrl_jax.breeding import Genomes
from synthrl_jax.credit import GREATEST_LESSON, Credit, Listening
from synthrl_jax.render import SCORE_COLUMNS
from synthrl_jax.reward import RewardWeights

Score = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Packed voices [N, 128] → [N, 5], the columns of `SCORE_COLUMNS`."""

_Key = TypeVar("_Key", bytes, int)

REWARD = SCORE_COLUMNS.index("reward")
_COST_WEIGHTS = np.array(
    [RewardWeights()._asdict().get(column, 0.0) for column in SCORE_COLUMNS], np.float32
)
_LEAST_COST = 1e-6

_GENERATION = 32
_PREVIEWED_GENERATION = 96, 192
"""Children of a generation, where their beginnings are heard first and few go on: at first, and
later, as each takes less time where there are many …"""
_GENERATION_SHARE = 1 / 16
"""… of the renders so far."""
_TYPICAL_RENDERS = 20_000
_STEPS = {"change far": 0.3, "change": 0.08, "change near": 0.02}
"""Moves that change a few parameters, by about this share of their range."""
_MOVES = (*_STEPS, "cross", "cross with library", "shift", "blend")
_SHIFT_STEPS = (0.02, 0.1, 0.3)
_SECOND_CHANGE = 0.15
"""How often a child is changed in some parameters on top of its move."""
_LEAST_SHARE = 0.04
"""Of each move, however little it has brought."""
_MOST_CREDITED = 8
"""Changes of more parameters than this tell little of each."""
_CREDIT_RANGE = (0.15, 6.0)
"""How much rarer or more often than others a parameter is changed, by what that has brought."""
_PROGRESS = 1.002
"""A cost so many times as low is progress."""


def cost(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is searched for the least of: the inverse of the reward, without its bounds.

    The reward is the same for all that is nearer than its cap; the search goes on.

    Args:
      scores: [N, 5], the columns of `SCORE_COLUMNS`.

    Returns:
      [N] weighted sums of the distances, above 0.
    """
    return np.maximum(np.sum(scores * _COST_WEIGHTS, axis=1), np.float32(_LEAST_COST))


@dataclasses.dataclass(frozen=True)
class Budget:
    """When to stop: whatever comes first.

    Attributes:
      seconds: of the whole search.
      renders: voices that are played.
      patience: renders without progress.
      stop: ends the search from another thread, with what was found by then.
    """

    seconds: float = np.inf
    renders: float = np.inf
    patience: float = np.inf
    stop: threading.Event | None = None

    def spent(self, seconds: float, renders: int, without_progress: int = 0) -> float:
        """Share that is used up, 1 or more at the end.

        With nothing but patience the share grows as in a search of typical length.
        """
        if without_progress >= self.patience or (self.stop is not None and self.stop.is_set()):
            return 1.0
        if np.isinf(self.seconds) and np.isinf(self.renders):
            return min(0.999, renders / _TYPICAL_RENDERS)
        return max(seconds / self.seconds, renders / self.renders)


@dataclasses.dataclass(frozen=True)
class Settings:
    """How the search goes about it.

    Attributes:
      largest, smallest: population at the beginning and at the end.
      pressure: how much the better ones are preferred as parents; 0 for not at all.
    """

    largest: int = 96
    smallest: int = 4
    pressure: float = 1.0


class Preview(NamedTuple):
    """A way to hear only the beginning of a voice, which tells most of those that are worse.

    Attributes:
      score: plays the beginning and compares it with the target's.
      price: what that costs, in renders.
    """

    score: Score
    price: float


class Fingerprint(NamedTuple):
    """A way to know that a voice sounds like one that has been played, without playing it.

    Attributes:
      of: packed voices [N, 128] → [N] numbers; where two are equal, so are the sounds.
      price: what one costs, in renders.
    """

    of: Callable[[NDArray[np.uint8]], NDArray[np.uint64]]
    price: float


class Found(NamedTuple):
    """What a search leaves.

    Attributes:
      voices: [N, 128] packed, best first: the best of each line of descent.
      scores: [N, 5] of them, the columns of `SCORE_COLUMNS`.
      curve: [n] best reward after each render. Previews and fingerprints count as the share of one
        that they cost.
    """

    voices: NDArray[np.uint8]
    scores: NDArray[np.float32]
    curve: NDArray[np.float32]


class Progress(NamedTuple):
    """Where a search stands.

    Attributes:
      spent: share of the budget.
      renders: so far.
      best: [5] scores of the best voice so far.
      voice: [128] packed, the best so far.
    """

    spent: float
    renders: int
    best: NDArray[np.float32]
    voice: NDArray[np.uint8]


class _Scored(NamedTuple):
    """A voice [128] with its cost and its [5] scores."""

    cost: float
    voice: NDArray[np.uint8]
    scores: NDArray[np.float32]


class _Population(NamedTuple):
    """Voices that live, best first.

    Attributes:
      voices: [N, 128] packed.
      genomes: [N, G] of them.
      scores: [N, 5].
      line: [N] the first voice they descend from.
      beginning: [N] cost of their beginnings; 1 without previews.
    """

    voices: NDArray[np.uint8]
    genomes: Genomes
    scores: NDArray[np.float32]
    line: NDArray[np.intp]
    beginning: NDArray[np.float32]

    def take(self, rows: NDArray[np.intp]) -> _Population:
        return _Population(
            self.voices[rows],
            self.genomes[rows],
            self.scores[rows],
            self.line[rows],
            self.beginning[rows],
        )

    def sorted(self) -> _Population:
        return self.take(np.argsort(cost(self.scores), kind="stable"))


class _Search:
    """The state of one search."""

    def __init__(
        self,
        score: Score,
        budget: Budget,
        pool: NDArray[np.uint8],
        settings: Settings,
        preview: Preview | None,
        fingerprint: Fingerprint | None,
        rng: np.random.Generator,
        start_time: float,
    ) -> None:
        self._score = score
        self._preview = preview
        self._fingerprint = fingerprint
        self._owed = 0.0
        self._budget = budget
        self._settings = settings
        self._rng = rng
        self._start_time = start_time
        self._pool = breeding.from_voices(pool)
        self._seen: set[bytes] = set()
        self._heard: set[int] = set()
        self._curve: list[float] = []
        self._least_cost = np.inf
        self._last_progress = 0
        self._move_credit = Credit(len(_MOVES), memory=0.95, prior=1e-4)
        self._gene_credit = Credit(self._pool.shape[1], memory=0.985, prior=1e-3)
        self._listening = Listening()
        self._best_of_line: dict[int, _Scored] = {}

    def spent(self) -> float:
        """Share of the budget."""
        renders = len(self._curve)
        seconds = time.perf_counter() - self._start_time
        return self._budget.spent(seconds, renders, renders - self._last_progress)

    def first(self, voices: NDArray[np.uint8]) -> _Population:
        """Plays the first voices until the budget ends, and keeps the best of them."""
        scored: list[NDArray[np.float32]] = []
        for start in range(0, len(voices), _GENERATION):
            if scored and self.spent() >= 1:
                break
            chunk = voices[start : start + _GENERATION]
            chunk = chunk[: max(1, int(min(self._left(), len(chunk))))]
            scored.append(self._rate(chunk, start + np.arange(len(chunk))))
        scores = np.concatenate(scored)
        played = voices[: len(scores)]
        genomes = breeding.from_voices(played)
        self._seen.update(genome.tobytes() for genome in genomes)
        self._unheard(played)
        unheard = np.ones(len(played), np.float32)
        population = _Population(played, genomes, scores, np.arange(len(played)), unheard)
        population = population.sorted().take(np.arange(min(self._settings.largest, len(played))))
        return population._replace(beginning=self._hear_beginning(population.voices))

    def _hear_beginning(self, voices: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[N] what the beginnings of voices [N, 128] cost; 1 without previews."""
        if self._preview is None or not len(voices):
            return np.ones(len(voices), np.float32)
        self._pay(len(voices) * self._preview.price)
        return cost(self._preview.score(voices))

    def _unheard(self, voices: NDArray[np.uint8]) -> NDArray[np.intp]:
        """Rows of voices [N, 128] that sound like none before; all without fingerprints.

        From now on they have been before.
        """
        if self._fingerprint is None or not len(voices):
            return np.arange(len(voices))
        self._pay(len(voices) * self._fingerprint.price)
        return _unknown(self._fingerprint.of(voices).tolist(), self._heard)

    def _pay(self, renders: float) -> None:
        """For what is not played to the end: from time to time a whole render."""
        self._owed += renders
        whole = int(min(self._owed, self._left()))
        self._owed -= whole
        self._curve += self._curve[-1:] * whole

    def _paid(self) -> float:
        """Renders so far, with those that are owed."""
        return len(self._curve) + self._owed

    def _left(self) -> float:
        """Renders."""
        return self._budget.renders - len(self._curve)

    def _rate(self, voices: NDArray[np.uint8], line: NDArray[np.intp]) -> NDArray[np.float32]:
        """Scores voices and remembers the best of each line of descent."""
        scores = self._score(voices)
        costs = cost(scores).tolist()
        for voice, row, own, number in zip(voices, scores, costs, line.tolist(), strict=True):
            if own * _PROGRESS < self._least_cost:
                self._last_progress = len(self._curve)
            self._least_cost = min(self._least_cost, own)
            self._curve.append(max(self._curve[-1] if self._curve else 0.0, float(row[REWARD])))
            known = self._best_of_line.get(number)
            if known is None or own < known.cost:
                self._best_of_line[number] = _Scored(own, voice, row)
        return scores

    def step(self, population: _Population) -> _Population:
        """One generation: children take the place of the parents they surpass."""
        share = self.spent()
        settings = self._settings
        size = settings.largest * (settings.smallest / settings.largest) ** share
        population = population.take(np.arange(min(len(population.voices), max(2, round(size)))))
        count = int(min(self._generation(), self._left()))
        uniform = self._rng.random(count)
        parent = (uniform ** (1 + settings.pressure) * len(population.voices)).astype(np.intp)
        move = self._rng.choice(len(_MOVES), count, p=self._move_shares())
        children = self._children(population, parent, move)
        fresh = _unknown([genome.tobytes() for genome in children], self._seen)
        if not len(fresh):
            return population
        children, parent, move = children[fresh], parent[fresh], move[fresh]
        changed = children != population.genomes[parent]
        voices = breeding.to_voices(children, population.voices[parent])
        paid = self._paid()
        beginning = self._hear_beginning(voices)
        relative = beginning / population.beginning[parent]
        promising = np.arange(len(children))
        if self._preview is not None:
            promising = promising[self._listening.worth_playing(relative)]
        promising = promising[self._unheard(voices[promising])]
        promising = promising[: int(min(self._left(), len(promising)))]
        gain = np.zeros(len(children), np.float32)
        if len(promising):
            voices, children, parent = voices[promising], children[promising], parent[promising]
            line = population.line[parent]
            scores = self._rate(voices, line)
            born = _Population(voices, children, scores, line, beginning[promising])
            gain[promising] = _gain(population, born, parent)
            population = _succeed(population, born, parent).sorted()
        self._learn(move, changed, gain)
        if self._preview is not None:
            renders = self._paid() - paid
            self._listening.learn(relative[promising], gain[promising], renders)
        return population

    def _generation(self) -> float:
        """Children of the next generation."""
        if self._preview is None:
            return _GENERATION
        return np.clip(_GENERATION_SHARE * len(self._curve), *_PREVIEWED_GENERATION)

    def _move_shares(self) -> NDArray[np.float64]:
        """[moves] how often each is to be made: by what it gained per attempt."""
        rate = self._move_credit.rate()
        return _LEAST_SHARE + (1 - _LEAST_SHARE * len(_MOVES)) * rate / rate.sum()

    def _gene_weights(self) -> NDArray[np.float64]:
        """[G] how often each parameter is to be changed: by what that gained per attempt."""
        rate = self._gene_credit.rate()
        return np.clip(rate / rate.mean(), *_CREDIT_RANGE)

    def _learn(
        self, move: NDArray[np.intp], changed: NDArray[np.bool_], gain: NDArray[np.floating]
    ) -> None:
        """Credits the moves [n] and the changed parameters [n, G] with the gains [n]."""
        self._move_credit.add(np.eye(len(_MOVES))[move], gain)
        number = changed.sum(axis=1, keepdims=True)
        telling = number[:, 0] <= _MOST_CREDITED
        share = changed[telling] / np.maximum(number[telling], 1)
        self._gene_credit.add(share, np.minimum(gain[telling], GREATEST_LESSON))

    def _children(
        self, population: _Population, parent: NDArray[np.intp], move: NDArray[np.intp]
    ) -> Genomes:
        children = population.genomes[parent]
        changed = move < len(_STEPS)
        spread = np.array(list(_STEPS.values()))[move[changed]]
        weights = self._gene_weights()
        children[changed] = breeding.mutate(self._rng, children[changed], spread, weights)
        for i in np.unique(move[~changed]):
            made = move == i
            children[made] = self._moved(_MOVES[i], population, parent[made])
        again = self._rng.random(len(children)) < _SECOND_CHANGE
        children[again] = breeding.mutate(self._rng, children[again], _STEPS["change"], weights)
        return children

    def _moved(self, move: str, population: _Population, parent: NDArray[np.intp]) -> Genomes:
        rng, count = self._rng, len(parent)
        parents = population.genomes[parent]
        if move == "shift":
            return breeding.shift(rng, parents, rng.choice(_SHIFT_STEPS, count))
        if move == "blend":
            plus, minus = population.genomes[rng.integers(len(population.genomes), size=(2, count))]
            return breeding.blend(rng, parents, plus, minus)
        mates = self._pool if move == "cross with library" else population.genomes
        return breeding.cross(rng, parents, mates[rng.integers(len(mates), size=count)])

    def progress(self) -> Progress:
        """Where the search stands."""
        best = min(self._best_of_line.values(), key=_cost_of)
        return Progress(self.spent(), len(self._curve), best.scores, best.voice)

    def found(self) -> Found:
        """What there is so far."""
        lines = sorted(self._best_of_line.values(), key=_cost_of)
        voices = np.array([best.voice for best in lines])
        scores = np.array([best.scores for best in lines])
        _, first = np.unique(breeding.from_voices(voices), axis=0, return_index=True)
        keep = np.sort(first)
        return Found(voices[keep], scores[keep], np.array(self._curve, np.float32))


def _unknown(keys: Iterable[_Key], known: set[_Key]) -> NDArray[np.intp]:
    """Rows of keys that are neither known nor come before; makes all known."""
    rows = []
    for row, key in enumerate(keys):
        if key not in known:
            known.add(key)
            rows.append(row)
    return np.array(rows, np.intp)


def _gain(
    population: _Population, born: _Population, parent: NDArray[np.intp]
) -> NDArray[np.float32]:
    """[n] how much lower the children's cost is than their parents', in nepers; 0 if it is not."""
    return np.log(np.maximum(cost(population.scores[parent]) / cost(born.scores), 1.0))


def _cost_of(scored: _Scored) -> float:
    return scored.cost


def _succeed(population: _Population, born: _Population, parent: NDArray[np.intp]) -> _Population:
    """Lets each parent give way to its best child, if that is better, and to no other's.

    So a line of descent that leads early does not push out those that would go further.
    """
    parent_cost, child_cost = cost(population.scores), cost(born.scores)
    occupant = np.arange(len(parent_cost))
    # The best child comes last and stays.
    for child in np.argsort(-child_cost, kind="stable"):
        if child_cost[child] < parent_cost[parent[child]]:
            occupant[parent[child]] = len(parent_cost) + child
    return _Population(
        np.concatenate([population.voices, born.voices])[occupant],
        np.concatenate([population.genomes, born.genomes])[occupant],
        np.concatenate([population.scores, born.scores])[occupant],
        np.concatenate([population.line, born.line])[occupant],
        np.concatenate([population.beginning, born.beginning])[occupant],
    )


def search(
    score: Score,
    first: NDArray[np.uint8],
    pool: NDArray[np.uint8],
    budget: Budget,
    *,
    seed: int = 0,
    settings: Settings = Settings(),
    preview: Preview | None = None,
    fingerprint: Fingerprint | None = None,
    start_time: float | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Found:
    """Voices that sound more and more like a target.

    The population starts with the best of the first voices and shrinks as the budget is spent. Each
    generation changes, crosses, shifts and blends its voices; which of these, and which parameters
    it changes, is learnt by what it brings.

    Args:
      score: plays and compares.
      first: [N, 128] packed voices to begin with, N at least 1, the most promising first.
      pool: [M, 128] packed voices to cross with.
      budget: when to stop; the first voice is always played.
      seed: of all that is random. The same seed and a budget of renders give the same voices.
      settings: of the evolution.
      preview: hears children before they are played, if there is a way.
      fingerprint: tells children that sound like voices before them, which are not played again.
      start_time: of the budget's seconds, as of `time.perf_counter`; None for now.
      on_progress: told after each generation.
    """
    state = _Search(
        score,
        budget,
        pool if len(pool) else first,
        settings,
        preview,
        fingerprint,
        np.random.default_rng(seed),
        time.perf_counter() if start_time is None else start_time,
    )
    population = state.first(first)
    while True:
        on_progress(state.progress())
        if state.spent() >= 1:
            return state.found()
        population = state.step(population)
