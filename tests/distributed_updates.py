"""A few updates of every kind of training, on whatever devices this process has or shares.

Run by `test_distributed.py`, in processes of its own as well:

    python tests/distributed_updates.py VOICES OUT REFERENCE [COORDINATOR NUM_PROCESSES PROCESS_ID]
"""

from __future__ import annotations

import json
import pathlib
import sys
from unittest import mock

import jax
import ml_collections
import numpy as np
import optax

from configs import reinforce, stage1
from synthrl_jax import checkpoint, distributed, optim, trainer
from synthrl_jax.run_log import Clock
from synthrl_jax.steps import weights_of
from synthrl_jax.types import TrainState

NUM_UPDATES = 3
_MODEL = dict(d_model=32, num_encoder_layers=1, num_decoder_layers=1, num_heads=2, d_hidden=32)


def recipes(voices: pathlib.Path) -> dict[str, ml_collections.ConfigDict]:
    """Tiny configs by name."""
    # Convolutions, batch norm and dropout, and a last batch of an epoch that is filled up.
    fixed = stage1.get_config("tiny")
    # Drawn for the whole batch, rendered by parts; decisions that see each other.
    tries = reinforce.get_config("tiny")
    tries.stage = 1  # starts from fresh weights, and so does its anchor
    tries.reinforce.tries = 2
    tries.loss.clip = 0.2
    made = {"fixed": fixed, "tries": tries}
    for config in made.values():
        config.data.path = str(voices)
        config.data.max_valid = 4
        config.model.update(_MODEL)
        config.optim.update(schedule="constant", learning_rate=0.01, warmup_epochs=0.0)
        config.render.threads = 1
        config.train.batch_size = 8
    return made


def build(config: ml_collections.ConfigDict, run: pathlib.Path) -> trainer.Trainer:
    """A trainer with plain gradient descent.

    Adam would divide gradients that are zero but for rounding by their own size, so that weights
    that change nothing would differ.
    """

    def descent(schedule: optax.Schedule, **_: object) -> optax.GradientTransformation:
        return optax.sgd(schedule, momentum=0.9)

    with mock.patch.object(optim, "make_optimizer", descent):
        return trainer.Trainer(config, run)


def leaves(state: TrainState) -> dict[str, np.ndarray]:
    """Arrays of a state by name."""
    fields = state._replace(key=jax.random.key_data(state.key))
    found = jax.tree_util.tree_leaves_with_path(fields)
    return {jax.tree_util.keystr(path): np.asarray(x) for path, x in found}


def update(name: str, config: ml_collections.ConfigDict, run: pathlib.Path) -> None:
    """Makes the updates; leaves a checkpoint, and scalars and arrays in `updates.npz`."""
    built = build(config, run)
    state = built.fresh_state(built.policy.init(0))
    clock = Clock(config.train.batch_size)
    rows = []
    with checkpoint.Checkpoints(run) as checkpoints, built._actor(clock) as actor:
        for step in range(NUM_UPDATES):
            state, scalars = built._update(state, step, actor, clock)
            rows.append(scalars)
        valid = built.validate(weights_of(state)) if name == "fixed" else {"reward": 0.0}
        built._save(checkpoints, state, actor, valid, [])
    assert all(x.sharding.is_fully_replicated for x in jax.tree.leaves(state))
    if distributed.is_leader():
        np.savez(run / "updates.npz", **leaves(state))
        (run / "scalars.json").write_text(json.dumps({"train": rows, "valid": valid}))


def restored(config: ml_collections.ConfigDict, run: pathlib.Path) -> TrainState:
    """The state of a checkpoint, on the devices that there are here."""
    built = build(config, run)
    like = built.fresh_state(built.policy.init(1))
    with checkpoint.Checkpoints(run, read_only=True) as checkpoints:
        state, _ = checkpoints.restore(NUM_UPDATES, like)
    for x, wanted in zip(jax.tree.leaves(state), jax.tree.leaves(like), strict=True):
        assert x.sharding.is_equivalent_to(wanted.sharding, x.ndim)
    return state


def main(voices: str, out: str, reference: str, *joined: str) -> None:
    """Makes all updates; then restores what the reference saved, and writes it out again.

    Processes that join others leave out the recipe that differs least between the two ways.
    """
    if joined:
        distributed.join(joined[0], int(joined[1]), int(joined[2]))
    for name, config in recipes(pathlib.Path(voices)).items():
        if joined and name == "fixed":
            continue
        update(name, config, pathlib.Path(out) / name)
    config = recipes(pathlib.Path(voices))["tries"]
    state = restored(config, pathlib.Path(reference) / "tries")
    if distributed.is_leader():
        np.savez(pathlib.Path(out) / "restored.npz", **leaves(state))


if __name__ == "__main__":
    main(*sys.argv[1:])
