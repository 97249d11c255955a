"""The training loop of all three stages: clock, log, disk.

One loop serves every stage. Stage 1 has `reinforce.enabled = False` and learns from labels
alone; stages 2 and 3 act, render, score and learn.
"""

from __future__ import annotations

import dataclasses
import math
import pathlib
import time
from typing import Any

import jax
import numpy as np
import optax
from numpy.typing import NDArray

from synthrl_jax import checkpoint, data, losses, metrics, optim, replay
from synthrl_jax.actions import ActionSpace
from synthrl_jax.actor import Actor
from synthrl_jax.environment import make_environment
from synthrl_jax.errors import UserError
from synthrl_jax.models.policy import PolicyFn, Weights
from synthrl_jax.progress import ProgressBar
from synthrl_jax.run_log import Clock, RunLog, training_status
from synthrl_jax.steps import LossConfig, Steps, init_state, remember, weights_of
from synthrl_jax.synths import dx7
from synthrl_jax.types import Config, ReplayState, TrainState

_MAY_CHANGE = {"train.num_epochs", "train.log_every_steps", "render.threads"}
"""Settings under which a run may go on: to train for longer, or what changes no result."""


@dataclasses.dataclass(frozen=True)
class Result:
    """What a finished run leaves.

    Attributes:
      step: number of updates made.
      valid: last validation scalars.
      run: the run folder.
    """

    step: int
    valid: dict[str, float]
    run: pathlib.Path


def alpha_at(step: int, steps_per_epoch: int, start: float, num_epochs: float) -> float:
    """Share of the policy-gradient loss: linear from `start` to 1 over `num_epochs`, then 1."""
    ramp_steps = num_epochs * steps_per_epoch
    if step >= ramp_steps:
        return 1.0
    return start + (1.0 - start) * step / ramp_steps


