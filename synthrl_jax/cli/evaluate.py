"""Score a trained policy on a dataset, and make a page to listen to.

    synthrl evaluate --run runs/stage2 --data datasets/dexed

Every sound of the split is guessed once (with --samples N: the best of N more guesses, by
reward), rendered and compared. Prints the row of the paper's table with 95 % intervals and leaves
metrics.json, per_sound.csv and index.html in --out.
"""

from __future__ import annotations

import argparse
import pathlib

from synthrl_jax.cli.arguments import count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("--run", type=pathlib.Path, required=True, help="run folder of train.py")
    parser.add_argument("--checkpoint", choices=["best", "latest"], default="best")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="prepared dataset")
    parser.add_argument("--split", choices=["test", "valid", "train", "all"], default="test")
    parser.add_argument(
        "--split-kind",
        choices=["cluster", "random"],
        help="cluster keeps near-copies of a voice on one side, random is the paper's; default: "
        "as the run was trained, so that it has not learnt from what it is tested on",
    )
    parser.add_argument("--split-seed", type=count, help="default: as the run was trained")
    parser.add_argument("--fold", type=count, help="0 to 4; default: as the run was trained")
    parser.add_argument("--samples", type=count, default=0, help="further guesses per sound")
    parser.add_argument("--seed", type=int, default=0, help="of the samples")
    parser.add_argument("--max", type=count, default=0, help="use only the first N sounds")
    parser.add_argument("--out", type=pathlib.Path, help="default: RUN/evaluation/<data>-<split>")
    parser.add_argument("--json", action="store_true", help="print metrics.json instead")


def run(args: argparse.Namespace) -> int:
    """Evaluates and prints the table row."""
    import json

    from synthrl_jax import checkpoint, data, evaluate

    policy = checkpoint.load_policy(args.run, args.checkpoint)
    dataset = data.Dataset.open(args.data)
    trained = policy.config.data
    kind = args.split_kind or trained.split
    split_seed = trained.split_seed if args.split_seed is None else args.split_seed
    fold = trained.fold if args.fold is None else args.fold
    rows = evaluate.select_rows(
        dataset, args.split, kind=kind, seed=split_seed, fold=fold, limit=args.max
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
            "split_kind": kind,
            "split_seed": split_seed,
            "fold": fold,
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
