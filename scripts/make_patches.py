"""Makes the bundled Surge XT patches: `python scripts/make_patches.py`.

Nine families of eight sounds. A family is a recipe in musical terms (seconds, hertz, semitones)
with a seeded choice wherever players would differ in taste; its eight sounds go from plain to rich.
All recipes are our own; none is taken from an existing patch. The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import math
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "synthrl_jax" / "assets" / "patches"
PARAMETERS = ROOT / "third_party" / "surge" / "parameters.csv"
SEED = 23
SOUNDS_PER_FAMILY = 8
REVISION = 29
AUTHOR = "synthrl_jax"
LICENSE = "GPL-3.0-or-later"

OSCILLATORS = {
    "classic": (0, ("shape", "width", "width2", "sub", "sync", "detune", "voices")),
    "sine": (1, ("shape", "feedback", "behavior", "low_cut", "high_cut", "detune", "voices")),
    "wavetable": (2, ("morph", "skew_v", "saturate", "formant", "skew_h", "detune", "voices")),
    "sample_hold": (
        3,
        ("correlation", "width", "low_cut", "high_cut", "sync", "detune", "voices"),
    ),
    "fm3": (5, ("m1", "ratio1", "m2", "ratio2", "m3", "frequency3", "feedback")),
    "fm2": (6, ("m1", "ratio1", "m2", "ratio2", "offset", "phase", "feedback")),
    "window": (7, ("morph", "formant", "window", "low_cut", "high_cut", "detune", "voices")),
    "modern": (8, ("saw", "pulse", "triangle", "width", "sync", "detune", "voices")),
    "string": (9, ("exciter", "level", "decay1", "decay2", "detune", "balance", "stiffness")),
    "alias": (11, ("wave", "wrap", "mask", "threshold", "bitcrush", "detune", "voices")),
}
"""Name → number in patches, and what its seven parameters are."""

DEFAULTS = {
    "classic": (0.0, 0.5, 0.5, 0.0, 0.0, 0.1, 1),
    "sine": (0, 0.0, 1, -60.0, 70.0, 0.1, 1),
    "wavetable": (0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 1),
    "sample_hold": (0.0, 0.5, -60.0, 70.0, 0.0, 0.1, 1),
    "fm3": (0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0),
    "fm2": (0.0, 1, 0.0, 1, 0.0, 0.0, 0.0),
    "window": (0.0, 0.0, 0, -60.0, 70.0, 0.1, 1),
    "modern": (0.5, 0.0, 0.0, 0.5, 0.0, 0.2, 1),
    "string": (0, 1.0, 0.95, 0.95, 0.1, 0.0, 0.0),
    "alias": (0, 0.0, 0.0, 0.5, 8.0, 0.2, 1),
}
"""Where an integer stands, Surge XT stores one."""

FILTERS = {"lp12": 1, "lp24": 2, "ladder": 3, "hp12": 4, "bp12": 6, "notch": 7, "comb": 8}
FILTERS |= {"vintage": 10, "obxd24": 12, "k35": 13, "diode": 15}
WAVESHAPERS = {"soft": 1, "hard": 2, "asymmetric": 3, "sine": 4, "digital": 5}
SERIAL, DUAL, STEREO, RING, WIDE = 0, 3, 5, 6, 7
SOURCES = {"velocity": 1, "keytrack": 2, "filter_eg": 16, "random": 31}
SOURCES |= {f"lfo{i}": 17 + i for i in range(6)} | {f"scene_lfo{i}": 23 + i for i in range(6)}
LFO_SHAPES = ("sine", "triangle", "square", "saw", "noise", "s&h", "envelope", "steps", "mseg")
SEGMENT_TYPES = {"linear": 1, "s-curve": 3, "sine": 4, "hold": 9}

Frames = NDArray[np.float64]
"""[F, M] single cycles between -1 and 1."""


def seconds(time_s: float) -> float:
    """A time as patches store it."""
    return math.log2(time_s)


def hertz(frequency_hz: float) -> float:
    """A frequency as patches store it: semitones relative to 440 Hz."""
    return 12 * math.log2(frequency_hz / 440)


def amplitude(gain: float) -> float:
    """A gain as patches store it: the cube root."""
    return gain ** (1 / 3)


def _read_integer_names() -> frozenset[str]:
    with PARAMETERS.open(newline="") as file:
        return frozenset(r["name"] for r in csv.DictReader(file) if r["kind"] in ("int", "bool"))


INTEGERS = _read_integer_names()
"""Parameters that are no floats."""


@dataclasses.dataclass
class Patch:
    """A patch of one scene; whatever is not set has its initial value.

    Attributes:
      name: what the patch calls itself.
      category: the family.
    """

    name: str
    category: str
    _values: dict[str, tuple[float, bool, str]] = dataclasses.field(default_factory=dict)
    _routings: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    _tables: dict[int, bytes] = dataclasses.field(default_factory=dict)
    _sequences: list[str] = dataclasses.field(default_factory=list)
    _msegs: list[str] = dataclasses.field(default_factory=list)
    _partials: list[str] = dataclasses.field(default_factory=list)

    def set(self, **values: float) -> None:
        """Sets parameters of the scene by their stored names."""
        for name, value in values.items():
            self._values[f"a_{name}"] = (value, f"a_{name}" in INTEGERS, "")

    def oscillator(
        self,
        number: int,
        kind: str,
        *,
        level: float = 1.0,
        octave: int = 0,
        pitch: float = 0.0,
        keytrack: bool = True,
        flags: dict[str, str] | None = None,
        **values: float,
    ) -> None:
        """Switches an oscillator (1 to 3) on; `level` is a gain, `values` are its own."""
        index, names = OSCILLATORS[kind]
        unknown = values.keys() - set(names)
        if unknown:
            raise ValueError(f"{kind} has no {', '.join(sorted(unknown))}")
        prefix = f"osc{number}_"
        self.set(**{f"{prefix}type": index, f"{prefix}octave": octave, f"{prefix}pitch": pitch})
        self.set(**{f"{prefix}keytrack": keytrack, f"{prefix}retrigger": 1})
        self.set(**{f"mute_o{number}": 0, f"level_o{number}": amplitude(level)})
        for i, (name, default) in enumerate(zip(names, DEFAULTS[kind], strict=True)):
            value = values.get(name, default)
            integer = isinstance(default, int)
            self._values[f"a_{prefix}param{i}"] = (value, integer, (flags or {}).get(name, ""))

    def wavetable(self, number: int, frames: Frames) -> None:
        """Gives a Wavetable or Window oscillator its table."""
        count, length = frames.shape
        samples = np.round(16384 * np.clip(frames, -1, 1)).astype("<i2")
        self._tables[number - 1] = struct.pack("<4xIHH", length, count, 4) + samples.tobytes()

    def partials(self, number: int, levels: Sequence[float]) -> None:
        """Gives an Alias oscillator the harmonics of its additive wave."""
        data = " ".join(f'extra_data_{i}="{level:.6f}"' for i, level in enumerate(levels))
        self._partials.append(
            f'<osc_extra_sc0_osc{number - 1} scene="0" osc="{number - 1}" '
            f'extra_n="{len(levels)}" {data}/>'
        )

    def filter(
        self,
        number: int,
        kind: str,
        cutoff_hz: float,
        resonance: float = 0.0,
        *,
        envelope: float = 0.0,
        keytrack: float = 0.0,
        subtype: int = 0,
    ) -> None:
        """Sets a filter (1 or 2); `envelope` is in semitones."""
        p = f"filter{number}_"
        self.set(**{f"{p}type": FILTERS[kind], f"{p}subtype": subtype})
        self.set(**{f"{p}cutoff": hertz(cutoff_hz), f"{p}resonance": resonance})
        self.set(**{f"{p}envmod": envelope, f"{p}keytrack": keytrack})

    def envelope(
        self, number: int, attack_s: float, decay_s: float, sustain: float, release_s: float
    ) -> None:
        """Sets the amplitude (1) or filter (2) envelope; `attack_s` 0 is none."""
        p = f"env{number}_"
        attack = seconds(attack_s) if attack_s > 0 else -8.0
        self.set(**{f"{p}attack": attack, f"{p}decay": seconds(decay_s)})
        self.set(**{f"{p}sustain": sustain, f"{p}release": seconds(release_s)})

    def lfo(
        self,
        number: int,
        shape: str,
        rate_hz: float = 1.0,
        *,
        unipolar: bool = False,
        deform: float = 0.0,
        attack_s: float = 0.0,
        decay_s: float = 1.0,
        sustain: float = 1.0,
        delay_s: float = 0.0,
    ) -> None:
        """Sets an LFO: 0 to 5 are those of voices, 6 to 11 those of the scene."""
        p = f"lfo{number}_"
        self.set(**{f"{p}shape": LFO_SHAPES.index(shape), f"{p}rate": math.log2(rate_hz)})
        self.set(**{f"{p}unipolar": unipolar, f"{p}deform": deform, f"{p}sustain": sustain})
        self.set(**{f"{p}decay": seconds(decay_s)})
        if attack_s > 0:
            self.set(**{f"{p}attack": seconds(attack_s)})
        if delay_s > 0:
            self.set(**{f"{p}delay": seconds(delay_s)})

    def steps(self, number: int, values: Sequence[float]) -> None:
        """Gives a step-sequencer LFO its steps and a loop of all of them."""
        data = " ".join(f's{i}="{value:.6f}"' for i, value in enumerate(values))
        self._sequences.append(
            f'<sequence scene="0" i="{number}" {data} loop_start="0" '
            f'loop_end="{len(values) - 1}" trigmask="0"/>'
        )

    def mseg(self, number: int, points: Sequence[tuple[float, float, str]], end: float) -> None:
        """Gives an MSEG LFO a looped curve of (duration, start value, kind of segment)."""
        segments = []
        for i, (duration, value, kind) in enumerate(points):
            following = points[i + 1][1] if i + 1 < len(points) else end
            segments.append(
                f'<segment duration="{duration:.6f}" v0="{value:.6f}" nv1="{following:.6f}" '
                f'cpduration="0.5" cpv="0" type="{SEGMENT_TYPES[kind]}"/>'
            )
        self._msegs.append(
            f'<mseg scene="0" i="{number}" activeSegments="{len(points)}" endpointMode="2" '
            f'editMode="0" loopMode="2" loopStart="-1" loopEnd="-1">'
            f"<segments>{''.join(segments)}</segments></mseg>"
        )

    def modulate(self, destination: str, source: str, depth: float) -> None:
        """Adds a modulation; the depth is in the unit of the destination."""
        self._routings.setdefault(f"a_{destination}", []).append(
            f'<modrouting source="{SOURCES[source]}" depth="{depth:.6f}"/>'
        )

    def xml(self) -> str:
        """The text of the patch."""
        missing = self._routings.keys() - self._values.keys()
        if missing:
            raise ValueError(f"modulated but not set: {', '.join(sorted(missing))}")
        rows = []
        for name, (value, integer, flags) in self._values.items():
            kind, number = (0, f"{int(value)}") if integer else (2, f"{value:.6f}")
            head = f'<{name} type="{kind}" value="{number}"{" " + flags if flags else ""}'
            children = "".join(self._routings.get(name, []))
            rows.append(f"{head}>{children}</{name}>" if children else f"{head}/>")
        groups = {
            "extraoscdata": self._partials,
            "stepsequences": self._sequences,
            "msegs": self._msegs,
        }
        data = "".join(f"<{tag}>{''.join(x)}</{tag}>" for tag, x in groups.items() if x)
        meta = {"name": self.name, "category": self.category, "author": AUTHOR, "license": LICENSE}
        attributes = " ".join(f"{key}={quoteattr(value)}" for key, value in meta.items())
        return (
            f'<?xml version="1.0" encoding="UTF-8" ?><patch revision="{REVISION}">'
            f"<meta {attributes}/><parameters>{''.join(rows)}</parameters>{data}</patch>"
        )

    def file(self) -> bytes:
        """The content of the patch file."""
        xml = self.xml().encode()
        tables = [self._tables.get(i, b"") for i in range(6)]
        chunk = b"sub3" + struct.pack("<7I", len(xml), *map(len, tables)) + xml + b"".join(tables)
        title = self.name.encode()[:27].ljust(28, b"\0")
        header = b"FPCh" + struct.pack(">I4sII", 1, b"cjs3", 1, 1) + title
        return (
            b"CcnK"
            + struct.pack(">I", len(header) + 4 + len(chunk))
            + header
            + (struct.pack(">I", len(chunk)) + chunk)
        )


# --- Wavetables -----------------------------------------------------------------------------------

FRAME_LENGTH = 256


def _normalised(frames: Frames) -> Frames:
    frames = frames - frames.mean(axis=1, keepdims=True)
    return frames / np.max(np.abs(frames), axis=1, keepdims=True)


def harmonics(spectrum: Callable[[float, Frames], Frames]) -> Frames:
    """Twelve frames of 60 sine harmonics; `spectrum` has their levels at a position of 0 to 1."""
    number = np.arange(1, 61, dtype=np.float64)
    phase = np.arange(FRAME_LENGTH) / FRAME_LENGTH
    waves = np.sin(2 * np.pi * number[:, None] * phase)
    return _normalised(np.stack([spectrum(x, number) @ waves for x in np.linspace(0, 1, 12)]))


def opening_table() -> Frames:
    """A saw behind a low-pass that opens."""
    return harmonics(lambda x, n: 1 / n / (1 + (n / (1 + 40 * x)) ** 4))


def formant_table() -> Frames:
    """Two formants that move from a dark to a bright vowel."""
    return harmonics(
        lambda x, n: (
            1 / n**2
            + np.exp(-(((n - 3 - 4 * x) / 1.5) ** 2))
            + 0.5 * np.exp(-(((n - 8 - 12 * x) / 2.5) ** 2))
        )
    )


def hollow_table() -> Frames:
    """From a square to a pulse train with a missing harmonic."""
    return harmonics(lambda x, n: np.abs(np.sin(np.pi * n * (0.5 - 0.42 * x))) / n)


def bell_table() -> Frames:
    """Sparse harmonics that thin out."""
    sparse = np.isin(np.arange(1, 61), (1, 2, 5, 9, 14, 20, 27)).astype(np.float64)
    return harmonics(lambda x, n: sparse * np.exp(-n * (0.05 + 0.4 * x)))


def fold_table() -> Frames:
    """A sine folded ever more."""
    sine = np.sin(2 * np.pi * np.arange(FRAME_LENGTH) / FRAME_LENGTH)
    return _normalised(np.stack([np.sin(g * np.pi / 2 * sine) for g in np.linspace(1, 6, 12)]))


# --- Families -------------------------------------------------------------------------------------

Random = np.random.Generator


def pick(rng: Random, low: float, high: float) -> float:
    """A number between two."""
    return float(rng.uniform(low, high))


def bass(patch: Patch, grade: float, rng: Random) -> None:
    """One or two low oscillators behind a filter that closes quickly."""
    patch.oscillator(
        1, "classic", octave=-1, shape=pick(rng, -1, 0.2), width=pick(rng, 0.3, 0.5), sub=grade
    )
    if grade > 0.3:
        patch.oscillator(2, "sine", octave=-2, level=0.5)
    if grade > 0.6:
        patch.oscillator(3, "classic", octave=-1, level=0.6, pitch=pick(rng, 0.05, 0.2))
    kind = ("lp24", "ladder", "vintage", "k35")[int(rng.integers(4))]
    patch.filter(1, kind, pick(rng, 90, 250), pick(rng, 0.2, 0.6), envelope=pick(rng, 20, 44))
    patch.envelope(1, 0.004, pick(rng, 0.6, 2.0), pick(rng, 0.3, 0.8), 0.12)
    patch.envelope(2, 0, pick(rng, 0.12, 0.6), pick(rng, 0, 0.3), 0.15)
    patch.set(ws_type=WAVESHAPERS["soft"], ws_drive=12 * grade, vca_level=-3 * grade)
    patch.modulate("filter1_cutoff", "velocity", pick(rng, 4, 16))


def lead(patch: Patch, grade: float, rng: Random) -> None:
    """Bright oscillators in unison with late vibrato."""
    voices = 1 + 2 * round(3 * grade)
    if rng.random() < 0.5:
        patch.oscillator(1, "modern", voices=voices, detune=pick(rng, 0.1, 0.3), pulse=grade - 0.5)
    else:
        sync = pick(rng, 7, 24) * grade
        patch.oscillator(1, "classic", voices=voices, detune=pick(rng, 0.1, 0.25), sync=sync)
    patch.oscillator(2, "classic", octave=int(rng.integers(-1, 2)), level=0.4, shape=-1)
    patch.set(fb_config=WIDE)
    patch.filter(1, "lp12", pick(rng, 1200, 4000), pick(rng, 0, 0.4), envelope=pick(rng, 6, 24))
    patch.envelope(1, pick(rng, 0.006, 0.05), 1.0, pick(rng, 0.7, 1.0), pick(rng, 0.1, 0.4))
    patch.envelope(2, pick(rng, 0.01, 0.1), pick(rng, 0.3, 1.0), pick(rng, 0.2, 0.7), 0.3)
    patch.lfo(0, "sine", pick(rng, 4.5, 6.5), attack_s=0.8, delay_s=0.4)
    patch.set(pitch=0.0)
    patch.modulate("pitch", "lfo0", pick(rng, 0.1, 0.3))


def pad(patch: Patch, grade: float, rng: Random) -> None:
    """Slow, wide and moving."""
    patch.oscillator(1, "classic", voices=5, detune=pick(rng, 0.1, 0.3), width=0.4)
    patch.oscillator(2, "modern", level=0.7, octave=int(rng.integers(-1, 2)), voices=3)
    if grade > 0.5:
        patch.oscillator(3, "sine", level=0.4, octave=1, shape=int(rng.integers(0, 8)))
    patch.set(fb_config=WIDE, drift=0.3)
    kind = ("lp12", "lp24", "obxd24", "bp12")[int(rng.integers(4))]
    patch.filter(1, kind, pick(rng, 500, 1500), pick(rng, 0, 0.3), envelope=pick(rng, 6, 18))
    patch.filter(2, "hp12", pick(rng, 60, 160))
    patch.envelope(1, pick(rng, 0.4, 1.2), 2.0, pick(rng, 0.7, 1.0), pick(rng, 0.6, 1.5))
    patch.envelope(2, pick(rng, 0.8, 2.0), 2.0, pick(rng, 0.3, 0.8), 1.0)
    patch.lfo(0, "triangle", pick(rng, 0.2, 0.7))
    patch.modulate("filter1_cutoff", "lfo0", 3 + 9 * grade)
    patch.lfo(6, "sine", pick(rng, 0.3, 1.0))
    patch.modulate("osc1_param1", "scene_lfo0", 0.3)


def pluck(patch: Patch, grade: float, rng: Random) -> None:
    """Strings and short filtered waves."""
    decay = pick(rng, 0.25, 1.2)
    if rng.random() < 0.6:
        patch.oscillator(
            1,
            "string",
            exciter=int(rng.integers(0, 5)),
            decay1=pick(rng, 0.9, 0.98),
            decay2=pick(rng, 0.9, 0.98),
            detune=0.02 + 0.1 * grade,
            stiffness=pick(rng, -0.4, 0.4),
            flags={"level": 'deform_type="34"', "stiffness": 'deform_type="64"'},
        )
        patch.envelope(1, 0, 4.0, 1.0, pick(rng, 0.1, 0.4))
    else:
        patch.oscillator(1, "classic", shape=pick(rng, -1, 0), width=pick(rng, 0.1, 0.5))
        patch.envelope(1, 0, decay, 0.0, decay / 2)
    patch.oscillator(2, "sine", level=0.3 * grade + 0.02, octave=1)
    patch.filter(1, "lp24", pick(rng, 300, 900), pick(rng, 0.1, 0.5), envelope=pick(rng, 24, 48))
    patch.envelope(2, 0, pick(rng, 0.15, 0.6), 0.05, 0.2)
    patch.modulate("filter1_cutoff", "velocity", pick(rng, 6, 18))


def keys(patch: Patch, grade: float, rng: Random) -> None:
    """Two-operator FM with a tine that fades."""
    ratio = int(rng.choice([1, 2, 3, 7, 11, 14]))
    patch.oscillator(
        1, "fm2", m1=0.1 + 0.35 * grade, ratio1=1, m2=pick(rng, 0.05, 0.25), ratio2=ratio
    )
    patch.envelope(1, 0, pick(rng, 1.5, 4.0), 0.0, pick(rng, 0.15, 0.5))
    patch.lfo(0, "envelope", decay_s=pick(rng, 0.2, 0.9), sustain=0.0)
    patch.modulate("osc1_param2", "lfo0", pick(rng, 0.1, 0.3))
    patch.modulate("osc1_param0", "velocity", 0.15)
    if grade > 0.4:
        patch.oscillator(2, "sine", level=0.3, octave=1 if rng.random() < 0.5 else -1)
    patch.set(fb_config=WIDE)
    patch.lfo(1, "sine", pick(rng, 3, 6))
    patch.set(pan=0.0, volume=0.85)
    patch.modulate("volume", "lfo1", 0.08 * grade)


def bell(patch: Patch, grade: float, rng: Random) -> None:
    """Three-operator FM and ring modulation at ratios that are no harmonics."""
    if rng.random() < 0.5:
        patch.oscillator(
            1,
            "fm3",
            m1=pick(rng, 0.15, 0.4),
            ratio1=pick(rng, 1.2, 3.7),
            m2=0.2 * grade,
            ratio2=pick(rng, 3.2, 7.9),
            feedback=0.1,
        )
    else:
        patch.oscillator(1, "sine", level=0.3)
        patch.oscillator(2, "sine", level=0.05, pitch=pick(rng, 3, 6.9), octave=1)
        patch.set(mute_ring12=0, level_ring12=1.0)
    patch.oscillator(3, "sine", level=0.25, octave=2, pitch=pick(rng, -0.1, 0.1))
    patch.envelope(1, 0, pick(rng, 2.0, 5.0), 0.0, pick(rng, 0.8, 2.0))
    patch.set(env1_decay_shape=1)
    patch.filter(1, "lp12", pick(rng, 5000, 9000), 0.0)


def wavetable(patch: Patch, grade: float, rng: Random) -> None:
    """Tables that an LFO, an envelope or a curve scans."""
    tables = (opening_table, formant_table, hollow_table, bell_table, fold_table)
    table = tables[int(rng.integers(len(tables)))]()
    kind = "window" if rng.random() < 0.4 else "wavetable"
    flags = {"morph": 'extend_range="1" deform_type="1"'}
    patch.oscillator(1, kind, morph=0.5, voices=1 + 2 * int(grade > 0.5), flags=flags)
    patch.wavetable(1, table)
    patch.set(fb_config=WIDE)
    mode = ("triangle", "envelope", "mseg")[int(rng.integers(3))]
    patch.lfo(0, mode, pick(rng, 0.3, 2.0), decay_s=pick(rng, 0.5, 2.5), sustain=0.1)
    if mode == "mseg":
        points = [(0.5, -1.0, "linear"), (0.75, 1.0, "s-curve"), (0.5, 0.2, "linear")]
        patch.mseg(0, points, -1.0)
    patch.modulate("osc1_param0", "lfo0", pick(rng, 0.25, 0.5))
    patch.filter(1, "lp12", pick(rng, 2500, 9000), pick(rng, 0, 0.3), envelope=12 * grade)
    patch.envelope(1, pick(rng, 0.005, 0.3), 1.5, pick(rng, 0.5, 1.0), pick(rng, 0.2, 0.8))
    patch.envelope(2, 0, pick(rng, 0.4, 1.5), 0.2, 0.5)


def noise(patch: Patch, grade: float, rng: Random) -> None:
    """Wind, surf, hats and tuned noise."""
    patch.set(mute_noise=0, level_noise=amplitude(pick(rng, 0.3, 1.0)), mute_o1=1)
    patch.set(noisecol=pick(rng, -0.8, 0.8), fb_config=WIDE)
    if grade > 0.5:
        correlation = pick(rng, -0.6, 0.6)
        patch.oscillator(1, "sample_hold", correlation=correlation, level=0.5, octave=1)
    if rng.random() < 0.4:
        patch.envelope(1, 0, pick(rng, 0.08, 0.5), 0.0, 0.1)
        patch.filter(1, "hp12", pick(rng, 800, 5000), 0.2)
    else:
        patch.envelope(1, pick(rng, 0.1, 1.0), 1.0, 0.9, pick(rng, 0.3, 0.9))
        patch.filter(1, "bp12", pick(rng, 300, 2500), pick(rng, 0.5, 0.85), keytrack=0.5)
    patch.lfo(0, "noise", pick(rng, 0.5, 4.0), deform=pick(rng, -0.3, 0.6))
    patch.modulate("filter1_cutoff", "lfo0", pick(rng, 6, 20))
    if grade > 0.7:
        patch.filter(2, "comb", 261.6, pick(rng, 0.6, 0.9), subtype=1)


def sequence(patch: Patch, grade: float, rng: Random) -> None:
    """Patterns of the step sequencer, and gates."""
    if rng.random() < 0.5:
        patch.oscillator(1, "classic", shape=pick(rng, -1, 0.5), octave=-1)
    else:
        patch.oscillator(1, "alias", wave=17, octave=-1, bitcrush=8 - 4 * grade)
        patch.partials(1, [1 / (i + 1) ** pick(rng, 0.6, 1.6) for i in range(16)])
    patch.oscillator(2, "modern", level=0.5, voices=1 + 2 * int(grade > 0.6))
    length = int(rng.choice([4, 6, 8, 16]))
    patch.lfo(0, "steps", float(rng.choice([2.0, 4.0, 8.0])), deform=pick(rng, 0, 0.4))
    patch.steps(0, [float(x) for x in rng.uniform(-1, 1, length)])
    patch.filter(1, "diode" if grade > 0.5 else "lp24", pick(rng, 400, 900), pick(rng, 0.3, 0.6))
    patch.modulate("filter1_cutoff", "lfo0", pick(rng, 12, 30))
    patch.lfo(1, "square", float(rng.choice([2.0, 4.0])), unipolar=True)
    patch.set(vca_level=0.0)
    patch.modulate("vca_level", "lfo1", -12 * grade)
    patch.envelope(1, 0.005, 1.0, 0.9, 0.2)
    patch.set(ws_type=WAVESHAPERS["asymmetric"], ws_drive=9 * grade)


FAMILIES: dict[str, Callable[[Patch, float, Random], None]] = {
    "Bass": bass,
    "Lead": lead,
    "Pad": pad,
    "Pluck": pluck,
    "Keys": keys,
    "Bell": bell,
    "Wavetable": wavetable,
    "Noise": noise,
    "Sequence": sequence,
}


def make_patches() -> dict[str, bytes]:
    """File name → content of every patch."""
    files = {}
    for f, (family, recipe) in enumerate(FAMILIES.items()):
        for i in range(SOUNDS_PER_FAMILY):
            patch = Patch(f"{family} {i + 1}", family)
            recipe(patch, i / (SOUNDS_PER_FAMILY - 1), np.random.default_rng([SEED, f, i]))
            files[f"{family.lower()}_{i + 1}.fxp"] = patch.file()
    return files


def main() -> None:
    """Writes the patches."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUTPUT)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    files = make_patches()
    for name, content in files.items():
        (out / name).write_bytes(content)
    print(f"{len(files)} patches, {sum(map(len, files.values()))} bytes, in {out}")


if __name__ == "__main__":
    main()
