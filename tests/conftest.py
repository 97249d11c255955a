"""What all tests share."""

from __future__ import annotations

import pathlib

import jax
import pytest

_ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def _compile_each_function_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Lets tests that build the same network share its compiled code."""
    jax.config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("compiled")))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


@pytest.fixture(scope="session")
def shared_data() -> pathlib.Path:
    """Folder of real cartridges and reference renders; the test is skipped where it is absent."""
    path = _ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip(f"needs the real-data folder {path.relative_to(_ROOT.parent)}, which is absent")
    return path
