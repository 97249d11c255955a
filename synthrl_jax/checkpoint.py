"""Run folders: complete config, checkpoints (best and latest), and loading a policy from one.

A run folder holds `config.json`, `checkpoints/<step>/`, `log.jsonl`, TensorBoard files and
learning curves. A checkpoint has three parts: `policy` (weights alone, all that evaluation and a
later stage need), `training` (optimiser, replay, key, step) and `progress` (position in the data
and the scores so far).
"""

from __future__ import annotations

import functools
import json
import pathlib
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

import jax
import jax.numpy as jnp
import ml_collections
import numpy as np
import orbax.checkpoint as ocp
from numpy.typing import NDArray

from synthrl_jax import distributed
from synthrl_jax.actions import ActionSpace, no_reference
from synthrl_jax.errors import UserError
from synthrl_jax.models.policy import PolicyConfig, PolicyFn, Weights
from synthrl_jax.steps import view_of
from synthrl_jax.synths import dx7
from synthrl_jax.types import Array, Config, Reference, ReplayState, TrainState

CONFIG_NAME = "config.json"
_FOLDER = "checkpoints"
_SCORE = "score"

Which = Literal["best", "latest"]


def make_policy(config: Config, action_space: ActionSpace) -> PolicyFn:
    """The network that `config.model` describes, for this action space."""
    try:
        return PolicyFn(PolicyConfig(**config.model.to_dict()), action_space.spec.layout)
    except (TypeError, ValueError) as error:
        raise UserError(f"config.model: {error}") from error


def write_config(run: pathlib.Path, config: Config) -> None:
    """Writes the complete config into the run folder."""
    run.mkdir(parents=True, exist_ok=True)
    text = json.dumps(config.to_dict(), indent=2, sort_keys=True)
    (run / CONFIG_NAME).write_text(text + "\n", encoding="utf-8")


def read_config(run: pathlib.Path) -> Config:
    """The config a run was started with.

    Raises:
      UserError: `run` is not a run folder.
    """
    path = run / CONFIG_NAME
    if not run.is_dir():
        raise UserError(f"{run}: no such run folder; `python train.py --help` makes one")
    if not path.is_file():
        raise UserError(f"{run}: not a run folder ({CONFIG_NAME} is missing)")
    try:
        return ml_collections.ConfigDict(json.loads(path.read_text(encoding="utf-8")))
    except json.JSONDecodeError as error:
        raise UserError(f"{path}: not valid JSON ({error})") from error


class Checkpoints:
    """The checkpoints of one run: the latest, and the one with the best score."""

    def __init__(self, run: pathlib.Path, *, read_only: bool = False) -> None:
        self._folder = (run / _FOLDER).resolve()
        keep = ocp.checkpoint_managers.AnyPreservationPolicy(
            [
                ocp.checkpoint_managers.LatestN(1),
                ocp.checkpoint_managers.BestN(get_metric_fn=lambda m: m[_SCORE], n=1),
            ]
        )
        self._manager = ocp.CheckpointManager(
            self._folder,
            options=ocp.CheckpointManagerOptions(
                preservation_policy=keep,
                best_fn=lambda metrics: metrics[_SCORE],
                enable_async_checkpointing=False,
                create=not read_only,
                read_only=read_only,
            ),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._manager.close()

    def step(self, which: Which) -> int | None:
        """Number of the best or latest checkpoint; None if there is none yet."""
        manager = self._manager
        return manager.best_step() if which == "best" else manager.latest_step()

    def save(self, state: TrainState, progress: Mapping[str, Any], score: float) -> None:
        """Writes a checkpoint; earlier ones go only once it is complete.

        Args:
          state: everything that changes.
          progress: JSON-serialisable position of the run.
          score: higher is better.

        Raises:
          UserError: the disk is full or not writable; the earlier checkpoints remain.
        """
        step = int(state.step)
        good = self.step("latest")
        policy, training = _split(state)
        try:
            self._manager.save(
                step,
                args=ocp.args.Composite(
                    policy=ocp.args.StandardSave(policy),
                    training=ocp.args.StandardSave(training),
                    progress=ocp.args.JsonSave(dict(progress)),
                ),
                metrics={_SCORE: score},
                force=True,
            )
        except (OSError, ValueError, RuntimeError) as error:
            if distributed.explain(error):
                raise  # another process is lost, the disk is not to blame
            last = "there is no earlier one" if good is None else f"that of step {good} is intact"
            raise UserError(
                f"{self._folder}: the checkpoint of step {step} could not be written, {last}. "
                f"Make room and run the same command again to go on from there. ({error})"
            ) from error

    def progress(self, step: int) -> dict[str, Any]:
        """What `save` was told of the run's position at a step."""
        args = ocp.args.Composite(progress=ocp.args.JsonRestore())
        return self._manager.restore(step, args=args)["progress"]

    def restore(self, step: int, like: TrainState) -> tuple[TrainState, dict[str, Any]]:
        """The complete state at a step, in the shapes of `like`, and the saved progress."""
        policy, training = _split(like)
        restored = self._manager.restore(
            step,
            args=ocp.args.Composite(
                policy=ocp.args.StandardRestore(policy),
                training=ocp.args.StandardRestore(training),
                progress=ocp.args.JsonRestore(),
            ),
        )
        return _join(restored["policy"], restored["training"]), restored["progress"]

    def restore_weights(self, step: int, like: Weights) -> Weights:
        """The network alone, in the shapes of `like`, on the first device of this process."""
        # Named, as the devices that the file names may not exist here.
        device = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
        like = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=device), like)
        restored = self._manager.restore(
            step, args=ocp.args.Composite(policy=ocp.args.StandardRestore(like._asdict()))
        )
        return Weights(**restored["policy"])


