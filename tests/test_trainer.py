"""The training loop on tiny data: all stages, exact resume, and errors that cost nothing."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

import jax
import ml_collections
import numpy as np
import pytest

from configs import pretrain, reinforce, stage1, stage2, stage3
from synthrl_jax import assets, checkpoint, prepare, run_log, trainer
from synthrl_jax.cli import main
from synthrl_jax.errors import UserError
from synthrl_jax.types import TrainState

pytestmark = [pytest.mark.native, pytest.mark.usefixtures("compile_carelessly")]

_ROOT = pathlib.Path(__file__).resolve().parent.parent
_MODEL = dict(d_model=32, num_encoder_layers=1, num_decoder_layers=1, num_heads=2, d_hidden=32)


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A dataset of 24 bundled voices: 4 batches of 4 to learn from."""
    out = tmp_path_factory.mktemp("data") / "voices"
    prepare.prepare_dexed([assets.VOICES], out, limit=24)
    return out


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A dataset of 12 bundled recordings."""
    out = tmp_path_factory.mktemp("data") / "recordings"
    prepare.prepare_audio(assets.sounds()[:12], out)
    return out


def _config(stage, dataset: pathlib.Path, **overrides: object) -> ml_collections.ConfigDict:
    config = stage.get_config("tiny")
    config.data.path = str(dataset)
    config.data.max_valid = 4
    config.model.update(_MODEL)
    config.train.batch_size = 4
    config.train.num_epochs = 1
    config.train.eval_every_epochs = 0.5
    config.train.log_every_steps = 1
    config.reinforce.replay_entries = 2
    config.lock()
    config.update_from_flattened_dict(overrides)
    return config


@pytest.fixture(scope="module")
def first_stage(voices: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    run = tmp_path_factory.mktemp("runs") / "stage1"
    trainer.train(_config(stage1, voices), run)
    return run


def _final_state(run: pathlib.Path, config: ml_collections.ConfigDict) -> TrainState:
    built = trainer.Trainer(config, run)
    like = built.fresh_state(built.policy.init(0))
    with checkpoint.Checkpoints(run, read_only=True) as checkpoints:
        step = checkpoints.step("latest")
        assert step is not None
        return checkpoints.restore(step, like)[0]


def _assert_same_bits(a: TrainState, b: TrainState) -> None:
    for (path, left), right in zip(
        jax.tree_util.tree_leaves_with_path(a), jax.tree.leaves(b), strict=True
    ):
        is_key = jax.dtypes.issubdtype(left.dtype, jax.dtypes.prng_key)
        bits = [jax.random.key_data(x) if is_key else x for x in (left, right)]
        np.testing.assert_array_equal(*bits, err_msg=jax.tree_util.keystr(path))


def test_first_stage_leaves_a_complete_run(first_stage: pathlib.Path) -> None:
    config = checkpoint.read_config(first_stage)
    assert config.optim.b2 == 0.999 and config.stage == 1
    rows = run_log.read_log(first_stage)
    assert [row["step"] for row in rows if row["split"] == "valid"] == [0, 2, 4]
    assert {"accuracy", "numerical_error", "reward", "spec_mae"} <= rows[-1].keys()
    assert (first_stage / "curves.png").stat().st_size > 10_000
    assert any((first_stage / "tensorboard").iterdir())
    policy = checkpoint.load_policy(first_stage)
    assert policy.best_values(np.zeros((1, 88_200), np.float32)).shape == (1, 155)


def test_stages_two_and_three_start_from_weights_and_fill_their_replay(
    first_stage: pathlib.Path,
    voices: pathlib.Path,
    recordings: pathlib.Path,
    tmp_path: pathlib.Path,
) -> None:
    second = _config(stage2, voices, init_from=str(first_stage))
    trainer.train(second, tmp_path / "stage2")
    state = _final_state(tmp_path / "stage2", second)
    assert np.all(np.isfinite(state.replay.reward))
    assert np.all(np.asarray(state.replay.reward) > 0)

    third = _config(stage3, recordings, init_from=str(tmp_path / "stage2"))
    result = trainer.train(third, tmp_path / "stage3")
    assert "reward" in result.valid and "accuracy" not in result.valid
    rows = run_log.read_log(tmp_path / "stage3")
    train_row = next(row for row in rows if row["split"] == "train")
    assert train_row["alpha"] == 1.0
    shares = {part: train_row[f"share_{part}"] for part in run_log.PARTS}
    assert all(0 <= share <= 1 for share in shares.values())
    # Rendering goes on beside the others, which follow each other.
    assert 0.5 < sum(shares.values()) - shares["render"] <= 1


@pytest.fixture(scope="module")
def second_stage(
    first_stage: pathlib.Path, voices: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[pathlib.Path, int]:
    """A run of two epochs, and how many times it compiled `learn`."""
    config = _config(stage2, voices, init_from=str(first_stage), **{"train.num_epochs": 2})
    built = trainer.Trainer(config, tmp_path_factory.mktemp("runs") / "stage2")
    before = built.steps.learn._cache_size()
    built.train()
    return built.run, built.steps.learn._cache_size() - before


def _assert_goes_on_exactly(
    whole: pathlib.Path, config: ml_collections.ConfigDict, run: pathlib.Path
) -> None:
    """Trains in two halves, the second under what may change, and compares with a run of one."""
    stopped = trainer.Trainer(config, run)
    stopped.num_steps = 5  # not at the end of an epoch
    stopped.train()
    config.train.log_every_steps = 2
    config.render.threads = 1
    trainer.train(config, run)
    _assert_same_bits(_final_state(whole, config), _final_state(run, config))


def test_stopped_and_resumed_equals_uninterrupted(
    voices: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    config = _config(stage1, voices, **{"train.num_epochs": 2})
    trainer.train(config, tmp_path / "whole")
    _assert_goes_on_exactly(tmp_path / "whole", config, tmp_path / "halves")


def test_second_stage_resumed_equals_uninterrupted(
    second_stage: tuple[pathlib.Path, int],
    first_stage: pathlib.Path,
    voices: pathlib.Path,
    tmp_path: pathlib.Path,
) -> None:
    config = _config(stage2, voices, init_from=str(first_stage), **{"train.num_epochs": 2})
    _assert_goes_on_exactly(second_stage[0], config, tmp_path / "halves")


def test_later_stage_says_what_is_missing(
    first_stage: pathlib.Path, voices: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    run = tmp_path / "run"
    with pytest.raises(UserError, match="init_from"):
        trainer.train(_config(stage2, voices), run)
    with pytest.raises(UserError, match="no such run folder"):
        trainer.train(_config(stage2, voices, init_from=str(tmp_path / "none")), run)
    with pytest.raises(UserError, match="does not fit"):
        wider = _config(stage2, voices, init_from=str(first_stage), **{"model.d_model": 64})
        trainer.train(wider, run)


def test_labels_are_needed_for_the_first_two_stages(
    recordings: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(UserError, match="no known parameters; stage 1 needs"):
        trainer.train(_config(stage1, recordings), tmp_path / "run")
    with pytest.raises(UserError, match="no parameter loss to mix in"):
        trainer.train(_config(stage2, recordings), tmp_path / "run")


def test_a_run_does_not_go_on_with_other_sounds(
    first_stage: pathlib.Path, voices: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    run, dataset = tmp_path / "run", tmp_path / "voices"
    shutil.copytree(first_stage, run)
    shutil.copytree(voices, dataset)
    config = checkpoint.read_config(run)
    config.data.path = str(dataset)
    checkpoint.write_config(run, config)
    manifest = json.loads((dataset / "manifest.json").read_text())
    manifest["names"].reverse()
    (dataset / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError, match="other sounds"):
        trainer.train(_config(stage1, dataset), run)


def test_voices_played_otherwise_are_refused(voices: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with pytest.raises(UserError, match=r"played with velocity 85, but config\.render\.velocity"):
        trainer.train(_config(stage1, voices, **{"render.velocity": 100}), tmp_path / "run")


def test_the_schedule_ends_where_the_run_ends(voices: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Warm-up and descent of 2.5 steps each: rounded apart, the fifth would start anew."""
    config = _config(
        stage1, voices,
        **{"optim.warmup_epochs": 0.625, "optim.restart_epochs": 0.625, "train.num_epochs": 1.25},
    )  # fmt: skip
    built = trainer.Trainer(config, tmp_path / "run")
    rates = [float(np.asarray(built.schedule(step))) for step in range(built.num_steps)]
    assert built.num_steps == 5 and np.argmax(rates) == 2
    assert np.all(np.diff(rates[2:]) < 0)


