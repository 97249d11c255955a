"""A synthesizer's parameter table: the single source of every index, class count and default."""

from __future__ import annotations

import dataclasses
import enum
import functools

import numpy as np
from numpy.typing import NDArray

from synthrl_jax.types import DecisionLayout


class Kind(enum.Enum):
    """What a learner may assume about a parameter."""

    FIXED = "fixed"
    """Never learned; always at its default."""
    NOMINAL = "nominal"
    """Classes without an order, such as an algorithm or a waveform."""
    ORDINAL = "ordinal"
    """Classes on a scale, such as a level or a rate: near misses are near in sound."""


@dataclasses.dataclass(frozen=True)
class Param:
    """One row of the table.

    Attributes:
      index: position of the value in a preset [V].
      name: the plugin's name for it.
      kind: see `Kind`.
      num_steps: number of distinct native settings; 0 for a continuous parameter.
      num_classes: number of classes the policy chooses from; 0 if fixed.
      default: value in [0, 1] of a fixed parameter and of the init preset.
      gated_by: name of the parameter whose class 0 makes this one inaudible, or None.
      group: of parameters that make sense together: 0 for the whole voice, then one number per
        operator.
    """

    index: int
    name: str
    kind: Kind
    num_steps: int
    num_classes: int
    default: float
    gated_by: str | None = None
    group: int = 0


@dataclasses.dataclass(frozen=True)
class SynthSpec:
    """The parameters of one synthesizer, in preset order.

    A *value* is a number in [0, 1], `V` of them make a preset. A *decision* is a learnable
    parameter, `D` of them make an action; class `k` of `K` stands for the value `k / (K - 1)`.

    Raises:
      ValueError: rows out of order, repeated names or unknown gates.
    """

    name: str
    params: tuple[Param, ...]

    def __post_init__(self) -> None:
        names = [p.name for p in self.params]
        if [p.index for p in self.params] != list(range(len(self.params))):
            raise ValueError(f"{self.name}: rows are not numbered 0, 1, 2 …")
        if len(set(names)) != len(names):
            raise ValueError(f"{self.name}: a parameter name is used twice")
        decision_names = {p.name for p in self.decisions}
        for p in self.params:
            if p.gated_by is not None and p.gated_by not in decision_names:
                raise ValueError(f"{self.name}: {p.name!r} is gated by unknown {p.gated_by!r}")
            if (p.kind is Kind.FIXED) != (p.num_classes == 0):
                raise ValueError(f"{self.name}: {p.name!r} must be either fixed or have classes")
        if np.any(~np.isin(np.diff(self.group, prepend=0), (0, 1))):
            raise ValueError(f"{self.name}: groups must follow each other: 0, 1, 2 …")

    @functools.cached_property
    def decisions(self) -> tuple[Param, ...]:
        """The learnable parameters, in preset order."""
        return tuple(p for p in self.params if p.kind is not Kind.FIXED)

    @property
    def num_values(self) -> int:
        """V, the length of a preset."""
        return len(self.params)

    @property
    def num_decisions(self) -> int:
        """D, the length of an action."""
        return len(self.decisions)

    @property
    def max_classes(self) -> int:
        """K, the largest class count."""
        return int(self.class_counts.max())

    @functools.cached_property
    def class_counts(self) -> NDArray[np.int32]:
        """[D] number of classes of each decision."""
        return np.array([p.num_classes for p in self.decisions], np.int32)

    @functools.cached_property
    def value_index(self) -> NDArray[np.int32]:
        """[D] position in a preset of each decision."""
        return np.array([p.index for p in self.decisions], np.int32)

    @functools.cached_property
    def is_ordinal(self) -> NDArray[np.bool_]:
        """[D] whether the decision's classes lie on a scale."""
        return np.array([p.kind is Kind.ORDINAL for p in self.decisions])

    @functools.cached_property
    def gate(self) -> NDArray[np.int32]:
        """[D] index of the decision whose class 0 silences this one, or -1."""
        position = {p.name: i for i, p in enumerate(self.decisions)}
        return np.array([position.get(p.gated_by or "", -1) for p in self.decisions], np.int32)

    @functools.cached_property
    def group(self) -> NDArray[np.int32]:
        """[D] number of each decision's group, ascending from 0."""
        return np.array([p.group for p in self.decisions], np.int32)

    @functools.cached_property
    def layout(self) -> DecisionLayout:
        """What a network needs to know of the decisions."""
        return DecisionLayout(self.class_counts.tolist(), self.group.tolist(), self.gate.tolist())

    @functools.cached_property
    def default_values(self) -> NDArray[np.float32]:
        """[V] the init preset; also the values of all fixed parameters."""
        return np.array([p.default for p in self.params], np.float32)

    def decision_index(self, name: str) -> int:
        """Index in [0, D) of the decision called `name`; KeyError if there is none."""
        for i, p in enumerate(self.decisions):
            if p.name == name:
                return i
        raise KeyError(f"{self.name} has no decision {name!r}")
