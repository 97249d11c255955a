"""The search improves, keeps to its budget, and repeats."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from synthrl_jax import assets, breeding, presets, reward, search
from synthrl_jax.render import SCORE_COLUMNS
from synthrl_jax.reward import COST_RANGE, RewardWeights

pytestmark = pytest.mark.native

CONVERGENCE = SCORE_COLUMNS.index("spectral_convergence")
VOICES = presets.read_sysex(assets.VOICES).voices
GOAL = breeding.from_voices(VOICES[7:8])[0]


def toy_score(voices: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Nearness to a goal in parameters, instead of sound."""
    genomes = breeding.from_voices(voices)
    return scores_of(0.1 + np.mean(np.abs(genomes - GOAL) / breeding.genes().maximum, 1))


def scores_of(cost: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scores of that cost, all of it due to one distance."""
    scores = np.zeros((len(cost), 5), np.float32)
    scores[:, CONVERGENCE] = cost / RewardWeights().spectral_convergence
    scores[:, search.REWARD] = 1 / np.clip(cost, *COST_RANGE)
    return scores


def run(renders: int = 1500, seed: int = 0) -> search.Found:
    first = VOICES[100:140]
    return search.search(
        toy_score, first, VOICES[100:200], search.Budget(renders=renders), seed=seed
    )


def test_gets_better_and_says_how() -> None:
    found = run()
    assert len(found.curve) == 1500 and np.all(np.diff(found.curve) >= 0)
    start = toy_score(VOICES[100:140])[:, search.REWARD].max()
    assert found.curve[39] == pytest.approx(start)
    assert found.curve[-1] > 1.5 * start
    assert found.scores[0, search.REWARD] == found.curve[-1]
    np.testing.assert_array_equal(toy_score(found.voices), found.scores)
    assert np.all(np.diff(found.scores[:, search.REWARD]) <= 0)
    assert len(presets.deduplicate(found.voices)) == len(found.voices) > 10


def test_repeats_for_a_seed_and_a_number_of_renders() -> None:
    one, same, other = run(600, 1), run(600, 1), run(600, 2)
    np.testing.assert_array_equal(one.voices, same.voices)
    np.testing.assert_array_equal(one.curve, same.curve)
    assert not np.array_equal(one.curve, other.curve)


@pytest.mark.parametrize("renders", [1, 7, 40, 41])
def test_small_budgets_are_kept_exactly(renders: int) -> None:
    found = run(renders)
    assert len(found.curve) == renders and len(found.voices) >= 1


def test_ends_on_time() -> None:
    def slow(voices: NDArray[np.uint8]) -> NDArray[np.float32]:
        time.sleep(0.02)
        return toy_score(voices)

    start = time.perf_counter()
    progress: list[search.Progress] = []
    found = search.search(
        slow, VOICES[:32], VOICES, search.Budget(seconds=0.3), on_progress=progress.append
    )
    assert 0.3 <= time.perf_counter() - start < 3
    assert progress[-1].spent >= 1 and progress[-1].renders == len(found.curve)
    assert progress[0].best[search.REWARD] <= progress[-1].best[search.REWARD]


def test_ends_when_nothing_gets_better() -> None:
    def flat(voices: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.ones((len(voices), 5), np.float32)

    found = search.search(flat, VOICES[:8], VOICES, search.Budget(patience=200))
    assert 200 <= len(found.curve) < 300


def test_one_voice_is_enough() -> None:
    found = search.search(toy_score, VOICES[:1], VOICES[:0], search.Budget(renders=200))
    assert len(found.voices) == 1 and found.curve[-1] > found.curve[0]


def test_can_be_stopped_and_keeps_the_best() -> None:
    stop = threading.Event()
    progress: list[search.Progress] = []

    def watch(now: search.Progress) -> None:
        progress.append(now)
        if now.renders > 300:
            stop.set()

    budget = search.Budget(renders=3000, stop=stop)
    first = VOICES[100:140]
    found = search.search(toy_score, first, VOICES[100:200], budget, on_progress=watch)
    assert 300 < len(found.curve) < 400
    assert len({now.voice.tobytes() for now in progress}) > 1
    np.testing.assert_array_equal(found.voices[0], progress[-1].voice)
    for now in progress:
        np.testing.assert_array_equal(toy_score(now.voice[None])[0], now.best)


def test_cost_is_that_of_the_reward_without_its_bounds() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.01, 1, (20, 5)).astype(np.float32)
    expected = reward.cost(reward.Distances(*scores[:, :4].T))
    np.testing.assert_allclose(search.cost(scores), expected, rtol=1e-6)
    assert search.cost(np.zeros((1, 5), np.float32))[0] > 0


def test_goes_on_where_the_reward_has_its_cap() -> None:
    def near(voices: NDArray[np.uint8]) -> NDArray[np.float32]:
        return scores_of((toy_score(voices)[:, CONVERGENCE] - 0.1) / 10)

    first = VOICES[100:140]
    found = search.search(near, first, VOICES[100:200], search.Budget(renders=1500))
    assert found.scores[0, search.REWARD] == np.float32(1 / COST_RANGE[0])
    assert search.cost(found.scores)[0] < 0.5 * search.cost(near(first)).min()


def test_several_lines_of_descent_live_for_long() -> None:
    """Runners-up have descendants that are better than any voice of the beginning."""
    found = run(3000)
    start = search.cost(toy_score(VOICES[100:140])).min()
    assert np.sum(search.cost(found.scores) < 0.7 * start) > 5


def test_learns_which_parameters_matter() -> None:
    """Where only operator 3 counts, its parameters, a seventh of all, are changed more often."""
    mine = breeding.genes().operator == 3
    changed: list[NDArray[np.bool_]] = []
    best = np.inf, breeding.from_voices(VOICES[100:101])[0]

    def picky(voices: NDArray[np.uint8]) -> NDArray[np.float32]:
        nonlocal best
        genomes = breeding.from_voices(voices)
        cost = 0.1 + np.mean(np.abs(genomes - GOAL)[:, mine] / breeding.genes().maximum[mine], 1)
        changed.extend(genomes != best[1])
        best = min(best, (float(cost.min()), genomes[cost.argmin()]), key=lambda pair: pair[0])
        return scores_of(cost)

    search.search(picky, VOICES[100:101], VOICES[100:101], search.Budget(renders=1500))
    few = np.array([row for row in changed[100:900] if row.sum() <= 2])
    assert np.sum(few[:, mine]) > 0.2 * np.sum(few)


def test_few_children_that_begin_worse_are_played() -> None:
    """Previews cost their share of the renders, and what they tell is heeded."""
    beginning: dict[bytes, float] = {}
    batches: list[list[bytes]] = []

    def begins(voices: NDArray[np.uint8]) -> NDArray[np.float32]:
        scores = toy_score(voices)
        for voice, cost in zip(voices, search.cost(scores).tolist(), strict=True):
            beginning[voice.tobytes()] = cost
        return scores

    def play(voices: NDArray[np.uint8]) -> NDArray[np.float32]:
        batches.append([voice.tobytes() for voice in voices])
        return toy_score(voices)

    # A single line of descent: the best so far is the parent of all.
    found = search.search(
        play,
        VOICES[100:101],
        VOICES[100:200],
        search.Budget(renders=800),
        preview=search.Preview(begins, 0.125),
    )
    played = sum(map(len, batches))
    assert len(found.curve) == 800
    assert 799 <= played + 0.125 * len(beginning) < 801
    assert played < 0.3 * len(beginning)
    better, best = 0, np.inf
    for batch in batches:
        costs = [beginning[voice] for voice in batch]
        better += sum(cost <= best for cost in costs)
        best = min(best, *costs)
    # A beginning tells all here, so that those who begin worse turn out to gain nothing.
    assert better > 0.7 * played
    assert found.scores[0, search.REWARD] > 1.5 * toy_score(VOICES[100:101])[0, search.REWARD]


def test_previews_keep_to_small_budgets_and_repeat() -> None:
    def once(renders: int) -> search.Found:
        budget, preview = search.Budget(renders=renders), search.Preview(toy_score, 0.13)
        return search.search(toy_score, VOICES[:4], VOICES, budget, preview=preview)

    def ever_better(voices: NDArray[np.uint8]) -> NDArray[np.float32]:
        nonlocal cost
        cost *= 0.95
        return scores_of(np.full(len(voices), cost))

    cost = 1.0
    for renders in (1, 4, 5, 6, 30, 100):
        assert len(once(renders).curve) == renders
        # Where previews turn nothing away, there are more to play than renders left.
        budget, useless = search.Budget(renders=renders), search.Preview(ever_better, 0.13)
        found = search.search(toy_score, VOICES[:4], VOICES, budget, preview=useless)
        assert len(found.curve) == renders
    np.testing.assert_array_equal(once(300).voices, once(300).voices)


def test_what_sounds_like_a_voice_before_is_not_played() -> None:
    """Fingerprints cost their share of the renders, and what they tell is heeded."""
    asked = 0

    def coarse(voices: NDArray[np.uint8]) -> NDArray[np.uint64]:
        """Of the genes of four operators alone, as if the others were not heard."""
        nonlocal asked
        asked += len(voices)
        heard = breeding.from_voices(voices)[:, breeding.genes().operator < 5]
        return np.array([hash(genome.tobytes()) & (2**64 - 1) for genome in heard], np.uint64)

    played: list[int] = []

    def play(voices: NDArray[np.uint8]) -> NDArray[np.float32]:
        nonlocal asked
        before = asked
        played.extend(coarse(voices).tolist())
        asked = before
        return toy_score(voices)

    found = search.search(
        play,
        VOICES[100:101],
        VOICES[100:200],
        search.Budget(renders=600),
        fingerprint=search.Fingerprint(coarse, 0.1),
    )
    assert len(found.curve) == 600
    assert 599 <= len(played) + 0.1 * asked < 601
    assert len(set(played)) == len(played) < asked
    assert found.scores[0, search.REWARD] > 1.2 * toy_score(VOICES[100:101])[0, search.REWARD]


def test_fingerprints_keep_to_small_budgets() -> None:
    def names(voices: NDArray[np.uint8]) -> NDArray[np.uint64]:
        return np.array([hash(voice.tobytes()) & (2**64 - 1) for voice in voices], np.uint64)

    for renders in (1, 4, 5, 6, 30, 100):
        budget = search.Budget(renders=renders)
        found = search.search(
            toy_score, VOICES[:4], VOICES, budget, fingerprint=search.Fingerprint(names, 0.3)
        )
        assert len(found.curve) == renders
