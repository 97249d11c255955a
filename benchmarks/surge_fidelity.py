"""Compares our Surge voices with renders of Surge XT.

    python benchmarks/surge_fidelity.py --data DIR --dry

DIR holds `index.csv` and, per patch, a reference: `reference/NNNN.flac` with effects,
`reference_dry/NNNN.flac` without (`--dry`). Patches come from `DIR/patches.tar.xz` or, with
`--patches`, from another archive or an unpacked folder.

Each patch is rendered under the protocol of the references: 44 100 Hz, note 60, velocity 85, 3 s
held and 1 s released, left channel, resampled to 22 050 Hz, peak 1. A patch *matches* if its cost
0.27 · spectral MAE + 0.7 · spectral convergence + 0.03 · MFCC13 MAE is at most
max(0.10, 1.5 · the cost of two renders of Surge XT): sounds with random phases or noise differ
between two renders of Surge XT itself. The table lists features by the share of their patches
that match, and the patches farthest from a match. Then come quantiles of the processor time of a
render, the least of `--repeats`, and the patches that take longest. With `--json` the last line is
one object.
"""

from __future__ import annotations

import argparse
import collections
import csv
import dataclasses
import json
import os
import pathlib
import statistics
import tarfile
import time
from collections.abc import Iterator

import jax
import numpy as np
import soundfile
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from synthrl_jax import reward
from synthrl_jax.errors import UserError
from synthrl_jax.render import SURGE_SAMPLE_RATE, Renderer, read_surge_patch, surge_target
from synthrl_jax.synths import surge

_LEAST_COST = 0.10
_REPEAT_MARGIN = 1.5
_CLOSE_SPEC_MAE = 0.05
_BATCH = 16
_SLOWEST = 12
_COLUMNS = (
    *("id", "cost", "limit", "spec_mae", "sc", "mfcc13", "mfcc40", "null_db", "seconds"),
    *("repeats_exactly", "patch", "features"),
)


@dataclasses.dataclass
class Case:
    """A reference and what is known of it."""

    number: int
    patch: str
    path: pathlib.Path
    repeat_cost: float
    repeats_exactly: bool


@dataclasses.dataclass
class Outcome:
    """How close a render came. `seconds` are those of the processor."""

    case: Case
    cost: float
    spec_mae: float
    spectral_convergence: float
    mfcc13_mae: float
    mfcc40_mae: float
    null_db: float
    seconds: float
    features: tuple[str, ...]

    @property
    def limit(self) -> float:
        """The largest cost that counts as a match."""
        return max(_LEAST_COST, _REPEAT_MARGIN * self.case.repeat_cost)

    @property
    def matches(self) -> bool:
        """Whether it is as close as another render of Surge XT might be."""
        return self.cost <= self.limit


def read_cases(data: pathlib.Path, dry: bool) -> list[Case]:
    """All patches with a reference."""
    folder = data / ("reference_dry" if dry else "reference")
    with (data / "index.csv").open(newline="") as file:
        index = {int(row.get("id", "")): row for row in csv.DictReader(file)}
    repeats = index
    if dry:
        with (folder / "index.csv").open(newline="") as file:
            repeats = {int(row["id"]): row for row in csv.DictReader(file)}
    cases = []
    for number, row in sorted(repeats.items()):
        path = folder / f"{number:04d}.flac"
        if not path.exists():
            continue
        values = [float(row[f"repeat_{name}"]) for name in ("spec_mae", "sc", "mfcc13")]
        cases.append(
            Case(
                number=number,
                patch=index[number]["patch"],
                path=path,
                repeat_cost=float(np.dot(values, reward.RewardWeights())),
                repeats_exactly=not any(values),
            )
        )
    return cases


def read_patches(source: pathlib.Path, names: set[str]) -> dict[str, bytes]:
    """Contents of patch files from a folder or an archive."""
    if source.is_dir():
        return {name: (source / name).read_bytes() for name in names}
    contents = {}
    with tarfile.open(source) as archive:
        for member in archive:
            name = os.path.normpath(member.name)
            if name in names and (file := archive.extractfile(member)) is not None:
                contents[name] = file.read()
    return contents


