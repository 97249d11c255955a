"""From memory to logits: all decisions at once, or one after another.

Both decoders answer the same two questions: the logits of every decision of given actions, and
fresh actions. Actions have an axis R, so that many tries at a sound share its memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from synthrl_jax.models.encoder import sequence_positions
from synthrl_jax.models.transformer import DecoderLayer, FeedForward
from synthrl_jax.types import DecisionLayout

_NO_CLASS = -1e9


class Memory(NamedTuple):
    """What an encoder made of sounds.

    Attributes:
      tokens: [B, N, d_model].
      position: [N, d_model] their position code, added where tokens are keys; [] zero for none.
    """

    tokens: jax.Array
    position: jax.Array


def draw(key: jax.Array, logits: jax.Array, temperature: float) -> jax.Array:
    """[...] int32 classes from softmax(logits [..., K] / temperature); the likeliest if it is 0."""
    if temperature == 0:
        return jnp.argmax(logits, axis=-1).astype(jnp.int32)
    return jax.random.categorical(key, logits / temperature, axis=-1).astype(jnp.int32)


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
        """[..., D, d_model] → [..., D, K]; entries beyond a decision's classes mean nothing."""
        return jnp.einsum("...nd,ndk->...nk", x, self.kernel[...]) + self.bias[...]

    def one(self, x: jax.Array, decision: jax.Array) -> jax.Array:
        """[..., d_model] → [..., K] of a single decision."""
        return x @ self.kernel[...][decision] + self.bias[...][decision]


class QueryDecoder(nnx.Module):
    """SynthRL's: a transformer with one learnt query per decision, non-autoregressive.

    Args:
      class_counts: [D].
      d_model, num_heads, d_hidden, num_layers: of the transformer.
      dropout, head_dropout: rates inside, and before the heads.
      squash: logits are squashed to (0, 1) by 0.5 (tanh + 1).
    """

    def __init__(
        self,
        class_counts: NDArray[np.int32],
        *,
        d_model: int,
        num_heads: int,
        d_hidden: int,
        num_layers: int,
        dropout: float,
        head_dropout: float,
        squash: bool,
        rngs: nnx.Rngs,
    ) -> None:
        self.squash = squash
        self.class_counts = tuple(int(count) for count in class_counts)
        shape = (len(class_counts), d_model)
        self.queries = nnx.Param(0.02 * jax.random.normal(rngs.params(), shape))
        self.layers = nnx.List(
            DecoderLayer(d_model, num_heads, d_hidden, dropout, rngs=rngs)
            for _ in range(num_layers)
        )
        self.norm = nnx.LayerNorm(d_model, epsilon=1e-5, rngs=rngs)
        self.head_dropout = nnx.Dropout(head_dropout)
        self.heads = DecisionHeads(d_model, class_counts, rngs=rngs)

    def logits(
        self, memory: Memory, action: jax.Array, *, train: bool, rngs: nnx.Rngs | None
    ) -> jax.Array:
        """[B, R, D, K]; the same for all actions [B, R, D] of a sound."""
        alone = self._all_at_once(memory, train=train, rngs=rngs)[:, None]
        return jnp.broadcast_to(alone, (*action.shape, alone.shape[-1]))

    def sample(
        self,
        memory: Memory,
        key: jax.Array,
        count: int,
        temperature: float,
        *,
        train: bool,
        rngs: nnx.Rngs | None,
    ) -> jax.Array:
        """[B, count, D] actions; the likeliest if the temperature is 0."""
        logits = self._all_at_once(memory, train=train, rngs=rngs)
        masked = jnp.where(_class_mask(self.class_counts), logits, _NO_CLASS)
        return draw(key, jnp.repeat(masked[:, None], count, axis=1), temperature)

    def _all_at_once(self, memory: Memory, *, train: bool, rngs: nnx.Rngs | None) -> jax.Array:
        queries = jnp.broadcast_to(self.queries[...], (len(memory.tokens), *self.queries.shape))
        position = sequence_positions(*self.queries.shape)
        for layer in self.layers:
            queries = layer(
                queries, position, memory.tokens, memory.position, train=train, rngs=rngs
            )
        x = self.head_dropout(self.norm(queries), deterministic=not train, rngs=rngs)
        logits = self.heads(x)
        return 0.5 * (jnp.tanh(logits) + 1.0) if self.squash else logits


