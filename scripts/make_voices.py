"""Makes the bundled DX7 voices: `python scripts/make_voices.py`.

Sixteen families of four instruments, each in five grades of brightness, make 320 voices. A family
is a recipe: an algorithm, ratios, envelopes and modulation in musical terms (ratios, modulation
index, seconds, decibels per second), with a seeded choice wherever players would differ in taste.
All recipes are our own; none is taken from an existing voice. The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from synthrl_jax.presets import BANK_VOICES, pack_single, sysex_bank, with_name

OUTPUT = Path(__file__).resolve().parent.parent / "synthrl_jax" / "assets" / "voices.syx"
SEED = 7
GRADES = {"Dark": 0.0, "Mild": 0.25, "Warm": 0.5, "Keen": 0.75, "Hard": 1.0}
"""First word of a name → brightness."""

CENTRE_DETUNE = 7
MIDDLE_C_BREAK_POINT = 43
MIDDLE_C_RATE_STEP = 13
"""Position of middle C in rate scaling, which counts groups of three keys."""
TRIANGLE, SAW_DOWN, SAW_UP, SQUARE, SINE, RANDOM = range(6)
MINUS_LINEAR, MINUS_EXPONENTIAL = 0, 1


def rate_of_slope(octaves_per_s: float) -> int:
    """Envelope rate 0–99 whose level moves by so many doublings a second."""
    step = 32 + 4 * math.log2(octaves_per_s / 10.8)  # 0–63; four steps double the speed
    return int(np.clip(round(step * 64 / 41), 0, 99))


def decay_rate(db_per_s: float) -> int:
    """Envelope rate of a fall by so many decibels a second."""
    return rate_of_slope(db_per_s / 6.02)


def attack_rate(attack_s: float) -> int:
    """Envelope rate of a rise from silence to full level, an exponential approach."""
    return rate_of_slope(1.64 / attack_s)


def index_level(index: float) -> int:
    """Output level of a modulator that gives a modulation index in radians (99 is 4π)."""
    return int(np.clip(round(99 + 8 * math.log2(max(index, 1e-3) / (4 * math.pi))), 0, 99))


@dataclasses.dataclass(frozen=True)
class Envelope:
    """Four rates and the levels they lead to; the last pair is the release."""

    rates: tuple[int, int, int, int]
    levels: tuple[int, int, int, int]


def struck(
    decay_db_per_s: float,
    knee: int = 90,
    hit_db_per_s: float = 120.0,
    release_db_per_s: float = 60.0,
    attack_s: float = 0.002,
) -> Envelope:
    """A hit that falls fast to level `knee`, then dies away slowly."""
    hit, decay, release = map(decay_rate, (hit_db_per_s, decay_db_per_s, release_db_per_s))
    return Envelope((attack_rate(attack_s), hit, decay, release), (99, knee, 0, 0))


def held(
    attack_s: float,
    sustain: int = 99,
    decay_db_per_s: float = 20.0,
    release_db_per_s: float = 80.0,
) -> Envelope:
    """Rises in `attack_s`, settles at level `sustain` for as long as the key is down."""
    fall = decay_rate(decay_db_per_s)
    rates = (attack_rate(attack_s), fall, fall, decay_rate(release_db_per_s))
    return Envelope(rates, (99, sustain, sustain, 0))


@dataclasses.dataclass(frozen=True)
class Operator:
    """One sine oscillator; `ratio` to the key, or `fixed_hz` regardless of it."""

    ratio: float
    level: int
    envelope: Envelope
    fixed_hz: float | None = None
    detune: int = 0
    velocity: int = 1
    rate_scaling: int = 0
    amp_mod: int = 0
    left_depth: int = 0
    right_depth: int = 0

    def frequency_bytes(self) -> tuple[int, int, int]:
        """Mode, coarse and fine setting nearest to the frequency."""
        if self.fixed_hz is not None:
            exponent = min(max(math.log10(self.fixed_hz), 0.0), 3.99)
            return 1, int(exponent), round(100 * (exponent % 1)) % 100
        coarse = min(int(self.ratio), 31)
        base = coarse if coarse else 0.5
        return 0, coarse, int(np.clip(round(100 * (self.ratio / base - 1)), 0, 99))

    def _speed_up(self) -> int:
        """What rate scaling adds to a rate at middle C; taken off, as recipes speak of that key."""
        steps = (self.rate_scaling * MIDDLE_C_RATE_STEP) >> 3
        return round(steps * 64 / 41)

    def voice_bytes(self) -> list[int]:
        """The 21 bytes of an operator in a single-voice dump."""
        mode, coarse, fine = self.frequency_bytes()
        scaling = [MIDDLE_C_BREAK_POINT, self.left_depth, self.right_depth]
        curves = [MINUS_LINEAR, MINUS_EXPONENTIAL]
        sensitivity = [self.rate_scaling, self.amp_mod, self.velocity]
        tuning = [mode, coarse, fine, CENTRE_DETUNE + self.detune]
        rates = [max(rate - self._speed_up(), 0) for rate in self.envelope.rates]
        return [*rates, *self.envelope.levels, *scaling, *curves, *sensitivity, self.level, *tuning]


SILENT = Operator(1.0, 0, Envelope((99, 99, 99, 99), (99, 99, 99, 0)), velocity=0)


@dataclasses.dataclass(frozen=True)
class Lfo:
    """Vibrato and tremolo: speed, delay and depths in the 0–99 of the panel."""

    speed: int = 35
    delay: int = 0
    pitch_depth: int = 0
    amp_depth: int = 0
    wave: int = TRIANGLE
    pitch_sensitivity: int = 3


@dataclasses.dataclass(frozen=True)
class Voice:
    """A DX7 voice: operators by their panel numbers 1–6, algorithm 1–32."""

    algorithm: int
    operators: Mapping[int, Operator]
    feedback: int = 0
    lfo: Lfo = Lfo()
    pitch_envelope: Envelope = Envelope((99, 99, 99, 99), (50, 50, 50, 50))
    transpose: int = 24

    def single_dump(self) -> np.ndarray:
        """[155] bytes of a single-voice dump, the name blank."""
        lfo = self.lfo
        slots = (self.operators.get(number, SILENT) for number in range(6, 0, -1))
        operators = [byte for slot in slots for byte in slot.voice_bytes()]
        pitch = [*self.pitch_envelope.rates, *self.pitch_envelope.levels]
        routing = [self.algorithm - 1, self.feedback, 1]
        depths = [lfo.speed, lfo.delay, lfo.pitch_depth, lfo.amp_depth]
        modulation = [*depths, 1, lfo.wave, lfo.pitch_sensitivity, self.transpose]
        name = [32] * 10
        flat = [*operators, *pitch, *routing, *modulation, *name]
        return np.array(flat, np.uint8)


class Taste:
    """The seeded choices of one voice, and its brightness in [0, 1]."""

    def __init__(self, rng: np.random.Generator, brightness: float) -> None:
        self._rng = rng
        self.brightness = brightness

    def between(self, low: float, high: float) -> float:
        """A value on a logarithmic scale."""
        return float(math.exp(self._rng.uniform(math.log(low), math.log(high))))

    def whole(self, low: int, high: int) -> int:
        """An integer, both ends included."""
        return int(self._rng.integers(low, high + 1))

    def one_of(self, *options: Any) -> Any:
        """One of the options."""
        return options[int(self._rng.integers(len(options)))]

    def carrier(self, ratio: float, envelope: Envelope, level: int = 99, **fields) -> Operator:
        """An operator that is heard."""
        detune = self.whole(-2, 2)
        level = int(np.clip(level - self.whole(0, 3), 0, 99))
        return dataclasses.replace(Operator(ratio, level, envelope, detune=detune), **fields)

    def modulator(self, ratio: float, index: float, envelope: Envelope, **fields) -> Operator:
        """An operator that colours another.

        `index` is the modulation index of a warm sound, in radians, once the level has settled;
        the attack is above it. Brightness scales it from 0.35 to 4.
        """
        level = index_level(index * 2 ** (3.5 * self.brightness - 1.5) * self.between(0.85, 1.18))
        settled = envelope.levels[2] or max(envelope.levels[1], 87)
        level = min(level + 99 - settled, 99)
        plain = Operator(
            ratio,
            level,
            envelope,
            detune=self.whole(-3, 3),
            velocity=self.whole(2, 5),
            right_depth=self.whole(4, 24),
        )
        return dataclasses.replace(plain, **fields)

    def vibrato(self, pitch_depth: int, delay: int = 40, wave: int = SINE) -> Lfo:
        """Vibrato of 4.5 to 6.5 Hz that sets in late."""
        speed, delay = self.whole(29, 40), self.whole(delay // 2, delay)
        return Lfo(speed, delay, pitch_depth, 0, wave, pitch_sensitivity=self.whole(2, 3))


Recipe = Callable[[Taste, int], Voice]


def electric_piano(t: Taste, kind: int) -> Voice:
    """Tine, stage, reed and piano: a body of ratio 1 and a short metallic hit above it."""
    body = struck(t.between(6, 12), t.whole(86, 94), release_db_per_s=90)
    hit = struck(t.between(40, 90), t.whole(60, 75), 200)
    hit_ratio = (t.one_of(12, 13, 14, 15), t.one_of(7, 8, 9), t.one_of(3, 5), t.one_of(4, 6))[kind]
    body_ratio = (1, 1, 2, t.one_of(1, 3))[kind]
    body_index = (0.8, 1.2, 1.6, 2.2)[kind]
    scaling = t.whole(2, 4)
    operators = {
        1: t.carrier(1, body, velocity=t.whole(2, 3), rate_scaling=scaling),
        2: t.modulator(hit_ratio, t.between(0.6, 1.1), hit, rate_scaling=scaling),
        # Well below the first, or detuning would make the two cancel at times.
        3: t.carrier(1, body, t.whole(84, 90), velocity=t.whole(2, 3), rate_scaling=scaling),
        4: t.modulator(
            body_ratio,
            body_index,
            struck(t.between(7, 14), t.whole(82, 90), 80),
            rate_scaling=scaling,
        ),
        5: t.carrier(1, body, t.whole(76, 86), velocity=3, rate_scaling=scaling, amp_mod=1),
        6: t.modulator(1, t.between(0.4, 0.9), struck(t.between(8, 16), 88)),
    }
    tremolo = Lfo(t.whole(28, 36), 0, 0, t.whole(0, 20), SINE)
    return Voice(5, operators, t.whole(2, 6), tremolo)


def bell(t: Taste, kind: int) -> Voice:
    """Bell, chime, glass and gong: inharmonic pairs that ring for seconds."""
    ratios = (
        (t.one_of(3.5, 3.53, 1.4), t.one_of(2.76, 2.0)),
        (t.one_of(2.76, 5.4), t.one_of(3.5, 8.93)),
        (t.one_of(7.0, 9.0, 11.0), t.one_of(4.0, 5.0)),
        (t.one_of(1.41, 1.73), t.one_of(0.71, 1.19)),
    )[kind]
    carrier_ratios = ((1, 2), (1, t.one_of(2.76, 4)), (2, 3), (0.5, t.one_of(0.73, 0.87)))[kind]
    index = (2.2, 1.4, 0.9, 3.2)[kind]
    decay = t.between(*((7, 12), (10, 18), (14, 24), (5, 8))[kind])
    attack_s = (0.002, 0.002, 0.004, t.between(0.01, 0.06))[kind]
    ring = struck(decay, t.whole(88, 95), 60, decay * 1.5, attack_s)
    colour = struck(decay * 1.4, t.whole(80, 92), 80, decay * 2)
    operators = {
        1: t.carrier(carrier_ratios[0], ring, velocity=2),
        2: t.modulator(ratios[0], index, colour),
        3: t.carrier(carrier_ratios[1], ring, 90, velocity=2),
        4: t.modulator(ratios[1], index * 0.8, colour),
        5: t.carrier(t.one_of(1, 2, 4), struck(decay * 2, 84), t.whole(76, 90)),
        6: t.modulator(t.one_of(1.41, 3.5, 6.2), index * 0.7, struck(decay * 3, 75)),
    }
    return Voice(5, operators, t.whole(0, 6))


def mallet(t: Taste, kind: int) -> Voice:
    """Marimba, vibes, xylophone and kalimba: bars with overtones at 3, 4, 6 or 10."""
    overtone = (t.one_of(3.9, 4), t.one_of(4, 4.04), t.one_of(3, 6), t.one_of(5.4, 6.2))[kind]
    decay = t.between(*((25, 40), (6, 10), (45, 80), (14, 25))[kind])
    bar = struck(decay, 92, 90, decay * 1.2)
    click = struck(decay * t.between(2.5, 5), t.whole(65, 85), 250)
    operators = {
        1: t.carrier(1, bar, velocity=2, rate_scaling=3, amp_mod=2 if kind == 1 else 0),
        2: t.modulator(overtone, (0.7, 0.5, 1.3, 0.9)[kind], click, rate_scaling=3),
        3: t.carrier(
            overtone, struck(decay * t.between(1.5, 3), 88, 150), t.whole(64, 90), rate_scaling=3
        ),
        4: t.modulator(t.one_of(9.9, 10, 12), t.between(0.5, 0.9), click),
        5: t.carrier(1, struck(decay * 4, 60, 500), t.whole(70, 84)),
        6: t.modulator(t.one_of(2.7, 3.4, 7), t.between(1.5, 3.5), struck(200, 40, 600)),
    }
    depth = t.whole(40, 70) if kind == 1 else 0
    return Voice(5, operators, t.whole(2, 7), Lfo(t.whole(28, 38), 0, 0, depth, SINE))


def bass(t: Taste, kind: int) -> Voice:
    """Finger, slap, sub and growl: an octave down, the colour closing after the attack."""
    decay = t.between(5, 12)
    body = struck(decay, t.whole(90, 96), 60, 120)
    closing = struck(t.between(*((9, 20), (25, 45), (20, 40), (4, 9))[kind]), 87, 90)
    ratios = (t.one_of(1, 2), t.one_of(3, 5), 1, t.one_of(1, 3))
    index = (2.0, 2.4, 0.9, 3.2)[kind]
    low = 0.5
    operators = {
        1: t.carrier(low, body, velocity=2, rate_scaling=1),
        2: t.modulator(low * ratios[kind], index, closing, rate_scaling=1),
        3: t.carrier(low * (2 if kind == 1 else 1), body, t.whole(84, 95)),
        4: t.modulator(low * t.one_of(1, 2), index * 0.8, closing),
        5: t.modulator(low * t.one_of(1, 4), t.between(0.3, 0.8), struck(80, 70, 250)),
        6: t.modulator(low * t.one_of(1, 8), t.between(0.2, 0.6), struck(120, 60, 300)),
    }
    return Voice(t.one_of(1, 3, 7), operators, t.whole(*((3, 6), (4, 7), (0, 3), (6, 7))[kind]))


def brass(t: Taste, kind: int) -> Voice:
    """Section, horn, trombone and stab: ratio 1 throughout, the index following the attack."""
    attack_s = t.between(*((0.04, 0.08), (0.07, 0.14), (0.06, 0.11), (0.012, 0.03))[kind])
    tone = held(attack_s, t.whole(90, 96), 15, 90)
    if kind == 3:
        tone = struck(t.between(18, 30), 93, 40, 120, attack_s)
    blare = held(attack_s * 1.7, t.whole(82, 90), t.between(15, 30), 110)
    index = (2.2, 1.2, 1.8, 2.8)[kind]
    operators = {
        1: t.carrier(1, tone, velocity=1),
        2: t.modulator(1, index, blare),
        3: t.modulator(t.one_of(1, 2), t.between(0.3, 0.6), blare),
        4: t.carrier(t.one_of(1, 1, 2) if kind == 0 else 1, tone, t.whole(84, 94)),
        5: t.carrier(0.5 if kind == 2 else 1, tone, t.whole(86, 96)),
        6: t.modulator(1, index * 0.85, blare),
    }
    scoop = Envelope((t.whole(65, 85), 99, 99, 99), (50, 50, 50, t.whole(46, 49)))
    voice = Voice(19, operators, t.whole(4, 7), t.vibrato(t.whole(3, 8)), scoop)
    # Algorithm 22 gives a thicker section: the sixth operator blows three carriers at once.
    third = t.carrier(1, tone, t.whole(84, 94), detune=t.whole(2, 6))
    return (
        dataclasses.replace(voice, algorithm=22, operators=operators | {3: third})
        if (kind in (0, 3))
        else voice
    )


def bowed_string(t: Taste, kind: int) -> Voice:
    """Bow, cello, viola and tutti: saw-like spectra, slow attack, vibrato."""
    attack_s = t.between(*((0.06, 0.12), (0.08, 0.16), (0.07, 0.14), (0.18, 0.4))[kind])
    tone = held(attack_s, t.whole(92, 97), 8, t.between(30, 60))
    rosin = held(attack_s * 0.8, t.whole(88, 95), 12, 60)
    octave = (1, 0.5, 1, 1)[kind]
    spread = 6 if kind == 3 else 3
    operators = {
        1: t.carrier(octave, tone, detune=spread),
        2: t.modulator(octave, 1.6, rosin, detune=-2),
        3: t.carrier(octave, tone, t.whole(88, 96), detune=-spread),
        4: t.modulator(octave * t.one_of(1, 2), 1.2, rosin),
        5: t.modulator(octave * t.one_of(1, 3), t.between(0.4, 0.8), rosin),
        6: t.modulator(octave * t.one_of(2, 5), t.between(0.2, 0.5), rosin),
    }
    depth = t.whole(3, 6) if kind == 3 else t.whole(8, 16)
    return Voice(t.one_of(1, 2), operators, t.whole(5, 7), t.vibrato(depth, 50))


def pad(t: Taste, kind: int) -> Voice:
    """Pad, swell, haze and drift: long attacks and releases, detuned carriers, slow movement."""
    attack_s = t.between(*((0.3, 0.7), (0.9, 1.8), (0.5, 1.0), (0.6, 1.2))[kind])
    tone = held(attack_s, 95, 5, t.between(14, 30))
    motion = held(attack_s * t.between(1.2, 2.5), t.whole(84, 94), t.between(3, 8), 20)
    upper = (t.one_of(1, 2), 1, t.one_of(3, 4, 6), t.one_of(1.5, 2))[kind]
    colour = (t.one_of(1, 2), t.one_of(1, 3), t.one_of(5, 7), t.one_of(2, 4.02))[kind]
    operators = {
        1: t.carrier(1, tone, detune=t.whole(3, 7), amp_mod=t.whole(0, 1)),
        2: t.modulator(colour, 1.0, motion),
        3: t.carrier(1, tone, 94, detune=-t.whole(3, 7)),
        4: t.modulator(1, 1.2, motion, amp_mod=t.whole(1, 3)),
        5: t.carrier(upper, tone, t.whole(70, 84), amp_mod=t.whole(0, 2)),
        6: t.modulator(t.one_of(1, 2, 3), t.between(0.5, 1.0), motion),
    }
    speed = t.whole(4, 16) if kind == 3 else t.whole(14, 30)
    drift = Lfo(speed, t.whole(0, 60), t.whole(2, 6), t.whole(10, 45), t.one_of(SINE, TRIANGLE))
    return Voice(5, operators, t.whole(1, 5), drift)


def organ(t: Taste, kind: int) -> Voice:
    """Drawbars, pipe, combo and click: sums of sines that start and stop at once."""
    tone = held(0.03 if kind == 1 else 0.004, 99, 20, 250)
    click = struck(150, 70, 300, 300)
    footages = (
        t.one_of((0.5, 1, 1.5, 2, 3, 4), (0.5, 1, 2, 3, 4, 6), (0.5, 1.5, 1, 2, 4, 8)),
        t.one_of((1, 2, 4, 8, 3, 6), (0.5, 1, 2, 4, 6, 8)),
        t.one_of((1, 2, 4, 3, 5, 8), (0.5, 1, 2, 3, 5, 6)),
        t.one_of((0.5, 1, 2, 3, 4, 6), (1, 2, 3, 4, 5, 6)),
    )[kind]
    operators = {}
    for number, footage in enumerate(footages, start=1):
        # A brighter registration draws the high stops further; 10 level steps are 7.5 dB.
        tilt = (1.0 - t.brightness) * 10 * math.log2(max(footage, 1.0))
        level = int(np.clip(94 - tilt - t.whole(0, 12), 40, 99))
        last = number == len(footages) and kind == 3
        operators[number] = Operator(
            footage, level, click if last else tone, detune=t.whole(-2, 2), velocity=0, amp_mod=1
        )
    rotor = Lfo(t.whole(33, 46), 0, t.whole(1, 6), t.whole(0, 25), SINE, 2)
    if kind != 2:
        return Voice(32, operators, t.whole(0, 4), rotor)
    operators[6] = t.modulator(t.one_of(1, 2, 3), 1.4, tone)
    return Voice(t.one_of(22, 24, 31), operators, t.whole(4, 7), rotor)


def lead(t: Taste, kind: int) -> Voice:
    """Saw, sync, pulse and buzz: steady, bright, quick, with vibrato."""
    tone = held(t.between(0.004, 0.02), t.whole(93, 99), 12, 120)
    sweep = struck(t.between(8, 25), 92, 30, 100)
    ratios = (1, t.one_of(1.5, 2.5, 3.5), 2, t.one_of(1, 3))
    index = (1.5, 3.0, 1.6, 2.5)[kind]
    operators = {
        1: t.carrier(1, tone, detune=2),
        2: t.modulator(ratios[kind], index, sweep if kind == 1 else tone),
        3: t.carrier(1, tone, t.whole(86, 96), detune=-2),
        4: t.modulator(ratios[kind] if kind == 2 else 1, index * 0.8, tone),
        5: t.modulator(t.one_of(1, 2), t.between(0.3, 1.0), sweep),
        6: t.modulator(t.one_of(1, 4), t.between(0.2, 0.7), tone),
    }
    algorithm = t.one_of(1, 7) if kind == 3 else t.one_of(1, 2)
    return Voice(algorithm, operators, t.whole(5, 7), t.vibrato(t.whole(8, 18), 45))


def plucked_string(t: Taste, kind: int) -> Voice:
    """Pluck, harp, nylon and koto: a bright start that darkens as it dies."""
    decay = t.between(*((14, 30), (10, 16), (16, 26), (9, 15))[kind])
    string = struck(decay, t.whole(90, 95), 100, decay * 2.5)
    pick = struck(decay * t.between(1.2, 2.0), t.whole(82, 90), 120)
    ratios = (t.one_of(1, 3), t.one_of(1, 2), t.one_of(3, 4), t.one_of(3, 5))
    index = (2.0, 0.9, 1.3, 2.2)[kind]
    operators = {
        1: t.carrier(1, string, velocity=2, rate_scaling=3),
        2: t.modulator(ratios[kind], index, pick, rate_scaling=3),
        3: t.carrier(1, string, t.whole(82, 94), rate_scaling=3),
        4: t.modulator(t.one_of(1, 2), index * 0.9, pick, rate_scaling=2),
        5: t.modulator(t.one_of(2, 5, 7), t.between(0.4, 0.9), struck(90, 70, 250)),
        6: t.modulator(t.one_of(1, 3), t.between(0.3, 0.7), struck(120, 60, 300)),
    }
    bend = Envelope(
        (99, t.whole(70, 90), 99, 99), (50 + (t.whole(1, 3) if kind == 3 else 0), 50, 50, 50)
    )
    return Voice(t.one_of(1, 3, 8), operators, t.whole(2, 6), pitch_envelope=bend)


def reed(t: Taste, kind: int) -> Voice:
    """Oboe, clarinet, saxophone and bassoon: formants, odd harmonics for the clarinet."""
    tone = held(t.between(0.03, 0.07), t.whole(92, 97), 15, 110)
    breath = held(t.between(0.02, 0.05), t.whole(86, 94), 25, 110)
    octave = 0.5 if kind == 3 else 1
    modulator_ratio = (t.one_of(3, 4), 2, t.one_of(1, 2), t.one_of(3, 5))[kind]
    carrier_ratio = (1, 1, 1, t.one_of(1, 2))[kind]
    index = (1.4, 1.3, 1.8, 1.2)[kind]
    operators = {
        1: t.carrier(octave * carrier_ratio, tone),
        2: t.modulator(octave * modulator_ratio, index, breath),
        3: t.carrier(octave * (3 if kind == 1 else 1), tone, t.whole(74, 86)),
        4: t.modulator(octave * 2, t.between(0.5, 1.0), breath),
        5: t.carrier(octave * t.one_of(1, 3), tone, t.whole(62, 76)),
        6: t.modulator(octave, t.between(0.8, 1.6), breath),
    }
    return Voice(5, operators, t.whole(1, 6), t.vibrato(t.whole(4, 12), 50))


def flute(t: Taste, kind: int) -> Voice:
    """Flute, fife, pan pipe and blown bottle: near-sines with a puff of breath."""
    tone = held(t.between(0.04, 0.1), t.whole(94, 98), 10, 120)
    puff = struck(t.between(60, 140), t.whole(60, 80), 150, 200, 0.01)
    octave = (1, 2, 1, 0.5)[kind]
    overtone = (2, 2, 3, t.one_of(3, 2))[kind]
    noise_level = t.whole(*((58, 68), (52, 62), (70, 80), (72, 84))[kind])
    noise = puff if kind == 2 else held(0.03, t.whole(78, 88), 40, 150)
    operators = {
        1: t.carrier(octave, tone),
        2: t.modulator(octave, 0.6, tone),
        3: t.carrier(octave * overtone, tone, t.whole(70, 82)),
        4: t.modulator(octave, t.between(0.3, 0.6), puff),
        # Deep modulation by a self-modulated operator is noise: the breath.
        5: t.carrier(octave * t.one_of(1, 2, 3), noise, noise_level),
        6: Operator(t.one_of(7.3, 9.7, 11.1), t.whole(88, 97), held(0.002), velocity=0),
    }
    shake = Lfo(t.whole(28, 36), t.whole(20, 50), t.whole(3, 9), t.whole(0, 15), SINE, 2)
    return Voice(5, operators, 7, shake)


def drum(t: Taste, kind: int) -> Voice:
    """Tom, snare, block and clang: fixed or inharmonic tones under falling pitch."""
    decay = t.between(*((40, 70), (70, 130), (150, 260), (25, 50))[kind])
    skin = struck(decay, 90, 120, decay * 1.2)
    tail = decay * (1.3, 0.8, 1.5, 1.2)[kind]
    crack = struck(tail, 92, 200, tail)
    ratios = (
        (t.one_of(0.5, 0.71), t.one_of(1.59, 2.14)),
        (t.one_of(0.71, 1), t.one_of(3.7, 7.3)),
        (t.one_of(2.4, 3.1), t.one_of(1.73, 2.6)),
        (t.one_of(1.41, 2.2), t.one_of(2.7, 3.14)),
    )[kind]
    index = (1.2, 4.0, 2.0, 4.5)[kind]
    noise_level = (74, 99, 78, 88)[kind] - t.whole(0, 6)
    operators = {
        1: t.carrier(ratios[0], skin, (99, 88, 99, 99)[kind], velocity=3),
        2: t.modulator(ratios[1], index, crack),
        3: t.carrier(ratios[0] * t.one_of(1.35, 1.59), skin, t.whole(80, 92)),
        4: t.modulator(t.one_of(1.41, 2.3), index * 0.7, crack),
        5: t.carrier(1, crack, noise_level, fixed_hz=t.between(300, 1200)),
        6: Operator(1, t.whole(88, 99), held(0.002), fixed_hz=t.between(400, 4000), velocity=0),
    }
    start = t.whole(*((58, 72), (52, 58), (50, 54), (50, 52))[kind])
    fall = Envelope((99, t.whole(60, 85), 99, 99), (start, 50, 50, start))
    return Voice(5, operators, 7, pitch_envelope=fall)


def keyboard(t: Taste, kind: int) -> Voice:
    """Clavinet, cembalo, spinet and toy piano: hard plucks, damped by the key."""
    decay = t.between(*((12, 22), (12, 20), (16, 28), (22, 40))[kind])
    string = struck(decay, t.whole(90, 95), 80, 300)
    jack = struck(decay * 1.6, t.whole(86, 93), 100, 300)
    ratios = (t.one_of(2, 3), t.one_of(3, 4, 5), t.one_of(4, 6), t.one_of(5.4, 6.3, 8.9))
    carriers = ((0.5, 1), (1, 2), (1, 4), (1, t.one_of(2.8, 3.5)))[kind]
    index = (2.2, 2.4, 1.8, 1.1)[kind]
    operators = {
        1: t.carrier(carriers[0], string, velocity=2, rate_scaling=2),
        2: t.modulator(carriers[0] * ratios[kind], index, jack),
        3: t.carrier(carriers[1], string, t.whole(80, 92), rate_scaling=2),
        4: t.modulator(t.one_of(1, 2, 3), index * 0.9, jack),
        5: t.carrier(t.one_of(1, 2, 3), struck(300, 40, 600, 600), t.whole(70, 84)),
        6: t.modulator(t.one_of(5, 9, 13), t.between(1.5, 3.0), struck(300, 40, 600)),
    }
    return Voice(5, operators, t.whole(3, 7))


def choir(t: Taste, kind: int) -> Voice:
    """Choir, aah, ooh and vox: carriers near formants, moved by ratio-1 modulators."""
    attack_s = t.between(*((0.15, 0.35), (0.08, 0.2), (0.1, 0.25), (0.04, 0.1))[kind])
    tone = held(attack_s, 96, 6, t.between(30, 60))
    throat = held(attack_s, t.whole(92, 97), 10, 60)
    # Multiples of middle C near the first two formants of the vowel.
    formants = ((2, 4), (3, 4), (1, 3), (2, t.one_of(6, 8)))[kind]
    levels = ((88, 80), (92, 84), (90, 66), (88, 84))[kind]
    operators = {
        1: t.carrier(1, tone, detune=t.whole(1, 4)),
        2: t.modulator(1, 0.6, throat),
        3: t.carrier(formants[0], tone, levels[0] - t.whole(0, 5), detune=-t.whole(1, 4)),
        4: t.modulator(1, 0.8, throat),
        5: t.carrier(formants[1], tone, levels[1] - t.whole(0, 6), detune=t.whole(-4, 4)),
        6: t.modulator(1, 1.0, throat),
    }
    return Voice(5, operators, t.whole(2, 6), t.vibrato(t.whole(7, 14), 45))


def effect(t: Taste, kind: int) -> Voice:
    """Siren, laser, rain and storm: pitch sweeps, random steps and noise."""
    tone = held(t.between(0.01, 0.4), 97, 6, t.between(15, 40))
    operators = {
        1: t.carrier((1, 1, t.one_of(3, 4), 0.5)[kind], tone),
        2: t.modulator(t.one_of(1, 1.5, 2.3), (1.5, 2.0, 2.5, 6.0)[kind], tone),
        3: t.carrier((2, 1.41, t.one_of(5.2, 6.7), 0.71)[kind], tone, t.whole(80, 92)),
        4: t.modulator(t.one_of(1.41, 2.7, 3.3), (0.8, 2.0, 2.0, 8.0)[kind], tone, amp_mod=3),
        5: t.carrier(t.one_of(0.5, 1, 2), tone, (60, 66, 84, 96)[kind], amp_mod=kind),
        6: Operator(t.one_of(3.7, 7.1, 9.3), t.whole(80, 95), tone, velocity=0),
    }
    wave = (t.one_of(SINE, TRIANGLE), t.one_of(SAW_DOWN, SAW_UP), RANDOM, t.one_of(SINE, RANDOM))
    speed = t.whole(*((4, 18), (30, 60), (45, 75), (4, 24))[kind])
    depth = t.whole(*((45, 90), (50, 99), (60, 99), (8, 40))[kind])
    sweep = Lfo(speed, 0, depth, t.whole(20, 80), wave[kind], (6, 6, 6, 3)[kind])
    dive = Envelope(
        (99, t.whole(20, 45), t.whole(20, 45), 50), (t.whole(60, 90), t.whole(30, 60), 50, 50)
    )
    flat = Envelope((99, 99, 99, 99), (50, 50, 50, 50))
    pitch_envelope = dive if kind == 1 else flat
    return Voice(5, operators, (3, 5, 6, 7)[kind], sweep, pitch_envelope)


FAMILIES: tuple[tuple[Recipe, tuple[str, str, str, str]], ...] = (
    (electric_piano, ("Tine", "Stage", "Reed", "Piano")),
    (bell, ("Bell", "Chime", "Glass", "Gong")),
    (mallet, ("Marim", "Vibes", "Xylo", "Kalim")),
    (bass, ("Bass", "Slap", "Sub", "Growl")),
    (brass, ("Brass", "Horn", "Bone", "Stab")),
    (bowed_string, ("Bow", "Cello", "Viola", "Tutti")),
    (pad, ("Pad", "Swell", "Haze", "Drift")),
    (organ, ("Organ", "Pipe", "Combo", "Click")),
    (lead, ("Lead", "Sync", "Pulse", "Buzz")),
    (plucked_string, ("Pluck", "Harp", "Nylon", "Koto")),
    (reed, ("Oboe", "Clari", "Sax", "Fagot")),
    (flute, ("Flute", "Fife", "Pan", "Blow")),
    (drum, ("Tom", "Snare", "Block", "Clang")),
    (keyboard, ("Clav", "Cemb", "Spint", "Toy")),
    (choir, ("Choir", "Aah", "Ooh", "Vox")),
    (effect, ("Siren", "Laser", "Rain", "Storm")),
)
"""Recipe and the names of its four instruments."""


def make_voices(seed: int = SEED) -> np.ndarray:
    """[320, 128] packed voices, family by family."""
    voices = []
    for family, (recipe, instruments) in enumerate(FAMILIES):
        for kind, instrument in enumerate(instruments):
            for grade, (word, brightness) in enumerate(GRADES.items()):
                rng = np.random.default_rng([seed, family, kind, grade])
                voice = recipe(Taste(rng, brightness), kind)
                voices.append(with_name(pack_single(voice.single_dump()), f"{word} {instrument}"))
    return np.stack(voices)


def bank_file(voices: np.ndarray) -> bytes:
    """The voices as 32-voice dumps, one after another."""
    starts = range(0, len(voices), BANK_VOICES)
    return b"".join(sysex_bank(voices[start : start + BANK_VOICES]) for start in starts)


def main() -> None:
    """Writes the bundled voices."""
    parser = argparse.ArgumentParser(description="Makes the bundled DX7 voices.")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="file to write")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the choices")
    args = parser.parse_args()
    voices = make_voices(args.seed)
    args.output.write_bytes(bank_file(voices))
    print(f"{len(voices)} voices written to {args.output}")


if __name__ == "__main__":
    main()