def features_of(content: bytes, effects: bool) -> tuple[str, ...]:
    """What a patch uses, as `kind name`; effects that are not rendered are marked."""
    patch = read_surge_patch(content)
    found = {
        f"revision {patch.revision}",
        f"scenes {sum(patch.scene_sounds(scene) for scene in range(2))}",
    }
    for kind, number, variant, _, unit, is_rendered in patch.features():
        if kind == "effect" and not effects:
            continue
        name = f"{kind} {surge.feature_name(kind, number)}"
        if kind == "envelope":
            name = f"{('amp', 'filter')[unit]} {name}"
        if kind in ("filter", "ring_modulator") or (kind == "mod_source" and variant):
            name += f" {variant}"
        if kind == "effect" and variant:
            name += f" {variant}"
        if kind == "effect" and not is_rendered:
            name += " (missing)"
        found.add(name)
    return tuple(sorted(found))


def null_db(reference: NDArray[np.float32], candidate: NDArray[np.float32]) -> float:
    """Level of what is left of the reference once the candidate is taken off at its best gain."""
    a, b = reference.astype(np.float64), candidate.astype(np.float64)
    gain = np.dot(a, b) / max(np.dot(b, b), 1e-30)
    return float(10 * np.log10((np.sum((a - gain * b) ** 2) + 1e-30) / (np.sum(a**2) + 1e-30)))


def load_reference(path: pathlib.Path) -> NDArray[np.float32]:
    """Sound of a reference, with peak 1."""
    sound, _ = soundfile.read(path, dtype="float32")
    return np.asarray(sound / max(float(np.max(np.abs(sound))), 1e-9), np.float32)


def as_stored(sound: NDArray[np.float32], case: Case) -> NDArray[np.float32]:
    """Rounds a sound of peak 1 as the file of the reference does, which is at half scale.

    Pure tones leave bins in which the rounding noise of 16 bits is all there is.
    """
    scale = 2.0**22 if case.repeats_exactly else 2.0**14
    return (np.round(sound * scale) / scale).astype(np.float32)


def batches(cases: list[Case]) -> Iterator[list[Case]]:
    """Cases in groups of at most `_BATCH`."""
    for start in range(0, len(cases), _BATCH):
        yield cases[start : start + _BATCH]


def timed_render(
    renderer: Renderer, content: bytes, seed: int, repeats: int
) -> tuple[NDArray[np.float32], float]:
    """The sound of a patch, [S], and the least processor time of `repeats` renders, in seconds."""
    sounds, times = [], []
    for _ in range(repeats):
        begin = time.process_time()
        sounds.append(renderer.render([content], seed=seed)[0])
        times.append(time.process_time() - begin)
    return sounds[-1], min(times)


def compare(
    renderer: Renderer,
    cases: list[Case],
    contents: dict[str, bytes],
    seed: int,
    rounded: bool,
    effects: bool,
    repeats: int,
) -> tuple[list[Outcome], list[str]]:
    """Renders and scores all cases; returns outcomes and errors."""
    distances = jax.jit(reward.distances)
    outcomes, errors = [], []
    for batch in track(list(batches(cases)), description="patches"):
        kept, sounds, references, seconds = [], [], [], []
        for case in batch:
            try:
                sound, duration = timed_render(renderer, contents[case.patch], seed, repeats)
            except (UserError, KeyError) as error:
                errors.append(f"{case.number} {case.patch}: {error}")
                continue
            seconds.append(duration)
            target = surge_target(sound)
            sounds.append(as_stored(target, case) if rounded else target)
            references.append(load_reference(case.path))
            kept.append(case)
        if not kept:
            continue
        padding = _BATCH - len(kept)
        a = np.stack(references + references[:1] * padding)
        b = np.stack(sounds + sounds[:1] * padding)
        measured = distances(a, b)
        columns = np.stack([np.asarray(column) for column in measured], axis=1)
        costs = np.asarray(reward.cost(measured))
        for i, case in enumerate(kept):
            outcomes.append(
                Outcome(
                    case,
                    float(costs[i]),
                    *(float(value) for value in columns[i]),
                    null_db=null_db(references[i], sounds[i]),
                    seconds=seconds[i],
                    features=features_of(contents[case.patch], effects),
                )
            )
    return outcomes, errors


