"""The policy: how a sound looks → logits of every decision, and actions."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from synthrl_jax.models.decoder import GroupDecoder, Memory, QueryDecoder
from synthrl_jax.models.encoder import (
    ConvEncoder,
    PresetEncoder,
    StripEncoder,
    grid_positions,
)
from synthrl_jax.models.transformer import EncoderLayer
from synthrl_jax.types import DecisionLayout, View

Head = Literal["tanh", "linear"]
Encoder = Literal["conv", "strips"]
Decoder = Literal["queries", "groups"]


@dataclasses.dataclass(frozen=True)
class PolicyConfig:
    """Size and shape of the network; defaults are SynthRL's.

    Attributes:
      d_model: width of the tokens; a multiple of 16.
      num_encoder_layers, num_decoder_layers, num_heads, d_hidden: of the transformer.
      dropout: rate inside the transformer; "groups" has none.
      head_dropout: rate before the heads; "groups" has none.
      head: "tanh" squashes logits to (0, 1) as SynthRL does; "linear" leaves them free.
      encoder: "conv" is SynthRL's; "strips" sees the note too, and is fast on a CPU.
      decoder: "queries" is SynthRL's, which decides everything at once; "groups" decides one thing
        after another and has free logits.
      reference: begins from a known preset that sounds alike, where there is one; of "strips" with
        "groups" alone.
      trust: logit that what the reference has is given in advance. Labels teach what is likely,
        decision by decision, and of a voice that is right in most places but not in all little may
        remain; with more trust it stays whole, and reward teaches where to leave it.
    """

    d_model: int
    num_encoder_layers: int
    num_decoder_layers: int
    num_heads: int
    d_hidden: int
    dropout: float = 0.1
    head_dropout: float = 0.3
    head: Head = "tanh"
    encoder: Encoder = "conv"
    decoder: Decoder = "queries"
    reference: bool = False
    trust: float = 0.0

    def __post_init__(self) -> None:
        if self.d_model % 16 or self.d_model % self.num_heads:
            raise ValueError("model.d_model must be a multiple of 16 and of model.num_heads")
        for name, choices in (("head", Head), ("encoder", Encoder), ("decoder", Decoder)):
            if getattr(self, name) not in get_args(choices):
                listed = " or ".join(map(repr, get_args(choices)))
                raise ValueError(f"model.{name} is {getattr(self, name)!r}, not {listed}")
        if self.decoder == "groups" and self.head != "linear":
            raise ValueError("model.decoder 'groups' needs model.head 'linear'")
        if self.reference and (self.encoder, self.decoder) != ("strips", "groups"):
            raise ValueError("model.reference needs model.encoder 'strips' and decoder 'groups'")


class Policy(nnx.Module):
    """An encoder of sounds, a transformer over its tokens, and a decoder of decisions.

    Args:
      config: sizes and kinds.
      layout: of the decisions.
    """

    def __init__(
        self,
        config: PolicyConfig,
        layout: DecisionLayout,
        *,
        rngs: nnx.Rngs,
    ) -> None:
        d_model, heads, d_hidden = config.d_model, config.num_heads, config.d_hidden
        if config.encoder == "conv":
            self.cnn = ConvEncoder(d_model, rngs=rngs)
        else:
            self.strips = StripEncoder(d_model, 2 * d_model, reference=config.reference, rngs=rngs)
        if config.reference:
            self.preset = PresetEncoder(layout, d_model, rngs=rngs)
        self.encoder = nnx.List(
            EncoderLayer(d_model, heads, d_hidden, config.dropout, rngs=rngs)
            for _ in range(config.num_encoder_layers)
        )
        self.encoder_norm = nnx.LayerNorm(d_model, epsilon=1e-5, rngs=rngs)
        sizes = {
            "d_model": d_model,
            "num_heads": heads,
            "d_hidden": d_hidden,
            "num_layers": config.num_decoder_layers,
        }
        if config.decoder == "queries":
            self.decoder = QueryDecoder(
                np.array(layout.class_counts),
                **sizes,
                dropout=config.dropout,
                head_dropout=config.head_dropout,
                squash=config.head == "tanh",
                rngs=rngs,
            )
        else:
            self.decoder = GroupDecoder(
                layout, **sizes, reference=config.reference, trust=config.trust, rngs=rngs
            )

    def logits(
        self,
        view: View,
        action: jax.Array,
        *,
        train: bool = False,
        rngs: nnx.Rngs | None = None,
    ) -> jax.Array:
        """Logits of all decisions of given actions.

        Args:
          view: of B sounds.
          action: [B, R, D] classes; a decision may depend on those before it.
          train: dropout and batch statistics on; needs `rngs` with a "dropout" stream.
          rngs: consumed by dropout.

        Returns:
          [B, R, D, K]; in (0, 1) with the "tanh" head.
        """
        memory = self._memory(view, train=train, rngs=rngs)
        return self.decoder.logits(memory, action, train=train, rngs=rngs)

    def sample(
        self,
        view: View,
        key: jax.Array,
        count: int,
        temperature: float,
        *,
        train: bool = False,
        rngs: nnx.Rngs | None = None,
    ) -> jax.Array:
        """[B, count, D] actions from the policy at a temperature; the likeliest if it is 0."""
        memory = self._memory(view, train=train, rngs=rngs)
        return self.decoder.sample(memory, key, count, temperature, train=train, rngs=rngs)

    def _memory(self, view: View, *, train: bool, rngs: nnx.Rngs | None) -> Memory:
        mel = jnp.asarray(view.mel)
        reference = view.reference if hasattr(self, "preset") else None
        known = None
        if hasattr(self, "cnn"):
            grid = self.cnn(mel, train=train)
            batch, rows, columns, width = grid.shape
            position = grid_positions(rows, columns, width)
            tokens = grid.reshape(batch, rows * columns, width)
        else:
            tokens = self.strips(mel, jnp.asarray(view.played), reference)
            position = jnp.zeros(())
        if reference is not None:
            known = jnp.asarray(reference.action)
            tokens = jnp.concatenate([tokens, self.preset(known)], axis=1)
        for layer in self.encoder:
            tokens = layer(tokens, position, train=train, rngs=rngs)
        return Memory(self.encoder_norm(tokens), position, known)


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

    def __init__(self, config: PolicyConfig, layout: DecisionLayout) -> None:
        self._build = functools.partial(Policy, config, layout)
        whole = DecisionLayout(*(tuple(numbers) for numbers in layout))
        self._graphdef, self._params, self._batch_stats = _structure(config, whole)

    def init(self, seed: int) -> Weights:
        """Fresh weights."""
        model = self._build(rngs=nnx.Rngs(seed))
        _, params, batch_stats = nnx.split(model, nnx.Param, nnx.BatchStat)
        return Weights(nnx.to_pure_dict(params), nnx.to_pure_dict(batch_stats))

    def abstract_weights(self) -> Weights:
        """Shapes and types of the weights, without arrays."""
        return Weights(nnx.to_pure_dict(self._params), nnx.to_pure_dict(self._batch_stats))

    def logits(self, weights: Weights, view: View, action: jax.Array) -> jax.Array:
        """Of actions [B, R, D]: [B, R, D, K], deterministic: running statistics, no dropout."""
        return self._merge(weights).logits(view, action)

    def train_logits(
        self, weights: Weights, view: View, action: jax.Array, key: jax.Array
    ) -> tuple[jax.Array, Any]:
        """Logits [B, R, D, K] with dropout from `key`, and the updated batch statistics."""
        model = self._merge(weights)
        logits = model.logits(view, action, train=True, rngs=nnx.Rngs(dropout=key))
        return logits, nnx.to_pure_dict(nnx.state(model, nnx.BatchStat))

    def sample(
        self,
        weights: Weights,
        view: View,
        key: jax.Array,
        count: int,
        temperature: float,
        dropout_key: jax.Array | None = None,
    ) -> jax.Array:
        """[B, count, D] actions; the likeliest if the temperature is 0.

        Args:
          weights: of the network.
          view: of B sounds.
          key: of the draws.
          count: actions per sound.
          temperature: of the softmax.
          dropout_key: with it, the actions are those of the policy that `train_logits` sees.
        """
        model = self._merge(weights)
        rngs = None if dropout_key is None else nnx.Rngs(dropout=dropout_key)
        return model.sample(view, key, count, temperature, train=dropout_key is not None, rngs=rngs)

    def _merge(self, weights: Weights) -> Policy:
        return nnx.merge(
            self._graphdef,
            _with_values(self._params, weights.params),
            _with_values(self._batch_stats, weights.batch_stats),
        )


@functools.lru_cache(maxsize=16)
def _structure(
    config: PolicyConfig, layout: DecisionLayout
) -> tuple[nnx.GraphDef[Policy], nnx.State, nnx.State]:
    """A network without its arrays, and shapes of its weights and of its batch statistics.

    Kept, as a network is asked for its shapes several times before it is loaded, which takes long.
    """
    abstract = nnx.eval_shape(lambda: Policy(config, layout, rngs=nnx.Rngs(0)))
    graphdef, params, batch_stats = nnx.split(abstract, nnx.Param, nnx.BatchStat)
    return graphdef, params, batch_stats


def _with_values(abstract: nnx.State, values: Any) -> nnx.State:
    """The state with the structure of `abstract` and the arrays of the nested dict `values`."""
    leaves = jax.tree.leaves(values)
    return jax.tree.unflatten(jax.tree.structure(abstract), leaves)
