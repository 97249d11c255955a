"""Turn cartridges, Surge XT patches or recordings into a dataset for training and evaluation.

From DX7 cartridges (their parameters are known, so a policy can learn them):

    synthrl prepare --dexed cartridges/ more.syx --out datasets/dexed

From Surge XT patches, which our engine plays (sounds that no DX7 made):

    synthrl prepare --surge patches/ --out datasets/surge

From recordings of anything (WAV, FLAC, MP3, OGG; one sound per file):

    synthrl prepare --audio recordings/ --out datasets/elsewhere

Duplicates, silence and unreadable files are left out and listed. A run that was stopped goes on
where it was when the same command is given again. The dataset takes 353 kB of disk per sound.
"""

from __future__ import annotations

import argparse
import pathlib

from synthrl_jax.cli.arguments import count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--dexed", nargs="+", type=pathlib.Path, metavar="PATH", help="SysEx files and folders"
    )
    what.add_argument(
        "--audio", nargs="+", type=pathlib.Path, metavar="PATH", help="audio files and folders"
    )
    what.add_argument(
        "--surge", nargs="+", type=pathlib.Path, metavar="PATH", help=".fxp files and folders"
    )
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to make")
    parser.add_argument("--limit", type=count, default=0, help="use only the first N sounds")
    parser.add_argument("--overwrite", action="store_true", help="replace what is at --out")
    parser.add_argument("--note", type=int, default=60, help="MIDI key to play (not with --audio)")
    parser.add_argument("--velocity", type=int, default=85, help="MIDI velocity (not with --audio)")
    parser.add_argument(
        "--transposed",
        action="store_true",
        help="leave voices their transposition, which no policy can choose (only with --dexed)",
    )
    parser.add_argument("--threads", type=count, default=0, help="0: one per core")


def run(args: argparse.Namespace) -> int:
    """Prepares the dataset and prints what became of the sounds."""
    from synthrl_jax import prepare

    common = {"limit": args.limit, "overwrite": args.overwrite}
    if args.audio:
        summary = prepare.prepare_audio(args.audio, args.out, **common)
    else:
        played = {"note": args.note, "velocity": args.velocity}
        if args.dexed:
            summary = prepare.prepare_dexed(
                args.dexed,
                args.out,
                protocol=prepare.Protocol(**played),
                transposed=args.transposed,
                threads=args.threads,
                **common,
            )
        else:
            summary = prepare.prepare_surge(
                args.surge,
                args.out,
                protocol=prepare.Protocol(**played, fade_s=0.0),
                threads=args.threads,
                **common,
            )
    for issue in summary.issues:
        print(f"skipped or not read in full: {issue}")
    counts = ", ".join(f"{name} {count}" for name, count in summary.counts.items())
    print(f"{summary.path}: {counts}")
    return 0
