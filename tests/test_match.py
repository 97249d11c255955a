"""`synthrl match`: the voice that is written is the voice that was heard."""

from __future__ import annotations

import json
import pathlib
import re
import shutil

import dexed
import numpy as np
import pytest
import soundfile

from synthrl_jax import assets, checkpoint, match, presets, voice_sheet
from synthrl_jax.cli import main
from synthrl_jax.errors import UserError
from synthrl_jax.render import Renderer

pytestmark = pytest.mark.native

SOUND = assets.sounds()[0]


@pytest.fixture(scope="module")
def policy(tiny_run: pathlib.Path) -> checkpoint.LoadedPolicy:
    return checkpoint.load_policy(tiny_run)


@pytest.fixture(scope="module")
def sound() -> tuple[np.ndarray, int]:
    return soundfile.read(SOUND, dtype="float32")


def test_best_of_all_guesses_and_repeatable(
    policy: checkpoint.LoadedPolicy, sound: tuple[np.ndarray, int]
) -> None:
    result = match.match(*sound, policy, num_samples=40, seed=3)
    assert len(result.curve) == 41 and np.all(np.diff(result.curve) >= 0)
    assert result.scores["reward"] == pytest.approx(result.curve[-1], rel=1e-5)
    again = match.match(*sound, policy, num_samples=40, seed=3)
    np.testing.assert_array_equal(again.voice, result.voice)
    single = match.match(*sound, policy, num_samples=0)
    assert single.curve[0] == pytest.approx(result.curve[0], rel=1e-5)


def test_any_rate_and_channel_count_is_the_same_sound(sound: tuple[np.ndarray, int]) -> None:
    mono, rate = sound
    target = match.prepare_target(mono, rate)
    assert target.shape == (88_200,) and np.abs(target).max() == pytest.approx(1.0)
    late = np.concatenate([np.zeros((5000, 2), np.float32), np.stack([mono, mono], axis=1)])
    np.testing.assert_allclose(
        match.prepare_target(late, rate)[:40_000], target[:40_000], atol=1e-5
    )


def test_sounds_that_are_none() -> None:
    for bad, reason in ((np.zeros(1000), "silent"), (np.zeros(0), "empty"), ([np.nan], "empty")):
        with pytest.raises(UserError, match=reason):
            match.prepare_target(np.asarray(bad, np.float32), 22_050)


def test_command_writes_a_voice_that_sounds_like_its_wav(
    tiny_run: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    out = tmp_path / "new" / "patch.syx"
    arguments = ["match", str(SOUND), "--run", str(tiny_run), "--out", str(out), "--samples", "7"]
    assert main(arguments) == 0
    assert out.stat().st_size == 163
    voice = presets.read_sysex(out).voices
    heard, rate = soundfile.read(out.with_suffix(".wav"), dtype="float32")
    assert rate == 22_050
    np.testing.assert_array_equal(Renderer().render(voice)[0], heard)
    assert presets.voice_name(voice[0]) == SOUND.stem[:10]
    peer = dexed.Patch.from_sysex(np.frombuffer(out.read_bytes()[6:161] + b"\x3f", np.uint8))
    assert bytes(peer.to_packed()) == bytes(voice[0])
    scores = json.loads(out.with_suffix(".json").read_text())
    assert {"spec_mae", "spectral_convergence", "mfcc13_mae", "mfcc40_mae"} <= scores.keys()
    assert scores["renders"] == 8
    page = out.with_suffix(".html").read_text()
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)
    assert "<svg" in page and "Algorithm" in page
    assert (tmp_path / "new" / "patch-target.wav").is_file()


def test_bad_input_is_one_clear_line(
    tiny_run: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, zeros = tmp_path / "text.wav", tmp_path / "zeros.wav"
    text.write_text("no sound")
    soundfile.write(zeros, np.zeros(1000), 22_050)
    own = tmp_path / "own.wav"
    shutil.copy(SOUND, own)
    run = ["--run", str(tiny_run)]
    for arguments, told in [
        ([str(text), *run], "text.wav: not an audio file"),
        ([str(zeros), *run], "zeros.wav: silent"),
        ([str(SOUND), "--run", str(tmp_path / "none")], "no such run folder"),
        ([str(SOUND), *run, "--out", str(tmp_path / "x.wav")], "must be a .syx"),
        ([str(own), *run, "--out", str(own.with_suffix(".syx"))], "would replace the sound itself"),
    ]:
        assert main(["match", *arguments]) == 2
        error = capsys.readouterr().err
        assert told in error and len(error.splitlines()) == 1


def test_algorithms_are_those_of_the_manual() -> None:
    """A sample of the wiring printed on the DX7's panel."""
    algorithms = voice_sheet.algorithms()
    assert algorithms[4] == voice_sheet.Algorithm((1, 3, 5), {2: (1,), 4: (3,), 6: (5,)}, 6)
    assert algorithms[7].feedback == 4 and algorithms[7].modulates[5] == (3,)
    assert algorithms[15].modulates == {2: (1,), 3: (1,), 5: (1,), 4: (3,), 6: (5,)}
    assert algorithms[20] == voice_sheet.Algorithm((1, 2, 4, 5), {3: (1, 2), 6: (4, 5)}, 3)
    assert algorithms[31] == voice_sheet.Algorithm((1, 2, 3, 4, 5, 6), {}, 6)


def test_carriers_are_the_ones_that_dexed_py_knows() -> None:
    for number, algorithm in enumerate(voice_sheet.algorithms()):
        # dexed-py counts operators in voice order, OP6 first, or from 0: compare how many.
        assert len(algorithm.carriers) == len(dexed.get_carriers(number)), number + 1


@pytest.mark.parametrize("number", range(1, 33))
def test_every_algorithm_is_drawn_without_overlap(number: int) -> None:
    svg = voice_sheet.algorithm_svg(number)
    boxes = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)"', svg)
    corners = [(float(x), float(y)) for x, y in boxes]
    assert len(corners) == 6
    for i, (x0, y0) in enumerate(corners):
        for x1, y1 in corners[i + 1 :]:
            assert abs(x0 - x1) >= 34 or abs(y0 - y1) >= 34


def test_sheet_shows_native_numbers() -> None:
    voice = presets.init_voice().copy()
    voice[5 * 17 + 15], voice[5 * 17 + 16] = 3 << 1, 50  # OP1: ratio 3 × 1.5
    voice[4 * 17 + 15], voice[4 * 17 + 16] = 1 | 2 << 1, 0  # OP2: fixed at 100 Hz
    sheet = voice_sheet.voice_sheet(presets.with_name(voice, "HELLO"))
    assert sheet.name == "HELLO" and sheet.algorithm == 1
    first, second = sheet.operators[:2]
    assert (first.frequency, second.frequency) == ("× 4.5", "100 Hz")
    assert first.carrier and not second.carrier and first.level == 99
    assert first.rates == (99, 99, 99, 99) and first.levels == (99, 99, 99, 0)
