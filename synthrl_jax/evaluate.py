"""How well a trained policy does on a dataset: the paper's table row, and a page to listen to."""

from __future__ import annotations

import csv
import dataclasses
import json
import pathlib
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from synthrl_jax import audio, data, metrics, report
from synthrl_jax.checkpoint import LoadedPolicy
from synthrl_jax.environment import Environment, Prepared, make_environment
from synthrl_jax.errors import UserError
from synthrl_jax.progress import ProgressBar

_BATCH = 32
_CASES = 4
DISTANCES = ("spec_mae", "spectral_convergence", "mfcc13_mae", "mfcc40_mae")


@dataclasses.dataclass(frozen=True)
class PublishedRow:
    """One line of the paper's tables: mean and standard deviation of three seeds."""

    model: str
    spec_mae: str
    spectral_convergence: str
    mfcc13_mae: str
    mfcc40_mae: str


PUBLISHED = {
    "dexed": [
        PublishedRow("PresetGenVAE", "0.675 ± .007", "1.014 ± .011", "22.65 ± .23", "15.03 ± .20"),
        PublishedRow("Sound2Synth", "0.496 ± .002", "0.666 ± .003", "15.40 ± .01", "9.52 ± .01"),
        PublishedRow("SynthRL-p", "0.477 ± .002", "0.654 ± .005", "14.59 ± .09", "9.01 ± .08"),
        PublishedRow("SynthRL-i", "0.461 ± .001", "0.607 ± .004", "13.61 ± .02", "8.46 ± .04"),
    ],
    "audio": [
        PublishedRow("PresetGenVAE", "1.009 ± .013", "1.199 ± .046", "27.55 ± .58", "15.74 ± .52"),
        PublishedRow("Sound2Synth", "1.355 ± .021", "1.752 ± .028", "35.35 ± .85", "19.52 ± .18"),
        PublishedRow("SynthRL-i", "1.001 ± .032", "1.356 ± .016", "26.87 ± .46", "14.96 ± .27"),
        PublishedRow("SynthRL-o", "0.845 ± .013", "1.028 ± .018", "22.40 ± .39", "12.67 ± .10"),
    ],
}
"""SynthRL (IJCAI 2025), in-domain and out-of-domain, on its own test sets."""


