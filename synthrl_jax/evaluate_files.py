"""What an evaluation leaves behind: tables, figures, scores of every sound and a page to listen."""

from __future__ import annotations

import csv
import dataclasses
import json
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from synthrl_jax import report
from synthrl_jax.evaluate import Evaluation, Task, play
from synthrl_jax.metrics import Interval, bootstrap_interval

PAGE, FIGURES, TABLES = "index.html", "metrics.json", "tables.md"
PER_SOUND, TRADE_OFF = "per_sound.csv", "trade_off.png"


@dataclasses.dataclass(frozen=True)
class PublishedRow:
    """One line of the paper's tables: mean and standard deviation of three seeds."""

    model: str
    spec_mae: str
    spectral_convergence: str
    mfcc13_mae: str
    mfcc40_mae: str


PUBLISHED = {
    "in-domain": [
        PublishedRow("PresetGenVAE", "0.675 ± .007", "1.014 ± .011", "22.65 ± .23", "15.03 ± .20"),
        PublishedRow("Sound2Synth", "0.496 ± .002", "0.666 ± .003", "15.40 ± .01", "9.52 ± .01"),
        PublishedRow("SynthRL-p", "0.477 ± .002", "0.654 ± .005", "14.59 ± .09", "9.01 ± .08"),
        PublishedRow("SynthRL-i", "0.461 ± .001", "0.607 ± .004", "13.61 ± .02", "8.46 ± .04"),
    ],
    "out-of-domain": [
        PublishedRow("PresetGenVAE", "1.009 ± .013", "1.199 ± .046", "27.55 ± .58", "15.74 ± .52"),
        PublishedRow("Sound2Synth", "1.355 ± .021", "1.752 ± .028", "35.35 ± .85", "19.52 ± .18"),
        PublishedRow("SynthRL-i", "1.001 ± .032", "1.356 ± .016", "26.87 ± .46", "14.96 ± .27"),
        PublishedRow("SynthRL-o", "0.845 ± .013", "1.028 ± .018", "22.40 ± .39", "12.67 ± .10"),
    ],
}
"""SynthRL (IJCAI 2025), on its own test sets."""


class Column(NamedTuple):
    """Of a table.

    Attributes:
      metric: its name.
      title: at the head.
      digits: after the point.
    """

    metric: str
    title: str
    digits: int


DISTANCES = (
    Column("spec_mae", "Spec MAE", 3),
    Column("spectral_convergence", "SC", 3),
    Column("mfcc13_mae", "MFCC13", 2),
    Column("mfcc40_mae", "MFCC40", 2),
    Column("reward", "reward", 3),
)
"""What the paper reports, and the reward."""

OTHERS = (
    Column("multi_scale_spectral", "multi-scale spectral", 2),
    Column("envelope_correlation", "envelope correlation", 3),
    Column("f0_error_cents", "f0 error / cents", 0),
    Column("accuracy", "decisions right", 3),
    Column("numerical_error", "error of ordered parameters", 3),
)
"""What was not the reward."""


class Row(NamedTuple):
    """Of a table.

    Attributes:
      name: of the way, or of the paper's model.
      cells: a text for each column.
      published: whether it is the paper's.
    """

    name: str
    cells: list[str]
    published: bool


class Table(NamedTuple):
    """Heads of the columns, the first being that of the names, and rows."""

    heads: list[str]
    rows: list[Row]


def domain(task: Task) -> str:
    """Which of the paper's tables to compare with."""
    return "out-of-domain" if task.dataset.values is None else "in-domain"


def tables(task: Task, evaluations: Sequence[Evaluation]) -> list[Table]:
    """Distances beside the paper's rows, then all else, then the cost."""
    intervals = [(e.way.name, e.scores.intervals()) for e in evaluations]
    published = [
        Row(f"{row.model} (paper)", [*dataclasses.astuple(row)[1:], ""], True)
        for row in PUBLISHED[domain(task)]
    ]
    costs = [
        Row(
            e.way.name,
            [f"{np.mean(e.matches.renders):.0f}", f"{np.mean(e.matches.seconds):.2f}"],
            False,
        )
        for e in evaluations
    ]
    return [
        _table(DISTANCES, intervals, published),
        _table(OTHERS, intervals, []),
        Table(["", "renders per sound", "seconds per sound"], costs),
    ]


def _table(
    columns: Sequence[Column],
    intervals: list[tuple[str, dict[str, Interval]]],
    published: list[Row],
) -> Table:
    shown = [c for c in columns if any(c.metric in known for _, known in intervals)]
    rows = [Row(name, [_cell(known, c) for c in shown], False) for name, known in intervals]
    return Table(["", *(c.title for c in shown)], rows + published)


def _cell(known: dict[str, Interval], column: Column) -> str:
    if column.metric not in known:
        return "–"
    mean, low, high = (f"{value:.{column.digits}f}" for value in known[column.metric])
    return f"{mean} [{low}, {high}]"


