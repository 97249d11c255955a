"""Bundled voices and sounds: reproducible, audible, varied, and like what their names say."""

import importlib.util
import pathlib
import sys

import dexed
import librosa
import numpy as np
import pytest
import soundfile

from synthrl_jax import assets
from synthrl_jax.presets import deduplicate, read_sysex, voice_name

pytestmark = pytest.mark.native

SAMPLE_RATE = 22050
SCRIPTS = pathlib.Path(__file__).resolve().parent.parent / "scripts"


def load_script(name: str):
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_voices = load_script("make_voices")
make_sounds = load_script("make_sounds")


def level_db(audio: np.ndarray, start_s: float, length_s: float = 0.1) -> np.ndarray:
    """Root mean square of a stretch of sound in decibels."""
    start = int(start_s * SAMPLE_RATE)
    stretch = audio[..., start : start + int(length_s * SAMPLE_RATE)]
    return 10 * np.log10(np.mean(stretch**2, axis=-1) + 1e-12)


def centroid_hz(audio: np.ndarray) -> np.ndarray:
    """Mean frequency of the magnitude spectrum of the first second."""
    magnitude = np.abs(np.fft.rfft(audio[..., :SAMPLE_RATE] * np.hanning(SAMPLE_RATE)))
    return np.sum(magnitude * np.arange(magnitude.shape[-1]), -1) / np.sum(magnitude, -1)


def distances(audio: np.ndarray) -> np.ndarray:
    """[N, N] mean difference of log-mel spectrograms in decibels where either sound is heard."""
    audio = audio / np.max(np.abs(audio), axis=1, keepdims=True)
    mel = librosa.feature.melspectrogram(
        y=audio, sr=SAMPLE_RATE, n_fft=1024, hop_length=1024, n_mels=48
    )
    log_mel = 10 * np.log10(mel + 1e-4).reshape(len(audio), -1)
    heard = log_mel > -35
    rows = [
        np.abs(log_mel - row).sum(axis=1) / np.maximum((heard | mask).sum(axis=1), 1)
        for row, mask in zip(log_mel, heard, strict=True)
    ]
    return np.stack(rows)


@pytest.fixture(scope="module")
def voices() -> np.ndarray:
    return read_sysex(assets.VOICES).voices


@pytest.fixture(scope="module")
def rendered(voices) -> np.ndarray:
    """[320, S] the voices as dexed-py plays them; full scale of the plugin is 8."""
    synth = dexed.DexedSynth(SAMPLE_RATE)
    audio = []
    for voice in voices:
        synth.load_patch(dexed.Patch.from_packed(voice.tobytes()))
        audio.append(synth.render(60, 85, 3.0, 4.0))
    return np.stack(audio) / 8


@pytest.fixture(scope="module")
def sounds() -> dict[str, np.ndarray]:
    return {path.stem: soundfile.read(path, dtype="float32")[0] for path in assets.sounds()}


@pytest.fixture(scope="module")
def family(voices, rendered):
    """Sounds of a recipe: [4 instruments, 5 grades, S]."""
    recipes = [recipe.__name__ for recipe, _ in make_voices.FAMILIES]

    def select(name: str) -> np.ndarray:
        return rendered.reshape(16, 4, 5, -1)[recipes.index(name)]

    return select


# Voices


def test_voices_are_what_the_script_makes():
    assert make_voices.bank_file(make_voices.make_voices()) == assets.VOICES.read_bytes()


def test_another_seed_makes_other_voices(voices):
    assert not np.array_equal(make_voices.make_voices(seed=8), voices)


def test_voices_are_read_without_complaint():
    bank = read_sysex(assets.VOICES)
    assert bank.voices.shape == (320, 128)
    assert bank.issues == []


def test_every_voice_byte_is_in_range(voices):
    for voice in voices:  # dexed-py clamps what is out of range
        assert dexed.Patch.from_packed(voice.tobytes()).to_packed() == voice.tobytes()


def test_voices_have_names_of_their_own(voices):
    assert len({voice_name(voice) for voice in voices}) == 320


def test_voices_differ(voices, rendered):
    assert len(deduplicate(voices)) == 320
    between = distances(rendered)
    np.fill_diagonal(between, np.inf)
    assert between.min() > 1.0
    assert np.median(between.min(axis=1)) > 1.5


def test_voices_are_audible_and_unclipped(rendered):
    peak = np.max(np.abs(rendered), axis=1)
    assert np.all(np.isfinite(rendered))
    assert peak.min() > 0.05
    assert peak.max() < 0.75


