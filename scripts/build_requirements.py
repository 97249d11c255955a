"""Prints what the package is built with, one requirement per line, for `pip install -r`.

    python scripts/build_requirements.py | pip install -r /dev/stdin

With these installed, `pip` needs no network to build (`--no-build-isolation`).
"""

import pathlib
import tomllib

_PYPROJECT = pathlib.Path(__file__).resolve().parent.parent / "pyproject.toml"


def main() -> None:
    """Reads `build-system.requires` of pyproject.toml."""
    project = tomllib.loads(_PYPROJECT.read_text(encoding="utf-8"))
    print(*project["build-system"]["requires"], sep="\n")


if __name__ == "__main__":
    main()
