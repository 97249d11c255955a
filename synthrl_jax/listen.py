"""A recording → the note to play and the sound to aim at."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.ndimage
import scipy.signal
import soxr
from numpy.typing import NDArray

from synthrl_jax import audio_files
from synthrl_jax.audio import SAMPLE_RATE, SILENCE_PEAK
from synthrl_jax.errors import UserError

MAX_LENGTH_S = 6.0
"""What a sound does later is not listened to."""
MIN_LENGTH_S = 0.5

FADE_S = 0.1
"""Targets are faded out at their end as renders are."""

_A4_NOTE, _A4_HZ = 69, 440.0
_FALLBACK_NOTE = 60

_LEAST_CENTS = 5.0
"""Sounds are not retuned by less, which nobody hears."""

_STEP_S = 0.01
_FIRST_SAMPLE = 0.02
"""Share of the loudest sample within a step, from which on the sound has begun."""
_SMOOTHING_STEPS = 5
_QUIET_DB = -50.0
_LOUDEST_NOISE_DB = -30.0
_ABOVE_NOISE_DB = 10.0

_PITCH_WINDOW = 4096
_PITCH_HOP = 512
_TRACK_HOP = 2048
_PITCH_RANGE_HZ = (27.0, 4200.0)
_CLEAR = 0.8
"""Correlation of a sound with itself one period later, from which it has a pitch."""

_CLIPPED_RUN = 4
_CLIPPED_SHARE = 1e-3


class Heard(NamedTuple):
    """What there is to match.

    Attributes:
      target: [S] float32 at 22 050 Hz, from its onset, peak 1, in tune with the note.
      note: MIDI key.
      gate_s: seconds until the key goes up; the length of the target if it never does.
      tuning_cents: how far above the note the recording was; 0 if nobody hears it.
      warnings: what the listener should know, a sentence each.
    """

    target: NDArray[np.float32]
    note: int
    gate_s: float
    tuning_cents: float
    warnings: tuple[str, ...]

    @property
    def length_s(self) -> float:
        """Of the target."""
        return len(self.target) / SAMPLE_RATE


class Pitch(NamedTuple):
    """Of one stretch of sound.

    Attributes:
      note: MIDI key with its fraction; NaN where there is no pitch.
      steady: whether the pitch is clear and stays.
      hollow: whether the harmonics it should have are missing, as with several notes at once.
    """

    note: float
    steady: bool
    hollow: bool


class PitchTrack(NamedTuple):
    """Pitch over time.

    Attributes:
      note: [T] MIDI keys with their fractions; NaN where there is no period.
      clear: [T] whether the frame has a clear pitch and is loud enough to be heard.
    """

    note: NDArray[np.float64]
    clear: NDArray[np.bool_]


def note_name(note: int) -> str:
    """Such as "C4" for 60."""
    names = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
    return f"{names[note % 12]}{note // 12 - 1}"


def listen(
    sound: NDArray[np.float32],
    sample_rate: int,
    *,
    note: int | None = None,
    gate_s: float | None = None,
) -> Heard:
    """Finds onset, pitch, held time and end of a sound.

    Args:
      sound: [S] or [S, channels].
      sample_rate: of it, in Hz.
      note: MIDI key, if known; else it is estimated.
      gate_s: seconds until the key goes up, if known; else it is estimated.

    Raises:
      UserError: silence, samples that are no numbers, or a note that MIDI does not have.
    """
    if note is not None and not 0 <= note <= 127:
        raise UserError(f"note {note}: a MIDI note is 0 to 127")
    channels = np.asarray(sound, np.float32)
    channels = channels[:, None] if channels.ndim == 1 else channels
    if not channels.size or not np.all(np.isfinite(channels)):
        raise UserError("the sound is empty or holds samples that are no numbers")
    warnings = []
    if _is_clipped(channels):
        warnings.append(
            "the recording is clipped, which adds harmonics; record it at a lower level if you can"
        )
    mono = audio_files.mix_down(channels)
    if np.max(np.abs(mono)) < SILENCE_PEAK:
        raise UserError("the sound is silent; record it at a higher level")
    if sample_rate != SAMPLE_RATE:
        mono = soxr.resample(mono, sample_rate, SAMPLE_RATE)
    mono, problems = _one_note(np.asarray(mono, np.float32))
    warnings += problems
    played, cents, problems = _note(mono, note)
    warnings += problems
    cents = cents if abs(cents) >= _LEAST_CENTS else 0.0
    if cents:
        mono = soxr.resample(mono, SAMPLE_RATE * 2.0 ** (-cents / 1200), SAMPLE_RATE)
    if len(mono) > MAX_LENGTH_S * SAMPLE_RATE:
        warnings.append(
            f"the sound lasts {len(mono) / SAMPLE_RATE:.1f} s; its first {MAX_LENGTH_S:g} s count"
        )
    samples = np.clip(len(mono), MIN_LENGTH_S * SAMPLE_RATE, MAX_LENGTH_S * SAMPLE_RATE)
    target = _fade_out(audio_files.fit_length(mono, int(samples)))
    target /= np.max(np.abs(target))
    gate = _release_time(target) if gate_s is None else gate_s
    return Heard(target, played, gate, cents, tuple(warnings))


def _is_clipped(channels: NDArray[np.float32]) -> bool:
    """Whether many samples stand still at the largest value."""
    level = np.abs(channels)
    flat = np.lib.stride_tricks.sliding_window_view(
        np.pad(level >= 0.999 * level.max(), ((0, _CLIPPED_RUN), (0, 0))), _CLIPPED_RUN, axis=0
    ).all(axis=-1)
    return bool(np.mean(flat) > _CLIPPED_SHARE)


def _fade_out(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    faded = sound.copy()
    samples = min(len(sound), int(FADE_S * SAMPLE_RATE))
    faded[len(sound) - samples :] *= np.linspace(1, 0, samples, endpoint=False, dtype=np.float32)
    return faded


def _level_db(sound: NDArray[np.float32]) -> NDArray[np.float64]:
    """[n] root-mean-square level of each hundredth of a second, below the loudest."""
    step = round(_STEP_S * SAMPLE_RATE)
    padded = np.pad(sound, (0, -len(sound) % step)).astype(np.float64)
    power = np.mean(np.square(padded.reshape(-1, step)), axis=1)
    return 10 * np.log10(power / power.max() + 1e-12)


def _one_note(sound: NDArray[np.float32]) -> tuple[NDArray[np.float32], list[str]]:
    """From the onset of the first note to where it has died away or the next one begins."""
    level = _level_db(sound)
    step = round(_STEP_S * SAMPLE_RATE)
    loudest = int(np.argmax(level))
    noise = float(min(level[: loudest + 1].min(), level[loudest:].min()))
    threshold = float(np.clip(noise + _ABOVE_NOISE_DB, _QUIET_DB, _LOUDEST_NOISE_DB))
    sounding = np.flatnonzero(level >= threshold)
    begin, end = int(sounding[0]), int(sounding[-1]) + 1
    next_begin = _next_note(level[begin:end], threshold)
    problems = []
    if next_begin is not None:
        end = begin + next_begin
        problems.append(
            f"several notes: only the first one, {(end - begin) * _STEP_S:.2f} s long, is matched; "
            "cut the recording to the note you mean"
        )
    # The very sample within the first hundredth, and a little room behind the last one.
    first = sound[begin * step : (begin + 1) * step]
    loud = np.flatnonzero(np.abs(first) >= _FIRST_SAMPLE * np.max(np.abs(first)))
    start = begin * step + int(loud[0])
    stop = end * step if next_begin is not None else end * step + round(FADE_S * SAMPLE_RATE)
    return sound[start:stop], problems


def _next_note(level: NDArray[np.float64], threshold: float) -> int | None:
    """Where a sound that has died away comes back as loud as before, if it does."""
    quiet_steps = round(0.08 / _STEP_S)
    quiet = level < threshold
    run = 0
    for i, is_quiet in enumerate(quiet):
        if is_quiet:
            run += 1
        else:
            if run >= quiet_steps and level[i : i + 10].max() > -15:
                return i
            run = 0
    return None


def _note(sound: NDArray[np.float32], given: int | None) -> tuple[int, float, list[str]]:
    """The key, how far the sound is above it in cents, and what is doubtful about it."""
    pitch = estimate_pitch(sound)
    if given is not None:
        # A harmonic taken for the pitch is no reason to retune by hundreds of cents.
        off = pitch.note - given
        near = pitch.steady and abs(off - 12 * round(off / 12)) <= 0.6
        return given, 100 * (off - 12 * round(off / 12)) if near else 0.0, []
    if np.isnan(pitch.note):
        return (
            _FALLBACK_NOTE,
            0.0,
            [f"no pitch found; taken as {note_name(_FALLBACK_NOTE)}; else give the note"],
        )
    note = int(np.clip(round(pitch.note), 0, 127))
    if not pitch.steady:
        return (
            note,
            0.0,
            [
                f"the pitch is not clear; taken as {note_name(note)} (MIDI note {note}). "
                "If that is wrong, give the note"
            ],
        )
    problems = []
    if pitch.hollow:
        problems.append(
            f"{note_name(note)} is heard, but without its harmonics: if these are several notes at "
            "once, record one of them; if the pitch is wrong, give the note"
        )
    return note, 100 * (pitch.note - note), problems


def estimate_pitch(sound: NDArray[np.float32]) -> Pitch:
    """Pitch of the louder part of a sound's first two seconds.

    By the normalised square difference function, whose first high peak is the period.

    References:
      McLeod and Wyvill, A smarter way to find pitch (ICMC 2005).
    """
    head = np.pad(sound[: 2 * SAMPLE_RATE], (0, max(0, _PITCH_WINDOW - len(sound))))
    frames = np.lib.stride_tricks.sliding_window_view(head, _PITCH_WINDOW)[::_PITCH_HOP]
    energy = np.mean(np.square(frames, dtype=np.float64), axis=1)
    frames = frames[energy >= 1e-3 * energy.max()]
    notes, clarity = _notes(frames)
    found = np.isfinite(notes)
    if not np.any(found):
        return Pitch(np.nan, steady=False, hollow=False)
    weight = np.where(found, clarity, 0) ** 4
    order = np.argsort(notes)
    middle = np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)
    note = float(notes[order][min(middle, len(order) - 1)])
    near = found & (np.abs(notes - note) < 0.5)
    clear = near & (clarity >= _CLEAR)
    steady = clear.sum() >= max(1, 0.5 * len(frames))
    if clear.any():
        note = float(np.average(notes[clear], weights=weight[clear]))
    return Pitch(note, bool(steady), _is_hollow(frames[near], note))


def track_pitch(sound: NDArray[np.float32]) -> PitchTrack:
    """Pitch of a sound in frames of 0.19 s, 0.09 s apart; see `estimate_pitch`.

    Args:
      sound: [S] at 22 050 Hz; a shorter one than a frame is filled up with silence.
    """
    padded = np.pad(sound, (0, max(0, _PITCH_WINDOW - len(sound))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _PITCH_WINDOW)[::_TRACK_HOP]
    energy = np.mean(np.square(frames, dtype=np.float64), axis=1)
    notes, clarity = _notes(frames)
    loud = energy > 10 ** (_QUIET_DB / 10) * energy.max()
    return PitchTrack(notes, loud & np.isfinite(notes) & (clarity >= _CLEAR))


def _notes(frames: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[T] MIDI keys with their fractions, NaN for none, and clarity, of frames [T, samples]."""
    periods, clarity = np.array([_period(frame) for frame in frames]).T
    periods = np.where(periods > 0, periods, np.nan)
    return _A4_NOTE + 12 * np.log2(SAMPLE_RATE / periods / _A4_HZ), clarity


