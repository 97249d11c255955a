"""How near the ways of matching come on a dataset: a policy, looking up, searching."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from synthrl_jax import (
    audio,
    auditions,
    clusters,
    data,
    embedding,
    guesses,
    library,
    listen,
    match,
    metrics,
    prepare,
    presets,
    similarity,
)
from synthrl_jax.actions import ActionSpace
from synthrl_jax.checkpoint import LoadedPolicy
from synthrl_jax.errors import UserError
from synthrl_jax.library import Library
from synthrl_jax.progress import ProgressBar
from synthrl_jax.render import SCORE_COLUMNS, Renderer, unpack_voices
from synthrl_jax.search import REWARD, Budget
from synthrl_jax.synths import dx7

MatcherName = Literal["policy", "retrieval", "search", "policy+search"]

NEAR_COPY_PARAMETERS = 20
"""A voice that differs in at most so many of its 145 parameters from one that shares a cluster with
a target is no fair find."""
SAME_SOUND = 1.5
"""Nor is one that is nearer to a target than this by `embedding.distances`."""

_SEARCH_VELOCITY = prepare.Protocol().velocity
_BATCH = 32
_STARTS = 8
"""Voices of the library that a policy begins from, if it may guess as often."""


@dataclasses.dataclass(frozen=True)
class Task:
    """What is matched.

    Attributes:
      dataset: of the targets.
      rows: [N] which of its sounds.
      note, velocity, gate_s: how they were played, and candidates are.
    """

    dataset: data.Dataset
    rows: NDArray[np.int64]
    note: int
    velocity: int
    gate_s: float

    def targets(self, start: int, stop: int) -> NDArray[np.float32]:
        """[n, S] sounds of some of the rows."""
        return np.asarray(self.dataset.audio[self.rows[start:stop]])

    def heard(self, i: int) -> listen.Heard:
        """A target as `match` wants it; there is nothing to guess about it."""
        return listen.Heard(self.targets(i, i + 1)[0], self.note, self.gate_s, 0.0, ())

    def played(self) -> dict[str, Any]:
        """Arguments of the renderer."""
        return {"note": self.note, "velocity": self.velocity, "gate_s": self.gate_s}


class Matches(NamedTuple):
    """What was found for the rows of a task.

    Attributes:
      voices: [N, 128] packed.
      renders: [N] voices played for each.
      seconds: [N] that each took.
    """

    voices: NDArray[np.uint8]
    renders: NDArray[np.int64]
    seconds: NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Way:
    """A way of matching.

    Attributes:
      matcher: its kind.
      name: which tells its settings as well.
      match: does it.
      budget: of a search, else None.
    """

    matcher: MatcherName
    name: str
    match: Callable[[Task], Matches]
    budget: Budget | None = None


class Scores(dict[str, NDArray[np.float32]]):
    """Metric name → [N] values, one per sound; NaN where the metric has nothing to say."""

    def intervals(self) -> dict[str, metrics.Interval]:
        """Mean and 95 % bootstrap interval of every metric that some sound has."""
        known = {name: values[np.isfinite(values)] for name, values in self.items()}
        return {
            name: metrics.bootstrap_interval(values)
            for name, values in known.items()
            if len(values)
        }


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """How one way of matching did.

    Attributes:
      way: of matching.
      matches: what it found.
      scores: of that.
    """

    way: Way
    matches: Matches
    scores: Scores


def select_rows(
    dataset: data.Dataset, split: str, *, kind: data.SplitKind, seed: int, fold: int, limit: int
) -> NDArray[np.int64]:
    """Rows of a split ("train", "valid", "test" or "all"), at most `limit` if that is not 0.

    Args:
      dataset: which is split.
      split: the part of it.
      kind, seed, fold: how it is split, see `Dataset.split`; as in training, lest the policy be
        tested on what it has learnt from.
      limit: of the number of rows.

    Raises:
      UserError: a choice that does not exist, or no sound in that part.
    """
    if limit < 0:
        raise UserError(f"limit {limit}: must be 0 (all) or more")
    if split == "all":
        rows = np.arange(len(dataset))
    elif split in data.Split._fields:
        rows = getattr(dataset.split(kind=kind, seed=seed, fold=fold), split)
    else:
        raise UserError(f"split {split!r} is not train, valid, test or all")
    rows = rows[:limit] if limit else rows
    if not len(rows):
        raise UserError(f"{dataset.path}: no sounds in its {split} split")
    return rows


def make_task(
    dataset: data.Dataset, rows: NDArray[np.int64], policy: LoadedPolicy | None = None
) -> Task:
    """The task of matching rows of a dataset at the note it was made with.

    Recordings do not tell their note: they are matched at the policy's, or at SynthRL's.

    Raises:
      UserError: the policy plays another note than the dataset's.
    """
    played = dataclasses.asdict(prepare.Protocol())
    if policy is not None:
        played |= policy.config.render.to_dict()
    wanted = {name: played[name] for name in ("note", "velocity", "gate_s")}
    if policy is not None:
        dataset.check_protocol(**wanted)
    protocol = dataset.manifest.get("protocol", {})
    return Task(dataset, rows, **{name: protocol.get(name, wanted[name]) for name in wanted})


def open_libraries(
    paths: Sequence[pathlib.Path],
    task: Task,
    *,
    kind: data.SplitKind,
    seed: int,
    fold: int,
    near_copies: bool = False,
    threads: int = 0,
) -> list[Library]:
    """Voices to find matches among, without those that would make the task too easy.

    A dataset of voices stands for its training part. If the targets are voices themselves, nothing
    stays that shares a cluster with one of them: by cluster number in their own dataset, elsewhere
    by parameters (`NEAR_COPY_PARAMETERS`) and by sound (`SAME_SOUND`).

    Args:
      paths: datasets, indices, cartridges, folders of those. None for the targets' own dataset if
        they are voices, else for what `library.open_libraries` takes then.
      task: what is to be matched.
      kind, seed, fold: how datasets are split.
      near_copies: leaves everything in the library but the targets themselves, which is what a
        split by single voices allows.
      threads: 0 is one per core.

    Raises:
      UserError: see `library.open_libraries`; or nothing is left.
    """
    targets = task.dataset
    in_domain = targets.kind == "dexed"
    paths = [*paths] or ([targets.path] if in_domain else [])
    datasets = [path for path in paths if (path / data.MANIFEST).is_file()]
    others = [path for path in paths if path not in datasets]
    opened = library.open_libraries(others, threads=threads) if others or not datasets else []
    own = []
    for path in datasets:
        is_own = path.resolve() == targets.path.resolve()
        dataset = targets if is_own else data.Dataset.open(path)
        rows = np.sort(dataset.split(kind, seed, fold).train)
        if is_own and near_copies:
            rows = rows[~np.isin(rows, task.rows)]
        elif is_own:
            rows = rows[~np.isin(dataset.cluster[rows], dataset.cluster[task.rows])]
        voices = library.from_voices(dataset.voices()[rows], path, threads=threads)
        (own if is_own else opened).append(voices)
    if in_domain and not near_copies:
        opened = [without_near_copies(voices, task) for voices in opened]
    opened += own
    if not sum(len(voices.voices) for voices in opened):
        raise UserError("no voice is left in the library that is no near-copy of a target")
    return opened


def without_near_copies(voices: Library, task: Task) -> Library:
    """A library without what is, or sounds, nearly like a voice that is to be matched.

    Args:
      voices: the library.
      task: whose targets are voices.
    """
    dataset = task.dataset
    related = dataset.voices()[np.isin(dataset.cluster, dataset.cluster[task.rows])]
    near = clusters.have_similar(
        _parameters(np.array(voices.voices)), _parameters(related), NEAR_COPY_PARAMETERS
    )
    rows = voices.rows[: len(near)]
    with ProgressBar("leaving out near-copies", len(task.rows)) as progress:
        for i in range(len(task.rows)):
            near |= embedding.distances(rows, _embed(task.heard(i))) < SAME_SOUND
            progress.advance()
    return voices.keep(~near)


def _parameters(voices: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[N, 145] without the name."""
    return unpack_voices(voices)[:, :145]


