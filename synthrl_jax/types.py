"""The data that flows through the house, and the letters its axes go by.

B batch, D decisions, K classes, V preset values, S samples, M mel bands, T frames, N dataset,
R entries of a replay buffer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

Array = jax.Array | NDArray[Any]

Config = Any
"""An `ml_collections.ConfigDict`, whose fields have no static types; see `configs/common.py`."""


class DecisionLayout(NamedTuple):
    """What a network needs to know of the D decisions.

    Attributes:
      class_counts: [D] number of classes.
      group: [D] number of the group that each belongs to, ascending from 0.
      gate: [D] decision of the same group whose class 0 silences this one, or -1.
    """

    class_counts: Sequence[int]
    group: Sequence[int]
    gate: Sequence[int]


class Reference(NamedTuple):
    """A known preset for each sound that sounds like it, for a policy to begin from.

    Attributes:
      audio: [B, S] float32 how it sounds, played like the target; peak-normalised.
      values: [B, V] float32 the preset; NaN where there is none.
      action: [B, D] int32 its classes; -1 where there is none.
    """

    audio: Array
    values: Array
    action: Array


class ReferenceView(NamedTuple):
    """What a policy sees of references.

    Attributes:
      mel: [B, M, T] log-mel in [-1, 1].
      action: [B, D] int32 classes; -1 where there is none.
    """

    mel: Array
    action: Array


class View(NamedTuple):
    """What a policy sees of sounds.

    Attributes:
      mel: [B, M, T] log-mel in [-1, 1].
      played: [B, 3] MIDI key, velocity, and seconds until the key goes up.
      reference: what it sees of presets that sound alike, if it knows what to do with them.
    """

    mel: Array
    played: Array
    reference: ReferenceView | None = None


class Batch(NamedTuple):
    """Target sounds, with labels where they are known.

    Attributes:
      uid: [B] int32 row of the replay buffer; unique within a split.
      audio: [B, S] float32 peak-normalised target.
      played: [B, 3] float32 MIDI key, velocity, and seconds until the key goes up.
      action: [B, D] int32 true classes; zeros where unknown.
      heard: [B, D] float32, 1 where `action` is known and makes a difference to the sound.
      mask: [B] float32, 1 for a sound, 0 for padding of a short last batch.
      reference: presets that sound alike, for policies that want them.
    """

    uid: Array
    audio: Array
    played: Array
    action: Array
    heard: Array
    mask: Array
    reference: Reference | None = None

    @property
    def near(self) -> Array | None:
        """[B, V] presets of the references, if there are any."""
        return None if self.reference is None else self.reference.values

    @property
    def num_sounds(self) -> int:
        """Number of sounds that are not padding."""
        return int(np.sum(self.mask))


class ReplayState(NamedTuple):
    """The best actions found so far for every target of a split.

    Attributes:
      action: [N, R, D] uint8 classes.
      reward: [N, R] float32; -inf marks an empty entry.
    """

    action: Array
    reward: Array


class TrainState(NamedTuple):
    """All that changes during training; a pytree, saved whole.

    Attributes:
      step: [] int32 number of updates made.
      params: network weights.
      average: running average of the weights, by which a run is judged; empty for none.
      batch_stats: running statistics of the batch norms.
      opt_state: state of the optax chain.
      replay: see `ReplayState`; unused in stage 1.
      key: PRNG key the next step consumes.
    """

    step: Array
    params: Any
    average: Any
    batch_stats: Any
    opt_state: Any
    replay: ReplayState
    key: Array
