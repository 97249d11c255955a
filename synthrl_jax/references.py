"""Voices of a library that sound like a target, for a policy to begin from."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from synthrl_jax import audio, data, embedding, presets
from synthrl_jax.actions import ActionSpace
from synthrl_jax.progress import ProgressBar
from synthrl_jax.render import Renderer
from synthrl_jax.types import Array, Reference

NUM_NEAREST = 8
"""Voices that are kept for each target."""
_EMBED_CHUNK = 256


@dataclasses.dataclass(frozen=True)
class References:
    """The voices of a library that are nearest to each of a list of sounds.

    Attributes:
      voices: [M, 128] uint8 packed, of the library.
      nearest: [N, C] int32 rows of `voices`, nearest first; -1 where there are not so many.
    """

    voices: NDArray[np.uint8]
    nearest: NDArray[np.int32]

    def best(self, rows: NDArray[np.integer]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """The nearest voice [n, 128] of each of n sounds, and [n] whether there is one."""
        return self._voices(self.nearest[rows, 0])

    def draw(
        self, rng: np.random.Generator, rows: NDArray[np.integer]
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """One of the nearer voices [n, 128] of each of n sounds, and [n] whether there is one."""
        rank = rng.random(len(rows)) ** 2 * self.nearest.shape[1]
        return self._voices(self.nearest[rows, rank.astype(np.intp)])

    def _voices(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        return self.voices[rows], rows >= 0


def find_references(
    sounds: data.Dataset,
    rows: NDArray[np.int64],
    library: data.Dataset,
    library_rows: NDArray[np.int64],
) -> References:
    """The nearest voices of some sounds.

    A sound that is one of the library's is not given its near-copies, lest a policy learn that its
    reference is the answer.

    Args:
      sounds: dataset of the targets.
      rows: [N] which of them.
      library: dataset of kind "dexed".
      library_rows: [M] which of its voices.
    """
    same = sounds.path.resolve() == library.path.resolve()
    title = f"nearest voices of {sounds.path.name}"
    itself = same and np.array_equal(rows, library_rows)
    embedded = len(library_rows) + (0 if itself else len(rows))
    with ProgressBar(title, embedded + len(rows)) as progress:
        table = embed_rows(library, library_rows, progress)
        wanted = table if itself else embed_rows(sounds, rows, progress)
        groups = (library.cluster[library_rows], sounds.cluster[rows]) if same else None
        found = embedding.nearest(table, wanted, NUM_NEAREST, groups, progress.advance)
    nearest = np.full((len(rows), NUM_NEAREST), -1, np.int32)
    nearest[:, : found.shape[1]] = found
    return References(library.voices()[library_rows], nearest)


def embed_rows(
    dataset: data.Dataset, rows: NDArray[np.int64], progress: ProgressBar | None = None
) -> embedding.Rows:
    """[n, WIDTH] how sounds of a dataset sound, see `embedding`; tells a bar how far it is."""
    note, _, gate_s = dataset.played
    blocks = [np.empty((0, embedding.WIDTH), np.uint8)]
    for start in range(0, len(rows), _EMBED_CHUNK):
        chunk = rows[start : start + _EMBED_CHUNK]
        order = np.argsort(chunk)  # as they lie on the disk
        embedded = embedding.embed(dataset.audio[chunk[order]], round(note), gate_s)
        blocks.append(embedded[np.argsort(order)])
        if progress is not None:
            progress.advance(len(chunk))
    return np.concatenate(blocks)


def make_reference(
    voices: NDArray[np.uint8],
    there: NDArray[np.bool_],
    played: Array,
    *,
    renderer: Renderer,
    action_space: ActionSpace,
    labels: data.LabelKind,
) -> Reference:
    """Voices as references: played like their targets, and told as labels are.

    Args:
      voices: [B, 128] packed.
      there: [B] false where there is none.
      played: [B, 3] MIDI key, velocity and gate in seconds.
      renderer: of Dexed, at 22 050 Hz.
      action_space: of the actions.
      labels: see `data.labels_of`.
    """
    values = presets.to_values(presets.with_ratios_transposed(voices))
    played = np.asarray(played)
    note, velocity, gate_s = played.T
    sounds = renderer.render(values, note=note, velocity=velocity, gate_s=gate_s)
    audio.divide_by_peak(sounds)
    told = data.described(values, played, labels)
    action = action_space.from_values(told)
    return Reference(
        audio=sounds,
        values=np.where(there[:, None], told, np.nan).astype(np.float32),
        action=np.where(there[:, None], action, -1).astype(np.int32),
    )
