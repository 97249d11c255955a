"""Cartridges or recordings → a dataset that training maps from disk.

Work goes into `OUT.partial` with a journal, chunk by chunk; a killed run goes on there, and only
a complete dataset is renamed to `OUT`.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import hashlib
import importlib.metadata
import json
import pathlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from synthrl_jax import audio, audio_files, clusters, data, presets
from synthrl_jax.errors import UserError
from synthrl_jax.progress import ProgressBar
from synthrl_jax.render import Renderer, pack_voices, unpack_voices

_CHUNK = 128
_JOURNAL = "journal.jsonl"
_VERSIONED = ("synthrl-jax", "numpy", "jax", "soundfile", "soxr")
_LFO_KEY_SYNC, _LFO_DEPTHS, _PITCH_MOD_SENSITIVITY = 141, (139, 140), 143
_AMP_MOD_SENSITIVITIES = [21 * slot + 14 for slot in range(6)]
_CLIPPING_SUSPECT = 0.9
_ENGINE_FULL_SCALE = 8.0


@dataclasses.dataclass(frozen=True)
class Protocol:
    """What is played on every voice; the defaults are SynthRL's."""

    note: int = 60
    velocity: int = 85
    gate_s: float = 3.0
    length_s: float = 4.0
    fade_s: float = 0.1


class Summary(NamedTuple):
    """What was prepared.

    Attributes:
      path: of the dataset.
      counts: of sounds kept and of each reason to leave one out or to mark it.
      issues: one line for each file that was skipped or not read in full.
    """

    path: pathlib.Path
    counts: dict[str, int]
    issues: list[str]


class _Journal:
    """`OUT.partial`: sounds written so far, and what became of every item."""

    def __init__(self, out: pathlib.Path, job: dict[str, Any]) -> None:
        self.folder = out.with_name(out.name + ".partial")
        self._out = out
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / _JOURNAL
        lines: list[Any] = _json_lines(path)
        chunks = lines[1:] if lines and lines[0] == job else []
        self.records: list[dict[str, Any]] = [record for chunk in chunks for record in chunk]
        intact = "".join(json.dumps(line) + "\n" for line in [job, *chunks])
        path.write_text(intact, encoding="utf-8")
        self._journal = path.open("a", encoding="utf-8")
        kept_bytes = 4 * data.NUM_SAMPLES * sum(record["kept"] for record in self.records)
        self._audio = (self.folder / data.AUDIO).open("ab")
        self._audio.truncate(kept_bytes)

    def append(self, sounds: NDArray[np.float32], records: list[dict[str, Any]]) -> None:
        """Adds one chunk: the sounds that are kept, and a record for every item."""
        self._audio.write(np.ascontiguousarray(sounds, np.float32).data)
        self._audio.flush()
        self._journal.write(json.dumps(records) + "\n")
        self._journal.flush()
        self.records.extend(records)

    def close(self) -> None:
        self._audio.close()
        self._journal.close()

    def finish(self) -> None:
        """Turns the folder into the dataset."""
        (self.folder / _JOURNAL).unlink()
        self.folder.rename(self._out)


