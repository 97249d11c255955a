"""Speed of rendering, scoring and telling apart, beside dexed-py and librosa in the same run."""

from __future__ import annotations

import importlib.util
import pathlib
import platform
import resource
import time
from collections.abc import Callable, Sequence
from typing import Any

import librosa
import numpy as np
from numpy.typing import NDArray

from synthrl_jax import audio, presets
from synthrl_jax.render import Renderer, Targets

LENGTH_S = 4.0
GATE_S = 3.0
SAMPLE_RATES = (22_050, 44_100)
THREADS = (1, 2)
_SEED = 0
_PEER_SHARE = 5
"""dexed-py plays every fifth voice: its rate needs no more, and it is slow."""
_LIBROSA_SHARE = 20
"""librosa compares every twentieth, for the same reason."""
_BATCH = 32
"""Sounds that are scored at a time, each against a target of its own, as in training."""


def bench_render(
    paths: Sequence[pathlib.Path], *, count: int = 1000, repeats: int = 3
) -> dict[str, Any]:
    """Times the engine and, if it is installed, dexed-py on the same voices.

    Args:
      paths: cartridges.
      count: voices drawn at random, with repetition if there are fewer.
      repeats: the fastest of so many runs counts, as the others were disturbed.

    Returns:
      "rows": one per kind of work ("render", "render + score" or "fingerprint", which is compared
      with rendering), engine, rate and thread count, with "renders_per_s", "times_real_time",
      "ratio_to_one_thread", "score_ms" (of one core, per sound; None where nothing is scored) and
      "ratio_to_dexed_py" (which is followed by librosa where sounds are scored; None without
      dexed-py); "librosa_score_ms"; "peak_memory_mb";
      "machine".
    """
    table = presets.load_voices(paths)
    rng = np.random.default_rng(_SEED)
    drawn = rng.choice(len(table.voices), count, replace=len(table.voices) < count)
    voices = table.voices[drawn]
    rows = []
    peer_rates = {rate: _peer_rate(voices[::_PEER_SHARE], rate, repeats) for rate in SAMPLE_RATES}
    for sample_rate, peer_rate in peer_rates.items():
        if peer_rate is not None:
            rows.append(_row("render", "dexed-py", sample_rate, 1, peer_rate, peer_rate))
        one_thread = None
        for threads in THREADS:
            renderer = Renderer("dexed", sample_rate=sample_rate, threads=threads)
            seconds = _fastest(
                lambda renderer=renderer: renderer.render(voices, gate_s=GATE_S, length_s=LENGTH_S),
                repeats,
            )
            row = _row("render", "synthrl", sample_rate, threads, count / seconds, peer_rate)
            one_thread = one_thread or row["renders_per_s"]
            rows.append(row | {"ratio_to_one_thread": row["renders_per_s"] / one_thread})
    librosa_s = _librosa_seconds(voices[::_LIBROSA_SHARE], repeats)
    rows += _scored_rows(voices, peer_rates[audio.SAMPLE_RATE], librosa_s, repeats)
    rows += _fingerprint_rows(voices, peer_rates[audio.SAMPLE_RATE], repeats)
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "rows": rows,
        "voices": count,
        "length_s": LENGTH_S,
        "librosa_score_ms": 1e3 * librosa_s,
        "peak_memory_mb": round(peak_kb / 1024),
        "machine": f"{platform.machine()} {platform.system()}, Python {platform.python_version()}",
    }


def _scored_rows(
    voices: NDArray[np.uint8], peer_render_rate: float | None, librosa_s: float, repeats: int
) -> list[dict[str, Any]]:
    """Rows of rendering and scoring, which is done at one rate."""
    rate = audio.SAMPLE_RATE
    rows, peer_rate = [], None
    if peer_render_rate is not None:
        peer_rate = 1 / (1 / peer_render_rate + librosa_s)
        row = _row("render + score", "dexed-py, librosa", rate, 1, peer_rate, peer_rate)
        rows.append(row | {"score_ms": 1e3 * librosa_s})
    batches = [voices[start : start + _BATCH] for start in range(0, len(voices), _BATCH)]
    one_thread = None
    for threads in THREADS:
        renderer = Renderer("dexed", sample_rate=rate, threads=threads)
        sounds = _targets(renderer, voices[:_BATCH])
        targets = {
            size: renderer.prepare_targets(sounds[:size]) for size in {len(b) for b in batches}
        }

        def render(renderer: Renderer = renderer) -> None:
            for batch in batches:
                renderer.render(batch, gate_s=GATE_S, length_s=LENGTH_S)

        def score(renderer: Renderer = renderer, targets: dict[int, Targets] = targets) -> None:
            for batch in batches:
                renderer.score(batch, targets[len(batch)], gate_s=GATE_S)

        rendered_s, scored_s = _fastest(render, repeats), _fastest(score, repeats)
        row = _row("render + score", "synthrl", rate, threads, len(voices) / scored_s, peer_rate)
        one_thread = one_thread or row["renders_per_s"]
        row["ratio_to_one_thread"] = row["renders_per_s"] / one_thread
        row["score_ms"] = 1e3 * (scored_s - rendered_s) * threads / len(voices)
        rows.append(row)
    return rows


