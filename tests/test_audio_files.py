"""Audio files in and out."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest
import soundfile

from synthrl_jax import audio_files
from synthrl_jax.errors import UserError


def _tone(sample_rate: int, seconds: float = 1.0, hz: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(round(sample_rate * seconds)) / sample_rate)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_reads_stereo_at_any_rate_as_mono(tmp_path: pathlib.Path, suffix: str) -> None:
    path = tmp_path / f"tone{suffix}"
    tone = _tone(44_100)
    soundfile.write(path, np.stack([tone, np.zeros_like(tone)], axis=1), 44_100)
    sound = audio_files.read_audio(path)
    assert sound.dtype == np.float32 and len(sound) == pytest.approx(22_050, abs=1200)
    middle = sound[5000:15000]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.25 / np.sqrt(2), rel=0.03)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * 22_050 / len(middle) == pytest.approx(440, abs=3)


def test_reads_no_more_than_was_asked_for(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "tone.flac"
    soundfile.write(path, _tone(8000, seconds=3.0), 8000)
    assert len(audio_files.read_channels(path, longest_s=3.0)[0]) == 24_000
    with pytest.raises(UserError, match=r"tone\.flac: lasts 3 s; 2\.5 s at most"):
        audio_files.read_channels(path, longest_s=2.5)


def test_bad_files_are_named_with_the_reason(tmp_path: pathlib.Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("this is no sound")
    zeros = tmp_path / "zeros.wav"
    soundfile.write(zeros, np.zeros(1000), 22_050)
    empty = tmp_path / "empty.wav"
    soundfile.write(empty, np.zeros(0), 22_050)
    nan = tmp_path / "nan.wav"
    soundfile.write(nan, np.full(10, np.nan, np.float32), 22_050, subtype="FLOAT")
    for path, reason in [
        (text, "not an audio file"),
        (zeros, "silent"),
        (empty, "no audio"),
        (nan, "no numbers"),
        (tmp_path / "missing.wav", "no such file"),
    ]:
        with pytest.raises(UserError, match=reason) as error:
            audio_files.read_audio(path)
        assert str(path) in str(error.value)
    assert np.all(audio_files.read_audio(zeros, require_sound=False) == 0)


def test_trim_and_fit() -> None:
    sound = np.concatenate([np.full(100, 1e-4), [0.5], np.full(50, 1e-4)]).astype(np.float32)
    np.testing.assert_array_equal(audio_files.trim_to_onset(sound), sound[100:])
    silent = np.zeros(5, np.float32)
    np.testing.assert_array_equal(audio_files.trim_to_onset(silent), silent)
    padded = audio_files.fit_length(sound, 200)
    np.testing.assert_array_equal(padded[:151], sound)
    assert np.all(padded[151:] == 0)
    cut = audio_files.fit_length(np.ones(44_100, np.float32), 22_050)
    assert np.all(cut[:21_800] == 1) and cut[-1] == 0 and np.all(np.diff(cut) <= 0)


def test_find_audio_searches_folders_and_trusts_names(tmp_path: pathlib.Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.WAV", "a.flac", "deep/c.ogg", "notes.txt"):
        (tmp_path / name).touch()
    named = tmp_path / "notes.txt"
    found = audio_files.find_audio([tmp_path, named])
    assert [p.name for p in found] == ["a.flac", "b.WAV", "c.ogg", "notes.txt"]
    with pytest.raises(UserError, match="nowhere"):
        audio_files.find_audio([tmp_path / "nowhere"])


def test_wav_keeps_every_bit(tmp_path: pathlib.Path) -> None:
    sound = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    audio_files.write_wav(tmp_path / "new" / "x.wav", sound, 44_100)
    again, rate = soundfile.read(tmp_path / "new" / "x.wav", dtype="float32")
    assert rate == 44_100
    np.testing.assert_array_equal(again, sound)
