"""SysEx reading and writing, checked against dexed-py's own loaders and against raw bytes."""

import dexed
import numpy as np
import pytest

from synthrl_jax import presets
from synthrl_jax.errors import UserError
from synthrl_jax.presets import (
    deduplicate,
    find_sysex,
    from_values,
    init_voice,
    load_voices,
    read_sysex,
    to_values,
    voice_name,
    with_name,
    write_bank,
    write_voice,
)
from synthrl_jax.synths.dx7 import SPEC

pytestmark = pytest.mark.native

BULK_HEADER = bytes.fromhex("f04300092000")
SINGLE_HEADER = bytes.fromhex("f0430000011b")
DX7_II_SUPPLEMENT = bytes.fromhex("f04300050031") + bytes(49) + bytes([0, 0xF7])


def random_voices(num: int, seed: int = 0) -> np.ndarray:
    """[N, 128] voices with every field somewhere in its range, packed by dexed-py."""
    rng = np.random.default_rng(seed)
    operator = [99] * 11 + [3, 3, 7, 3, 7, 99, 1, 31, 99, 14]
    maxima = np.array(operator * 6 + [99] * 8 + [31, 7, 1] + [99] * 4 + [1, 5, 7, 48])
    voices = []
    for number in range(num):
        fields = rng.integers(0, maxima + 1).astype(np.uint8).tobytes()
        unpacked = fields + f"VOICE {number:4d}".encode() + bytes([63])
        voices.append(np.frombuffer(dexed.Patch.from_sysex(unpacked).to_packed(), np.uint8))
    return np.stack(voices)


def bulk_dump(voices: np.ndarray, header: bytes = BULK_HEADER) -> bytes:
    payload = voices.astype(np.uint8).tobytes()
    return header + payload + bytes([-sum(payload) & 0x7F, 0xF7])


def single_dump(voice: np.ndarray) -> bytes:
    payload = dexed.Patch.from_packed(voice.tobytes()).to_sysex()[:155]
    return SINGLE_HEADER + payload + bytes([-sum(payload) & 0x7F, 0xF7])


