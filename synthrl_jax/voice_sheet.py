"""A DX7 voice on paper: its algorithm drawn, its operators in a table, its envelopes as curves."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthrl_jax import presets, render
from synthrl_jax.synths import dx7

_ENVELOPE_WIDTH, _ENVELOPE_HEIGHT = 120.0, 36.0
_BOX, _GAP = 34, 18

_ALGORITHM_BYTE = 134
_LFO_WAVES = ("triangle", "saw down", "saw up", "square", "sine", "sample & hold")


@dataclasses.dataclass(frozen=True)
class Algorithm:
    """How the operators are wired.

    Attributes:
      carriers: operators that are heard.
      modulates: operator → the operators whose phase it modulates.
      feedback: operator that feeds back.
    """

    carriers: tuple[int, ...]
    modulates: dict[int, tuple[int, ...]]
    feedback: int


def carriers(voice: NDArray[np.uint8]) -> tuple[int, ...]:
    """Operators of a packed voice [128] that are heard."""
    return algorithms()[render.unpack_voices(voice[None])[0, _ALGORITHM_BYTE]].carriers


@functools.cache
def algorithms() -> list[Algorithm]:
    """The 32 algorithms, followed through the engine's own routing table."""
    return [_follow(routes) for routes in render.native_algorithms()]


def _follow(routes: Sequence[render.Route]) -> Algorithm:
    """Who modulates whom, from operators that read and write buses in order, 6 to 1."""
    carriers: list[int] = []
    modulates: dict[int, tuple[int, ...]] = {}
    feedback = 0
    on_bus: dict[int, list[int]] = {1: [], 2: []}
    for number, route in zip(range(6, 0, -1), routes, strict=True):
        for modulator in on_bus.get(route.input, []):
            modulates[modulator] = (number, *modulates.get(modulator, ()))
        if route.feeds_back:
            feedback = number
        if route.output == 0:
            carriers.insert(0, number)
        else:
            kept = on_bus[route.output] if route.adds else []
            on_bus[route.output] = [*kept, number]
    return Algorithm(tuple(carriers), modulates, feedback)


@dataclasses.dataclass(frozen=True)
class OperatorRow:
    """One operator as the sheet shows it."""

    number: int
    carrier: bool
    frequency: str
    detune: int
    level: int
    rates: tuple[int, ...]
    levels: tuple[int, ...]
    velocity: int
    rate_scaling: int
    envelope: str


@dataclasses.dataclass(frozen=True)
class VoiceSheet:
    """Everything the page prints of a voice.

    Attributes:
      name: of the voice.
      algorithm: 1 to 32.
      drawing: SVG of the algorithm.
      operators: 1 to 6.
      globals: label → value.
    """

    name: str
    algorithm: int
    drawing: str
    operators: list[OperatorRow]
    globals: dict[str, str]


def voice_sheet(voice: NDArray[np.uint8]) -> VoiceSheet:
    """The sheet of a packed voice [128]."""
    values = presets.to_values(voice[None])[0]
    integers = {
        p.name: round(float(v) * (p.num_steps - 1))
        for p, v in zip(dx7.SPEC.params, values, strict=True)
        if p.num_steps
    }
    algorithm = integers["ALGORITHM"] + 1
    return VoiceSheet(
        name=presets.voice_name(voice),
        algorithm=algorithm,
        drawing=algorithm_svg(algorithm),
        operators=[_operator(number, integers, algorithm) for number in range(1, 7)],
        globals={
            "feedback": str(integers["FEEDBACK"]),
            "oscillator key sync": "on" if integers["OSC KEY SYNC"] else "off",
            "LFO": f"{_LFO_WAVES[integers['LFO WAVE']]}, speed {integers['LFO SPEED']}, "
            f"delay {integers['LFO DELAY']}, key sync "
            + ("on" if integers["LFO KEY SYNC"] else "off"),
            "LFO depth": f"pitch {integers['LFO PM DEPTH']} × sensitivity "
            f"{integers['P MODE SENS.']}, amplitude {integers['LFO AM DEPTH']}",
            "pitch EG rates": _four(integers, "PITCH EG RATE"),
            "pitch EG levels": _four(integers, "PITCH EG LEVEL"),
        },
    )


def _four(integers: dict[str, int], prefix: str) -> str:
    return " ".join(str(integers[f"{prefix} {i}"]) for i in range(1, 5))


