"""Put the policy of a run into one file, to pass on or to train further.

    synthrl export runs/reinforce --out policy.npz

`--run policy.npz` then works wherever a run folder does, as does `--config.init_from=policy.npz`.
Weights are rounded to half precision.
"""

from __future__ import annotations

import argparse
import pathlib


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("run", type=pathlib.Path, help="run folder of train.py")
    parser.add_argument("--checkpoint", choices=["best", "latest"], default="best")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="file to write, .npz")


def run(args: argparse.Namespace) -> int:
    """Writes the file."""
    from synthrl_jax import checkpoint
    from synthrl_jax.errors import UserError

    if args.out.suffix != ".npz":
        raise UserError(f"{args.out}: the name must end with .npz")
    size = checkpoint.export_policy(args.run, args.out, args.checkpoint)
    print(f"{args.out}: {size / 1e6:.1f} MB")
    return 0
