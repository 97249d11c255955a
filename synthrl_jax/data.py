"""Datasets on disk, their splits, and seeded batches that can be resumed exactly."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, Self, get_args

import grain
import numpy as np
from numpy.typing import NDArray

from synthrl_jax import canonical, losses
from synthrl_jax.actions import ActionSpace
from synthrl_jax.errors import UserError
from synthrl_jax.types import Batch

NUM_SAMPLES = 88_200
"""Of every sound: 4 s at `audio.SAMPLE_RATE`."""
FORMAT_VERSION = 1
PROTOCOL = {"note": 60, "velocity": 85, "gate_s": 3.0}
"""What SynthRL plays."""

MANIFEST = "manifest.json"
AUDIO = "audio.f32"
VALUES = "values.npy"
VOICES = "voices.npy"
CLUSTER = "cluster.npy"

SplitKind = Literal["cluster", "random"]
LabelKind = Literal["given", "canonical", "at_note"]

_TEST_SHARE = 0.2
_NUM_FOLDS = 5


class Split(NamedTuple):
    """Rows of a dataset, shuffled; together they are all of it."""

    train: NDArray[np.int64]
    valid: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Dataset:
    """Sounds prepared by `synthrl prepare`, mapped from disk.

    Attributes:
      path: its folder.
      manifest: protocol, counts, versions, sources.
      audio: [N, S] float32 peak-normalised targets, 22 050 Hz.
      values: [N, V] float32 presets, or None where nobody knows them.
      cluster: [N] int32; near-copies share a number.
    """

    path: pathlib.Path
    manifest: dict[str, Any]
    audio: NDArray[np.float32]
    values: NDArray[np.float32] | None
    cluster: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.audio)

    @property
    def names(self) -> list[str]:
        """[N] what the sounds are called."""
        return self.manifest["names"]

    @property
    def kind(self) -> str:
        """Of the sounds: "dexed" (their presets are known), "surge" or "audio"."""
        return self.manifest["kind"]

    @classmethod
    def open(cls, path: str | pathlib.Path) -> Self:
        """Maps a dataset.

        Raises:
          UserError: nothing there, another format, or files that were cut short.
        """
        path = pathlib.Path(path)
        manifest_path = path / MANIFEST
        if not manifest_path.is_file():
            raise UserError(f"{path}: no dataset here; make one with `synthrl prepare`")
        try:
            manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"{manifest_path}: not valid JSON ({error})") from error
        if not isinstance(manifest, dict):
            raise UserError(f"{manifest_path}: not the manifest of a dataset")
        if manifest.get("format_version") != FORMAT_VERSION:
            raise UserError(
                f"{path}: dataset format {manifest.get('format_version')}, this program reads "
                f"{FORMAT_VERSION}; prepare it again"
            )
        missing = sorted({"kind", "count", "names"} - manifest.keys())
        if missing:
            raise UserError(f"{manifest_path}: without {missing[0]!r}; prepare the dataset again")
        count = manifest["count"]
        expected = count * NUM_SAMPLES * 4
        audio_path = path / AUDIO
        found = audio_path.stat().st_size if audio_path.is_file() else 0
        if found != expected:
            raise UserError(
                f"{audio_path}: {found} bytes instead of {expected}; prepare the dataset again"
            )
        labelled = manifest["kind"] == "dexed"
        return cls(
            path=path,
            manifest=manifest,
            audio=np.memmap(audio_path, np.float32, "r", shape=(count, NUM_SAMPLES)),
            values=_load_rows(path / VALUES, count) if labelled else None,
            cluster=_load_rows(path / CLUSTER, count),
        )

    def check_protocol(self, *, note: int, velocity: int, gate_s: float) -> None:
        """Makes sure that sounds that a synthesizer played are played again in the same way.

        Raises:
          UserError: they were not, so that even the true preset would not sound like its target.
        """
        played = self.manifest.get("protocol", {})
        wanted = {"note": note, "velocity": velocity, "gate_s": gate_s}
        for name, value in wanted.items():
            if played.get(name, value) != value:
                raise UserError(
                    f"{self.path}: its voices were played with {name} {played[name]:g}, "
                    f"but config.render.{name} is {value:g}"
                )

    @property
    def played(self) -> tuple[float, float, float]:
        """MIDI key, velocity, and seconds until the key goes up; SynthRL's for recordings."""
        protocol = {**PROTOCOL, **self.manifest.get("protocol", {})}
        return protocol["note"], protocol["velocity"], protocol["gate_s"]

    def fingerprint(self) -> str:
        """Tells datasets of other sounds, or of the same in another order, apart."""
        digest = hashlib.sha256(json.dumps(self.names).encode())
        digest.update(np.ascontiguousarray(self.cluster).data)
        if self.values is not None:
            digest.update(np.ascontiguousarray(self.values).data)
        return digest.hexdigest()

    def voices(self) -> NDArray[np.uint8]:
        """[N, 128] packed voices that the sounds are of.

        Raises:
          UserError: not a dataset of voices, or a file that is missing or damaged.
        """
        if self.kind != "dexed":
            raise UserError(f"{self.path}: made of {self.kind}, not of DX7 voices")
        return _load_rows(self.path / VOICES, len(self))

    def split(self, kind: SplitKind = "cluster", seed: int = 0, fold: int = 0) -> Split:
        """64 % training, 16 % validation, 20 % test.

        Args:
          kind: "random" shuffles sounds, as in the paper; "cluster" keeps near-copies together,
            so that no test sound has one in training.
          seed: of the shuffle.
          fold: 0 to 4, which fifth of the rest is validation.

        Raises:
          UserError: a kind or fold that does not exist.
        """
        if not 0 <= fold < _NUM_FOLDS:
            raise UserError(f"fold {fold} is not between 0 and {_NUM_FOLDS - 1}")
        if kind == "random":
            parts = _random_parts(len(self), seed)
        elif kind == "cluster":
            parts = _cluster_parts(self.cluster, seed)
        else:
            raise UserError(f"split {kind!r} is not 'cluster' or 'random'")
        test, folds = parts[0], parts[1:]
        train = np.concatenate([part for i, part in enumerate(folds) if i != fold])
        order = np.random.default_rng((seed, fold)).permutation(len(train))
        return Split(train[order], folds[fold], test)