def _operator(number: int, integers: dict[str, int], algorithm: int) -> OperatorRow:
    def of(field: str) -> int:
        return integers[f"OP{number} {field}"]

    rates = tuple(of(f"EG RATE {i}") for i in range(1, 5))
    levels = tuple(of(f"EG LEVEL {i}") for i in range(1, 5))
    return OperatorRow(
        number=number,
        carrier=number in algorithms()[algorithm - 1].carriers,
        frequency=_frequency(of("MODE"), of("F COARSE"), of("F FINE")),
        detune=of("OSC DETUNE") - 7,
        level=of("OUTPUT LEVEL"),
        rates=rates,
        levels=levels,
        velocity=of("KEY VELOCITY"),
        rate_scaling=of("RATE SCALING"),
        envelope=envelope_svg(rates, levels),
    )


def _frequency(mode: int, coarse: int, fine: int) -> str:
    """As the DX7 shows it: a ratio to the key, or a fixed frequency."""
    if mode:
        return f"{10 ** (coarse % 4 + fine / 100):.4g} Hz"
    return f"× {(coarse or 0.5) * (1 + fine / 100):.4g}"


def envelope_svg(rates: Sequence[int], levels: Sequence[int]) -> str:
    """A sketch of a four-stage envelope: slower stages are drawn wider."""
    widths = np.array([1.0 + (99 - rate) / 20.0 for rate in rates])
    # Attack, two decays, a stretch of sustain, release.
    steps = np.concatenate([[0.0], widths[:3], [2.0], widths[3:]]).cumsum()
    heights = [levels[3], *levels[:3], levels[2], levels[3]]
    x = steps / steps[-1] * _ENVELOPE_WIDTH
    y = _ENVELOPE_HEIGHT * (1 - np.array(heights) / 99.0) + 2
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return (
        f'<svg viewBox="0 0 {_ENVELOPE_WIDTH:g} {_ENVELOPE_HEIGHT + 4:g}" width="120" height="40" '
        f'role="img" aria-label="envelope"><polyline points="{points}" fill="none" '
        'stroke="currentColor" stroke-width="1.5"/></svg>'
    )


def _layout(algorithm: int) -> dict[int, tuple[float, int]]:
    """Operator → (column, height above the carriers); modulators stand above what they modulate."""
    wiring = algorithms()[algorithm - 1]
    modulates = wiring.modulates
    height = dict.fromkeys(wiring.carriers, 0)
    for number in range(1, 7):
        if number in modulates:
            height[number] = 1 + max(height[target] for target in modulates[number])
    column: dict[int, float] = {}
    next_free = 0.0

    def place(number: int) -> float:
        """Puts the operators above `number` side by side and `number` below their middle."""
        nonlocal next_free
        above = [m for m in modulates if modulates[m][0] == number]
        if above:
            places = [place(m) for m in above]
            column[number] = (places[0] + places[-1]) / 2
        else:
            column[number] = next_free
            next_free += 1
        return column[number]

    for carrier in wiring.carriers:
        place(carrier)
    return {number: (column[number], height[number]) for number in range(1, 7)}


def algorithm_svg(algorithm: int) -> str:
    """Drawing of an algorithm, 1 to 32: carriers in the bottom row, feedback as a loop."""
    wiring = algorithms()[algorithm - 1]
    place = _layout(algorithm)
    top = max(height for _, height in place.values())
    pitch = _BOX + _GAP

    def corner(number: int) -> tuple[float, float]:
        column, height = place[number]
        return _GAP + column * pitch, _GAP + (top - height) * pitch

    parts = []
    for modulator, targets in wiring.modulates.items():
        x0, y0 = corner(modulator)
        for target in targets:
            x1, y1 = corner(target)
            parts.append(
                f'<line x1="{x0 + _BOX / 2:g}" y1="{y0 + _BOX}" x2="{x1 + _BOX / 2:g}" y2="{y1}"/>'
            )
    x, y = corner(wiring.feedback)
    parts.append(
        f'<path d="M {x + _BOX / 2:g} {y} v -8 h {_BOX / 2 + 8:g} v {_BOX + 16} '
        f'h {-_BOX / 2 - 8:g} v -8" stroke-dasharray="3 2"/>'
    )
    for number in range(1, 7):
        x, y = corner(number)
        fill = "currentColor" if number in wiring.carriers else "none"
        parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{_BOX}" height="{_BOX}" rx="4" fill="{fill}" '
            f'fill-opacity="0.2"/><text x="{x + _BOX / 2:g}" y="{y + _BOX / 2 + 5:g}" '
            f'text-anchor="middle" stroke="none" fill="currentColor">{number}</text>'
        )
    width = 2 * _GAP + pitch * (1 + max(column for column, _ in place.values()))
    height = 2 * _GAP + pitch * (top + 1)
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'role="img" aria-label="algorithm {algorithm}" fill="none" stroke="currentColor" '
        f'stroke-width="1.5" font-size="15">{"".join(parts)}</svg>'
    )
