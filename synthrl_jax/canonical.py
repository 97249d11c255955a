"""One voice for all that sound the same: DX7 voices → canonical voices, bit for bit equal in sound.

Many voices are one sound. Operators that stand alike in an algorithm can trade places; algorithms
become the same once silent operators are left out; and much of a voice is not heard at all, from
the envelope of an operator at level 0 to the speed of an LFO that reaches nothing. A learner that
is told to tell such voices apart learns noise. Here each set of equal voices has one member that
stands for it, and `heard_decisions` says what of it there is to learn.

What is equal is equal in the samples as they are computed, for every note, velocity and length; or,
where that is asked for, for one note and velocity, at which more is equal. That rules out what only
nearly holds, and it needs the engine's own rules:

- Buses are sums of integers that wrap, so that their order does not matter.
- An operator is left out of blocks in which its level is under a threshold; level 0 is under it
  unless level scaling raises it, and so are a few small levels and envelopes of small levels.
- Algorithms 4 and 6 with feedback run their loop in one go, in which no threshold applies: there,
  an operator at level 0 still gives the sign of its wave. They stay as they are.
- Algorithm 32 damps its feedback; as no other lets a carrier feed back, that tells nothing apart.
- An amplitude modulation sensitivity of 1 to 3 lowers a level even where the LFO does nothing,
  by as much for each of them.
- Operators of fixed frequency know no pitch modulation.
"""

from __future__ import annotations

import functools
import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthrl_jax import render
from synthrl_jax.synths.dx7 import NUM_OPERATORS, NUMERICAL_CLASSES, SPEC, operator_of

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_SLOT_BYTES = 21
_OPERATOR_BYTES = NUM_OPERATORS * _SLOT_BYTES
_SWITCHES = 155
_SWITCH = _SLOT_BYTES
"""Place of an operator's switch after its own bytes."""

# Places in the bytes of an operator.
_RATES = slice(0, 4)
_LEVELS = slice(4, 8)
_BREAK_POINT = 8
_DEPTHS = slice(9, 11)
_CURVES = slice(11, 13)
_RATE_SCALING = 13
_AMP_SENSITIVITY = 14
_KEY_VELOCITY = 15
_OUTPUT_LEVEL = 16
_MODE = 17
_COARSE = 18
_FINE = 19
_DETUNE = 20

# Places in a voice.
_PITCH_RATES = slice(126, 130)
_PITCH_LEVELS = slice(130, 134)
_ALGORITHM = 134
_FEEDBACK = 135
_OSC_KEY_SYNC = 136
_LFO_SPEED = 137
_LFO_DELAY = 138
_PITCH_DEPTH = 139
_AMP_DEPTH = 140
_LFO_KEY_SYNC = 141
_LFO_WAVE = 142
_PITCH_SENSITIVITY = 143
_TRANSPOSE = 144
_LFO = [_LFO_SPEED, _LFO_DELAY, _LFO_KEY_SYNC, _LFO_WAVE]

_HIGHEST_KEY = 127
_MIDDLE_TRANSPOSE = 24
_FULL_LEVEL = 127
_MIN_TARGET = 16
_TARGET_OFFSET = 4256
_AUDIBLE_TARGET = 25
"""Target of an envelope, in 1/256 doublings, from which on an operator is run."""
_MIDDLE_DETUNE = 7
_FIXED_DECADES = 4
_RATE_NONE = 99

_LOOP_LENGTH = {3: 3, 5: 2}
"""Algorithm (from 0) → operators of the loop that its feedback goes around, from OP6 on."""

# Parts of a node's label in a graph of operators.
_SOUNDS, _CARRIER, _FEEDS_BACK, _IN_LOOP = 1, 2, 4, 8

_LEVEL_STEPS = np.concatenate(
    [
        [0, 5, 9, 13, 17, 20, 23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 42, 43, 45, 46],
        np.arange(48, 128),
    ]
)
"""[100] level or output level → 0 … 127."""
_EXPONENTIAL = np.array(
    [
        *(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 14, 16, 19, 23, 27, 33, 39, 47, 56, 66, 80, 94, 110),
        *(126, 142, 158, 174, 190, 206, 222, 238, 250),
    ]
)
"""[33] exponential level scaling by groups of three keys."""
_PITCH_RATE = np.array(
    [
        *(1, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14),
        *(15, 16, 16, 17, 18, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 30, 31, 33, 34, 36, 37),
        *(38, 39, 41, 42, 44, 46, 47, 49, 51, 53, 54, 56, 58, 60, 62, 64, 66, 68, 70, 72, 74, 76),
        *(79, 82, 85, 88, 91, 94, 98, 102, 106, 110, 115, 120, 125, 130, 135, 141, 147, 153, 159),
        *(165, 171, 178, 185, 193, 202, 211, 232, 243, 254, 255),
    ]
)
"""[100] speed of a pitch envelope's stage."""
_VELOCITY = np.array(
    [
        *(0, 70, 86, 97, 106, 114, 121, 126, 132, 138, 142, 148, 152, 156, 160, 163, 166, 170, 173),
        *(174, 178, 181, 184, 186, 189, 190, 194, 196, 198, 200, 202, 205, 206, 209, 211, 214, 216),
        *(218, 220, 222, 224, 225, 227, 229, 230, 232, 233, 235, 237, 238, 240, 241, 242, 243, 244),
        *(246, 246, 248, 249, 250, 251, 252, 253, 254),
    ]
)
"""[64] loudness of pairs of velocities; `_MIDDLE_VELOCITY` changes no level."""
_MIDDLE_VELOCITY = 239