def _split(state: TrainState) -> tuple[dict[str, Any], dict[str, Any]]:
    """The policy to be judged and used, and all else; the average is stored as the policy."""
    fields = state._asdict()
    fields["key"] = jax.random.key_data(fields["key"])
    fields["replay"] = fields["replay"]._asdict()
    average = fields.pop("average")
    policy = {"params": average or fields["params"], "batch_stats": fields.pop("batch_stats")}
    if not average:
        del fields["params"]
    return policy, fields


def _join(policy: dict[str, Any], training: dict[str, Any]) -> TrainState:
    fields = dict(training)
    fields["key"] = jax.random.wrap_key_data(fields["key"])
    fields["replay"] = ReplayState(**fields["replay"])
    averaged = "params" in fields
    return TrainState(
        **{"params": policy["params"], **fields},
        average=policy["params"] if averaged else {},
        batch_stats=policy["batch_stats"],
    )


def export_policy(run: pathlib.Path, path: pathlib.Path, which: Which = "best") -> int:
    """Writes the policy of a run into one file, its weights rounded to half precision.

    Args:
      run: the run folder.
      path: file to write, `.npz`. `load_policy` and `config.init_from` take it in place of a run.
      which: checkpoint.

    Returns:
      Its size in bytes.

    Raises:
      UserError: `run` is no run folder or has no checkpoint, or the file cannot be written.
    """
    config = read_config(run)
    weights, step = load_weights(run, make_policy(config, ActionSpace(dx7.SPEC)), which)
    arrays: dict[str, Any] = {
        jax.tree_util.keystr(place): np.asarray(leaf).astype(np.float16)
        for place, leaf in jax.tree_util.tree_leaves_with_path(weights)
    }
    # Folders of this machine mean nothing elsewhere.
    config.init_from = pathlib.Path(config.init_from).name
    for name in ("path", "elsewhere", "library"):
        if name in config.data:
            config.data[name] = pathlib.Path(config.data[name]).name
    about = json.dumps({"config": config.to_dict(), "step": step}, sort_keys=True)
    try:
        np.savez_compressed(path, about=np.array(about), **arrays)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from error
    return path.stat().st_size


