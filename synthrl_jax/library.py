"""What one has: cartridges and recordings, indexed by sound.

An index is a folder that is mapped from disk. It is made next to itself and put in place when it is
whole; what a killed run has done is kept beside it and taken over, as is all that an older index
knows already.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from synthrl_jax import assets, audio, audio_files, clusters, embedding, listen, presets
from synthrl_jax.errors import UserError
from synthrl_jax.progress import ProgressBar
from synthrl_jax.render import Renderer, unpack_voices

FORMAT_VERSION = 1
_MANIFEST = "library.json"
_CHUNK = 128
_KEY_BYTES = presets.VOICE_BYTES
_RECORD = np.dtype([("key", "u1", _KEY_BYTES), ("peak", "<f4"), ("row", "u1", embedding.WIDTH)])
"""One entry: the voice without its name, or the digest of a recording, and how it sounds."""


class Place(NamedTuple):
    """Where an entry of an index comes from.

    Attributes:
      file: it was read from.
      slot: in a cartridge, from 1; 0 for a recording.
      name: of the voice, or of the file.
    """

    file: str
    slot: int
    name: str


class Match(NamedTuple):
    """An entry that sounds like what was asked for.

    Attributes:
      distance: see `embedding.distances`.
      voice: [128] packed, or None for a recording.
      place: where it is from.
    """

    distance: float
    voice: NDArray[np.uint8] | None
    place: Place


@dataclasses.dataclass(frozen=True)
class Library:
    """An index, mapped from disk.

    Attributes:
      path: its folder.
      manifest: counts and issues, the names of the files.
      voices: [N, 128] uint8 packed, no two equal but for their names.
      sources: [N + M, 2] int32 number of the file, and slot: of the voices, then of the recordings.
      peaks: [N + M] float32 largest sample when the note is played.
      rows: [N + M, WIDTH] uint8, see `embedding`.
    """

    path: pathlib.Path
    manifest: dict[str, Any]
    voices: NDArray[np.uint8]
    sources: NDArray[np.int32]
    peaks: NDArray[np.float32]
    rows: NDArray[np.uint8]

    @classmethod
    def open(cls, path: str | pathlib.Path) -> Self:
        """Maps an index.

        Raises:
          UserError: nothing there, another format, or damage.
        """
        path = pathlib.Path(path)
        if not is_index(path):
            raise UserError(f"{path}: no index here; make one with `synthrl index`")
        try:
            manifest = json.loads((path / _MANIFEST).read_text(encoding="utf-8"))
            version = manifest["format_version"]
            count = manifest["counts"]["voices"], manifest["counts"]["recordings"]
            if version != FORMAT_VERSION:
                raise UserError(f"{path}: index format {version}; run `synthrl index` again")
            arrays = [
                np.load(path / f"{name}.npy", mmap_mode="r")
                for name in ("voices", "sources", "peaks", "rows")
            ]
        except (OSError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, UserError):
                raise
            raise UserError(f"{path}: damaged ({error}); run `synthrl index` again") from error
        expected = (count[0], *[sum(count)] * 3)
        if tuple(map(len, arrays)) != expected or arrays[3].shape[1:] != (embedding.WIDTH,):
            raise UserError(f"{path}: damaged; run `synthrl index` again")
        return cls(path, manifest, *arrays)

    def keep(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Self:
        """The index with some of its voices alone: row numbers, or a mask [N]; no recordings."""
        size = len(self.voices)
        return dataclasses.replace(
            self,
            voices=self.voices[rows],
            sources=self.sources[:size][rows],
            peaks=self.peaks[:size][rows],
            rows=self.rows[:size][rows],
        )

    def place(self, i: int) -> Place:
        """Where entry `i` comes from."""
        file, slot = map(int, self.sources[i])
        path = self.manifest["files"][file]
        is_voice = i < len(self.voices)
        name = presets.voice_name(self.voices[i]) if is_voice else pathlib.Path(path).name
        return Place(path, slot, name)

    def nearest(
        self, row: NDArray[np.uint8], count: int, *, recordings: bool = True
    ) -> list[Match]:
        """The entries that sound most like a row of `embedding.embed`, nearest first.

        Args:
          row: [WIDTH] what is looked for.
          count: how many at most.
          recordings: whether recordings count as well as voices.
        """
        size = len(self.rows) if recordings else len(self.voices)
        distance = embedding.distances(self.rows[:size], row)
        distance[self.peaks[:size] < audio.SILENCE_PEAK] = np.inf
        order = np.argsort(distance, kind="stable")[:count]
        return [
            Match(
                float(distance[i]),
                np.array(self.voices[i]) if i < len(self.voices) else None,
                self.place(int(i)),
            )
            for i in order
            if np.isfinite(distance[i])
        ]


def is_index(path: str | pathlib.Path) -> bool:
    """Whether a folder is an index, of whatever version."""
    return (pathlib.Path(path) / _MANIFEST).is_file()


def cache_folder() -> pathlib.Path:
    """Where indices are kept that nobody gave a place: `synthrl` in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "synthrl"