_ORDER = [
    *(_MODE, _COARSE, _FINE, _DETUNE, _AMP_SENSITIVITY, _KEY_VELOCITY, _RATE_SCALING),
    *range(_BREAK_POINT, _RATE_SCALING),
    *range(_BREAK_POINT),
    _SWITCH,
]
"""What decides between operators of one output level."""


# ---- Values that mean the same.


class _Equals(NamedTuple):
    """Settings that mean the same.

    Attributes:
      member: [n] setting that stands for each.
      order: [n] the settings, those that mean the same next to each other.
      first: [n] where in `order` the group of each begins.
      size: [n] of the group of each.
    """

    member: NDArray[np.intp]
    order: NDArray[np.intp]
    first: NDArray[np.intp]
    size: NDArray[np.intp]

    def draw(self, rng: np.random.Generator, settings: NDArray[np.integer]) -> NDArray[np.intp]:
        """A random one of those that mean the same as each of the settings."""
        offset = rng.random(settings.shape) * self.size[settings]
        return self.order[self.first[settings] + offset.astype(np.intp)]


def _equals(meaning: NDArray[np.integer], preference: NDArray[np.integer]) -> _Equals:
    """Groups settings [n] by what they mean [n]; of a group stands the most preferred [n]."""
    order = np.lexsort([-preference, meaning])
    ordered = meaning[order]
    first = np.searchsorted(ordered, meaning)
    size = np.searchsorted(ordered, meaning, side="right") - first
    return _Equals(order[first], order, first, size)


_STEPS = np.arange(100)

_LEVEL_OF_STEP = np.full(128, -1)
_LEVEL_OF_STEP[_LEVEL_STEPS] = _STEPS
"""[128] the inverse of `_LEVEL_STEPS`, -1 for steps that no level has."""

_LEVEL_EQUALS = _equals(_LEVEL_STEPS >> 1, _STEPS)
"""Envelopes use levels in steps of two."""
_RATE_EQUALS = _equals((41 * _STEPS) >> 6, _STEPS)
"""Rates that are as fast; how long a stage lasts that has no way to go differs all the same."""
_RATE_OF_SPEED = _RATE_EQUALS.member[np.searchsorted((41 * _STEPS) >> 6, np.arange(64))]
"""[64] speed → rate."""
_PITCH_RATE_EQUALS = _equals(_PITCH_RATE, _STEPS)


def _frequency_ratios() -> NDArray[np.int64]:
    """[32 · 100] coarse and fine → octaves, Q24, as the engine adds them up."""
    coarse = np.arange(32, dtype=float)
    coarse[0] = 0.5
    fine = np.floor(24204406.323123 * np.log(1.0 + 0.01 * _STEPS) + 0.5)
    return (np.rint(np.log2(coarse) * 2**24)[:, None] + fine).astype(np.int64).reshape(-1)


# Settings that a class of the learner's decision stands for come first: then the action of a
# canonical voice sounds as the action did that the voice was made from. (The other groups are of
# neighbours, which are of one class.) Next come small fine settings, the plain ratios.
_GRID = np.rint(np.arange(NUMERICAL_CLASSES) * 99 / (NUMERICAL_CLASSES - 1))
_RATIO_EQUALS = _equals(
    _frequency_ratios(), np.tile(np.where(np.isin(_STEPS, _GRID), 100, 0) - _STEPS, 32)
)


# ---- Algorithms as graphs.


class _Graphs(NamedTuple):
    """What each algorithm is with some of its operators silent. A is 32, slots are OP6 … OP1.

    The graph of a voice is looked up at [algorithm, whether feedback is on, set of slots that are
    loud enough], the set as a binary number. C graphs differ; each has embeddings into algorithms,
    E in all, of which one is canonical.

    Attributes:
      edges: [A, 6, 6] whether a slot modulates another.
      carrier: [A, 6].
      feedback: [A] slot that feeds back.
      sounds: [A, 2, 64, 6] slots that reach the output.
      graph: [A, 2, 64] number of the graph.
      place: [A, 2, 64, 6] slot of the voice that is put into each slot of the canonical one.
      algorithm: [C] the canonical algorithm.
      feeds_back: [C] whether there is feedback in the graph.
      swaps: [C, G, 6] what may trade places in the canonical algorithm, as the old slot of each.
      first_embedding: [C] where the embeddings of a graph begin.
      num_embeddings: [C].
      embedding_algorithm: [E].
      embedding: [E, 6] slot of the canonical voice in each slot.
    """

    edges: Mask
    carrier: Mask
    feedback: NDArray[np.intp]
    sounds: Mask
    graph: NDArray[np.intp]
    place: NDArray[np.intp]
    algorithm: NDArray[np.uint8]
    feeds_back: Mask
    swaps: NDArray[np.intp]
    first_embedding: NDArray[np.intp]
    num_embeddings: NDArray[np.intp]
    embedding_algorithm: NDArray[np.uint8]
    embedding: NDArray[np.intp]


