"""A voice's neighbours: brighter, slower, longer … and little surprises."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthrl_jax import breeding, voice_sheet
from synthrl_jax.breeding import Genomes

_SURPRISE_SPREAD = 0.04


class Variation(NamedTuple):
    """A voice that is like another.

    Attributes:
      voice: [128] packed.
      change: what is different, such as "brighter".
    """

    voice: NDArray[np.uint8]
    change: str


def variations(voice: NDArray[np.uint8], count: int, seed: int = 0) -> list[Variation]:
    """Voices that differ gently from a packed voice [128] and from each other.

    Musical changes come first, then small ones drawn at random. Changes without effect on the
    parameters, such as a faster attack than the fastest, are left out.

    Args:
      voice: what they are like.
      count: how many.
      seed: of those drawn at random.
    """
    rng = np.random.default_rng(seed)
    genome = breeding.from_voices(voice[None])[0]
    found: dict[bytes, tuple[str, Genomes]] = {genome.tobytes(): ("", genome)}
    for change, changed in _musical(genome, voice_sheet.carriers(voice)):
        found.setdefault(changed.tobytes(), (change, changed))
    while len(found) <= count:
        changed = breeding.mutate(rng, genome[None], _SURPRISE_SPREAD)[0]
        found.setdefault(changed.tobytes(), ("a little different", changed))
    chosen = list(found.values())[1 : count + 1]
    voices = breeding.to_voices(
        np.array([changed for _, changed in chosen], np.int16).reshape(count, len(genome)),
        np.repeat(voice[None], count, axis=0),
    )
    return [Variation(v, change) for v, (change, _) in zip(voices, chosen, strict=True)]


def _musical(genome: Genomes, carriers: tuple[int, ...]) -> list[tuple[str, Genomes]]:
    return [
        ("brighter", breeding.brighten(genome, carriers, 5)),
        ("darker", breeding.brighten(genome, carriers, -6)),
        ("longer release", breeding.change_rates(genome, 4, -12)),
        ("shorter release", breeding.change_rates(genome, 4, 12)),
        ("softer attack", breeding.change_rates(genome, 1, -18)),
        ("harder attack", breeding.change_rates(genome, 1, 15)),
        ("slower decay", breeding.change_rates(genome, 2, -10)),
        ("faster decay", breeding.change_rates(genome, 2, 10)),
        ("detuned", breeding.detune(genome, 2)),
        ("more detuned", breeding.detune(genome, 5)),
    ]