def _period(frame: NDArray[np.float32]) -> tuple[float, float]:
    """Period in samples (0 if there is none) and clarity in [0, 1]."""
    frame = frame - frame.mean()
    size = len(frame)
    spectrum = np.fft.rfft(frame, 2 * size)
    correlation = np.fft.irfft(np.square(np.abs(spectrum)))[: size // 2]
    squares = np.square(frame, dtype=np.float64)
    ends = np.cumsum(squares[::-1])[::-1] if size else squares
    heads = np.cumsum(squares)
    lag = np.arange(size // 2)
    total = heads[size - 1 - lag] + ends[lag]
    nsdf = 2 * correlation / np.maximum(total, 1e-12)
    low, high = (SAMPLE_RATE / hz for hz in reversed(_PITCH_RANGE_HZ))
    below = np.flatnonzero(nsdf < 0)
    if not len(below):
        return 0.0, 0.0
    first = max(int(below[0]), int(low))
    peaks, _ = scipy.signal.find_peaks(nsdf[first : int(high) + 2])
    peaks = peaks + first
    highest = nsdf[peaks].max(initial=0.0)
    if highest <= 0:
        return 0.0, 0.0
    period = _vertex(nsdf, int(peaks[nsdf[peaks] >= 0.9 * highest][0]))
    # Many periods on, the same peak tells the period more exactly.
    multiple = max(1, int(0.75 * len(nsdf) / period))
    for k in (2, 4, 8, 16, 32, 64):
        if k > multiple:
            break
        around = round(k * period)
        reach = max(1, round(0.25 * period))
        lo, hi = max(1, around - reach), min(len(nsdf) - 1, around + reach + 1)
        peak = lo + int(np.argmax(nsdf[lo:hi]))
        if not lo < peak < hi - 1 or nsdf[peak] < 0.7 * highest:
            break
        period = _vertex(nsdf, peak) / k
    return float(period), float(np.clip(highest, 0, 1))


def _vertex(curve: NDArray[np.float64], i: int) -> float:
    """Where the parabola through a peak and its neighbours has its top."""
    if not 0 < i < len(curve) - 1:
        return float(i)
    left, mid, right = curve[i - 1 : i + 2]
    bend = left - 2 * mid + right
    return i + 0.5 * (left - right) / bend if bend < 0 else float(i)


def _is_hollow(frames: NDArray[np.float32], note: float) -> bool:
    """Whether the first three harmonics of a note are all far below the strongest partial."""
    if not len(frames):
        return False
    power = np.mean(np.square(np.abs(np.fft.rfft(frames * np.hanning(_PITCH_WINDOW)))), axis=0)
    f0_bins = _A4_HZ * 2 ** ((note - _A4_NOTE) / 12) * _PITCH_WINDOW / SAMPLE_RATE
    harmonics = [
        power[max(0, int(k * f0_bins) - 1) : int(k * f0_bins) + 3].max(initial=0.0)
        for k in (1, 2, 3)
    ]
    return max(harmonics) < 1e-2 * power.max()


def _release_time(target: NDArray[np.float32]) -> float:
    """Seconds until the level starts to fall much faster than before; the length if it does not.

    Two straight lines (exponential decays) are laid through the level after its peak.
    """
    length_s = len(target) / SAMPLE_RATE
    # Levels are averaged over the periods of low notes.
    power = scipy.ndimage.uniform_filter1d(10 ** (_level_db(target) / 10), _SMOOTHING_STEPS)
    level = 10 * np.log10(power / power.max() + 1e-12)
    # The fade at the end is ours.
    level = level[: max(4, len(level) - round(FADE_S / _STEP_S))]
    loudest = int(np.argmax(level))
    sounding = np.flatnonzero(level > _QUIET_DB)
    curve = level[loudest : int(sounding[-1]) + 2]
    if len(curve) < 8:
        return length_s
    x = np.arange(len(curve)) * _STEP_S
    whole = _line(x, curve)
    best: tuple[float, int] | None = None
    for knee in range(3, len(curve) - 2):
        held, released = _line(x[:knee], curve[:knee]), _line(x[knee - 1 :], curve[knee - 1 :])
        faster = released.slope < min(2.5 * held.slope, held.slope - 20.0)
        falls = curve[knee - 1] - curve[-1] >= 12
        if faster and falls and (best is None or held.error + released.error < best[0]):
            best = held.error + released.error, knee
    if best is None or best[0] > 0.4 * whole.error:
        return length_s
    return (loudest + best[1] - 1) * _STEP_S


class _Line(NamedTuple):
    slope: float
    error: float


def _line(x: NDArray[np.floating], y: NDArray[np.floating]) -> _Line:
    """Least squares: slope per second, and the sum of squared errors."""
    dx, dy = x - x.mean(), y - y.mean()
    slope = float(dx @ dy / (dx @ dx))
    return _Line(slope, float(np.sum(np.square(dy - slope * dx))))