def _embed(heard: listen.Heard) -> NDArray[np.uint8]:
    return embedding.embed(heard.target[None], heard.note, heard.gate_s)[0]


def make_ways(
    matchers: Iterable[MatcherName],
    budgets: Sequence[Budget],
    *,
    policy: LoadedPolicy | None = None,
    libraries: Sequence[Library] = (),
    guesses: Sequence[int] = (1,),
    seed: int = 0,
    threads: int = 0,
) -> list[Way]:
    """The ways of matching that a user asked for, one for each number of guesses or budget.

    Args:
      matchers: their kinds.
      budgets: of searches. Each is a search of its own, as a search paces itself by its budget.
      policy: which is evaluated, or begins a search.
      libraries: where voices are looked up.
      guesses: of the policy or the library, of which the best by reward counts.
      seed: of samples and searches.
      threads: 0 is one per core.

    Raises:
      UserError: a matcher that needs a policy, and none is given.
    """
    ways: list[Way] = []
    for matcher in dict.fromkeys(matchers):
        if "policy" in matcher and policy is None:
            raise UserError(f"matcher {matcher}: needs a trained policy; give its --run")
        if matcher in ("policy", "retrieval"):
            for count in dict.fromkeys(guesses):
                find = match_by_retrieval
                if matcher == "policy":
                    assert policy is not None
                    find = functools.partial(match_by_policy, policy=policy, seed=seed)
                find = functools.partial(find, libraries=libraries, count=count, threads=threads)
                name = matcher if count == 1 else f"{matcher}, best of {count}"
                ways.append(Way(matcher, name, find))
        else:
            first = policy if matcher == "policy+search" else None
            for budget in dict.fromkeys(budgets):
                find = functools.partial(
                    match_by_search,
                    libraries=libraries,
                    budget=budget,
                    policy=first,
                    seed=seed,
                    threads=threads,
                )
                ways.append(Way(matcher, f"{matcher}, {budget_name(budget)}", find, budget))
    return ways


