"""What the commands' arguments have in common."""

from __future__ import annotations

import argparse
import pathlib
from typing import TYPE_CHECKING

from synthrl_jax import assets

if TYPE_CHECKING:
    from synthrl_jax.checkpoint import LoadedPolicy


def count(text: str) -> int:
    """A whole number, 0 or more."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return number


def port(text: str) -> int:
    """The number of a TCP port; 0 is any that is free."""
    number = count(text)
    if number > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is above 65535, the largest port")
    return number


def budget(text: str) -> dict[str, float]:
    """How long to search: seconds (`10s`), renders (`5000`), or `steady`: until nothing improves.

    Returns:
      Arguments of `search.Budget`.
    """
    if text == "steady":
        return {"patience": STEADY_RENDERS}
    kind = "seconds" if text.endswith("s") else "renders"
    try:
        number = float(text.removesuffix("s")) if kind == "seconds" else int(text)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither seconds (10s), nor renders (5000), nor steady"
        )
    return {kind: number}


def budgets(text: str) -> list[dict[str, float]]:
    """Several budgets, separated by commas; see `budget`."""
    return [budget(part.strip()) for part in text.split(",")]


STEADY_RENDERS = 3000
"""A search that has not got better for so long will hardly do so soon."""


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Declares where the candidates of a search come from, and who plays them."""
    parser.add_argument(
        "--library",
        nargs="+",
        type=pathlib.Path,
        default=[],
        metavar="PATH",
        help="cartridges, folders of them, or indices; default: what `synthrl index` made, or the "
        "bundled voices",
    )
    add_policy_arguments(parser)
    parser.add_argument("--threads", type=count, default=0, help="0: one per core")


def add_policy_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares which policy makes guesses."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--run",
        type=pathlib.Path,
        default=assets.POLICY,
        help="run folder of train.py, or exported policy; default: the one that comes with this "
        "program",
    )
    which.add_argument("--no-policy", action="store_true", help="no guesses of a policy")
    parser.add_argument("--checkpoint", choices=["best", "latest"], default="best")


def load_policy(args: argparse.Namespace) -> LoadedPolicy | None:
    """The policy that `add_policy_arguments` were given."""
    if args.no_policy:
        return None
    import jax

    from synthrl_jax import checkpoint, library

    # What was compiled once need not be again: a musician waits for it.
    if getattr(jax.config, "jax_compilation_cache_dir", None) is None:
        jax.config.update("jax_compilation_cache_dir", str(library.cache_folder() / "compiled"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)
    return checkpoint.load_policy(args.run, args.checkpoint)