class _Heads(NamedTuple):
    """Keys and values, each [B, heads, N, d_head]."""

    key: jax.Array
    value: jax.Array


class _Attention(nnx.Module):
    """Multi-head attention whose keys and values can be kept."""

    def __init__(self, d_model: int, num_heads: int, *, rngs: nnx.Rngs) -> None:
        self.num_heads = num_heads
        self.query = nnx.Linear(d_model, d_model, use_bias=False, rngs=rngs)
        self.key_value = nnx.Linear(d_model, 2 * d_model, use_bias=False, rngs=rngs)
        self.out = nnx.Linear(d_model, d_model, rngs=rngs)

    def remember(self, x: jax.Array) -> _Heads:
        """[B, N, d_model] → what can be attended to."""
        return _Heads(*(self._split(part) for part in jnp.split(self.key_value(x), 2, axis=-1)))

    def __call__(self, x: jax.Array, kept: _Heads, mask: jax.Array | None = None) -> jax.Array:
        """[B, Q, d_model] attends to what is kept, where mask [Q, N] is True."""
        query = self._split(self.query(x))
        scores = query @ kept.key.swapaxes(-1, -2) / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = jnp.where(mask, scores, _NO_CLASS)
        attended = (jax.nn.softmax(scores) @ kept.value).swapaxes(1, 2)
        return self.out(attended.reshape(x.shape))

    def _split(self, x: jax.Array) -> jax.Array:
        batch, length, width = x.shape
        return x.reshape(batch, length, self.num_heads, width // self.num_heads).swapaxes(1, 2)


class _GroupLayer(nnx.Module):
    """Causal attention over groups, attention to the memory, a feed-forward network."""

    def __init__(self, d_model: int, num_heads: int, d_hidden: int, *, rngs: nnx.Rngs) -> None:
        self.num_heads = num_heads
        self.self_norm = nnx.RMSNorm(d_model, rngs=rngs)
        self.self_attention = _Attention(d_model, num_heads, rngs=rngs)
        self.cross_norm = nnx.RMSNorm(d_model, rngs=rngs)
        self.cross_attention = _Attention(d_model, num_heads, rngs=rngs)
        self.feed_forward_norm = nnx.RMSNorm(d_model, rngs=rngs)
        self.feed_forward = FeedForward(d_model, d_hidden, 0.0, rngs=rngs)

    def remember(self, x: jax.Array) -> _Heads:
        """Groups [B, N, d_model] as later groups see them."""
        return self.self_attention.remember(self.self_norm(x))

    def __call__(
        self, x: jax.Array, earlier: _Heads, memory: _Heads, mask: jax.Array | None
    ) -> jax.Array:
        """Groups [B · R, Q, d_model]; the memory is that of B sounds."""
        x = x + self.self_attention(self.self_norm(x), earlier, mask)
        # The tries at a sound are so many queries to its memory.
        queries = self.cross_norm(x).reshape(len(memory.key), -1, x.shape[-1])
        x = x + self.cross_attention(queries, memory).reshape(x.shape)
        return x + self.feed_forward(self.feed_forward_norm(x), train=False, rngs=None)


class GroupDecoder(nnx.Module):
    """Autoregressive over all decisions, at the cost of one transformer token per group.

    A group (an operator, the globals) is a token that attends to the sound and to what the groups
    before it have decided. Inside a group, a decision sees the group's token and the sum of the
    embedded decisions before it, through one hidden layer. What is gated off adds nothing, so that
    it makes no difference what was decided there.

    Args:
      layout: of the decisions.
      d_model, num_heads, d_hidden, num_layers: of the transformer.

    References:
      Larochelle and Murray, The Neural Autoregressive Distribution Estimator (2011).
    """

    def __init__(
        self,
        layout: DecisionLayout,
        *,
        d_model: int,
        num_heads: int,
        d_hidden: int,
        num_layers: int,
        rngs: nnx.Rngs,
    ) -> None:
        num_decisions, max_classes = len(layout.class_counts), int(max(layout.class_counts))
        self.layout = DecisionLayout(*(tuple(int(n) for n in numbers) for numbers in layout))
        normal = nnx.initializers.normal(0.02)
        self.embedding = nnx.Param(normal(rngs.params(), (num_decisions, max_classes, d_model)))
        self.start = nnx.Param(normal(rngs.params(), (self._num_groups, d_model)))
        self.queries = nnx.Param(normal(rngs.params(), (num_decisions, d_model)))
        self.before = nnx.Linear(d_model, d_model, rngs=rngs)
        self.layers = nnx.List(
            _GroupLayer(d_model, num_heads, d_hidden, rngs=rngs) for _ in range(num_layers)
        )
        self.inside_norm = nnx.RMSNorm(d_model, rngs=rngs)
        self.inside = FeedForward(d_model, d_model, 0.0, rngs=rngs)
        self.norm = nnx.RMSNorm(d_model, rngs=rngs)
        self.heads = DecisionHeads(d_model, np.array(layout.class_counts), rngs=rngs)

    def logits(
        self, memory: Memory, action: jax.Array, *, train: bool, rngs: nnx.Rngs | None
    ) -> jax.Array:
        """[B, R, D, K]: each decision given those before it in the actions [B, R, D]."""
        del train, rngs  # there is no dropout
        flat = action.reshape(-1, action.shape[-1])
        one_hot = jax.nn.one_hot(flat, self.embedding.shape[1], dtype=jnp.float32)
        embedded = jnp.einsum("bnk,nkd->bnd", one_hot, self.embedding[...])
        embedded = jnp.where(self._is_open(flat)[..., None], embedded, 0.0)
        group = np.array(self.layout.group)
        # The input of a group is the sum over the one before it.
        before = group[None, :] == np.arange(self._num_groups)[:, None] - 1
        inputs = jnp.einsum("gn,bnd->bgd", before.astype(np.float32), embedded)
        x = self.start[...] + self.before(inputs)
        mask = jnp.tril(jnp.ones((x.shape[1], x.shape[1]), bool))
        for layer, kept in zip(self.layers, self._memories(memory), strict=True):
            x = layer(x, layer.remember(x), kept, mask)
        prefix = jnp.einsum("mn,bnd->bmd", self._precedes(), embedded)
        hidden = self._inside(x[:, group] + prefix + self.queries[...])
        return self.heads(hidden).reshape(*action.shape, -1)

    def sample(
        self,
        memory: Memory,
        key: jax.Array,
        count: int,
        temperature: float,
        *,
        train: bool,
        rngs: nnx.Rngs | None,
    ) -> jax.Array:
        """[B, count, D] actions; decision by decision the likeliest if the temperature is 0."""
        del train, rngs
        batch, _, width = memory.tokens.shape
        rows, num_groups, num_decisions = batch * count, self._num_groups, len(self.layout.group)
        memories = self._memories(memory)
        num_heads = self.layers[0].num_heads
        nothing = jnp.zeros((rows, num_heads, num_groups, width // num_heads))

        # Loops over groups and decisions, which compile in a fraction of the time of their
        # unrolled form; what a network says first in a program is what its user waits for.
        def decide_group(
            so_far: tuple[jax.Array, jax.Array, list[_Heads]], group: jax.Array
        ) -> tuple[tuple[jax.Array, jax.Array, list[_Heads]], None]:
            total, action, earlier = so_far
            x = (self.start[...][group] + self.before(total))[:, None]
            mask = (jnp.arange(num_groups) <= group)[None, :]
            kept_so_far = []
            for layer, heads, kept in zip(self.layers, earlier, memories, strict=True):
                kept_so_far.append(_put(heads, layer.remember(x), group))
                x = layer(x, kept_so_far[-1], kept, mask)
            total, action = self._decide_members(x[:, 0], action, group, key, temperature)
            return (total, action, kept_so_far), None

        start = (
            jnp.zeros((rows, width)),
            jnp.zeros((rows, num_decisions), jnp.int32),
            [_Heads(nothing, nothing) for _ in self.layers],
        )
        (_, action, _), _ = jax.lax.scan(decide_group, start, jnp.arange(num_groups))
        return action.reshape(batch, count, -1)

    def _decide_members(
        self,
        token: jax.Array,
        action: jax.Array,
        group: jax.Array,
        key: jax.Array,
        temperature: float,
    ) -> tuple[jax.Array, jax.Array]:
        """The sum of a group's embedded decisions, and the actions with its decisions filled in."""
        embedding, queries = self.embedding[...], self.queries[...]
        class_mask = jnp.asarray(_class_mask(self.layout.class_counts))

        def decide(
            so_far: tuple[jax.Array, jax.Array], decision: jax.Array
        ) -> tuple[tuple[jax.Array, jax.Array], None]:
            prefix, action = so_far
            hidden = self._inside(token + prefix + queries[decision])
            logits = self.heads.one(hidden, decision)
            chosen = draw(
                jax.random.fold_in(key, decision),
                jnp.where(class_mask[decision], logits, _NO_CLASS),
                temperature,
            )
            decided = action.at[:, decision].set(chosen)
            is_open = self._is_open(decided)[:, decision]
            added = jnp.where(is_open[:, None], embedding[decision][chosen], 0.0)
            return (prefix + added, decided), None

        def decide_unless_padding(
            so_far: tuple[jax.Array, jax.Array], decision: jax.Array
        ) -> tuple[tuple[jax.Array, jax.Array], None]:
            return jax.lax.cond(
                decision >= 0, lambda: decide(so_far, decision), lambda: (so_far, None)
            )

        members = jnp.asarray(self._members())[group]
        (total, action), _ = jax.lax.scan(
            decide_unless_padding, (jnp.zeros_like(token), action), members
        )
        return total, action

    def _members(self) -> NDArray[np.int32]:
        """[G, most in a group] decisions as they are made, filled up with -1."""
        group = np.array(self.layout.group)
        order = np.array(self._order(), np.int32)
        members = np.full((self._num_groups, int(np.bincount(group).max())), -1, np.int32)
        for g, row in enumerate(members):
            inside = order[group[order] == g]
            row[: len(inside)] = inside
        return members

    def _inside(self, x: jax.Array) -> jax.Array:
        return self.norm(x + self.inside(self.inside_norm(x), train=False, rngs=None))

    def _memories(self, memory: Memory) -> list[_Heads]:
        return [layer.cross_attention.remember(memory.tokens) for layer in self.layers]

    @property
    def _num_groups(self) -> int:
        return max(self.layout.group) + 1

    def _is_open(self, action: jax.Array) -> jax.Array:
        """[B, D] bool: no gate of the decision is at class 0 in the actions [B, D]."""
        gate = jnp.array(self.layout.gate)
        return (gate < 0) | (action[:, jnp.maximum(gate, 0)] > 0)

    def _order(self) -> list[int]:
        """[D] decisions as they are made: group by group, gates before what they gate."""
        gates = set(self.layout.gate)
        return sorted(
            range(len(self.layout.group)), key=lambda n: (self.layout.group[n], n not in gates, n)
        )

    def _precedes(self) -> NDArray[np.float32]:
        """[D, D] 1 where decision m sees decision n of its group."""
        place = np.argsort(self._order())
        group = np.array(self.layout.group)
        earlier = place[None, :] < place[:, None]
        return (earlier & (group[None, :] == group[:, None])).astype(np.float32)


def _put(heads: _Heads, new: _Heads, place: jax.Array) -> _Heads:
    """The heads with those of one more token at a place."""
    return _Heads(
        *(
            jax.lax.dynamic_update_index_in_dim(a, b[:, :, 0], place, 2)
            for a, b in zip(heads, new, strict=True)
        )
    )


def _class_mask(class_counts: Sequence[int]) -> NDArray[np.bool_]:
    """[D, K] which classes exist."""
    return np.arange(max(class_counts))[None, :] < np.array(class_counts)[:, None]
