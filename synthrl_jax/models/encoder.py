"""Convolutional front end: log-mel spectrogram → a grid of tokens."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from flax import nnx

_KERNELS = (5, 4, 4, 4, 4)
_STRIDE = 2
_PADDING = 2
_POSITION_TEMPERATURE = 10_000.0


class ConvEncoder(nnx.Module):
    """Five strided convolutions; 128 × 345 becomes 5 × 12 tokens of width `d_model`.

    Every layer is convolution, LeakyReLU(0.1) and, except in the first, batch norm.
    """

    def __init__(self, d_model: int, *, rngs: nnx.Rngs) -> None:
        widths = [1] + [d_model >> shift for shift in (4, 3, 2, 1, 0)]
        self.convs = nnx.List(
            nnx.Conv(
                width_in,
                width_out,
                (kernel, kernel),
                strides=_STRIDE,
                padding=_PADDING,
                kernel_init=nnx.initializers.he_uniform(),
                rngs=rngs,
            )
            for width_in, width_out, kernel in zip(widths[:-1], widths[1:], _KERNELS, strict=True)
        )
        self.norms = nnx.List(
            nnx.BatchNorm(width, momentum=0.9, epsilon=1e-5, rngs=rngs) for width in widths[2:]
        )

    def __call__(self, mel: jax.Array, *, train: bool) -> jax.Array:
        """[B, M, T] log-mel in [-1, 1] → [B, rows, columns, d_model]."""
        x = mel[..., None]
        for i, conv in enumerate(self.convs):
            x = jax.nn.leaky_relu(conv(x), 0.1)
            if i > 0:
                x = self.norms[i - 1](x, use_running_average=not train)
        return x


def _sine_code(position: jax.Array, width: int) -> jax.Array:
    """[...] positions → [..., width] interleaved sines and cosines of falling frequency."""
    exponent = 2 * (jnp.arange(width) // 2) / width
    angle = position[..., None] / _POSITION_TEMPERATURE**exponent
    return jnp.where(jnp.arange(width) % 2 == 0, jnp.sin(angle), jnp.cos(angle))


def grid_positions(num_rows: int, num_columns: int, width: int) -> jax.Array:
    """[rows × columns, width] 2-D sine code: half the channels for the row, half for the column.

    Positions run from 1 to the end and are scaled so that the last is 2π, as in DETR
    (Carion et al., 2020).
    """

    def code(count: int) -> jax.Array:
        return _sine_code(jnp.arange(1, count + 1) * (2 * math.pi / count), width // 2)

    rows = jnp.broadcast_to(code(num_rows)[:, None], (num_rows, num_columns, width // 2))
    columns = jnp.broadcast_to(code(num_columns)[None, :], (num_rows, num_columns, width // 2))
    return jnp.concatenate([rows, columns], axis=-1).reshape(num_rows * num_columns, width)


def sequence_positions(length: int, width: int) -> jax.Array:
    """[length, width] 1-D sine code (Vaswani et al., 2017)."""
    return _sine_code(jnp.arange(length, dtype=jnp.float32), width)