def budget_name(budget: Budget) -> str:
    """Such as "10 s" or "300 renders"."""
    if np.isfinite(budget.seconds):
        return f"{budget.seconds:g} s"
    return f"{budget.renders:g} renders" if np.isfinite(budget.renders) else "steady"


def evaluate(task: Task, ways: Sequence[Way], *, threads: int = 0) -> list[Evaluation]:
    """Matches every target in every way, and scores what was found."""
    evaluations = []
    for way in ways:
        matches = way.match(task)
        evaluations.append(Evaluation(way, matches, score(task, matches.voices, threads=threads)))
    return evaluations


def match_by_policy(
    task: Task,
    policy: LoadedPolicy,
    libraries: Sequence[Library] = (),
    *,
    count: int = 1,
    seed: int = 0,
    threads: int = 0,
) -> Matches:
    """The policy's most likely preset, or the best of several guesses.

    Args:
      task: what is matched.
      policy: guesses.
      libraries: of voices that a policy may begin from.
      count: of guesses; the best by reward counts.
      seed: of the samples.
      threads: 0 is one per core.
    """
    renderer = Renderer("dexed", sample_rate=audio.SAMPLE_RATE, threads=threads)
    starts = min(_STARTS, count) if policy.wants_reference and libraries else 1
    batch_size = _BATCH // starts

    def best_guess(start: int) -> NDArray[np.float32]:
        """[n, V] of the batch that begins there."""
        targets = task.targets(start, start + batch_size)
        near = np.zeros((len(targets), 0, presets.VOICE_BYTES), np.uint8)
        if policy.wants_reference and libraries:
            places = range(start, start + len(targets))
            found = [_nearest_voices(task, libraries, i, starts) for i in places]
            near = np.array([voices[np.arange(starts) % len(voices)] for voices in found])
        # Batches of one size are compiled once.
        fill = np.arange(batch_size) % len(targets)
        values = guesses.guess(
            policy,
            targets[fill],
            near[fill],
            count,
            key=jax.random.fold_in(jax.random.key(seed), start),
            renderer=renderer,
            played=np.tile(np.array(task.dataset.played, np.float32), (batch_size, 1)),
        )[: len(targets)]
        if values.shape[1] == 1:
            return values[:, 0]
        prepared = renderer.prepare_targets(targets)
        rewards = [
            renderer.score(guessed, prepared, **task.played())[:, REWARD]
            for guessed in values.swapaxes(0, 1)
        ]
        return values[np.arange(len(targets)), np.argmax(rewards, axis=0)]

    found, seconds = [], []
    best_guess(0)  # compiles, which is not to count
    with ProgressBar("guessing", len(task.rows)) as progress:
        for start in range(0, len(task.rows), batch_size):
            start_time = time.perf_counter()
            found.append(best_guess(start))
            size = len(found[-1])
            seconds += [(time.perf_counter() - start_time) / size] * size
            progress.advance(size)
    values = np.concatenate(found)
    return Matches(
        presets.from_values(values, ["GUESS"] * len(values)),
        np.full(len(values), count),
        np.array(seconds),
    )


def _nearest_voices(
    task: Task, libraries: Sequence[Library], i: int, count: int
) -> NDArray[np.uint8]:
    """[n, 128] the voices that seem nearest to a target, at most `count`."""
    return np.array([m.voice for m in match.retrieve(libraries, _embed(task.heard(i)), count)])


