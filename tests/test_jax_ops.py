"""Rendering inside JAX programs: the renderer's bytes, batching, and errors."""

from __future__ import annotations

import functools
import subprocess
import sys
import textwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synthrl_jax import assets, audio, jax_ops, presets, reward
from synthrl_jax.errors import UserError
from synthrl_jax.render import Renderer

pytestmark = pytest.mark.native

VOICES = presets.read_sysex(assets.VOICES).voices[:12]
VALUES = presets.to_values(VOICES)
SHORT = {"length_s": 0.25, "fade_s": 0.05}


@pytest.fixture(scope="module")
def expected():
    return Renderer("dexed").render(VALUES, gate_s=0.125, **SHORT)


def test_it_is_the_renderer(expected):
    play = functools.partial(jax_ops.render, gate_s=0.125, **SHORT)
    assert np.array_equal(play(VALUES), expected)
    assert np.array_equal(jax.jit(play)(VALUES), expected)
    assert np.array_equal(jax.jit(play)(VOICES), expected)
    assert np.array_equal(play(VALUES[0]), expected[0])


def test_vmap_is_one_batch(expected):
    play = functools.partial(jax_ops.render, gate_s=0.125, **SHORT)
    assert np.array_equal(jax.vmap(play)(VALUES), expected)
    twice = jax.jit(jax.vmap(jax.vmap(play)))(VALUES.reshape(3, 4, -1))
    assert np.array_equal(twice, expected.reshape(3, 4, -1))


def test_notes_may_differ():
    notes, gates = np.array([40, 61, 90]), np.array([0.05, 0.1, 0.2], np.float32)
    sounds = jax.jit(lambda v, n, g: jax_ops.render(v, n, 100, g, **SHORT))(
        VALUES[:3], notes, gates
    )
    assert np.array_equal(sounds, Renderer("dexed").render(VALUES[:3], notes, 100, gates, **SHORT))
    one_voice = jax.vmap(lambda n: jax_ops.render(VALUES[0], n, **SHORT))(jnp.asarray(notes))
    assert np.array_equal(one_voice, Renderer("dexed").render(VALUES[[0, 0, 0]], notes, **SHORT))


def test_settings_are_those_of_the_renderer():
    settings = {"sample_rate": 44_100, "stage": "engine", "engine": "opl", "threads": 1}
    assert np.array_equal(
        jax_ops.render(VALUES, **SHORT, **settings),
        Renderer("dexed", **settings).render(VALUES, **SHORT),
    )


def test_the_callback_of_other_devices_gives_the_same(expected):
    renderer = Renderer("dexed")
    rows = jnp.full(len(VALUES), 60), jnp.full(len(VALUES), 85), jnp.full(len(VALUES), 0.125)
    play = functools.partial(jax_ops._callback, renderer, 0.25, 0.05)
    assert np.array_equal(jax.jit(play)(jnp.asarray(VALUES), *rows), expected)
    assert np.array_equal(jax.vmap(play)(jnp.asarray(VALUES), *rows), expected)


def test_a_jitted_function_can_score():
    target = audio.peak_normalise_target(Renderer("dexed").render(VALUES[:1]))[0]

    @jax.jit
    def rewards(values, target):
        sound = audio.peak_normalise_render(jax_ops.render(values))
        targets = jnp.broadcast_to(target, sound.shape)
        return reward.reward(reward.distances(targets, sound))

    scores = rewards(VALUES, target)
    assert np.argmax(scores) == 0
    assert scores[0] == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("bad", "message"),
    [(np.zeros((2, 154)), r"\[\.\.\., 155\]"), (np.zeros((2, 155), np.uint8), r"\[\.\.\., 128\]")],
)
def test_shapes_are_checked_when_tracing(bad, message):
    with pytest.raises(UserError, match=message):
        jax.jit(jax_ops.render)(bad)
    with pytest.raises(UserError, match="note of shape"):
        jax_ops.render(VALUES, np.arange(5))
    with pytest.raises(UserError, match="length_s"):
        jax_ops.render(VALUES, length_s=-1.0)


def test_no_derivative():
    with pytest.raises((ValueError, NotImplementedError), match="differentiat"):
        jax.grad(lambda v: jax_ops.render(v, **SHORT).sum())(jnp.asarray(VALUES[0]))


@pytest.mark.parametrize("asynchronous", [False, True])
def test_values_out_of_range_are_python_errors(asynchronous):
    # Dispatch is decided when JAX starts, so each way has a process of its own.
    program = textwrap.dedent(f"""
        import jax
        jax.config.update("jax_cpu_enable_async_dispatch", {asynchronous})
        import numpy as np
        from synthrl_jax import jax_ops
        from synthrl_jax.synths.dx7 import SPEC

        play = jax.jit(jax_ops.render, static_argnames=["length_s"])
        values = np.tile(SPEC.default_values, (3, 1))
        for note, bad, expected in (
            (60, 1.5, "row 1, 'OP6 EG RATE 1': 1.5 is outside [0, 1]"),
            (60, np.nan, "row 1, 'OP6 EG RATE 1': nan is outside [0, 1]"),
            (200, 0.5, "row 0, note: 200 is outside [0, 127]"),
        ):
            broken = values.copy()
            broken[1, [p.name for p in SPEC.params].index("OP6 EG RATE 1")] = bad
            try:
                play(broken, note, length_s=0.1).block_until_ready()
            except jax.errors.JaxRuntimeError as error:
                assert expected in str(error), error
            else:
                raise AssertionError("no error")
        assert np.isfinite(play(values, length_s=0.1)).all()  # and nothing else is lost
    """)
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
