"""The `synthrl` command: one module per subcommand."""

from __future__ import annotations

import argparse
import importlib
import inspect
import sys
import types
from collections.abc import Sequence

import absl.logging

from synthrl_jax.errors import UserError, describe

COMMANDS = {
    "match": "find a DX7 patch that sounds like a recording",
    "label": "find DX7 voices for sounds that have none, for training",
    "demo": "the same in a browser: drop a sound, watch, listen, download",
    "index": "index cartridges and recordings for matching",
    "library": "look into an index: counts, and what sounds like a recording",
    "render": "play DX7 cartridges into WAV files",
    "prepare": "turn cartridges or recordings into a dataset",
    "export": "put a trained policy into one file",
    "evaluate": "measure how near policies, retrieval and searches come on a dataset",
    "compare": "measure how alike two sounds are",
    "surge-info": "tell what Surge XT patches use",
    "bench": "measure rendering speed",
}
"""Subcommand → one-line summary. `synthrl_jax/cli/<name>.py` holds the rest."""


def _command_parser(name: str, module: types.ModuleType) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"synthrl {name}",
        description=inspect.getdoc(module),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    return parser


def _overview() -> str:
    width = max(map(len, COMMANDS))
    rows = "\n".join(f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items())
    return (
        "usage: synthrl COMMAND ...\n\n"
        "From any sound to a DX7/Dexed patch.\n\n"
        f"commands:\n{rows}\n\n"
        "`synthrl COMMAND --help` explains a command; `python train.py --help` trains a policy.\n"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a subcommand and returns the exit status: 0 good, 2 bad input, 130 interrupted."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv or argv[0] in ("-h", "--help"):
        print(_overview())
        return 0
    if argv[0] == "--version":
        from synthrl_jax import __version__

        print(f"synthrl {__version__}")
        return 0
    if argv[0] not in COMMANDS:
        print(f"synthrl: no command {argv[0]!r}\n\n{_overview()}", file=sys.stderr)
        return 2
    absl.logging.set_verbosity(absl.logging.ERROR)  # Orbax tells every step it takes
    module = importlib.import_module(f"synthrl_jax.cli.{argv[0].replace('-', '_')}")
    args = _command_parser(argv[0], module).parse_args(argv[1:])
    try:
        return module.run(args)
    except (UserError, OSError) as error:
        message, status = describe(error), 2
    except KeyboardInterrupt:
        message, status = "interrupted", 130
    print(f"synthrl {argv[0]}: {message}", file=sys.stderr)
    return status
