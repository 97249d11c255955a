"""Measure how alike two sounds are, by the distances that SynthRL reports.

    synthrl compare target.wav candidate.wav

The first sound is the target. Both are mixed to mono, resampled to 22 050 Hz and brought to
peak 1; nothing is trimmed, and the shorter one is padded with silence.
"""

from __future__ import annotations

import argparse
import pathlib

_MEANINGS = {
    "spec_mae": "mean difference of the log10 spectrograms; 0 is equal",
    "spectral_convergence": "difference of the spectrograms relative to the target; 0 is equal",
    "mfcc13_mae": "difference in timbre, coarse (13 coefficients); 0 is equal",
    "mfcc40_mae": "difference in timbre, fine (40 coefficients); 0 is equal",
    "reward": "1 / weighted sum of the first three, 0.2 to 10; higher is better",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("target", type=pathlib.Path, help="the sound to be matched")
    parser.add_argument("candidate", type=pathlib.Path, help="the sound that tries")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")


def run(args: argparse.Namespace) -> int:
    """Prints the four distances and the reward."""
    import json

    import numpy as np

    from synthrl_jax import audio, audio_files, reward

    sounds = [audio_files.read_audio(path) for path in (args.target, args.candidate)]
    length = max(map(len, sounds))
    target, candidate = (audio_files.fit_length(sound, length)[None] for sound in sounds)
    distances = reward.distances(
        audio.peak_normalise_target(target), audio.peak_normalise_render(candidate)
    )
    scores = distances._asdict() | {"reward": reward.reward(distances)}
    scores = {name: float(np.asarray(value)[0]) for name, value in scores.items()}
    if args.json:
        print(json.dumps(scores))
        return 0
    for name, value in scores.items():
        print(f"{name:<22}{value:8.4f}   {_MEANINGS[name]}")
    return 0
