"""Groups of near-copies: voices that differ in a few parameters, or that sound the same."""

from __future__ import annotations

import numpy as np
import scipy.sparse
import scipy.sparse.csgraph
from numpy.typing import NDArray

MAX_DIFFERING = 6
"""Voices that differ in at most this many of their 145 parameters are near-copies: a change of one
parameter in all six operators is within it. In a public collection of 27 574 distinct voices, three
in five have such a neighbour."""

SAME_SOUND = 0.012
"""Root-mean-square difference of two fingerprints (log-mel / 12, in [-1, 1]) below which two
sounds count as the same: about 0.6 dB.

Near-copies of near-copies chain, so a threshold is too high where unlike sounds join into one giant
group. Of 27 426 sounding voices, the largest group has 224 by parameters alone (one well-known
electric piano and its descendants); with sounds it has 235 at 0.012, 246 at 0.024, but 706 at 0.036
and 5143 at 0.06."""

_FINGERPRINT_ROWS = 32
_FINGERPRINT_COLUMNS = 23
_BLOCK = 128

Pairs = NDArray[np.int64]


def fingerprint(log_mel: NDArray[np.floating]) -> NDArray[np.float32]:
    """Coarse log-mel spectrograms.

    Args:
      log_mel: [B, 128, 345] in [-1, 1].

    Returns:
      [B, 736]: averages over 4 bands × 15 frames.
    """
    batch, bands, frames = log_mel.shape
    shape = (
        batch,
        _FINGERPRINT_ROWS,
        bands // _FINGERPRINT_ROWS,
        _FINGERPRINT_COLUMNS,
        frames // _FINGERPRINT_COLUMNS,
    )
    return log_mel.reshape(shape).mean(axis=(2, 4), dtype=np.float32).reshape(batch, -1)


def similar_parameters(parameters: NDArray[np.uint8], max_differing: int = MAX_DIFFERING) -> Pairs:
    """Pairs of rows that differ in few columns.

    Args:
      parameters: [N, P], P ≤ 255.
      max_differing: largest number of differing columns.

    Returns:
      [n, 2] rows i < j.
    """
    columns = np.ascontiguousarray(parameters.T)
    pairs = []
    for start in range(0, len(parameters), _BLOCK):
        stop = min(start + _BLOCK, len(parameters))
        count = np.zeros((stop - start, len(parameters) - start), np.uint8)
        for column in columns:
            count += column[start:stop, None] != column[None, start:]
        pairs.append(_upper_pairs(count <= max_differing, start))
    return np.concatenate(pairs) if pairs else np.empty((0, 2), np.int64)


def have_similar(
    parameters: NDArray[np.uint8], others: NDArray[np.uint8], max_differing: int
) -> NDArray[np.bool_]:
    """Which rows differ in few columns from some row of another table.

    Args:
      parameters: [N, P], P ≤ 255.
      others: [M, P].
      max_differing: largest number of differing columns.

    Returns:
      [N].
    """
    columns = np.ascontiguousarray(others.T)
    similar = np.zeros(len(parameters), bool)
    for start in range(0, len(parameters), _BLOCK):
        block = parameters[start : start + _BLOCK]
        count = np.zeros((len(block), len(others)), np.uint8)
        for i, column in enumerate(columns):
            count += block[:, i, None] != column
        similar[start : start + _BLOCK] = np.any(count <= max_differing, axis=1)
    return similar


def similar_sounds(fingerprints: NDArray[np.float32], max_distance: float = SAME_SOUND) -> Pairs:
    """Pairs of rows whose root-mean-square difference is small.

    Args:
      fingerprints: [N, F].
      max_distance: largest difference.

    Returns:
      [n, 2] rows i < j.
    """
    energy = np.mean(np.square(fingerprints, dtype=np.float64), axis=1)
    pairs = []
    for start in range(0, len(fingerprints), _BLOCK):
        stop = min(start + _BLOCK, len(fingerprints))
        product = fingerprints[start:stop] @ fingerprints[start:].T / fingerprints.shape[1]
        squared = energy[start:stop, None] + energy[None, start:] - 2 * product
        # The expanded square loses digits; near the threshold the difference itself decides.
        candidates = _upper_pairs(squared <= max_distance**2 + 1e-5, start)
        difference = fingerprints[candidates[:, 0]] - fingerprints[candidates[:, 1]]
        exact = np.sqrt(np.mean(np.square(difference), axis=1))
        pairs.append(candidates[exact <= max_distance])
    return np.concatenate(pairs) if pairs else np.empty((0, 2), np.int64)


def _upper_pairs(near: NDArray[np.bool_], start: int) -> Pairs:
    """Row numbers i < j of a block whose rows and columns both begin at `start`."""
    i, j = np.nonzero(near)
    keep = j > i
    return np.stack([i[keep], j[keep]], axis=1) + start


def connected(num_sounds: int, *pair_lists: Pairs) -> NDArray[np.int32]:
    """[N] number of the group each sound belongs to, if near-copies of near-copies are together."""
    pairs = np.concatenate(pair_lists)
    links = scipy.sparse.coo_array(
        (np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), (num_sounds, num_sounds)
    )
    _, group = scipy.sparse.csgraph.connected_components(links, directed=False)
    return group.astype(np.int32)
