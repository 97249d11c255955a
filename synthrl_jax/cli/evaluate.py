"""Score a trained policy on a dataset, and make a page to listen to.

    synthrl evaluate --run runs/stage2 --data datasets/dexed

Every sound of the split is guessed once (with --samples N: the best of N more guesses, by
reward), rendered and compared. Prints the row of the paper's table with 95 % intervals and leaves
metrics.json, per_sound.csv and index.html in --out.
"""

from __future__ import annotations

import argparse
import pathlib


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("--run", type=pathlib.Path, required=True, help="run folder of train.py")
    parser.add_argument("--checkpoint", choices=["best", "latest"], default="best")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="prepared dataset")
    parser.add_argument("--split", choices=["test", "valid", "train", "all"], default="test")
    parser.add_argument(
        "--split-kind",
        choices=["cluster", "random"],
        default="cluster",
        help="cluster (default) keeps near-copies of a voice on one side; random is the paper's",
    )
    parser.add_argument("--split-seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=0, help="further guesses per sound")
    parser.add_argument("--seed", type=int, default=0, help="of the samples")
    parser.add_argument("--max", type=int, default=0, help="use only the first N sounds")
    parser.add_argument("--out", type=pathlib.Path, help="default: RUN/evaluation/<data>-<split>")
    parser.add_argument("--json", action="store_true", help="print metrics.json instead")


def run(args: argparse.Namespace) -> int:
    """Evaluates and prints the table row."""
    import json

    from synthrl_jax import checkpoint, data, evaluate

    policy = checkpoint.load_policy(args.run, args.checkpoint)
    dataset = data.Dataset.open(args.data)
    rows = evaluate.select_rows(
        dataset, args.split, kind=args.split_kind, seed=args.split_seed, limit=args.max
    )
    out = args.out or args.run / "evaluation" / f"{dataset.path.name}-{args.split}"
    summary = evaluate.evaluate_run(
        policy,
        dataset,
        rows,
        out,
        num_samples=args.samples,
        seed=args.seed,
        description={
            "run": str(args.run),
            "split": args.split,
            "split_kind": args.split_kind,
            "split_seed": args.split_seed,
            "seed": args.seed,
        },
    )
    if args.json:
        print(json.dumps(summary))
        return 0
    print(f"{summary['sounds']} sounds")
    for name, interval in summary["metrics"].items():
        low, high = interval["low"], interval["high"]
        print(f"{name:<22}{interval['mean']:9.4f}   95 % [{low:.4f}, {high:.4f}]")
    print(f"listen: {out / 'index.html'}")
    return 0
