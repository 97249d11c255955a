"""The engines against stored figures of Dexed, and against dexed-py on real and random voices."""

from __future__ import annotations

import csv
import pathlib
import zlib

import numpy as np
import pytest

from synthrl_jax import assets
from synthrl_jax.presets import read_sysex
from synthrl_jax.render import Renderer, pack_voices

pytest.importorskip("dexed", reason="dexed-py has no wheel for this platform")
from dexed_exactness import all_algorithms, largest_difference, peer_render, random_notes

pytestmark = pytest.mark.native

GOLDEN = pathlib.Path(__file__).parent.parent / "third_party" / "dexed" / "conformance"
RAW_SCALE = 2.0**25
MARK1_STEP = 2**13
RATES = (22_050, 44_100)
SHORT = {"gate_s": 0.25, "length_s": 0.5}


def golden_rows() -> list[dict[str, str]]:
    with (GOLDEN / "renders.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def golden_voices() -> dict[str, np.ndarray]:
    """Packed voices [1, 128] by name."""
    with (GOLDEN / "voices.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    blank = [ord(" ")] * 10 + [63]
    return {
        row["voice"]: pack_voices(np.array([[*map(int, row["bytes"].split()), *blank]], np.uint8))
        for row in rows
    }


@pytest.fixture(scope="module")
def bundled_voices() -> np.ndarray:
    return read_sysex(assets.VOICES).voices


@pytest.mark.golden
@pytest.mark.parametrize(
    "row", golden_rows(), ids=lambda r: f"{r['voice']}-{r['sample_rate']}-{r['engine']}"
)
def test_stored_renders(golden_voices, row):
    rate = int(row["sample_rate"])
    renderer = Renderer(sample_rate=rate, threads=1, stage="engine", engine=row["engine"])
    audio = renderer.render(
        golden_voices[row["voice"]], gate_s=0.5, length_s=1.0, fade_s=0.0
    ).astype(np.float64)[0]
    positions = [*range(8), 200, 201, 1000, 5000, 10000, rate // 2 + 100, rate // 2 + 3000, -1]
    expected = np.array(row["samples"].split(), np.int64)
    if row["engine"] == "mark1":
        expected *= MARK1_STEP
    # The Modern engine's integers are finer than single precision; the C++ tests see them all.
    np.testing.assert_array_equal(
        (audio * RAW_SCALE)[positions], expected.astype(np.float32).astype(np.float64)
    )
    if row["engine"] != "modern":
        step = MARK1_STEP if row["engine"] == "mark1" else 1
        raw = (audio * (RAW_SCALE / step)).astype("<i4")
        assert f"{zlib.crc32(raw.tobytes()):08x}" == row["crc32"]


@pytest.mark.parametrize("rate", RATES)
def test_bundled_voices_equal_dexed_py(bundled_voices, rate):
    cases = [(voice, {}) for voice in bundled_voices[::4]]
    assert largest_difference("bundled voices", rate, cases) == 0.0


@pytest.mark.parametrize("rate", RATES)
def test_every_algorithm_and_feedback_equals_dexed_py(rate):
    cases = [(voice, SHORT) for voice in all_algorithms(seed=1)]
    assert largest_difference("algorithms", rate, cases) == 0.0


@pytest.mark.parametrize("rate", [16_385, 22_050, 44_100, 48_000, 96_000])
def test_random_bytes_on_random_notes_equal_dexed_py(rate):
    rng = np.random.default_rng(rate)
    voices = rng.integers(0, 256, (60, 128), np.uint8)
    assert largest_difference("random bytes", rate, random_notes(rng, voices)) == 0.0


@pytest.mark.parametrize("rate", RATES)
def test_real_voices_equal_dexed_py(shared_data, rate):
    rng = np.random.default_rng(rate)
    voices = read_sysex(shared_data / "dx7" / "voices.syx").voices
    drawn = voices[rng.choice(len(voices), 100, replace=False)]
    assert largest_difference("real voices", rate, [(voice, {}) for voice in drawn]) == 0.0
    assert largest_difference("on random notes", rate, random_notes(rng, drawn)) == 0.0


@pytest.mark.parametrize("key", [0, 1, 127])
@pytest.mark.parametrize("transpose", [0, 24, 48])
def test_keys_beyond_the_keyboard_equal_dexed_py(bundled_voices, key, transpose):
    voice = bundled_voices[5].copy()
    voice[117] = transpose
    assert largest_difference("keys", 22_050, [(voice, {"note": key, **SHORT})]) == 0.0


def test_the_peer_is_heard(bundled_voices):
    """Guards the comparisons above against two silent engines."""
    peaks = [np.abs(peer_render(voice, 22_050, **SHORT)).max() for voice in bundled_voices[:20]]
    assert min(peaks) > 1e-3
