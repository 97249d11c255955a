"""Acts for the learner: tries the policy on the next batch while it learns from this one."""

from __future__ import annotations

import concurrent.futures
from typing import Any, NamedTuple, Self

import numpy as np

from synthrl_jax.data import Loader
from synthrl_jax.environment import Environment
from synthrl_jax.run_log import Clock
from synthrl_jax.steps import Rollout, Steps, Tries
from synthrl_jax.types import Array, Batch, TrainState, View


class Experience(NamedTuple):
    """What the learner takes in one step.

    Attributes:
      batch: targets.
      view: what the policy sees of them.
      rollout: what it tried on them; None where it learns from labels alone.
    """

    batch: Batch
    view: View
    rollout: Rollout | None


class _Pending(NamedTuple):
    """A batch whose actions are being rendered.

    Attributes:
      position: of the data before the batch was taken.
      batch, view: as in `Experience`.
      rollout: will be there when it is rendered and scored.
    """

    position: dict[str, Any]
    batch: Batch
    view: View
    rollout: concurrent.futures.Future[Rollout]


class Actor:
    """Takes batches, and tries the policy on each of them; a context manager.

    With `overlap`, the batch that follows is rendered while the learner works, so its actions come
    from weights that are one update old. What happens depends on the seed alone either way, and a
    saved position goes on bit for bit.

    Args:
      steps: the policy.
      environment: renders and scores; None tries nothing.
      loader: of the targets.
      clock: told how long each part takes.
      overlap: work ahead of the learner.
    """

    def __init__(
        self,
        steps: Steps,
        environment: Environment | None,
        loader: Loader,
        clock: Clock,
        *,
        overlap: bool,
    ) -> None:
        self._steps = steps
        self._environment = environment
        self._loader = loader
        self._clock = clock
        self._overlap = overlap
        self._pending: _Pending | None = None
        self._thread = concurrent.futures.ThreadPoolExecutor(1, "actor")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def take(self, state: TrainState) -> Experience:
        """The next batch and what the policy tried on it.

        Args:
          state: before the update that learns from the result.
        """
        environment = self._environment
        if environment is None:
            batch, view = self._next_batch()
            return Experience(batch, view, None)
        pending = self._pending or self._begin(environment, state, state.step)
        with self._clock.part("wait"):
            rollout = pending.rollout.result()
        self._pending = None
        if self._overlap:
            self._pending = self._begin(environment, state, state.step + 1)
        return Experience(pending.batch, pending.view, rollout)

    def _next_batch(self) -> tuple[Batch, View]:
        """A batch and what the policy sees of it."""
        with self._clock.part("data"):
            batch = next(self._loader)
        return batch, self._steps.view(batch)

    def _begin(self, environment: Environment, state: TrainState, step: Array) -> _Pending:
        """Samples actions for the next batch, as update `step` will see the policy."""
        position = self._loader.get_state()
        batch, view = self._next_batch()
        with self._clock.part("policy"):
            tries = Tries(*map(np.asarray, self._steps.act(state._replace(step=step), view)))

        def play() -> Rollout:
            with self._clock.part("render"):
                targets = environment.prepare(batch.audio)
                rewards = [
                    environment.play(tries.action[:, i], targets, batch.played).reward
                    for i in range(tries.action.shape[1])
                ]
                return Rollout(tries, np.stack([np.asarray(r) for r in rewards], axis=1))

        return _Pending(position, batch, view, self._thread.submit(play))

    def get_state(self) -> dict[str, Any]:
        """JSON-serialisable position, with what is tried already."""
        if self._pending is None:
            return {"data": self._loader.get_state(), "rollout": None}
        rollout = self._pending.rollout.result()
        saved = {
            "action": rollout.tries.action.tolist(),
            "log_prob": rollout.tries.log_prob.tolist(),
            "reward": rollout.reward.tolist(),
        }
        return {"data": self._pending.position, "rollout": saved}

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes to a position that `get_state` gave."""
        self._loader.set_state(state["data"])
        self._pending = None
        if state["rollout"] is not None:
            batch, view = self._next_batch()
            rollout: concurrent.futures.Future[Rollout] = concurrent.futures.Future()
            rollout.set_result(
                Rollout(
                    Tries(
                        np.asarray(state["rollout"]["action"], np.int32),
                        np.asarray(state["rollout"]["log_prob"], np.float32),
                    ),
                    np.asarray(state["rollout"]["reward"], np.float32),
                )
            )
            self._pending = _Pending(state["data"], batch, view, rollout)