def test_validations_divide_the_epoch_evenly(voices: pathlib.Path, tmp_path: pathlib.Path) -> None:
    config = _config(stage1, voices, **{"train.eval_every_epochs": 0.625})
    built = trainer.Trainer(config, tmp_path / "run")
    assert [done for done in range(1, 11) if built._validates_after(done)] == [3, 5, 8, 10]


def test_a_run_does_not_go_on_under_other_settings(
    first_stage: pathlib.Path, voices: pathlib.Path
) -> None:
    with pytest.raises(UserError, match=r"optim\.learning_rate"):
        trainer.train(_config(stage1, voices, **{"optim.learning_rate": 1.0}), first_stage)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ({"data.split": "lexical"}, "split"),
        ({"loss.importance": "much"}, "importance"),
        ({"model.head": "softmax"}, "head"),
        ({"train.batch_size": 0}, "batch_size is 0"),
        ({"train.log_every_steps": 0}, "log_every_steps is 0"),
        ({"data.max_train": -1}, "max_train is -1"),
        ({"data.path": "/nowhere"}, "/nowhere"),
    ],
)
def test_choices_that_do_not_exist(
    override: dict, message: str, voices: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(UserError, match=message):
        trainer.train(_config(stage1, voices, **override), tmp_path / "run")


def test_alpha_rises_to_one() -> None:
    values = [trainer.alpha_at(step, 10, 0.0, 2.0) for step in (0, 5, 10, 20, 30)]
    assert values == [0.0, 0.25, 0.5, 1.0, 1.0]
    assert trainer.alpha_at(0, 10, 1.0, 0.0) == 1.0


def test_learn_compiles_once(second_stage: tuple[pathlib.Path, int]) -> None:
    assert second_stage[1] == 1


def _train_py(*flags: str, **kwargs) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "train.py", *flags],
        cwd=_ROOT, capture_output=True, text=True, check=False, timeout=120, **kwargs,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--config=configs/stage1.py:tiny", "--config.optim.lr=1"], "lr"),
        (["--config=configs/stage1.py:huge"], "huge"),
        (["--config=configs/stage9.py"], "stage9.py: no such config file"),
    ],
)
def test_misspelt_flags_stop_at_launch(flags: list[str], told: str, tmp_path: pathlib.Path) -> None:
    done = _train_py(*flags, f"--workdir={tmp_path}/run")
    assert done.returncode == 2
    assert told in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_full_disk_leaves_the_last_good_checkpoint(
    first_stage: pathlib.Path, voices: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """A file-size limit stands in for the disk: writes beyond it fail as on a full one."""
    run = tmp_path / "run"
    config = _config(stage1, voices)
    stopped = trainer.Trainer(config, run)
    stopped.num_steps = 2
    stopped.train()
    script = tmp_path / "full_disk.py"
    script.write_text(
        "import json, pathlib, resource, sys\n"
        "import ml_collections\n"
        "from synthrl_jax import trainer\n"
        "from synthrl_jax.errors import UserError\n"
        "run = pathlib.Path(sys.argv[1])\n"
        "config = ml_collections.ConfigDict(json.loads((run / 'config.json').read_text()))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))\n"
        "try:\n"
        "    trainer.train(config, run)\n"
        "except UserError as error:\n"
        "    sys.exit(str(error))\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, str(script), str(run)],
        cwd=_ROOT, capture_output=True, text=True, check=False, timeout=200,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "that of step 2 is intact" in done.stderr
    assert "Make room" in done.stderr

    result = trainer.train(config, run)
    assert result.step == 4
    _assert_same_bits(_final_state(run, config), _final_state(first_stage, config))


def test_log_of_a_killed_run_is_cut_at_its_checkpoint(tmp_path: pathlib.Path) -> None:
    path = tmp_path / run_log.RunLog.NAME
    path.write_text(
        "".join(json.dumps({"step": s, "split": "train", "loss": 1.0}) + "\n" for s in range(5))
        + '{"step": 5, "spl',
        encoding="utf-8",
    )
    log = run_log.RunLog(tmp_path, resumed_at=3)
    log.write(4, "train", {"loss": 0.5})
    log.close()
    rows = run_log.read_log(tmp_path)
    assert [row["step"] for row in rows] == [0, 1, 2, 3, 4]
    assert rows[-1]["loss"] == 0.5


def test_log_of_a_run_killed_before_its_second_checkpoint_keeps_the_first_row(
    tmp_path: pathlib.Path,
) -> None:
    log = run_log.RunLog(tmp_path)
    log.write(0, "valid", {"reward": 0.1})
    log.write(1, "train", {"loss": 1.0})
    log.close()
    run_log.RunLog(tmp_path, resumed_at=0).close()
    assert [row["step"] for row in run_log.read_log(tmp_path)] == [0]
    run_log.RunLog(tmp_path).close()
    assert run_log.read_log(tmp_path) == []


@pytest.fixture(scope="module")
def labelled(
    voices: pathlib.Path, recordings: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> pathlib.Path:
    """The recordings, with voices that were found for them."""
    path = tmp_path_factory.mktemp("labelled") / "recordings"
    shutil.copytree(recordings, path)
    assert main(["label", str(path), "--voices", str(voices), "--renders", "8"]) == 0
    return path


def _fast(stage, dataset: pathlib.Path, labelled: pathlib.Path, **overrides: object):
    small = {
        "data.elsewhere": str(labelled),
        "data.elsewhere_share": 0.5,
        "reinforce.tries": 3,
    }
    return _config(stage, dataset, **small, **overrides)


def test_reinforcement_from_tries_goes_on_exactly_after_a_kill(
    voices: pathlib.Path, labelled: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    first = _fast(pretrain, voices, labelled)
    valid = trainer.train(first, tmp_path / "first").valid
    assert {"reward", "elsewhere_reward", "elsewhere_spec_mae"} <= valid.keys()
    changes = {"init_from": str(tmp_path / "first"), "loss.clip": 0.2, "loss.entropy": 0.01}
    second = _fast(reinforce, voices, labelled, **changes)
    trainer.train(second, tmp_path / "whole")
    whole = _final_state(tmp_path / "whole", second)
    assert jax.tree.all(
        jax.tree.map(lambda a, b: np.any(np.asarray(a) != b), whole.average, whole.params)
    )

    half = _fast(reinforce, voices, labelled, **changes, **{"train.num_epochs": 0.5})
    trainer.train(half, tmp_path / "cut")
    trainer.train(second, tmp_path / "cut")
    _assert_same_bits(whole, _final_state(tmp_path / "cut", second))


def test_replay_can_be_mixed_with_tries(
    first_stage: pathlib.Path, voices: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    config = _config(
        stage2,
        voices,
        init_from=str(first_stage),
        **{
            "loss.learn_from": "both",
            "loss.advantage": "leave_one_out",
            "loss.anchor": 0.1,
            "reinforce.tries": 2,
            "train.num_epochs": 0.5,
        },
    )
    trainer.train(config, tmp_path / "run")
    rows = run_log.read_log(tmp_path / "run")
    assert all(np.isfinite(row["loss"]) for row in rows if row["split"] == "train")
    assert np.all(np.isfinite(_final_state(tmp_path / "run", config).replay.reward))


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        ({"reinforce.tries": 1}, "tries must be 2 or more"),
        ({"loss.learn_from": "replay"}, "learn_from must be 'tries'"),
        ({"loss.advantage": "best"}, "advantage is 'best'"),
        ({"data.endless.shares.prior": 0.9}, "at most 1"),
        ({"optim.schedule": "cosine"}, "schedule 'cosine'"),
        ({"data.labels": "true"}, "labels 'true'"),
        ({"data.endless.enabled": False, "loss.learn_from": "both"}, "data.elsewhere needs"),
    ],
)
def test_recipes_that_make_no_sense(
    overrides: dict[str, object],
    complaint: str,
    voices: pathlib.Path,
    labelled: pathlib.Path,
    tmp_path: pathlib.Path,
    first_stage: pathlib.Path,
) -> None:
    config = _config(reinforce, voices, **{"data.elsewhere": str(labelled), **overrides})
    with pytest.raises(UserError, match=complaint):
        trainer.Trainer(config, tmp_path / "run").train()


def test_an_exported_policy_guesses_as_its_run_does(
    first_stage: pathlib.Path, voices: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "policy.npz"
    assert main(["export", str(first_stage), "--out", str(path)]) == 0
    of_run, of_file = checkpoint.load_policy(first_stage), checkpoint.load_policy(path)
    sounds = np.random.default_rng(0).uniform(-1, 1, (3, 88_200)).astype(np.float32)
    same = of_run.best_values(sounds) == of_file.best_values(sounds)
    assert same.mean() > 0.95  # but for near ties, as weights are rounded
    second = _config(stage2, voices, init_from=str(path), **{"train.num_epochs": 0.5})
    assert trainer.train(second, tmp_path / "stage2").step > 0


def test_a_file_that_is_no_policy_says_so(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "policy.npz"
    path.write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(UserError, match="not an exported policy"):
        checkpoint.load_policy(path)
