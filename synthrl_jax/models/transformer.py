"""Pre-norm transformer whose position codes enter queries and keys only, as in DETR."""

from __future__ import annotations

import jax
from flax import nnx


def _attention(d_model: int, num_heads: int, dropout: float, rngs: nnx.Rngs) -> nnx.Module:
    return nnx.MultiHeadAttention(
        num_heads=num_heads,
        in_features=d_model,
        dropout_rate=dropout,
        broadcast_dropout=False,
        kernel_init=nnx.initializers.xavier_uniform(),
        decode=False,
        rngs=rngs,
        keep_rngs=False,
    )


class FeedForward(nnx.Module):
    """Linear, GELU, dropout, linear."""

    def __init__(self, d_model: int, d_hidden: int, dropout: float, *, rngs: nnx.Rngs) -> None:
        init = nnx.initializers.xavier_uniform()
        self.widen = nnx.Linear(d_model, d_hidden, kernel_init=init, rngs=rngs)
        self.narrow = nnx.Linear(d_hidden, d_model, kernel_init=init, rngs=rngs)
        self.dropout = nnx.Dropout(dropout)

    def __call__(self, x: jax.Array, *, train: bool, rngs: nnx.Rngs | None) -> jax.Array:
        """[..., d_model] → [..., d_model]."""
        hidden = jax.nn.gelu(self.widen(x), approximate=False)
        return self.narrow(self.dropout(hidden, deterministic=not train, rngs=rngs))


class EncoderLayer(nnx.Module):
    """Self-attention over the tokens, then a feed-forward network."""

    def __init__(
        self, d_model: int, num_heads: int, d_hidden: int, dropout: float, *, rngs: nnx.Rngs
    ) -> None:
        self.attention_norm = nnx.LayerNorm(d_model, epsilon=1e-5, rngs=rngs)
        self.attention = _attention(d_model, num_heads, dropout, rngs)
        self.feed_forward_norm = nnx.LayerNorm(d_model, epsilon=1e-5, rngs=rngs)
        self.feed_forward = FeedForward(d_model, d_hidden, dropout, rngs=rngs)
        self.dropout = nnx.Dropout(dropout)

    def __call__(
        self, x: jax.Array, position: jax.Array, *, train: bool, rngs: nnx.Rngs | None
    ) -> jax.Array:
        """[B, tokens, d_model] and its [tokens, d_model] position code → the same shape as x."""
        mode = {"deterministic": not train, "rngs": rngs}
        y = self.attention_norm(x)
        y = self.attention(y + position, y + position, y, **mode)
        x = x + self.dropout(y, **mode)
        y = self.feed_forward(self.feed_forward_norm(x), train=train, rngs=rngs)
        return x + self.dropout(y, **mode)


class DecoderLayer(nnx.Module):
    """Self-attention over the queries, attention to the memory, a feed-forward network."""

    def __init__(
        self, d_model: int, num_heads: int, d_hidden: int, dropout: float, *, rngs: nnx.Rngs
    ) -> None:
        self.self_norm = nnx.LayerNorm(d_model, epsilon=1e-5, rngs=rngs)
        self.self_attention = _attention(d_model, num_heads, dropout, rngs)
        self.cross_norm = nnx.LayerNorm(d_model, epsilon=1e-5, rngs=rngs)
        self.cross_attention = _attention(d_model, num_heads, dropout, rngs)
        self.feed_forward_norm = nnx.LayerNorm(d_model, epsilon=1e-5, rngs=rngs)
        self.feed_forward = FeedForward(d_model, d_hidden, dropout, rngs=rngs)
        self.dropout = nnx.Dropout(dropout)

    def __call__(
        self,
        x: jax.Array,
        query_position: jax.Array,
        memory: jax.Array,
        memory_position: jax.Array,
        *,
        train: bool,
        rngs: nnx.Rngs | None,
    ) -> jax.Array:
        """Queries [B, D, d_model] attend to themselves and to memory [B, tokens, d_model]."""
        mode = {"deterministic": not train, "rngs": rngs}
        y = self.self_norm(x)
        y = self.self_attention(y + query_position, y + query_position, y, **mode)
        x = x + self.dropout(y, **mode)
        y = self.cross_norm(x) + query_position
        y = self.cross_attention(y, memory + memory_position, memory, **mode)
        x = x + self.dropout(y, **mode)
        y = self.feed_forward(self.feed_forward_norm(x), train=train, rngs=rngs)
        return x + self.dropout(y, **mode)
