"""Audio files in and out: any format that libsndfile reads, as mono 22 050 Hz float32."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from synthrl_jax.audio import SAMPLE_RATE, SILENCE_PEAK
from synthrl_jax.errors import UserError

SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".w64", ".caf")
ONSET_LEVEL = 10 ** (-50 / 20)
"""What comes before a sound first reaches this share of its peak (−50 dB) is leading silence."""

_MAX_SECONDS = 600.0
_CANCELLED = 1e-2
"""A mix that has less than this share of its loudest channel's power is no mix."""
_CUT_FADE_S = 0.01


def read_audio(
    path: str | pathlib.Path,
    sample_rate: int = SAMPLE_RATE,
    *,
    require_sound: bool = True,
) -> NDArray[np.float32]:
    """Reads a file as mono.

    Args:
      path: of the file; at most ten minutes of it are read.
      sample_rate: in Hz, of the result.
      require_sound: refuse silence.

    Returns:
      [S] at the file's own level.

    Raises:
      UserError: missing, not audio, empty, damaged, or silent.
    """
    channels, file_rate = read_channels(path)
    mono = mix_down(channels)
    if require_sound and np.max(np.abs(mono)) < SILENCE_PEAK:
        raise UserError(f"{path}: silent (no sample above {SILENCE_PEAK:g})")
    if file_rate != sample_rate:
        mono = soxr.resample(mono, file_rate, sample_rate)
    return np.asarray(mono, np.float32)


def read_channels(
    path: str | pathlib.Path, *, longest_s: float | None = None
) -> tuple[NDArray[np.float32], int]:
    """Reads a file as it is.

    Args:
      path: of the file; at most ten minutes of it are read.
      longest_s: seconds that it may last; None reads the beginning of any.

    Returns:
      [S, channels], and the sample rate in Hz.

    Raises:
      UserError: missing, not audio, empty, damaged, or too long.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    try:
        with soundfile.SoundFile(path) as file:
            duration_s = file.frames / file.samplerate
            if longest_s is not None and duration_s > longest_s:
                raise UserError(
                    f"{path}: lasts {duration_s:.0f} s; {longest_s:g} s at most. Cut it to one note"
                )
            frames = int(_MAX_SECONDS * file.samplerate)
            channels = file.read(frames, dtype="float32", always_2d=True)
            file_rate = file.samplerate
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise UserError(
            f"{path}: not an audio file this program can read ({error}); WAV, FLAC, MP3, OGG and "
            "AIFF are"
        ) from error
    if len(channels) == 0:
        raise UserError(f"{path}: holds no audio")
    if not np.all(np.isfinite(channels)):
        raise UserError(f"{path}: holds samples that are no numbers (NaN or infinite)")
    return np.asarray(channels, np.float32), file_rate


def mix_down(channels: NDArray[np.float32]) -> NDArray[np.float32]:
    """[S, channels] → [S] mean, or the loudest channel where the channels cancel each other."""
    mono = channels.mean(axis=1)
    power = np.mean(np.square(channels, dtype=np.float64), axis=0)
    if np.mean(np.square(mono, dtype=np.float64)) < _CANCELLED * power.max(initial=0.0):
        return channels[:, int(np.argmax(power))]
    return mono


def trim_to_onset(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """[S] without what comes before the sound; silence stays as it is."""
    level = np.abs(audio)
    loud = np.flatnonzero(level >= ONSET_LEVEL * level.max()) if len(audio) else []
    return audio[loud[0] :] if len(loud) and level.max() > 0 else audio


def fit_length(
    audio: NDArray[np.float32], num_samples: int, sample_rate: int = SAMPLE_RATE
) -> NDArray[np.float32]:
    """[S] cut, with a 10 ms fade at the cut, or padded with zeros."""
    if len(audio) <= num_samples:
        return np.pad(audio, (0, num_samples - len(audio)))
    fitted = audio[:num_samples].copy()
    fade = min(num_samples, round(_CUT_FADE_S * sample_rate))
    fitted[num_samples - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return fitted


def find_audio(paths: Iterable[str | pathlib.Path]) -> list[pathlib.Path]:
    """The audio files among files and (searched deeply) folders, sorted within each folder.

    Files that are named are taken whatever they are called.

    Raises:
      UserError: a path that does not exist.
    """
    found: list[pathlib.Path] = []
    for path in map(pathlib.Path, paths):
        if path.is_dir():
            inside = path.rglob("*")
            found += sorted(p for p in inside if p.is_file() and p.suffix.lower() in SUFFIXES)
        elif path.is_file():
            found.append(path)
        else:
            raise UserError(f"{path}: no such file or folder")
    return found


def write_wav(path: str | pathlib.Path, audio: NDArray[np.float32], sample_rate: int) -> None:
    """Writes 32-bit float WAV, [S] or [S, channels]; folders are made as needed."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, sample_rate, subtype="FLOAT", format="WAV")
