"""What all tests share."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import jax
import pytest

_ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def _compile_each_function_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Lets tests and the programs they start share the compiled code of the same network."""
    settings = {
        "jax_compilation_cache_dir": str(tmp_path_factory.mktemp("compiled")),
        "jax_persistent_cache_min_compile_time_secs": 0.2,
        "jax_persistent_cache_min_entry_size_bytes": 0,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            jax.config.update(name, value)
            patch.setenv(name.upper(), str(value))
        yield


@pytest.fixture(scope="module")
def compile_carelessly() -> Iterator[None]:
    """Takes half the time where a function is called a few times; in programs that start as well.

    Not for tests of how exactly something is computed under `jax.jit`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "true")
        jax.config.update("jax_disable_most_optimizations", True)
        yield
        jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The folder of a run that has not learnt anything yet."""
    from configs import stage1
    from synthrl_jax import checkpoint, optim, replay, steps
    from synthrl_jax.actions import ActionSpace
    from synthrl_jax.synths.dx7 import SPEC

    run = tmp_path_factory.mktemp("runs") / "untrained"
    config = stage1.get_config("tiny")
    config.model.update(d_model=32, num_heads=2, d_hidden=32)
    policy = checkpoint.make_policy(config, ActionSpace(SPEC))
    optimizer = optim.make_optimizer(lambda _: 1e-3, weight_decay=0.0, b1=0.9, b2=0.999)
    state = steps.init_state(policy.init(0), optimizer, replay.empty(1, 1, SPEC.num_decisions), 0)
    checkpoint.write_config(run, config)
    with checkpoint.Checkpoints(run) as checkpoints:
        checkpoints.save(state, {}, score=0.0)
    return run


@pytest.fixture(scope="session")
def voices_dataset(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A dataset of 40 bundled voices."""
    from synthrl_jax import assets, prepare

    out = tmp_path_factory.mktemp("data") / "voices"
    prepare.prepare_dexed([assets.VOICES], out, limit=40)
    return out


@pytest.fixture(scope="session")
def shared_data() -> pathlib.Path:
    """Folder of real cartridges and reference renders; the test is skipped where it is absent."""
    path = _ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip(f"needs the real-data folder {path.relative_to(_ROOT.parent)}, which is absent")
    return path
