"""Preparing datasets, and what can go wrong on the way."""

from __future__ import annotations

import errno
import json
import pathlib
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from synthrl_jax import assets, audio, data, prepare, presets
from synthrl_jax.errors import UserError
from synthrl_jax.render import Renderer, surge_target

pytestmark = pytest.mark.native


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "_CHUNK", 8)


@pytest.fixture
def cartridges(tmp_path: pathlib.Path) -> pathlib.Path:
    """20 voices, one of them twice under two names, a silent one, and a truncated file."""
    folder = tmp_path / "cartridges"
    folder.mkdir()
    voices = presets.read_sysex(assets.VOICES).voices[:22]
    voices[20] = presets.with_name(voices[3], "TWIN")
    silent = voices[21].copy()
    silent[14:102:17] = 0  # output levels
    voices[21] = silent
    presets.write_bank(folder / "good.syx", voices)
    (folder / "cut.syx").write_bytes((folder / "good.syx").read_bytes()[:1000])
    return folder


def _contents(path: pathlib.Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(path.iterdir())}


def test_cartridges_become_targets_with_labels(
    cartridges: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    out = tmp_path / "out"
    summary = prepare.prepare_dexed([cartridges], out)
    dataset = data.Dataset.open(out)
    # 32 slots: 20 voices, the twin, the silent one, and 10 times the init voice that fills up;
    # 7 more voices stand in the truncated file before its end.
    assert summary.counts["duplicate"] == 1 + 9 + 7 and summary.counts["silent"] == 1
    assert len(dataset) == 21 and dataset.kind == "dexed"
    assert any("cut.syx" in issue for issue in summary.issues)
    voices = presets.read_sysex(assets.VOICES).voices[:20]
    assert dataset.values is not None
    np.testing.assert_array_equal(dataset.values[:20], presets.to_values(voices))
    played = Renderer("dexed").render(voices[:3])
    peak = np.abs(played).max(axis=1, keepdims=True)
    np.testing.assert_allclose(dataset.audio[:3], played / peak, atol=1e-6)
    assert dataset.names[0] == presets.voice_name(voices[0])
    assert dataset.manifest["sources"] == [str(cartridges / n) for n in ("cut.syx", "good.syx")]
    assert summary.counts["clipped"] == 0 and summary.counts["voices read"] == 32 + 7
    audit = [json.loads(line) for line in (out / "audit.jsonl").read_text().splitlines()]
    assert [row["name"] for row in audit if row["kept"]] == dataset.names
    dropped = [row for row in audit if not row["kept"]]
    # The init voices that fill the bank stand behind the last voice that was played.
    twin = next(row for row in dropped if row["name"] == "TWIN")
    assert twin["duplicate"] and twin["slot"] == 21
    assert [row["slot"] for row in dropped if not row["duplicate"]] == [22]


def test_audit_marks_clipping_and_free_lfos(tmp_path: pathlib.Path) -> None:
    voice = presets.init_voice()
    loud = voice.copy()
    loud[110] = 31  # algorithm 32: six carriers …
    for slot in range(6):
        loud[17 * slot + 14] = 99  # … at full level
        loud[17 * slot + 13] = 7 << 2  # key velocity sensitivity
    wobbly = voice.copy()
    wobbly[112], wobbly[114] = 60, 99  # LFO speed and pitch depth
    wobbly[116] = 0 | 0 << 1 | 7 << 4  # free-running triangle, full sensitivity
    synced, held = wobbly.copy(), wobbly.copy()
    synced[116] |= 1
    held[116] |= 1 | 5 << 1  # sample-and-hold is not restarted by key sync
    presets.write_bank(tmp_path / "x.syx", np.stack([voice, loud, wobbly, synced, held]))
    hard = prepare.Protocol(velocity=127)
    prepare.prepare_dexed([tmp_path / "x.syx"], tmp_path / "out", protocol=hard)
    audit = [
        json.loads(line) for line in (tmp_path / "out" / "audit.jsonl").read_text().splitlines()
    ][:5]
    assert [row["clipped"] for row in audit] == [False, True, False, False, False]
    assert [row["lfo_dependent"] for row in audit] == [False, False, True, False, True]


def test_near_copies_share_a_cluster(tmp_path: pathlib.Path) -> None:
    voices = presets.read_sysex(assets.VOICES).voices[[0, 100, 200]]
    copy = voices[0].copy()
    copy[112] += 1  # LFO speed
    presets.write_bank(tmp_path / "x.syx", np.concatenate([voices, copy[None]]))
    prepare.prepare_dexed([tmp_path / "x.syx"], tmp_path / "out", limit=4)
    cluster = data.Dataset.open(tmp_path / "out").cluster
    assert cluster[0] == cluster[3] and len(set(cluster.tolist())) == 3


@pytest.mark.parametrize("torn", [False, True])
def test_a_killed_run_goes_on_to_the_same_bytes(
    torn: bool, cartridges: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare.prepare_dexed([cartridges], tmp_path / "whole")
    real_render, calls = Renderer.render, []

    def killed_at_the_third_chunk(self: Renderer, *args: object, **kwargs: object) -> object:
        calls.append(kwargs)
        if sum("lfo_phase" not in c for c in calls) > 2:
            raise KeyboardInterrupt
        return real_render(self, *args, **kwargs)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Renderer, "render", killed_at_the_third_chunk)
        with pytest.raises(KeyboardInterrupt):
            prepare.prepare_dexed([cartridges], tmp_path / "out")
    with pytest.raises(UserError, match="no dataset here"):
        data.Dataset.open(tmp_path / "out")
    partial = tmp_path / "out.partial"
    if torn:  # killed between writing the sounds and the last line of the journal
        journal = partial / "journal.jsonl"
        journal.write_text(journal.read_text()[:-30])
        with (partial / data.AUDIO).open("ab") as file:
            file.write(b"half a sound")
    prepare.prepare_dexed([cartridges], tmp_path / "out")
    assert _contents(tmp_path / "out") == _contents(tmp_path / "whole")
    assert not partial.exists()


_DIES_IN_THE_SECOND_CHUNK = """
import os, resource, signal, sys
from synthrl_jax import prepare
from synthrl_jax.cli import main

prepare._CHUNK = 8
if sys.argv[1] == "killed":
    write_line, lines = prepare._Journal._write_line, []

    def kill(journal, content):
        lines.append(content)
        if len(lines) == 3:  # the job, the first chunk, and the second after its sounds
            os.kill(os.getpid(), signal.SIGKILL)
        write_line(journal, content)

    prepare._Journal._write_line = kill
else:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))  # 11 sounds
sys.exit(main(["prepare", "--dexed", sys.argv[2], "--out", sys.argv[3]]))
"""


@pytest.mark.parametrize("death", ["killed", "full"])
def test_a_process_that_dies_goes_on_to_the_same_bytes(
    death: str, cartridges: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-c", _DIES_IN_THE_SECOND_CHUNK, death, str(cartridges), str(out)]
    died = subprocess.run(command, capture_output=True, text=True, check=False)
    if death == "killed":
        assert died.returncode == -signal.SIGKILL
    else:
        assert died.returncode == 2 and "Traceback" not in died.stderr
        assert "File too large" in died.stderr and "run the same command again" in died.stderr
    assert not out.exists()
    partial = tmp_path / "out.partial"
    assert (partial / data.AUDIO).stat().st_size > 8 * 4 * data.NUM_SAMPLES
    prepare.prepare_dexed([cartridges], out)
    prepare.prepare_dexed([cartridges], tmp_path / "whole")
    assert _contents(out) == _contents(tmp_path / "whole")
    assert not partial.exists()


@pytest.mark.parametrize("sounds_on_disk", [0, 5, 8])
def test_a_journal_ahead_of_its_sounds_is_cut_back(
    sounds_on_disk: int, cartridges: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    prepare.prepare_dexed([cartridges], tmp_path / "whole")
    job = {"which": "test"}
    records = [{"kept": True}] * 8
    with prepare._Journal(tmp_path / "out", job) as journal:
        journal.append(np.ones((8, data.NUM_SAMPLES), np.float32), records)
        journal.append(np.ones((8, data.NUM_SAMPLES), np.float32), records)
    with (journal.folder / data.AUDIO).open("r+b") as file:
        file.truncate(sounds_on_disk * 4 * data.NUM_SAMPLES)
    with prepare._Journal(tmp_path / "out", job) as journal:
        assert len(journal.records) == (8 if sounds_on_disk == 8 else 0)
        size = (journal.folder / data.AUDIO).stat().st_size
        assert size == len(journal.records) * 4 * data.NUM_SAMPLES
    with prepare._Journal(tmp_path / "out", {"which": "another"}) as journal:
        assert not journal.records and not (journal.folder / data.AUDIO).stat().st_size


def test_a_torn_journal_goes_on_more_than_once(tmp_path: pathlib.Path) -> None:
    sounds, records = np.ones((2, data.NUM_SAMPLES), np.float32), [{"kept": True}] * 2
    for expected in (0, 2, 4):
        with prepare._Journal(tmp_path / "out", {"which": "torn"}) as journal:
            assert len(journal.records) == expected
            journal.append(sounds, records)
        with (journal.folder / "journal.jsonl").open("a") as file:
            file.write('[{"kept": tr')
    for expected in (0, 2):  # another job starts afresh, and goes on as well
        with prepare._Journal(tmp_path / "out", {"which": "another"}) as journal:
            assert len(journal.records) == expected
            journal.append(sounds, records)


def test_two_runs_do_not_share_a_folder(cartridges: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with prepare._Journal(tmp_path / "out", {}), pytest.raises(UserError, match="another run"):
        prepare.prepare_dexed([cartridges], tmp_path / "out")


def test_a_full_disk_is_told_and_resumable(
    cartridges: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_append, chunks = prepare._Journal.append, []

    def full_at_the_second_chunk(self: prepare._Journal, *args: object) -> None:
        chunks.append(args)
        if len(chunks) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real_append(self, *args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(prepare._Journal, "append", full_at_the_second_chunk)
        with pytest.raises(UserError, match=r"No space left.*run the same command again"):
            prepare.prepare_dexed([cartridges], tmp_path / "out")
    prepare.prepare_dexed([cartridges], tmp_path / "out")
    prepare.prepare_dexed([cartridges], tmp_path / "whole")
    assert _contents(tmp_path / "out") == _contents(tmp_path / "whole")


def test_an_existing_dataset_is_not_touched(
    cartridges: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    prepare.prepare_dexed([cartridges], tmp_path / "out")
    before = _contents(tmp_path / "out")
    with pytest.raises(UserError, match="exists already"):
        prepare.prepare_dexed([cartridges], tmp_path / "out", limit=3)
    assert _contents(tmp_path / "out") == before
    prepare.prepare_dexed([cartridges], tmp_path / "out", limit=3, overwrite=True)
    assert len(data.Dataset.open(tmp_path / "out")) == 3
    assert set(_contents(tmp_path / "out")) == set(before)


def test_overwriting_spares_what_is_no_dataset(
    cartridges: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / data.MANIFEST).write_text('{"name": "an app"}')
    with pytest.raises(UserError, match="no dataset, so it is not overwritten"):
        prepare.prepare_dexed([cartridges], tmp_path / "letters", overwrite=True)
    assert list(_contents(tmp_path / "letters")) == [data.MANIFEST]


def test_the_old_dataset_stays_until_the_new_one_is_whole(
    cartridges: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare.prepare_dexed([cartridges], tmp_path / "out", limit=3)
    before = _contents(tmp_path / "out")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "_voice_clusters", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare.prepare_dexed([cartridges], tmp_path / "out", overwrite=True)
    assert _contents(tmp_path / "out") == before


def test_voices_that_are_all_silent(tmp_path: pathlib.Path) -> None:
    silent = presets.init_voice()
    silent[14:102:17] = 0  # output levels
    presets.write_bank(tmp_path / "x.syx", np.tile(silent, (32, 1)))
    with pytest.raises(UserError, match="all 1 voices are silent"):
        prepare.prepare_dexed([tmp_path / "x.syx"], tmp_path / "out")
    assert not (tmp_path / "out.partial").exists()


def test_settings_that_do_not_exist(cartridges: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with pytest.raises(UserError, match="note 128"):
        prepare.Protocol(note=128)
    with pytest.raises(UserError, match="velocity 0"):
        prepare.Protocol(velocity=0)
    with pytest.raises(UserError, match="limit -1"):
        prepare.prepare_dexed([cartridges], tmp_path / "out", limit=-1)
    with pytest.raises(UserError, match="limit -1"):
        prepare.prepare_audio([cartridges], tmp_path / "out", limit=-1)


def test_recordings_become_targets_and_bad_ones_are_listed(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    tone = 0.2 * np.sin(2 * np.pi * 330 * np.arange(44_100) / 44_100)
    late = np.concatenate([np.zeros(10_000), tone])
    soundfile.write(folder / "a_stereo.wav", np.stack([late, late], axis=1), 44_100)
    soundfile.write(folder / "b_long.flac", np.tile(tone, 6), 44_100)
    soundfile.write(folder / "c_zeros.wav", np.zeros(1000), 22_050)
    (folder / "d_text.wav").write_text("no sound")
    ultrasonic = np.sin(2 * np.pi * 19_000 * np.arange(44_100) / 44_100) * np.hanning(44_100)
    soundfile.write(folder / "e_ultrasonic.wav", 0.5 * ultrasonic, 44_100)
    summary = prepare.prepare_audio([folder], tmp_path / "out")
    dataset = data.Dataset.open(tmp_path / "out")
    assert dataset.names == ["a_stereo", "b_long"] and dataset.values is None
    bad = ["c_zeros", "d_text", "e_ultrasonic"]
    assert [name in issue for name, issue in zip(bad, summary.issues, strict=True)] == [True] * 3
    np.testing.assert_allclose(np.abs(dataset.audio).max(axis=1), 1.0, rtol=1e-6)
    assert np.abs(dataset.audio[0, :100]).max() > 0.3  # the silence before it is gone
    assert np.all(dataset.audio[0, 22_200:] == 0)
    assert np.abs(dataset.audio[1, 80_000:]).max() > 0.9


def test_patches_become_targets_and_bad_ones_are_listed(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "patches"
    folder.mkdir()
    good = assets.patches()[:3]
    for path in good:
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "cut.fxp").write_bytes(good[0].read_bytes()[:500])
    (folder / "text.fxp").write_text("no patch at all")
    summary = prepare.prepare_surge([folder], tmp_path / "out")
    assert summary.counts["sounds"] == 3 and summary.counts["skipped"] == 2
    assert all(name in "".join(summary.issues) for name in ("cut.fxp", "text.fxp"))
    dataset = data.Dataset.open(tmp_path / "out")
    assert dataset.kind == "surge" and dataset.values is None
    renderer = Renderer("surge", sample_rate=44_100)
    expected = surge_target(renderer.render(good, fade_s=0.0))
    np.testing.assert_array_equal(np.asarray(dataset.audio), expected)
    assert np.max(np.abs(expected), axis=1) == pytest.approx(1.0)


def test_nothing_usable(tmp_path: pathlib.Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(UserError, match=r"no usable file(.|\n)*text\.wav"):
        prepare.prepare_audio([tmp_path], tmp_path / "out")
    assert not (tmp_path / "out.partial").exists()
    with pytest.raises(UserError, match="no audio files found"):
        (tmp_path / "empty").mkdir()
        prepare.prepare_audio([tmp_path / "empty"], tmp_path / "out")


def test_silence_threshold_is_the_published_one() -> None:
    assert audio.SILENCE_PEAK == 1e-4