def test_grades_are_grades_of_brightness(rendered):
    brightness = np.log2(centroid_hz(rendered)).reshape(64, 5).mean(axis=0)
    assert np.all(np.diff(brightness) > 0.05)


@pytest.mark.parametrize("name", ["organ", "lead", "reed", "flute", "choir", "bowed_string"])
def test_held_families_sound_until_the_key_is_released(family, name):
    audio = family(name)
    assert np.all(np.abs(level_db(audio, 2.4, 0.5) - level_db(audio, 1.2, 0.5)) < 6)
    assert np.all(level_db(audio, 3.9) < level_db(audio, 2.8) - 20)


@pytest.mark.parametrize("name", ["electric_piano", "bell", "mallet", "plucked_string", "keyboard"])
def test_struck_families_die_away(family, name):
    audio = family(name)
    assert np.all(level_db(audio, 0.0, 0.3) > level_db(audio, 1.0, 0.5) + 3)
    assert np.all(level_db(audio, 1.0, 0.5) > level_db(audio, 2.4, 0.5) + 3)


def test_drums_are_short(family):
    assert np.all(level_db(family("drum"), 1.5) < level_db(family("drum"), 0.0) - 30)


def test_pads_fade_in(family):
    assert np.all(level_db(family("pad"), 0.02, 0.05) < level_db(family("pad"), 1.5, 0.5) - 6)


def test_bass_is_an_octave_down(family):
    spectrum = np.abs(np.fft.rfft(family("bass")[..., :SAMPLE_RATE]))
    octave_down, key = spectrum[..., 125:137].max(-1), spectrum[..., 12:110].max(-1)
    assert np.all(octave_down > 10 * key)


def test_level_helpers_match_the_synthesizer():
    # 65 dB/s is rate 50 in the envelope formulas; index 4 pi is full level, 8 steps an octave.
    assert make_voices.decay_rate(65) == 50
    assert make_voices.index_level(4 * np.pi) == 99
    assert make_voices.index_level(2 * np.pi) == 91


# Sounds


def test_sounds_are_what_the_script_makes():
    for number, recipe in enumerate(make_sounds.FAMILIES):
        for variant in range(make_sounds.SOUNDS_PER_FAMILY):
            path = assets.SOUNDS / f"{recipe.__name__}_{variant + 1}.flac"
            stored = soundfile.read(path, dtype="int16")[0].astype(int)
            made = make_sounds.make_sound(number, variant).astype(int)
            assert np.max(np.abs(made - stored)) <= 1, path.name


def test_sounds_have_the_documented_format():
    paths = assets.sounds()
    assert len(paths) == 72
    for path in paths:
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.frames) == (SAMPLE_RATE, 1, 88200)
        assert (info.format, info.subtype) == ("FLAC", "PCM_16")


def test_bundle_is_small():
    files = [assets.VOICES, *assets.sounds()]
    assert sum(path.stat().st_size for path in files) < 6_000_000


def test_sounds_differ(sounds):
    between = distances(np.stack(list(sounds.values())))
    np.fill_diagonal(between, np.inf)
    assert between.min() > 1.0


def test_sounds_peak_at_half_scale_and_end_in_silence(sounds):
    for name, sound in sounds.items():
        assert np.max(np.abs(sound)) == pytest.approx(0.5, abs=1e-3), name
        assert abs(sound.mean()) < 1e-2, name
        assert np.all(np.abs(sound[-3:]) < 1e-3), name
        assert level_db(sound, 3.9) < level_db(sound, 0.0, 3.0) - 3, name


@pytest.mark.parametrize("kind", ["subtractive", "plucked", "wind", "vocal"])
def test_pitched_sounds_are_middle_c(sounds, kind):
    # The spectrum is folded onto 261.63 Hz: its harmonics must hold nearly all the energy.
    for variant in range(1, 10):
        sound = sounds[f"{kind}_{variant}"][: 2 * SAMPLE_RATE]
        energy = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
        frequency_hz = np.arange(len(energy)) / 2
        harmonic = np.maximum(np.rint(frequency_hz / 261.626), 1)
        cents = np.abs(1200 * np.log2(np.maximum(frequency_hz, 1) / (261.626 * harmonic)))
        assert np.sum(energy[cents < 50]) > 0.85 * np.sum(energy), variant


def test_noise_is_noise(sounds):
    for variant in range(1, 10):
        noise, tone = sounds[f"noise_{variant}"], sounds[f"organ_{variant}"]
        flatness = [
            np.median(librosa.feature.spectral_flatness(y=x[SAMPLE_RATE // 10 : SAMPLE_RATE]))
            for x in (noise, tone)
        ]
        assert flatness[0] > 5 * flatness[1], variant
