"""Trains one stage of the policy.

    python train.py --config=configs/stage1.py:small --workdir=runs/stage1

Every field of the config can be overridden, for example `--config.train.num_epochs=3`. The same
command started again goes on from the latest checkpoint in `--workdir`.

All devices of this machine share each batch. Processes on several machines do, too, if each is
started with the same flags, on a disk that they share, and told where process 0 is:

    python train.py … --coordinator=HOST:PORT --num_processes=2 --process_id=0
    python train.py … --coordinator=HOST:PORT --num_processes=2 --process_id=1
"""

import pathlib
import sys
import traceback

from absl import app, flags, logging
from ml_collections import config_flags

_CONFIG = config_flags.DEFINE_config_file(
    "config", None, "Recipe and size, such as configs/stage1.py:small.", lock_config=True
)
_WORKDIR = flags.DEFINE_string("workdir", None, "Run folder for checkpoints and logs.")
_COORDINATOR = flags.DEFINE_string(
    "coordinator",
    "",
    "HOST:PORT of process 0 of several that train together; 'auto' on a cluster that JAX knows, "
    "such as Slurm, Open MPI or Cloud TPU.",
)
_NUM_PROCESSES = flags.DEFINE_integer("num_processes", None, "How many train together.")
_PROCESS_ID = flags.DEFINE_integer("process_id", None, "Which of them this is, from 0.")
flags.mark_flags_as_required(["config", "workdir"])


def main(argv: list[str]) -> None:
    """Runs the stage; problems of the user's making end with status 2 and one line."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected argument {argv[1]!r}; flags start with --")

    logging.set_verbosity(logging.ERROR)  # Orbax tells every step it takes
    from synthrl_jax import distributed, trainer
    from synthrl_jax.errors import UserError, describe

    try:
        distributed.join(_COORDINATOR.value, _NUM_PROCESSES.value, _PROCESS_ID.value)
        result = trainer.train(_CONFIG.value, pathlib.Path(_WORKDIR.value or ""))
    except (UserError, OSError) as error:
        print(f"train.py: {describe(error)}", file=sys.stderr)
        distributed.stop(2)
    except KeyboardInterrupt:
        print(
            "train.py: interrupted; the same command goes on from the latest checkpoint",
            file=sys.stderr,
        )
        distributed.stop(130)
    except Exception as error:
        if not distributed.has_others():
            raise
        reason = distributed.explain(error) or traceback.format_exc()
        print(f"train.py: {reason}", file=sys.stderr)
        distributed.stop(1)
    if distributed.is_leader():
        scores = "  ".join(f"{name} {value:.4g}" for name, value in result.valid.items())
        print(f"{result.run}: {result.step} updates; validation {scores}")


def _parse_flags(argv: list[str]) -> list[str]:
    """Parses flags; a misspelt config, size or field ends here, before anything is loaded."""
    try:
        positional = flags.FLAGS(argv)
        _CONFIG.value.stage  # noqa: B018  only now one is told of a file that is missing
    except (AttributeError, KeyError) as error:
        print(f"train.py: the config has no such field: {error}", file=sys.stderr)
    except OSError:
        path = config_flags.get_config_filename(flags.FLAGS["config"])
        print(f"train.py: {path}: no such config file", file=sys.stderr)
    except flags.Error as error:
        # The last line is the reason; before it may stand the traceback of a config file.
        print(f"train.py: {str(error).strip().splitlines()[-1]}", file=sys.stderr)
    else:
        return positional
    sys.exit(2)


if __name__ == "__main__":
    app.run(main, flags_parser=_parse_flags)