def _wiring() -> tuple[Mask, Mask, NDArray[np.intp]]:
    """Edges [A, 6, 6], carriers [A, 6] and feedback slots [A] from the engine's routing table."""
    algorithms = render.native_algorithms()
    edges = np.zeros((len(algorithms), NUM_OPERATORS, NUM_OPERATORS), bool)
    carrier = np.zeros(edges.shape[:2], bool)
    feedback = np.zeros(len(algorithms), np.intp)
    for algorithm, routes in enumerate(algorithms):
        on_bus: dict[int, list[int]] = {}
        for slot, route in enumerate(routes):
            edges[algorithm, on_bus.get(route.input, []), slot] = route.input != 0
            kept = on_bus.get(route.output, []) if route.adds else []
            on_bus[route.output] = [*kept, slot]
            carrier[algorithm, slot] = route.output == 0
            if route.feeds_back:
                feedback[algorithm] = slot
    return edges, carrier, feedback


_PERMUTATIONS = np.array(list(itertools.permutations(range(NUM_OPERATORS))), np.intp)


class _Node(NamedTuple):
    """A set of sounding slots of an algorithm, on the way to `_Graphs`.

    Attributes:
      key: the graph, the same for all that are isomorphic.
      orders: [n, 6] the orders of slots in which the graph reads as the key says, which are those
        that its symmetries allow. Silent slots come in ascending order.
      algorithm: from 0.
      sounds: the set, as a binary number.
      feeds_back: whether there is feedback.
    """

    key: int
    orders: NDArray[np.intp]
    algorithm: int
    sounds: int
    feeds_back: bool


def _node(edges: Mask, labels: NDArray[np.int64], algorithm: int, feeds_back: bool) -> _Node:
    """The graph of slots with labels [6]; those labelled 0 are silent."""
    sounds = labels > 0
    inside = (edges & sounds[:, None] & sounds).astype(np.int64)
    permuted = inside[_PERMUTATIONS[:, :, None], _PERMUTATIONS[:, None, :]]
    bits = 1 << np.arange(NUM_OPERATORS**2, dtype=np.int64)
    keys = permuted.reshape(len(_PERMUTATIONS), -1) @ bits
    keys += labels[_PERMUTATIONS] @ (bits[-1] << np.arange(1, 24, 4, dtype=np.int64))
    orders = _PERMUTATIONS[keys == keys.min()]
    silent = ~sounds[orders[0]]
    orders = orders[np.all(np.diff(orders[:, silent], axis=1) > 0, axis=1)]
    return _Node(int(keys.min()), orders, algorithm, int(_as_number(sounds)), feeds_back)


def _as_number(slots: Mask) -> NDArray[np.intp]:
    """[..., 6] sets of slots → [...] binary numbers."""
    return slots @ (1 << np.arange(NUM_OPERATORS))


def _swaps(node: _Node) -> list[NDArray[np.intp]]:
    """What suffices to reach every order that a graph's symmetries allow, pair by pair."""
    back = np.argsort(node.orders[0])
    symmetries = node.orders[:, back]
    identity = np.arange(NUM_OPERATORS)
    pairs = [
        s for s in symmetries if np.array_equal(s[s], identity) and not np.array_equal(s, identity)
    ]
    # One that does a part of another leaves the rest to others.
    return [s for s in pairs if not any(_is_part(part, s) for part in pairs)]


def _is_part(part: NDArray[np.intp], swap: NDArray[np.intp]) -> bool:
    """Whether a swap [6] is another one, and something else besides."""
    moved = part != np.arange(NUM_OPERATORS)
    return not np.array_equal(part, swap) and np.array_equal(part[moved], swap[moved])


@functools.cache
def _graphs() -> _Graphs:
    edges, carrier, feedback = _wiring()
    sets = (np.arange(64)[:, None] >> np.arange(NUM_OPERATORS)) & 1 == 1
    num_algorithms = len(edges)
    sounds = np.zeros((num_algorithms, 2, 64, NUM_OPERATORS), bool)
    nodes: dict[tuple[int, bool, int], _Node] = {}
    node_of: dict[tuple[int, int, int], _Node] = {}
    for algorithm, on, number in itertools.product(range(num_algorithms), range(2), range(64)):
        heard = sets[number].copy()
        loop = _LOOP_LENGTH.get(algorithm, 0) if on and heard[0] else 0
        heard[:loop] = True
        for slot in range(NUM_OPERATORS - 1, -1, -1):
            reaches = carrier[algorithm, slot] or np.any(edges[algorithm, slot] & heard)
            heard[slot] &= reaches
        sounds[algorithm, on, number] = heard
        head = feedback[algorithm]
        feeds_back = bool(on and heard[head])
        key = (algorithm, feeds_back, int(_as_number(heard)))
        if key not in nodes:
            labels = heard * (_SOUNDS + _CARRIER * carrier[algorithm].astype(np.int64))
            if feeds_back:
                labels[head] += _FEEDS_BACK
                labels[:loop] += _IN_LOOP
            nodes[key] = _node(edges[algorithm], labels, algorithm, feeds_back)
        node_of[algorithm, on, number] = nodes[key]

    groups: dict[int, list[_Node]] = {}
    for node in nodes.values():
        groups.setdefault(node.key, []).append(node)
    # The lowest algorithm, and in it the lowest operators.
    chosen = [min(group, key=lambda n: (n.algorithm, -n.sounds)) for group in groups.values()]
    number_of = {node.key: i for i, node in enumerate(chosen)}
    swaps = [_swaps(node) for node in chosen]
    padded = np.tile(np.arange(NUM_OPERATORS), (len(chosen), max(map(len, swaps)), 1))
    for rows, found in zip(padded, swaps, strict=True):
        rows[: len(found)] = np.reshape(found, (-1, NUM_OPERATORS))

    graph = np.zeros(sounds.shape[:3], np.intp)
    place = np.zeros(sounds.shape, np.intp)
    for index, node in node_of.items():
        graph[index] = number_of[node.key]
        place[index][chosen[graph[index]].orders[0]] = node.orders[0]

    embedding_algorithm, embedding, num_embeddings = [], [], []
    for group, target in zip(groups.values(), chosen, strict=True):
        for node in group:
            slots = np.zeros(node.orders.shape, np.intp)
            np.put_along_axis(slots, node.orders, target.orders[:1], axis=1)
            embedding.append(slots)
            embedding_algorithm.append(np.full(len(slots), node.algorithm, np.uint8))
        num_embeddings.append(sum(len(node.orders) for node in group))
    return _Graphs(
        edges=edges,
        carrier=carrier,
        feedback=feedback,
        sounds=sounds,
        graph=graph,
        place=place,
        algorithm=np.array([node.algorithm for node in chosen], np.uint8),
        feeds_back=np.array([node.feeds_back for node in chosen]),
        swaps=padded,
        first_embedding=np.cumsum([0, *num_embeddings[:-1]]),
        num_embeddings=np.array(num_embeddings),
        embedding_algorithm=np.concatenate(embedding_algorithm),
        embedding=np.concatenate(embedding),
    )