def match_by_retrieval(
    task: Task, libraries: Sequence[Library], *, count: int = 1, threads: int = 0
) -> Matches:
    """The best, by reward, of the `count` voices that seem nearest by `embedding.distances`."""

    def look_up(i: int) -> tuple[NDArray[np.uint8], int]:
        heard = task.heard(i)
        voices = _nearest_voices(task, libraries, i, count)
        scores = auditions.make_score(heard, threads)(voices)
        return voices[np.argmax(scores[:, REWARD])], len(voices)

    return _one_by_one(task, "looking up", look_up)


def match_by_search(
    task: Task,
    libraries: Sequence[Library],
    budget: Budget,
    *,
    policy: LoadedPolicy | None = None,
    seed: int = 0,
    threads: int = 0,
) -> Matches:
    """What `synthrl match` finds, given the note and how long it is held.

    Args:
      task: what is matched.
      libraries: where candidates come from.
      budget: of each search.
      policy: makes further first voices.
      seed: of the searches, each of which adds its row.
      threads: 0 is one per core.
    """
    if policy is not None:
        match.warm_up(policy)

    def find(i: int) -> tuple[NDArray[np.uint8], int]:
        found = match.match_heard(
            task.heard(i),
            libraries,
            policy=policy,
            budget=budget,
            count=1,
            seed=seed + int(task.rows[i]),
            threads=threads,
        )
        return found.best.voice, len(found.curve)

    return _one_by_one(task, f"searching, {budget_name(budget)}", find)


def _one_by_one(
    task: Task, title: str, find: Callable[[int], tuple[NDArray[np.uint8], int]]
) -> Matches:
    """Matches of a function from the number of a target to a voice and how many were played."""
    if task.velocity != _SEARCH_VELOCITY:
        raise UserError(
            f"{task.dataset.path}: its sounds were played with velocity {task.velocity}, but "
            f"voices are looked up and searched with {_SEARCH_VELOCITY}"
        )
    voices, renders, seconds = [], [], []
    with ProgressBar(title, len(task.rows)) as progress:
        for i in range(len(task.rows)):
            start_time = time.perf_counter()
            voice, count = find(i)
            seconds.append(time.perf_counter() - start_time)
            voices.append(voice)
            renders.append(count)
            progress.advance()
    return Matches(np.array(voices), np.array(renders), np.array(seconds))


def score(task: Task, voices: NDArray[np.uint8], *, threads: int = 0) -> Scores:
    """All metrics of voices [N, 128] as matches of a task's targets.

    Distances and reward (with SynthRL's weights) are those of `reward`, then come those of
    `similarity`; where the targets are voices, also those of `metrics.parameter_metrics`.
    """
    renderer = Renderer("dexed", sample_rate=audio.SAMPLE_RATE, threads=threads)
    columns: dict[str, list[NDArray[np.float32]]] = {}
    with ProgressBar("scoring", len(voices)) as progress:
        for start in range(0, len(voices), _BATCH):
            chunk = voices[start : start + _BATCH]
            targets = task.targets(start, start + _BATCH)
            prepared = renderer.prepare_targets(targets)
            scores = renderer.score(chunk, prepared, **task.played())
            sounds = play(task, chunk, renderer)
            named = dict(zip(SCORE_COLUMNS, scores.T, strict=True))
            named |= similarity.similarity(targets, sounds)._asdict()
            for name, values in named.items():
                columns.setdefault(name, []).append(values)
            progress.advance(len(chunk))
    result = Scores({name: np.concatenate(values) for name, values in columns.items()})
    if task.dataset.values is not None:
        space = ActionSpace(dx7.SPEC)
        # Of all voices that sound the same as they are played, one stands for them.
        played = np.tile(task.dataset.played, (len(voices), 1))
        true, found = (
            data.labels_of(values, played, space, "at_note")
            for values in (task.dataset.values[task.rows], presets.to_values(voices))
        )
        result |= metrics.parameter_metrics(dx7.SPEC, found.action, true.action, true.heard)
    return result


def play(
    task: Task, voices: NDArray[np.uint8], renderer: Renderer | None = None
) -> NDArray[np.float32]:
    """[n, S] how voices [n, 128] sound in a task, peak-normalised."""
    renderer = renderer or Renderer("dexed", sample_rate=audio.SAMPLE_RATE)
    return np.asarray(audio.peak_normalise_render(renderer.render(voices, **task.played())))