class Scores(dict[str, NDArray[np.float32]]):
    """Metric name → [N] values, one per sound, in the order of the rows asked for."""

    def intervals(self) -> dict[str, metrics.Interval]:
        """Mean and 95 % bootstrap interval of every metric."""
        return {name: metrics.bootstrap_interval(values) for name, values in self.items()}


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The outcome for some rows of a dataset.

    Attributes:
      rows: [N] rows of the dataset.
      action: [N, D] the action that was scored.
      scores: of that action.
    """

    rows: NDArray[np.int64]
    action: NDArray[np.int32]
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


def evaluate(
    policy: LoadedPolicy,
    environment: Environment,
    dataset: data.Dataset,
    rows: NDArray[np.int64],
    *,
    num_samples: int = 0,
    seed: int = 0,
) -> Evaluation:
    """Scores the policy's most likely action, or the best of it and some samples.

    Args:
      policy: what is evaluated.
      environment: renders and scores.
      dataset: targets.
      rows: [N] which of them.
      num_samples: samples drawn besides the most likely action; the best by reward counts.
      seed: of the samples.
    """
    space = policy.action_space
    loader = data.make_loader(
        dataset, rows, _BATCH, action_space=space, shuffle=False, num_epochs=1
    )
    columns: dict[str, list[NDArray[np.float32]]] = {}
    actions = []
    with ProgressBar("evaluating", len(rows)) as progress:
        for i, batch in enumerate(loader):
            best = policy.best_actions(batch.audio, batch.played)
            targets = environment.prepare(batch.audio)
            scores = _scores(environment, targets, best)
            key = jax.random.fold_in(jax.random.key(seed), i)
            sampled = (
                policy.sample_actions(key, batch.audio, num_samples, batch.played)
                if num_samples
                else best[:, :0, None]
            )
            for action in np.moveaxis(sampled, 1, 0):
                other = _scores(environment, targets, action)
                better = other["reward"] > scores["reward"]
                best = np.where(better[:, None], action, best)
                scores = {name: np.where(better, other[name], scores[name]) for name in scores}
            if dataset.values is not None:
                scores |= metrics.parameter_metrics(
                    space.spec, best, np.asarray(batch.action), np.asarray(batch.heard)
                )
            present = np.asarray(batch.mask) > 0
            actions.append(best[present])
            for name, values in scores.items():
                columns.setdefault(name, []).append(values[present])
            progress.advance(int(present.sum()))
    scores = Scores({name: np.concatenate(values) for name, values in columns.items()})
    return Evaluation(rows, np.concatenate(actions), scores)


def _scores(
    environment: Environment, targets: Prepared, action: NDArray[np.int32]
) -> dict[str, NDArray[np.float32]]:
    score = environment.play(action, targets)
    return {name: np.asarray(values) for name, values in score.named().items()}


def evaluate_run(
    policy: LoadedPolicy,
    dataset: data.Dataset,
    rows: NDArray[np.int64],
    out: pathlib.Path,
    *,
    num_samples: int,
    seed: int,
    description: dict[str, Any],
) -> dict[str, Any]:
    """Evaluates and leaves `metrics.json`, `per_sound.csv` and `index.html` in `out`.

    Returns:
      What `metrics.json` holds.
    """
    render = policy.config.render
    dataset.check_protocol(note=render.note, velocity=render.velocity, gate_s=render.gate_s)
    environment = make_environment(policy.config, policy.action_space)
    result = evaluate(policy, environment, dataset, rows, num_samples=num_samples, seed=seed)
    summary = {
        **description,
        "dataset": str(dataset.path),
        "checkpoint_step": policy.step,
        "sounds": len(rows),
        "samples": num_samples,
        "metrics": {
            name: interval._asdict() for name, interval in result.scores.intervals().items()
        },
    }
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(summary, indent=1)
    (out / "metrics.json").write_text(text + "\n", encoding="utf-8")
    _write_csv(out / "per_sound.csv", dataset, result)
    (out / "index.html").write_text(_page(dataset, environment, result, summary), encoding="utf-8")
    return summary


def _write_csv(path: pathlib.Path, dataset: data.Dataset, result: Evaluation) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "name", *result.scores])
        for i, row in enumerate(result.rows):
            values = (f"{column[i]:.6g}" for column in result.scores.values())
            writer.writerow([row, dataset.names[row], *values])


def _page(
    dataset: data.Dataset, environment: Environment, result: Evaluation, summary: dict[str, Any]
) -> str:
    reward = result.scores["reward"]
    order = np.argsort(-reward, kind="stable")
    middle = max(0, len(order) // 2 - _CASES // 2)
    groups = {
        "Best": order[:_CASES],
        "Median": order[middle : middle + _CASES],
        "Worst": order[-_CASES:],
    }
    shown = np.unique(np.concatenate(list(groups.values())))
    renders = np.asarray(audio.peak_normalise_render(environment.render(result.action[shown])))
    cases = {
        int(i): report.Comparison(
            title=dataset.names[result.rows[i]],
            target=dataset.audio[result.rows[i]],
            match=sound,
            scores={name: float(column[i]) for name, column in result.scores.items()},
        )
        for i, sound in zip(shown, renders, strict=True)
    }
    return report.render_page(
        "evaluation.html",
        title=f"{summary['run']} on {summary['dataset']}",
        summary=summary,
        distances=DISTANCES,
        published=PUBLISHED["audio" if dataset.values is None else "dexed"],
        published_domain="out-of-domain" if dataset.values is None else "in-domain",
        histogram=report.histogram_png(reward, "reward"),
        groups={name: [cases[int(i)] for i in chosen] for name, chosen in groups.items()},
    )