def _fingerprint_rows(
    voices: NDArray[np.uint8], peer_rate: float | None, repeats: int
) -> list[dict[str, Any]]:
    """Rows of telling which voices sound the same, which dexed-py has to play them for."""
    rate = audio.SAMPLE_RATE
    rows, one_thread = [], None
    for threads in THREADS:
        renderer = Renderer("dexed", sample_rate=rate, threads=threads)
        seconds = _fastest(
            lambda renderer=renderer: renderer.fingerprint(
                voices, gate_s=GATE_S, length_s=LENGTH_S
            ),
            repeats,
        )
        row = _row("fingerprint", "synthrl", rate, threads, len(voices) / seconds, peer_rate)
        one_thread = one_thread or row["renders_per_s"]
        rows.append(row | {"ratio_to_one_thread": row["renders_per_s"] / one_thread})
    return rows


def _targets(renderer: Renderer, voices: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Sounds of the voices in another order, so that none is compared with itself."""
    sounds = renderer.render(np.roll(voices, 1, axis=0), gate_s=GATE_S, length_s=LENGTH_S)
    return np.asarray(audio.peak_normalise_target(sounds))


def librosa_score(target: tuple[NDArray[Any], NDArray[Any]], sound: NDArray[np.float32]) -> float:
    """The reward as one would write it with NumPy and librosa.

    Args:
      target: what `librosa_features` gives.
      sound: [S] a render.
    """
    (a, mfcc_a), (b, mfcc_b) = target, librosa_features(sound / np.max(np.abs(sound + 1e-5)))
    spec_mae = np.mean(np.abs(np.log10(a) - np.log10(b)))
    convergence = min(5.0, float(np.linalg.norm(a - b) / np.linalg.norm(a)))
    mfcc13_mae = np.mean(np.abs(mfcc_a[:13] - mfcc_b[:13]))
    cost = 0.27 * spec_mae + 0.7 * convergence + 0.03 * mfcc13_mae
    return float(1 / np.clip(cost, 0.1, 5.0))


def librosa_features(sound: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
    """[S] → magnitudes [513, T] and 40 cepstral coefficients [40, T]."""
    magnitude = np.abs(librosa.stft(sound, n_fft=1024, hop_length=256, pad_mode="reflect"))
    mel = librosa.feature.melspectrogram(S=magnitude**2, sr=audio.SAMPLE_RATE, n_mels=128)
    cepstrum = librosa.feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=40)
    return np.maximum(magnitude, 1e-4), cepstrum


def _librosa_seconds(voices: NDArray[np.uint8], repeats: int) -> float:
    """For one sound, its target prepared."""
    renderer = Renderer("dexed", sample_rate=audio.SAMPLE_RATE, threads=1)
    sounds = renderer.render(voices, gate_s=GATE_S, length_s=LENGTH_S)
    target = librosa_features(_targets(renderer, voices[:1])[0])
    return _fastest(lambda: [librosa_score(target, sound) for sound in sounds], repeats) / len(
        sounds
    )


def _row(
    work: str, engine: str, sample_rate: int, threads: int, rate: float, peer_rate: float | None
) -> dict[str, Any]:
    return {
        "work": work,
        "engine": engine,
        "sample_rate": sample_rate,
        "threads": threads,
        "renders_per_s": rate,
        "times_real_time": rate * LENGTH_S,
        "ratio_to_one_thread": 1.0,
        "score_ms": None,
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
        "| work | engine | rate / Hz | threads | sounds / s | × real time | × one thread "
        "| ms / score | × dexed-py |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in report["rows"]:
        score_ms, ratio = row["score_ms"], row["ratio_to_dexed_py"]
        lines.append(
            f"| {row['work']} | {row['engine']} | {row['sample_rate']} | {row['threads']} "
            f"| {row['renders_per_s']:.0f} | {row['times_real_time']:.0f} "
            f"| {row['ratio_to_one_thread']:.2f} "
            f"| {'–' if score_ms is None else f'{score_ms:.2f}'} "
            f"| {'–' if ratio is None else f'{ratio:.2f}'} |"
        )
    lines.append(
        f"\n{report['voices']} voices of {report['length_s']:g} s; NumPy and librosa score one in "
        f"{report['librosa_score_ms']:.1f} ms; peak memory {report['peak_memory_mb']} MB; "
        f"{report['machine']}"
    )
    return "\n".join(lines)
