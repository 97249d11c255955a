"""From one sound to DX7 voices that sound like it: candidates, then evolution."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import soxr
from numpy.typing import NDArray

from synthrl_jax import assets, audio_files, auditions, embedding, presets, search, variations
from synthrl_jax.audio import SAMPLE_RATE
from synthrl_jax.library import Library, Match, open_libraries
from synthrl_jax.listen import Heard, listen
from synthrl_jax.render import SCORE_COLUMNS
from synthrl_jax.search import Budget

if TYPE_CHECKING:
    from synthrl_jax.checkpoint import LoadedPolicy

_POLICY_NOTE, _POLICY_SECONDS = 60, 4.0
_POLICY_GUESSES = 64
_LEAST_SECONDS_FOR_POLICY = 0.75
"""In less, a policy's guesses would take most of the time that a search has."""
_POOL = 300
"""Voices of the library to cross with."""
_FIRST_SHARE = 0.2
_FIRST = 128
"""At most so many of the library's voices are played to begin with, and no more than a share of the
renders."""
_RUNNERS_UP = 15
_WORST_RUNNER_UP = 0.5
"""Runners-up have at least this share of the best one's reward."""


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A voice that was found.

    Attributes:
      voice: [128] packed, with its name.
      kind: "best", "runner-up" or "variation".
      change: how a variation differs from the best, else "".
      scores: distances and reward by name.
    """

    voice: NDArray[np.uint8]
    kind: str
    change: str
    scores: dict[str, float]

    @property
    def name(self) -> str:
        """Of the voice."""
        return presets.voice_name(self.voice)


@dataclasses.dataclass(frozen=True)
class MatchResult:
    """What was found.

    Attributes:
      heard: what was searched for.
      candidates: best, runners-up, variations, each kind in order of reward.
      curve: [n] best reward after each render.
      nearest: what of the library sounds most like it, nearest first.
      seconds: that it took.
    """

    heard: Heard
    candidates: list[Candidate]
    curve: NDArray[np.float32]
    nearest: list[Match]
    seconds: float

    @property
    def best(self) -> Candidate:
        """The first candidate."""
        return self.candidates[0]


def match(
    sound: NDArray[np.floating],
    sample_rate: int,
    *,
    budget_s: float = 10.0,
    renders: float = np.inf,
    note: int | None = None,
    gate_s: float | None = None,
    library: Sequence[str | os.PathLike[str]] = (),
    policy: LoadedPolicy | Literal["released"] | None = "released",
    name: str = "MATCH",
    count: int = presets.BANK_VOICES,
    seed: int = 0,
    threads: int = 0,
) -> MatchResult:
    """Finds DX7 voices that sound like a recording of one note.

    Args:
      sound: [S] or [S, channels].
      sample_rate: of it, in Hz.
      budget_s: seconds to search for.
      renders: voices to play at most. With no more than these and `budget_s` infinite, the same
        seed gives the same result.
      note: MIDI key, if known; else it is estimated.
      gate_s: seconds until the key goes up, if known; else it is estimated.
      library: cartridges, folders of them, or indices; by default the index that `synthrl index`
        made, or the bundled voices.
      policy: makes further candidates; by default the one that comes with this package.
      name, count, seed, threads: see `match_heard`.

    Raises:
      UserError: silence, samples that are no numbers, or a library that cannot be read.
    """
    heard = listen(np.asarray(sound, np.float32), sample_rate, note=note, gate_s=gate_s)
    if policy == "released":
        from synthrl_jax.checkpoint import load_policy

        policy = load_policy(assets.POLICY)
        warm_up(policy)
    return match_heard(
        heard,
        open_libraries([pathlib.Path(path) for path in library], threads=threads),
        policy=policy,
        budget=Budget(seconds=budget_s, renders=renders),
        name=name,
        count=count,
        seed=seed,
        threads=threads,
    )


def match_heard(
    heard: Heard,
    libraries: Sequence[Library],
    *,
    policy: LoadedPolicy | None = None,
    budget: Budget = Budget(seconds=10.0),  # noqa: B008
    name: str = "MATCH",
    count: int = presets.BANK_VOICES,
    seed: int = 0,
    threads: int = 0,
    settings: search.Settings = search.Settings(),  # noqa: B008
    on_progress: Callable[[search.Progress], None] = lambda _: None,
) -> MatchResult:
    """Searches for voices that sound like what was heard, at its note and for its times.

    Args:
      heard: the target.
      libraries: where candidates come from.
      policy: makes further candidates, if there is time for it.
      budget: of the search.
      name: of the sound; the voices are named after it.
      count: of voices, 1 to 32: the best, runners-up, variations.
      seed: of all that is random. The same seed and a budget of renders give the same result.
      threads: 0 is one per core.
      settings: of the evolution.
      on_progress: told how the search goes.
    """
    start_time = time.perf_counter()
    score = auditions.make_score(heard, threads)
    row = embedding.embed(heard.target[None], heard.note, heard.gate_s)[0]
    nearest = retrieve(libraries, row, _POOL)
    from_library = np.array([m.voice for m in nearest if m.voice is not None], np.uint8).reshape(
        -1, presets.VOICE_BYTES
    )
    first = from_library[: int(np.clip(_FIRST_SHARE * budget.renders, 1, _FIRST))]
    if policy is not None and budget.seconds >= _LEAST_SECONDS_FOR_POLICY:
        guesses = int(np.clip(_FIRST_SHARE * budget.renders, 1, _POLICY_GUESSES))
        first = np.concatenate([policy_guesses(policy, heard, guesses, seed), first])
    found = search.search(
        score,
        first if len(first) else presets.init_voice()[None],
        from_library,
        budget,
        seed=seed,
        settings=settings,
        preview=auditions.make_preview(heard, threads),
        fingerprint=auditions.make_fingerprint(heard, threads),
        start_time=start_time,
        on_progress=on_progress,
    )
    return MatchResult(
        heard=heard,
        candidates=_candidates(found, score, name, count, seed),
        curve=found.curve,
        nearest=nearest,
        seconds=time.perf_counter() - start_time,
    )


def retrieve(libraries: Sequence[Library], row: NDArray[np.uint8], count: int) -> list[Match]:
    """The voices of several libraries that sound most like a row of `embedding`, nearest first."""
    found = [m for library in libraries for m in library.nearest(row, count, recordings=False)]
    return sorted(found, key=lambda m: m.distance)[:count]


def policy_guesses(policy: LoadedPolicy, heard: Heard, count: int, seed: int) -> NDArray[np.uint8]:
    """[count, 128] packed voices: the policy's most likely guess, then samples.

    They are guessed from the sound alone: voices of the library, from which the policy could begin,
    a search has as they are. A policy that sees the note gets the sound as it is. Another knows
    sounds of one note and length, so it gets the sound brought there.
    """
    import jax

    sound = heard.target
    played = np.array([[heard.note, auditions.VELOCITY, heard.gate_s]], np.float32)
    if not policy.sees_note:
        ratio = 2.0 ** ((_POLICY_NOTE - heard.note) / 12)
        if ratio != 1:
            sound = soxr.resample(sound, SAMPLE_RATE * ratio, SAMPLE_RATE)
        played = None
    sound = audio_files.fit_length(sound, round(_POLICY_SECONDS * SAMPLE_RATE))[None]
    best = policy.best_values(sound, played)
    # Always as many, as each number is a program of its own to compile.
    key = jax.random.key(seed)
    samples = policy.sample_values(key, sound, _POLICY_GUESSES - 1, played)[0]
    values = np.concatenate([best, samples])[:count]
    return presets.from_values(values, ["GUESS"] * len(values))


def warm_up(policy: LoadedPolicy) -> None:
    """Compiles what `policy_guesses` runs, before the clock of a budget starts."""
    silence = np.zeros(round(_POLICY_SECONDS * SAMPLE_RATE), np.float32)
    policy_guesses(policy, Heard(silence, _POLICY_NOTE, 3.0, 0.0, ()), 1, 0)


def _candidates(
    found: search.Found, score: search.Score, name: str, count: int, seed: int
) -> list[Candidate]:
    """The best, distinct runners-up that are not much worse, and variations of the best."""
    rewards = found.scores[:, search.REWARD]
    near = int(np.sum(rewards[1:] >= _WORST_RUNNER_UP * rewards[0]))
    runners_up = min(_RUNNERS_UP, near, count - 1)
    varied = variations.variations(found.voices[0], count - 1 - runners_up, seed)
    rows = [
        ("best" if i == 0 else "runner-up", "", voice, row)
        for i, (voice, row) in enumerate(zip(found.voices, found.scores, strict=True))
    ][: 1 + runners_up]
    if varied:
        scores = score(np.array([v.voice for v in varied]))
        order = np.argsort(-scores[:, search.REWARD], kind="stable")
        rows += [("variation", varied[i].change, varied[i].voice, scores[i]) for i in order]
    return [
        Candidate(
            voice=presets.with_name(voice, voice_name(name, i)),
            kind=kind,
            change=change,
            scores={key: float(v) for key, v in zip(SCORE_COLUMNS, row, strict=True)},
        )
        for i, (kind, change, voice, row) in enumerate(rows)
    ]


def voice_name(name: str, place: int) -> str:
    """Ten characters: the sound's name, and from the second voice on a number."""
    if place == 0:
        return name[: presets.NAME_LENGTH]
    return f"{name[: presets.NAME_LENGTH - 3].rstrip()} {place + 1:02d}"
