"""Rendering speed, beside dexed-py measured in the same run."""

from __future__ import annotations

import importlib.util
import pathlib
import platform
import resource
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthrl_jax import presets
from synthrl_jax.render import Renderer

LENGTH_S = 4.0
GATE_S = 3.0
SAMPLE_RATES = (22_050, 44_100)
THREADS = (1, 2)
_SEED = 0
_PEER_SHARE = 5
"""dexed-py plays every fifth voice: its rate needs no more, and it is slow."""


def bench_render(
    paths: Sequence[pathlib.Path], *, count: int = 1000, repeats: int = 3
) -> dict[str, Any]:
    """Times the engine and, if it is installed, dexed-py on the same voices.

    Args:
      paths: cartridges.
      count: voices drawn at random, with repetition if there are fewer.
      repeats: the fastest of so many runs counts, as the others were disturbed.

    Returns:
      "rows": one per engine, rate and thread count, with "renders_per_s", "times_real_time" and
      "ratio_to_dexed_py" (None without dexed-py); "peak_memory_mb"; "machine".
    """
    table = presets.load_voices(paths)
    rng = np.random.default_rng(_SEED)
    drawn = rng.choice(len(table.voices), count, replace=len(table.voices) < count)
    voices = table.voices[drawn]
    rows = []
    for sample_rate in SAMPLE_RATES:
        peer_rate = _peer_rate(voices[::_PEER_SHARE], sample_rate, repeats)
        if peer_rate is not None:
            rows.append(_row("dexed-py", sample_rate, 1, peer_rate, peer_rate))
        for threads in THREADS:
            renderer = Renderer("dexed", sample_rate=sample_rate, threads=threads)
            seconds = _fastest(
                lambda renderer=renderer: renderer.render(voices, gate_s=GATE_S, length_s=LENGTH_S),
                repeats,
            )
            rows.append(_row("synthrl", sample_rate, threads, count / seconds, peer_rate))
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "rows": rows,
        "voices": count,
        "length_s": LENGTH_S,
        "peak_memory_mb": round(peak_kb / 1024),
        "machine": f"{platform.machine()} {platform.system()}, Python {platform.python_version()}",
    }


def _row(
    engine: str, sample_rate: int, threads: int, rate: float, peer_rate: float | None
) -> dict[str, Any]:
    return {
        "engine": engine,
        "sample_rate": sample_rate,
        "threads": threads,
        "renders_per_s": rate,
        "times_real_time": rate * LENGTH_S,
        "ratio_to_dexed_py": None if peer_rate is None else rate / peer_rate,
    }


def _peer_rate(voices: NDArray[np.uint8], sample_rate: int, repeats: int) -> float | None:
    """Sounds per second of dexed-py, or None if it is not installed."""
    if importlib.util.find_spec("dexed") is None:
        return None
    import dexed  # pyright: ignore[reportMissingImports]

    synth = dexed.DexedSynth(sample_rate)

    def play_all() -> None:
        for voice in voices:
            synth.load_patch(dexed.Patch.from_packed(bytes(voice)))
            synth.render(60, 85, GATE_S, LENGTH_S)

    return len(voices) / _fastest(play_all, repeats)


def _fastest(work: Callable[[], object], repeats: int) -> float:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def table(report: dict[str, Any]) -> str:
    """The report as Markdown."""
    lines = [
        "| engine | rate / Hz | threads | renders / s | × real time | × dexed-py |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in report["rows"]:
        ratio = row["ratio_to_dexed_py"]
        lines.append(
            f"| {row['engine']} | {row['sample_rate']} | {row['threads']} "
            f"| {row['renders_per_s']:.0f} | {row['times_real_time']:.0f} "
            f"| {'–' if ratio is None else f'{ratio:.2f}'} |"
        )
    lines.append(
        f"\n{report['voices']} voices of {report['length_s']:g} s; peak memory "
        f"{report['peak_memory_mb']} MB; {report['machine']}"
    )
    return "\n".join(lines)