def _json_lines(path: pathlib.Path) -> list[Any]:
    """The intact lines of a file that a kill may have cut short; none if it is missing."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return lines


@contextlib.contextmanager
def _writing(out: pathlib.Path, overwrite: bool) -> Iterator[None]:
    """Guards the output path, and turns a full disk into advice."""
    if out.exists():
        if not overwrite:
            raise UserError(f"{out}: exists already; choose another --out or add --overwrite")
        shutil.rmtree(out)
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{out}: could not be written ({error.strerror or error}). What is done so far is "
            "kept: make room and run the same command again"
        ) from error


def _run(
    journal: _Journal,
    title: str,
    num_items: int,
    process: Callable[[int, int], tuple[NDArray[np.float32], list[dict[str, Any]]]],
) -> None:
    """Processes the items that the journal does not have yet, in chunks, under a progress bar."""
    done = len(journal.records)
    with ProgressBar(title, num_items, completed=done) as progress:
        for start in range(done, num_items, _CHUNK):
            stop = min(start + _CHUNK, num_items)
            journal.append(*process(start, stop))
            progress.advance(stop - start)


def prepare_dexed(
    paths: Sequence[pathlib.Path],
    out: pathlib.Path,
    *,
    protocol: Protocol = Protocol(),
    threads: int = 0,
    limit: int = 0,
    overwrite: bool = False,
) -> Summary:
    """Renders cartridges into a dataset.

    Duplicates (equal but for their names) and silent voices are left out; near-copies get a
    common cluster number.

    Args:
      paths: `.syx` files and folders.
      out: folder to make.
      protocol: what is played.
      threads: 0 is one per core.
      limit: use only the first so many distinct voices; 0 for all.
      overwrite: replace what is at `out`.

    Raises:
      UserError: no voice found, `out` exists, or the disk is full.
    """
    table = presets.load_voices(paths)
    distinct = presets.deduplicate(table.voices)
    distinct = distinct[:limit] if limit else distinct
    voices = table.voices[distinct]
    renderer = Renderer("dexed", sample_rate=data.SAMPLE_RATE, threads=threads)
    raw_renderer = Renderer("dexed", sample_rate=data.SAMPLE_RATE, threads=threads, stage="engine")
    note = dataclasses.asdict(protocol)

    def process(start: int, stop: int) -> tuple[NDArray[np.float32], list[dict[str, Any]]]:
        chunk = voices[start:stop]
        sounds = renderer.render(chunk, **note)
        peak = np.max(np.abs(sounds), axis=1)
        kept = peak >= audio.SILENCE_PEAK
        flags = {
            "clipped": _clipped(raw_renderer, chunk, peak, note),
            "lfo_dependent": _lfo_dependent(renderer, chunk, sounds, note),
            "out_of_range": np.any(pack_voices(unpack_voices(chunk)) != chunk, axis=1),
        }
        records = [
            {"kept": bool(kept[i]), **{name: bool(flag[i]) for name, flag in flags.items()}}
            for i in range(len(chunk))
        ]
        return np.asarray(audio.peak_normalise_target(sounds[kept])), records

    job = {
        "kind": "dexed",
        "protocol": note,
        "voices": hashlib.sha256(voices.tobytes()).hexdigest(),
    }
    with _writing(out, overwrite):
        journal = _Journal(out, job)
        try:
            _run(journal, "rendering voices", len(voices), process)
        finally:
            journal.close()
        kept = np.array([record["kept"] for record in journal.records])
        sounding = voices[kept]
        cluster = _voice_clusters(journal.folder, sounding)
        np.save(journal.folder / data.VALUES, presets.to_values(sounding))
        np.save(journal.folder / data.VOICES, sounding)
        np.save(journal.folder / data.CLUSTER, cluster)
        counts = {
            "voices read": len(table.voices),
            "duplicate": len(table.voices) - len(presets.deduplicate(table.voices)),
            **_count_flags(journal.records),
            **_cluster_counts(cluster),
        }
        rows = [
            {
                "name": table.names[i],
                "source": table.source[i],
                "slot": int(table.slot[i]),
                **record,
            }
            for i, record in zip(distinct, journal.records, strict=True)
        ]
        return _finish(journal, out, job, rows, counts, table.issues)


def _clipped(
    renderer: Renderer, voices: NDArray[np.uint8], peak: NDArray[np.float32], note: dict[str, Any]
) -> NDArray[np.bool_]:
    """[B] whether the plugin clips; only loud sounds are looked at closely."""
    clipped = peak >= _CLIPPING_SUSPECT
    suspects = np.flatnonzero(clipped)
    if len(suspects):
        raw = renderer.render(voices[suspects], **{**note, "fade_s": 0.0})
        clipped[suspects] = np.max(np.abs(raw), axis=1) >= _ENGINE_FULL_SCALE
    return clipped


def _lfo_dependent(
    renderer: Renderer, voices: NDArray[np.uint8], sounds: NDArray[np.float32], note: dict[str, Any]
) -> NDArray[np.bool_]:
    """[B] whether the sound depends on where the free-running LFO happens to stand."""
    unpacked = unpack_voices(voices)
    pitch = (unpacked[:, _LFO_DEPTHS[0]] > 0) & (unpacked[:, _PITCH_MOD_SENSITIVITY] > 0)
    amp = (unpacked[:, _LFO_DEPTHS[1]] > 0) & np.any(unpacked[:, _AMP_MOD_SENSITIVITIES], axis=1)
    dependent = (unpacked[:, _LFO_KEY_SYNC] == 0) & (pitch | amp)
    suspects = np.flatnonzero(dependent)
    if len(suspects):
        other = renderer.render(voices[suspects], **note, lfo_phase=0.37, sample_hold=91)
        dependent[suspects] = np.any(other != sounds[suspects], axis=1)
    return dependent


def _voice_clusters(folder: pathlib.Path, voices: NDArray[np.uint8]) -> NDArray[np.int32]:
    """[N] groups of voices that are near-copies by their parameters or by their sound."""
    return clusters.connected(
        len(voices),
        clusters.similar_parameters(unpack_voices(voices)[:, :145]),
        clusters.similar_sounds(_fingerprints(folder, len(voices))),
    )


def _fingerprints(folder: pathlib.Path, count: int) -> NDArray[np.float32]:
    """Fingerprints of the sounds written so far."""
    sounds = np.memmap(folder / data.AUDIO, np.float32, "r", shape=(count, data.NUM_SAMPLES))
    log_mel = jax.jit(audio.log_mel)
    prints = []
    for start in range(0, count, _CHUNK):
        chunk = np.asarray(sounds[start : start + _CHUNK])
        padded = np.pad(chunk, ((0, _CHUNK - len(chunk)), (0, 0)))
        prints.append(clusters.fingerprint(np.asarray(log_mel(padded)))[: len(chunk)])
    return np.concatenate(prints)


def prepare_audio(
    paths: Sequence[pathlib.Path],
    out: pathlib.Path,
    *,
    limit: int = 0,
    overwrite: bool = False,
) -> Summary:
    """Brings recordings into the form of targets: mono, 22 050 Hz, from the onset, 4 s, peak 1.

    Unreadable and silent files are skipped and listed.

    Args:
      paths: audio files and folders.
      out: folder to make.
      limit: use only the first so many files; 0 for all.
      overwrite: replace what is at `out`.

    Raises:
      UserError: no usable file, `out` exists, or the disk is full.
    """
    files = audio_files.find_audio(paths)
    files = files[:limit] if limit else files
    if not files:
        raise UserError(f"{', '.join(map(str, paths))}: no audio files found")

    def process(start: int, stop: int) -> tuple[NDArray[np.float32], list[dict[str, Any]]]:
        sounds, records = [], []
        for path in files[start:stop]:
            try:
                sound = audio_files.trim_to_onset(audio_files.read_audio(path))
                sounds.append(audio_files.fit_length(sound, data.NUM_SAMPLES))
                records.append({"kept": True})
            except UserError as error:
                records.append({"kept": False, "issue": str(error)})
        if not sounds:
            return np.empty((0, data.NUM_SAMPLES), np.float32), records
        return np.asarray(audio.peak_normalise_target(np.stack(sounds))), records

    job = {"kind": "audio", "files": [[str(p), p.stat().st_size] for p in files]}
    with _writing(out, overwrite):
        journal = _Journal(out, job)
        try:
            _run(journal, "reading audio", len(files), process)
        finally:
            journal.close()
        issues = [record["issue"] for record in journal.records if "issue" in record]
        count = sum(record["kept"] for record in journal.records)
        if count == 0:
            shutil.rmtree(journal.folder)
            raise UserError("no usable audio file:\n" + "\n".join(issues))
        cluster = clusters.connected(
            count, clusters.similar_sounds(_fingerprints(journal.folder, count))
        )
        np.save(journal.folder / data.CLUSTER, cluster)
        counts = {"files": len(files), "skipped": len(issues), **_cluster_counts(cluster)}
        rows = [
            {"name": path.stem, "source": str(path), **record}
            for path, record in zip(files, journal.records, strict=True)
        ]
        return _finish(journal, out, {"kind": "audio"}, rows, counts, issues)


def _count_flags(records: list[dict[str, Any]]) -> dict[str, int]:
    counts = collections.Counter({"silent": sum(not record["kept"] for record in records)})
    for record in records:
        counts.update(
            name for name, flag in record.items() if name != "kept" and record["kept"] and flag
        )
    return dict(counts)


def _cluster_counts(cluster: NDArray[np.int32]) -> dict[str, int]:
    sizes = np.bincount(cluster)
    return {
        "clusters": len(sizes),
        "sounds with a near-copy": int(sizes[sizes > 1].sum()),
        "largest cluster": int(sizes.max()),
    }


def _finish(
    journal: _Journal,
    out: pathlib.Path,
    job: dict[str, Any],
    rows: list[dict[str, Any]],
    counts: dict[str, int],
    issues: list[str],
) -> Summary:
    """Writes the audit and, last of all, the manifest."""
    kept = [row for row in rows if row["kept"]]
    audit = "".join(json.dumps(row) + "\n" for row in rows)
    (journal.folder / "audit.jsonl").write_text(audit, encoding="utf-8")
    manifest = {
        "format_version": data.FORMAT_VERSION,
        **job,
        "count": len(kept),
        "sample_rate": data.SAMPLE_RATE,
        "num_samples": data.NUM_SAMPLES,
        "counts": counts,
        "issues": issues,
        "versions": {name: importlib.metadata.version(name) for name in _VERSIONED},
        "names": [row["name"] for row in kept],
    }
    text = json.dumps(manifest, indent=1)
    (journal.folder / data.MANIFEST).write_text(text + "\n", encoding="utf-8")
    journal.finish()
    return Summary(out, {"sounds": len(kept), **counts}, issues)
