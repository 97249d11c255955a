"""DX7 voices for sounds whose parameters nobody knows: found by search, so that they can be taught.

They are kept in the folder of a dataset, beside its audio. A row that was not searched for yet has
scores of -inf, which is how a run that was killed finds its place again.
"""

from __future__ import annotations

import json
import pathlib
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from synthrl_jax import auditions, embedding, presets, search
from synthrl_jax.data import Dataset
from synthrl_jax.errors import UserError
from synthrl_jax.listen import Heard
from synthrl_jax.progress import ProgressBar
from synthrl_jax.references import embed_rows
from synthrl_jax.render import SCORE_COLUMNS

VOICES = "found_voices.npy"
SCORES = "found_scores.npy"
RECIPE = "found.json"
PER_SOUND = 4
"""Voices that are kept for each sound, best first."""

_FIRST = 48
_POOL = 300


class PseudoLabels(NamedTuple):
    """What was found for the N sounds of a dataset.

    Attributes:
      voices: [N, M, 128] uint8 packed, best first.
      scores: [N, M, 5] float32, the columns of `SCORE_COLUMNS`; -inf where there is no voice.
    """

    voices: NDArray[np.uint8]
    scores: NDArray[np.float32]

    @classmethod
    def open(cls, dataset: Dataset, *, writable: bool = False) -> Self:
        """Maps what was found for a dataset.

        Raises:
          UserError: nothing there, or for other sounds.
        """
        mode = "r+" if writable else "r"
        try:
            recipe = json.loads((dataset.path / RECIPE).read_text(encoding="utf-8"))
            voices, scores = (np.load(dataset.path / n, mmap_mode=mode) for n in (VOICES, SCORES))
        except (OSError, ValueError) as error:
            raise UserError(
                f"{dataset.path}: no voices were found for these sounds yet; run `synthrl label`"
            ) from error
        if recipe.get("sounds") != dataset.fingerprint() or len(voices) != len(dataset):
            raise UserError(
                f"{dataset.path}: the voices were found for other sounds; delete {RECIPE} and run "
                "`synthrl label` again"
            )
        return cls(voices, scores)

    @property
    def found(self) -> NDArray[np.bool_]:
        """[N] which sounds have a voice."""
        return np.isfinite(self.scores[:, 0, search.REWARD])


def label(
    dataset: Dataset,
    rows: NDArray[np.int64],
    voices: Dataset,
    voice_rows: NDArray[np.int64],
    *,
    renders: int,
    seed: int = 0,
    threads: int = 0,
) -> PseudoLabels:
    """Searches a voice for sounds that have none yet, and keeps what it finds as it goes.

    Args:
      dataset: of the sounds.
      rows: [n] which of them.
      voices: dataset of kind "dexed" whose voices the searches start from.
      voice_rows: [m] which of its voices; leave out those that a policy is to be tested on.
      renders: per sound.
      seed: of the searches.
      threads: 0 is one per core.

    Raises:
      UserError: `voices` is not made of DX7 voices, or another recipe was begun here.
    """
    recipe = {"sounds": dataset.fingerprint(), "renders": renders, "seed": seed}
    _begin(dataset, recipe)
    found = PseudoLabels.open(dataset, writable=True)
    missing = [int(row) for row in rows if not found.found[row]]
    if not missing:
        return found
    # Without transposition, which a policy could not learn from them.
    packed = presets.without_transposition(voices.voices()[voice_rows])
    with ProgressBar("listening", len(voice_rows)) as progress:
        table = embed_rows(voices, voice_rows, progress)
    note, velocity, gate_s = dataset.played
    with ProgressBar("searching", len(rows), completed=len(rows) - len(missing)) as progress:
        for row in missing:
            sound = np.asarray(dataset.audio[row])
            place = embedding.embed(sound[None], round(note), gate_s)[0]
            distance = embedding.distances(table, place)
            near = packed[np.argsort(distance, kind="stable")[:_POOL]]
            heard = Heard(sound, round(note), gate_s, 0.0, ())
            result = search.search(
                auditions.make_score(heard, threads, velocity=velocity),
                near[:_FIRST],
                near,
                search.Budget(renders=renders),
                seed=seed,
                preview=auditions.make_preview(heard, threads, velocity=velocity),
                fingerprint=auditions.make_fingerprint(heard, threads, velocity=velocity),
            )
            count = min(PER_SOUND, len(result.voices))
            found.voices[row, :count] = result.voices[:count]
            found.scores[row, 1:count] = result.scores[1:count]
            found.scores[row, 0] = result.scores[0]
            progress.advance(status=f"reward {result.scores[0, search.REWARD]:.3f}")
    return found


def _begin(dataset: Dataset, recipe: dict[str, object]) -> None:
    """Lays out empty files unless they are there for the same recipe."""
    path: pathlib.Path = dataset.path / RECIPE
    if path.exists():
        if json.loads(path.read_text(encoding="utf-8")) != recipe:
            raise UserError(f"{path}: made with other settings; delete it to begin anew")
        return
    count = len(dataset)
    np.save(dataset.path / VOICES, np.zeros((count, PER_SOUND, presets.VOICE_BYTES), np.uint8))
    scores = np.full((count, PER_SOUND, len(SCORE_COLUMNS)), -np.inf, np.float32)
    np.save(dataset.path / SCORES, scores)
    path.write_text(json.dumps(recipe) + "\n", encoding="utf-8")
