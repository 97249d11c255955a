"""Action → preset → audio → reward: the one way from a choice to its score."""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from synthrl_jax import audio
from synthrl_jax import reward as reward_lib
from synthrl_jax.actions import ActionSpace
from synthrl_jax.render import Renderer
from synthrl_jax.types import Array, Config


class Score(NamedTuple):
    """How alike targets and renders sound.

    Attributes:
      distances: the four metrics, each [B].
      reward: [B], higher is better.
    """

    distances: reward_lib.Distances
    reward: Array

    def named(self) -> dict[str, Array]:
        """Distances and reward by name, each [B]."""
        return {**self.distances._asdict(), "reward": self.reward}


class Environment:
    """Plays actions on a synthesizer and scores them against targets.

    Args:
      renderer: of the synthesizer.
      action_space: what an action means.
      weights: how the distances make a reward.
      note, velocity, gate_s: what is played, for 4 s.
    """

    def __init__(
        self,
        renderer: Renderer,
        action_space: ActionSpace,
        weights: reward_lib.RewardWeights,
        *,
        note: int = 60,
        velocity: int = 85,
        gate_s: float = 3.0,
    ) -> None:
        self._space = action_space
        self._play = functools.partial(renderer.render, note=note, velocity=velocity, gate_s=gate_s)

        def score(target: Array, rendered: Array) -> Score:
            candidate = audio.peak_normalise_render(rendered)
            distances = reward_lib.distances(target, candidate)
            return Score(distances, reward_lib.reward(distances, weights))

        self._score = jax.jit(score)

    def render(self, action: NDArray[np.integer] | jax.Array) -> NDArray[np.float32]:
        """[B, D] classes → [B, S] audio as the synthesizer gives it."""
        return self._play(self._space.to_values(action))

    def score(self, target: Array, rendered: Array) -> Score:
        """Compares peak-normalised targets [B, S] with renders [B, S] of any level."""
        return self._score(target, rendered)


def make_environment(config: Config, action_space: ActionSpace) -> Environment:
    """The synthesizer and the reward that `config.render` and `config.reward` describe."""
    render = config.render
    return Environment(
        Renderer("dexed", sample_rate=audio.SAMPLE_RATE, threads=render.threads),
        action_space,
        reward_lib.RewardWeights(**config.reward.to_dict()),
        note=render.note,
        velocity=render.velocity,
        gate_s=render.gate_s,
    )