def _load_rows(path: pathlib.Path, count: int) -> NDArray[Any]:
    """Array of a file that must have `count` rows."""
    try:
        rows = np.load(path)
    except (OSError, EOFError, ValueError) as error:
        raise UserError(
            f"{path}: missing or damaged ({error}); prepare the dataset again"
        ) from error
    if len(rows) != count:
        raise UserError(f"{path}: {len(rows)} rows instead of {count}; prepare the dataset again")
    return rows


def _part_sizes(count: int) -> NDArray[np.int64]:
    """Sizes of the test set and of the folds."""
    num_test = round(count * _TEST_SHARE)
    edges = np.linspace(0, count - num_test, _NUM_FOLDS + 1).round()
    return np.concatenate([[num_test], np.diff(edges)]).astype(np.int64)


def _random_parts(count: int, seed: int) -> list[NDArray[np.int64]]:
    """Test set and folds of a plain shuffle."""
    order = np.random.default_rng(seed).permutation(count)
    sizes = _part_sizes(count)
    cuts = np.cumsum(sizes[::-1])[:-1]
    return np.split(order, cuts)[::-1]  # the last fifth is the test set


def _cluster_parts(cluster: NDArray[np.int32], seed: int) -> list[NDArray[np.int64]]:
    """Test set and folds of whole clusters, near the sizes of a plain shuffle.

    Clusters are dealt in random order, the big ones first, each to a part drawn in proportion to
    the room left in it.
    """
    rng = np.random.default_rng(seed)
    numbers, sizes = np.unique(cluster, return_counts=True)
    order = rng.permutation(len(numbers))
    order = order[np.argsort(-np.minimum(sizes[order], 1 + len(cluster) // 200), kind="stable")]
    room = _part_sizes(len(cluster)).astype(np.float64)
    part_of_cluster = np.empty(len(numbers), np.int64)
    for i in order:
        weight = np.maximum(room, 0.0)
        part = int(rng.choice(len(room), p=weight / weight.sum()))
        if room[part] < sizes[i]:
            part = int(np.argmax(room))
        part_of_cluster[i] = part
        room[part] -= sizes[i]
    part_of_sound = part_of_cluster[np.searchsorted(numbers, cluster)]
    return [rng.permutation(np.flatnonzero(part_of_sound == part)) for part in range(len(room))]


class Loader(Iterator[Batch]):
    """Batches in seeded order, with a position that can be saved and set."""

    def __init__(self, batches: grain.DatasetIterator) -> None:
        self._batches = batches

    def __next__(self) -> Batch:
        return next(self._batches)

    def get_state(self) -> dict[str, Any]:
        """JSON-serialisable position: how many batches were taken."""
        return self._batches.get_state()

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes to a position that `get_state` gave."""
        self._batches.set_state(state)


def loader_of(batches: grain.MapDataset) -> Loader:
    """Reads batches on a thread of its own, two ahead."""
    read = grain.ReadOptions(num_threads=1, prefetch_buffer_size=2)
    return Loader(iter(batches.to_iter_dataset(read)))


class Labels(NamedTuple):
    """What is known of how sounds are made.

    Attributes:
      action: [N, D] int32 true classes; zeros where nobody knows them.
      heard: [N, D] float32, 1 for decisions that are known and make a difference.
    """

    action: NDArray[np.int32]
    heard: NDArray[np.float32]


def labels_of(
    values: NDArray[np.floating],
    played: NDArray[np.floating],
    action_space: ActionSpace,
    kind: LabelKind,
) -> Labels:
    """What there is to learn of presets.

    Args:
      values: [N, V].
      played: [N, 3] key, velocity and gate of the sounds.
      action_space: of the actions.
      kind: "given": presets as they are, without operators at output level 0, as SynthRL does;
        "canonical": one member of all presets that sound the same stands for them, see
        `canonical`; "at_note": one of all that sound the same as they were played, whose levels
        and rates have taken up what key and velocity do to them.

    Raises:
      UserError: a kind that does not exist.
    """
    if kind == "canonical":
        return _canonical_labels(values, action_space, None)
    if kind == "at_note":
        notes, row_of = np.unique(np.asarray(played)[:, :2], axis=0, return_inverse=True)
        shape = (len(values), action_space.num_decisions)
        labels = Labels(np.empty(shape, np.int32), np.empty(shape, np.float32))
        for i, (note, velocity) in enumerate(notes):
            rows = np.flatnonzero(row_of == i)
            made = _canonical_labels(values[rows], action_space, (int(note), int(velocity)))
            labels.action[rows], labels.heard[rows] = made
        return labels
    if kind == "given":
        action = action_space.from_values(values)
        return Labels(action, np.asarray(losses.audible_decisions(action_space.spec, action)))
    raise UserError(f"config.data.labels {kind!r} is not one of {', '.join(get_args(LabelKind))}")


def _canonical_labels(
    values: NDArray[np.floating], action_space: ActionSpace, at: tuple[int, int] | None
) -> Labels:
    values = canonical.canonical_values(values, at)
    heard = canonical.heard_decisions(values, at)
    return Labels(action_space.from_values(values), heard.astype(np.float32))


def make_loader(
    dataset: Dataset,
    indices: NDArray[np.int64],
    batch_size: int,
    *,
    action_space: ActionSpace,
    seed: int = 0,
    shuffle: bool = True,
    num_epochs: int | None = None,
    labels: LabelKind = "given",
    rows: slice = slice(None),
) -> Loader:
    """Batches of some rows of a dataset.

    Args:
      dataset: where the sounds are.
      indices: [n] rows; `Batch.uid` is the position herein.
      batch_size: B; a short last batch of an epoch is filled up with other sounds of mask 0.
      action_space: of the labels.
      seed: of the order, which is another one every epoch.
      shuffle: False keeps the order of `indices`.
      num_epochs: None goes on for ever.
      labels: see `labels_of`.
      rows: of each batch, those wanted; the others are not read.
    """
    played = np.array(dataset.played, np.float32)
    if dataset.values is None:
        blank = np.zeros((len(indices), action_space.num_decisions))
        known = Labels(blank.astype(np.int32), blank.astype(np.float32))
    else:
        notes = np.tile(played, (len(indices), 1))
        known = labels_of(dataset.values[indices], notes, action_space, labels)

    def batch_of(positions: NDArray[np.int64]) -> Batch:
        # Various sounds, as batch norm sees the padding too.
        padding = np.linspace(0, len(indices) - 1, batch_size - len(positions))
        uid = np.concatenate([positions, padding]).astype(np.int32)[rows]
        mask = np.ones(batch_size, np.float32)
        mask[len(positions) :] = 0.0
        return Batch(
            uid=uid,
            audio=dataset.audio[indices[uid]],
            played=np.tile(played, (len(uid), 1)),
            action=known.action[uid],
            heard=known.heard[uid],
            mask=mask[rows],
        )

    positions = grain.MapDataset.source(range(len(indices)))
    if shuffle:
        positions = positions.shuffle(seed=seed)
    return loader_of(positions.batch(batch_size).repeat(num_epochs).map(batch_of))
