"""The training loop of all three stages: clock, log, disk.

One loop serves every stage. Stage 1 has `reinforce.enabled = False` and learns from labels
alone; stages 2 and 3 act, render, score and learn.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
import pathlib
import time
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import numpy as np
import optax
from numpy.typing import NDArray

from synthrl_jax import checkpoint, data, distributed, metrics, optim, replay
from synthrl_jax.actions import ActionSpace
from synthrl_jax.actor import Actor
from synthrl_jax.distributed import Devices
from synthrl_jax.endless import (
    Elsewhere,
    EndlessReferences,
    Notes,
    Shares,
    VoiceSource,
    make_endless_loader,
)
from synthrl_jax.environment import make_environment
from synthrl_jax.errors import UserError
from synthrl_jax.models.policy import PolicyFn, Weights
from synthrl_jax.progress import ProgressBar
from synthrl_jax.pseudo_labels import PseudoLabels
from synthrl_jax.references import References, find_references, make_reference
from synthrl_jax.render import Renderer
from synthrl_jax.run_log import Clock, NoLog, RunLog, training_status
from synthrl_jax.steps import LossConfig, Steps, init_state, weights_of
from synthrl_jax.synths import dx7
from synthrl_jax.types import Config, ReplayState, TrainState

_T = TypeVar("_T")

_PRESENT, _LABELLED = "present", "labelled"
"""Columns of a validation beside its metrics: which rows count."""

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

    Args:
      config: complete settings.
      run: its folder.
      devices: that share each batch; None for all of all processes.

    Raises:
      UserError: the config names data, weights or a choice that does not exist.
    """

    def __init__(self, config: Config, run: pathlib.Path, devices: Devices | None = None) -> None:
        _check_settings(config)
        self.devices = devices or Devices(config.train.batch_size)
        self.config = config
        self.run = run
        self.space = ActionSpace(dx7.SPEC)
        self.dataset = data.Dataset.open(config.data.path)
        split = self.dataset.split(
            kind=config.data.split, seed=config.data.split_seed, fold=config.data.fold
        )
        self.train_indices = _at_most(split.train, config.data.max_train)
        self.valid_indices = _at_most(split.valid, config.data.max_valid)
        if config.data.use_spare_valid:
            spare = _spare(self.dataset, split.valid, self.valid_indices)
            self.train_indices = np.concatenate([self.train_indices, spare])
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
        self.steps = Steps(
            self.policy,
            self.space,
            self.optimizer,
            _loss_config(config),
            self.devices,
            tries=config.reinforce.tries,
            average_decay=config.optim.average_decay,
        )
        self.environment = make_environment(config, self.space)
        self.elsewhere, self.elsewhere_valid = self._open_elsewhere()
        self._renderer = Renderer("dexed", threads=config.render.threads)
        self._known_references: dict[tuple[pathlib.Path, bytes], References] = {}

    def _make_schedule(self) -> optax.Schedule:
        optim_config = self.config.optim
        warmup_steps = round(optim_config.warmup_epochs * self.steps_per_epoch)
        if optim_config.schedule == "constant":
            return optim.constant_schedule(
                optim_config.learning_rate,
                warmup_steps=warmup_steps,
                start_factor=optim_config.warmup_start,
            )
        if optim_config.schedule != "restarts":
            raise UserError(
                f"config.optim.schedule {optim_config.schedule!r} is not 'restarts' or 'constant'"
            )
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

    def _open_elsewhere(self) -> tuple[Elsewhere | None, NDArray[np.int64]]:
        """Sounds of other origin to train on, and rows of them to validate on."""
        config = self.config.data
        if not config.elsewhere:
            return None, np.empty(0, np.int64)
        dataset = data.Dataset.open(config.elsewhere)
        split = dataset.split(kind=config.split, seed=config.split_seed, fold=config.fold)
        found = PseudoLabels.open(dataset)
        rows = split.train[found.found[split.train]]
        valid = _at_most(split.valid, config.max_valid)
        if config.use_spare_valid:
            spare = _spare(dataset, split.valid, valid)
            rows = np.concatenate([rows, spare[found.found[spare]]])
        if not len(rows):
            raise UserError(f"{config.elsewhere}: no training sound has a voice yet")
        return Elsewhere(dataset, rows, found), valid

    def _train_loader(self) -> data.Loader:
        config = self.config
        if not config.data.endless.enabled:
            if self.elsewhere is not None:
                raise UserError("config.data.elsewhere needs config.data.endless.enabled")
            return self._loader(self.dataset, self.train_indices, train=True)
        if self.dataset.values is None:
            raise UserError(f"{config.data.path}: endless data needs a dataset of Dexed voices")
        settings = config.data.endless.to_dict()
        return make_endless_loader(
            VoiceSource(
                self.dataset.voices()[self.train_indices],
                _checked("data.endless", lambda: Shares(**settings["shares"])),
            ),
            _checked("data.endless", lambda: Notes(**settings["notes"])),
            config.train.batch_size,
            renderer=self._renderer,
            action_space=self.space,
            protocol=self.dataset.played,
            seed=config.seed,
            labels=config.data.labels,
            elsewhere=self.elsewhere,
            elsewhere_share=config.data.elsewhere_share,
            references=self._endless_references(),
            rows=self.devices.rows,
        )

    def _endless_references(self) -> EndlessReferences | None:
        of_bank = self._references(self.dataset, self.train_indices)
        if of_bank is None:
            return None
        other = self.elsewhere
        of_elsewhere = other and self._references(other.dataset, other.rows)
        shares = self.config.data.endless.references.to_dict()
        return _checked(
            "data.endless.references", lambda: EndlessReferences(of_bank, of_elsewhere, **shares)
        )

    def _references(self, dataset: data.Dataset, rows: NDArray[np.int64]) -> References | None:
        """The nearest training voices of some sounds, for a network that wants them."""
        if not self.config.model.reference:
            return None
        key = dataset.path, rows.tobytes()
        if key not in self._known_references:
            library, library_rows = self._library
            self._known_references[key] = find_references(dataset, rows, library, library_rows)
        return self._known_references[key]

    @functools.cached_property
    def _library(self) -> tuple[data.Dataset, NDArray[np.int64]]:
        """Dataset and rows of the voices that references are taken from."""
        config = self.config.data
        if not config.library:
            if self.dataset.kind != "dexed":
                raise UserError(
                    f"{config.path}: not made of DX7 voices; config.model.reference needs "
                    "config.data.library, a dataset that is"
                )
            return self.dataset, self.train_indices
        library = data.Dataset.open(config.library)
        split = library.split(kind=config.split, seed=config.split_seed, fold=config.fold)
        return library, split.train

    def _refer(self, references: References | None) -> data.Refer | None:
        """Gives the nearest voice as the reference."""
        if references is None:
            return None
        return lambda positions, played: make_reference(
            *references.best(positions),
            played,
            renderer=self._renderer,
            action_space=self.space,
            labels=self.config.data.labels,
        )

    def _loader(
        self, dataset: data.Dataset, indices: NDArray[np.int64], *, train: bool
    ) -> data.Loader:
        return data.make_loader(
            dataset,
            indices,
            self.config.train.batch_size,
            action_space=self.space,
            seed=self.config.seed,
            shuffle=train,
            num_epochs=None if train else 1,
            labels=self.config.data.labels,
            refer=self._refer(self._references(dataset, indices)),
            rows=self.devices.rows,
        )

    def _actor(self, clock: Clock) -> Actor:
        """Takes the training batches, and tries the policy on them where the stage does."""
        return Actor(
            self.steps,
            self.environment if self.config.reinforce.enabled else None,
            self._train_loader(),
            self.devices,
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
            pathlib.Path(self.config.init_from),
            self.policy,
            self.config.init_which,
            fresh=lambda: self.policy.init(self.config.seed),
        )
        return weights

    def _empty_replay(self) -> ReplayState:
        reinforce = self.config.reinforce
        # A single row where it is not used, as checkpoints cannot hold empty arrays.
        num_targets = len(self.train_indices) if self._replays else 1
        return replay.empty(num_targets, reinforce.replay_entries, self.space.num_decisions)

    @property
    def _fingerprint(self) -> str:
        """Of all sounds."""
        other = self.elsewhere.dataset.fingerprint() if self.elsewhere else ""
        return self.dataset.fingerprint() + other

    @property
    def _replays(self) -> bool:
        reinforce = self.config.reinforce
        return reinforce.enabled and self.config.loss.learn_from != "tries"

    def fresh_state(self, weights: Weights) -> TrainState:
        """The state before the first update, its replay empty."""
        state = init_state(
            weights,
            self.optimizer,
            self._empty_replay(),
            self.config.seed,
            averages=self.config.optim.average_decay > 0,
        )
        # Committed to its devices, as the states that follow are: `learn` compiles once.
        return self.devices.replicate(state)

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
            rows=self.devices.rows,
        )
        title, console = "filling replay", distributed.console()
        with ProgressBar(title, self.steps_per_epoch, console=console) as progress:
            for i, own in enumerate(loader):
                batch = self.devices.spread(own)
                key = jax.random.fold_in(jax.random.fold_in(state.key, 2**31 - 1), i)
                proposed = self.steps.propose(weights, batch, num_entries, key)
                actions = self.devices.own(proposed)
                targets = self.environment.prepare(own.audio)
                rewards = [
                    self.environment.play(actions[:, entry], targets, own.played, own.near).reward
                    for entry in range(num_entries)
                ]
                stacked = np.stack([np.asarray(reward) for reward in rewards], axis=1)
                reward = self.devices.spread(stacked)
                buffer = self.steps.remember(buffer, batch.uid, proposed, reward, batch.mask)
                progress.advance(status=training_status({"reward": float(stacked.mean())}))
        return state._replace(replay=buffer)

    def validate(self, weights: Weights) -> dict[str, float]:
        """Masked means over the validation sounds of the deterministic policy's results.

        Those of sounds of other origin, where the run has some, begin with "elsewhere_". Each
        process plays its own rows, and all know the means.
        """
        means = self._validate(self.dataset, self.valid_indices, weights)
        if self.elsewhere is not None:
            others = self._validate(self.elsewhere.dataset, self.elsewhere_valid, weights)
            means |= {f"elsewhere_{name}": value for name, value in others.items()}
        return means

    def _validate(
        self, dataset: data.Dataset, indices: NDArray[np.int64], weights: Weights
    ) -> dict[str, float]:
        names: list[str] = []
        tables: list[NDArray[np.float32]] = []
        for own in self._loader(dataset, indices, train=False):
            prediction = self.steps.predict(weights, self.devices.spread(own))
            action = self.devices.own(prediction.action)
            targets = self.environment.prepare(own.audio)
            score = self.environment.play(action, targets, own.played, own.near)
            row: dict[str, Any] = score.named()
            row["parameter_loss"] = self.devices.own(prediction.parameter_loss)
            heard = np.asarray(own.heard)
            true = np.asarray(own.action)
            row |= metrics.parameter_metrics(self.space.spec, action, true, heard)
            row |= {_PRESENT: own.mask, _LABELLED: own.mask * heard.max(axis=1)}
            names = list(row)
            table = np.stack([np.asarray(values, np.float32) for values in row.values()], axis=1)
            tables.append(self.devices.gather(table))
        columns = dict(zip(names, np.concatenate(tables).T, strict=True))
        mask, labelled = columns.pop(_PRESENT), columns.pop(_LABELLED)
        needs_label = {"parameter_loss", "accuracy", "numerical_error"}
        means = {}
        for name, values in columns.items():
            weight = labelled if name in needs_label else mask
            if weight.sum() > 0:
                means[name] = float(metrics.masked_mean(values, weight))
        return means

    def train(self) -> Result:
        """Runs to the end, from the latest checkpoint if there is one."""
        config = self.config
        clock = Clock(config.train.batch_size)
        with checkpoint.Checkpoints(self.run) as checkpoints, self._actor(clock) as actor:
            latest = checkpoints.step("latest")
            self._check_agreement(latest)
            window: list[dict[str, float]] = []
            if latest is None:
                start = self._initial_weights()
                state = self.fresh_state(start)
                if distributed.is_leader():
                    checkpoint.write_config(self.run, config)
                log = self._log(None)
                if self._replays:
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
                log = self._log(latest)
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
        console = distributed.console()
        with ProgressBar(title, self.num_steps, completed=start, console=console) as progress:
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
            anchor = self._anchor
            state, scalars = self.steps.learn(state, *experience, np.float32(alpha), anchor)
            return state, {name: float(value) for name, value in scalars.items()}

    @functools.cached_property
    def _anchor(self) -> Weights | None:
        """The policy that the run began with, where the losses need it."""
        needed = self.config.reinforce.enabled and self.config.loss.anchor > 0
        return self.devices.replicate(self._initial_weights()) if needed else None

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
            "sounds": self._fingerprint,
            "time": time.time(),
        }
        checkpoints.save(state, progress, score=valid["reward"])

    def _log(self, resumed_at: int | None) -> RunLog:
        return RunLog(self.run, resumed_at) if distributed.is_leader() else NoLog()

    def _check_agreement(self, latest: int | None) -> None:
        """All processes of a run have to do the same."""
        text = json.dumps(self.config.to_dict(), sort_keys=True)
        for what, value in (
            ("config", text),
            ("sounds", self._fingerprint),
            ("checkpoints (the run folder must be on a disk they share)", str(latest)),
        ):
            digest = hashlib.sha256(value.encode()).digest()
            self.devices.check_agreement(what, digest)

    def _check_same_config(self) -> None:
        """A run goes on only under the settings it was started with."""
        saved = checkpoint.read_config(self.run).to_dict()
        asked = json.loads(json.dumps(self.config.to_dict()))  # as saving changes it
        differing = sorted(_differences(saved, asked) - _MAY_CHANGE)
        if differing:
            raise UserError(
                f"{self.run}: this run was started with other settings of "
                f"{', '.join(differing)}; choose another --workdir"
            )

    def _check_same_sounds(self, progress: dict[str, Any]) -> None:
        """Replay and data position mean something for the sounds of the start alone."""
        if progress.get("sounds") != self._fingerprint:
            raise UserError(
                f"{self.run}: this run was started with other sounds than those that are now in "
                f"{self.config.data.path}; choose another --workdir"
            )


