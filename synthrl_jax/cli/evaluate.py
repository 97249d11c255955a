"""Measure how near matches come on a dataset, and make a page to listen to.

    synthrl evaluate --run runs/stage2 --data datasets/dexed
    synthrl evaluate --data datasets/dexed --matcher retrieval search --budget 300,1000,10000
    synthrl evaluate --data datasets/surge --library datasets/dexed --run runs/stage3 --budget 1s,9s
        --matcher policy retrieval search

Ways of matching: `policy` guesses, `retrieval` takes the voice of the library that seems nearest,
both with --guesses the best of so many by reward; `search` is what `synthrl match` does, once for
each budget, and `policy+search` the same with the policy's guesses among the first voices. The
released policy begins from the nearest voices of the library too; --no-library asks it to do
without. Targets that are voices are never looked for among their near-copies: the library is the
training part of their dataset, or what --library names without all that is nearly the same.

Prints the paper's table and further metrics as Markdown, and leaves in --out: tables.md,
metrics.json, per_sound.csv, trade_off.png (for searches) and index.html with examples.
"""

from __future__ import annotations

import argparse
import pathlib
from typing import Any

from synthrl_jax.cli.arguments import (
    add_policy_arguments,
    budgets,
    count,
    counts,
    load_policy,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("--data", type=pathlib.Path, required=True, help="prepared dataset")
    add_policy_arguments(parser)
    parser.add_argument(
        "--matcher",
        nargs="+",
        choices=["policy", "retrieval", "search", "policy+search"],
        help="ways of matching; default: policy, or with --no-policy retrieval and search",
    )
    parser.add_argument(
        "--budget",
        type=budgets,
        default=[{"seconds": 10.0}],
        metavar="LIST",
        help="of searches, separated by commas: seconds (1s,10s), renders (300,1000), or steady; "
        "default: 10s",
    )
    parser.add_argument(
        "--guesses",
        type=counts,
        default=[1],
        metavar="LIST",
        help="of the policy or the library, separated by commas: the best of so many counts; "
        "default: 1",
    )
    parser.add_argument(
        "--library",
        nargs="+",
        type=pathlib.Path,
        default=[],
        metavar="PATH",
        help="voices to begin from: prepared datasets (their training part), cartridges, folders "
        "of them, or indices; default: the targets' dataset if they are voices, else what "
        "`synthrl index` made, or the bundled voices",
    )
    parser.add_argument(
        "--near-copies",
        action="store_true",
        help="leave near-copies of the targets in the library, as a split by single voices does",
    )
    parser.add_argument(
        "--no-library", action="store_true", help="guesses of the policy from the sound alone"
    )
    parser.add_argument("--split", choices=["test", "valid", "train", "all"], default="test")
    parser.add_argument(
        "--split-kind",
        choices=["cluster", "random"],
        help="cluster keeps near-copies of a voice on one side, random is the paper's; default: "
        "as the run was trained, so that it has not learnt from what it is tested on, or cluster",
    )
    parser.add_argument("--split-seed", type=count, help="default: as the run was trained, or 0")
    parser.add_argument("--fold", type=count, help="0 to 4; default: as the run was trained, or 0")
    parser.add_argument("--max", type=count, default=0, help="use only the first N sounds")
    parser.add_argument(
        "--examples", type=count, default=8, metavar="N", help="sounds on the page, at random"
    )
    parser.add_argument(
        "--compact", action="store_true", help="a small page, with MP3 and JPEG in it"
    )
    parser.add_argument("--seed", type=count, default=0, help="of samples, searches and examples")
    parser.add_argument("--threads", type=count, default=0, help="0: one per core")
    parser.add_argument(
        "--out",
        type=pathlib.Path,
        help="default: RUN/evaluation/<data>-<split>, or <data>-<split>-evaluation",
    )
    parser.add_argument("--json", action="store_true", help="print metrics.json instead")


def run(args: argparse.Namespace) -> int:
    """Evaluates and prints the tables."""
    import json

    from synthrl_jax import data, evaluate, evaluate_files
    from synthrl_jax.errors import UserError
    from synthrl_jax.search import Budget

    dataset = data.Dataset.open(args.data)
    policy = load_policy(args)
    usual: list[evaluate.MatcherName] = ["policy"] if policy else ["retrieval", "search"]
    matchers = args.matcher or usual
    split = _split(args, policy.config.data if policy else None)
    rows = evaluate.select_rows(dataset, args.split, **split, limit=args.max)
    task = evaluate.make_task(dataset, rows, policy)
    libraries = []
    begins_from = policy is not None and policy.wants_reference and not args.no_library
    if args.no_library and (args.library or set(matchers) != {"policy"}):
        raise UserError("--no-library goes with --matcher policy alone")
    if set(matchers) != {"policy"} or begins_from:
        libraries = evaluate.open_libraries(
            args.library, task, **split, near_copies=args.near_copies, threads=args.threads
        )
    ways = evaluate.make_ways(
        matchers,
        [Budget(**budget) for budget in args.budget],
        policy=policy,
        libraries=libraries,
        guesses=args.guesses,
        seed=args.seed,
        threads=args.threads,
    )
    evaluations = evaluate.evaluate(task, ways, threads=args.threads)
    name = f"{dataset.path.name}-{args.split}"
    of_run = policy is not None and args.run.is_dir()
    default = args.run / "evaluation" / name if of_run else pathlib.Path(f"{name}-evaluation")
    out = args.out or default
    summary = evaluate_files.write_evaluation(
        out,
        task,
        evaluations,
        description={
            "run": str(args.run) if policy else "",
            "checkpoint_step": policy.step if policy else None,
            "split": args.split,
            "split_kind": split["kind"],
            "split_seed": split["seed"],
            "fold": split["fold"],
            "near_copies": args.near_copies,
            "library": [{"path": str(lib.path), "voices": len(lib.voices)} for lib in libraries],
            "guesses": args.guesses,
            "seed": args.seed,
        },
        num_examples=args.examples,
        seed=args.seed,
        compact=args.compact,
    )
    if args.json:
        print(json.dumps(summary))
        return 0
    print(f"{summary['sounds']} sounds, {summary['domain']}\n")
    print((out / evaluate_files.TABLES).read_text(encoding="utf-8"))
    print(f"listen: {out / evaluate_files.PAGE}")
    return 0


def _split(args: argparse.Namespace, trained: Any) -> dict[str, Any]:
    """Arguments of `Dataset.split`: what is asked for, or as the run was trained, or the usual."""
    asked = {"kind": args.split_kind, "seed": args.split_seed, "fold": args.fold}
    usual = {"kind": "cluster", "seed": 0, "fold": 0}
    if trained is not None:
        usual = {"kind": trained.split, "seed": trained.split_seed, "fold": trained.fold}
    return {name: usual[name] if value is None else value for name, value in asked.items()}
