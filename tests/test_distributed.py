"""Several devices and several processes train as one device does."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import distributed_updates as updates
import jax
import numpy as np
import pytest

from synthrl_jax import assets, checkpoint, data, distributed, endless, prepare, presets, run_log
from synthrl_jax.actions import ActionSpace
from synthrl_jax.errors import UserError
from synthrl_jax.pseudo_labels import PseudoLabels
from synthrl_jax.render import SCORE_COLUMNS, Renderer
from synthrl_jax.synths.dx7 import SPEC
from synthrl_jax.types import Batch

pytestmark = [pytest.mark.native, pytest.mark.usefixtures("compile_carelessly")]

_ROOT = pathlib.Path(__file__).resolve().parent.parent
_WAYS = ("eight devices", "two processes")


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A dataset of 24 bundled voices: 15 to learn from."""
    out = tmp_path_factory.mktemp("data") / "voices"
    prepare.prepare_dexed([assets.VOICES], out, limit=24)
    return out


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def _start(
    program: list[str], log: pathlib.Path, cache: pathlib.Path, num_devices: int = 1
) -> subprocess.Popen[str]:
    """Starts a Python program with devices that are not there; output goes to `log`."""
    flags = [
        f"--xla_force_host_platform_device_count={num_devices}",
        "--xla_backend_optimization_level=0",  # compiles faster
        "--xla_llvm_disable_expensive_passes=true",
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(_ROOT),
        "PYTHONWARNINGS": "default",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": " ".join(flags),
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.2",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    }
    with log.open("w") as file:
        return subprocess.Popen(
            [sys.executable, *program],
            cwd=_ROOT, env=environment, text=True, stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip


@pytest.fixture(scope="module")
def runs(voices: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pathlib.Path]:
    """Folders of the same updates, made in three ways."""
    root = tmp_path_factory.mktemp("runs")
    reference = root / "one device"
    assert jax.device_count() == 1
    for name, config in updates.recipes(voices).items():
        updates.update(name, config, reference / name)
    port = _free_port()
    cache = root / "compiled"

    def program(way: str, *more: str) -> list[str]:
        script = "tests/distributed_updates.py"
        return [script, str(voices), str(root / way), str(reference), *more]

    started = [_start(program(_WAYS[0]), root / "log", cache, num_devices=8)]
    started += [
        _start(
            program(_WAYS[1], f"localhost:{port}", "2", str(process)),
            root / f"log{process}", cache,
        )
        for process in range(2)
    ]  # fmt: skip
    try:
        for process, log in zip(started, ("log", "log0", "log1"), strict=True):
            assert process.wait(timeout=600) == 0, (root / log).read_text()
    finally:
        for process in started:
            process.kill()
    return {way: root / way for way in ("one device", *_WAYS)}


def _assert_close(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    assert a.keys() == b.keys()
    for name, value in a.items():
        if np.issubdtype(value.dtype, np.integer):
            np.testing.assert_array_equal(value, b[name], err_msg=name)
        else:
            np.testing.assert_allclose(value, b[name], rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    ("name", "way"),
    [("fixed", "eight devices"), ("tries", "eight devices"), ("tries", "two processes")],
)
def test_updates_are_those_of_one_device(
    name: str, way: str, runs: dict[str, pathlib.Path]
) -> None:
    one, several = runs["one device"] / name, runs[way] / name
    _assert_close(dict(np.load(one / "updates.npz")), dict(np.load(several / "updates.npz")))
    mine, theirs = (json.loads((run / "scalars.json").read_text()) for run in (one, several))
    for row, other in zip(
        [*mine["train"], mine["valid"]], [*theirs["train"], theirs["valid"]], strict=True
    ):
        assert other == pytest.approx(row, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("way", _WAYS)
def test_the_same_actions_are_sampled(way: str, runs: dict[str, pathlib.Path]) -> None:
    tried = []
    for run in (runs["one device"], runs[way]):
        with checkpoint.Checkpoints(run / "tries", read_only=True) as checkpoints:
            tried.append(checkpoints.progress(updates.NUM_UPDATES)["actor"]["rollout"])
    one, several = tried
    assert np.shape(one["action"]) == (8, 2, SPEC.num_decisions)
    assert several["action"] == one["action"]
    np.testing.assert_allclose(several["reward"], one["reward"], rtol=1e-4)


@pytest.mark.parametrize("way", _WAYS)
def test_checkpoints_go_from_any_devices_to_any(
    way: str, voices: pathlib.Path, runs: dict[str, pathlib.Path]
) -> None:
    saved_by_one = dict(np.load(runs["one device"] / "tries" / "updates.npz"))
    there = dict(np.load(runs[way] / "restored.npz"))
    saved_by_several = dict(np.load(runs[way] / "tries" / "updates.npz"))
    here = updates.leaves(updates.restored(updates.recipes(voices)["tries"], runs[way] / "tries"))
    for saved, restored in ((saved_by_one, there), (saved_by_several, here)):
        for name, value in saved.items():
            np.testing.assert_array_equal(restored[name], value, err_msg=name)


def test_a_policy_of_eight_devices_is_loaded_by_one(
    voices: pathlib.Path, runs: dict[str, pathlib.Path]
) -> None:
    run = runs["eight devices"] / "fixed"
    config = updates.recipes(voices)["fixed"]
    checkpoint.write_config(run, config)
    policy = checkpoint.make_policy(config, ActionSpace(SPEC))
    weights, _ = checkpoint.load_weights(run, policy)
    saved = np.load(run / "updates.npz")
    for path, value in jax.tree_util.tree_leaves_with_path(weights):
        np.testing.assert_array_equal(value, saved[jax.tree_util.keystr(path)])


def _parts(make, number: int) -> tuple[Batch, Batch]:
    """The second batch whole, and put together from so many parts."""
    size = 8 // number
    loaders = [make(slice(None)), *(make(slice(i * size, (i + 1) * size)) for i in range(number))]
    for loader in loaders:
        next(loader)
    whole, *parts = [next(loader) for loader in loaders]
    return whole, jax.tree.map(lambda *rows: np.concatenate(rows), *parts)


def _assert_same_batch(a: Batch, b: Batch) -> None:
    for name, value in a._asdict().items():
        np.testing.assert_array_equal(value, getattr(b, name), err_msg=name)


def test_a_fixed_batch_is_read_in_parts(voices_dataset: pathlib.Path) -> None:
    dataset, space = data.Dataset.open(voices_dataset), ActionSpace(SPEC)

    def make(rows: slice) -> data.Loader:
        return data.make_loader(dataset, np.arange(13), 8, action_space=space, seed=3, rows=rows)

    for number in (2, 8):
        whole, parts = _parts(make, number)
        assert whole.mask.sum() == 5
        _assert_same_batch(whole, parts)


def test_an_endless_batch_is_made_in_parts(voices_dataset: pathlib.Path) -> None:
    dataset, space = data.Dataset.open(voices_dataset), ActionSpace(SPEC)
    assert dataset.values is not None
    bank = presets.from_values(dataset.values, [""] * len(dataset))
    scores = np.random.default_rng(0).random((len(dataset), 2, len(SCORE_COLUMNS))).astype("f4")
    found = PseudoLabels(np.stack([bank, bank[::-1]], axis=1), scores)
    elsewhere = endless.Elsewhere(dataset, np.arange(len(dataset)), found)
    shares = endless.Shares(0.2, 0.2, 0.2, 0.1, 0.1)

    def make(rows: slice) -> data.Loader:
        return endless.make_endless_loader(
            endless.VoiceSource(bank, shares),
            endless.Notes(varied=0.5),
            8,
            renderer=Renderer("dexed", threads=1),
            action_space=space,
            protocol=dataset.played,
            elsewhere=elsewhere,
            elsewhere_share=0.375,  # the last three rows, so that some parts render nothing
            rows=rows,
        )

    for number in (2, 8):
        _assert_same_batch(*_parts(make, number))


def test_batches_must_divide() -> None:
    devices = jax.devices() * 3
    with pytest.raises(UserError, match="batch_size 8 does not divide by the 3 devices"):
        distributed.Devices(8, devices)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", 2, 0), "need --coordinator"),
        (("localhost:1", None, 0), "needs --num_processes"),
        (("localhost:1", 2, 2), "process_id=2 is not in 0 to 1"),
        (("localhost", 2, 0), "not HOST:PORT"),
    ],
)
def test_flags_that_do_not_go_together(arguments: tuple, message: str) -> None:
    with pytest.raises(UserError, match=message):
        distributed.join(*arguments)


def _readme_commands() -> list[list[str]]:
    """Arguments of the commands for two machines."""
    text = (_ROOT / "README.md").read_text(encoding="utf-8")
    lines = [shlex.split(line, comments=True) for line in re.findall(r"^python .*$", text, re.M)]
    return [words[1:] for words in lines if any("--coordinator" in word for word in words)]


def _eventually(condition, processes: Iterator[subprocess.Popen[str]] | list, log) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        assert all(process.poll() is None for process in processes), log.read_text()
        time.sleep(0.1)


def test_readme_commands_and_a_process_that_dies(
    voices: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """Two processes train; one is killed, the other says so; one alone goes on to the end."""
    port, run = _free_port(), tmp_path / "run"
    small = [f"--config.model.{name}={value}" for name, value in updates._MODEL.items()]
    changes = [
        "--config=configs/stage1.py:tiny", f"--workdir={run}", f"--config.data.path={voices}",
        *small, "--config.data.max_valid=4", "--config.train.batch_size=4",
        "--config.train.eval_every_epochs=0.25", "--config.train.log_every_steps=1",
    ]  # fmt: skip
    commands = _readme_commands()
    assert [words[0] for words in commands] == ["train.py"] * 2
    given = ("--config=", "--workdir=")
    commands = [[word for word in words if not word.startswith(given)] for words in commands]
    for words in commands:
        place = next(i for i, word in enumerate(words) if word.startswith("--coordinator="))
        words[place] = f"--coordinator=localhost:{port}"
    logs = [tmp_path / f"log{i}" for i in range(2)]
    never = "--config.train.num_epochs=100000"
    pair = [
        _start([*words, *changes, never], log, tmp_path / "compiled")
        for words, log in zip(commands, logs, strict=True)
    ]
    try:
        _eventually(lambda: any(row["step"] >= 3 for row in run_log.read_log(run)), pair, logs[0])
        pair[1].send_signal(signal.SIGKILL)
        status = pair[0].wait(timeout=150)
    finally:
        for process in pair:
            process.kill()
    told = logs[0].read_text()
    assert status not in (0, None)
    assert "another" in told and "valid" in told, told
    assert "valid" not in logs[1].read_text()  # it prints nothing of the progress

    done = max(row["step"] for row in run_log.read_log(run) if row["split"] == "valid")
    steps_per_epoch = 4
    alone = _start(
        ["train.py", *changes, f"--config.train.num_epochs={(done + 1) / steps_per_epoch}"],
        tmp_path / "alone", tmp_path / "compiled",
    )  # fmt: skip
    assert alone.wait(timeout=300) == 0, (tmp_path / "alone").read_text()
    rows = run_log.read_log(run)
    steps = [row["step"] for row in rows if row["split"] == "train"]
    assert steps == list(range(1, done + 2))
    assert all(np.isfinite(row["loss"]) for row in rows if row["split"] == "train")