def default_index() -> pathlib.Path:
    """The index that `synthrl index` makes and `synthrl match` uses when told no other."""
    return cache_folder() / "library"


def open_libraries(paths: Sequence[pathlib.Path], *, threads: int = 0) -> list[Library]:
    """Indices for what a user names.

    Args:
      paths: indices, cartridges, and folders of those; none for the default index, or the bundled
        voices if there is none. Cartridges are indexed on the way, in the user's cache.
      threads: for what has to be played; 0 is one per core.

    Raises:
      UserError: see `build`.
    """
    if not paths:
        if is_index(default_index()):
            return [Library.open(default_index())]
        paths = [assets.VOICES]
    opened = [Library.open(path) for path in paths if is_index(path)]
    cartridges = [path for path in paths if not is_index(path)]
    if cartridges:
        name = hashlib.sha256("\n".join(str(p.resolve()) for p in cartridges).encode())
        folder = cache_folder() / name.hexdigest()[:16]
        opened.append(build(cartridges, folder, threads=threads, quiet=True))
    return opened


def from_voices(voices: NDArray[np.uint8], source: pathlib.Path, *, threads: int = 0) -> Library:
    """An index in memory.

    Args:
      voices: [N, 128] packed, no two equal but for their names.
      source: where they are from; their slots are numbered from 1.
      threads: 0 is one per core.
    """
    renderer = Renderer("dexed", sample_rate=audio.SAMPLE_RATE, threads=threads)
    records = [np.zeros(0, _RECORD)]
    with ProgressBar("playing voices", len(voices)) as progress:
        for start in range(0, len(voices), _CHUNK):
            records.append(_played(renderer, voices[start : start + _CHUNK]))
            progress.advance(len(records[-1]))
    found = np.concatenate(records)
    return Library(
        path=source,
        manifest={
            "counts": {"voices": len(voices), "recordings": 0},
            "files": [str(source)],
            "issues": [],
        },
        voices=voices,
        sources=np.stack([np.zeros(len(voices)), 1 + np.arange(len(voices))], 1).astype(np.int32),
        peaks=found["peak"],
        rows=found["row"],
    )


class _Item(NamedTuple):
    """A thing to index: its key, and where it is from."""

    key: bytes
    source: tuple[int, int]


def build(
    paths: Sequence[pathlib.Path], out: pathlib.Path, *, threads: int = 0, quiet: bool = False
) -> Library:
    """Indexes cartridges and recordings; what the index at `out` has of them is kept.

    Args:
      paths: `.syx` and audio files, and folders of them.
      out: folder of the index.
      threads: 0 is one per core.
      quiet: no progress bar if there is nothing to play.

    Raises:
      UserError: a path that does not exist, not one voice or recording in them, `out` is something
        else than an index or cannot be written, or another run is at work on it.
    """
    if out.exists() and not is_index(out):
        raise UserError(f"{out}: exists and is no index; choose another --out")
    files = _files(paths)
    issues: list[str] = []
    voices, voice_items, num_read = _voice_items(files, issues)
    recordings, sound_items = _recording_items(files, issues)
    if not voice_items and not recordings:
        raise UserError("\n".join(["nothing to index", *issues]))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with _Records.open(out) as records:
            renderer = Renderer("dexed", sample_rate=audio.SAMPLE_RATE, threads=threads)
            _fill(
                records,
                "playing voices",
                [item.key for item in voice_items],
                lambda chosen: _played(renderer, voices[chosen]),
                quiet,
            )
            _fill(
                records,
                "listening",
                [item.key for item in sound_items],
                lambda chosen: _heard([recordings[i] for i in chosen], issues),
                quiet,
            )
            items = [*voice_items, *sound_items]
            found = records.take([item.key for item in items])
            counts = {
                "voices": len(voice_items),
                "recordings": len(sound_items),
                "voices read": num_read,
                "duplicates": num_read - len(voice_items),
                "silent": int(np.sum(found["peak"] < audio.SILENCE_PEAK)),
            }
            manifest = {
                "format_version": FORMAT_VERSION,
                "counts": counts,
                "files": [str(path.resolve()) for path in files],
                "issues": issues,
            }
            sources = np.array([item.source for item in items], np.int32).reshape(-1, 2)
            _replace(out, manifest, voices, sources, found)
            records.discard()
    except OSError as error:
        raise UserError(
            f"{out}: could not be written ({error.strerror or error}). What is done so far is "
            "kept: make room, or choose another --out, and run the same command again"
        ) from error
    return Library.open(out)


