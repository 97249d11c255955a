"""Voice data: packed, unpacked, and as the plugin's values."""

from __future__ import annotations

import csv
import pathlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from synthrl_jax import assets
from synthrl_jax.presets import read_sysex
from synthrl_jax.render import (
    native_algorithms,
    native_parameters,
    pack_voices,
    unpack_voices,
    unpacked_from_values,
    values_from_unpacked,
)

pytestmark = pytest.mark.native

dexed = pytest.importorskip("dexed", reason="dexed-py has no wheel for this platform")

TABLE = pathlib.Path(__file__).parent.parent / "third_party" / "dexed" / "parameters.csv"
SLOT_MAXIMA = [99] * 11 + [3, 3, 7, 3, 7, 99, 1, 31, 99, 14]
GLOBAL_MAXIMA = [99] * 8 + [31, 7, 1, 99, 99, 99, 99, 1, 5, 7, 48]
MAXIMA = np.array(SLOT_MAXIMA * 6 + GLOBAL_MAXIMA + [127] * 10 + [63])
CARRIERS = {1: {1, 3}, 5: {1, 3, 5}, 16: {1}, 19: {1, 4, 5}, 22: {1, 3, 4, 5}, 30: {1, 2, 3, 6}}
CONTINUOUS = [0, 1, 2, 3]

packed_bytes = arrays.arrays(np.uint8, (3, 128))


def legal_voices(num: int, seed: int = 0) -> np.ndarray:
    """[num, 156] random voices in range, all operators on."""
    voices = np.random.default_rng(seed).integers(0, MAXIMA + 1, (num, 156)).astype(np.uint8)
    voices[:, 155] = 63
    return voices


def index_of(name: str) -> int:
    return [row[0] for row in native_parameters()].index(name)


@given(packed_bytes)
def test_unpacking_anything_stays_in_range(packed):
    assert np.all(unpack_voices(packed) <= MAXIMA)


@given(packed_bytes)
def test_unpacking_is_what_dexed_py_loads(packed):
    unpacked = unpack_voices(packed)
    for voice, row in zip(packed, unpacked, strict=True):
        expected = dexed.Patch.from_packed(bytes(voice)).to_raw()
        np.testing.assert_array_equal(row[:145], list(expected)[:145])


@given(packed_bytes)
def test_a_clamped_voice_is_stable(packed):
    unpacked = unpack_voices(packed)
    np.testing.assert_array_equal(unpack_voices(pack_voices(unpacked)), unpacked)


def test_packing_is_the_inverse_of_unpacking():
    voices = legal_voices(300)
    np.testing.assert_array_equal(unpack_voices(pack_voices(voices)), voices)


def test_real_names_survive():
    packed = read_sysex(assets.VOICES).voices
    np.testing.assert_array_equal(unpack_voices(packed)[:, 145:155], packed[:, 118:128])


def test_values_are_integers_over_their_maximum():
    voices = legal_voices(100)
    values = values_from_unpacked(voices)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values[:, CONTINUOUS], [[1.0, 0.0, 1.0, 0.5]] * 100)
    for i, (_, byte, maximum) in enumerate(native_parameters()):
        if byte >= 0:
            expected = voices[:, byte].astype(np.float32) / np.float32(maximum)
            np.testing.assert_array_equal(values[:, i], expected)


def test_values_round_trip_every_integer():
    voices = np.minimum(np.arange(100)[:, None], MAXIMA).astype(np.uint8)
    voices[:, 145:155] = ord(" ")
    np.testing.assert_array_equal(unpacked_from_values(values_from_unpacked(voices)), voices)


@pytest.mark.parametrize(("maximum", "integer"), [(31, 16), (99, 50), (5, 2), (1, 0)])
def test_halves_round_to_even(maximum, integer):
    bytes_of = {byte for _, byte, m in native_parameters() if m == maximum and byte >= 0}
    assert bytes_of
    unpacked = unpacked_from_values(np.full((1, 155), 0.5, np.float32))
    assert {int(unpacked[0, byte]) for byte in bytes_of} == {integer}


def test_switches_are_off_at_zero_alone():
    values = np.zeros((2, 155), np.float32)
    switches = [index_of(f"OP{k} SWITCH") for k in range(1, 7)]
    values[1, switches] = 1e-6
    assert unpacked_from_values(values)[:, 155].tolist() == [0, 63]
    for bit, switch in zip(range(5, -1, -1), switches, strict=True):
        values[0, switches] = 0.0
        values[0, switch] = 1.0
        assert unpacked_from_values(values)[0, 155] == 1 << bit


def test_the_engine_has_the_parameters_of_the_table():
    with TABLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    expected = [
        (r["name"], int(r["byte"] or -1), int(r["maximum"]) if r["byte"] else 0) for r in rows
    ]
    assert native_parameters() == expected


def test_carriers_of_some_algorithms():
    for number, carriers in CARRIERS.items():
        routes = native_algorithms()[number - 1]
        assert {6 - slot for slot, r in enumerate(routes) if r.output == 0} == carriers
    assert all(sum(r.feeds_back for r in routes) == 1 for routes in native_algorithms())


def test_packing_names_the_byte_that_is_too_large():
    voices = legal_voices(3)
    voices[2, 134] = 32
    with pytest.raises(ValueError, match="row 2, byte 134: 32 is above 31"):
        pack_voices(voices)


@pytest.mark.parametrize("bad", [-0.1, 1.2, np.nan, np.inf])
def test_values_out_of_range_are_named(bad):
    values = np.full((2, 155), 0.5, np.float32)
    values[1, index_of("OP3 F COARSE")] = bad
    with pytest.raises(ValueError, match=r"row 1, 'OP3 F COARSE': .* is outside \[0, 1\]"):
        unpacked_from_values(values)


@given(st.integers(1, 200))
def test_matrices_of_another_width_are_refused(width):
    if width != 128:
        with pytest.raises(ValueError, match=r"packed must have shape \[N, 128\]"):
            unpack_voices(np.zeros((2, width), np.uint8))
