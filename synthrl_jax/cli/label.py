"""Find DX7 voices that sound like the sounds of a dataset, so that stage 1 can learn from them.

    synthrl label datasets/elsewhere --voices datasets/dexed
    python train.py --config=configs/stage1.py:small --config.data.elsewhere=datasets/elsewhere

Each sound of the training and validation parts gets the best voices of a search of --renders
renders, which begins with those training voices of --voices that sound most like it. A run that
was killed goes on when it is started again.
"""

from __future__ import annotations

import argparse
import pathlib

from synthrl_jax.cli.arguments import count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("dataset", type=pathlib.Path, help="from `synthrl prepare`")
    parser.add_argument(
        "--voices", type=pathlib.Path, required=True, help="dataset of Dexed voices to start from"
    )
    parser.add_argument("--renders", type=count, default=400, help="per sound")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=count, default=0, help="0: one per core")


def run(args: argparse.Namespace) -> int:
    """Searches and tells how good the voices are."""
    import numpy as np

    from synthrl_jax import data, pseudo_labels, search
    from synthrl_jax.errors import UserError

    if args.renders < 1:
        raise UserError("--renders must be at least 1")
    dataset, voices = data.Dataset.open(args.dataset), data.Dataset.open(args.voices)
    split = dataset.split()
    rows = np.concatenate([split.train, split.valid])
    found = pseudo_labels.label(
        dataset,
        rows,
        voices,
        voices.split().train,
        renders=args.renders,
        seed=args.seed,
        threads=args.threads,
    )
    reward = found.scores[rows, 0, search.REWARD]
    print(f"{dataset.path}: {len(rows)} sounds, mean reward of the best voice {reward.mean():.3f}")
    return 0
