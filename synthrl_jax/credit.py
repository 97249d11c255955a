"""What the choices of a search have brought, so that it makes the better ones more often."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GREATEST_LESSON = 0.05
"""One lucky change, in nepers of cost, teaches no more than this."""
_BEGINNINGS = np.array([0.9, 0.99, 1 - 1e-6, 1 + 1e-6, 1.003, 1.01, 1.03, 1.1])
"""Between these, what a child's beginning costs, relative to its parent's, is of one kind …"""
_FIRST_GAINS = np.array([3.7, 12.0, 3.2, 1.6, 1.3, 2.3, 2.1, 1.6, 0.4]) / 1000
"""… of which playing a child to the end gains so much, in nepers, at the start of a search …"""
_FIRST_PLAYED = 50.0
"""… known as if from so many children …"""
_FIRST_GAIN, _FIRST_RENDERS = 0.0034, 100.0
"""… and all that the search does, for each of so many renders."""
_LISTENING_MEMORY = 0.9
"""Share of it that the next generation still knows."""


class Credit:
    """What each of several choices has brought per attempt; older attempts count less.

    Args:
      size: number of choices.
      memory: share of what is known that the next generation still knows.
      prior: gain of a first attempt that none knows of.
    """

    def __init__(self, size: int, memory: float, prior: float) -> None:
        self._gained = np.zeros(size)
        self._tried = np.zeros(size)
        self._memory = memory
        self._prior = prior

    def add(self, chosen: NDArray[np.floating], gain: NDArray[np.floating]) -> None:
        """Takes in a generation: [n, size] share of each choice, and [n] gains."""
        self._gained = self._memory * self._gained + gain @ chosen
        self._tried = self._memory * self._tried + chosen.sum(axis=0)

    def rate(self) -> NDArray[np.float64]:
        """[size] gain per attempt."""
        return (self._gained + self._prior) / (self._tried + 1)


class Listening:
    """Learns which children are worth playing to the end after their beginning has been heard.

    A kind is played while that gains as much per render as the search does with all that it costs,
    beginnings included; new children would gain more otherwise. This is the marginal value theorem
    of foraging (Charnov 1976). As the average falls in the course of a search, kinds that brought
    less before are tried again.
    """

    def __init__(self) -> None:
        self._played = np.full(len(_FIRST_GAINS), _FIRST_PLAYED)
        self._gained = _FIRST_PLAYED * _FIRST_GAINS
        self._renders = _FIRST_RENDERS
        self._gain = _FIRST_RENDERS * _FIRST_GAIN

    def worth_playing(self, relative: NDArray[np.floating]) -> NDArray[np.bool_]:
        """[n] of children [n] by what their beginnings cost, relative to their parents'."""
        average = self._gain / self._renders
        return (self._gained >= average * self._played)[_kinds(relative)]

    def learn(
        self, relative: NDArray[np.floating], gain: NDArray[np.floating], renders: float
    ) -> None:
        """Takes in a generation.

        Args:
          relative: [n] as `worth_playing` takes it, of children that were played.
          gain: [n] of them, in nepers.
          renders: that all of the generation cost.
        """
        kinds, size = _kinds(relative), len(self._played)
        gain = np.minimum(gain, GREATEST_LESSON)
        self._played = _LISTENING_MEMORY * self._played + np.bincount(kinds, minlength=size)
        self._gained = _LISTENING_MEMORY * self._gained + np.bincount(kinds, gain, size)
        self._renders = _LISTENING_MEMORY * self._renders + renders
        self._gain = _LISTENING_MEMORY * self._gain + gain.sum()


def _kinds(relative: NDArray[np.floating]) -> NDArray[np.intp]:
    return np.searchsorted(_BEGINNINGS, relative)
