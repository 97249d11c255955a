"""`synthrl compare`."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pytest
import soundfile

from synthrl_jax import audio, audio_files, reward
from synthrl_jax.cli import main


@pytest.fixture
def files(tmp_path: pathlib.Path) -> list[pathlib.Path]:
    rng = np.random.default_rng(0)
    paths = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for path, seconds in zip(paths, (1.0, 1.5), strict=True):
        soundfile.write(path, 0.3 * rng.uniform(-1, 1, round(22_050 * seconds)), 22_050)
    return paths


def test_prints_the_distances_of_the_padded_sounds(
    files: list[pathlib.Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *map(str, files), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    a, b = (audio_files.read_audio(path) for path in files)
    a = np.pad(a, (0, len(b) - len(a)))
    expected = reward.distances(a[None] / np.abs(a).max(), audio.peak_normalise_render(b[None]))
    assert list(scores) == [
        "spec_mae", "spectral_convergence", "mfcc13_mae", "mfcc40_mae", "reward"
    ]  # fmt: skip
    for name, value in expected._asdict().items():
        assert scores[name] == pytest.approx(float(value[0]), rel=1e-5)
    assert scores["reward"] == pytest.approx(float(reward.reward(expected)[0]), rel=1e-5)


def test_table_for_people(files: list[pathlib.Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(files[0]), str(files[0])]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5 and lines[-1].split()[:2] == ["reward", "10.0000"]


def test_bad_input_is_one_clear_line(
    files: list[pathlib.Path], capsys: pytest.CaptureFixture[str]
) -> None:
    text = files[0].with_name("text.wav")
    text.write_text("no sound")
    assert main(["compare", str(files[0]), str(text)]) == 2
    error = capsys.readouterr().err
    assert "text.wav" in error and "Traceback" not in error
