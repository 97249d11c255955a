"""Makes the bundled sounds that no DX7 made: `python scripts/make_sounds.py`.

Eight ways of making sound other than FM, nine sounds each: middle C, held for 3 s, then released
for 1 s. They stand for the recordings a user brings. The same seed gives the same samples.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import scipy.signal
import soundfile
from numpy.typing import NDArray

OUTPUT = Path(__file__).resolve().parent.parent / "synthrl_jax" / "assets" / "sounds"
SEED = 11
EXAMPLE = "plucked_4"
"""Also written as a WAV file, for the first steps of a newcomer."""
SOUNDS_PER_FAMILY = 9
SAMPLE_RATE = 22050
NUM_SAMPLES = 88200
GATE_S = 3.0
MIDDLE_C_HZ = 440.0 * 2.0 ** (-9 / 12)
PEAK = 0.5

Signal = NDArray[np.float64]
Gain = Callable[[Signal, Signal], Signal]
"""(frequency in Hz, time in s) → linear gain; both broadcast."""

TIME_S = np.arange(NUM_SAMPLES) / SAMPLE_RATE


def envelope(
    attack_s: float, decay_s: float = 1.0, sustain: float = 1.0, release_s: float = 0.2
) -> Signal:
    """[S] linear attack, exponential decay towards `sustain` and exponential release."""
    attack = np.minimum(TIME_S / attack_s, 1.0)
    decay = sustain + (1.0 - sustain) * np.exp(-np.maximum(TIME_S - attack_s, 0.0) / decay_s)
    return attack * decay * release(release_s)


def release(release_s: float) -> Signal:
    """[S] 1 while the key is down, then an exponential fall."""
    return np.exp(-np.maximum(TIME_S - GATE_S, 0.0) / release_s)


def vibrato(rate_hz: float, depth_cents: float, onset_s: float, phase: float) -> Signal:
    """[S] factor on the frequency, growing in over `onset_s`."""
    depth = depth_cents * np.clip(TIME_S / max(onset_s, 1e-3) - 0.3, 0.0, 1.0)
    return 2.0 ** (depth * np.sin(2 * np.pi * rate_hz * TIME_S + phase) / 1200.0)


def partials(f0_hz: Signal, ratios: Iterable[float], gain: Gain) -> Signal:
    """[S] sum of sines at multiples of `f0_hz` [S], none above the Nyquist frequency."""
    cycles = np.cumsum(f0_hz) / SAMPLE_RATE
    total = np.zeros(NUM_SAMPLES)
    for ratio in ratios:
        frequency_hz = ratio * f0_hz
        audible = np.clip(20.0 * (1.0 - 2.0 * frequency_hz / SAMPLE_RATE), 0.0, 1.0)
        if not audible.any():
            continue
        total += audible * gain(frequency_hz, TIME_S) * np.sin(2 * np.pi * ratio * cycles)
    return total


def harmonics(f0_hz: Signal) -> range:
    """Harmonic numbers up to the Nyquist frequency."""
    return range(1, int(SAMPLE_RATE / 2 / f0_hz.min()) + 1)


def shaped_noise(rng: np.random.Generator, gain: Gain) -> Signal:
    """[S] white noise under a gain that varies with frequency and time."""
    noise = rng.standard_normal(NUM_SAMPLES)
    frequency_hz, time_s, spectrum = scipy.signal.stft(noise, SAMPLE_RATE, nperseg=512)
    spectrum *= gain(frequency_hz[:, None], time_s[None, :])
    return scipy.signal.istft(spectrum, SAMPLE_RATE, nperseg=512)[1][:NUM_SAMPLES]


def lowpass(frequency_hz: Signal, cutoff_hz: Signal | float, q: float, poles: int = 2) -> Signal:
    """Gain of a resonant low-pass of 2 or 4 poles."""
    ratio = frequency_hz / cutoff_hz
    return ((1.0 - ratio**2) ** 2 + (ratio / q) ** 2) ** (-poles / 4)


def bandpass(frequency_hz: Signal, centre_hz: Signal | float, bandwidth_hz: float) -> Signal:
    """Gain of a two-pole resonance, 1 at its centre."""
    frequency_hz = np.maximum(frequency_hz, 1.0)
    detuning = (frequency_hz**2 - centre_hz**2) / (bandwidth_hz * frequency_hz)
    return 1.0 / np.sqrt(1.0 + detuning**2)


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A value between two positive ones, on a logarithmic scale."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def steady_pitch(cents: float = 0.0) -> Signal:
    """[S] middle C, `cents` off."""
    return np.full(NUM_SAMPLES, MIDDLE_C_HZ * 2.0 ** (cents / 1200.0))


def subtractive(rng: np.random.Generator, variant: int) -> Signal:
    """Saws and pulses, one to three in unison, under a resonant low-pass that moves."""
    width = (0.0, 0.5, 0.25)[variant % 3]  # 0 stands for a saw
    attack_s = (0.005, 0.005, 0.4)[variant // 3]
    sustain = (1.0, 0.15, 0.9)[variant // 3]
    q, poles = between(rng, 1.0, 8.0), 2 + 2 * (variant % 2)
    base_hz, sweep = between(rng, 400, 1600), rng.uniform(1.5, 4.0)
    opening = envelope(attack_s, between(rng, 0.15, 0.9), rng.uniform(0.1, 0.5), 0.15)
    cutoff_hz = base_hz * 2.0 ** (sweep * opening)

    def gain(frequency_hz: Signal, time_s: Signal) -> Signal:
        number = np.rint(frequency_hz / MIDDLE_C_HZ)
        source = np.sin(np.pi * number * width) if width else 1.0
        return source / number * lowpass(frequency_hz, cutoff_hz, q, poles)

    total = np.zeros(NUM_SAMPLES)
    for voice in range(1 + variant % 3):
        f0_hz = steady_pitch(rng.uniform(4, 11) * (-1, 1)[voice % 2] if voice else 0.0)
        total += (0.6 if voice else 1.0) * partials(f0_hz, harmonics(f0_hz), gain)
    return total * envelope(attack_s, between(rng, 0.4, 1.2), sustain, between(rng, 0.08, 0.4))


def plucked(rng: np.random.Generator, variant: int) -> Signal:
    """Karplus-Strong strings: a burst of noise runs round a loop that dulls it."""
    period = SAMPLE_RATE / MIDDLE_C_HZ
    dulling = (0.5, 0.2, 0.05)[variant % 3] * between(rng, 0.7, 1.3)
    decay_s = between(rng, 0.6, 2.5)
    # A two-point average delays the loop by `dulling` samples; the rest is interpolated.
    delay = period - dulling
    whole, fraction = int(delay), delay % 1.0
    loop = np.convolve([1.0 - fraction, fraction], [1.0 - dulling, dulling])
    burst = np.zeros(NUM_SAMPLES)
    length = int(period * (1 + variant // 3))
    burst[:length] = rng.uniform(-1, 1, length)
    pick = int(period * between(rng, 0.08, 0.45))  # a comb: the place of the pick
    burst[pick : length + pick] -= burst[:length].copy()
    burst = scipy.signal.lfilter([1.0 - 0.3 * (variant // 3)], [1, -0.3 * (variant // 3)], burst)
    denominator = np.zeros(whole + 3)
    denominator[0] = 1.0
    denominator[whole:] = -loop * 0.001 ** (1.0 / (MIDDLE_C_HZ * decay_s * 2.5))
    return scipy.signal.lfilter([1.0], denominator, burst) * release(between(rng, 0.05, 0.3))


MODES = {
    "bar": (1.0, 2.756, 5.404, 8.933, 13.34, 18.64),
    "marimba": (1.0, 3.94, 9.9, 17.2),
    "church bell": (0.5, 1.0, 1.183, 1.506, 2.0, 2.514, 2.662, 3.011, 4.166, 5.433, 6.796),
    "membrane": (1.0, 1.594, 2.136, 2.296, 2.653, 2.918, 3.156, 3.501, 3.6, 4.06, 4.61, 5.13),
    "glass": (1.0, 2.32, 4.25, 6.63, 9.38, 12.22),
}
"""Partials of struck bodies relative to the lowest, from the physics of free bars and plates."""


def struck(rng: np.random.Generator, variant: int) -> Signal:
    """Modal synthesis: bars, bells, membranes and glasses."""
    body = tuple(MODES)[variant % len(MODES)]
    base_s = {"bar": 1.2, "marimba": 0.35, "church bell": 2.5, "membrane": 0.25, "glass": 0.8}[body]
    base_s *= between(rng, 0.5, 1.8)
    softness = between(rng, 3.0, 15.0)
    total = np.zeros(NUM_SAMPLES)
    place = rng.uniform(0.1, 0.5)  # of the stroke; a mode is not excited at its nodes
    for number, ratio in enumerate(MODES[body], start=1):
        frequency_hz = MIDDLE_C_HZ * ratio * 2.0 ** (rng.uniform(-8, 8) / 1200)
        if frequency_hz > 0.45 * SAMPLE_RATE:
            break
        decay_s = base_s / ratio ** rng.uniform(0.5, 1.1)
        level = np.exp(-ratio / softness) * (0.1 + abs(np.sin(np.pi * place * number)))
        beat = 1.0 + 0.2 * np.sin(2 * np.pi * rng.uniform(0.5, 4.0) * TIME_S)
        mode = level * np.exp(-TIME_S / decay_s) * np.sin(2 * np.pi * frequency_hz * TIME_S)
        total += mode * (beat if body in ("church bell", "glass") else 1.0)
    stroke = shaped_noise(rng, lambda f, t: lowpass(f, 3000, 0.7) * np.exp(-t / 0.008))
    return (total + between(rng, 0.05, 0.5) * stroke) * release(between(rng, 0.1, 1.0))


def bowed(rng: np.random.Generator, variant: int) -> Signal:
    """A string as two delay lines, stuck to or slipping on the bow between them."""
    period = SAMPLE_RATE / MIDDLE_C_HZ - 1.0  # the string's own filter delays by a sample
    position = between(rng, 0.15, 0.22)
    bridge_delay = max(round(period * position), 2)
    neck_delay = int(period - bridge_delay)
    fraction = period - bridge_delay - neck_delay
    bow_speed = between(rng, 0.12, 0.25)
    grip = bow_speed * between(rng, 0.5, 0.65)  # slip speed at which friction has halved
    damping = rng.uniform(0.35, 0.6)
    attack_s = (0.05, 0.15, 0.5)[variant % 3]
    speed = envelope(attack_s, 0.5, rng.uniform(0.6, 1.0), 0.06) * bow_speed
    speed *= 1.0 + 0.01 * rng.standard_normal(NUM_SAMPLES)
    depth = (0.0, 0.25, 0.5)[variant // 3]
    wobble = depth * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * TIME_S) * np.clip(TIME_S, 0, 1)
    bridge, neck = [0.0] * bridge_delay, [0.0] * (neck_delay + 4)
    output = np.zeros(NUM_SAMPLES)
    reflected = 0.0
    for n in range(NUM_SAMPLES):
        from_bridge_end = bridge[n % bridge_delay]
        reflected += (1.0 - damping) * (-0.97 * from_bridge_end - reflected)
        tap = neck_delay + fraction + wobble[n]
        whole = int(tap)
        part = tap - whole
        size = len(neck)
        near, far = neck[(n - whole) % size], neck[(n - whole - 1) % size]
        from_neck = -0.995 * (near + part * (far - near))
        slip = speed[n] - (reflected + from_neck)
        push = slip / (1.0 + abs(slip / grip) ** 3)
        bridge[n % bridge_delay] = from_neck + push
        neck[n % size] = reflected + push
        output[n] = from_bridge_end
    body_hz, body_q = between(rng, 300, 900), between(rng, 1.5, 4.0)
    resonance = scipy.signal.lfilter(*scipy.signal.iirpeak(body_hz, body_q, SAMPLE_RATE), output)
    return scipy.signal.lfilter([1, -1], [1, -0.99], output + resonance)


FORMANTS_HZ = {
    "a": (800, 1150, 2900, 3900),
    "e": (400, 1700, 2600, 3200),
    "i": (300, 2200, 2950, 3500),
    "o": (450, 800, 2830, 3500),
    "u": (325, 700, 2700, 3500),
}
VOWEL_CHANGES = ("a", "e", "i", "o", "u", "ua", "ai", "eo", "ia")


def vocal(rng: np.random.Generator, variant: int) -> Signal:
    """A glottal source of -7 dB an octave under formants that stand or move to another vowel."""
    vowels = VOWEL_CHANGES[variant]
    first, last = (
        np.array(FORMANTS_HZ[v]) * rng.uniform(0.95, 1.08) for v in (vowels[0], vowels[-1])
    )
    levels = 10.0 ** (-np.array([0, 6, 14, 20]) * rng.uniform(0.8, 1.3) / 20)
    start_s, length_s = rng.uniform(0.3, 0.8), rng.uniform(0.5, 1.5)

    def gain(frequency_hz: Signal, time_s: Signal) -> Signal:
        moved = np.clip((time_s - start_s) / length_s, 0.0, 1.0)
        centres_hz = (a + (b - a) * moved for a, b in zip(first, last, strict=True))
        formants = zip(levels, centres_hz, (80, 100, 140, 180), strict=True)
        return sum(level * bandpass(frequency_hz, hz, width) for level, hz, width in formants)

    def sung(frequency_hz: Signal, time_s: Signal) -> Signal:
        return gain(frequency_hz, time_s) * (frequency_hz / MIDDLE_C_HZ) ** -1.2

    singers = 1 + 2 * (variant % 2)
    total = np.zeros(NUM_SAMPLES)
    for _ in range(singers):
        rate_hz, depth_cents = rng.uniform(4.8, 6.2), rng.uniform(8, 35)
        wobble = vibrato(rate_hz, depth_cents, rng.uniform(0.4, 1.2), rng.uniform(0, 2 * np.pi))
        f0_hz = steady_pitch(rng.uniform(-8, 8) if singers > 1 else 0.0) * wobble
        total += partials(f0_hz, harmonics(f0_hz), sung)
    breath = shaped_noise(rng, gain) * between(rng, 0.02, 0.1)
    return (total + breath) * envelope(between(rng, 0.04, 0.3), 0.5, 0.85, between(rng, 0.05, 0.2))


def noise(rng: np.random.Generator, variant: int) -> Signal:
    """Hits, hisses, winds and waves: noise under bands that stand, sweep or swing."""
    shape, sweep = variant % 3, variant // 3
    low_hz, high_hz = between(rng, 150, 500), between(rng, 2000, 7000)
    rate_hz = between(rng, 0.4, 3.0)
    width_hz = between(rng, 60, 150) if shape == 1 else between(rng, 300, 1200)

    def centre_hz(time_s: Signal) -> Signal:
        moved = (
            np.exp(-time_s / 0.4),
            np.clip(time_s / GATE_S, 0, 1),
            0.5 + 0.5 * np.sin(2 * np.pi * rate_hz * time_s),
        )[sweep]
        return low_hz * (high_hz / low_hz) ** moved

    def gain(frequency_hz: Signal, time_s: Signal) -> Signal:
        if shape == 0:
            return lowpass(frequency_hz, centre_hz(time_s), 2.0)
        return bandpass(frequency_hz, centre_hz(time_s), width_hz)

    sustain = (0.0, 1.0, 0.8)[sweep]
    amplitude = envelope((0.002, 0.3, 0.1)[sweep], between(rng, 0.15, 0.6), sustain, 0.15)
    return shaped_noise(rng, gain) * amplitude


def organ(rng: np.random.Generator, variant: int) -> Signal:
    """Drawbars with a click, some under a tremulant."""
    footages = (0.5, 1.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
    drawn = rng.integers(0, 9, len(footages))
    drawn[2] = 8
    total = np.zeros(NUM_SAMPLES)
    for footage, position in zip(footages, drawn, strict=True):
        level = 10.0 ** (-3.0 * (8 - position) / 20) if position else 0.0
        total += partials(
            steady_pitch(rng.uniform(-2, 2)), [footage], lambda f, t, a=level: a + 0 * f
        )
    rate_hz, depth = rng.uniform(5.0, 7.0), (0.0, 0.15, 0.35)[variant % 3]
    tremulant = 1.0 + depth * np.sin(2 * np.pi * rate_hz * TIME_S)
    click = shaped_noise(rng, lambda f, t: lowpass(f, 4000, 0.7) * np.exp(-t / 0.004))
    return (total * tremulant + between(rng, 0.5, 4.0) * click) * envelope(0.004, release_s=0.03)


def wind(rng: np.random.Generator, variant: int) -> Signal:
    """Pipes, reeds and horns: harmonics that grow with the breath, and the breath itself."""
    kind = variant % 3  # open pipe, closed pipe, horn
    attack_s = between(rng, 0.03, 0.15)
    pressure = envelope(attack_s, 0.3, rng.uniform(0.75, 1.0), 0.08)
    steepness = (2.4, 1.3, 1.1)[kind] * between(rng, 0.85, 1.2)
    corner_hz = (900, 1800, 1200)[kind] * between(rng, 0.8, 1.5)

    def gain(frequency_hz: Signal, time_s: Signal) -> Signal:
        number = np.rint(frequency_hz / MIDDLE_C_HZ)
        even = 0.08 if kind == 1 else 1.0
        parity = np.where(number % 2 == 0, even, 1.0)
        blown_hz = corner_hz * (0.3 + 1.5 * pressure**2) if kind == 2 else corner_hz
        return parity * number**-steepness * lowpass(frequency_hz, blown_hz, 0.8)

    wobble = vibrato(rng.uniform(4.5, 6), (0, 8, 18)[variant // 3], 0.9, rng.uniform(0, 6))
    f0_hz = steady_pitch() * wobble
    tone = partials(f0_hz, harmonics(f0_hz), gain)
    breath_hz = MIDDLE_C_HZ * (2, 3, 4)[kind]
    chiff = shaped_noise(
        rng, lambda f, t: bandpass(f, breath_hz, 900) * (0.15 + np.exp(-t / (2 * attack_s)))
    )
    return (tone + between(rng, 0.05, 0.35) * (3 - kind) / 3 * chiff) * pressure


FAMILIES: tuple[Callable[[np.random.Generator, int], Signal], ...] = (
    subtractive,
    plucked,
    struck,
    bowed,
    vocal,
    noise,
    organ,
    wind,
)


def finish(sound: Signal) -> NDArray[np.int16]:
    """[S] 16-bit samples: no constant offset, peak at -6 dB, the last 20 ms faded out."""
    sound = scipy.signal.lfilter([1, -1], [1, -0.998], sound)
    fade = np.clip((NUM_SAMPLES - 1 - np.arange(NUM_SAMPLES)) / (0.02 * SAMPLE_RATE), 0.0, 1.0)
    sound = sound * fade
    return np.rint(sound * (PEAK * 32767 / np.max(np.abs(sound)))).astype(np.int16)


def make_sound(family: int, variant: int, seed: int = SEED) -> NDArray[np.int16]:
    """[S] one sound of one family."""
    rng = np.random.default_rng([seed, family, variant])
    return finish(FAMILIES[family](rng, variant))


def main() -> None:
    """Writes the bundled sounds."""
    parser = argparse.ArgumentParser(description="Makes the bundled sounds.")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder to write")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the choices")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    for family, recipe in enumerate(FAMILIES):
        for variant in range(SOUNDS_PER_FAMILY):
            path = args.output / f"{recipe.__name__}_{variant + 1}.flac"
            soundfile.write(path, make_sound(family, variant, args.seed), SAMPLE_RATE, "PCM_16")
    example, _ = soundfile.read(args.output / f"{EXAMPLE}.flac")
    soundfile.write(args.output.parent / "example.wav", example, SAMPLE_RATE, "PCM_16")
    print(f"{len(FAMILIES) * SOUNDS_PER_FAMILY} sounds written to {args.output}")


if __name__ == "__main__":
    main()
