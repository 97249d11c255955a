"""Measures a reinforcement-learning step with and without overlap, beside the usual sequence.

    python -m benchmarks.training_step --size small --steps 12

Three ways to make the same update on bundled voices, a few steps each, in turns:

    overlap     the next batch is rendered and scored while the learner works
    sequence    act, render and score on the renderer's threads, learn
    peer        act, render with dexed-py and score with librosa in a pool of processes, learn

The peer is how reference implementations of the method work; the network is ours in all three, so
that the difference is the way to the reward. Prints seconds per step (the median), the share of
each part, and the ratio to the peer.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import multiprocessing
import os
import pathlib
import tempfile
import time
from collections.abc import Callable
from typing import Any

import dexed
import numpy as np
from numpy.typing import NDArray

from configs import stage2
from synthrl_jax import assets, bench, checkpoint, prepare, presets, trainer
from synthrl_jax.actor import Actor
from synthrl_jax.environment import Score
from synthrl_jax.reward import Distances
from synthrl_jax.run_log import Clock
from synthrl_jax.steps import weights_of

_WARM_UP = 2


def peer_reward(job: tuple[bytes, NDArray[np.float32]]) -> float:
    """The reward of a packed voice and a target [S]."""
    voice, target = job
    synth = dexed.DexedSynth(22_050)
    synth.load_patch(dexed.Patch.from_packed(voice))
    sound = np.asarray(synth.render(60, 85, 3.0, 4.0), np.float32)
    fade = int(0.1 * 22_050)
    sound[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return bench.librosa_score(bench.librosa_features(target), sound)


class PeerEnvironment:
    """Stands in for `Environment`: a pool of processes, one sound per job."""

    def __init__(self, action_space: Any, processes: int) -> None:
        self._space = action_space
        self._pool = concurrent.futures.ProcessPoolExecutor(
            processes, multiprocessing.get_context("spawn")
        )
        list(self._pool.map(abs, range(processes)))  # started before anything is timed

    def prepare(self, target: NDArray[np.float32]) -> NDArray[np.float32]:
        """Nothing: the usual implementation transforms targets anew."""
        return np.asarray(target)

    def play(self, action: NDArray[np.int32], target: NDArray[np.float32]) -> Score:
        """As `Environment.play`, but for the distances, which training does not need."""
        voices = presets.from_values(self._space.to_values(action), [""] * len(action))
        jobs = [(bytes(voice), sound) for voice, sound in zip(voices, target, strict=True)]
        rewards = np.asarray(list(self._pool.map(peer_reward, jobs)), np.float32)
        return Score(Distances(*[np.full_like(rewards, np.nan)] * 4), rewards)

    def close(self) -> None:
        """Ends the processes."""
        self._pool.shutdown()


def measure(built: trainer.Trainer, environment: Any, overlap: bool, steps: int) -> dict[str, Any]:
    """Seconds of each step and the share of its parts."""
    clock = Clock(built.config.train.batch_size)
    state = built.fresh_state(built.policy.init(0))
    loader = built._loader(built.dataset, built.train_indices, train=True)
    seconds = []
    actor = Actor(built.steps, environment, loader, built.devices, clock, overlap=overlap)
    with actor:
        for step in range(_WARM_UP + steps):
            if step == _WARM_UP:
                clock.restart()
            start = time.perf_counter()
            state, _ = built._update(state, step, actor, clock)
            seconds.append(time.perf_counter() - start)
        shares = clock.shares()
    assert np.all(np.isfinite(weights_of(state).params["queries"]))
    return {"seconds": seconds[_WARM_UP:], "shares": shares}


def _dataset(folder: pathlib.Path) -> pathlib.Path:
    prepare.prepare_dexed([assets.VOICES], folder / "voices")
    return folder / "voices"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=["tiny", "small", "base"], default="small")
    parser.add_argument("--steps", type=int, default=12, help="timed steps of each way")
    parser.add_argument("--rounds", type=int, default=2, help="turns the steps are split into")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = stage2.get_config(args.size)
        config.data.path = str(_dataset(pathlib.Path(folder)))
        checkpoint.write_config(pathlib.Path(folder) / "run", config)
        built = trainer.Trainer(config, pathlib.Path(folder) / "run")
        peer = PeerEnvironment(built.space, os.cpu_count() or 1)
        ways: dict[str, Callable[[int], dict[str, Any]]] = {
            "overlap": lambda n: measure(built, built.environment, True, n),
            "sequence": lambda n: measure(built, built.environment, False, n),
            "peer": lambda n: measure(built, peer, False, n),
        }
        results: dict[str, list[dict[str, Any]]] = {name: [] for name in ways}
        for _ in range(args.rounds):
            for name, way in ways.items():
                results[name].append(way(max(1, args.steps // args.rounds)))
        peer.close()
    median = {
        name: float(np.median(np.concatenate([r["seconds"] for r in rounds])))
        for name, rounds in results.items()
    }
    report = [
        {
            "way": name,
            "step_s": median[name],
            "ratio_to_peer": median["peer"] / median[name],
            "shares": {
                part: float(np.mean([r["shares"][part] for r in rounds]))
                for part in rounds[0]["shares"]
            },
        }
        for name, rounds in results.items()
    ]
    if args.json:
        print(json.dumps({"size": args.size, "ways": report}))
        return
    print(f"size {args.size}, batch {config.train.batch_size}")
    for row in report:
        shares = "  ".join(f"{part} {share:.0%}" for part, share in row["shares"].items())
        print(
            f"{row['way']:<9} {row['step_s']:6.2f} s per step  "
            f"{row['ratio_to_peer']:5.2f} x peer   {shares}"
        )


if __name__ == "__main__":
    main()
