"""Front ends: log-mel spectrogram → tokens."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from synthrl_jax.types import DecisionLayout, ReferenceView

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


class StripEncoder(nnx.Module):
    """Cuts the spectrogram into strips of frames, each with all its bands; a strip is a token.

    The pitch being known, what a band means does not change from place to place, so that nothing is
    gained by looking for the same pattern everywhere as convolutions do, and two dense layers
    are several times as fast on a CPU. One more token tells how the note was played.

    With a reference, a strip also shows how far the target is from it. That part starts at zero:
    a network that has never seen a reference can learn to use one.

    Args:
      d_model: width of the tokens.
      d_hidden: width of the layer between.
      num_mels: of the spectrogram.
      num_frames: at most, of the spectrogram.
      strip_frames: of a strip.
      reference: whether there is one.
    """

    def __init__(
        self,
        d_model: int,
        d_hidden: int,
        *,
        num_mels: int = 128,
        num_frames: int = 345,
        strip_frames: int = 16,
        reference: bool = False,
        rngs: nnx.Rngs,
    ) -> None:
        self.strip_frames = strip_frames
        self.num_strips = -(-num_frames // strip_frames)
        self.widen = nnx.Linear(strip_frames * num_mels, d_hidden, rngs=rngs)
        self.narrow = nnx.Linear(d_hidden, d_model, rngs=rngs)
        shape = (self.num_strips, d_model)
        self.position = nnx.Param(0.02 * jax.random.normal(rngs.params(), shape))
        self.played = nnx.Linear(NUM_PLAYED, d_model, rngs=rngs)
        if reference:
            self.widen_difference = nnx.Linear(
                strip_frames * num_mels,
                d_hidden,
                use_bias=False,
                kernel_init=nnx.initializers.zeros,
                rngs=rngs,
            )

    def __call__(
        self, mel: jax.Array, played: jax.Array, reference: ReferenceView | None = None
    ) -> jax.Array:
        """[B, M, T] log-mel in [-1, 1] and [B, 3] → [B, strips + 1, d_model]."""
        strips = self._strips(mel)
        hidden = self.widen(2.0 * strips + 1.0)
        if reference is not None:
            there = (jnp.asarray(reference.action)[:, :1, None] >= 0).astype(strips.dtype)
            difference = strips - self._strips(jnp.asarray(reference.mel))
            hidden += self.widen_difference(2.0 * difference * there)
        tokens = self.narrow(jax.nn.gelu(hidden)) + self.position[...]
        return jnp.concatenate([tokens, self.played(scaled_played(played))[:, None]], axis=1)

    def _strips(self, mel: jax.Array) -> jax.Array:
        """[B, M, T] → [B, strips, frames · M]."""
        batch, num_mels, frames = mel.shape
        missing = self.num_strips * self.strip_frames - frames
        padded = jnp.pad(mel, ((0, 0), (0, 0), (0, missing)), mode="edge")
        strips = padded.reshape(batch, num_mels, self.num_strips, self.strip_frames)
        return strips.transpose(0, 2, 3, 1).reshape(batch, self.num_strips, -1)


class PresetEncoder(nnx.Module):
    """A preset as one token per group of decisions, at the place of its own in the sequence.

    Args:
      layout: of the decisions.
      d_model: width of the tokens.
    """

    def __init__(self, layout: DecisionLayout, d_model: int, *, rngs: nnx.Rngs) -> None:
        group = np.array(layout.group)
        num_groups, max_classes = int(group.max()) + 1, int(max(layout.class_counts))
        self.layout = DecisionLayout(*(tuple(int(n) for n in numbers) for numbers in layout))
        normal = nnx.initializers.normal(0.02)
        shape = (len(group), max_classes, d_model)
        self.embedding = nnx.Param(normal(rngs.params(), shape))
        self.position = nnx.Param(normal(rngs.params(), (num_groups, d_model)))

    def __call__(self, action: jax.Array) -> jax.Array:
        """[B, D] classes, -1 for nothing → [B, groups, d_model]."""
        group = np.array(self.layout.group)
        inside = group[None, :] == np.arange(len(self.position))[:, None]
        one_hot = jax.nn.one_hot(action, self.embedding.shape[1], dtype=jnp.float32)
        embedded = jnp.einsum("bnk,nkd->bnd", one_hot, self.embedding[...])
        return jnp.einsum("gn,bnd->bgd", inside.astype(np.float32), embedded) + self.position[...]


NUM_PLAYED = 3


def scaled_played(played: jax.Array) -> jax.Array:
    """[B, 3] MIDI key, velocity and gate in seconds → about [-1, 1], 0 for SynthRL's protocol."""
    return (played - jnp.array([60.0, 85.0, 3.0])) / jnp.array([24.0, 42.0, 2.0])