def feature_rows(outcomes: list[Outcome]) -> list[tuple[str, int, int]]:
    """(feature, matching patches, patches) of the features not all of whose patches match."""
    by_feature: dict[str, list[Outcome]] = collections.defaultdict(list)
    for outcome in outcomes:
        for feature in outcome.features:
            by_feature[feature].append(outcome)
    rows = [
        (feature, sum(outcome.matches for outcome in members), len(members))
        for feature, members in by_feature.items()
    ]
    incomplete = [row for row in rows if row[1] < row[2]]
    return sorted(incomplete, key=lambda row: (row[1] / row[2], -row[2], row[0]))


def worst_first(outcomes: list[Outcome], count: int) -> list[Outcome]:
    """The patches that do not match, the farthest from it first."""
    failed = [outcome for outcome in outcomes if not outcome.matches]
    return sorted(failed, key=lambda outcome: outcome.limit - outcome.cost)[:count]


def cells_of(outcome: Outcome) -> tuple[str, ...]:
    """Of the table of patches."""
    return (
        str(outcome.case.number),
        f"{outcome.cost:.3f}",
        f"{outcome.limit:.3f}",
        f"{outcome.spec_mae:.3f}",
        f"{outcome.spectral_convergence:.3f}",
        f"{outcome.mfcc13_mae:.2f}",
        f"{outcome.null_db:.1f}",
        outcome.case.patch,
    )


def time_quantiles_ms(outcomes: list[Outcome]) -> dict[str, float]:
    """Quantiles of the processor time of a render, by name."""
    times_ms = [1000 * outcome.seconds for outcome in outcomes]
    return {
        name: float(np.quantile(times_ms, quantile))
        for name, quantile in (
            *(("fastest", 0.0), ("5 %", 0.05), ("25 %", 0.25), ("median", 0.5)),
            *(("75 %", 0.75), ("95 %", 0.95), ("slowest", 1.0)),
        )
    }


def slowest_first(outcomes: list[Outcome], count: int) -> list[Outcome]:
    """The patches that take longest to render."""
    return sorted(outcomes, key=lambda outcome: -outcome.seconds)[:count]


_PATCH_COLUMNS = ("id", "cost", "limit", "MAE", "SC", "MFCC", "null dB", "patch")


def report(console: Console, outcomes: list[Outcome], errors: list[str], worst: int) -> None:
    """Prints the features and the patches that do not match."""
    table = Table("feature", "matched", "of", "share", title="Matches by feature")
    for feature, matched, total in feature_rows(outcomes):
        table.add_row(feature, str(matched), str(total), f"{matched / total:.2f}")
    console.print(table)
    table = Table(*_PATCH_COLUMNS, "features")
    for outcome in worst_first(outcomes, worst):
        table.add_row(*cells_of(outcome), ", ".join(outcome.features))
    console.print(table)
    quantiles = time_quantiles_ms(outcomes)
    table = Table(*quantiles, title="Milliseconds per render")
    table.add_row(*(f"{value:.1f}" for value in quantiles.values()))
    console.print(table)
    table = Table("ms", "patch")
    for outcome in slowest_first(outcomes, _SLOWEST):
        table.add_row(f"{1000 * outcome.seconds:.0f}", outcome.case.patch)
    console.print(table)
    for error in errors:
        console.print(error, markup=False)


