"""Logits ↔ action ↔ preset: the decisions of one synthesizer as padded, masked classes."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from synthrl_jax.spec import SynthSpec
from synthrl_jax.types import Array, Reference

MASKED_LOGIT = -1e9
"""Logit of a class that a decision does not have; finite, so that gradients stay finite."""


class ActionSpace:
    """What a policy chooses: one class for each of D decisions.

    Decisions have between 2 and K classes. All arrays are padded to K, and `class_mask` says
    which entries exist, so that no code loops over decisions.
    """

    def __init__(self, spec: SynthSpec) -> None:
        self.spec = spec
        self.class_counts: NDArray[np.int32] = spec.class_counts
        """[D] number of classes."""
        self.class_mask: NDArray[np.bool_] = (
            np.arange(spec.max_classes)[None, :] < spec.class_counts[:, None]
        )
        """[D, K] which classes exist."""

    @property
    def num_decisions(self) -> int:
        """D."""
        return self.spec.num_decisions

    @property
    def max_classes(self) -> int:
        """K."""
        return self.spec.max_classes

    def mask_logits(self, logits: Array) -> jax.Array:
        """[..., D, K] logits with the classes that do not exist at `MASKED_LOGIT`."""
        return jnp.where(self.class_mask, logits, MASKED_LOGIT)

    def log_softmax(self, logits: Array, temperature: float = 1.0) -> jax.Array:
        """[..., D, K] log-probabilities in nats of softmax(logits / temperature)."""
        return jax.nn.log_softmax(self.mask_logits(logits / temperature), axis=-1)

    def log_prob(self, logits: Array, action: Array, temperature: float) -> jax.Array:
        """[..., D] log-probability in nats of each chosen class."""
        log_probs = self.log_softmax(logits, temperature)
        chosen = jnp.asarray(action, jnp.int32)[..., None]
        return jnp.take_along_axis(log_probs, chosen, axis=-1)[..., 0]

    def to_values(
        self, action: NDArray[np.integer] | jax.Array, near: Array | None = None
    ) -> NDArray[np.float32]:
        """The presets that actions stand for.

        Args:
          action: [..., D] classes.
          near: [..., V] presets, NaN for none; a decision of the same class as theirs keeps their
            value, which may lie between those of two classes.

        Returns:
          [..., V] float32 in [0, 1]: `k / (K - 1)` for decisions, defaults for fixed parameters.

        Raises:
          ValueError: a class that the decision does not have.
        """
        action = np.asarray(action)
        bad = np.argwhere((action < 0) | (action >= self.class_counts))
        if bad.size:
            where = tuple(int(i) for i in bad[0])
            name = self.spec.decisions[where[-1]].name
            raise ValueError(f"action{list(where)} ({name!r}): no class {action[where]}")
        values = np.empty((*action.shape[:-1], self.spec.num_values), np.float32)
        values[...] = self.spec.default_values
        decided = action / (self.class_counts - 1)
        if near is not None:
            known = np.asarray(near)[..., self.spec.value_index]
            same = np.isfinite(known) & (self.from_values(np.nan_to_num(near)) == action)
            decided = np.where(same, known, decided)
        values[..., self.spec.value_index] = decided
        return values

    def from_values(self, values: NDArray[np.floating]) -> NDArray[np.int32]:
        """The nearest action: class `round(v (K - 1))`.

        Args:
          values: [..., V] presets in [0, 1].

        Returns:
          [..., D] int32 classes. What the action space leaves out (fixed parameters, steps
          between classes) is lost.
        """
        decided = np.asarray(values)[..., self.spec.value_index]
        classes = np.rint(decided * (self.class_counts - 1)).astype(np.int32)
        return np.clip(classes, 0, self.class_counts - 1)


def no_reference(shape: tuple[int, ...], action_space: ActionSpace) -> Reference:
    """References for sounds of a shape [B, S] that have none."""
    spec = action_space.spec
    return Reference(
        audio=np.zeros(shape, np.float32),
        values=np.full((shape[0], spec.num_values), np.nan, np.float32),
        action=np.full((shape[0], spec.num_decisions), -1, np.int32),
    )
