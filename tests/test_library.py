"""Indices: complete, incremental, resumed, and honest about what is in them."""

from __future__ import annotations

import pathlib
import shutil

import numpy as np
import pytest
import soundfile

from synthrl_jax import assets, embedding, library, listen, presets
from synthrl_jax.cli import main
from synthrl_jax.errors import UserError
from synthrl_jax.render import Renderer

pytestmark = pytest.mark.native

VOICES = presets.read_sysex(assets.VOICES).voices


@pytest.fixture
def cartridges(tmp_path: pathlib.Path) -> pathlib.Path:
    """Two cartridges of eight voices filled up with silence, one of them under another name too."""
    folder = tmp_path / "cartridges"
    folder.mkdir()
    silent = VOICES[0].copy()
    silent[14::17][:6] = 0
    presets.write_bank(folder / "a.syx", np.concatenate([VOICES[:8], np.tile(silent, (24, 1))]))
    renamed = presets.with_name(VOICES[2], "ALIAS")
    presets.write_bank(folder / "b.syx", np.concatenate([renamed[None], VOICES[8:39]]))
    (folder / "c.syx").write_bytes(b"nothing of the kind")
    return folder


def played(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts voices that are rendered from now on."""
    counts: list[int] = []
    render = Renderer.render

    def counting(self: Renderer, voices: np.ndarray, *args: object, **kwargs: object) -> object:
        counts.append(len(voices))
        return render(self, voices, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Renderer, "render", counting)
    return counts


def test_every_distinct_voice_is_there_with_its_place(cartridges: pathlib.Path) -> None:
    index = library.build([cartridges], cartridges.parent / "index")
    assert index.manifest["counts"] == {
        "voices": 40, "recordings": 0, "voices read": 64, "duplicates": 24, "silent": 1,
    }  # fmt: skip
    assert any("c.syx" in issue for issue in index.manifest["issues"])
    place = index.place(2)
    assert (pathlib.Path(place.file).name, place.slot) == ("a.syx", 3)
    sound = Renderer().render(VOICES[4:5])
    (found,) = index.nearest(embedding.embed(sound / np.abs(sound).max())[0], 1)
    assert found.voice is not None and np.array_equal(found.voice, VOICES[4])
    assert found.distance == 0
    everything = index.nearest(np.zeros(embedding.WIDTH, np.uint8), 100)
    assert len(everything) == 39, "a silent voice is no match"
    assert isinstance(index.rows, np.memmap)


def test_what_is_known_is_not_played_again(
    cartridges: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = cartridges.parent / "index"
    first = library.build([cartridges], out)
    rows = np.array(first.rows)
    counts = played(monkeypatch)
    shutil.move(cartridges / "a.syx", cartridges / "renamed.syx")
    again = library.build([cartridges], out)
    assert not counts and len(again.voices) == 40
    presets.write_bank(cartridges / "new.syx", VOICES[38:48])
    (cartridges / "renamed.syx").unlink()
    grown = library.build([cartridges], out)
    # Nine new voices, and the init voice that fills the cartridge up.
    assert sum(counts) == 10
    assert len(grown.voices) == 32 + 10
    before = {v.tobytes()[:118]: row.tobytes() for v, row in zip(first.voices, rows, strict=True)}
    for voice, row in zip(grown.voices, grown.rows, strict=True):
        assert before.get(voice.tobytes()[:118], row.tobytes()) == row.tobytes()


def test_a_killed_run_goes_on(cartridges: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_CHUNK", 8)
    whole = library.build([cartridges], cartridges.parent / "whole")
    out = cartridges.parent / "index"
    render, calls = Renderer.render, []

    def dying(self: Renderer, voices: np.ndarray, *args: object, **kwargs: object) -> object:
        calls.append(len(voices))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return render(self, voices, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Renderer, "render", dying)
    with pytest.raises(KeyboardInterrupt):
        library.build([cartridges], out)
    assert not out.exists()
    (partial,) = out.parent.glob("index.partial*")
    with partial.open("ab") as file:
        file.write(b"half a record")
    index = library.build([cartridges], out)
    assert sum(calls[4:]) == 40 - 3 * 8
    np.testing.assert_array_equal(index.rows, whole.rows)
    np.testing.assert_array_equal(index.voices, whole.voices)
    assert not list(out.parent.glob("index.*"))


def test_recordings_are_found_by_sound(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in assets.sounds()[::12]:
        shutil.copy(path, tmp_path)
    (tmp_path / "broken.wav").write_text("no sound")
    wanted = assets.sounds()[24]
    sound, rate = soundfile.read(wanted, dtype="float32")
    soundfile.write(tmp_path.parent / "louder.wav", np.pad(0.5 * sound, (3000, 0)), rate)
    out = tmp_path.parent / "sounds-index"
    assert main(["index", str(tmp_path), "--out", str(out)]) == 0
    assert "broken.wav" in capsys.readouterr().out
    louder = str(tmp_path.parent / "louder.wav")
    assert main(["library", "find", louder, "--library", str(out), "--top", "2"]) == 0
    assert wanted.name in capsys.readouterr().out.splitlines()[0]
    assert library.Library.open(out).manifest["counts"]["recordings"] == 7
    heard = listen.listen(sound, rate)
    row = embedding.embed(heard.target[None], heard.note, heard.gate_s)[0]
    assert not library.Library.open(out).nearest(row, 3, recordings=False)


def test_stats_count_near_copies(
    cartridges: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copies = np.repeat(VOICES[50:51], 3, axis=0)
    copies[1, 14], copies[2, 14] = (copies[0, 14] + 1) % 100, (copies[0, 14] + 2) % 100
    presets.write_bank(cartridges / "copies.syx", np.concatenate([copies, VOICES[8:37]]))
    out = cartridges.parent / "index"
    library.build([cartridges], out)
    capsys.readouterr()
    assert main(["library", "stats", "--library", str(out)]) == 0
    told = dict(line.rsplit(None, 1) for line in capsys.readouterr().out.splitlines()[1:])
    told = {name.strip(): int(value) for name, value in told.items()}
    assert told["voices"] == 43 and told["silent"] == 1 and told["largest group"] >= 3


def test_cartridges_are_indexed_once_in_the_cache(
    cartridges: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (opened,) = library.open_libraries([cartridges / "a.syx"])
    assert len(opened.voices) == 9 and opened.path.parent == tmp_path / "cache" / "synthrl"
    counts = played(monkeypatch)
    library.open_libraries([cartridges / "a.syx"])
    assert not counts
    library.build([cartridges], library.default_index())
    (default,) = library.open_libraries([])
    assert len(default.voices) == 40


def test_what_is_no_index_is_left_alone(cartridges: pathlib.Path) -> None:
    for build, told in [
        (lambda: library.Library.open(cartridges), "no index here"),
        (lambda: library.build([cartridges], cartridges), "is no index"),
        (
            lambda: library.build([cartridges / "c.syx"], cartridges.parent / "x"),
            "nothing to index",
        ),
        (lambda: library.build([cartridges / "none"], cartridges.parent / "x"), "no such file"),
    ]:
        with pytest.raises(UserError, match=told):
            build()
    index = library.build([cartridges], cartridges.parent / "index")
    np.save(index.path / "rows.npy", np.zeros((3, 4), np.uint8))
    with pytest.raises(UserError, match="damaged"):
        library.Library.open(index.path)
    assert len(library.build([cartridges], index.path).rows) == 40
