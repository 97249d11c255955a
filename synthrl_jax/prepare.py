"""Cartridges, Surge patches or recordings → a dataset that training maps from disk.

Work goes into `OUT.partial` with a journal, chunk by chunk; a killed run goes on there, and only
a complete dataset is renamed to `OUT`. One that it replaces is removed after that.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import importlib.metadata
import json
import pathlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Self

import jax
import numpy as np
from numpy.typing import NDArray

from synthrl_jax import audio, audio_files, clusters, data, presets, surge_patches
from synthrl_jax.errors import UserError
from synthrl_jax.progress import ProgressBar
from synthrl_jax.render import (
    SURGE_SAMPLE_RATE,
    Renderer,
    pack_voices,
    surge_target,
    unpack_voices,
)

_CHUNK = 128
_JOURNAL = "journal.jsonl"
_NO_SOUNDS = np.empty((0, data.NUM_SAMPLES), np.float32)
_REPLACED = "replaced"
_VERSIONED = ("synthrl-jax", "numpy", "jax", "soundfile", "soxr")
_LFO_KEY_SYNC, _LFO_WAVE, _LFO_DEPTHS, _PITCH_MOD_SENSITIVITY = 141, 142, (139, 140), 143
_SAMPLE_AND_HOLD = 5
_AMP_MOD_SENSITIVITIES = [21 * slot + 14 for slot in range(6)]
_CLIPPING_SUSPECT = 0.9
_ENGINE_FULL_SCALE = 8.0


@dataclasses.dataclass(frozen=True)
class Protocol:
    """What is played on every voice; the defaults are SynthRL's.

    Raises:
      UserError: a note or velocity that MIDI does not have.
    """

    note: int = 60
    velocity: int = 85
    gate_s: float = 3.0
    length_s: float = 4.0
    fade_s: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.note <= 127:
            raise UserError(f"note {self.note}: a MIDI note is 0 to 127")
        if not 1 <= self.velocity <= 127:
            raise UserError(f"velocity {self.velocity}: a MIDI velocity is 1 to 127")


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
    """`OUT.partial`: sounds written so far, and what became of every item.

    What an earlier run of the same job left there is taken over. A context manager, which keeps
    other runs away.
    """

    def __init__(self, out: pathlib.Path, job: dict[str, Any]) -> None:
        self._out = out.resolve()
        self.folder = self._out.with_name(self._out.name + ".partial")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.records: list[dict[str, Any]] = []
        with contextlib.ExitStack() as opened:
            path = self.folder / _JOURNAL
            self._journal = opened.enter_context(path.open("ab"))
            try:
                fcntl.flock(self._journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UserError(f"{out}: another run is preparing it") from error
            self._audio = opened.enter_context((self.folder / data.AUDIO).open("ab"))
            self._take_over(path, job)
            self._opened = opened.pop_all()

    def _take_over(self, path: pathlib.Path, job: dict[str, Any]) -> None:
        """Keeps the chunks that are whole, in the journal and in the audio, and cuts the rest."""
        lines = _json_lines(path)
        header = next(lines, None)
        journal_bytes = kept_bytes = 0
        if header is not None and header[0] == job:
            journal_bytes = header[1]
            available = self._audio.seek(0, 2)
            for chunk, end in lines:
                end_of_sounds = kept_bytes + _sound_bytes(chunk)
                if end_of_sounds > available:
                    break
                self.records.extend(chunk)
                journal_bytes, kept_bytes = end, end_of_sounds
        self._journal.truncate(journal_bytes)
        self._audio.truncate(kept_bytes)
        if journal_bytes == 0:
            self._write_line(job)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _write_line(self, content: Any) -> None:
        self._journal.write(json.dumps(content).encode() + b"\n")
        self._journal.flush()

    def append(self, sounds: NDArray[np.float32], records: list[dict[str, Any]]) -> None:
        """Adds one chunk: the sounds that are kept, and a record for every item."""
        self._audio.write(np.ascontiguousarray(sounds, np.float32).data)
        self._audio.flush()
        self._write_line(records)
        self.records.extend(records)

    def discard(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.folder)

    def finish(self) -> None:
        """Turns the folder into the dataset, in place of one that may be there."""
        if self._out.exists():
            self._out.rename(self.folder / _REPLACED)
        self.folder.rename(self._out)
        (self._out / _JOURNAL).unlink()
        if (self._out / _REPLACED).exists():
            shutil.rmtree(self._out / _REPLACED)


def _sound_bytes(records: list[dict[str, Any]]) -> int:
    return 4 * data.NUM_SAMPLES * sum(record["kept"] for record in records)


def _json_lines(path: pathlib.Path) -> Iterator[tuple[Any, int]]:
    """The intact lines of a file that a kill may have cut short, each with the byte it ends at."""
    end = 0
    for line in path.read_bytes().splitlines(keepends=True):
        end += len(line)
        try:
            content = json.loads(line)
        except ValueError:
            return
        if not line.endswith(b"\n"):
            return
        yield content, end


def _is_dataset(path: pathlib.Path) -> bool:
    """Whether `path` holds a dataset of any version, whole or damaged, and may be replaced."""
    try:
        manifest = json.loads((path / data.MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and {"format_version", "kind", "count"} <= manifest.keys()


@contextlib.contextmanager
def _writing(out: pathlib.Path, overwrite: bool) -> Iterator[None]:
    """Guards the output path, and turns a full disk into advice."""
    if out.exists() and not overwrite:
        raise UserError(f"{out}: exists already; choose another --out or add --overwrite")
    if out.exists() and not _is_dataset(out):
        raise UserError(f"{out}: no dataset, so it is not overwritten; choose another --out")
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{out}: could not be written ({error.strerror or error}). What is done so far is "
            "kept: make room and run the same command again"
        ) from error


def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in _VERSIONED}


def _check_limit(limit: int) -> None:
    if limit < 0:
        raise UserError(f"limit {limit}: must be 0 (all) or more")


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
    transposed: bool = False,
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
      transposed: voices are played with their own transposition. Half of the voices in circulation
        have one, mostly by an octave; it is none of a policy's decisions, so that SynthRL's
        targets have none.

    Raises:
      UserError: no voice found or all silent, `out` exists or (to be replaced) is no dataset,
        another run is at work on it, or the disk is full.
    """
    _check_limit(limit)
    table = presets.load_voices(paths)
    if not transposed:
        table = table._replace(voices=presets.without_transposition(table.voices))
    distinct = presets.deduplicate(table.voices)
    distinct = distinct[:limit] if limit else distinct
    voices = table.voices[distinct]
    renderer = Renderer("dexed", sample_rate=audio.SAMPLE_RATE, threads=threads)
    raw_renderer = Renderer("dexed", sample_rate=audio.SAMPLE_RATE, threads=threads, stage="engine")
    note = dataclasses.asdict(protocol)

    def process(start: int, stop: int) -> tuple[NDArray[np.float32], list[dict[str, Any]]]:
        chunk = voices[start:stop]
        sounds = renderer.render(chunk, **note)
        peak = np.max(np.abs(sounds), axis=1)
        kept = peak >= audio.SILENCE_PEAK
        flags = {
            "silent": ~kept,
            "clipped": _clipped(raw_renderer, chunk, peak, note),
            "lfo_dependent": _lfo_dependent(renderer, chunk, sounds, note),
            "out_of_range": np.any(pack_voices(unpack_voices(chunk)) != chunk, axis=1),
        }
        records = [
            {"kept": bool(kept[i]), **{name: bool(flag[i]) for name, flag in flags.items()}}
            for i in range(len(chunk))
        ]
        return np.asarray(audio.peak_normalise_target(sounds[kept])), records

    about = {
        "kind": "dexed",
        "protocol": note,
        "transposed": transposed,
        "voices": hashlib.sha256(voices.tobytes()).hexdigest(),
    }
    job = {**about, "versions": _versions()}
    with _writing(out, overwrite), _Journal(out, job) as journal:
        _run(journal, "rendering voices", len(voices), process)
        sounding = voices[[record["kept"] for record in journal.records]]
        if not len(sounding):
            journal.discard()
            raise UserError(f"all {len(voices)} voices are silent at {protocol}")
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
        rows = _voice_rows(table, distinct, journal.records)
        return _finish(journal, out, about, rows, counts, table.issues)


