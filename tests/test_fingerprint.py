"""Fingerprints: equal ones mean equal sounds, and most changes that are not heard keep them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from synthrl_jax import assets, breeding, presets, render
from synthrl_jax.errors import UserError
from synthrl_jax.render import Engine, Renderer

pytestmark = pytest.mark.native

VOICES = presets.read_sysex(assets.VOICES).voices
GENES = breeding.genes()
LENGTH_S = 0.6
GATE_S = 0.4


def play(player: Renderer, voices: NDArray[np.uint8]) -> NDArray[np.float32]:
    return player.render(voices, gate_s=GATE_S, length_s=LENGTH_S, fade_s=0.0)


def fingerprint(player: Renderer, voices: NDArray[np.uint8]) -> NDArray[np.uint64]:
    return player.fingerprint(voices, gate_s=GATE_S, length_s=LENGTH_S)


def changed(byte: int, value: int, voice: NDArray[np.uint8] = VOICES[0]) -> NDArray[np.uint8]:
    unpacked = render.unpack_voices(voice[None])
    unpacked[0, byte] = value
    return render.pack_voices(unpacked)[0]


@pytest.mark.parametrize("engine", ["mark1", "modern", "opl"])
def test_equal_fingerprints_mean_equal_sounds_and_mostly_the_reverse(engine: Engine) -> None:
    player = Renderer(engine=engine, threads=2)
    parents = np.repeat(VOICES[:120], 6, axis=0)
    rng = np.random.default_rng(0)
    genomes = breeding.mutate(rng, breeding.from_voices(parents), 0.05)
    children = breeding.to_voices(genomes, parents)
    same_sound = np.all(play(player, parents) == play(player, children), axis=1)
    same_print = fingerprint(player, parents) == fingerprint(player, children)
    assert not np.any(same_print & ~same_sound)
    assert np.sum(same_print) > 0.85 * np.sum(same_sound) > 80


def test_all_that_is_heard_is_in_it() -> None:
    """No two voices of a bank with an audible difference have the same fingerprint."""
    player = Renderer()
    noise = np.random.default_rng(0).integers(0, 256, (400, 128), np.uint8)
    voices = np.concatenate([VOICES, noise])
    _, sound = np.unique(play(player, voices), axis=0, return_inverse=True)
    prints = fingerprint(player, voices)
    for one in np.unique(prints):
        assert len(np.unique(sound[prints == one])) == 1
    assert len(np.unique(prints)) > 450


def test_it_depends_on_voice_note_and_times_alone() -> None:
    player = Renderer(threads=2)
    prints = fingerprint(player, VOICES)
    np.testing.assert_array_equal(fingerprint(Renderer(threads=1), VOICES[::-1])[::-1], prints)
    alone = [fingerprint(player, voice[None])[0] for voice in VOICES[:20]]
    np.testing.assert_array_equal(alone, prints[:20])
    np.testing.assert_array_equal(
        player.fingerprint(presets.to_values(VOICES), gate_s=GATE_S, length_s=LENGTH_S), prints
    )
    for other in ({"note": 61}, {"gate_s": 0.2}, {"velocity": 20}):
        arguments = {"gate_s": GATE_S, "length_s": LENGTH_S} | other
        assert np.mean(player.fingerprint(VOICES, **arguments) != prints) > 0.7


def test_what_is_not_heard_is_not_in_it() -> None:
    player = Renderer()
    name = presets.with_name(VOICES[0], "OTHER")
    level = int(GENES.byte[GENES.level[2]])
    off = changed(level, 0)
    # The rates of an operator that is turned down come to nothing.
    rates = changed(level - 16, 40, off)
    assert len(set(fingerprint(player, np.stack([VOICES[0], name])).tolist())) == 1
    assert len(set(fingerprint(player, np.stack([off, rates])).tolist())) == 1
    assert len(set(fingerprint(player, np.stack([VOICES[0], off])).tolist())) == 2


def test_settings_behind_the_engine_are_in_it() -> None:
    player = Renderer(stage="plugin")
    values = np.repeat(presets.to_values(VOICES[:1]), 3, axis=0)
    values[1, 0] = 0.4  # cutoff
    values[2, 2] = 0.7  # output
    assert len(set(player.fingerprint(values).tolist())) == 3


def test_bad_input_is_named() -> None:
    with pytest.raises(UserError, match="row 1, note"):
        Renderer().fingerprint(VOICES[:2], note=[60, 128])
    with pytest.raises(UserError, match=r"\[N, 128\]"):
        Renderer().fingerprint(VOICES[:2, :5])
    with pytest.raises(UserError, match="Dexed"):
        Renderer("surge").fingerprint(VOICES[:2])
    closed = Renderer()
    closed.close()
    with pytest.raises(RuntimeError, match="closed"):
        closed.fingerprint(VOICES[:2])