# ---- Levels.


class _Loudness(NamedTuple):
    """What an operator's settings make of it over all keys and velocities, each [N, 6].

    Attributes:
      lowest, highest: output level in 1/32 steps.
      scales: [N, 6, 2] whether level scaling does anything on the left and on the right.
    """

    lowest: NDArray[np.int32]
    highest: NDArray[np.int32]
    scales: Mask


def _scaled_levels(ops: Bytes, group: NDArray[np.integer]) -> NDArray[np.integer]:
    """[N, 6, 2] levels 0 … 127 so many groups of keys left and right of the break point."""
    depth = ops[..., _DEPTHS].astype(np.int32)
    curve = ops[..., _CURVES]
    exponential = (_EXPONENTIAL[np.minimum(group, 32)] * depth * 329) >> 15
    scaling = np.where((curve == 1) | (curve == 2), exponential, (group * depth * 329) >> 12)
    level = _LEVEL_STEPS[ops[..., _OUTPUT_LEVEL]][..., None]
    return np.minimum(level + np.where(curve < 2, -scaling, scaling), _FULL_LEVEL)


def _velocity_steps(sensitivity: NDArray[np.integer], velocity: int) -> NDArray[np.integer]:
    """What key velocity adds to levels, in 1/2 steps."""
    loudness = int(_VELOCITY[velocity // 2]) - _MIDDLE_VELOCITY
    return (sensitivity.astype(np.int32) * loudness + 7) >> 3


def _loudness(ops: Bytes) -> _Loudness:
    """Of operators [N, 6, 22], for any note."""
    # Scaling grows with the distance: the ends of the keyboard say all.
    middle = ops[..., _BREAK_POINT].astype(np.int32) + 17
    group = np.stack([(1 + middle) // 3, (_HIGHEST_KEY - middle + 1) // 3], axis=-1)
    scaled = _scaled_levels(ops, group)
    level = _LEVEL_STEPS[ops[..., _OUTPUT_LEVEL]][..., None]
    everywhere = np.concatenate([scaled, level], axis=-1)
    sensitivity = ops[..., _KEY_VELOCITY]
    lowest = 32 * everywhere.min(axis=-1) + 16 * _velocity_steps(sensitivity, 0)
    highest = 32 * everywhere.max(axis=-1) + 16 * _velocity_steps(sensitivity, 127)
    return _Loudness(np.maximum(lowest, 0), np.maximum(highest, 0), scaled != level)


class _Note(NamedTuple):
    """The one note that voices are compared at.

    Attributes:
      key: [N] with transposition.
      velocity: 0 … 127.
    """

    key: NDArray[np.int32]
    velocity: int

    def output_level(self, ops: Bytes) -> NDArray[np.integer]:
        """[N, 6] in 1/32 steps."""
        distance = self.key[:, None] - ops[..., _BREAK_POINT].astype(np.int32) - 17
        group = np.where(distance >= 0, distance + 1, 1 - distance) // 3
        scaled = _scaled_levels(ops, group[..., None])
        level = np.where(distance < 0, scaled[..., 0], scaled[..., 1])
        velocity = _velocity_steps(ops[..., _KEY_VELOCITY], self.velocity)
        return np.maximum(32 * level + 16 * velocity, 0)

    def rate_steps(self, scaling: NDArray[np.integer]) -> NDArray[np.integer]:
        """[N, n] what rate scaling [N or 1, n] adds to the speed of envelopes."""
        position = np.clip(self.key // 3 - 7, 0, 31)[:, None]
        return (scaling.astype(np.int32) * position) >> 3

    def settle_levels(self, ops: Bytes) -> None:
        """Puts the effect of level scaling and velocity into output levels, in place.

        Half steps need a sensitivity; the lowest is taken. A level of the lower steps that cannot
        be had without scaling stays as it is.
        """
        sensitivity = np.arange(8)
        rest = self.output_level(ops)[..., None] - 16 * _velocity_steps(sensitivity, self.velocity)
        step = rest // 32
        level = _LEVEL_OF_STEP[np.clip(step, 0, _FULL_LEVEL)]
        fits = (rest == 32 * np.clip(step, 0, _FULL_LEVEL)) & (level >= 0)
        lowest = np.argmax(fits, axis=-1)
        plain = fits.any(axis=-1)
        level = np.take_along_axis(level, lowest[..., None], axis=-1)[..., 0]
        ops[..., _OUTPUT_LEVEL] = np.where(plain, level, ops[..., _OUTPUT_LEVEL])
        ops[..., _KEY_VELOCITY] = np.where(plain, lowest, ops[..., _KEY_VELOCITY])
        ops[..., _DEPTHS] *= ~plain[..., None]

    def settle_rates(self, ops: Bytes, by_speed: Mask) -> None:
        """Puts the effect of rate scaling into rates, in place.

        Args:
          ops: [N, 6, 22] operators.
          by_speed: [N, 6] which have no stage that is a wait, as waits are scaled in another way.
        """
        steps = self.rate_steps(ops[..., _RATE_SCALING])
        # The lowest of those that do the same.
        every = self.rate_steps(np.arange(8)[None])
        lowest = np.argmax(every[:, None] == steps[..., None], axis=-1)
        rates = ops[..., _RATES]
        speed = np.minimum(((41 * rates.astype(np.int32)) >> 6) + steps[..., None], 63)
        rates[...] = np.where(by_speed[..., None], _RATE_OF_SPEED[speed], rates)
        ops[..., _RATE_SCALING] = np.where(by_speed, 0, lowest)


# ---- Voices.


def _operators(unpacked: Bytes) -> Bytes:
    """[N, 6, 22] the bytes of each slot and its switch."""
    ops = unpacked[:, :_OPERATOR_BYTES].reshape(-1, NUM_OPERATORS, _SLOT_BYTES)
    switch = (unpacked[:, _SWITCHES, None] >> np.arange(NUM_OPERATORS)) & 1
    return np.concatenate([ops, switch[..., None].astype(np.uint8)], axis=-1)


def _with_operators(unpacked: Bytes, ops: Bytes) -> Bytes:
    """[N, 156] copies of voices with other operators [N, 6, 22]."""
    voices = unpacked.copy()
    voices[:, :_OPERATOR_BYTES] = ops[..., :_SWITCH].reshape(-1, _OPERATOR_BYTES)
    voices[:, _SWITCHES] = _as_number(ops[..., _SWITCH] == 1)
    return voices


@functools.cache
def _defaults() -> Bytes:
    """[156] what is put for what is not heard."""
    voice = render.unpacked_from_values(SPEC.default_values[None])[0]
    # As every render begins with phases of 0.
    voice[_OSC_KEY_SYNC] = 1
    return voice


@functools.cache
def _silent_operator() -> Bytes:
    """[22] an operator that is turned down."""
    operator = _operators(_defaults()[None])[0, 0]
    operator[_OUTPUT_LEVEL] = 0
    return operator


class _Found(NamedTuple):
    """Canonical voices and what was found out about them; slots are those of the result.

    Attributes:
      voices: [N, 156].
      graph: [N] number of the graph.
      sounds: [N, 6] slots that reach the output.
      heard: [N, 156] bytes that can change the sound.
    """

    voices: Bytes
    graph: NDArray[np.intp]
    sounds: Mask
    heard: Mask


def _find(unpacked: Bytes, note: _Note | None = None) -> _Found:
    graphs = _graphs()
    ops = _operators(unpacked)
    if note is not None:
        note.settle_levels(ops)
    loudness = _loudness(ops)
    if note is not None:
        level = note.output_level(ops)
        loudness = loudness._replace(lowest=level, highest=level)
    tallest = _LEVEL_STEPS[ops[..., _LEVELS]].max(axis=-1) >> 1
    target = 64 * tallest + loudness.highest - _TARGET_OFFSET
    loud = (target >= _AUDIBLE_TARGET) & (ops[..., _SWITCH] == 1)
    wired = (
        unpacked[:, _ALGORITHM],
        (unpacked[:, _FEEDBACK] > 0).astype(np.intp),
        _as_number(loud),
    )
    sounds, graph = graphs.sounds[wired], graphs.graph[wired]

    voices = unpacked.copy()
    heard = np.ones(voices.shape, bool)
    _settle_modulation(voices, heard, ops, sounds)
    ops, heard_ops = _settle_operators(ops, loudness, voices[:, _AMP_DEPTH] > 0, note)
    ops = np.where(sounds[..., None], ops, _silent_operator())

    voices[:, _ALGORITHM] = graphs.algorithm[graph]
    voices[:, _FEEDBACK] *= graphs.feeds_back[graph]
    place = graphs.place[wired]
    place = np.take_along_axis(place, _order(ops, place, graph), axis=1)
    rows = np.arange(len(ops))[:, None]
    ops, heard_ops, sounds = ops[rows, place], heard_ops[rows, place], sounds[rows, place]
    algorithm = graphs.algorithm[graph]
    reaches = graphs.carrier[algorithm] | np.any(
        graphs.edges[algorithm] & sounds[:, None, :], axis=-1
    )
    heard[:, _FEEDBACK] = sounds[rows[:, 0], graphs.feedback[algorithm]]
    # Level scaling, too, would make a silent operator heard.
    heard_ops &= sounds[..., None]
    heard_ops[..., _OUTPUT_LEVEL] = reaches
    heard_ops[..., _DEPTHS] |= reaches[..., None]
    heard[:, :_OPERATOR_BYTES] = heard_ops[..., :_SWITCH].reshape(len(ops), -1)
    return _Found(_with_operators(voices, ops), graph, sounds, heard)


def _settle_modulation(voices: Bytes, heard: Mask, ops: Bytes, sounds: Mask) -> None:
    """Settles pitch envelope and LFO, in place."""
    default = _defaults()

    def leave_out(where: Mask, places: int | slice | list[int]) -> None:
        rows = np.flatnonzero(where)[:, None]
        columns = np.arange(voices.shape[1])[places]
        voices[rows, columns] = default[columns]
        heard[rows, columns] = False

    leave_out(np.ones(len(voices), bool), _OSC_KEY_SYNC)
    has_pitch = np.any(sounds & (ops[..., _MODE] == 0), axis=1)
    bends = has_pitch & (voices[:, _PITCH_DEPTH] > 0) & (voices[:, _PITCH_SENSITIVITY] > 0)
    voices[~bends, _PITCH_DEPTH] = 0
    leave_out(~bends, _PITCH_SENSITIVITY)
    leave_out(~has_pitch, _PITCH_DEPTH)
    has_sensitivity = np.any(sounds & (ops[..., _AMP_SENSITIVITY] > 0), axis=1)
    leave_out(~has_sensitivity, _AMP_DEPTH)
    leave_out(~bends & (voices[:, _AMP_DEPTH] == 0), _LFO)

    leave_out(~has_pitch, _PITCH_LEVELS)
    levels = voices[:, _PITCH_LEVELS]
    voices[:, _PITCH_RATES] = _PITCH_RATE_EQUALS.member[voices[:, _PITCH_RATES]]
    # The envelope begins at its last level. A stage without a way to go takes one block.
    stays = levels == np.roll(levels, 1, axis=1)
    stays[:, 3] = np.all(stays, axis=1)
    first_rate = _PITCH_RATES.start
    for stage in range(4):
        leave_out(stays[:, stage], first_rate + stage)


def _settle_operators(
    ops: Bytes, loudness: _Loudness, lfo_is_on: Mask, note: _Note | None
) -> tuple[Bytes, Mask]:
    """Operators [N, 6, 22] with settings that mean the same brought to one, and what is heard."""
    ops = ops.copy()
    heard = np.ones(ops.shape, bool)
    default = _silent_operator()

    def leave_out(where: Mask, place: int) -> None:
        ops[..., place] = np.where(where, default[place], ops[..., place])
        heard[..., place] &= ~where

    scales = loudness.scales & (ops[..., _DEPTHS] > 0)
    for side in range(2):
        ops[..., _DEPTHS.start + side] *= scales[..., side]
        leave_out(~scales[..., side], _CURVES.start + side)
    leave_out(~(scales[..., 0] | scales[..., 1]), _BREAK_POINT)
    sensitivity = ops[..., _AMP_SENSITIVITY]
    ops[..., _AMP_SENSITIVITY] = np.where(
        lfo_is_on[:, None], sensitivity, np.minimum(sensitivity, 1)
    )
    _settle_frequency(ops)
    _settle_envelope(ops, heard, loudness, note)
    if note is not None and not np.any(_velocity_steps(np.arange(8), note.velocity)):
        leave_out(np.ones(ops.shape[:2], bool), _KEY_VELOCITY)
    return ops, heard


def _settle_frequency(ops: Bytes) -> None:
    fixed = ops[..., _MODE] == 1
    coarse, fine = ops[..., _COARSE], ops[..., _FINE]
    ratio = _RATIO_EQUALS.member[100 * coarse.astype(np.intp) + fine]
    ops[..., _COARSE] = np.where(fixed, coarse % _FIXED_DECADES, ratio // 100)
    ops[..., _FINE] = np.where(fixed, fine, ratio % 100)
    # Only upwards can a fixed frequency be detuned.
    detune = ops[..., _DETUNE]
    ops[..., _DETUNE] = np.where(fixed, np.maximum(detune, _MIDDLE_DETUNE), detune)


def _settle_envelope(ops: Bytes, heard: Mask, loudness: _Loudness, note: _Note | None) -> None:
    levels = ops[..., _LEVELS]
    height = 64 * (_LEVEL_STEPS[levels] >> 1) - _TARGET_OFFSET
    nothing = height + loudness.highest[..., None] <= _MIN_TARGET
    # A first level of 0 is a wait instead.
    nothing[..., 0] &= levels[..., 0] == 0
    levels[...] = np.where(nothing, 0, _LEVEL_EQUALS.member[levels])
    height = 64 * (_LEVEL_STEPS[levels] >> 1) - _TARGET_OFFSET
    floor = np.maximum(height + loudness.lowest[..., None], _MIN_TARGET)
    stays = height[..., 1:] == height[..., :-1]
    moves = floor[..., 1:] != floor[..., :-1]

    rates = ops[..., _RATES]
    # How long a stage lasts that stays at its level is not heard if the next does, too.
    unheard = np.zeros(rates.shape, bool)
    unheard[..., 2] = stays[..., 1]
    unheard[..., 1] = stays[..., 0] & stays[..., 1]
    # Stages with a way to go know rates by their speed alone.
    by_speed = np.ones(rates.shape, bool)
    by_speed[..., 0] = levels[..., 0] > 0
    by_speed[..., 1:3] = moves[..., :2]
    rates[...] = np.where(by_speed, _RATE_EQUALS.member[rates], rates)
    if note is not None:
        note.settle_rates(ops, np.all(by_speed | unheard, axis=-1))
    rates[...] = np.where(unheard, _RATE_NONE, rates)
    heard[..., _RATES] &= ~unheard
    # The fastest cannot be scaled.
    unscaled = np.all(rates == _RATE_NONE, axis=-1)
    if note is not None:
        unscaled |= note.rate_steps(np.array([[7]])) == 0
    ops[..., _RATE_SCALING] *= ~unscaled
    heard[..., _RATE_SCALING] &= ~unscaled


def _ranks(ops: Bytes) -> NDArray[np.intp]:
    """[N, 6] place of each operator among the six, from 0; equal ones share theirs."""
    louder_first = 99 - ops[..., [_OUTPUT_LEVEL]]
    key = np.concatenate([louder_first, ops[..., _ORDER]], axis=-1)
    padding = np.zeros((*key.shape[:-1], -key.shape[-1] % 8), np.uint8)
    words = np.concatenate([key, padding], axis=-1).view(">u8").astype(np.uint64)
    less = np.zeros((*words.shape[:2], NUM_OPERATORS), bool)
    for word in range(words.shape[-1] - 1, -1, -1):
        here, other = words[..., word][:, :, None], words[..., word][:, None, :]
        less = (other < here) | ((other == here) & less)
    return np.sum(less, axis=-1)


def _order(ops: Bytes, place: NDArray[np.intp], graph: NDArray[np.intp]) -> NDArray[np.intp]:
    """[N, 6] which slot of `place` goes to each slot so that operators are in canonical order.

    Of the orders that the symmetries allow it is the one with the first operator as OP1, if several
    are as good, the first as OP2, and so on.
    """
    swaps = _graphs().swaps[graph]
    weight = NUM_OPERATORS ** np.arange(NUM_OPERATORS)
    ranks = np.take_along_axis(_ranks(ops), place, axis=1)
    order = np.tile(np.arange(NUM_OPERATORS), (len(ops), 1))
    score = ranks @ weight
    improved = True
    while improved:
        improved = False
        for swap in np.moveaxis(swaps, 1, 0):
            swapped = np.take_along_axis(ranks, swap, axis=1)
            new_score = swapped @ weight
            better = new_score < score
            if better.any():
                improved = True
                ranks = np.where(better[:, None], swapped, ranks)
                order = np.where(better[:, None], np.take_along_axis(order, swap, axis=1), order)
                score = np.where(better, new_score, score)
    return order


# ---- For callers.


def canonical_unpacked(unpacked: Bytes, at: tuple[int, int] | None = None) -> Bytes:
    """Canonical voices of voices with one byte per parameter, [N, 156]; names are kept.

    For `at` see `canonical_values`.
    """
    return _find(unpacked, _note(unpacked, at)).voices


def canonical_voices(packed: Bytes, at: tuple[int, int] | None = None) -> Bytes:
    """Canonical voices of packed voices, [N, 128]; names are kept.

    For `at` see `canonical_values`.
    """
    return render.pack_voices(canonical_unpacked(render.unpack_voices(packed), at))


def canonical_values(
    values: NDArray[np.floating], at: tuple[int, int] | None = None
) -> NDArray[np.float32]:
    """The preset that stands for all that sound the same.

    Args:
      values: [N, V] plugin values in [0, 1]. Filter, output, tuning and transposition are kept.
      at: MIDI key and velocity of the only note that voices are compared at. Level scaling, key
        velocity and rate scaling then become output levels and rates as far as those can express
        them. None compares them at every note.

    Returns:
      [N, V] float32, the same bits of sound for any note, velocity and length, or any length of the
      one note. Operators are where the lowest algorithm of the same wiring has them, the louder
      ones of those that could trade places on lower numbers, then those of lower frequency. What
      is not heard is as in the spec's default, and operators that are not heard have level 0.

    Raises:
      ValueError: a value outside [0, 1]; the message names row and parameter.
    """
    return _to_values(canonical_unpacked(render.unpacked_from_values(values), at), values)


def heard_decisions(values: NDArray[np.floating], at: tuple[int, int] | None = None) -> Mask:
    """Which decisions about a preset's canonical form can change its sound.

    Args:
      values: [N, V] plugin values in [0, 1], canonical or not.
      at: see `canonical_values`.

    Returns:
      [N, D], false where the canonical form has a default because nothing is heard of it: giving
      all of these any values at once leaves the sound as it is. An operator that is not heard
      still has decisions that keep it silent, its level and its depths of level scaling.

    Raises:
      ValueError: a value outside [0, 1]; the message names row and parameter.
    """
    unpacked = render.unpacked_from_values(values)
    return _find(unpacked, _note(unpacked, at)).heard[:, _decision_bytes()]


def _note(unpacked: Bytes, at: tuple[int, int] | None) -> _Note | None:
    """The note [N] that voices play."""
    if at is None:
        return None
    key, velocity = at
    transposed = key + unpacked[:, _TRANSPOSE].astype(np.int32) - _MIDDLE_TRANSPOSE
    return _Note(np.clip(transposed, 0, _HIGHEST_KEY), velocity)


@functools.cache
def _decision_bytes() -> NDArray[np.intp]:
    """[D] place in a voice of each decision."""
    byte = {name: byte for name, byte, _ in render.native_parameters()}
    return np.array([byte[p.name] for p in SPEC.decisions], np.intp)


def _to_values(unpacked: Bytes, values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Presets of voices; what has no byte but the operator switches is as in `values`."""
    made = render.values_from_unpacked(unpacked)
    continuous = [p.index for p in SPEC.params if p.num_steps == 0 and not operator_of(p.name)]
    made[:, continuous] = np.asarray(values)[:, continuous]
    return made


@functools.cache
def _maxima() -> NDArray[np.int64]:
    """[156] largest value of each byte; the name's ten and the switches have 0."""
    maxima = np.zeros(_SWITCHES + 1, np.int64)
    for _, byte, maximum in render.native_parameters():
        if byte >= 0:
            maxima[byte] = maximum
    return maxima


def random_equivalent(
    values: NDArray[np.floating], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Random presets that sound the same, bit for bit.

    Operators go to random places of a random algorithm of the same wiring, what is not heard gets
    random values, and so does what has several that mean the same. Operator switches are on.

    Args:
      values: [N, V] plugin values in [0, 1]. Filter, output, tuning and transposition are kept.
      rng: draws.

    Returns:
      [N, V] float32.

    Raises:
      ValueError: a value outside [0, 1]; the message names row and parameter.
    """
    graphs = _graphs()
    found = _find(render.unpacked_from_values(values))
    shape = found.voices.shape
    drawn = rng.integers(0, _maxima() + 1, shape).astype(np.uint8)
    voices = np.where(found.heard | (_maxima() == 0), found.voices, drawn)
    _vary_modulation(voices, found, rng)
    ops = _operators(voices)
    _vary_operators(ops, found, rng)

    offset = rng.random(len(voices)) * graphs.num_embeddings[found.graph]
    embedding = graphs.first_embedding[found.graph] + offset.astype(np.intp)
    place = graphs.embedding[embedding]
    rows = np.arange(len(ops))[:, None]
    ops, sounds = ops[rows, place], found.sounds[rows, place]
    algorithm = graphs.embedding_algorithm[embedding]
    voices[:, _ALGORITHM] = algorithm
    feedback = rng.integers(0, 8, len(voices))
    head_sounds = sounds[rows[:, 0], graphs.feedback[algorithm]]
    feedback = np.where(head_sounds, 0, feedback)
    voices[:, _FEEDBACK] = np.where(
        graphs.feeds_back[found.graph], found.voices[:, _FEEDBACK], feedback
    )
    # Operators that reach nothing can be loud, but for those that would start a loop.
    wasted = ~(graphs.carrier[algorithm] | np.any(graphs.edges[algorithm] & sounds[:, None], -1))
    wasted[:, 0] &= ~np.isin(algorithm, list(_LOOP_LENGTH)) | (voices[:, _FEEDBACK] == 0)
    anything = rng.integers(0, _maxima()[:_SLOT_BYTES] + 1, (*ops.shape[:2], _SLOT_BYTES))
    ops[..., :_SWITCH] = np.where(wasted[..., None], anything, ops[..., :_SWITCH])
    return _to_values(_with_operators(voices, ops), values)


def _vary_modulation(voices: Bytes, found: _Found, rng: np.random.Generator) -> None:
    heard = found.heard
    unbent = heard[:, _PITCH_DEPTH] & (voices[:, _PITCH_DEPTH] == 0)
    insensitive = unbent & (rng.random(len(voices)) < 0.5)
    voices[:, _PITCH_SENSITIVITY] *= ~insensitive
    voices[:, _PITCH_DEPTH] += (insensitive * rng.integers(0, 100, len(voices))).astype(np.uint8)
    rates = voices[:, _PITCH_RATES]
    rates[...] = np.where(heard[:, _PITCH_RATES], _PITCH_RATE_EQUALS.draw(rng, rates), rates)


def _vary_operators(ops: Bytes, found: _Found, rng: np.random.Generator) -> None:
    """Draws settings that mean the same, in place; what is not heard is random already."""
    sounds = found.sounds
    silent = ~sounds
    ops[..., _OUTPUT_LEVEL] *= sounds
    # Scaling may lower silence, and cannot raise the highest level.
    full = sounds & (ops[..., _OUTPUT_LEVEL] == 99)
    for side in range(2):
        depth = ops[..., _DEPTHS.start + side]
        raises = ops[..., _CURVES.start + side] >= 2
        depth *= ~(silent & raises)
        free = (silent & ~raises) | (full & (depth == 0) & raises)
        depth[...] = np.where(free, rng.integers(0, 100, depth.shape), depth)

    amp_depth = found.voices[:, _AMP_DEPTH, None]
    sensitivity = ops[..., _AMP_SENSITIVITY]
    same = sounds & (amp_depth == 0) & (sensitivity > 0)
    drawn = rng.integers(1, 4, sensitivity.shape)
    sensitivity[...] = np.where(same, drawn, sensitivity)

    fixed = ops[..., _MODE] == 1
    coarse, fine, detune = ops[..., _COARSE], ops[..., _FINE], ops[..., _DETUNE]
    ratio = _RATIO_EQUALS.draw(rng, 100 * coarse.astype(np.intp) + fine)
    decade = coarse % _FIXED_DECADES + _FIXED_DECADES * rng.integers(0, 8, coarse.shape)
    fine[...] = np.where(fixed, fine, ratio % 100)
    coarse[...] = np.where(fixed, decade, ratio // 100)
    lower = rng.integers(0, _MIDDLE_DETUNE + 1, detune.shape)
    detune[...] = np.where(fixed & (detune <= _MIDDLE_DETUNE), lower, detune)

    levels = ops[..., _LEVELS]
    levels[...] = _LEVEL_EQUALS.draw(rng, levels)
    # The last stage always has a way to go, or none that is heard.
    release = ops[..., _RATES.stop - 1]
    release[...] = np.where(sounds, _RATE_EQUALS.draw(rng, release), release)