class Trainer:
    """One run: its data, its functions and its folder.

    Raises:
      UserError: the config names data, weights or a choice that does not exist.
    """

    def __init__(self, config: Config, run: pathlib.Path) -> None:
        _check_counts(config)
        self.config = config
        self.run = run
        self.space = ActionSpace(dx7.SPEC)
        self.dataset = data.Dataset.open(config.data.path)
        split = self.dataset.split(
            kind=config.data.split, seed=config.data.split_seed, fold=config.data.fold
        )
        self.train_indices = _at_most(split.train, config.data.max_train)
        self.valid_indices = _at_most(split.valid, config.data.max_valid)
        if len(self.train_indices) == 0 or len(self.valid_indices) == 0:
            raise UserError(
                f"{config.data.path}: too few sounds to split into training and validation"
            )
        if self.dataset.values is None and not config.reinforce.enabled:
            raise UserError(
                f"{config.data.path}: these sounds have no known parameters; stage 1 needs a "
                "dataset made with `synthrl prepare --dexed`"
            )
        if self.dataset.values is None and config.reinforce.alpha_start < 1:
            raise UserError(
                f"{config.data.path}: these sounds have no known parameters, so there is no "
                "parameter loss to mix in: use stage 3, or --config.reinforce.alpha_start=1"
            )
        self.dataset.check_protocol(
            note=config.render.note, velocity=config.render.velocity, gate_s=config.render.gate_s
        )
        self.steps_per_epoch = math.ceil(len(self.train_indices) / config.train.batch_size)
        self.num_steps = max(1, round(config.train.num_epochs * self.steps_per_epoch))

        self.policy: PolicyFn = checkpoint.make_policy(config, self.space)
        self.schedule = self._make_schedule()
        self.optimizer = optim.make_optimizer(
            self.schedule,
            weight_decay=config.optim.weight_decay,
            b1=config.optim.b1,
            b2=config.optim.b2,
            max_grad_norm=config.optim.max_grad_norm or None,
        )
        self.steps = Steps(self.policy, self.space, self.optimizer, _loss_config(config))
        self.environment = make_environment(config, self.space)

    def _make_schedule(self) -> optax.Schedule:
        optim_config = self.config.optim
        warmup_steps = round(optim_config.warmup_epochs * self.steps_per_epoch)
        # Rounded where the period ends, lest the last update of a run be the first of a restart.
        first_restart = optim_config.warmup_epochs + optim_config.restart_epochs
        period_steps = round(first_restart * self.steps_per_epoch) - warmup_steps
        return optim.warm_restart_schedule(
            optim_config.learning_rate,
            warmup_steps=warmup_steps,
            period_steps=max(1, period_steps),
            start_factor=optim_config.warmup_start,
            floor=optim_config.floor,
        )

    def _loader(self, indices: NDArray[np.int64], *, train: bool) -> data.Loader:
        return data.make_loader(
            self.dataset,
            indices,
            self.config.train.batch_size,
            action_space=self.space,
            seed=self.config.seed,
            shuffle=train,
            num_epochs=None if train else 1,
        )

    def _actor(self, clock: Clock) -> Actor:
        """Takes the training batches, and tries the policy on them where the stage does."""
        return Actor(
            self.steps,
            self.environment if self.config.reinforce.enabled else None,
            self._loader(self.train_indices, train=True),
            clock,
            overlap=self.config.train.overlap,
        )

    def _initial_weights(self) -> Weights:
        if not self.config.init_from:
            if self.config.stage > 1:
                raise UserError(
                    f"stage {self.config.stage} starts from an earlier stage: "
                    "add --config.init_from=RUN"
                )
            return self.policy.init(self.config.seed)
        weights, _ = checkpoint.load_weights(
            pathlib.Path(self.config.init_from), self.policy, self.config.init_which
        )
        return weights

    def _empty_replay(self) -> ReplayState:
        reinforce = self.config.reinforce
        # A single row where it is not used, as checkpoints cannot hold empty arrays.
        num_targets = len(self.train_indices) if reinforce.enabled else 1
        return replay.empty(num_targets, reinforce.replay_entries, self.space.num_decisions)

    def fresh_state(self, weights: Weights) -> TrainState:
        """The state before the first update, its replay empty."""
        state = init_state(weights, self.optimizer, self._empty_replay(), self.config.seed)
        # Committed to its device, as the states that follow are: `learn` compiles once.
        return jax.device_put(state, jax.local_devices()[0])

    def _fill_replay(self, state: TrainState) -> TrainState:
        """Gives every target the argmax and samples of the incoming policy (method, §8)."""
        num_entries = self.config.reinforce.replay_entries
        weights = weights_of(state)
        buffer = state.replay
        loader = data.make_loader(
            self.dataset,
            self.train_indices,
            self.config.train.batch_size,
            action_space=self.space,
            seed=self.config.seed,
            shuffle=False,
            num_epochs=1,
        )
        with ProgressBar("filling replay", self.steps_per_epoch) as progress:
            for i, batch in enumerate(loader):
                key = jax.random.fold_in(jax.random.fold_in(state.key, 2**31 - 1), i)
                actions = np.asarray(self.steps.propose(weights, batch.audio, num_entries, key))
                targets = self.environment.prepare(batch.audio)
                rewards = [
                    self.environment.play(actions[:, entry], targets).reward
                    for entry in range(num_entries)
                ]
                stacked = np.stack([np.asarray(reward) for reward in rewards], axis=1)
                buffer = remember(buffer, batch.uid, actions, stacked, batch.mask)
                progress.advance(status=training_status({"reward": float(stacked.mean())}))
        return state._replace(replay=buffer)

    def validate(self, weights: Weights) -> dict[str, float]:
        """Masked means over the validation sounds of the deterministic policy's results."""
        columns: dict[str, list[NDArray[np.float32]]] = {}
        labels: list[NDArray[np.float32]] = []
        masks: list[NDArray[np.float32]] = []
        for batch in self._loader(self.valid_indices, train=False):
            prediction = self.steps.predict(weights, batch)
            action = np.asarray(prediction.action)
            score = self.environment.play(action, self.environment.prepare(batch.audio))
            row: dict[str, Any] = score.named()
            row["parameter_loss"] = prediction.parameter_loss
            row |= metrics.parameter_metrics(self.space.spec, action, np.asarray(batch.action))
            for name, values in row.items():
                columns.setdefault(name, []).append(np.asarray(values))
            labels.append(np.asarray(batch.mask * batch.has_action))
            masks.append(np.asarray(batch.mask))
        mask, labelled = np.concatenate(masks), np.concatenate(labels)
        needs_label = {"parameter_loss", "accuracy", "numerical_error"}
        means = {}
        for name, values in columns.items():
            weight = labelled if name in needs_label else mask
            if weight.sum() > 0:
                means[name] = float(metrics.masked_mean(np.concatenate(values), weight))
        return means

    def train(self) -> Result:
        """Runs to the end, from the latest checkpoint if there is one."""
        config = self.config
        clock = Clock(config.train.batch_size)
        with checkpoint.Checkpoints(self.run) as checkpoints, self._actor(clock) as actor:
            latest = checkpoints.step("latest")
            window: list[dict[str, float]] = []
            if latest is None:
                state = self.fresh_state(self._initial_weights())
                checkpoint.write_config(self.run, config)
                log = RunLog(self.run)
                if config.reinforce.enabled:
                    state = self._fill_replay(state)
                valid = self.validate(weights_of(state))
                log.write(0, "valid", valid)
                self._save(checkpoints, state, actor, valid, window)
            else:
                self._check_same_config()
                self._check_same_sounds(checkpoints.progress(latest))
                like = self.fresh_state(self.policy.init(config.seed))
                state, progress = checkpoints.restore(latest, like)
                actor.set_state(progress["actor"])
                valid, window = progress["valid"], progress["window"]
                log = RunLog(self.run, resumed_at=latest)
            state, valid = self._loop(state, actor, clock, checkpoints, log, valid, window)
        log.close()
        log.plot_curves()
        return Result(int(state.step), valid, self.run)

    def _loop(
        self,
        state: TrainState,
        actor: Actor,
        clock: Clock,
        checkpoints: checkpoint.Checkpoints,
        log: RunLog,
        valid: dict[str, float],
        window: list[dict[str, float]],
    ) -> tuple[TrainState, dict[str, float]]:
        """Goes on to the last step.

        Args:
          state, actor: where to go on.
          clock: times the steps.
          checkpoints, log: what to write.
          valid: latest validation scalars.
          window: scalars of the steps since the last row of the log.
        """
        start = int(state.step)
        clock.restart()
        title = f"stage {self.config.stage}"
        with ProgressBar(title, self.num_steps, completed=start) as progress:
            for step in range(start, self.num_steps):
                state, scalars = self._update(state, step, actor, clock)
                window.append(scalars)
                progress.advance(status=training_status(scalars, clock))
                done, last = step + 1, step + 1 == self.num_steps
                if done % self.config.train.log_every_steps == 0 or last:
                    rates = clock.take()
                    log.write(done, "train", _mean(window) | self._position(step) | rates)
                    window = []
                if self._validates_after(done) or last:
                    valid = self.validate(weights_of(state))
                    log.write(done, "valid", valid)
                    self._save(checkpoints, state, actor, valid, window)
                    scores = "  ".join(f"{name} {value:.4g}" for name, value in valid.items())
                    progress.note(f"valid  {scores}")
                    clock.restart()
        return state, valid

    def _update(
        self, state: TrainState, step: int, actor: Actor, clock: Clock
    ) -> tuple[TrainState, dict[str, float]]:
        """One batch: act, render and score where the stage does, then learn."""
        alpha = self._alpha(step) if self.config.reinforce.enabled else 0.0
        experience = actor.take(state)
        with clock.part("learn"):
            state, scalars = self.steps.learn(state, *experience, np.float32(alpha))
            return state, {name: float(value) for name, value in scalars.items()}

    def _validates_after(self, done: int) -> bool:
        """Whether one of the equal parts of an epoch that end with a validation ends here."""
        part = max(1.0, self.config.train.eval_every_epochs * self.steps_per_epoch)
        return done // part > (done - 1) // part

    def _alpha(self, step: int) -> float:
        reinforce = self.config.reinforce
        return alpha_at(step, self.steps_per_epoch, reinforce.alpha_start, reinforce.alpha_epochs)

    def _position(self, step: int) -> dict[str, float]:
        """Where the schedules stand at a step."""
        position = {
            "learning_rate": float(np.asarray(self.schedule(step))),
            "epoch": (step + 1) / self.steps_per_epoch,
        }
        return position | ({"alpha": self._alpha(step)} if self.config.reinforce.enabled else {})

    def _save(
        self,
        checkpoints: checkpoint.Checkpoints,
        state: TrainState,
        actor: Actor,
        valid: dict[str, float],
        window: list[dict[str, float]],
    ) -> None:
        progress = {
            "actor": actor.get_state(),
            "valid": valid,
            "window": window,
            "sounds": self.dataset.fingerprint(),
            "time": time.time(),
        }
        checkpoints.save(state, progress, score=valid["reward"])

    def _check_same_config(self) -> None:
        """A run goes on only under the settings it was started with."""
        saved = checkpoint.read_config(self.run).to_dict()
        differing = sorted(_differences(saved, self.config.to_dict()) - _MAY_CHANGE)
        if differing:
            raise UserError(
                f"{self.run}: this run was started with other settings of "
                f"{', '.join(differing)}; choose another --workdir"
            )

    def _check_same_sounds(self, progress: dict[str, Any]) -> None:
        """Replay and data position mean something for the sounds of the start alone."""
        if progress.get("sounds") != self.dataset.fingerprint():
            raise UserError(
                f"{self.run}: this run was started with other sounds than those that are now in "
                f"{self.config.data.path}; choose another --workdir"
            )


