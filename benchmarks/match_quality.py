"""How near `synthrl match` comes, on voices and sounds that it has not seen.

    python benchmarks/match_quality.py --voices voices.syx --sounds recordings/ --budget 5000

Prints a table for each domain: the four distances and the reward, means with 95 % bootstrap
intervals, of the best of 48 voices looked up in the library, of the search on its way, and of the
whole match. Unseen voices
are played by SynthRL's protocol (note 60, held for 3 of 4 s); they are held out of the library with
all their near-copies, by parameters and by sound. Sounds are 22 050 Hz recordings by that protocol.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import time

import numpy as np
from numpy.typing import NDArray

from synthrl_jax import audio_files, clusters, embedding, library, listen, match, metrics, search
from synthrl_jax.audio import SAMPLE_RATE, SILENCE_PEAK
from synthrl_jax.cli.arguments import budget, count
from synthrl_jax.render import SCORE_COLUMNS, Renderer, unpack_voices
from synthrl_jax.search import REWARD, Budget, Settings

LOOKED_UP = 48
MARKS = (300, 1000, 2000)
"""Renders after which the search is looked at on its way."""
SAME_SOUND = 1.5
"""Voices nearer than this by `embedding.distances` count as near-copies of each other."""
_LENGTH_S, _GATE_S = 4.0, 3.0


def heard(sound: NDArray[np.float32]) -> listen.Heard:
    """A sound of SynthRL's protocol, as a target."""
    return listen.Heard(sound / np.max(np.abs(sound)), embedding.NOTE, _GATE_S, 0.0, ())


def unseen_voices(
    index: library.Library, num_sounds: int, seed: int
) -> tuple[list[listen.Heard], library.Library]:
    """Voices as targets, and the library without them and their near-copies."""
    sounding = np.flatnonzero(index.peaks[: len(index.voices)] >= SILENCE_PEAK)
    chosen = np.random.default_rng(seed).permutation(sounding)[:num_sounds]
    voices = np.array(index.voices)
    group = clusters.connected(
        len(voices), clusters.similar_parameters(unpack_voices(voices)[:, :145])
    )
    kept = ~np.isin(group, group[chosen])
    for i in chosen:
        kept &= embedding.distances(index.rows[: len(voices)], index.rows[i]) >= SAME_SOUND
    rows = np.flatnonzero(kept)
    rest = dataclasses.replace(
        index,
        voices=voices[rows],
        sources=index.sources[rows],
        peaks=index.peaks[rows],
        rows=index.rows[rows],
    )
    sounds = Renderer().render(voices[chosen], gate_s=_GATE_S, length_s=_LENGTH_S)
    return [heard(sound) for sound in sounds], rest


def recordings(folder: pathlib.Path, num_sounds: int, seed: int) -> list[listen.Heard]:
    """Recordings as targets."""
    files = np.array(audio_files.find_audio([folder]))
    chosen = np.random.default_rng(seed).permutation(len(files))[:num_sounds]
    samples = round(_LENGTH_S * SAMPLE_RATE)
    return [
        heard(audio_files.fit_length(audio_files.read_audio(path), samples))
        for path in files[chosen]
    ]


def looked_up(target: listen.Heard, index: library.Library) -> NDArray[np.float32]:
    """[5] scores of the best of the voices that seem nearest."""
    row = embedding.embed(target.target[None], target.note, target.gate_s)[0]
    nearest = match.retrieve([index], row, LOOKED_UP)
    scores = match.make_score(target)(np.array([m.voice for m in nearest]))
    return scores[np.argmax(scores[:, REWARD])]


def matched(
    target: listen.Heard, index: library.Library, budget: Budget, settings: Settings, seed: int
) -> NDArray[np.float32]:
    """[len(MARKS) + 1, 5] best scores after so many renders, and at the end."""
    best: list[search.Progress] = []
    match.match(
        target,
        [index],
        budget=budget,
        seed=seed,
        count=1,
        settings=settings,
        on_progress=best.append,
    )
    at_marks = [
        max((p for p in best if p.renders <= m), key=_renders, default=best[0]) for m in MARKS
    ]
    return np.array([progress.best for progress in [*at_marks, best[-1]]])


def _renders(progress: search.Progress) -> int:
    return progress.renders


def table_row(name: str, scores: NDArray[np.float32]) -> str:
    """One line of the table."""
    cells = []
    for column in scores.T:
        mean, low, high = metrics.bootstrap_interval(column)
        cells.append(f"{mean:.3f} [{low:.3f}, {high:.3f}]")
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--sounds", type=pathlib.Path, help="folder; default: voices alone")
    parser.add_argument("--index", type=pathlib.Path, default=pathlib.Path("build/match-index"))
    parser.add_argument("--budget", type=budget, default={"renders": 5000})
    parser.add_argument("--count", type=count, default=16, help="sounds of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=pathlib.Path, help="file for the scores of every sound")
    for field in dataclasses.fields(Settings):
        parser.add_argument(f"--{field.name}", type=type(field.default), default=field.default)
    args = parser.parse_args()
    settings = Settings(**{f.name: getattr(args, f.name) for f in dataclasses.fields(Settings)})
    index = library.build(args.voices, args.index, quiet=True)
    domains = {"unseen voices": unseen_voices(index, args.count, args.seed)}
    if args.sounds:
        domains["recordings"] = recordings(args.sounds, args.count, args.seed), index
    everything: dict[str, dict[str, list[list[float]]]] = {}
    for domain, (targets, rest) in domains.items():
        print(f"\n{domain}: {len(targets)}, library of {len(rest.voices)}, {args.budget}\n")
        print(f"| | {' | '.join(SCORE_COLUMNS)} |\n|{' --- |' * 6}")
        start_time = time.perf_counter()
        scores = {f"best of {LOOKED_UP}": np.array([looked_up(t, rest) for t in targets])}
        after = np.array(
            [
                matched(target, rest, Budget(**args.budget), settings, args.seed + i)
                for i, target in enumerate(targets)
            ]
        )
        scores |= {f"{mark} renders": after[:, i] for i, mark in enumerate(MARKS)}
        scores["match"] = after[:, -1]
        for name, rows in scores.items():
            print(table_row(name, rows))
        seconds = (time.perf_counter() - start_time) / len(targets)
        print(f"\n{seconds:.1f} s for each", flush=True)
        everything[domain] = {name: rows.tolist() for name, rows in scores.items()}
    if args.json:
        args.json.write_text(json.dumps(everything), encoding="utf-8")


if __name__ == "__main__":
    main()
