"""Find DX7 patches that sound like a recording.

    synthrl match sound.wav
    synthrl match sound.wav --budget 30s --library my_cartridges/ --run runs/stage3 --out patches/

Takes any audio file with one note in it, of any pitch, length and loudness. Candidates come from a
library of voices (your own: see `synthrl index`) and from a trained policy; then
they evolve for as long as the budget lasts.

The folder --out gets a cartridge of 32 voices (.syx, for Dexed or a DX7; the best in slot 1, then
runners-up, then variations), each voice and its sound by itself, all scores (scores.json), and a
page to listen and look at (index.html).
"""

from __future__ import annotations

import argparse
import pathlib

from synthrl_jax.cli.arguments import add_sources, budget, count, load_policy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("sound", type=pathlib.Path, help="audio file to match")
    parser.add_argument(
        "--budget",
        type=budget,
        default={"seconds": 10.0},
        help="seconds (10s), renders (5000), or steady: until nothing improves; default: 10s",
    )
    parser.add_argument("--note", type=int, help="MIDI key of the sound; default: what is heard")
    parser.add_argument(
        "--gate", type=float, metavar="S", help="seconds the key is held; default: what is heard"
    )
    parser.add_argument(
        "--top", type=count, default=32, metavar="N", help="voices to keep, 1 to 32"
    )
    add_sources(parser)
    parser.add_argument(
        "--out", type=pathlib.Path, help="folder to make; default: named after SOUND"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the search")


def run(args: argparse.Namespace) -> int:
    """Matches the sound and tells how near the voices come."""
    from synthrl_jax import audio_files, library, listen, match, match_files, search
    from synthrl_jax.errors import UserError
    from synthrl_jax.progress import BudgetBar

    out = args.out or pathlib.Path(f"{args.sound.stem}-match")
    match_files.check_out(out, args.sound)
    if not 1 <= args.top <= 32:
        raise UserError(f"--top {args.top}: a cartridge holds 1 to 32 voices")
    if args.gate is not None and args.gate <= 0:
        raise UserError(f"--gate {args.gate}: must be above 0 seconds")
    sound, sample_rate = audio_files.read_channels(args.sound)
    try:
        heard = listen.listen(sound, sample_rate, note=args.note, gate_s=args.gate)
    except UserError as error:
        raise UserError(f"{args.sound}: {error}") from error
    print(
        f"heard: {listen.note_name(heard.note)} (MIDI {heard.note}, {heard.tuning_cents:+.0f} "
        f"cents), held {heard.gate_s:.2f} s of {heard.length_s:.2f} s"
    )
    for warning in heard.warnings:
        print(f"note: {warning}")
    policy = load_policy(args)
    if policy is not None:
        match.warm_up(policy)
    libraries = library.open_libraries(args.library, threads=args.threads)
    with BudgetBar("searching") as bar:
        result = match.match_heard(
            heard,
            libraries,
            policy=policy,
            budget=search.Budget(**args.budget),
            name=args.sound.stem,
            count=args.top,
            seed=args.seed,
            threads=args.threads,
            on_progress=lambda now: bar.update(
                now.spent, f"{now.renders} renders, reward {now.best[search.REWARD]:.3f}"
            ),
        )
    scores = "  ".join(f"{name} {value:.3f}" for name, value in result.best.scores.items())
    print(f"best of {len(result.curve)} in {result.seconds:.1f} s: {scores}")
    for path in match_files.write_match(result, out, args.sound):
        print(path)
    return 0