def _check_counts(config: Config) -> None:
    """Raises `UserError` for a number that must be positive and is not."""
    positive = {
        "train.batch_size": config.train.batch_size,
        "train.log_every_steps": config.train.log_every_steps,
        "train.num_epochs": config.train.num_epochs,
        "train.eval_every_epochs": config.train.eval_every_epochs,
        "reinforce.replay_entries": config.reinforce.replay_entries,
    }
    for name, value in positive.items():
        if not value > 0:
            raise UserError(f"config.{name} is {value}; it must be above 0")
    for name in ("max_train", "max_valid"):
        if config.data[name] < 0:
            raise UserError(f"config.data.{name} is {config.data[name]}; 0 is all")


def _at_most(indices: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """The first `limit` of the (already shuffled) indices; all if `limit` is 0."""
    return indices[:limit] if limit else indices


def _loss_config(config: Config) -> LossConfig:
    try:
        losses.importance_weight(np.zeros((1, 1), np.float32), config.loss.importance)
        return LossConfig(**config.loss.to_dict())
    except (TypeError, ValueError) as error:
        raise UserError(f"config.loss: {error}") from error


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _differences(a: dict[str, Any], b: dict[str, Any], prefix: str = "") -> set[str]:
    """Dotted names of the leaves in which two nested dicts differ."""
    names: set[str] = set()
    for name in a.keys() | b.keys():
        left, right = a.get(name), b.get(name)
        if isinstance(left, dict) and isinstance(right, dict):
            names |= _differences(left, right, f"{prefix}{name}.")
        elif left != right:
            names.add(prefix + name)
    return names


def train(config: Config, run: pathlib.Path) -> Result:
    """Trains one stage into the folder `run`, or goes on where it was stopped."""
    return Trainer(config, run).train()
