"""Evolution of DX7 voices towards a sound, within a budget and good at any time."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthrl_jax import breeding
from synthrl_jax.breeding import Genomes
from synthrl_jax.render import SCORE_COLUMNS

Score = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Packed voices [N, 128] → [N, 5], the columns of `SCORE_COLUMNS`."""

REWARD = SCORE_COLUMNS.index("reward")

_GENERATION = 32
_TYPICAL_RENDERS = 20_000
_STEPS = {"change far": 0.3, "change": 0.08, "change near": 0.02}
"""Moves that change a few parameters, by about this share of their range."""
_MOVES = (*_STEPS, "cross", "cross with library", "shift", "blend")
_SHIFT_STEPS = (0.02, 0.1, 0.3)
_SECOND_CHANGE = 0.15
"""How often a child is changed in some parameters on top of its move."""
_LEAST_SHARE = 0.04
"""Of each move, however little it has brought."""
_MEMORY = 0.95
_PROGRESS = 1.002
"""A reward so many times as high is progress."""


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
    pressure: float = 2.5


class Found(NamedTuple):
    """What a search leaves.

    Attributes:
      voices: [N, 128] packed, best first: the best of each line of descent.
      scores: [N, 5] of them, the columns of `SCORE_COLUMNS`.
      curve: [n] best reward after each render.
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


class _Population(NamedTuple):
    """Voices that live, best first.

    Attributes:
      voices: [N, 128] packed.
      genomes: [N, G] of them.
      scores: [N, 5].
      line: [N] the first voice they descend from.
    """

    voices: NDArray[np.uint8]
    genomes: Genomes
    scores: NDArray[np.float32]
    line: NDArray[np.intp]

    def take(self, rows: NDArray[np.intp]) -> _Population:
        return _Population(
            self.voices[rows], self.genomes[rows], self.scores[rows], self.line[rows]
        )

    def sorted(self) -> _Population:
        return self.take(np.argsort(-self.scores[:, REWARD], kind="stable"))


class _Search:
    """The state of one search."""

    def __init__(
        self,
        score: Score,
        budget: Budget,
        pool: NDArray[np.uint8],
        settings: Settings,
        rng: np.random.Generator,
        start_time: float,
    ) -> None:
        self._score = score
        self._budget = budget
        self._settings = settings
        self._rng = rng
        self._start_time = start_time
        self._pool = breeding.from_voices(pool)
        self._seen: set[bytes] = set()
        self._curve: list[float] = []
        self._last_progress = 0
        # Gained and tried so far by each move, older ones counting less.
        self._gain = np.zeros((len(_MOVES), 2))
        self._best_of_line: dict[int, tuple[NDArray[np.uint8], NDArray[np.float32]]] = {}

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
            left = self._budget.renders - len(self._curve)
            chunk = chunk[: max(1, int(min(left, len(chunk))))]
            scored.append(self._rate(chunk, start + np.arange(len(chunk))))
        scores = np.concatenate(scored)
        played = voices[: len(scores)]
        genomes = breeding.from_voices(played)
        self._seen.update(genome.tobytes() for genome in genomes)
        population = _Population(played, genomes, scores, np.arange(len(played)))
        return population.sorted().take(np.arange(min(self._settings.largest, len(played))))

    def _rate(self, voices: NDArray[np.uint8], line: NDArray[np.intp]) -> NDArray[np.float32]:
        """Scores voices and remembers the best of each line of descent."""
        scores = self._score(voices)
        for voice, row, number in zip(voices, scores, line.tolist(), strict=True):
            best = self._curve[-1] if self._curve else 0.0
            reward = float(row[REWARD])
            if reward > _PROGRESS * best:
                self._last_progress = len(self._curve)
            self._curve.append(max(best, reward))
            known = self._best_of_line.get(number)
            if known is None or reward > known[1][REWARD]:
                self._best_of_line[number] = voice, row
        return scores

    def step(self, population: _Population) -> _Population:
        """One generation: children take the place of the parents they surpass."""
        share = self.spent()
        settings = self._settings
        size = settings.largest * (settings.smallest / settings.largest) ** share
        population = population.take(np.arange(min(len(population.voices), max(2, round(size)))))
        left = self._budget.renders - len(self._curve)
        count = int(min(_GENERATION, left))
        uniform = self._rng.random(count)
        parent = (uniform ** (1 + settings.pressure) * len(population.voices)).astype(np.intp)
        move = self._rng.choice(len(_MOVES), count, p=self._move_shares())
        children = self._children(population, parent, move)
        fresh = self._fresh(children)
        if not len(fresh):
            return population
        children, parent, move = children[fresh], parent[fresh], move[fresh]
        voices = breeding.to_voices(children, population.voices[parent])
        line = population.line[parent]
        born = _Population(voices, children, self._rate(voices, line), line)
        self._learn(move, born.scores[:, REWARD] / population.scores[parent, REWARD])
        return _succeed(population, born, parent).sorted()

    def _move_shares(self) -> NDArray[np.float64]:
        """[moves] how often each is to be made: by what it gained per attempt."""
        rate = (self._gain[:, 0] + 1e-4) / (self._gain[:, 1] + 1)
        return _LEAST_SHARE + (1 - _LEAST_SHARE * len(_MOVES)) * rate / rate.sum()

    def _learn(self, move: NDArray[np.intp], improvement: NDArray[np.float32]) -> None:
        gain = np.log(np.maximum(improvement, 1.0))
        for i in np.unique(move):
            made = move == i
            self._gain[i] = _MEMORY * self._gain[i] + (gain[made].sum(), made.sum())

    def _children(
        self, population: _Population, parent: NDArray[np.intp], move: NDArray[np.intp]
    ) -> Genomes:
        children = population.genomes[parent]
        for i in np.unique(move):
            made = move == i
            children[made] = self._moved(_MOVES[i], children[made], population.genomes)
        again = self._rng.random(len(children)) < _SECOND_CHANGE
        children[again] = breeding.mutate(self._rng, children[again], _STEPS["change"])
        return children

    def _moved(self, move: str, parents: Genomes, others: Genomes) -> Genomes:
        rng, count = self._rng, len(parents)
        if move in _STEPS:
            return breeding.mutate(rng, parents, _STEPS[move])
        if move == "shift":
            return breeding.shift(rng, parents, rng.choice(_SHIFT_STEPS, count))
        if move == "blend":
            plus, minus = rng.integers(len(others), size=(2, count))
            return breeding.blend(rng, parents, others[plus], others[minus])
        mates = self._pool if move == "cross with library" else others
        return breeding.cross(rng, parents, mates[rng.integers(len(mates), size=count)])

    def _fresh(self, genomes: Genomes) -> NDArray[np.intp]:
        """Rows that have never been played."""
        fresh = []
        for row, genome in enumerate(genomes):
            key = genome.tobytes()
            if key not in self._seen:
                self._seen.add(key)
                fresh.append(row)
        return np.array(fresh, np.intp)

    def progress(self) -> Progress:
        """Where the search stands."""
        voice, scores = max(self._best_of_line.values(), key=lambda found: found[1][REWARD])
        return Progress(self.spent(), len(self._curve), scores, voice)

    def found(self) -> Found:
        """What there is so far."""
        lines = sorted(self._best_of_line.values(), key=lambda found: -found[1][REWARD])
        voices = np.array([voice for voice, _ in lines])
        scores = np.array([row for _, row in lines])
        _, first = np.unique(breeding.from_voices(voices), axis=0, return_index=True)
        keep = np.sort(first)
        return Found(voices[keep], scores[keep], np.array(self._curve, np.float32))


def _succeed(population: _Population, born: _Population, parent: NDArray[np.intp]) -> _Population:
    """Lets each parent give way to its best child, if that is better, so that kinds live on.

    Further children that are better than the worst take its place.
    """
    rewards = np.concatenate([population.scores[:, REWARD], born.scores[:, REWARD]])
    size = len(population.scores)
    occupant = np.arange(size)
    taken: set[int] = set()
    for child in size + np.argsort(-born.scores[:, REWARD], kind="stable"):
        place = int(parent[child - size])
        if place in taken:
            place = int(np.argmin(rewards[occupant]))
        if place not in taken and rewards[child] > rewards[occupant[place]]:
            occupant[place] = child
            taken.add(place)
    return _Population(
        np.concatenate([population.voices, born.voices])[occupant],
        np.concatenate([population.genomes, born.genomes])[occupant],
        np.concatenate([population.scores, born.scores])[occupant],
        np.concatenate([population.line, born.line])[occupant],
    )


def search(
    score: Score,
    first: NDArray[np.uint8],
    pool: NDArray[np.uint8],
    budget: Budget,
    *,
    seed: int = 0,
    settings: Settings = Settings(),
    start_time: float | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Found:
    """Voices that sound more and more like a target.

    The population starts with the best of the first voices and shrinks as the budget is spent. Each
    generation changes, crosses, shifts and blends its voices; which of these, is learnt by what it
    brings.

    Args:
      score: plays and compares.
      first: [N, 128] packed voices to begin with, N at least 1, the most promising first.
      pool: [M, 128] packed voices to cross with.
      budget: when to stop; the first voice is always played.
      seed: of all that is random. The same seed and a budget of renders give the same voices.
      settings: of the evolution.
      start_time: of the budget's seconds, as of `time.perf_counter`; None for now.
      on_progress: told after each generation.
    """
    state = _Search(
        score,
        budget,
        pool if len(pool) else first,
        settings,
        np.random.default_rng(seed),
        time.perf_counter() if start_time is None else start_time,
    )
    population = state.first(first)
    while True:
        on_progress(state.progress())
        if state.spent() >= 1:
            return state.found()
        population = state.step(population)
