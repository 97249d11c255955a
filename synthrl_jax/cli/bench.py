"""Measure how fast sounds are rendered and scored.

    synthrl bench render

Plays real voices (your cartridges with --voices, else the bundled ones) for 4 s each at 22 050
and 44 100 Hz, with one thread and with two, and prints sounds per second, how many times faster
than real time that is, and the ratio to dexed-py (`pip install dexed-py`) in the same run. At
22 050 Hz sounds are also compared with targets as in training: what that costs, beside the same
reward in NumPy and librosa.
"""

from __future__ import annotations

import argparse
import pathlib


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("what", choices=["render"], help="what to measure")
    parser.add_argument("--voices", nargs="+", type=pathlib.Path, help="SysEx files and folders")
    parser.add_argument("--count", type=int, default=1000, help="voices drawn at random")
    parser.add_argument("--repeats", type=int, default=3, help="the fastest of so many counts")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")


def run(args: argparse.Namespace) -> int:
    """Measures and prints the table."""
    import json

    from synthrl_jax import assets, bench

    report = bench.bench_render(
        args.voices or [assets.VOICES], count=args.count, repeats=args.repeats
    )
    print(json.dumps(report) if args.json else bench.table(report))
    return 0
