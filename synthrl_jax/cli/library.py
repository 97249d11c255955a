"""Look into a library that `synthrl index` made.

    synthrl library stats
    synthrl library find sound.wav --library indices/everything

`stats` counts voices, near-copies and silence. `find` lists what sounds most like a recording.
"""

from __future__ import annotations

import argparse
import pathlib
from typing import TYPE_CHECKING

from synthrl_jax.cli.arguments import count

if TYPE_CHECKING:
    from synthrl_jax.library import Library


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("what", choices=["stats", "find"])
    parser.add_argument("sound", nargs="?", type=pathlib.Path, help="recording to look for (find)")
    parser.add_argument(
        "--library",
        nargs="+",
        type=pathlib.Path,
        default=[],
        metavar="PATH",
        help="indices or cartridges; default: what `synthrl index` made, or the bundled voices",
    )
    parser.add_argument("--note", type=int, help="MIDI key of the sound; default: what is heard")
    parser.add_argument("--top", type=count, default=10, metavar="N", help="how many (find)")


def run(args: argparse.Namespace) -> int:
    """Prints counts, or what was found."""
    from synthrl_jax import library
    from synthrl_jax.errors import UserError

    if (args.what == "find") != (args.sound is not None):
        raise UserError(
            "find needs a sound to look for" if args.what == "find" else "stats takes no sound"
        )
    libraries = library.open_libraries(args.library)
    if args.what == "stats":
        for opened in libraries:
            print(opened.path)
            for name, value in {**opened.manifest["counts"], **library.near_copies(opened)}.items():
                print(f"  {name:<24}{value:>8}")
        return 0
    return _find(args, libraries)


def _find(args: argparse.Namespace, libraries: list[Library]) -> int:
    from synthrl_jax import audio_files, embedding, listen
    from synthrl_jax.errors import UserError

    sound, sample_rate = audio_files.read_channels(args.sound)
    try:
        heard = listen.listen(sound, sample_rate, note=args.note)
    except UserError as error:
        raise UserError(f"{args.sound}: {error}") from error
    row = embedding.embed(heard.target[None], heard.note, heard.gate_s)[0]
    found = sorted(
        (match for opened in libraries for match in opened.nearest(row, args.top)),
        key=lambda match: match.distance,
    )
    for match in found[: args.top]:
        slot = f", slot {match.place.slot}" if match.place.slot else ""
        print(f"{match.distance:7.2f}  {match.place.name:<12}  {match.place.file}{slot}")
    return 0