def _check_settings(config: Config) -> None:
    """Raises `UserError` for a number or a choice that makes no sense."""
    positive = {
        "train.batch_size": config.train.batch_size,
        "train.log_every_steps": config.train.log_every_steps,
        "train.num_epochs": config.train.num_epochs,
        "train.eval_every_epochs": config.train.eval_every_epochs,
        "reinforce.tries": config.reinforce.tries,
        "reinforce.replay_entries": config.reinforce.replay_entries,
    }
    for name, value in positive.items():
        if not value > 0:
            raise UserError(f"config.{name} is {value}; it must be above 0")
    data.check_labels(config.data.labels)
    for name in ("max_train", "max_valid"):
        if config.data[name] < 0:
            raise UserError(f"config.data.{name} is {config.data[name]}; 0 is all")


def _at_most(indices: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """The first `limit` of the (already shuffled) indices; all if `limit` is 0."""
    return indices[:limit] if limit else indices


def _spare(
    dataset: data.Dataset, valid: NDArray[np.int64], used: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Validation rows that are not used and share no near-copy with those that are."""
    left = np.setdiff1d(valid, used)
    return left[~np.isin(dataset.cluster[left], dataset.cluster[used])]


def _checked(section: str, make: Callable[[], _T]) -> _T:
    """What `make` makes of a section of the config.

    Raises:
      UserError: a setting that does not exist or makes no sense.
    """
    try:
        return make()
    except (TypeError, ValueError) as error:
        raise UserError(f"config.{section}: {error}") from error


def _loss_config(config: Config) -> LossConfig:
    made = _checked("loss", lambda: LossConfig(**config.loss.to_dict()))
    if not config.reinforce.enabled:
        return made
    compares = made.learn_from != "replay" and made.advantage != "none"
    if compares and config.reinforce.tries < 2:
        raise UserError(
            f"config.loss.advantage {made.advantage!r} compares tries at a sound: "
            "config.reinforce.tries must be 2 or more"
        )
    if config.data.endless.enabled and made.learn_from != "tries":
        raise UserError("endless sounds have no replay: config.loss.learn_from must be 'tries'")
    return made


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
