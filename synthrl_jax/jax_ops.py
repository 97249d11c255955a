"""Rendering inside JAX programs: the renderer as an operation that can be jitted and vmapped.

    @jax.jit
    def rewards(presets, target):  # [B, 155], [S] → [B]
        sound = audio.peak_normalise_render(jax_ops.render(presets))
        targets = jnp.broadcast_to(target, sound.shape)
        return reward.reward(reward.distances(targets, sound))

On CPU it is a custom call into the engine, which costs no copy; elsewhere the host renders in a
callback. The trainer does not need it: there a render is an ordinary call between two jitted
functions, which is easier to time and to overlap.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from numpy.typing import NDArray

from synthrl_jax import render as render_lib
from synthrl_jax.errors import UserError
from synthrl_jax.render import Engine, Renderer, Stage
from synthrl_jax.synths import dx7

_TARGET = "synthrl_dx7_render"
_PACKED_BYTES = 128

jax.ffi.register_ffi_target(_TARGET, render_lib.xla_render(), platform="cpu")


@functools.cache
def _renderer(sample_rate: float, threads: int, stage: Stage, engine: Engine) -> Renderer:
    """Kept for good, as compiled programs refer to it."""
    return Renderer("dexed", sample_rate=sample_rate, threads=threads, stage=stage, engine=engine)


def render(
    presets: ArrayLike,
    note: ArrayLike = 60,
    velocity: ArrayLike = 85,
    gate_s: ArrayLike = 3.0,
    length_s: float = 4.0,
    fade_s: float = 0.1,
    *,
    sample_rate: float = 22_050,
    threads: int = 0,
    stage: Stage = "plugin",
    engine: Engine = "mark1",
) -> jax.Array:
    """Plays one note on each preset; see `render.Renderer.render`, whose bytes these are.

    Usable under `jit` and `vmap`, where all presets are rendered as one batch. It has no
    derivative.

    Args:
      presets: float32 [..., 155] plugin values in [0, 1], or uint8 [..., 128] packed voices.
      note, velocity, gate_s: numbers, or arrays that broadcast to [...].
      length_s, fade_s: static, in seconds.
      sample_rate, threads, stage, engine: static; of the renderer, which is made once.

    Returns:
      float32 [..., S].

    Raises:
      UserError: a shape or a static setting, at tracing time.
      jax.errors.JaxRuntimeError: a value out of range, when the program runs; the message names
        row and parameter.
    """
    presets = jnp.asarray(presets)
    width = _PACKED_BYTES if presets.dtype == jnp.uint8 else dx7.SPEC.num_values
    if presets.ndim < 1 or presets.shape[-1] != width:
        raise UserError(f"presets must have shape [..., {width}], not {list(presets.shape)}")
    if presets.dtype != jnp.uint8:
        presets = presets.astype(jnp.float32)
    rows = presets.shape[:-1]
    notes = (
        _per_row("note", note, jnp.int32, rows),
        _per_row("velocity", velocity, jnp.int32, rows),
        _per_row("gate_s", gate_s, jnp.float32, rows),
    )
    renderer = _renderer(sample_rate, threads, stage, engine)
    return jax.lax.platform_dependent(
        presets,
        *notes,
        cpu=functools.partial(_custom_call, renderer, length_s, fade_s),
        default=functools.partial(_callback, renderer, length_s, fade_s),
    )


def _per_row(
    name: str, value: ArrayLike, dtype: jnp.dtype | type, rows: tuple[int, ...]
) -> jax.Array:
    array = jnp.asarray(value, dtype)
    try:
        return jnp.broadcast_to(array, rows)
    except ValueError as error:
        raise UserError(f"{name} of shape {list(array.shape)} does not fit {list(rows)}") from error


def _result(renderer: Renderer, presets: jax.Array, length_s: float) -> jax.ShapeDtypeStruct:
    shape = (*presets.shape[:-1], renderer.num_samples(length_s))
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def _custom_call(
    renderer: Renderer, length_s: float, fade_s: float, presets: jax.Array, *notes: jax.Array
) -> jax.Array:
    call = jax.ffi.ffi_call(
        _TARGET, _result(renderer, presets, length_s), vmap_method="broadcast_all"
    )
    return call(
        presets,
        *notes,
        renderer=np.int64(renderer.share()),
        fade_samples=np.int64(renderer.num_fade_samples(fade_s)),
    )


def _callback(
    renderer: Renderer, length_s: float, fade_s: float, presets: jax.Array, *notes: jax.Array
) -> jax.Array:
    def play(presets: jax.Array, *notes: jax.Array) -> NDArray[np.float32]:
        host = np.asarray(presets)
        note, velocity, gate_s = (np.ravel(np.asarray(values)) for values in notes)
        sounds = renderer.render(
            host.reshape(-1, host.shape[-1]), note, velocity, gate_s, length_s, fade_s
        )
        return sounds.reshape(*host.shape[:-1], -1)

    result = _result(renderer, presets, length_s)
    return jax.pure_callback(play, result, presets, *notes, vmap_method="broadcast_all")
