"""Types of command-line arguments."""

from __future__ import annotations

import argparse


def count(text: str) -> int:
    """A whole number, 0 or more."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
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
