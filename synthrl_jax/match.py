"""From one sound to a DX7 voice that sounds like it."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import NamedTuple

import jax
import numpy as np
import soxr
from numpy.typing import NDArray

from synthrl_jax import audio, audio_files, data, presets, report, voice_sheet
from synthrl_jax.checkpoint import LoadedPolicy
from synthrl_jax.environment import Environment, Prepared, make_environment
from synthrl_jax.errors import UserError

_BATCH = 32


@dataclasses.dataclass(frozen=True)
class MatchResult:
    """What was found.

    Attributes:
      voice: [128] uint8 packed DX7 voice.
      values: [V] float32 the same as plugin values.
      target: [S] float32 what was searched for: 22 050 Hz, from its onset, 4 s, peak 1.
      audio: [S] float32 the voice as the synthesizer plays it, not normalised.
      scores: distances and reward.
      curve: [n] best reward after each render.
    """

    voice: NDArray[np.uint8]
    values: NDArray[np.float32]
    target: NDArray[np.float32]
    audio: NDArray[np.float32]
    scores: dict[str, float]
    curve: NDArray[np.float32]


def prepare_target(sound: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """[S] or [S, channels] at any rate → [88 200] mono at 22 050 Hz from its onset, peak 1.

    Raises:
      UserError: silence, or samples that are no numbers.
    """
    sound = np.asarray(sound, np.float32)
    mono = sound.mean(axis=1) if sound.ndim == 2 else sound
    if not len(mono) or not np.all(np.isfinite(mono)):
        raise UserError("the sound is empty or holds samples that are no numbers")
    if np.max(np.abs(mono)) < audio.SILENCE_PEAK:
        raise UserError("the sound is silent")
    if sample_rate != audio.SAMPLE_RATE:
        mono = soxr.resample(mono, sample_rate, audio.SAMPLE_RATE)
    fitted = audio_files.fit_length(audio_files.trim_to_onset(mono), data.NUM_SAMPLES)
    return np.asarray(audio.peak_normalise_target(fitted[None]))[0]


def match(
    sound: NDArray[np.float32],
    sample_rate: int,
    policy: LoadedPolicy,
    *,
    environment: Environment | None = None,
    num_samples: int = 64,
    name: str = "MATCH",
    seed: int = 0,
) -> MatchResult:
    """The best, by reward, of the policy's most likely guess and some samples of it.

    Args:
      sound: [S] or [S, channels] audio.
      sample_rate: of `sound`, in Hz.
      policy: makes the guesses.
      environment: plays and scores them; None makes one with the policy's own settings.
      num_samples: guesses besides the most likely one.
      name: of the voice, brought to 10 ASCII characters.
      seed: of the samples; the same seed gives the same voice.

    Raises:
      UserError: silence, or samples that are no numbers.
    """
    environment = environment or make_environment(policy.config, policy.action_space)
    target = prepare_target(sound, sample_rate)
    prepared = environment.prepare(target[None])
    actions = _guesses(policy, target, num_samples, seed)
    rewards = np.concatenate(
        [
            _rewards(environment, prepared, actions[start : start + _BATCH])
            for start in range(0, len(actions), _BATCH)
        ]
    )
    best = actions[int(np.argmax(rewards))][None]
    values = policy.action_space.to_values(best)
    score = environment.play(best, prepared)
    return MatchResult(
        voice=presets.from_values(values, [name])[0],
        values=values[0],
        target=target,
        audio=environment.render(best)[0],
        scores={key: float(np.asarray(value)[0]) for key, value in score.named().items()},
        curve=np.maximum.accumulate(rewards),
    )


def _guesses(
    policy: LoadedPolicy, target: NDArray[np.float32], num_samples: int, seed: int
) -> NDArray[np.int32]:
    """[1 + num_samples, D]: the most likely action first."""
    space = policy.action_space
    logits = policy.logits(audio.log_mel(target[None]))
    repeated = np.repeat(np.asarray(logits), num_samples, axis=0)
    samples = space.sample(jax.random.key(seed), repeated, policy.temperature)
    return np.concatenate([np.asarray(space.argmax(logits)), np.asarray(samples)])


def _rewards(
    environment: Environment, target: Prepared, actions: NDArray[np.int32]
) -> NDArray[np.float32]:
    """[n] of at most `_BATCH` actions, padded so that every batch has one shape."""
    padding = _BATCH - len(actions)
    padded = np.pad(actions, ((0, padding), (0, 0)), mode="edge")
    return np.asarray(environment.play(padded, target).reward)[: len(actions)]


class _Files(NamedTuple):
    """What `write_match` leaves."""

    voice: pathlib.Path
    audio: pathlib.Path
    target: pathlib.Path
    scores: pathlib.Path
    page: pathlib.Path


def _files(out: pathlib.Path) -> _Files:
    return _Files(
        voice=out,
        audio=out.with_suffix(".wav"),
        target=out.with_name(f"{out.stem}-target.wav"),
        scores=out.with_suffix(".json"),
        page=out.with_suffix(".html"),
    )


def check_out(out: pathlib.Path, sound: pathlib.Path) -> None:
    """Makes sure that the results can be named after `out`, and do not replace the sound.

    Raises:
      UserError: `out` is no `.syx` file, or one of the results would be the file `sound`.
    """
    if out.suffix.lower() != ".syx":
        raise UserError(f"{out}: the output must be a .syx file")
    for path in _files(out):
        if path.resolve() == sound.resolve():
            raise UserError(f"{path}: would replace the sound itself; choose another --out")


def write_match(result: MatchResult, out: pathlib.Path, source: str) -> list[pathlib.Path]:
    """Writes the voice and what one wants to see and hear of it.

    Args:
      result: what was found.
      out: path of the `.syx` file; the others stand beside it under the same stem.
      source: what was matched, for the page.

    Returns:
      The files: `.syx`, the voice as `.wav`, the target as `-target.wav`, scores as `.json`, a
      page as `.html`.

    Raises:
      UserError: see `check_out`.
    """
    check_out(out, pathlib.Path(source))
    files = _files(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    presets.write_voice(files.voice, result.voice)
    audio_files.write_wav(files.audio, result.audio, audio.SAMPLE_RATE)
    audio_files.write_wav(files.target, result.target, audio.SAMPLE_RATE)
    summary = {
        "source": source,
        "name": presets.voice_name(result.voice),
        **result.scores,
        "renders": len(result.curve),
        "curve": [round(float(value), 6) for value in result.curve],
    }
    files.scores.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    html = report.render_page(
        "match.html",
        title=f"{presets.voice_name(result.voice)}: a DX7 voice for {pathlib.Path(source).name}",
        result=result,
        match=np.asarray(audio.peak_normalise_render(result.audio[None]))[0],
        curve=report.curve_png(result.curve, "renders", "best reward"),
        sheet=voice_sheet.voice_sheet(result.voice),
        syx_name=out.name,
    )
    files.page.write_text(html, encoding="utf-8")
    return list(files)
