"""What all tests share."""

from __future__ import annotations

import pathlib

import pytest

_ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> pathlib.Path:
    """Folder of real cartridges and reference renders; the test is skipped where it is absent."""
    path = _ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip(f"needs the real-data folder {path.relative_to(_ROOT.parent)}, which is absent")
    return path
