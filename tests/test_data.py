"""Datasets, splits and batches."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pytest

from synthrl_jax import data, losses
from synthrl_jax.actions import ActionSpace
from synthrl_jax.errors import UserError
from synthrl_jax.synths.dx7 import SPEC

SPACE = ActionSpace(SPEC)


def _write(path: pathlib.Path, cluster: np.ndarray, *, labelled: bool = True) -> data.Dataset:
    """A dataset whose sounds hold their row number in the first sample."""
    count = len(cluster)
    path.mkdir()
    with (path / data.AUDIO).open("wb") as file:
        for row in range(count):
            sound = np.zeros(data.NUM_SAMPLES, np.float32)
            sound[0] = row
            file.write(sound.tobytes())
    values = np.random.default_rng(0).uniform(0, 1, (count, SPEC.num_values)).astype(np.float32)
    np.save(path / data.VALUES, values)
    np.save(path / data.CLUSTER, cluster.astype(np.int32))
    manifest = {
        "format_version": data.FORMAT_VERSION,
        "kind": "dexed" if labelled else "audio",
        "count": count,
        "names": [str(row) for row in range(count)],
    }
    (path / data.MANIFEST).write_text(json.dumps(manifest))
    return data.Dataset.open(path)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> data.Dataset:
    return _write(tmp_path_factory.mktemp("data") / "small", np.arange(11) // 2)


def _unmapped(cluster: np.ndarray) -> data.Dataset:
    """A dataset of any size for splits, which look at clusters alone."""
    empty = np.zeros((len(cluster), 0), np.float32)
    return data.Dataset(pathlib.Path("x"), {}, empty, None, cluster.astype(np.int32))


@pytest.mark.parametrize("kind", ["cluster", "random"])
@pytest.mark.parametrize("fold", [0, 4])
def test_splits_share_out_every_sound(kind: data.SplitKind, fold: int) -> None:
    rng = np.random.default_rng(0)
    cluster = np.sort(rng.integers(0, 2500, 5000))
    cluster[:200] = 9999  # one big family
    split = _unmapped(cluster).split(kind, seed=3, fold=fold)
    np.testing.assert_array_equal(np.sort(np.concatenate(split)), np.arange(5000))
    for part, share in zip(split, (0.64, 0.16, 0.20), strict=True):
        assert abs(len(part) / 5000 - share) < 0.01
    if kind == "cluster":
        families = [set(cluster[part].tolist()) for part in split]
        assert not families[0] & families[1]
        assert not families[0] & families[2]
        assert not families[1] & families[2]


def test_splits_depend_on_seed_and_fold_alone() -> None:
    dataset = _unmapped(np.arange(1000) // 3)
    first = dataset.split(seed=1)
    for a, b in zip(first, dataset.split(seed=1), strict=True):
        np.testing.assert_array_equal(a, b)
    assert set(first.test) != set(dataset.split(seed=2).test)
    other_fold = dataset.split(seed=1, fold=1)
    np.testing.assert_array_equal(np.sort(first.test), np.sort(other_fold.test))
    assert not set(first.valid) & set(other_fold.valid)


def test_choices_that_do_not_exist() -> None:
    with pytest.raises(UserError, match="fold 5"):
        _unmapped(np.arange(10)).split(fold=5)
    with pytest.raises(UserError, match="lexical"):
        _unmapped(np.arange(10)).split("lexical")  # type: ignore[arg-type]


def test_batches_hold_what_they_say(dataset: data.Dataset) -> None:
    indices = np.array([7, 2, 9, 4, 0])
    loader = data.make_loader(dataset, indices, 2, action_space=SPACE, shuffle=False, num_epochs=1)
    batches = list(loader)
    assert [b.mask.tolist() for b in batches] == [[1, 1], [1, 1], [1, 0]]
    seen = np.concatenate([b.audio[b.mask > 0, 0] for b in batches])
    np.testing.assert_array_equal(seen, indices)
    uids = np.concatenate([b.uid[b.mask > 0] for b in batches])
    np.testing.assert_array_equal(uids, np.arange(5))
    assert dataset.values is not None
    expected = SPACE.from_values(dataset.values)[indices]
    np.testing.assert_array_equal(batches[0].action, expected[:2])
    heard = np.concatenate([b.heard for b in batches])
    np.testing.assert_array_equal(
        heard[:2], losses.audible_decisions(SPACE.spec, batches[0].action)
    )
    np.testing.assert_array_equal(batches[0].played, [[60, 85, 3]] * 2)


def test_a_short_last_batch_is_filled_up_with_various_sounds(dataset: data.Dataset) -> None:
    loader = data.make_loader(dataset, np.arange(11), 6, action_space=SPACE, num_epochs=1)
    *_, last = loader
    assert last.mask.tolist() == [1, 1, 1, 1, 1, 0]
    loader = data.make_loader(dataset, np.arange(11), 10, action_space=SPACE, num_epochs=1)
    *_, last = loader
    assert last.mask.tolist() == [1] + 9 * [0]
    assert len(set(last.uid[1:].tolist())) == 9
    np.testing.assert_array_equal(last.audio[:, 0], last.uid)


def test_every_epoch_has_every_sound_in_another_order(dataset: data.Dataset) -> None:
    loader = data.make_loader(dataset, np.arange(11), 4, action_space=SPACE, seed=5)
    epochs = []
    for _ in range(3):
        batches = [next(loader) for _ in range(3)]
        epochs.append(np.concatenate([b.uid[b.mask > 0] for b in batches]).tolist())
    assert all(sorted(epoch) == list(range(11)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


@pytest.mark.parametrize("position", [0, 1, 3, 4, 7])
def test_resumes_exactly(dataset: data.Dataset, position: int) -> None:
    def loader() -> data.Loader:
        return data.make_loader(dataset, np.arange(11), 4, action_space=SPACE, seed=5)

    original = loader()
    for _ in range(position):
        next(original)
    state = json.loads(json.dumps(original.get_state()))
    resumed = loader()
    resumed.set_state(state)
    for _ in range(5):
        for a, b in zip(next(original), next(resumed), strict=True):
            np.testing.assert_array_equal(a, b)


def test_sounds_without_labels_say_so(tmp_path: pathlib.Path) -> None:
    dataset = _write(tmp_path / "audio", np.arange(3), labelled=False)
    batch = next(data.make_loader(dataset, np.arange(3), 4, action_space=SPACE, num_epochs=1))
    assert np.all(batch.heard == 0) and np.all(batch.action == 0)


@pytest.mark.parametrize("name", [data.VALUES, data.CLUSTER])
def test_damaged_labels_do_not_open(name: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "damaged"
    _write(path, np.arange(3))
    whole = np.load(path / name)
    np.save(path / name, whole[:2])
    with pytest.raises(UserError, match=f"{name}: 2 rows instead of 3"):
        data.Dataset.open(path)
    np.save(path / name, whole)
    with (path / name).open("r+b") as file:
        file.truncate(130)
    with pytest.raises(UserError, match=f"{name}: missing or damaged"):
        data.Dataset.open(path)
    (path / name).unlink()
    with pytest.raises(UserError, match=f"{name}: missing or damaged"):
        data.Dataset.open(path)


def test_damaged_datasets_do_not_open(dataset: data.Dataset, tmp_path: pathlib.Path) -> None:
    with pytest.raises(UserError, match="no dataset here"):
        data.Dataset.open(tmp_path)
    path = tmp_path / "cut"
    _write(path, np.arange(3))
    with (path / data.AUDIO).open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(UserError, match="1000 bytes instead of"):
        data.Dataset.open(path)
    (path / data.MANIFEST).write_text('{"format_version": 99}')
    with pytest.raises(UserError, match="format 99"):
        data.Dataset.open(path)
    (path / data.MANIFEST).write_text('{"format_version": 1, "kind": "dexed", "names": []}')
    with pytest.raises(UserError, match="without 'count'"):
        data.Dataset.open(path)
    (path / data.MANIFEST).write_text("[]")
    with pytest.raises(UserError, match="not the manifest"):
        data.Dataset.open(path)
    (path / data.MANIFEST).write_text("{")
    with pytest.raises(UserError, match="not valid JSON"):
        data.Dataset.open(path)