def _voice_rows(
    table: presets.VoiceTable, distinct: NDArray[np.int64], records: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Audit of the voices up to the last that was played, duplicates included."""
    record_of = dict(zip(distinct.tolist(), records, strict=True))
    duplicate = {"kept": False, "duplicate": True}
    return [
        {
            "name": table.names[i],
            "source": table.source[i],
            "slot": int(table.slot[i]),
            **({"duplicate": False, **record_of[i]} if i in record_of else duplicate),
        }
        for i in range(int(distinct[-1]) + 1)
    ]


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
    """[B] whether the sound depends on where the LFO happens to stand at the note-on.

    Key sync restarts the phase, but not the sequence that sample-and-hold draws from.
    """
    unpacked = unpack_voices(voices)
    pitch = (unpacked[:, _LFO_DEPTHS[0]] > 0) & (unpacked[:, _PITCH_MOD_SENSITIVITY] > 0)
    amp = (unpacked[:, _LFO_DEPTHS[1]] > 0) & np.any(unpacked[:, _AMP_MOD_SENSITIVITIES], axis=1)
    runs_on = (unpacked[:, _LFO_KEY_SYNC] == 0) | (unpacked[:, _LFO_WAVE] == _SAMPLE_AND_HOLD)
    dependent = runs_on & (pitch | amp)
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
      UserError: no usable file, `out` exists or (to be replaced) is no dataset, another run is
        at work on it, or the disk is full.
    """
    _check_limit(limit)
    files = audio_files.find_audio(paths)
    files = files[:limit] if limit else files
    if not files:
        raise UserError(f"{', '.join(map(str, paths))}: no audio files found")

    def process(start: int, stop: int) -> tuple[NDArray[np.float32], list[dict[str, Any]]]:
        sounds, records = [], []
        for path in files[start:stop]:
            try:
                sounds.append(_read_target(path))
                records.append({"kept": True})
            except UserError as error:
                records.append({"kept": False, "issue": str(error)})
        if not sounds:
            return _NO_SOUNDS, records
        return np.asarray(audio.peak_normalise_target(np.stack(sounds))), records

    return _prepare_files({"kind": "audio"}, "reading audio", files, process, out, overwrite)


def prepare_surge(
    paths: Sequence[pathlib.Path],
    out: pathlib.Path,
    *,
    protocol: Protocol = Protocol(fade_s=0.0),
    seed: int = 0,
    threads: int = 0,
    limit: int = 0,
    overwrite: bool = False,
) -> Summary:
    """Renders Surge XT patches into targets: left channel, 22 050 Hz, peak 1.

    Patches that cannot be read or played, and silent ones, are skipped and listed. Those of which
    the engine leaves something out are kept; the audit says what.

    Args:
      paths: `.fxp` files and folders.
      out: folder to make.
      protocol: what is played.
      seed: of the engine's random numbers.
      threads: 0 is one per core.
      limit: use only the first so many files; 0 for all.
      overwrite: replace what is at `out`.

    Raises:
      UserError: no usable patch, `out` exists or (to be replaced) is no dataset, another run is
        at work on it, or the disk is full.
    """
    _check_limit(limit)
    files = surge_patches.find_patches(paths)
    files = files[:limit] if limit else files
    renderer = Renderer("surge", sample_rate=SURGE_SAMPLE_RATE, threads=threads)
    note = {**dataclasses.asdict(protocol), "seed": seed}

    def process(start: int, stop: int) -> tuple[NDArray[np.float32], list[dict[str, Any]]]:
        records: list[dict[str, Any]] = []
        sounds = []
        for path, sound in zip(
            files[start:stop], _play_patches(renderer, files[start:stop], note), strict=True
        ):
            if isinstance(sound, UserError):
                records.append({"kept": False, "issue": str(sound)})
            elif np.max(np.abs(sound)) < audio.SILENCE_PEAK:
                records.append({"kept": False, "issue": f"{path}: silent"})
            else:
                missing = surge_patches.describe_patch(path).missing
                records.append({"kept": True, "not_rendered": [f.describe() for f in missing]})
                sounds.append(surge_target(sound))
        return np.stack(sounds) if sounds else _NO_SOUNDS, records

    about = {"kind": "surge", "protocol": note}
    return _prepare_files(about, "rendering patches", files, process, out, overwrite)


def _play_patches(
    renderer: Renderer, files: Sequence[pathlib.Path], note: dict[str, Any]
) -> list[NDArray[np.float32] | UserError]:
    """A sound [S] at 44 100 Hz of each patch, or what is wrong with it."""
    try:
        return list(renderer.render(files, **note))
    except UserError as error:
        if len(files) == 1:
            return [error]
    # A bad patch costs its batch, so each has one of its own.
    return [_play_patches(renderer, [path], note)[0] for path in files]


def _prepare_files(
    about: dict[str, Any],
    title: str,
    files: Sequence[pathlib.Path],
    process: Callable[[int, int], tuple[NDArray[np.float32], list[dict[str, Any]]]],
    out: pathlib.Path,
    overwrite: bool,
) -> Summary:
    """Makes a dataset of sounds without known parameters, one per file."""
    stats = [path.stat() for path in files]
    job = {
        **about,
        "files": [[str(p), s.st_size, s.st_mtime_ns] for p, s in zip(files, stats, strict=True)],
        "versions": _versions(),
    }
    with _writing(out, overwrite), _Journal(out, job) as journal:
        _run(journal, title, len(files), process)
        issues = [record["issue"] for record in journal.records if "issue" in record]
        count = sum(record["kept"] for record in journal.records)
        if count == 0:
            journal.discard()
            raise UserError("no usable file:\n" + "\n".join(issues))
        cluster = clusters.connected(
            count, clusters.similar_sounds(_fingerprints(journal.folder, count))
        )
        np.save(journal.folder / data.CLUSTER, cluster)
        counts = {
            "files": len(files),
            "skipped": len(issues),
            **_incomplete_counts(journal.records),
            **_cluster_counts(cluster),
        }
        rows = [
            {"name": path.stem, "source": str(path), **record}
            for path, record in zip(files, journal.records, strict=True)
        ]
        return _finish(journal, out, about, rows, counts, issues)


def _incomplete_counts(records: list[dict[str, Any]]) -> dict[str, int]:
    """Number of patches of which something is not rendered; nothing for recordings."""
    missing = [record["not_rendered"] for record in records if "not_rendered" in record]
    return {"rendered in part": sum(map(bool, missing))} if missing else {}


def _read_target(path: pathlib.Path) -> NDArray[np.float32]:
    """[S] of a recording from its onset.

    Raises:
      UserError: see `read_audio`; or nothing is left below 11 025 Hz.
    """
    sound = audio_files.trim_to_onset(audio_files.read_audio(path))
    sound = audio_files.fit_length(sound, data.NUM_SAMPLES)
    if np.max(np.abs(sound)) < audio.SILENCE_PEAK:
        raise UserError(f"{path}: silent at {audio.SAMPLE_RATE} Hz")
    return sound


def _count_flags(records: list[dict[str, Any]]) -> dict[str, int]:
    """Number of silent voices, then of the kept ones under each flag."""
    flags = [name for name in records[0] if name not in ("kept", "silent")]
    marked = {name: sum(r["kept"] and r[name] for r in records) for name in flags}
    return {"silent": sum(r["silent"] for r in records), **marked}


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
    about: dict[str, Any],
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
        **about,
        "count": len(kept),
        "sample_rate": audio.SAMPLE_RATE,
        "num_samples": data.NUM_SAMPLES,
        "counts": counts,
        "issues": issues,
        "versions": _versions(),
        "sources": list(dict.fromkeys(row["source"] for row in rows)),
        "names": [row["name"] for row in kept],
    }
    text = json.dumps(manifest, indent=1)
    (journal.folder / data.MANIFEST).write_text(text + "\n", encoding="utf-8")
    journal.finish()
    return Summary(out, {"sounds": len(kept), **counts}, issues)