@pytest.fixture
def save(tmp_path):
    """Writes bytes to a file and returns its path."""

    def write(data: bytes, name: str = "file.syx"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return write


VOICES = random_voices(32)


# Files as they should be, and nearly so


@pytest.mark.parametrize("header", ["f04300092000", "f04300091000", "f04304092000", "f0430f090000"])
def test_bulk_dump_of_any_channel_and_byte_count(save, header):
    bank = read_sysex(save(bulk_dump(VOICES, bytes.fromhex(header))))
    np.testing.assert_array_equal(bank.voices, VOICES)
    assert bank.slot.tolist() == list(range(1, 33))
    assert bank.issues == []


def test_wrong_checksum_is_only_mentioned(save):
    dump = bytearray(bulk_dump(VOICES))
    dump[-2] ^= 1
    bank = read_sysex(save(bytes(dump)))
    np.testing.assert_array_equal(bank.voices, VOICES)
    assert bank.issues == ["wrong checksum in the dump at byte 0"]


def test_single_voice(save):
    bank = read_sysex(save(single_dump(VOICES[3])))
    np.testing.assert_array_equal(bank.voices, VOICES[3:4])
    assert bank.issues == []


def test_single_voice_out_of_range_is_clamped_as_in_dexed_py(save):
    fields = np.frombuffer(single_dump(VOICES[0])[6:161], np.uint8).copy()
    fields[[0, 7, 16, 20, 142, 144]] = [100, 127, 120, 15, 6, 60]
    payload = fields.tobytes()
    path = save(SINGLE_HEADER + payload + bytes([-sum(payload) & 0x7F, 0xF7]))
    expected = dexed.Patch.from_sysex(payload + bytes([63])).to_sysex()[:145]
    ours = dexed.Patch.from_packed(read_sysex(path).voices[0].tobytes()).to_sysex()[:145]
    assert ours == expected


def test_messages_glued_together(save):
    other = random_voices(32, seed=1)
    data = bulk_dump(VOICES) + DX7_II_SUPPLEMENT + single_dump(other[5]) + bulk_dump(other)
    bank = read_sysex(save(data))
    np.testing.assert_array_equal(bank.voices, np.concatenate([VOICES, other[5:6], other]))
    assert bank.slot.tolist() == list(range(1, 66))
    assert bank.issues == ["DX7 II voice supplement ignored"]


def test_dump_behind_other_bytes(save):
    bank = read_sysex(save(b"\x00" * 128 + bulk_dump(VOICES) + b"\r\n"))
    np.testing.assert_array_equal(bank.voices, VOICES)
    assert bank.issues == ["130 bytes outside of messages ignored"]


@pytest.mark.parametrize("num_bytes", [6, 6 + 128, 6 + 5 * 128 + 77, 4101, 4102, 4103])
def test_truncated_dump_keeps_its_whole_voices(save, num_bytes):
    data = bulk_dump(random_voices(32, seed=2)) + bulk_dump(VOICES)[:num_bytes]
    bank = read_sysex(save(data))
    whole = (num_bytes - 6) // 128
    np.testing.assert_array_equal(bank.voices[32:], VOICES[:whole])
    assert bank.issues == [
        f"dump at byte 4104 is not of the right length: {whole} of 32 voices read"
    ]


def test_dump_cut_short_does_not_swallow_the_next(save):
    other = random_voices(32, seed=3)
    bank = read_sysex(save(bulk_dump(VOICES)[:1000] + bulk_dump(other)))
    np.testing.assert_array_equal(bank.voices, np.concatenate([VOICES[:7], other]))


@pytest.mark.parametrize("tail", [b"", b"\x00", bytes(100)])
def test_headerless_dump(save, tail):
    bank = read_sysex(save(VOICES.tobytes() + tail))
    np.testing.assert_array_equal(bank.voices, VOICES)
    assert bank.issues == ([f"{len(tail)} bytes after the voices ignored"] if tail else [])


@pytest.mark.parametrize("garbage", [b"\xff" * 40, b"\xf7" * 12, b"\xf0\x43\x00\x09" * 8])
@pytest.mark.parametrize("with_header", [True, False])
def test_damaged_voice_leaves_the_other_31(save, garbage, with_header):
    payload = bytearray(VOICES.tobytes())
    payload[11 * 128 + 20 : 11 * 128 + 20 + len(garbage)] = garbage
    data = bulk_dump(np.frombuffer(bytes(payload), np.uint8)) if with_header else bytes(payload)
    bank = read_sysex(save(data))
    np.testing.assert_array_equal(bank.voices, np.delete(VOICES, 11, axis=0))
    assert 12 not in bank.slot and len(bank.slot) == 31
    assert bank.issues[-1] == "damaged voices left out: 12"


# Files without a voice


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 bytes without a SysEx message"),
        (b"hello", "5 bytes without a SysEx message"),
        (
            b"The quick brown fox jumps over the lazy dog. " * 200,
            "neither SysEx messages nor packed voices",
        ),
        (b"MThd" + bytes(5000), "a MIDI file"),
        (b"\x00\x05\x16\x07" + bytes(5000), "an Apple resource fork"),
        (bytes.fromhex("f043007e000c") + b"LM  8952PM" + bytes([0, 0xF7]), "'LM  8952PM' dump"),
        (bytes.fromhex("f0411000f7") * 3, "3 × message of another maker (41h) ignored"),
        (bytes.fromhex("f04310013200f7"), "message that is not a dump ignored"),
        (DX7_II_SUPPLEMENT, "DX7 II voice supplement ignored"),
        (SINGLE_HEADER + bytes(80), "single voice at byte 0 is cut short"),
        (BULK_HEADER + bytes(80), "0 of 32 voices read"),
        (BULK_HEADER[:3], "no DX7 voices"),
        (np.random.default_rng(0).bytes(8192), "no DX7 voices"),
    ],
)
def test_file_without_a_voice_is_named_with_the_reason(save, data, reason):
    path = save(data)
    with pytest.raises(UserError) as caught:
        read_sysex(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file():
    with pytest.raises(UserError, match=r"absent\.syx: cannot be read"):
        read_sysex("absent.syx")


# Real files


def test_odd_files(shared_data):
    voices_by_size = {4104: 32, 4096: 32, 163: 1, 2 * 4104: 64}
    loaded = skipped = 0
    for path in sorted((shared_data / "dx7" / "odd").iterdir()):
        expected = voices_by_size.get(path.stat().st_size)
        if expected is None:
            with pytest.raises(UserError, match="no DX7 voices: "):
                read_sysex(path)
            skipped += 1
        else:
            assert len(read_sysex(path).voices) == expected, path.name
            loaded += expected
    assert (loaded, skipped) == (1730, 6)


@pytest.mark.filterwarnings("ignore:Bank checksum mismatch")
def test_real_cartridges_read_as_dexed_py_reads_them(shared_data):
    for path in sorted((shared_data / "dx7" / "banks").iterdir()):
        ours = read_sysex(path).voices
        theirs = [patch.to_sysex() for patch in dexed.Patch.load_bank(str(path))]
        for voice, expected in zip(ours, theirs, strict=True):
            assert dexed.Patch.from_packed(voice.tobytes()).to_sysex() == expected


def test_many_banks_in_one_file(shared_data):
    path = shared_data / "dx7" / "voices.syx"
    bank = read_sysex(path)
    messages = np.fromfile(path, np.uint8).reshape(-1, 4104)
    np.testing.assert_array_equal(bank.voices, messages[:, 6:-2].reshape(-1, 128))
    assert bank.issues == []


def test_values_of_real_voices_match_dexed_py(shared_data):
    voices = read_sysex(shared_data / "dx7" / "voices.syx").voices[::40]
    values = to_values(voices)
    for voice, preset in zip(voices, values, strict=True):
        unpacked = dexed.Patch.from_packed(voice.tobytes()).to_sysex()
        for name, byte in (("ALGORITHM", 134), ("LFO WAVE", 142), ("P MODE SENS.", 143)):
            _assert_setting(preset, name, unpacked[byte])
        for operator in range(1, 7):
            start = 21 * (6 - operator)
            for field, byte in (("EG RATE 1", 0), ("EG LEVEL 4", 7), ("OSC DETUNE", 20)):
                _assert_setting(preset, f"OP{operator} {field}", unpacked[start + byte])


def _assert_setting(preset: np.ndarray, name: str, integer: int) -> None:
    param = next(p for p in SPEC.params if p.name == name)
    assert preset[param.index] * (param.num_steps - 1) == pytest.approx(integer, abs=1e-4), name


# Values, names, duplicates


def test_voices_to_values_and_back_is_the_identity():
    voices = random_voices(300, seed=4)
    names = [voice_name(voice) for voice in voices]
    np.testing.assert_array_equal(from_values(to_values(voices), names), voices)


def test_values_of_what_a_voice_does_not_hold():
    values = to_values(VOICES)
    assert values.shape == (32, 155) and values.dtype == np.float32
    np.testing.assert_array_equal(values[:, :4], [[1.0, 0.0, 1.0, 0.5]] * 32)
    np.testing.assert_array_equal(values[:, [44, 66, 88, 110, 132, 154]], 1.0)


def test_no_voices_are_no_presets():
    values = to_values(np.empty((0, 128), np.uint8))
    assert values.shape == (0, 155)
    assert from_values(values, []).shape == (0, 128)


def test_from_values_wants_a_name_for_each_preset():
    with pytest.raises(ValueError):
        from_values(to_values(VOICES), ["ONLY ONE"])


def test_init_voice_is_the_default_preset():
    assert voice_name(init_voice()) == "INIT VOICE"
    np.testing.assert_array_equal(to_values(init_voice()[None])[0], SPEC.default_values)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("E.PIANO 1", b"E.PIANO 1 "),
        ("", b"          "),
        ("longer than ten", b"longer tha"),
        ("Café Ω\n\t1", b"Cafe 1    "),
    ],
)
def test_names(name, stored):
    renamed = with_name(VOICES[0], name)
    assert renamed[118:].tobytes() == stored
    np.testing.assert_array_equal(renamed[:118], VOICES[0, :118])
    assert voice_name(renamed) == stored.decode().strip()


