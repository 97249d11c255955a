"""Compares our engine with dexed-py, sample by sample.

    python benchmarks/dexed_exactness.py --voices cartridges.syx --count 2000

Renders voices at 22 050 and 44 100 Hz under the protocol of the datasets, then all algorithms
with all feedbacks, then random bytes on random keys, velocities and durations. The largest
difference must be 0 throughout; the exit status is 1 if it is not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

import dexed
import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from synthrl_jax import presets
from synthrl_jax.render import Renderer


def peer_render(
    voice: NDArray[np.uint8],
    sample_rate: int,
    note: int = 60,
    velocity: int = 85,
    gate_s: float = 3.0,
    length_s: float = 4.0,
) -> NDArray[np.float32]:
    """What dexed-py makes of a packed voice [128]."""
    synth = dexed.DexedSynth(sample_rate)
    synth.load_patch(dexed.Patch.from_packed(bytes(voice)))
    return np.asarray(synth.render(note, velocity, gate_s, length_s), np.float32)


def largest_difference(
    title: str, sample_rate: int, cases: Iterable[tuple[NDArray[np.uint8], dict]]
) -> float:
    """Renders every (voice, note arguments) both ways, and prints and returns the worst case."""
    renderer = Renderer("dexed", sample_rate=sample_rate, stage="engine")
    worst, count, differing = 0.0, 0, 0
    for voice, arguments in track(list(cases), description=f"{title}, {sample_rate} Hz"):
        expected = peer_render(voice, sample_rate, **arguments)
        got = renderer.render(voice[None], fade_s=0.0, **arguments)[0]
        difference = float(np.max(np.abs(got - expected)))
        worst, count, differing = max(worst, difference), count + 1, differing + (difference > 0)
    print(f"{title}, {sample_rate} Hz: {count} sounds, {differing} differ, by at most {worst:g}")
    return worst


def all_algorithms(seed: int) -> NDArray[np.uint8]:
    """[256, 128] random voices that take every algorithm with every feedback."""
    voices = np.random.default_rng(seed).integers(0, 100, (256, 128), np.uint8)
    voices[:, 110] = np.repeat(np.arange(32), 8)
    voices[:, 111] = np.tile(np.arange(8), 32) | 8
    for slot in range(6):
        voices[:, 17 * slot + 14] = 70 + voices[:, 17 * slot + 14] % 30
    return voices


def random_notes(
    rng: np.random.Generator, voices: NDArray[np.uint8]
) -> list[tuple[NDArray[np.uint8], dict]]:
    """Every voice on a random key, at a random velocity, for a random time.

    dexed-py holds times in single precision before it counts samples, so such times are drawn.
    """
    return [
        (
            voice,
            {
                "note": int(rng.integers(0, 128)),
                "velocity": int(rng.integers(0, 128)),
                "gate_s": float(np.float32(rng.uniform(0, 1.2))),
                "length_s": float(np.float32(rng.uniform(0.01, 1.5))),
            },
        )
        for voice in voices
    ]


def main() -> int:
    """Runs all comparisons."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voices", required=True, nargs="+", help="cartridges or folders")
    parser.add_argument("--count", type=int, default=2000, help="voices drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    rng = np.random.default_rng(args.seed)
    table = presets.load_voices(args.voices)
    drawn = rng.permutation(len(table.voices))[: args.count]
    voices = table.voices[drawn]
    noise = rng.integers(0, 256, (300, 128), np.uint8)
    differences = []
    for rate in (22_050, 44_100):
        differences.append(largest_difference("voices", rate, [(v, {}) for v in voices]))
        short = {"gate_s": 0.3, "length_s": 0.5}
        differences.append(
            largest_difference(
                "algorithms × feedbacks", rate, [(v, short) for v in all_algorithms(args.seed)]
            )
        )
        differences.append(
            largest_difference("voices on random notes", rate, random_notes(rng, voices[:300]))
        )
        differences.append(
            largest_difference("random bytes on random notes", rate, random_notes(rng, noise))
        )
    return int(max(differences) > 0)


if __name__ == "__main__":
    sys.exit(main())