def _files(paths: Sequence[pathlib.Path]) -> list[pathlib.Path]:
    """Cartridges and recordings among files and folders, each once."""
    found: dict[pathlib.Path, None] = {}
    for path in map(pathlib.Path, paths):
        if path.is_dir():
            suffixes = (".syx", *audio_files.SUFFIXES)
            inside = (p for p in path.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
            found.update(dict.fromkeys(sorted(inside)))
        elif path.exists():
            found[path] = None
        else:
            raise UserError(f"{path}: no such file or folder")
    return list(found)


def _is_audio(path: pathlib.Path) -> bool:
    return path.suffix.lower() in audio_files.SUFFIXES


def _voice_items(
    files: list[pathlib.Path], issues: list[str]
) -> tuple[NDArray[np.uint8], list[_Item], int]:
    """The distinct voices [N, 128] of all cartridges, an item for each, and how many were read."""
    blocks = [np.empty((0, presets.VOICE_BYTES), np.uint8)]
    sources: list[tuple[int, int]] = []
    for number, path in enumerate(files):
        if _is_audio(path):
            continue
        try:
            bank = presets.read_sysex(path)
        except UserError as error:
            issues.append(str(error))
            continue
        issues.extend([f"{path}: {'; '.join(bank.issues)}"] if bank.issues else [])
        blocks.append(bank.voices)
        sources += [(number, int(slot)) for slot in bank.slot]
    voices = np.concatenate(blocks)
    distinct = presets.deduplicate(voices)
    items = [_Item(_voice_key(voices[i]), sources[i]) for i in distinct]
    return voices[distinct], items, len(voices)


def _voice_key(voice: NDArray[np.uint8]) -> bytes:
    return voice[: presets.PARAMETER_BYTES].tobytes().ljust(_KEY_BYTES, b"\0")


def _recording_items(
    files: list[pathlib.Path], issues: list[str]
) -> tuple[list[pathlib.Path], list[_Item]]:
    """The recordings, and an item for each."""
    paths, items = [], []
    for number, path in enumerate(files):
        if not _is_audio(path):
            continue
        try:
            digest = hashlib.sha256(path.read_bytes()).digest()
        except OSError as error:
            issues.append(f"{path}: cannot be read ({error.strerror})")
            continue
        paths.append(path)
        items.append(
            _Item(b"recording".ljust(_KEY_BYTES - len(digest), b"\xff") + digest, (number, 0))
        )
    return paths, items


def _played(renderer: Renderer, voices: NDArray[np.uint8]) -> NDArray[np.void]:
    """How voices [B, 128] sound, as records."""
    sounds = renderer.render(voices, note=embedding.NOTE)
    peaks = np.max(np.abs(sounds), axis=1)
    sounds /= np.maximum(peaks, 1e-9)[:, None]
    records = np.zeros(len(voices), _RECORD)
    records["key"] = [np.frombuffer(_voice_key(voice), np.uint8) for voice in voices]
    records["peak"], records["row"] = peaks, embedding.embed(sounds)
    return records


def _heard(paths: list[pathlib.Path], issues: list[str]) -> NDArray[np.void]:
    """How recordings sound; those that cannot be read count as silent."""
    records = np.zeros(len(paths), _RECORD)
    records["row"] = embedding.UNKNOWN
    for record, path in zip(records, paths, strict=True):
        try:
            heard = listen.listen(*audio_files.read_channels(path))
        except UserError as error:
            issues.append(f"{path}: {str(error).removeprefix(f'{path}: ')}")
            continue
        record["peak"] = 1.0
        record["row"] = embedding.embed(heard.target[None], heard.note, heard.gate_s)[0]
    return records


def _fill(
    records: _Records,
    title: str,
    keys: list[bytes],
    make: Callable[[NDArray[np.intp]], NDArray[np.void]],
    quiet: bool,
) -> None:
    """Makes the records that are missing, chunk by chunk."""
    missing = np.array([i for i, key in enumerate(keys) if key not in records], np.intp)
    if quiet and not len(missing):
        return
    with ProgressBar(title, len(keys), completed=len(keys) - len(missing)) as progress:
        for start in range(0, len(missing), _CHUNK):
            chosen = missing[start : start + _CHUNK]
            made = make(chosen)
            made["key"] = [np.frombuffer(keys[i], np.uint8) for i in chosen]
            records.append(made)
            progress.advance(len(chosen))


class _Records:
    """All that is known by key: of the index that is there, and of runs that were killed.

    A context manager, which keeps other runs away.
    """

    def __init__(self, out: pathlib.Path) -> None:
        self._path = out.with_name(f"{out.name}.partial{FORMAT_VERSION}")
        self._file = self._path.open("ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise UserError(f"{out}: another run is indexing it") from error
        whole = self._path.stat().st_size // _RECORD.itemsize
        self._file.truncate(whole * _RECORD.itemsize)
        self._records = [np.fromfile(self._path, _RECORD, whole), _known(out)]
        self._index: dict[bytes, tuple[int, int]] = {}
        for block, records in enumerate(self._records):
            self._add(block, records)

    @classmethod
    @contextlib.contextmanager
    def open(cls, out: pathlib.Path) -> Iterator[Self]:
        """Records for an index at `out`."""
        records = cls(out)
        try:
            yield records
        finally:
            records._file.close()

    def _add(self, block: int, records: NDArray[np.void]) -> None:
        for i, key in enumerate(records["key"]):
            self._index[key.tobytes()] = block, i

    def __contains__(self, key: bytes) -> bool:
        return key in self._index

    def append(self, records: NDArray[np.void]) -> None:
        """Adds records, on disk as well."""
        self._file.write(records.tobytes())
        self._file.flush()
        self._records.append(records)
        self._add(len(self._records) - 1, records)

    def take(self, keys: Sequence[bytes]) -> NDArray[np.void]:
        """[len(keys)] records."""
        found = np.zeros(len(keys), _RECORD)
        for row, key in enumerate(keys):
            block, i = self._index[key]
            found[row] = self._records[block][i]
        return found

    def discard(self) -> None:
        """Removes what was kept on disk, once the index has it."""
        self._path.unlink()


def _known(out: pathlib.Path) -> NDArray[np.void]:
    """Records of the index that is there; none if it is damaged or of another format."""
    try:
        old = Library.open(out)
        keys = np.load(out / "keys.npy", mmap_mode="r")
    except (UserError, OSError, ValueError):
        return np.zeros(0, _RECORD)
    records = np.zeros(len(old.rows), _RECORD)
    records["key"], records["peak"], records["row"] = keys, old.peaks, old.rows
    return records


def _replace(
    out: pathlib.Path,
    manifest: dict[str, Any],
    voices: NDArray[np.uint8],
    sources: NDArray[np.int32],
    records: NDArray[np.void],
) -> None:
    """Writes the index beside `out`, then puts it in place."""
    new, old = out.with_name(f"{out.name}.new"), out.with_name(f"{out.name}.old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    new.mkdir()
    arrays = {"voices": voices, "sources": sources, "keys": records["key"]}
    arrays |= {"peaks": records["peak"], "rows": records["row"]}
    for name, array in arrays.items():
        np.save(new / f"{name}.npy", np.ascontiguousarray(array))
    (new / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    if out.exists():
        out.rename(old)
    new.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def near_copies(library: Library) -> dict[str, int]:
    """How many voices differ from another in a few parameters at most, and in what groups."""
    group = clusters.connected(
        len(library.voices),
        clusters.similar_parameters(unpack_voices(np.array(library.voices))[:, :145]),
    )
    sizes = np.bincount(group)
    return {
        "near-copies": int(np.sum(sizes[sizes > 1])),
        "groups of near-copies": int(np.sum(sizes > 1)),
        "largest group": int(sizes.max(initial=0)),
    }
