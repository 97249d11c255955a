"""The policy: mel spectrogram → logits of every decision, all at once (non-autoregressive)."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from synthrl_jax.models.encoder import ConvEncoder, grid_positions, sequence_positions
from synthrl_jax.models.transformer import DecoderLayer, EncoderLayer


@dataclasses.dataclass(frozen=True)
class PolicyConfig:
    """Size and shape of the network.

    Attributes:
      d_model: width of the tokens; a multiple of 16.
      num_encoder_layers, num_decoder_layers, num_heads, d_hidden: of the transformer.
      dropout: rate inside the transformer.
      head_dropout: rate before the heads.
      head: "tanh" squashes logits to (0, 1) as SynthRL does; "linear" leaves them free.
    """

    d_model: int
    num_encoder_layers: int
    num_decoder_layers: int
    num_heads: int
    d_hidden: int
    dropout: float = 0.1
    head_dropout: float = 0.3
    head: Literal["tanh", "linear"] = "tanh"

    def __post_init__(self) -> None:
        if self.d_model % 16 or self.d_model % self.num_heads:
            raise ValueError("model.d_model must be a multiple of 16 and of model.num_heads")
        if self.head not in ("tanh", "linear"):
            raise ValueError(f"model.head is {self.head!r}, not 'tanh' or 'linear'")


class DecisionHeads(nnx.Module):
    """One linear layer per decision, padded to the largest class count."""

    def __init__(self, d_model: int, class_counts: NDArray[np.int32], *, rngs: nnx.Rngs) -> None:
        num_decisions, max_classes = len(class_counts), int(class_counts.max())
        # Xavier-uniform with each head's own fan-out, as if the heads were separate layers.
        limit = jnp.sqrt(6.0 / (d_model + jnp.asarray(class_counts)))[:, None, None]
        shape = (num_decisions, d_model, max_classes)
        self.kernel = nnx.Param(
            limit * jax.random.uniform(rngs.params(), shape, minval=-1.0, maxval=1.0)
        )
        self.bias = nnx.Param(jnp.zeros((num_decisions, max_classes)))

    def __call__(self, x: jax.Array) -> jax.Array:
        """[B, D, d_model] → [B, D, K]; entries beyond a decision's classes mean nothing."""
        return jnp.einsum("bnd,ndk->bnk", x, self.kernel[...]) + self.bias[...]


class Policy(nnx.Module):
    """CNN, transformer encoder, and a decoder with one learnt query per decision."""

    def __init__(
        self, config: PolicyConfig, class_counts: NDArray[np.int32], *, rngs: nnx.Rngs
    ) -> None:
        d_model, num_decisions = config.d_model, len(class_counts)
        layer_args = (d_model, config.num_heads, config.d_hidden, config.dropout)
        self.squash = config.head == "tanh"
        self.cnn = ConvEncoder(d_model, rngs=rngs)
        self.encoder = nnx.List(
            EncoderLayer(*layer_args, rngs=rngs) for _ in range(config.num_encoder_layers)
        )
        self.encoder_norm = nnx.LayerNorm(d_model, epsilon=1e-5, rngs=rngs)
        self.queries = nnx.Param(0.02 * jax.random.normal(rngs.params(), (num_decisions, d_model)))
        self.decoder = nnx.List(
            DecoderLayer(*layer_args, rngs=rngs) for _ in range(config.num_decoder_layers)
        )
        self.decoder_norm = nnx.LayerNorm(d_model, epsilon=1e-5, rngs=rngs)
        self.head_dropout = nnx.Dropout(config.head_dropout)
        self.heads = DecisionHeads(d_model, class_counts, rngs=rngs)

    def __call__(
        self, mel: jax.Array, *, train: bool = False, rngs: nnx.Rngs | None = None
    ) -> jax.Array:
        """Logits of all decisions.

        Args:
          mel: [B, M, T] log-mel in [-1, 1].
          train: dropout and batch statistics on; needs `rngs` with a "dropout" stream.
          rngs: consumed by dropout.

        Returns:
          [B, D, K]; in (0, 1) with the "tanh" head.
        """
        grid = self.cnn(mel, train=train)
        batch, rows, columns, width = grid.shape
        position = grid_positions(rows, columns, width)
        memory = grid.reshape(batch, rows * columns, width)
        for layer in self.encoder:
            memory = layer(memory, position, train=train, rngs=rngs)
        memory = self.encoder_norm(memory)

        queries = jnp.broadcast_to(self.queries[...], (batch, *self.queries.shape))
        query_position = sequence_positions(queries.shape[1], width)
        for layer in self.decoder:
            queries = layer(queries, query_position, memory, position, train=train, rngs=rngs)
        x = self.head_dropout(self.decoder_norm(queries), deterministic=not train, rngs=rngs)
        logits = self.heads(x)
        return 0.5 * (jnp.tanh(logits) + 1.0) if self.squash else logits


class Weights(NamedTuple):
    """The network's arrays as plain pytrees of nested dicts.

    Attributes:
      params: what gradients reach.
      batch_stats: running means and variances of the batch norms.
    """

    params: Any
    batch_stats: Any


class PolicyFn:
    """The network as pure functions of its weights, for use under `jax.jit`."""

    def __init__(self, config: PolicyConfig, class_counts: NDArray[np.int32]) -> None:
        self._build = functools.partial(Policy, config, class_counts)
        abstract = nnx.eval_shape(lambda: self._build(rngs=nnx.Rngs(0)))
        self._graphdef, self._params, self._batch_stats = nnx.split(
            abstract, nnx.Param, nnx.BatchStat
        )

    def init(self, seed: int) -> Weights:
        """Fresh weights."""
        model = self._build(rngs=nnx.Rngs(seed))
        _, params, batch_stats = nnx.split(model, nnx.Param, nnx.BatchStat)
        return Weights(nnx.to_pure_dict(params), nnx.to_pure_dict(batch_stats))

    def abstract_weights(self) -> Weights:
        """Shapes and types of the weights, without arrays."""
        return Weights(nnx.to_pure_dict(self._params), nnx.to_pure_dict(self._batch_stats))

    def logits(self, weights: Weights, mel: jax.Array) -> jax.Array:
        """[B, M, T] → [B, D, K], deterministic: running statistics, no dropout."""
        return self._merge(weights)(mel)

    def train_logits(
        self, weights: Weights, mel: jax.Array, key: jax.Array
    ) -> tuple[jax.Array, Any]:
        """Logits [B, D, K] with dropout from `key`, and the updated batch statistics."""
        model = self._merge(weights)
        logits = model(mel, train=True, rngs=nnx.Rngs(dropout=key))
        return logits, nnx.to_pure_dict(nnx.state(model, nnx.BatchStat))

    def _merge(self, weights: Weights) -> Policy:
        return nnx.merge(
            self._graphdef,
            _with_values(self._params, weights.params),
            _with_values(self._batch_stats, weights.batch_stats),
        )


def _with_values(abstract: nnx.State, values: Any) -> nnx.State:
    """The state with the structure of `abstract` and the arrays of the nested dict `values`."""
    leaves = jax.tree.leaves(values)
    return jax.tree.unflatten(jax.tree.structure(abstract), leaves)
