"""Action → preset → audio → reward: the one way from a choice to its score."""

from __future__ import annotations

import functools
from typing import Any, Literal, NamedTuple, cast, get_args

import jax
import numpy as np
from numpy.typing import NDArray

from synthrl_jax import audio
from synthrl_jax import reward as reward_lib
from synthrl_jax.actions import ActionSpace
from synthrl_jax.errors import UserError
from synthrl_jax.render import Renderer, Targets
from synthrl_jax.types import Array, Config

Scorer = Literal["native", "jax"]
"""Who compares sounds: the threads that render them, or the device that trains. Both agree to
within 1e-4."""

Prepared = Targets | reward_lib.Spectra
"""Targets as their scorer wants them."""


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
      scorer: who compares.
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
        scorer: Scorer = "native",
    ) -> None:
        self._space = action_space
        self._renderer = renderer
        self._weights = weights
        self._note = {"note": note, "velocity": velocity, "gate_s": gate_s}
        self._scorer = scorer

    def prepare(self, target: Array) -> Prepared:
        """Peak-normalised targets [B, S], to be played against any number of times."""
        if self._scorer == "native":
            return self._renderer.prepare_targets(np.asarray(target))
        return _spectra(target)

    def render(
        self,
        action: NDArray[np.integer] | jax.Array,
        played: Array | None = None,
        near: Array | None = None,
    ) -> NDArray[np.float32]:
        """[B, D] classes → [B, S] audio as the synthesizer gives it; arguments as in `play`."""
        return self._renderer.render(self._space.to_values(action, near), **self._notes(played))

    def play(
        self,
        action: NDArray[np.integer] | jax.Array,
        target: Prepared,
        played: Array | None = None,
        near: Array | None = None,
    ) -> Score:
        """Renders actions and compares each with its target, or all with a single one.

        Args:
          action: [B, D] classes.
          target: of B sounds, or one.
          played: [B, 3] MIDI key, velocity and gate in seconds; None for those of the environment.
          near: [B, V] presets that the actions began from, see `ActionSpace.to_values`.
        """
        if isinstance(target, Targets):
            columns = self._renderer.score(
                self._space.to_values(action, near),
                target,
                weights=self._weights,
                **self._notes(played),
            )
            return Score(reward_lib.Distances(*columns[:, :4].T), columns[:, 4])
        return _compare(target, self.render(action, played, near), self._weights)

    def _notes(self, played: Array | None) -> dict[str, Any]:
        """Arguments of the renderer."""
        if played is None:
            return self._note
        return dict(zip(("note", "velocity", "gate_s"), np.asarray(played).T, strict=True))


@jax.jit
def _spectra(target: Array) -> reward_lib.Spectra:
    return reward_lib.spectra(target)


@functools.partial(jax.jit, static_argnames="weights")
def _compare(
    target: reward_lib.Spectra, rendered: Array, weights: reward_lib.RewardWeights
) -> Score:
    candidate = reward_lib.spectra(audio.peak_normalise_render(rendered))
    distances = reward_lib.distances_between(target, candidate)
    return Score(distances, reward_lib.reward(distances, weights))


def make_environment(config: Config, action_space: ActionSpace) -> Environment:
    """The synthesizer and the reward that `config.render` and `config.reward` describe.

    Raises:
      UserError: a scorer that does not exist.
    """
    render = config.render
    return Environment(
        Renderer("dexed", sample_rate=audio.SAMPLE_RATE, threads=render.threads),
        action_space,
        reward_lib.RewardWeights(**config.reward.to_dict()),
        note=render.note,
        velocity=render.velocity,
        gate_s=render.gate_s,
        scorer=_scorer(render.get("scorer", "auto")),
    )


def _scorer(name: str) -> Scorer:
    """Where to compare; "auto" is where the renders are, unless there is an accelerator."""
    if name == "auto":
        return "native" if jax.default_backend() == "cpu" else "jax"
    if name in get_args(Scorer):
        return cast(Scorer, name)
    raise UserError(f"config.render.scorer {name!r} is not auto, native or jax")
