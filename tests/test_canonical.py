"""Canonical voices sound as those they stand for, to the last bit, and stand for all of them."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import numpy as np
import pytest

from synthrl_jax import assets, canonical, presets, render
from synthrl_jax.actions import ActionSpace
from synthrl_jax.synths.dx7 import SPEC

pytestmark = pytest.mark.native

Values = np.ndarray

SPACE = ActionSpace(SPEC)
INDEX = {p.name: p.index for p in SPEC.params}
MAXIMUM = {p.name: p.num_steps - 1 for p in SPEC.params}

LENGTH_S = 0.5
# Note, velocity and gate; a gate of 0 begins with the release.
NOTES = [
    (60, 85, 0.4),
    (12, 127, 0.3),
    (107, 30, 0.2),
    (84, 127, 0.0),
    (0, 64, 0.1),
    (127, 100, 0.2),
]


@pytest.fixture(scope="module")
def renderer() -> Iterator[render.Renderer]:
    with render.Renderer("dexed") as renderer:
        yield renderer


@pytest.fixture(scope="module")
def real_values() -> Values:
    """Of real voices: a sample of the large collection, or the bundled ones where it is absent."""
    shared = pathlib.Path(__file__).resolve().parents[2] / "shared/data/dx7/voices.syx"
    voices = presets.read_sysex(shared if shared.exists() else assets.VOICES).voices
    rng = np.random.default_rng(7)
    return presets.to_values(rng.permutation(voices)[:1500])


def _settings(**integers: int) -> Values:
    """[V] the init preset with some parameters at native integers; "_" for " " in names."""
    values = SPEC.default_values.copy()
    for name, integer in integers.items():
        spoken = name.replace("_", " ").replace("SENS", "SENS.")
        spoken = "P MODE SENS." if spoken == "PMS" else spoken
        values[INDEX[spoken]] = integer / MAXIMUM[spoken]
    return values


def _set(values: Values, rows: np.ndarray, name: str, integers: int | np.ndarray) -> None:
    values[rows, INDEX[name]] = (np.asarray(integers) / MAXIMUM[name]).astype(np.float32)


def _random_values(seed: int, count: int) -> Values:
    """Presets with any settings, but many silent operators and depths of 0."""
    rng = np.random.default_rng(seed)
    values = rng.random((count, SPEC.num_values)).astype(np.float32)
    fixed = [p.index for p in SPEC.params if p.num_classes == 0]
    values[:, fixed] = SPEC.default_values[fixed]

    def sometimes(share: float) -> np.ndarray:
        return rng.random(count) < share

    for name in ("FEEDBACK", "LFO PM DEPTH", "LFO AM DEPTH", "P MODE SENS."):
        _set(values, sometimes(0.4), name, 0)
    # The algorithms whose feedback is special.
    special = sometimes(0.3)
    _set(values, special, "ALGORITHM", rng.choice([3, 5, 31], int(special.sum())))
    centred = sometimes(0.4)
    for stage in range(1, 5):
        _set(values, centred, f"PITCH EG LEVEL {stage}", 50)
    for op in range(1, 7):
        _set(values, sometimes(0.4), f"OP{op} OUTPUT LEVEL", 0)
        _set(values, sometimes(0.2), f"OP{op} OUTPUT LEVEL", 99)
        for name in ("L SCALE DEPTH", "R SCALE DEPTH", "A MOD SENS.", "KEY VELOCITY", "EG LEVEL 1"):
            _set(values, sometimes(0.5), f"OP{op} {name}", 0)
        level = rng.integers(0, 100, count)
        for stage in (1, 2, 3):
            same = sometimes(0.3)
            _set(values, same, f"OP{op} EG LEVEL {stage}", level[same])
        flat = sometimes(0.1)
        for stage in (1, 2, 3, 4):
            _set(values, flat, f"OP{op} EG LEVEL {stage}", 0)
            _set(values, sometimes(0.3), f"OP{op} EG RATE {stage}", 99)
    return values


def _assert_same_sound(
    renderer: render.Renderer, values: Values, others: Values, notes: list[tuple] = NOTES
) -> None:
    for note, velocity, gate_s in notes:
        heard = [renderer.render(v, note, velocity, gate_s, LENGTH_S) for v in (values, others)]
        differ = np.flatnonzero(np.any(heard[0].view(np.int32) != heard[1].view(np.int32), axis=1))
        assert not differ.size, f"note {note}, velocity {velocity}: rows {differ[:10]} differ"


def test_real_voices_keep_their_sound(renderer: render.Renderer, real_values: Values) -> None:
    made = canonical.canonical_values(real_values)
    assert np.mean(np.any(made != real_values, axis=1)) > 0.9
    _assert_same_sound(renderer, real_values, made)


def test_random_voices_keep_their_sound(renderer: render.Renderer) -> None:
    values = _random_values(0, 2000)
    _assert_same_sound(renderer, values, canonical.canonical_values(values))


@pytest.mark.parametrize("engine", ["modern", "opl"])
def test_other_engines_keep_their_sound(engine: render.Engine) -> None:
    values = _random_values(1, 500)
    with render.Renderer("dexed", engine=engine, stage="engine") as renderer:
        _assert_same_sound(renderer, values, canonical.canonical_values(values), NOTES[:2])


def test_canonical_voices_stand_for_themselves(real_values: Values) -> None:
    for values in (real_values, _random_values(2, 2000)):
        made = canonical.canonical_values(values)
        np.testing.assert_array_equal(canonical.canonical_values(made), made)
        np.testing.assert_array_equal(
            canonical.heard_decisions(made), canonical.heard_decisions(values)
        )


def test_every_place_that_symmetry_allows_gives_the_same_voice() -> None:
    graphs = canonical._graphs()
    rng = np.random.default_rng(3)
    num_graphs = len(graphs.algorithm)
    for _ in range(3):
        # Few levels and nothing else to tell operators apart, so that some are equal.
        ops = np.tile(canonical._silent_operator(), (num_graphs, 6, 1))
        ops[..., canonical._OUTPUT_LEVEL] = rng.integers(80, 84, ops.shape[:2])
        graph = np.repeat(np.arange(num_graphs), graphs.num_embeddings)
        place = graphs.embedding
        rows = np.arange(len(graph))[:, None]
        # Sounding slots of each graph in its canonical algorithm.
        sounding = np.zeros((num_graphs, 6), bool)
        for on, number in np.ndindex(2, 64):
            of = graphs.graph[:, on, number]
            own = graphs.algorithm[of] == np.arange(32)
            feeds = graphs.feeds_back[of] == bool(on)
            sets = graphs.sounds[:, on, number]
            for a in np.flatnonzero(own & feeds):
                lower = sets[a] @ (1 << np.arange(6)) > sounding[of[a]] @ (1 << np.arange(6))
                if lower:
                    sounding[of[a]] = sets[a]
        ops[..., canonical._OUTPUT_LEVEL] *= sounding
        voices = np.tile(canonical._defaults(), (len(graph), 1))
        voices[:, canonical._ALGORITHM] = graphs.embedding_algorithm
        voices[:, canonical._FEEDBACK] = np.where(graphs.feeds_back[graph], 5, 0)
        placed = canonical._with_operators(voices, ops[graph][rows, place])
        made = canonical.canonical_unpacked(placed)
        first = made[graphs.first_embedding]
        np.testing.assert_array_equal(made, first[graph])
        assert len(np.unique(first, axis=0)) == num_graphs


def test_algorithms_without_feedback_are_the_known_pairs() -> None:
    every = np.stack([_settings(ALGORITHM=a) for a in range(32)])
    for op in range(1, 7):
        _set(every, np.arange(32), f"OP{op} OUTPUT LEVEL", 90)
    chosen = np.rint(canonical.canonical_values(every)[:, INDEX["ALGORITHM"]] * 31).astype(int) + 1
    moved = {a: int(c) for a, c in zip(range(1, 33), chosen, strict=True) if a != c}
    assert moved == {2: 1, 4: 3, 6: 5, 8: 7, 9: 7, 11: 10, 13: 12, 15: 14, 17: 16, 27: 26}


def test_random_equivalents_sound_the_same(renderer: render.Renderer, real_values: Values) -> None:
    rng = np.random.default_rng(4)
    for values in (real_values[:400], _random_values(5, 800)):
        others = canonical.random_equivalent(values, rng)
        np.testing.assert_array_equal(
            canonical.canonical_values(others), canonical.canonical_values(values)
        )
        assert np.mean(others != canonical.canonical_values(values)) > 0.1
        _assert_same_sound(renderer, values, others, NOTES[:4])


def test_what_is_not_heard_can_be_anything(renderer: render.Renderer, real_values: Values) -> None:
    rng = np.random.default_rng(6)
    for values in (real_values[:400], _random_values(7, 800)):
        made = canonical.canonical_values(values)
        heard = canonical.heard_decisions(values)
        assert 0.05 < 1 - heard.mean() < 0.7
        action = rng.integers(0, SPEC.class_counts, heard.shape)
        others = made.copy()
        others[:, SPEC.value_index] = np.where(
            heard, made[:, SPEC.value_index], SPACE.to_values(action)[:, SPEC.value_index]
        )
        assert np.any(others != made)
        _assert_same_sound(renderer, made, others, NOTES[:4])


def test_actions_of_canonical_voices_sound_as_the_actions_did(renderer: render.Renderer) -> None:
    values = SPACE.to_values(SPACE.from_values(_random_values(8, 1000)))
    made = canonical.canonical_values(values)
    _assert_same_sound(renderer, values, SPACE.to_values(SPACE.from_values(made)), NOTES[:3])


@pytest.mark.parametrize("at", [(60, 85), (98, 98), (30, 3)])
def test_of_one_note_more_is_equal(
    renderer: render.Renderer, real_values: Values, at: tuple[int, int]
) -> None:
    values = np.concatenate([real_values[:300], _random_values(12, 700)])
    values[::5, INDEX["MIDDLE C"]] = 0.25
    made = canonical.canonical_values(values, at)
    notes = [(*at, 0.4), (*at, 0.05)]
    _assert_same_sound(renderer, values, made, notes)
    np.testing.assert_array_equal(canonical.canonical_values(made, at), made)
    heard = canonical.heard_decisions(values, at)
    assert heard.sum() < canonical.heard_decisions(values).sum()
    action = np.random.default_rng(12).integers(0, SPEC.class_counts, heard.shape)
    others = made.copy()
    others[:, SPEC.value_index] = np.where(
        heard, made[:, SPEC.value_index], SPACE.to_values(action)[:, SPEC.value_index]
    )
    _assert_same_sound(renderer, made, others, notes[:1])
    for name, most in (("L SCALE DEPTH", 0.05), ("R SCALE DEPTH", 0.05), ("RATE SCALING", 0.3)):
        columns = [INDEX[f"OP{op} {name}"] for op in range(1, 7)]
        assert np.mean(values[:, columns] > 0) > 0.2
        assert np.mean(made[:, columns] > 0) < most


def test_of_one_note_scaling_is_level(renderer: render.Renderer) -> None:
    scaled = _settings(
        OP1_OUTPUT_LEVEL=90,
        OP1_BREAK_POINT=30,
        OP1_R_SCALE_DEPTH=50,
        OP1_KEY_VELOCITY=3,
        OP1_EG_RATE_1=60,
        OP1_RATE_SCALING=4,
    )
    made = canonical.canonical_values(scaled[None], (60, 85))
    # Level 90 minus four groups of three keys at 50 · 329 / 4096, minus four half steps.
    plain = _settings(OP1_OUTPUT_LEVEL=90 - 16 - 2, OP1_EG_RATE_1=70)
    np.testing.assert_array_equal(made, canonical.canonical_values(plain[None], (60, 85)))
    _assert_same_sound(renderer, scaled[None], plain[None], [(60, 85, 0.3)])
    assert np.any(made != canonical.canonical_values(scaled[None]))


def test_of_one_note_some_scaling_is_not_heard() -> None:
    values = _random_values(13, 50)

    def num_heard(name: str, at: tuple[int, int]) -> int:
        decisions = [SPEC.decision_index(f"OP{op} {name}") for op in range(1, 7)]
        return int(canonical.heard_decisions(values, at)[:, decisions].sum())

    # The lowest keys are where rate scaling begins, and 98 is the velocity that changes no level.
    assert num_heard("RATE SCALING", (20, 85)) == 0 < num_heard("RATE SCALING", (60, 85))
    assert num_heard("KEY VELOCITY", (60, 98)) == 0 < num_heard("KEY VELOCITY", (60, 85))


def _loud(**more: int) -> dict[str, int]:
    return {f"OP{op}_OUTPUT_LEVEL": 85 for op in range(1, 7)} | more


LFO = dict(LFO_SPEED=70, LFO_WAVE=3)
SAME = {
    "silent operator": (dict(), dict(OP2_F_COARSE=9, OP2_EG_RATE_1=3, OP2_KEY_VELOCITY=7)),
    "operator behind a silent one": (dict(), dict(OP4_OUTPUT_LEVEL=99)),
    "level too low": (dict(), dict(OP2_OUTPUT_LEVEL=1)),
    "envelope too low": (
        dict(),
        dict(OP2_OUTPUT_LEVEL=20, OP2_EG_LEVEL_1=30, OP2_EG_LEVEL_2=0, OP2_EG_LEVEL_3=9),
    ),
    "scaling that lowers silence": (dict(), dict(OP2_L_SCALE_DEPTH=99, OP2_R_SCALE_DEPTH=99)),
    "feedback of a silent operator": (dict(), dict(FEEDBACK=7)),
    "LFO without depth": (dict(), dict(LFO_DELAY=3, LFO_KEY_SYNC=0, PMS=7, **LFO)),
    "LFO without sensitivity": (dict(), dict(LFO_PM_DEPTH=99, LFO_AM_DEPTH=50, PMS=0, **LFO)),
    "sensitivity of a silent operator": (dict(), dict(LFO_AM_DEPTH=50, OP2_A_MOD_SENS=3)),
    "sensitivity 1 to 3 without LFO": (dict(OP1_A_MOD_SENS=1), dict(OP1_A_MOD_SENS=3)),
    "pitch of fixed frequencies": (
        dict(OP1_MODE=1),
        dict(OP1_MODE=1, LFO_PM_DEPTH=99, PITCH_EG_LEVEL_1=80, **LFO),
    ),
    "fixed coarse": (dict(OP1_MODE=1, OP1_F_COARSE=2), dict(OP1_MODE=1, OP1_F_COARSE=30)),
    "fixed detune": (dict(OP1_MODE=1), dict(OP1_MODE=1, OP1_OSC_DETUNE=2)),
    "ratio": (
        dict(OP1_F_COARSE=3, OP1_F_FINE=0),
        dict(OP1_F_COARSE=2, OP1_F_FINE=50),
    ),
    "pitch envelope at the centre": (dict(), dict(PITCH_EG_RATE_1=3, PITCH_EG_RATE_4=50)),
    "pitch stage without a way to go": (
        dict(PITCH_EG_LEVEL_3=70),
        dict(PITCH_EG_LEVEL_3=70, PITCH_EG_RATE_1=20, PITCH_EG_RATE_2=20),
    ),
    "curve without depth": (dict(), dict(OP1_L_KEY_SCALE=3, OP1_BREAK_POINT=60)),
    "scaling above the top": (dict(), dict(OP1_L_KEY_SCALE=3, OP1_L_SCALE_DEPTH=60)),
    "rate scaling of the fastest": (
        dict(OP1_EG_LEVEL_2=50),
        dict(OP1_EG_LEVEL_2=50, OP1_RATE_SCALING=7),
    ),
    "stages that stay": (dict(), dict(OP1_EG_RATE_2=5, OP1_EG_RATE_3=70)),
    "levels too low to tell apart": (
        dict(OP1_OUTPUT_LEVEL=30, OP1_EG_LEVEL_2=10),
        dict(OP1_OUTPUT_LEVEL=30, OP1_EG_LEVEL_2=0),
    ),
    "levels in steps of two": (dict(OP1_EG_LEVEL_2=70), dict(OP1_EG_LEVEL_2=71)),
    "rates as fast": (dict(OP1_EG_RATE_4=97), dict(OP1_EG_RATE_4=98)),
    "oscillator key sync": (dict(OSC_KEY_SYNC=0), dict(OSC_KEY_SYNC=1)),
    "stacks": (
        dict(OP2_OUTPUT_LEVEL=80, OP3_OUTPUT_LEVEL=90, OP3_F_COARSE=2),
        dict(OP1_OUTPUT_LEVEL=90, OP1_F_COARSE=2, OP3_OUTPUT_LEVEL=99, OP4_OUTPUT_LEVEL=80),
    ),
    "algorithms": (dict(OP2_OUTPUT_LEVEL=80), dict(ALGORITHM=15, OP2_OUTPUT_LEVEL=80)),
    "all silent": (
        dict(OP1_OUTPUT_LEVEL=0),
        dict(OP1_OUTPUT_LEVEL=0, ALGORITHM=20, OP6_OUTPUT_LEVEL=0, FEEDBACK=3, PITCH_EG_LEVEL_1=3),
    ),
}
OTHER = {
    "scaling that raises silence": (
        dict(),
        dict(OP2_R_SCALE_DEPTH=90, OP2_R_KEY_SCALE=3),
    ),
    "sensitivity without LFO": (dict(), dict(OP1_A_MOD_SENS=1)),
    "silent operators of a loop": (
        _loud(ALGORITHM=5, FEEDBACK=5, OP5_OUTPUT_LEVEL=0, OP5_F_COARSE=1),
        _loud(ALGORITHM=5, FEEDBACK=5, OP5_OUTPUT_LEVEL=0, OP5_F_COARSE=3),
    ),
    "loop of two": (_loud(ALGORITHM=4, FEEDBACK=5), _loud(ALGORITHM=5, FEEDBACK=5)),
    "loop of three": (_loud(ALGORITHM=2, FEEDBACK=5), _loud(ALGORITHM=3, FEEDBACK=5)),
    "place of the feedback": (_loud(ALGORITHM=0, FEEDBACK=5), _loud(ALGORITHM=1, FEEDBACK=5)),
    "modulator and carrier": (
        dict(OP2_OUTPUT_LEVEL=80, OP2_F_COARSE=2),
        dict(OP2_OUTPUT_LEVEL=99, OP1_OUTPUT_LEVEL=80, OP1_F_COARSE=2),
    ),
    "silent attack": (
        dict(OP1_EG_LEVEL_1=0, OP1_EG_RATE_1=50),
        dict(OP1_EG_LEVEL_1=1, OP1_EG_RATE_1=50),
    ),
    "release": (dict(OP1_EG_RATE_4=40), dict(OP1_EG_RATE_4=30)),
    "fixed detune upwards": (
        dict(OP1_MODE=1, OP1_F_COARSE=2),
        dict(OP1_MODE=1, OP1_F_COARSE=2, OP1_OSC_DETUNE=9),
    ),
    "loud on a hard stroke only": (dict(), dict(OP2_OUTPUT_LEVEL=2, OP2_KEY_VELOCITY=7)),
    "delay of an LFO that is heard": (
        dict(LFO_PM_DEPTH=50, **LFO),
        dict(LFO_PM_DEPTH=50, LFO_DELAY=40, **LFO),
    ),
    "rate scaling of all but the fastest": (
        dict(OP1_EG_RATE_4=98),
        dict(OP1_EG_RATE_4=98, OP1_RATE_SCALING=7),
    ),
    "rate scaling": (dict(OP1_EG_RATE_1=60), dict(OP1_EG_RATE_1=60, OP1_RATE_SCALING=5)),
}


@pytest.mark.parametrize("case", SAME)
def test_equal_voices_become_one(renderer: render.Renderer, case: str) -> None:
    values = np.stack([_settings(**settings) for settings in SAME[case]])
    made = canonical.canonical_values(values)
    np.testing.assert_array_equal(made[0], made[1])
    _assert_same_sound(renderer, values[:1], values[1:])


@pytest.mark.parametrize("case", OTHER)
def test_voices_that_differ_stay_different(renderer: render.Renderer, case: str) -> None:
    values = np.stack([_settings(**settings) for settings in OTHER[case]])
    made = canonical.canonical_values(values)
    assert np.any(made[0] != made[1])
    sounds = [renderer.render(values, n, v, g, LENGTH_S) for n, v, g in NOTES]
    assert any(np.any(sound[0] != sound[1]) for sound in sounds)


def test_operator_switches_silence(renderer: render.Renderer) -> None:
    values = _random_values(9, 600)
    switches = [INDEX[f"OP{op} SWITCH"] for op in range(1, 7)]
    values[:, switches] = np.random.default_rng(9).integers(0, 2, (600, 6))
    made = canonical.canonical_values(values)
    assert made[:, switches].mean() > 0.8
    _assert_same_sound(renderer, values, made, NOTES[:3])


def test_what_no_voice_byte_holds_is_kept() -> None:
    values = _random_values(10, 5)
    kept = [
        INDEX[name] for name in ("Cutoff", "Resonance", "Output", "MASTER TUNE ADJ", "MIDDLE C")
    ]
    values[:, kept] = 0.25
    for made in (
        canonical.canonical_values(values),
        canonical.random_equivalent(values, np.random.default_rng(0)),
    ):
        np.testing.assert_array_equal(made[:, kept], values[:, kept])


def test_packed_voices_keep_their_names() -> None:
    voices = presets.read_sysex(assets.VOICES).voices
    made = canonical.canonical_voices(voices)
    np.testing.assert_array_equal(
        made[:, presets.PARAMETER_BYTES :], voices[:, presets.PARAMETER_BYTES :]
    )
    np.testing.assert_array_equal(
        presets.to_values(made), canonical.canonical_values(presets.to_values(voices))
    )


def test_values_out_of_range_are_refused() -> None:
    values = _random_values(11, 2)
    values[1, INDEX["ALGORITHM"]] = 1.5
    with pytest.raises(ValueError, match="ALGORITHM"):
        canonical.canonical_values(values)
