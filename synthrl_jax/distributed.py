"""Several devices, of one process or of several that run side by side: who does which rows.

Training is data-parallel. Each batch is split evenly over all devices, in the order of the
processes; everything else is on every device. A process draws, renders and scores only the rows
of its own devices. What a batch holds and what is sampled depend on the seed alone, so that the
results are those of a single device but for the order in which floats are added.
"""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from numpy.typing import NDArray
from rich.console import Console

from synthrl_jax.errors import UserError

AUTO = "auto"
"""Coordinator of a cluster that JAX knows."""

_AXIS = "batch"
_HEARTBEAT_S = 60
"""Silence after which a process counts as dead, where its connections do not tell at once."""
_PATIENCE_S = 300
"""To wait for all processes to start."""

_T = TypeVar("_T")


def join(coordinator: str, num_processes: int | None, process_id: int | None) -> None:
    """Joins the processes that train together; goes before any other use of JAX.

    Args:
      coordinator: "host:port" of process 0, the same for all; `AUTO` on a cluster that JAX knows
        (Slurm, Open MPI, Cloud TPU, …); empty for a process by itself.
      num_processes, process_id: how many there are and which this is; None where JAX knows.

    Raises:
      UserError: numbers that are missing or do not go together, or processes that never came.
    """
    if not coordinator:
        if num_processes is not None or process_id is not None:
            raise UserError("--num_processes and --process_id need --coordinator=HOST:PORT")
        return
    address = None if coordinator == AUTO else coordinator
    if address is not None:
        if num_processes is None or process_id is None:
            raise UserError("--coordinator needs --num_processes and --process_id")
        if not 0 <= process_id < num_processes:
            raise UserError(f"--process_id={process_id} is not in 0 to {num_processes - 1}")
        if not address.rpartition(":")[2].isdigit() or ":" not in address:
            raise UserError(f"--coordinator={address} is not HOST:PORT")
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    # It would swallow SIGTERM, to which nobody here listens.
    jax.config.update("jax_enable_preemption_service", False)
    try:
        jax.distributed.initialize(
            address,
            num_processes,
            process_id,
            initialization_timeout=_PATIENCE_S,
            heartbeat_timeout_seconds=_HEARTBEAT_S,
        )
    except (ValueError, RuntimeError) as error:
        raise UserError(f"--coordinator={coordinator}: {error}") from error


def has_others() -> bool:
    """Whether there is more than one process."""
    return jax.process_count() > 1


def is_leader() -> bool:
    """Whether this is process 0, which alone prints and writes the log and the config."""
    return jax.process_index() == 0


def console() -> Console | None:
    """Where a progress bar goes: nowhere but on the leader."""
    return None if is_leader() else Console(quiet=True)


def stop(status: int) -> NoReturn:
    """Ends this process with an exit status, after an error.

    Where others wait for this one, at once: its connections close, which ends them too, while the
    usual way out would wait for theirs.
    """
    if not jax.distributed.is_initialized():
        sys.exit(status)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def explain(error: Exception) -> str | None:
    """What to tell of an error with which a lost process makes itself felt; None for any other."""
    # Collectives that are cut off while an array is read raise plain errors that name them.
    lost = isinstance(error, jax.errors.JaxRuntimeError) or "Gloo" in str(error)
    if not has_others() or not lost:
        return None
    reason = str(error).strip().splitlines()[0]
    return (
        f"process {jax.process_index()} lost another process of this run; what that one printed "
        f"says why. The same commands go on from the latest checkpoint. ({reason})"
    )


class Devices:
    """The devices that share a batch: its rows are split over them, all else each has whole.

    Args:
      batch_size: of the whole batch.
      devices: to use; None for all of all processes.

    Raises:
      UserError: the batch does not divide.
    """

    def __init__(self, batch_size: int, devices: list[Any] | None = None) -> None:
        chosen = sorted(devices or jax.devices(), key=lambda d: (d.process_index, d.id))
        if batch_size % len(chosen):
            raise UserError(
                f"config.train.batch_size {batch_size} does not divide by the {len(chosen)} "
                "devices that share each batch; choose another, or hide some devices (with "
                "CUDA_VISIBLE_DEVICES or the like)"
            )
        mesh = Mesh(np.array(chosen), (_AXIS,))
        self._batch_size = batch_size
        self._own = [device for device in chosen if device.process_index == jax.process_index()]
        self.split = NamedSharding(mesh, PartitionSpec(_AXIS))
        """Of arrays whose first axis is B."""
        self.whole = NamedSharding(mesh, PartitionSpec())
        """Of everything else."""
        share = batch_size // len(chosen)
        first = chosen.index(self._own[0])
        self.rows = slice(first * share, (first + len(self._own)) * share)
        """Of a batch, those of this process."""

    def spread(self, own: _T) -> _T:
        """A tree of this process's rows [b, …] → one of whole batches [B, …] over all devices."""
        return jax.tree.map(
            lambda x: jax.make_array_from_process_local_data(
                self.split, np.asarray(x), (self._batch_size, *np.shape(x)[1:])
            ),
            own,
        )

    def own(self, batch: Any) -> NDArray[Any]:
        """This process's rows [b, …] of a whole batch [B, …] over all devices."""
        if batch.is_fully_addressable:
            return np.asarray(batch)
        shards = sorted(batch.addressable_shards, key=lambda shard: shard.index[0].start)
        return np.concatenate([np.asarray(shard.data) for shard in shards])

    def gather(self, own: NDArray[Any]) -> NDArray[Any]:
        """This process's rows [b, …] → whole batches [B, …] on every process; all must call it."""
        if not has_others():
            return own
        return np.asarray(jax.jit(_same, out_shardings=self.whole)(self.spread(own)))

    def replicate(self, tree: _T) -> _T:
        """A tree of arrays that are the same in every process → copies on all devices."""
        return jax.tree.map(self._replicate, tree)

    def _replicate(self, x: Any) -> jax.Array:
        if isinstance(x, jax.Array) and jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
            data = self._replicate(jax.random.key_data(x))
            return jax.random.wrap_key_data(data, impl=jax.random.key_impl(x))
        # By hand, as `device_put` would compare the processes' values leaf by leaf.
        value = np.array(x)
        copies = [jax.device_put(value, device, may_alias=False) for device in self._own]
        return jax.make_array_from_single_device_arrays(value.shape, self.whole, copies)

    def keep_whole(self, tree: _T) -> _T:
        """Under jit: makes results stay whole on every device."""
        return jax.lax.with_sharding_constraint(tree, self.whole)

    def keep_split(self, tree: _T) -> _T:
        """Under jit: makes results stay split by rows."""
        return jax.lax.with_sharding_constraint(tree, self.split)

    def check_agreement(self, what: str, digest: bytes) -> None:
        """Makes sure that all processes have the same of something.

        Raises:
          UserError: they do not.
        """
        if not has_others():
            return
        words = np.frombuffer(digest, np.uint32)
        everyone = self.gather(np.tile(words, (self.rows.stop - self.rows.start, 1)))
        if np.any(everyone != everyone[0]):
            raise UserError(
                f"the processes differ in their {what}; give them the same flags and files"
            )


def _same(x: Any) -> Any:
    return x