def test_name_bytes_that_do_not_print_become_spaces():
    voice = VOICES[0].copy()
    voice[118:] = np.frombuffer(b"A\x00B\x1f\x7fC\x80\xc1 \x00", np.uint8)
    assert voice_name(voice) == "A B  C A"


def test_deduplicate_looks_at_parameters_only():
    renamed = with_name(VOICES[3], "COPY")
    voices = np.stack([VOICES[3], VOICES[1], renamed, VOICES[1], VOICES[0]])
    assert deduplicate(voices).tolist() == [0, 1, 4]
    assert deduplicate(voices[:0]).tolist() == []


# Writing


def test_written_bank_loads_in_dexed_py(tmp_path):
    path = tmp_path / "bank.syx"
    write_bank(path, VOICES)
    assert path.stat().st_size == 4104
    patches = dexed.Patch.load_bank(str(path))  # warns, and so fails, on a wrong checksum
    assert [patch.to_packed() for patch in patches] == [voice.tobytes() for voice in VOICES]


def test_short_bank_is_filled_up_with_init_voices(tmp_path):
    path = tmp_path / "bank.syx"
    write_bank(path, VOICES[:3])
    bank = read_sysex(path)
    np.testing.assert_array_equal(bank.voices[:3], VOICES[:3])
    assert {voice_name(voice) for voice in bank.voices[3:]} == {"INIT VOICE"}
    assert bank.issues == []


