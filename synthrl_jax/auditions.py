"""Plays DX7 voices against a target for a search: whole, their beginnings, or not at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synthrl_jax import search
from synthrl_jax.audio import N_FFT, SAMPLE_RATE
from synthrl_jax.listen import FADE_S, Heard
from synthrl_jax.render import Renderer

VELOCITY = 85

_PREVIEW = 1 / 8
"""Share of a sound by which children are judged before they are played to the end …"""
_LOUD = 0.5
"""… or more, as it has to go on for half of that from where the sound reaches this level …"""
_LONGEST_PREVIEW = 1 / 4
"""… but where that is more than this share there is no preview."""
_FINGERPRINT_PRICE = 1 / 16
"""Of a render with its comparison, which take about so many times as long."""


def make_score(
    heard: Heard, threads: int = 0, *, fade_s: float = FADE_S, velocity: float = VELOCITY
) -> search.Score:
    """A function that plays voices at the note and compares them with the target."""
    renderer = Renderer("dexed", sample_rate=SAMPLE_RATE, threads=threads)
    targets = renderer.prepare_targets(heard.target[None])

    def score(voices: NDArray[np.uint8]) -> NDArray[np.float32]:
        return renderer.score(
            voices,
            targets,
            note=heard.note,
            velocity=velocity,
            gate_s=heard.gate_s,
            fade_s=fade_s,
        )

    return score


def make_preview(
    heard: Heard, threads: int = 0, *, velocity: float = VELOCITY
) -> search.Preview | None:
    """Compares the beginnings of voices with that of the target; None if it swells for long."""
    loud = np.argmax(np.abs(heard.target) >= _LOUD) / len(heard.target)
    share = max(_PREVIEW, float(loud) + _PREVIEW / 2)
    beginning = heard.target[: round(share * len(heard.target))]
    if share > _LONGEST_PREVIEW or len(beginning) <= N_FFT:
        return None
    beginning = beginning / np.max(np.abs(beginning))
    heard = heard._replace(target=beginning)
    return search.Preview(make_score(heard, threads, fade_s=0.0, velocity=velocity), share)


def make_fingerprint(
    heard: Heard, threads: int = 0, *, velocity: float = VELOCITY
) -> search.Fingerprint:
    """Tells voices that sound the same at the note of what was heard and for its times."""
    renderer = Renderer("dexed", sample_rate=SAMPLE_RATE, threads=threads)

    def fingerprints(voices: NDArray[np.uint8]) -> NDArray[np.uint64]:
        return renderer.fingerprint(
            voices,
            note=heard.note,
            velocity=velocity,
            gate_s=heard.gate_s,
            length_s=heard.length_s,
        )

    return search.Fingerprint(fingerprints, _FINGERPRINT_PRICE)