def _read_exported(path: pathlib.Path) -> tuple[Config, int, Mapping[str, NDArray[np.float16]]]:
    """Config, step and arrays of an exported policy."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = dict(file)
        about = json.loads(str(arrays.pop("about")))
        return ml_collections.ConfigDict(about["config"]), int(about["step"]), arrays
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: not an exported policy ({error})") from error


def _exported_weights(path: pathlib.Path) -> tuple[Weights, int]:
    config, step, arrays = _read_exported(path)
    abstract = make_policy(config, ActionSpace(dx7.SPEC)).abstract_weights()
    if _shapes(abstract) != {name: array.shape for name, array in arrays.items()}:
        raise UserError(f"{path}: its arrays are not those of its network")
    weights = jax.tree_util.tree_map_with_path(
        lambda place, _: jnp.asarray(arrays[jax.tree_util.keystr(place)], jnp.float32), abstract
    )
    return weights, step


def load_weights(
    run: pathlib.Path,
    policy: PolicyFn,
    which: Which = "best",
    *,
    fresh: Callable[[], Weights] | None = None,
) -> tuple[Weights, int]:
    """The network of a run, or of a file from `export_policy`, and the step it was saved at.

    Args:
      run: the folder or file.
      policy: the network.
      which: checkpoint.
      fresh: gives arrays that the saved network has not, if it may be a part of this one.

    Raises:
      UserError: no checkpoint there, or one of a different network.
    """
    config = _read_exported(run)[0] if run.is_file() else read_config(run)
    wanted = _shapes(policy.abstract_weights())
    # Compared before anything is read: Orbax leaves reads behind when shapes differ midway.
    saved = _shapes(make_policy(config, ActionSpace(dx7.SPEC)).abstract_weights())
    if saved.items() <= wanted.items() if fresh else saved == wanted:
        weights, step = _exported_weights(run) if run.is_file() else _run_weights(run, which)
        return weights if saved == wanted or not fresh else _grafted(weights, fresh()), step
    raise UserError(
        f"{run}: its network does not fit this one; use the same --config.model as that run"
    )


def _run_weights(run: pathlib.Path, which: Which) -> tuple[Weights, int]:
    """The network of a run, and the step it was saved at."""
    abstract = make_policy(read_config(run), ActionSpace(dx7.SPEC)).abstract_weights()
    if not (run / _FOLDER).is_dir():
        raise UserError(f"{run}: has no checkpoint yet")
    with Checkpoints(run, read_only=True) as checkpoints:
        step = checkpoints.step(which)
        if step is None:
            raise UserError(f"{run}: has no checkpoint yet")
        try:
            return checkpoints.restore_weights(step, abstract), step
        except (ValueError, KeyError) as error:
            raise UserError(f"{run}: the checkpoint of step {step} is damaged ({error})") from error


def _shapes(weights: Weights) -> dict[str, tuple[int, ...]]:
    """Place of every array of a network → its shape."""
    leaves = jax.tree_util.tree_leaves_with_path(weights)
    return {jax.tree_util.keystr(place): leaf.shape for place, leaf in leaves}


def _grafted(part: Weights, whole: Weights) -> Weights:
    """The whole network with the arrays of one that is a part of it."""
    known = {
        jax.tree_util.keystr(place): leaf
        for place, leaf in jax.tree_util.tree_leaves_with_path(part)
    }
    return jax.tree_util.tree_map_with_path(
        lambda place, leaf: known.get(jax.tree_util.keystr(place), leaf), whole
    )


class LoadedPolicy:
    """A trained policy, ready to look at sounds."""

    def __init__(self, config: Config, policy: PolicyFn, weights: Weights, step: int) -> None:
        self.config = config
        self.action_space = ActionSpace(dx7.SPEC)
        self.step = step
        temperature = config.loss.sampling_temperature

        # Weights are arguments: as constants of the programs they would be compiled into each.
        def best(
            weights: Weights, sounds: Array, played: Array, reference: Reference | None
        ) -> jax.Array:
            view = view_of(sounds, played, reference)
            return policy.sample(weights, view, jax.random.key(0), 1, 0.0)[:, 0]

        def sample(
            weights: Weights,
            key: jax.Array,
            sounds: Array,
            played: Array,
            reference: Reference | None,
            count: int,
        ) -> jax.Array:
            view = view_of(sounds, played, reference)
            return policy.sample(weights, view, key, count, temperature)

        self._best = functools.partial(jax.jit(best), weights)
        self._sample = functools.partial(jax.jit(sample, static_argnames="count"), weights)

    @property
    def sees_note(self) -> bool:
        """Whether it knows sounds of any note, and needs to be told which."""
        return self.config.model.encoder == "strips"

    @property
    def played(self) -> tuple[float, float, float]:
        """MIDI key, velocity and gate in seconds of its training."""
        render = self.config.render
        return render.note, render.velocity, render.gate_s

    @property
    def wants_reference(self) -> bool:
        """Whether it can begin from a preset that sounds alike."""
        return bool(self.config.model.get("reference", False))

    def best_values(
        self, sounds: Array, played: Array | None = None, reference: Reference | None = None
    ) -> NDArray[np.float32]:
        """[B, V] the likeliest presets.

        Args:
          sounds: [B, S] peak-normalised, 4 s at 22 050 Hz.
          played: [B, 3] MIDI key, velocity and gate in seconds; None for those of the training.
          reference: to begin from; None for none.
        """
        known = self._known(sounds, reference)
        action = np.asarray(self._best(sounds, self._played(sounds, played), known))
        return self.action_space.to_values(action, None if known is None else known.values)

    def sample_values(
        self,
        key: jax.Array,
        sounds: Array,
        count: int,
        played: Array | None = None,
        reference: Reference | None = None,
    ) -> NDArray[np.float32]:
        """[B, count, V] presets from the policy; arguments as of `best_values`."""
        known = self._known(sounds, reference)
        played = self._played(sounds, played)
        action = np.asarray(self._sample(key, sounds, played, known, count=count))
        near = None if known is None else np.asarray(known.values)[:, None]
        return self.action_space.to_values(action, near)

    def _known(self, sounds: Array, reference: Reference | None) -> Reference | None:
        """References for a policy that can use them, be it that there are none."""
        if not self.wants_reference:
            return None
        return reference or no_reference(np.shape(sounds), self.action_space)

    def _played(self, sounds: Array, played: Array | None) -> Array:
        if played is not None:
            return np.asarray(played, np.float32)
        return np.tile(np.array(self.played, np.float32), (len(sounds), 1))


def load_policy(run: str | pathlib.Path, which: Which = "best") -> LoadedPolicy:
    """The trained policy of a run folder, or of a file from `export_policy`.

    Raises:
      UserError: `run` is no run folder or has no checkpoint, or the file is something else.
    """
    run = pathlib.Path(run)
    config = _read_exported(run)[0] if run.is_file() else read_config(run)
    policy = make_policy(config, ActionSpace(dx7.SPEC))
    weights, step = load_weights(run, policy, which)
    return LoadedPolicy(config, policy, weights, step)
