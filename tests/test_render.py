"""Renderer: shapes, arguments, errors, and that a sound depends on its own arguments alone."""

from __future__ import annotations

import functools
import signal
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthrl_jax import assets
from synthrl_jax.errors import UserError
from synthrl_jax.presets import read_sysex, to_values
from synthrl_jax.render import Renderer, native_parameters
from synthrl_jax.synths.dx7 import SPEC

pytestmark = pytest.mark.native

RATES = (22_050, 44_100, 48_000)
LENGTH_S = 0.3
NUM_SOUNDS = 40


@pytest.fixture(scope="module")
def voices() -> np.ndarray:
    return read_sysex(assets.VOICES).voices[:16]


@functools.cache
def renderer(sample_rate: int, threads: int) -> Renderer:
    """Kept alive, so that all rates are in use side by side."""
    return Renderer(sample_rate=sample_rate, threads=threads)


@functools.cache
def sounds() -> dict[str, np.ndarray]:
    """Arguments of NUM_SOUNDS rows: bundled and random voices on random notes."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (NUM_SOUNDS // 2, 128), np.uint8)
    return {
        "presets": np.concatenate([read_sysex(assets.VOICES).voices[: NUM_SOUNDS // 2], noise]),
        "note": rng.integers(0, 128, NUM_SOUNDS),
        "velocity": rng.integers(0, 128, NUM_SOUNDS),
        "gate_s": rng.uniform(0, 0.4, NUM_SOUNDS),
        "lfo_phase": rng.uniform(0, 1, NUM_SOUNDS),
        "sample_hold": rng.integers(0, 256, NUM_SOUNDS),
    }


def render_rows(rows: list[int], sample_rate: int, threads: int) -> np.ndarray:
    chosen = {name: column[rows] for name, column in sounds().items()}
    return renderer(sample_rate, threads).render(**chosen, length_s=LENGTH_S)


@functools.cache
def alone(sample_rate: int) -> np.ndarray:
    """Every sound as the only one of a new renderer with one thread."""
    rows = [
        Renderer(sample_rate=sample_rate, threads=1).render(
            **{name: column[i : i + 1] for name, column in sounds().items()}, length_s=LENGTH_S
        )
        for i in range(NUM_SOUNDS)
    ]
    return np.concatenate(rows)


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.integers(0, NUM_SOUNDS - 1), max_size=50),
    sample_rate=st.sampled_from(RATES),
    threads=st.sampled_from([1, 2, 3]),
)
def test_a_sound_is_the_same_in_any_company(rows, sample_rate, threads):
    audio = render_rows(rows, sample_rate, threads)
    np.testing.assert_array_equal(audio, alone(sample_rate)[rows])


def test_sounds_differ_from_each_other():
    """Guards the property above against a renderer that ignores its arguments."""
    unique = {row.tobytes() for row in alone(22_050)}
    assert len(unique) > NUM_SOUNDS * 3 // 4


def test_shape_type_and_default_protocol(voices):
    audio = Renderer().render(voices[:3])
    assert audio.shape == (3, 88_200)
    assert audio.dtype == np.float32
    assert np.all(np.isfinite(audio))


@pytest.mark.parametrize(("rate", "length_s", "samples"), [(22_050, 0.1, 2205), (44_100, 1e-5, 0)])
def test_length_is_rounded_to_samples(voices, rate, length_s, samples):
    assert renderer(rate, 1).render(voices[:2], length_s=length_s).shape == (2, samples)


@pytest.mark.parametrize("samples", [1, 63, 64, 65, 127, 1000])
def test_a_shorter_render_is_the_beginning_of_a_longer_one(voices, samples):
    short = renderer(22_050, 1).render(voices, length_s=samples / 22_050, fade_s=0)
    long = renderer(22_050, 1).render(voices, length_s=0.1, fade_s=0)
    np.testing.assert_array_equal(short, long[:, :samples])


def test_an_empty_batch(voices):
    assert renderer(22_050, 2).render(voices[:0], length_s=0.5).shape == (0, 11_025)


def test_values_and_packed_voices_sound_the_same(voices):
    np.testing.assert_array_equal(
        renderer(22_050, 2).render(to_values(voices), length_s=0.5),
        renderer(22_050, 2).render(voices, length_s=0.5),
    )


def test_scalars_stand_for_every_row(voices):
    one = renderer(22_050, 1).render(voices[:4], note=48, velocity=100, gate_s=0.2, length_s=0.4)
    many = renderer(22_050, 1).render(
        voices[:4], note=[48] * 4, velocity=[100] * 4, gate_s=[0.2] * 4, length_s=0.4
    )
    np.testing.assert_array_equal(one, many)


@pytest.mark.parametrize("fade_s", [1 / 22_050, 0.05, 0.25, 10.0])
def test_fade_is_a_straight_line_with_both_ends(voices, fade_s):
    plain = renderer(22_050, 1).render(voices, length_s=0.25, fade_s=0)
    faded = renderer(22_050, 1).render(voices, length_s=0.25, fade_s=fade_s)
    num_faded = min(int(np.floor(fade_s * 22_050)), plain.shape[1])
    line = np.linspace(1.0, 0.0, num_faded) if num_faded > 1 else np.zeros(num_faded)
    expected = plain.copy()
    expected[:, plain.shape[1] - num_faded :] *= line.astype(np.float32)
    np.testing.assert_allclose(faded, expected, rtol=3e-7, atol=1e-12)
    assert np.all(faded[:, -1] == 0)


def test_a_released_note_decays_and_a_held_one_does_not():
    organ = np.array(SPEC.default_values, np.float32)[None]  # one steady sine
    held, released = (
        renderer(22_050, 1).render(organ, gate_s=gate_s, length_s=1.0, fade_s=0)[0]
        for gate_s in (np.inf, 0.5)
    )
    release_block = -(-11_025 // 64) * 64  # the key is seen at block boundaries
    np.testing.assert_array_equal(held[:release_block], released[:release_block])
    assert np.abs(held[-2000:]).max() > 0.05
    assert np.abs(released[-2000:]).max() < 1e-4


def test_pitch_of_a_sine():
    sine = np.array(SPEC.default_values, np.float32)[None]
    for note, hz in ((57, 220.0), (69, 440.0), (81, 880.0)):
        audio = renderer(22_050, 1).render(sine, note=note, length_s=2.0, gate_s=2.0, fade_s=0)[0]
        spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
        assert np.argmax(spectrum) / 2 == pytest.approx(hz, abs=0.5)


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("note", 128, r"row 0, note: 128 is outside \[0, 127\]"),
        ("note", [60, -1], r"row 1, note: -1 is outside"),
        ("note", [60, 60, 60], r"note must be a number or have shape \[2\], not \[3\]"),
        ("velocity", [85, np.nan], r"row 1, velocity: nan is outside"),
        ("gate_s", -0.1, r"row 0, gate_s: -0.1 is outside"),
        ("length_s", -1.0, r"length_s: -1.0 is outside"),
        ("length_s", np.nan, r"length_s: nan is outside"),
        ("fade_s", -1.0, r"fade_s: -1.0 is outside"),
        ("lfo_phase", 1.0, r"row 0, lfo_phase: 1 is outside"),
        ("sample_hold", 256, r"row 0, sample_hold: 256 is outside"),
    ],
)
def test_arguments_out_of_range_are_named(voices, argument, value, message):
    with pytest.raises(UserError, match=message):
        renderer(22_050, 1).render(voices[:2], **{argument: value})


@pytest.mark.parametrize("bad", [1.2, -1e-6, np.nan, np.inf])
def test_a_bad_preset_is_named_by_row_and_parameter(bad):
    presets = np.tile(np.asarray(SPEC.default_values, np.float32), (20, 1))
    presets[17, [name for name, _, _ in native_parameters()].index("OP3 F COARSE")] = bad
    with pytest.raises(UserError, match=r"row 17, 'OP3 F COARSE': .* is outside \[0, 1\]"):
        renderer(22_050, 1).render(presets)


@pytest.mark.parametrize(
    "presets",
    [np.zeros(155), np.zeros((2, 144)), np.zeros((2, 127), np.uint8), np.zeros((1, 2, 3))],
)
def test_presets_of_another_shape_are_refused(presets):
    with pytest.raises(UserError, match="presets must have"):
        renderer(22_050, 1).render(presets)


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"synth": "minimoog"}, "'minimoog' is not one of dexed"),
        ({"engine": "mark2"}, "'mark2' is not one of mark1, modern, opl"),
        ({"stage": "studio"}, "'studio' is not one of engine, plugin"),
        ({"sample_rate": 100}, "sample_rate must be between"),
        ({"sample_rate": float("nan")}, "sample_rate must be between"),
        ({"threads": -1}, "threads must be 0 or more"),
    ],
)
def test_settings_that_do_not_exist_are_refused(settings_, message):
    with pytest.raises(UserError, match=message):
        Renderer(**settings_)


def test_threads_default_to_the_machine():
    assert Renderer().threads >= 1
    assert Renderer(threads=3).threads == 3


def test_a_closed_renderer_says_so(voices):
    with Renderer(threads=1) as player:
        assert player.render(voices[:1], length_s=0.1).shape == (1, 2205)
    with pytest.raises(RuntimeError, match="closed"):
        player.render(voices[:1])


def test_ctrl_c_reaches_the_caller(voices):
    player = Renderer(threads=1)
    many = np.tile(voices, (200, 1))
    pressed = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    # A process started in the background ignores Ctrl-C unless it asks for it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        pressed.start()
        with pytest.raises(KeyboardInterrupt):
            for _ in range(50):
                player.render(many, length_s=1.0)
        pressed.join()
    finally:
        signal.signal(signal.SIGINT, before)
    np.testing.assert_array_equal(
        player.render(voices[:2], length_s=0.1),
        renderer(22_050, 2).render(voices[:2], length_s=0.1),
    )


def test_a_renderer_serves_several_callers_at_once(voices):
    player = Renderer(threads=2)
    expected = player.render(voices, length_s=0.3)
    results: list[np.ndarray] = []
    callers = [
        threading.Thread(target=lambda: results.append(player.render(voices, length_s=0.3)))
        for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(results) == 4
    for audio in results:
        np.testing.assert_array_equal(audio, expected)
