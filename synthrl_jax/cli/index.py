"""Index cartridges and recordings by sound, so that `synthrl match` finds candidates among them.

    synthrl index my_cartridges/ more.syx
    synthrl index my_cartridges/ my_samples/ --out indices/everything

Without --out it becomes the library that `synthrl match` uses from then on; without PATH that is
the voices that come with this program. Run again, it plays only what is new; a run that was killed
goes on. Recordings are for `synthrl library find`: what have I got that sounds like this?
"""

from __future__ import annotations

import argparse
import pathlib

from synthrl_jax.cli.arguments import count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument(
        "paths", nargs="*", type=pathlib.Path, metavar="PATH", help="SysEx and audio files, folders"
    )
    parser.add_argument("--out", type=pathlib.Path, help="folder of the index")
    parser.add_argument("--threads", type=count, default=0, help="0: one per core")


def run(args: argparse.Namespace) -> int:
    """Makes or renews the index and tells what is in it."""
    from synthrl_jax import assets, library

    out = args.out or library.default_index()
    index = library.build(args.paths or [assets.VOICES], out, threads=args.threads)
    for issue in index.manifest["issues"]:
        print(f"skipped or not read in full: {issue}")
    counts = ", ".join(f"{name} {count}" for name, count in index.manifest["counts"].items())
    print(f"{out}: {counts}")
    return 0
