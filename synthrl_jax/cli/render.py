"""Plays DX7 cartridges into WAV files.

Give it cartridge files (.syx) or folders of them. Every voice becomes one WAV file (32-bit float,
mono) in a folder named after its cartridge:

  synthrl render my_cartridges/ --out wav/
  synthrl render ROM1A.syx --out wav/ --note 48 --velocity 110 --gate 1 --length 2.5

Files that hold no DX7 voice are skipped with a line that says why.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console

    from synthrl_jax.render import Renderer

CHUNK_VOICES = 32
"""Voices rendered between two updates of the progress bar."""

_UNSAFE_CHARACTERS = re.compile(r"[^\w .,&()!+=#@$%^{}~\'-]")
_RESERVED_NAMES = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{n}{i}" for n in ("com", "lpt") for i in range(10)),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the flags of `synthrl render`."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="cartridge, or folder of them")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="folder for the WAVs"
    )
    parser.add_argument(
        "--note", metavar="KEY", type=int, default=60, help="MIDI note, 60 is middle C (60)"
    )
    parser.add_argument(
        "--velocity", metavar="V", type=int, default=85, help="MIDI velocity 1-127 (85)"
    )
    parser.add_argument(
        "--gate", metavar="S", type=float, default=3.0, help="seconds the key is held (3)"
    )
    parser.add_argument("--length", metavar="S", type=float, default=4.0, help="seconds in all (4)")
    parser.add_argument(
        "--sample-rate", metavar="HZ", type=int, default=44100, help="of the WAV files (44100)"
    )
    parser.add_argument(
        "--stage",
        choices=("plugin", "engine"),
        default="plugin",
        help="plugin: as Dexed sounds in a host; engine: before clipping and filter (plugin)",
    )
    parser.add_argument(
        "--engine", choices=("mark1", "modern", "opl"), default="mark1", help="sound chip (mark1)"
    )
    parser.add_argument("--threads", metavar="N", type=int, default=0, help="0 uses every core (0)")


def safe_name(name: str, fallback: str = "untitled") -> str:
    """The name as a file or folder name that every common system accepts."""
    cleaned = _UNSAFE_CHARACTERS.sub("_", name).strip(" .")
    if not cleaned:
        return fallback
    return f"{cleaned}_" if cleaned.lower() in _RESERVED_NAMES else cleaned


def output_paths(
    folder: Path, source: Sequence[str], slot: Sequence[int], names: Sequence[str]
) -> list[Path]:
    """One path for each voice: `<bank>/<slot> <voice name>.wav`.

    Cartridges of the same name in different folders get a number, compared without regard to
    case; slots keep voices of the same name apart.

    Args:
      folder: where all of it goes.
      source: [N] file of each voice, as in `VoiceTable`.
      slot: [N] place in that file, from 1.
      names: [N] voice names.
    """
    banks: dict[str, str] = {}
    taken: set[str] = set()
    for path in dict.fromkeys(source):
        stem = bank = safe_name(Path(path).stem)
        number = 2
        while bank.lower() in taken:
            bank = f"{stem} ({number})"
            number += 1
        taken.add(bank.lower())
        banks[path] = bank
    digits = {path: max(2, len(str(place))) for path, place in zip(source, slot, strict=True)}
    return [
        folder / banks[path] / f"{place:0{digits[path]}d} {safe_name(name)}.wav"
        for path, place, name in zip(source, slot, names, strict=True)
    ]


def _check(args: argparse.Namespace) -> None:
    from synthrl_jax.errors import UserError

    if not 0 <= args.note <= 127:
        raise UserError(f"--note {args.note}: a MIDI note is 0 to 127")
    if not 1 <= args.velocity <= 127:
        raise UserError(f"--velocity {args.velocity}: a MIDI velocity is 1 to 127")
    if args.length <= 0:
        raise UserError(f"--length {args.length}: must be above 0 seconds")
    if args.gate < 0:
        raise UserError(f"--gate {args.gate}: must not be below 0 seconds")


def _write_all(
    args: argparse.Namespace,
    renderer: Renderer,
    voices: NDArray[np.uint8],
    paths: Sequence[Path],
    console: Console,
) -> None:
    """Renders voices [N, 128] to N paths, with a progress bar."""
    import soundfile

    from synthrl_jax.progress import ProgressBar

    for folder in {path.parent for path in paths}:
        folder.mkdir(parents=True, exist_ok=True)
    with ProgressBar("rendering", len(paths), console=console) as progress:
        for start in range(0, len(paths), CHUNK_VOICES):
            chunk = slice(start, start + CHUNK_VOICES)
            audio = renderer.render(
                voices[chunk],
                note=args.note,
                velocity=args.velocity,
                gate_s=args.gate,
                length_s=args.length,
            )
            for path, sound in zip(paths[chunk], audio, strict=True):
                soundfile.write(path, sound, args.sample_rate, "FLOAT")
            progress.advance(len(audio))


def run(args: argparse.Namespace) -> int:
    """Renders every voice and returns the exit status."""
    import soundfile
    from rich.console import Console

    from synthrl_jax.errors import UserError
    from synthrl_jax.presets import load_voices
    from synthrl_jax.render import Renderer

    _check(args)
    renderer = Renderer(
        "dexed",
        sample_rate=args.sample_rate,
        threads=args.threads,
        stage=args.stage,
        engine=args.engine,
    )
    table = load_voices(args.paths)
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    for issue in table.issues:
        console.print(issue, markup=False)
    paths = output_paths(args.out, table.source, table.slot.tolist(), table.names)
    try:
        _write_all(args, renderer, table.voices, paths, console)
    except (OSError, soundfile.SoundFileError) as error:
        raise UserError(f"--out {args.out}: cannot be written ({error})") from error
    print(f"{len(paths)} voices from {len(set(table.source))} files written to {args.out}")
    return 0