@pytest.mark.parametrize("shape", [(33, 128), (1, 127), (128,)])
def test_bank_of_the_wrong_shape_is_refused(tmp_path, shape):
    with pytest.raises(ValueError, match="voices must be"):
        write_bank(tmp_path / "bank.syx", np.zeros(shape, np.uint8))


def test_written_voice_is_a_single_voice_dump(tmp_path):
    path = tmp_path / "voice.syx"
    write_voice(path, VOICES[7])
    assert path.read_bytes() == single_dump(VOICES[7])
    np.testing.assert_array_equal(read_sysex(path).voices, VOICES[7:8])


def test_unwritable_path_is_named(tmp_path):
    with pytest.raises(UserError, match=r"absent/voice\.syx: cannot be written"):
        write_voice(tmp_path / "absent" / "voice.syx", VOICES[0])


# Many files


def test_find_sysex(save, tmp_path):
    names = ["b.SYX", "a.syx", "deep/er/c.Syx", "notes.txt"]
    b, a, c, notes = (save(b"x", name) for name in names)
    assert find_sysex([tmp_path]) == [a, b, c]
    assert find_sysex([notes, tmp_path, a]) == [notes, a, b, c]


def test_find_sysex_complains(tmp_path):
    with pytest.raises(UserError, match="nowhere: no such file or folder"):
        find_sysex([tmp_path / "nowhere"])
    with pytest.raises(UserError, match=r"no \.syx file found"):
        find_sysex([tmp_path])


def test_load_voices(save, tmp_path):
    bad = save(b"hello", "b.syx")
    first = save(single_dump(VOICES[1]), "a.syx")
    cut = save(bulk_dump(VOICES)[:300], "c.syx")
    table = load_voices([tmp_path])
    np.testing.assert_array_equal(table.voices, VOICES[[1, 0, 1]])
    assert table.source == [str(first), str(cut), str(cut)]
    assert table.slot.tolist() == [1, 1, 2]
    assert table.names == ["VOICE    1", "VOICE    0", "VOICE    1"]
    assert len(table.issues) == 2
    assert table.issues[0].startswith(f"{bad}: no DX7 voices")
    assert table.issues[1].startswith(f"{cut}: dump at byte 0")


def test_load_voices_without_any(save):
    with pytest.raises(UserError, match=r"no DX7 voices found:\n.*file\.syx"):
        load_voices([save(b"hello")])


def test_checksum_of_a_known_payload():
    assert presets.checksum(bytes([0])) == 0
    assert presets.checksum(bytes([1])) == 127
    assert presets.checksum(bytes([64, 64, 1])) == 127
