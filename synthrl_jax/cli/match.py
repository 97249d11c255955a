"""Find a DX7 patch that sounds like a recording.

    synthrl match sound.wav --run runs/stage3 --out patch.syx

Takes any audio file; leading silence is cut, and the first four seconds count. Leaves the voice
(.syx, for Dexed or a DX7), the voice played (.wav), the target as it was heard (-target.wav), the
scores (.json) and a page with players, spectrograms and the voice sheet (.html).
"""

from __future__ import annotations

import argparse
import pathlib

from synthrl_jax.cli.arguments import count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("sound", type=pathlib.Path, help="audio file to match")
    parser.add_argument("--run", type=pathlib.Path, required=True, help="run folder of train.py")
    parser.add_argument("--checkpoint", choices=["best", "latest"], default="best")
    parser.add_argument(
        "--out", type=pathlib.Path, default=pathlib.Path("patch.syx"), help="default: patch.syx"
    )
    parser.add_argument(
        "--samples", type=count, default=64, help="guesses to try besides the most likely one"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the guesses")


def run(args: argparse.Namespace) -> int:
    """Matches the sound and tells how near the voice comes."""
    from synthrl_jax import audio, audio_files, checkpoint, match

    match.check_out(args.out, args.sound)
    sound = audio_files.read_audio(args.sound)
    policy = checkpoint.load_policy(args.run, args.checkpoint)
    result = match.match(
        sound,
        audio.SAMPLE_RATE,
        policy,
        num_samples=args.samples,
        name=args.sound.stem,
        seed=args.seed,
    )
    files = match.write_match(result, args.out, str(args.sound))
    scores = "  ".join(f"{name} {value:.3f}" for name, value in result.scores.items())
    print(f"best of {len(result.curve)}: {scores}")
    for path in files:
        print(path)
    return 0
