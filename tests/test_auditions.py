"""How a search hears voices: each way at the note of the target, and for its times."""

from __future__ import annotations

import numpy as np
import pytest

from synthrl_jax import assets, auditions, listen, presets
from synthrl_jax.render import Renderer, pack_voices, unpack_voices
from synthrl_jax.search import REWARD

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def heard() -> listen.Heard:
    voice = presets.read_sysex(assets.VOICES).voices[170:171]
    sound = Renderer().render(voice, note=53, gate_s=0.6, length_s=1.0)[0]
    return listen.listen(0.2 * sound, 22_050, note=53, gate_s=0.6)


def test_a_preview_is_of_the_beginning_that_is_loud() -> None:
    voice = presets.read_sysex(assets.VOICES).voices[170:171]
    sound = Renderer().render(voice, note=53, gate_s=0.6, length_s=1.0, fade_s=0.1)[0]
    heard = listen.Heard(sound / np.max(np.abs(sound)), 53, 0.6, 0.0, ())
    preview = auditions.make_preview(heard)
    assert preview is not None and preview.price == 1 / 8
    # The beginning of the same voice is the same sound, and the end of it does not matter.
    assert preview.score(voice)[0, REWARD] > 9
    unpacked = unpack_voices(voice)
    unpacked[:, [21 * i + 3 for i in range(6)]] = 0  # last rate of each envelope
    released = pack_voices(unpacked)
    score = auditions.make_score(heard)
    assert not np.array_equal(score(released), score(voice))
    np.testing.assert_array_equal(preview.score(released), preview.score(voice))
    # Nor does it matter whether the sound gets louder after it.
    target = heard.target * np.where(np.arange(len(heard.target)) < len(heard.target) / 2, 0.6, 1)
    louder = auditions.make_preview(heard._replace(target=target.astype(np.float32)))
    assert louder is not None and louder.score(voice)[0, REWARD] > 9


def test_a_preview_goes_on_until_a_sound_has_swollen(heard: listen.Heard) -> None:
    size = len(heard.target)
    swell = np.minimum(1, np.linspace(0, 5, size)).astype(np.float32)
    late = heard._replace(target=heard.target / np.max(np.abs(heard.target)) * swell)
    preview = auditions.make_preview(late)
    assert preview is not None and 1 / 8 < preview.price <= 1 / 4
    slow = np.linspace(0, 1, size, dtype=np.float32)
    assert auditions.make_preview(heard._replace(target=np.sin(np.arange(size)) * slow)) is None
    short = heard._replace(target=heard.target[:4000])
    assert auditions.make_preview(short) is None


def test_a_fingerprint_is_of_the_note_and_its_times() -> None:
    voices = presets.read_sysex(assets.VOICES).voices[:40]
    heard = listen.Heard(np.ones(22_050, np.float32), 53, 0.6, 0.0, ())
    prints = auditions.make_fingerprint(heard).of(voices)
    expected = Renderer().fingerprint(voices, note=53, velocity=85, gate_s=0.6, length_s=1.0)
    np.testing.assert_array_equal(prints, expected)
    softer = auditions.make_fingerprint(heard, velocity=30).of(voices)
    assert np.mean(softer != prints) > 0.5


def test_velocity_is_heard_in_scores_and_previews(heard: listen.Heard) -> None:
    voices = presets.read_sysex(assets.VOICES).voices[:40]
    usual, softer = auditions.make_score(heard), auditions.make_score(heard, velocity=30)
    assert np.mean(usual(voices)[:, REWARD] != softer(voices)[:, REWARD]) > 0.5
    beginning = auditions.make_preview(heard)
    softer_beginning = auditions.make_preview(heard, velocity=30)
    assert beginning is not None and softer_beginning is not None
    differs = beginning.score(voices)[:, REWARD] != softer_beginning.score(voices)[:, REWARD]
    assert np.mean(differs) > 0.5