def markdown(table: Table) -> str:
    """A table as Markdown, the paper's rows in italics."""
    lines = [_line(table.heads), _line(["---", *["---:"] * (len(table.heads) - 1)])]
    for row in table.rows:
        lines.append(_line([f"*{row.name}*" if row.published else row.name, *row.cells]))
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def write_evaluation(
    out: pathlib.Path,
    task: Task,
    evaluations: Sequence[Evaluation],
    *,
    description: dict[str, Any],
    num_examples: int,
    seed: int,
    compact: bool = False,
) -> dict[str, Any]:
    """Writes an evaluation into a folder.

    Args:
      out: the folder.
      task: what was matched.
      evaluations: how, and how well.
      description: of the run, for `metrics.json`.
      num_examples: sounds on the page, drawn at random.
      seed: of the draw.
      compact: the page has MP3 and JPEG instead of FLAC and PNG.

    Returns:
      What `metrics.json` holds.
    """
    summary = {
        **description,
        "dataset": str(task.dataset.path),
        "domain": domain(task),
        "sounds": len(task.rows),
        **task.played(),
        "ways": {e.way.name: _figures(e) for e in evaluations},
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / FIGURES).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    made = tables(task, evaluations)
    text = "\n\n".join(map(markdown, made))
    (out / TABLES).write_text(text + "\n", encoding="utf-8")
    _write_csv(out / PER_SOUND, task, evaluations)
    plot = _trade_off(task, evaluations)
    if plot is None:
        (out / TRADE_OFF).unlink(missing_ok=True)
    else:
        (out / TRADE_OFF).write_bytes(plot)
    page = report.render_page(
        "evaluation.html",
        compact=compact,
        title=f"Matches on {task.dataset.path.name}",
        summary=summary,
        tables=made,
        trade_off=plot,
        examples=_examples(task, evaluations, num_examples, seed),
        seed=seed,
    )
    (out / PAGE).write_text(page, encoding="utf-8")
    return summary


def _figures(evaluation: Evaluation) -> dict[str, Any]:
    """Means and intervals of a way, and of how many sounds each is."""
    scores = evaluation.scores
    return {
        "renders": float(np.mean(evaluation.matches.renders)),
        "seconds": float(np.mean(evaluation.matches.seconds)),
        "metrics": {
            name: {**interval._asdict(), "sounds": int(np.isfinite(scores[name]).sum())}
            for name, interval in scores.intervals().items()
        },
    }


def _write_csv(path: pathlib.Path, task: Task, evaluations: Sequence[Evaluation]) -> None:
    """A line for each way and sound."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["way", "row", "name", "renders", "seconds", *evaluations[0].scores])
        for evaluation in evaluations:
            _, renders, seconds = evaluation.matches
            for i, row in enumerate(task.rows):
                values = [column[i] for column in evaluation.scores.values()]
                writer.writerow(
                    [
                        evaluation.way.name,
                        row,
                        task.dataset.names[row],
                        renders[i],
                        f"{seconds[i]:.4g}",
                        *("" if np.isnan(value) else f"{value:.6g}" for value in values),
                    ]
                )


def _trade_off(task: Task, evaluations: Sequence[Evaluation]) -> bytes | None:
    """Reward and Spec MAE against the budget; None without a search."""
    searches = [e for e in evaluations if e.way.budget is not None]
    others = [e for e in evaluations if e.way.budget is None]
    units = {
        "seconds per sound": [e for e in searches if _in_seconds(e)],
        "renders per sound": [e for e in searches if not _in_seconds(e)],
    }
    paper = {f"{row.model} (paper)": float(row.spec_mae[:5]) for row in PUBLISHED[domain(task)]}
    panels = [
        report.Panel(
            x_label=unit,
            y_label=column.title,
            curves=_curves(chosen, column.metric),
            levels={e.way.name: _interval(e, column.metric).mean for e in others},
            reference=paper if column.metric == "spec_mae" else {},
        )
        for unit, chosen in units.items()
        if chosen
        for column in (DISTANCES[-1], DISTANCES[0])
    ]
    return report.trade_off_png(panels) if panels else None


def _curves(searches: Sequence[Evaluation], metric: str) -> dict[str, list[report.Point]]:
    """By matcher, the mean of a metric against what was spent."""
    curves: dict[str, list[report.Point]] = {}
    for evaluation in sorted(searches, key=_spent):
        point = report.Point(_spent(evaluation), *_interval(evaluation, metric))
        curves.setdefault(evaluation.way.matcher, []).append(point)
    return curves


def _interval(evaluation: Evaluation, metric: str) -> Interval:
    return bootstrap_interval(evaluation.scores[metric])


def _in_seconds(evaluation: Evaluation) -> bool:
    budget = evaluation.way.budget
    return budget is not None and bool(np.isfinite(budget.seconds))


def _spent(evaluation: Evaluation) -> float:
    """Seconds, or renders, of each search."""
    budget = evaluation.way.budget
    assert budget is not None
    if np.isfinite(budget.seconds):
        return budget.seconds
    return float(np.mean(evaluation.matches.renders))


def _examples(
    task: Task, evaluations: Sequence[Evaluation], count: int, seed: int
) -> Iterator[report.Example]:
    """Sounds drawn at random, with what each matcher found; of searches the one given last."""
    shown = {e.way.matcher: e for e in evaluations}.values()
    rng = np.random.default_rng(seed)
    for i in np.sort(rng.permutation(len(task.rows))[:count]):
        matches = {
            e.way.name: report.Scored(
                play(task, e.matches.voices[i : i + 1])[0],
                {name: float(values[i]) for name, values in e.scores.items()},
            )
            for e in shown
        }
        row = task.rows[i]
        yield report.Example(task.dataset.names[row], task.dataset.audio[row], matches)
