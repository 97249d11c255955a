"""What is heard of a recording: onset, pitch, held time, and what is doubtful."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthrl_jax import listen
from synthrl_jax.errors import UserError

RATE = 22_050


def tone(
    note: float,
    *,
    held_s: float = 1.0,
    release_s: float = 0.2,
    rate: int = RATE,
    decay: float = 0.5,
) -> NDArray[np.float32]:
    """A harmonic tone that decays slowly, then, released, quickly."""
    time = np.arange(round((held_s + release_s) * rate)) / rate
    f0 = 440 * 2 ** ((note - 69) / 12)
    harmonics = [k for k in range(1, 12) if k * f0 < rate / 2.2]
    sound = sum(np.sin(2 * np.pi * k * f0 * time) / k for k in harmonics)
    level = np.exp(-decay * time) * np.exp(-25 * np.maximum(time - held_s, 0))
    return (np.asarray(sound) * level).astype(np.float32)


@pytest.mark.parametrize("note", [28, 40, 52, 60, 67, 79, 91])
def test_note_and_times_of_a_tone(note: int) -> None:
    heard = listen.listen(0.01 * tone(note, held_s=1.2), RATE)
    assert heard.note == note and not heard.warnings
    assert abs(heard.tuning_cents) < 8
    assert heard.gate_s == pytest.approx(1.2, abs=0.08)
    assert heard.length_s == pytest.approx(1.5, abs=0.15)
    assert np.abs(heard.target).max() == pytest.approx(1.0)


def test_any_rate_channels_level_and_lead_in_is_the_same_sound() -> None:
    plain = listen.listen(np.pad(tone(64), (0, RATE)), RATE)
    at_48k = tone(64, rate=48_000)
    late = np.concatenate(
        [np.zeros(9_000, np.float32), 0.02 * at_48k, np.zeros(48_000, np.float32)]
    )
    for channels in (np.stack([late, late], 1), np.stack([late, -late], 1), late[:, None]):
        heard = listen.listen(channels, 48_000)
        assert heard.note == plain.note
        assert heard.gate_s == pytest.approx(plain.gate_s, abs=0.03)
        assert heard.length_s == pytest.approx(plain.length_s, abs=0.05)


def test_noise_before_the_sound_is_not_its_onset() -> None:
    hiss = 0.003 * np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32)
    hiss[RATE : RATE + len(tone(60))] += tone(60)
    heard = listen.listen(hiss, RATE)
    assert heard.note == 60 and heard.length_s < 1.6
    assert np.abs(heard.target[:500]).max() > 0.3


def test_out_of_tune_sounds_are_put_right() -> None:
    heard = listen.listen(tone(57.3), RATE)
    assert heard.note == 57 and heard.tuning_cents == pytest.approx(30, abs=3)
    again = listen.listen(heard.target, RATE)
    assert abs(again.tuning_cents) < 3


def test_a_note_that_is_given_counts() -> None:
    heard = listen.listen(tone(57.2), RATE, note=69, gate_s=0.4)
    assert heard.note == 69 and heard.gate_s == 0.4
    assert heard.tuning_cents == pytest.approx(20, abs=3)
    assert listen.listen(tone(57), RATE, note=60).tuning_cents == 0.0
    with pytest.raises(UserError, match="0 to 127"):
        listen.listen(tone(57), RATE, note=128)


def test_sounds_that_decay_are_held_to_their_end() -> None:
    time = np.arange(2 * RATE) / RATE
    pluck = (np.sin(2 * np.pi * 220 * time) * np.exp(-4 * time)).astype(np.float32)
    heard = listen.listen(pluck, RATE)
    assert heard.gate_s == heard.length_s


def test_what_is_doubtful_is_said_with_advice() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    gap = np.zeros(RATE // 5, np.float32)
    for sound, told, advice in [
        (noise, "pitch", "give the note"),
        (np.concatenate([tone(60), gap, tone(64)]), "several notes", "cut the recording"),
        (np.clip(3 * tone(60), -1, 1), "clipped", "lower level"),
        (tone(60, held_s=8, decay=0.01), "its first 6 s", "count"),
    ]:
        (warning,) = listen.listen(sound, RATE).warnings
        assert told in warning and advice in warning
    first = listen.listen(np.concatenate([tone(60), gap, tone(64)]), RATE)
    assert first.note == 60 and first.length_s < 1.5


def test_chords_are_noticed() -> None:
    chord = tone(60) + tone(64) + tone(67)
    assert listen.listen(chord, RATE).warnings


def test_sounds_that_are_none() -> None:
    for bad, reason in ((np.zeros(1000), "silent"), (np.zeros(0), "empty"), ([np.nan], "empty")):
        with pytest.raises(UserError, match=reason):
            listen.listen(np.asarray(bad, np.float32), RATE)


def test_clicks_and_single_samples_are_sounds() -> None:
    click = np.zeros(50, np.float32)
    click[10] = 1.0
    heard = listen.listen(click, RATE)
    assert heard.length_s == listen.MIN_LENGTH_S and heard.warnings


def test_note_names() -> None:
    assert [listen.note_name(note) for note in (21, 60, 70, 127)] == ["A0", "C4", "B♭4", "G9"]


def test_pitch_is_tracked_where_there_is_one() -> None:
    """A tone that glides by an octave, then noise, then silence, a second each."""
    time_s = np.arange(22_050) / 22_050
    phase = 2 * np.pi * 220 * (2**time_s - 1) / np.log(2)
    glide = np.sin(phase) + 0.5 * np.sin(2 * phase)
    noise = np.random.default_rng(0).normal(0, 0.5, 22_050)
    sound = np.concatenate([glide, noise, np.zeros(22_050)]).astype(np.float32)
    track = listen.track_pitch(sound)
    middle_s = (2048 + 2048 * np.arange(len(track.note))) / 22_050
    tone = middle_s < 0.9
    np.testing.assert_allclose(track.note[tone], 57 + 12 * middle_s[tone], atol=0.3)
    assert track.clear[tone].all() and not track.clear[middle_s > 1.1].any()
    assert np.isnan(track.note[middle_s > 2.1]).all()
    assert len(listen.track_pitch(sound[:100]).note) == 1
