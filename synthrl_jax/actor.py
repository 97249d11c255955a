"""Acts for the learner: tries the policy on the next batch while it learns from this one."""

from __future__ import annotations

import concurrent.futures
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from synthrl_jax.data import Loader
from synthrl_jax.distributed import Devices
from synthrl_jax.environment import Environment
from synthrl_jax.run_log import Clock
from synthrl_jax.steps import Rollout, Steps, Tries
from synthrl_jax.types import Array, Batch, TrainState, View


class Experience(NamedTuple):
    """What the learner takes in one step, spread over the devices.

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
      batch, view, tries: as in `Experience`.
      reward: [b, R] of this process's rows; will be there when they are rendered and scored.
    """

    position: dict[str, Any]
    batch: Batch
    view: View
    tries: Tries
    reward: concurrent.futures.Future[NDArray[np.float32]]


class Actor:
    """Takes batches, and tries the policy on each of them; a context manager.

    With `overlap`, the batch that follows is rendered while the learner works, so its actions come
    from weights that are one update old. What happens depends on the seed alone either way, and a
    saved position goes on bit for bit.

    Args:
      steps: the policy.
      environment: renders and scores; None tries nothing.
      loader: of this process's rows of the targets.
      devices: that share the batch.
      clock: told how long each part takes.
      overlap: work ahead of the learner.
    """

    def __init__(
        self,
        steps: Steps,
        environment: Environment | None,
        loader: Loader,
        devices: Devices,
        clock: Clock,
        *,
        overlap: bool,
    ) -> None:
        self._steps = steps
        self._environment = environment
        self._loader = loader
        self._devices = devices
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
            _, batch, view = self._next_batch()
            return Experience(batch, view, None)
        pending = self._pending or self._begin(environment, state, state.step)
        with self._clock.part("wait"):
            reward = pending.reward.result()
        self._pending = None
        if self._overlap:
            self._pending = self._begin(environment, state, state.step + 1)
        rollout = Rollout(pending.tries, self._devices.spread(reward))
        return Experience(pending.batch, pending.view, rollout)

    def _next_batch(self) -> tuple[Batch, Batch, View]:
        """This process's rows of a batch, the whole of it, and what the policy sees of that."""
        with self._clock.part("data"):
            own = next(self._loader)
            batch = self._devices.spread(own)
        return own, batch, self._steps.view(batch)

    def _begin(self, environment: Environment, state: TrainState, step: Array) -> _Pending:
        """Samples actions for the next batch, as update `step` will see the policy."""
        position = self._loader.get_state()
        own, batch, view = self._next_batch()
        with self._clock.part("policy"):
            tries = self._steps.act(state._replace(step=step), view)
            action = self._devices.own(tries.action)

        def play() -> NDArray[np.float32]:
            with self._clock.part("render"):
                targets = environment.prepare(own.audio)
                rewards = [
                    environment.play(action[:, i], targets, own.played).reward
                    for i in range(action.shape[1])
                ]
                return np.stack([np.asarray(reward) for reward in rewards], axis=1)

        return _Pending(position, batch, view, tries, self._thread.submit(play))

    def get_state(self) -> dict[str, Any]:
        """JSON-serialisable position, with what is tried already; all processes must call it."""
        if self._pending is None:
            return {"data": self._loader.get_state(), "rollout": None}
        own = {name: self._devices.own(x) for name, x in self._pending.tries._asdict().items()}
        own["reward"] = self._pending.reward.result()
        saved = {name: self._devices.gather(x).tolist() for name, x in own.items()}
        return {"data": self._pending.position, "rollout": saved}

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes to a position that `get_state` gave."""
        self._loader.set_state(state["data"])
        self._pending = None
        if state["rollout"] is not None:
            _, batch, view = self._next_batch()
            saved, rows = state["rollout"], self._devices.rows
            tries = Tries(
                np.asarray(saved["action"], np.int32)[rows],
                np.asarray(saved["log_prob"], np.float32)[rows],
            )
            reward: concurrent.futures.Future[NDArray[np.float32]] = concurrent.futures.Future()
            reward.set_result(np.asarray(saved["reward"], np.float32)[rows])
            self._pending = _Pending(
                state["data"], batch, view, self._devices.spread(tries), reward
            )
