"""The README's example runs, and the commands it shows exist."""

from __future__ import annotations

import argparse
import functools
import importlib
import pathlib
import re
import shlex

import pytest

from synthrl_jax.cli import COMMANDS

_ROOT = pathlib.Path(__file__).resolve().parent.parent
_README = (_ROOT / "README.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"```(\w+)\n(.*?)```", _README, re.DOTALL)


@pytest.mark.native
@pytest.mark.usefixtures("compile_carelessly")
def test_python_examples_run() -> None:
    examples = [text for language, text in _BLOCKS if language == "python"]
    assert examples
    names: dict[str, object] = {}  # later examples go on from earlier ones
    for text in examples:
        exec(compile(text, "README.md", "exec"), names)


def _lines(program: str) -> list[list[str]]:
    shell = "\n".join(text for language, text in _BLOCKS if language == "sh")
    found = [shlex.split(line, comments=True) for line in shell.splitlines()]
    return [words for words in found if words and words[0] == program]


def test_synthrl_commands_parse() -> None:
    lines = _lines("synthrl")
    assert {words[1] for words in lines} == set(COMMANDS)
    for _, name, *arguments in lines:
        parser = argparse.ArgumentParser(exit_on_error=False)
        importlib.import_module(f"synthrl_jax.cli.{name.replace('-', '_')}").add_arguments(parser)
        parser.parse_args(arguments)


def test_make_targets_exist() -> None:
    makefile = (_ROOT / "Makefile").read_text(encoding="utf-8")
    for words in _lines("make"):
        assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE), words


def test_recipes_exist_with_their_sizes() -> None:
    for words in _lines("python"):
        flags = dict(word.removeprefix("--").split("=", 1) for word in words[2:])
        path, size = flags.pop("config").split(":")
        module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        config = module.get_config(size)
        for name in flags:
            if name.startswith("config."):
                *sections, field = name.removeprefix("config.").split(".")
                section = functools.reduce(lambda outer, inner: outer[inner], sections, config)
                section.get_type(field)


def test_files_it_names_exist() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", _README):
        assert (_ROOT / target).exists(), target
