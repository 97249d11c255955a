r"""What each part of the reinforcement recipe is worth: SynthRL's, ours, ours without each part.

    python train.py --config=configs/pretrain.py:small --workdir=runs/alone \
        --config.model.reference=False
    python -m benchmarks.reinforcement --init runs/alone --data datasets/dexed --updates 48

The network decides from the sound alone, as with a voice to begin from there is less to learn. All
arms start from the same weights, learn from the same fixed list of voices for the same number
of updates, and render the same number of sounds. What they do not share is in `ARMS`. Validation
is on held-out voices. A run that was stopped goes on where it was. Leaves `ablation.png` and
`ablation.json` in --out, and prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import pathlib
from typing import Any

import numpy as np
from rich.console import Console

from configs import reinforce
from synthrl_jax import run_log, trainer
from synthrl_jax.reward import RewardWeights
from synthrl_jax.types import Config

ARMS: dict[str, dict[str, Any]] = {
    "ours": {},
    "SynthRL's": {
        "loss.learn_from": "replay",
        "loss.reward_scale": "inverse",
        "loss.advantage": "none",
        "loss.anchor": 0.0,
        "reinforce.alpha_start": 1.0,
    },
    "SynthRL's without replay": {
        "loss.reward_scale": "inverse",
        "loss.advantage": "none",
        "loss.anchor": 0.0,
        "reinforce.alpha_start": 1.0,
    },
    "leave-one-out baseline": {"loss.advantage": "leave_one_out"},
    "reward, not its logarithm": {"loss.reward_scale": "inverse"},
    "without labels": {"reinforce.alpha_start": 1.0},
    "without anchor": {"loss.anchor": 0.0},
    "with replay": {"loss.learn_from": "both", "loss.imitation": 0.1},
    "with entropy bonus": {"loss.entropy": 0.01},
    "with clipping": {"loss.clip": 0.2},
}
"""Arm → what it changes in `configs/reinforce.py`."""

METRICS = ("reward", "spec_mae", "spectral_convergence", "mfcc13_mae", "mfcc40_mae")


def arm_config(arm: str, args: argparse.Namespace, seed: int) -> Config:
    """The config of an arm."""
    config = reinforce.get_config(args.size)
    config.seed = seed
    config.init_from, config.init_which = str(args.init), args.which
    config.data.path = str(args.data)
    config.data.endless.enabled = False
    config.model.reference = False
    config.data.max_train, config.data.max_valid = args.targets, args.valid
    config.data.use_spare_valid = False
    batches = -(-args.targets // config.train.batch_size)
    config.train.num_epochs = args.updates / batches
    config.train.eval_every_epochs = args.updates / args.points / batches
    config.train.log_every_steps = 10
    config.update_from_flattened_dict(ARMS[arm])
    return config


def run_arm(arm: str, args: argparse.Namespace, seed: int) -> list[dict[str, float]]:
    """Trains an arm and returns its rows of validation."""
    folder = args.out / f"{arm.replace(' ', '-').replace(',', '')}-{seed}"
    trainer.train(arm_config(arm, args, seed), folder)
    return [row for row in run_log.read_log(folder) if row["split"] == "valid"]


def plot(results: dict[str, list[list[dict[str, float]]]], renders: float, path: pathlib.Path):
    """Distance and reward against renders in validation: the mean of the seeds and their range."""
    from matplotlib.figure import Figure

    figure = Figure((11, 4.5), layout="constrained")
    panels = {"weighted distance of the single guess": _distance, "its reward": _reward}
    for axes, (label, measure) in zip(figure.subplots(1, 2), panels.items(), strict=True):
        for arm, seeds in results.items():
            steps = np.array([row["step"] for row in seeds[0]]) * renders
            values = np.array([[measure(row) for row in rows] for rows in seeds])
            (line,) = axes.plot(steps, values.mean(axis=0), label=arm)
            low, high = values.min(axis=0), values.max(axis=0)
            axes.fill_between(steps, low, high, alpha=0.15, color=line.get_color())
        axes.set(xlabel="renders", ylabel=label)
        axes.grid(alpha=0.3)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", fontsize=8)
    figure.savefig(path, dpi=110)


def _distance(row: dict[str, float]) -> float:
    """The sum whose inverse is the reward of a sound, of mean distances."""
    return sum(weight * row[name] for name, weight in RewardWeights()._asdict().items())


def _figures(row: dict[str, float]) -> list[float]:
    """What the table has of an arm: weighted distance, then `METRICS`."""
    return [_distance(row), *(row[name] for name in METRICS)]


def _reward(row: dict[str, float]) -> float:
    return row["reward"]


def main() -> None:
    """Runs all arms and reports."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--init", type=pathlib.Path, required=True, help="run to start from")
    parser.add_argument("--which", choices=["best", "latest"], default="latest")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="Dexed voices")
    parser.add_argument("--size", default="small")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--updates", type=int, default=120)
    parser.add_argument("--points", type=int, default=3, help="validations on the way")
    parser.add_argument("--targets", type=int, default=1024)
    parser.add_argument("--valid", type=int, default=512)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("runs/ablation"))
    args = parser.parse_args()

    results = {arm: [run_arm(arm, args, seed) for seed in range(args.seeds)] for arm in args.arms}
    config = arm_config(args.arms[0], args, 0)
    renders = config.train.batch_size * config.reinforce.tries
    args.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"renders_per_update": renders, "results": results}, indent=1)
    (args.out / "ablation.json").write_text(text + "\n", encoding="utf-8")
    plot(results, renders, args.out / "ablation.png")

    out = Console(width=200, highlight=False).print
    out(f"| {args.updates * renders} renders | weighted distance | " + " | ".join(METRICS) + " |")
    out("| --- |" + " ---: |" * (1 + len(METRICS)))
    start = _figures(results[args.arms[0]][0][0])
    out("| at the start | " + " | ".join(f"{figure:.3f}" for figure in start) + " |")
    for arm, seeds in results.items():
        ends = [_figures(rows[-1]) for rows in seeds]
        cells = [
            f"{mean:.3f}" + (f" ± {sd:.3f}" if args.seeds > 1 else "")
            for mean, sd in zip(np.mean(ends, axis=0), np.std(ends, axis=0), strict=True)
        ]
        out(f"| {arm} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