def markdown(outcomes: list[Outcome], worst: int) -> str:
    """The report as tables of Markdown."""
    lines = ["| feature | matched | of | share |", "| --- | ---: | ---: | ---: |"]
    for feature, matched, total in feature_rows(outcomes):
        lines.append(f"| {feature} | {matched} | {total} | {matched / total:.2f} |")
    lines += ["", f"| {' | '.join(_PATCH_COLUMNS)} |", "| --- |" + " ---: |" * 6 + " --- |"]
    lines += [f"| {' | '.join(cells_of(outcome))} |" for outcome in worst_first(outcomes, worst)]
    quantiles = time_quantiles_ms(outcomes)
    lines += ["", f"| ms per render: {' | '.join(quantiles)} |", "| ---: " * len(quantiles) + "|"]
    lines += ["| " + " | ".join(f"{value:.1f}" for value in quantiles.values()) + " |"]
    lines += ["", "| ms | patch |", "| ---: | --- |"]
    lines += [
        f"| {1000 * outcome.seconds:.0f} | {outcome.case.patch} |"
        for outcome in slowest_first(outcomes, _SLOWEST)
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Compares the patches asked for on the command line."""
    parser = argparse.ArgumentParser(description="Compares our Surge voices with Surge XT.")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder of references")
    parser.add_argument("--patches", type=pathlib.Path, help="archive or folder of patches")
    parser.add_argument("--dry", action="store_true", help="without effects")
    parser.add_argument("--formulas", action="store_true", help="run the Lua programs of LFOs")
    parser.add_argument("--limit", type=int, help="compare only so many, evenly spread")
    parser.add_argument("--ids", help="compare only these, separated by commas")
    parser.add_argument(
        "--round", action="store_true", help="round renders as the references are stored"
    )
    parser.add_argument("--worst", type=int, default=40, help="patches to list")
    parser.add_argument("--threads", type=int, default=1, help="of the renderer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=1, help="renders of each, the least timed")
    parser.add_argument("--json", action="store_true", help="print a summary in JSON at the end")
    parser.add_argument("--out", type=pathlib.Path, help="file for a line of CSV per patch")
    parser.add_argument("--markdown", type=pathlib.Path, help="file for the tables")
    arguments = parser.parse_args()

    cases = read_cases(arguments.data, arguments.dry)
    if arguments.ids:
        wanted = {int(number) for number in arguments.ids.split(",")}
        cases = [case for case in cases if case.number in wanted]
    if arguments.limit and arguments.limit < len(cases):
        places = np.linspace(0, len(cases) - 1, arguments.limit).round().astype(int)
        cases = [cases[place] for place in places]
    source = arguments.patches or arguments.data / "patches.tar.xz"
    contents = read_patches(source, {case.patch for case in cases})
    with Renderer(
        "surge",
        sample_rate=SURGE_SAMPLE_RATE,
        threads=arguments.threads,
        effects=not arguments.dry,
        formulas=arguments.formulas,
    ) as renderer:
        outcomes, errors = compare(
            renderer,
            cases,
            contents,
            arguments.seed,
            arguments.round,
            effects=not arguments.dry,
            repeats=max(1, arguments.repeats),
        )

    console = Console(width=200)
    report(console, outcomes, errors, arguments.worst)
    exact = [outcome for outcome in outcomes if outcome.case.repeats_exactly]
    close = sum(outcome.spec_mae <= _CLOSE_SPEC_MAE for outcome in exact)
    summary = {
        "matched": sum(outcome.matches for outcome in outcomes),
        "total": len(cases),
        "errors": len(errors),
        "close": close,
        "repeatable": len(exact),
        "median_seconds": statistics.median(outcome.seconds for outcome in outcomes),
        "time_quantiles_ms": time_quantiles_ms(outcomes),
        "median_cost": statistics.median(outcome.cost for outcome in outcomes),
    }
    console.print(
        f"{summary['matched']} of {summary['total']} match; {close} of {len(exact)} that repeat "
        f"exactly are within a spectral MAE of {_CLOSE_SPEC_MAE}; "
        f"{1 / summary['median_seconds']:.1f} renders per second of the processor in the median"
    )
    if arguments.markdown:
        arguments.markdown.write_text(markdown(outcomes, arguments.worst), encoding="utf-8")
    if arguments.out:
        with arguments.out.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            for outcome in outcomes:
                writer.writerow(
                    [
                        outcome.case.number,
                        f"{outcome.cost:.5f}",
                        f"{outcome.limit:.5f}",
                        f"{outcome.spec_mae:.5f}",
                        f"{outcome.spectral_convergence:.5f}",
                        f"{outcome.mfcc13_mae:.5f}",
                        f"{outcome.mfcc40_mae:.5f}",
                        f"{outcome.null_db:.2f}",
                        f"{outcome.seconds:.4f}",
                        int(outcome.case.repeats_exactly),
                        outcome.case.patch,
                        "; ".join(outcome.features),
                    ]
                )
    if arguments.json:
        print(json.dumps(summary))


if __name__ == "__main__":
    main()
