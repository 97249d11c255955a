"""`synthrl render`: which files it writes, what is in them, and what it says about bad input."""

import numpy as np
import pytest
import soundfile

from synthrl_jax import assets
from synthrl_jax.cli import main
from synthrl_jax.cli.render import output_paths, safe_name
from synthrl_jax.presets import read_sysex, with_name, write_bank
from synthrl_jax.render import Renderer

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def voices() -> np.ndarray:
    return read_sysex(assets.VOICES).voices[:32]


@pytest.fixture
def cartridge(tmp_path, voices):
    path = tmp_path / "carts" / "first.syx"
    path.parent.mkdir()
    write_bank(path, voices)
    return path


def render(*arguments: object) -> int:
    return main(["render", *map(str, arguments)])


def test_every_voice_becomes_a_float_wav(cartridge, tmp_path, voices):
    out = tmp_path / "wav"
    assert render(cartridge, "--out", out) == 0
    files = sorted((out / "first").iterdir())
    assert [f.name for f in files][:2] == ["01 Dark Tine.wav", "02 Mild Tine.wav"]
    assert len(files) == 32
    expected = Renderer("dexed", sample_rate=44100).render(voices)
    for path, sound in zip(files, expected, strict=True):
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (44100, 1, "FLOAT")
        np.testing.assert_array_equal(soundfile.read(path, dtype="float32")[0], sound)


def test_note_and_times_are_passed_on(cartridge, tmp_path, voices):
    flags = "--note 48 --velocity 100 --gate 0.5 --length 1.2 --sample-rate 22050"
    assert render(cartridge, "--out", tmp_path / "wav", *flags.split()) == 0
    sound = soundfile.read(tmp_path / "wav" / "first" / "05 Hard Tine.wav", dtype="float32")[0]
    expected = Renderer("dexed", sample_rate=22050).render(
        voices[4:5], note=48, velocity=100, gate_s=0.5, length_s=1.2
    )
    assert len(sound) == round(1.2 * 22050)
    np.testing.assert_array_equal(sound, expected[0])
    spectrum = np.abs(np.fft.rfft(sound[:11025] * np.hanning(11025)))
    assert np.argmax(spectrum) * 2 == pytest.approx(130.8, abs=3)


def test_bad_files_are_skipped_with_a_line_each(cartridge, tmp_path, capsys):
    (cartridge.parent / "notes.syx").write_bytes(b"hello")
    (cartridge.parent / "._first.syx").write_bytes(b"\x00\x05\x16\x07" + bytes(200))
    assert render(cartridge.parent, "--out", tmp_path / "wav", "--length", 0.2) == 0
    captured = capsys.readouterr()
    complaints = [line for line in captured.err.splitlines() if "no DX7 voices" in line]
    assert len(complaints) == 2
    assert "notes.syx: no DX7 voices" in captured.err
    assert "Apple resource fork" in captured.err
    assert captured.out.startswith("32 voices from 1 files written to ")
    assert [path.name for path in (tmp_path / "wav").iterdir()] == ["first"]


def test_cartridges_of_the_same_name_are_kept_apart(tmp_path, voices):
    for folder, name in (("a", "BANK.syx"), ("b", "bank.SYX")):
        (tmp_path / folder).mkdir()
        write_bank(tmp_path / folder / name, voices)
    out = tmp_path / "wav"
    assert render(tmp_path / "a", tmp_path / "b", "--out", out, "--length", 0.1) == 0
    assert sorted(path.name for path in out.iterdir()) == ["BANK", "bank (2)"]
    assert all(len(list(path.iterdir())) == 32 for path in out.iterdir())


def test_names_that_no_file_system_takes(tmp_path, voices):
    odd = [with_name(voices[0], name) for name in ("A/B\\C", "?*:<>|", "", "..", "CON")]
    write_bank(tmp_path / "odd.syx", odd)
    assert render(tmp_path / "odd.syx", "--out", tmp_path / "wav", "--length", 0.1) == 0
    names = sorted(path.name for path in (tmp_path / "wav" / "odd").iterdir())
    assert names[:3] == ["01 A_B_C.wav", "02 ______.wav", "03 untitled.wav"]
    assert names[3:5] == ["04 untitled.wav", "05 CON_.wav"]


def test_a_number_never_makes_a_new_collision(tmp_path):
    source = ["1/x.syx", "2/x (2).syx", "3/X.syx"]
    paths = output_paths(tmp_path, source, [1, 1, 1], ["N"] * 3)
    assert [path.parent.name for path in paths] == ["x", "x (2)", "X (3)"]


def test_slots_of_long_files_sort_as_numbers(tmp_path):
    paths = output_paths(tmp_path, ["y.syx", "x.syx", "x.syx"], [9, 7, 120], ["A", "B", "C"])
    assert [path.name for path in paths] == ["09 A.wav", "007 B.wav", "120 C.wav"]


@pytest.mark.parametrize(
    ("name", "safe"), [("ROM1A", "ROM1A"), ("a:b", "a_b"), (" . ", "untitled"), ("nul", "nul_")]
)
def test_safe_name(name, safe):
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--note", "128"], "--note 128"),
        (["--velocity", "0"], "--velocity 0"),
        (["--length", "0"], "--length 0.0"),
        (["--gate", "-1"], "--gate -1.0"),
        (["--sample-rate", "100"], "sample_rate must be between"),
    ],
)
def test_settings_out_of_range_are_refused(cartridge, tmp_path, capsys, flags, message):
    assert render(cartridge, "--out", tmp_path / "wav", *flags) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "wav").exists()


def test_missing_and_useless_paths_are_named(tmp_path, capsys):
    assert render(tmp_path / "nowhere", "--out", tmp_path / "wav") == 2
    assert "nowhere: no such file or folder" in capsys.readouterr().err
    (tmp_path / "text.syx").write_text("hello")
    assert render(tmp_path / "text.syx", "--out", tmp_path / "wav") == 2
    assert "text.syx: no DX7 voices" in capsys.readouterr().err


def test_output_that_cannot_be_a_folder(cartridge, tmp_path, capsys):
    blocker = tmp_path / "file"
    blocker.write_text("")
    assert render(cartridge, "--out", blocker) == 2
    assert f"--out {blocker}: cannot be written" in capsys.readouterr().err
