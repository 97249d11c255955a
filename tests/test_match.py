"""`synthrl match`: the voice that is written is the voice that was heard."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import unittest.mock

import dexed
import numpy as np
import pytest
import soundfile

from synthrl_jax import (
    assets,
    auditions,
    checkpoint,
    library,
    listen,
    match,
    match_files,
    presets,
    voice_sheet,
)
from synthrl_jax.cli import main
from synthrl_jax.render import Renderer
from synthrl_jax.search import REWARD, Budget

pytestmark = [pytest.mark.native, pytest.mark.usefixtures("compile_carelessly")]

SOUND = assets.sounds()[27]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """An index of 64 bundled voices."""
    folder = tmp_path_factory.mktemp("library")
    bank = presets.read_sysex(assets.VOICES).voices
    presets.write_bank(folder / "one.syx", bank[:32])
    presets.write_bank(folder / "two.syx", bank[160:192])
    return library.build([folder], folder / "index").path


@pytest.fixture(scope="module")
def opened(index: pathlib.Path) -> library.Library:
    return library.Library.open(index)


@pytest.fixture(scope="module")
def heard() -> listen.Heard:
    """A voice of the library, played elsewhere and for less long."""
    voice = presets.read_sysex(assets.VOICES).voices[170:171]
    sound = Renderer().render(voice, note=53, gate_s=0.6, length_s=1.0)[0]
    return listen.listen(0.2 * sound, 22_050, note=53, gate_s=0.6)


def test_a_voice_of_the_library_is_found_at_another_note(
    opened: library.Library, heard: listen.Heard
) -> None:
    result = match.match_heard(heard, [opened], budget=Budget(renders=150), count=4)
    assert result.best.scores["spectral_convergence"] < 0.2
    assert len(result.curve) == 150 and np.all(np.diff(result.curve) >= 0)
    assert result.best.scores["reward"] == pytest.approx(result.curve[-1])
    voice = presets.read_sysex(assets.VOICES).voices[170]
    assert any(np.array_equal(m.voice, voice) for m in result.nearest[:3])


def test_search_beats_the_library_and_repeats(opened: library.Library) -> None:
    strange = listen.listen(*soundfile.read(SOUND, dtype="float32"))
    results = [
        match.match_heard(strange, [opened], budget=Budget(renders=400), count=6, seed=s)
        for s in (0, 0)
    ]
    looked_up = np.array([m.voice for m in results[0].nearest])
    best = auditions.make_score(strange)(looked_up)[:, REWARD].max()
    assert results[0].best.scores["reward"] > best
    for one, other in zip(results[0].candidates, results[1].candidates, strict=True):
        np.testing.assert_array_equal(one.voice, other.voice)
    kinds = [c.kind for c in results[0].candidates]
    assert kinds[0] == "best" and len(presets.deduplicate(looked_up)) == len(looked_up)
    voices = np.array([c.voice for c in results[0].candidates])
    assert len(presets.deduplicate(voices)) == 6


def test_policy_adds_its_guesses(
    tiny_run: pathlib.Path, opened: library.Library, heard: listen.Heard
) -> None:
    policy = checkpoint.load_policy(tiny_run)
    guesses = match.policy_guesses(policy, heard, 5, seed=3)
    assert guesses.shape == (5, 128)
    np.testing.assert_array_equal(guesses, match.policy_guesses(policy, heard, 5, seed=3))
    assert not np.array_equal(guesses, match.policy_guesses(policy, heard, 5, seed=4))
    np.testing.assert_array_equal(guesses[0], match.policy_guesses(policy, heard, 1, seed=9)[0])
    alone = match.match_heard(heard, [], policy=policy, budget=Budget(renders=70), count=2)
    assert len(alone.curve) == 70 and not alone.nearest
    score = auditions.make_score(heard)(guesses[:1])[0, REWARD]
    assert alone.curve[0] == pytest.approx(score)


def test_a_policy_is_not_asked_where_there_is_no_time(
    opened: library.Library, heard: listen.Heard
) -> None:
    asked = unittest.mock.NonCallableMock(spec=checkpoint.LoadedPolicy)
    result = match.match_heard(heard, [opened], policy=asked, budget=Budget(seconds=0.1), count=1)
    assert len(result.curve) >= 1 and not asked.mock_calls


def test_names_tell_sound_and_place() -> None:
    assert match.voice_name("glass harp", 0) == "glass harp"
    assert match.voice_name("glass harp", 8) == "glass h 09"
    assert match.voice_name("A", 31) == "A 32"


def test_command_writes_what_was_heard(index: pathlib.Path, tmp_path: pathlib.Path) -> None:
    out = tmp_path / "new" / "match"
    arguments = ["match", str(SOUND), "--library", str(index), "--out", str(out)]
    assert main([*arguments, "--budget", "100"]) == 0
    bank = (out / f"{SOUND.stem}.syx").read_bytes()
    assert len(bank) == 4104
    assert bank[:6] == bytes.fromhex("f04300092000") and bank[-1] == 0xF7
    assert max(bank[6:-1]) < 128 and sum(bank[6:-1]) % 128 == 0
    voices = np.frombuffer(bank[6:-2], np.uint8).reshape(32, 128)
    scores = json.loads((out / "scores.json").read_text())
    assert scores["renders"] == 100 and len(scores["voices"]) == 32
    assert scores["curve"][-1][1] == pytest.approx(scores["voices"][0]["reward"], abs=1e-4)
    assert [v["kind"] for v in scores["voices"]].index("variation") > 1
    heard = scores["heard"]
    singles = sorted((out / "voices").glob("*.syx"))
    sounds = sorted((out / "voices").glob("*.wav"))
    assert len(singles) == len(sounds) == 32
    played = Renderer(sample_rate=44_100).render(
        voices,
        note=heard["note"],
        gate_s=listen.listen(*soundfile.read(SOUND, dtype="float32")).gate_s,
        length_s=soundfile.info(sounds[0]).duration,
    )
    for i, (path, wav) in enumerate(zip(singles, sounds, strict=True)):
        single = path.read_bytes()
        assert len(single) == 163
        peer = dexed.Patch.from_sysex(np.frombuffer(single[6:161] + b"\x3f", np.uint8))
        assert bytes(peer.to_packed()) == bytes(voices[i])
        assert presets.voice_name(voices[i]) == scores["voices"][i]["name"] == path.stem[3:]
        np.testing.assert_array_equal(soundfile.read(wav, dtype="float32")[0], played[i])
    page = (out / "index.html").read_text()
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)
    assert "<svg" in page and "Algorithm" in page and page.count("<audio") == 4 * 2 + 1 + 28
    assert (out / "target.wav").is_file()
    # Again with fewer voices: nothing of the first time is left.
    assert main([*arguments, "--budget", "40", "--top", "2"]) == 0
    assert len(list((out / "voices").iterdir())) == 4


def test_bad_input_is_one_clear_line(
    index: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, zeros = tmp_path / "text.wav", tmp_path / "zeros.wav"
    text.write_text("no sound")
    soundfile.write(zeros, np.zeros(1000), 22_050)
    own = tmp_path / "own" / "own.wav"
    own.parent.mkdir()
    shutil.copy(SOUND, own)
    library_ = ["--library", str(index)]
    for arguments, told in [
        ([str(text), *library_], "text.wav: not an audio file"),
        ([str(zeros), *library_], "zeros.wav: the sound is silent"),
        ([str(SOUND), "--run", str(tmp_path / "none")], "no such run folder"),
        ([str(SOUND), "--out", str(tmp_path / "x.syx")], "--out is a folder"),
        ([str(own), "--out", str(own.parent)], "holds other things"),
        ([str(SOUND), "--library", str(tmp_path / "none")], "no such file or folder"),
        ([str(SOUND), "--note", "128"], "a MIDI note is 0 to 127"),
        ([str(SOUND), "--top", "33"], "1 to 32"),
    ]:
        assert main(["match", *arguments]) == 2
        error = capsys.readouterr().err
        assert told in error and len(error.splitlines()) == 1
    with pytest.raises(SystemExit):
        main(["match", str(SOUND), "--budget", "soon"])
    assert "neither seconds (10s)" in capsys.readouterr().err


def test_results_do_not_replace_the_sound(tmp_path: pathlib.Path) -> None:
    (tmp_path / match_files.SCORES).write_text("{}")
    with pytest.raises(ValueError, match="lies within"):
        match_files.check_out(tmp_path, tmp_path / "target.wav")
    match_files.check_out(tmp_path, tmp_path.parent / "sound.wav")


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
