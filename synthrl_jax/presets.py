"""DX7 SysEx files → voices → preset matrix, and back.

A *voice* is the packed form of the DX7's memory: 128 bytes, of which the first 118 are parameters
and the last 10 the name. Files found in the wild are of every make: 32-voice dumps with foreign
headers, several dumps glued together, dumps without a header, single voices, other machines'
data under the same file extension. The reader takes every voice there is and says what it left.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synthrl_jax.errors import UserError
from synthrl_jax.render import (
    pack_voices,
    unpack_voices,
    unpacked_from_values,
    values_from_unpacked,
)
from synthrl_jax.synths.dx7 import SPEC

VOICE_BYTES = 128
"""Length of a packed voice."""
PARAMETER_BYTES = 118
"""The part of a packed voice that sounds; the name follows."""
NAME_LENGTH = 10
BANK_VOICES = 32
"""Voices of a cartridge, of one side of a cartridge, and of a bulk dump."""

_SYSEX_START = 0xF0
_SYSEX_END = 0xF7
_YAMAHA = 0x43
_SINGLE_FORMAT = 0x00
_BULK_FORMAT = 0x09
_HEADER_BYTES = 6
_BULK_HEADER = bytes([_SYSEX_START, _YAMAHA, 0x00, _BULK_FORMAT, 0x20, 0x00])
_SINGLE_HEADER = bytes([_SYSEX_START, _YAMAHA, 0x00, _SINGLE_FORMAT, 0x01, 0x1B])
_BULK_PAYLOAD_BYTES = BANK_VOICES * VOICE_BYTES
_SINGLE_PAYLOAD_BYTES = 155
_ALL_OPERATORS_ON = 63
_TRANSPOSE, _NO_TRANSPOSITION = 144, 24
_SEVEN_BITS = np.uint8(0x7F)
_UNIVERSAL_FORMAT = 0x7E
_UNIVERSAL_NAME = slice(6, 16)
"""A universal dump names its content in ten characters, such as `LM  8952PM`."""

_OTHER_FORMATS = {
    0x01: "performance",
    0x02: "performance bank",
    0x03: "4-operator voice",
    0x04: "4-operator voice bank",
    0x05: "DX7 II voice supplement",
    0x06: "DX7 II voice supplement bank",
}
"""Yamaha SysEx formats that share the extension but hold no DX7 voices."""

_FOREIGN_FILES = {
    b"\x00\x05\x16\x07": "an Apple resource fork, not the file itself",
    b"MThd": "a MIDI file; save its SysEx messages as a .syx file",
}
"""First bytes → what such a file is."""

# Largest valid value of each byte of a single-voice dump: six operators, globals, name.
_OPERATOR_MAXIMA = [99] * 11 + [3, 3, 7, 3, 7, 99, 1, 31, 99, 14]
_GLOBAL_MAXIMA = [99] * 8 + [31, 7, 1, 99, 99, 99, 99, 1, 5, 7, 48]
_SINGLE_MAXIMA = np.array(_OPERATOR_MAXIMA * 6 + _GLOBAL_MAXIMA + [127] * NAME_LENGTH, np.uint8)

_MAX_IMPLAUSIBLE_BYTES = 16
"""Real banks have a median of at most 6 bytes out of range per voice; other data has over 30."""

Voices = NDArray[np.uint8]
"""[N, 128] packed voices."""


class Bank(NamedTuple):
    """The voices of one file.

    Attributes:
      path: the file.
      voices: [N, 128] uint8 packed voices, N at least 1.
      slot: [N] int32 place in the file, from 1; a damaged voice leaves a gap.
      issues: what was wrong or left out, one phrase each.
    """

    path: Path
    voices: Voices
    slot: NDArray[np.int32]
    issues: list[str]


class VoiceTable(NamedTuple):
    """The voices of many files, in file order.

    Attributes:
      voices: [N, 128] uint8 packed voices.
      source: [N] path of each voice's file.
      slot: [N] int32 place in that file, from 1.
      names: [N] voice names.
      issues: one line for each file that was skipped or not read in full.
    """

    voices: Voices
    source: list[str]
    slot: NDArray[np.int32]
    names: list[str]
    issues: list[str]


def checksum(payload: bytes) -> int:
    """The byte that makes a SysEx payload sum to 0 modulo 128."""
    return -sum(payload) % 128


def _has_checksum(payload: bytes, stored: int) -> bool:
    return checksum(payload) == stored % 128  # some dumpers set bit 7


class Reading(NamedTuple):
    """What is in the bytes of a file; see `Bank`."""

    voices: Voices
    slot: NDArray[np.int32]
    issues: list[str]


def _intact(voices: Voices, issues: list[str]) -> Reading:
    """The voices without the damaged ones, which are added to the issues."""
    # SysEx data has seven bits: an eighth in a parameter means that the byte is lost.
    damaged = np.any(voices[:, :PARAMETER_BYTES] > 127, axis=1)
    slots = np.arange(1, len(voices) + 1, dtype=np.int32)
    if damaged.any():
        listed = ", ".join(str(slot) for slot in slots[damaged])
        issues = [*issues, f"damaged voices left out: {listed}"]
    return Reading(voices[~damaged] & _SEVEN_BITS, slots[~damaged], issues)


def _read_headerless(data: bytes) -> Reading:
    """Takes a file as packed voices from byte 0 on, if that makes sense."""
    num_banks = len(data) // _BULK_PAYLOAD_BYTES
    used = num_banks * _BULK_PAYLOAD_BYTES
    voices = np.frombuffer(data[:used], np.uint8).reshape(-1, VOICE_BYTES)
    if not len(voices):
        return _intact(voices, [f"{len(data)} bytes without a SysEx message"])
    out_of_range = np.sum(voices > pack_single(_SINGLE_MAXIMA), axis=1)
    if np.median(out_of_range) > _MAX_IMPLAUSIBLE_BYTES:
        return _intact(voices[:0], [f"{len(data)} bytes, neither SysEx messages nor packed voices"])
    tail = len(data) - used
    return _intact(voices, [f"{tail} bytes after the voices ignored"] if tail else [])


class _MessageReader:
    """Walks the SysEx messages of one file and collects voices and complaints."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._blocks: list[Voices] = [np.empty((0, VOICE_BYTES), np.uint8)]
        self._issues: list[str] = []

    def read(self) -> Reading:
        """Takes the voices of all messages, wherever in the file they start."""
        others: Counter[str] = Counter()
        stray_bytes = position = 0
        while position < len(self._data):
            start = self._data.find(_SYSEX_START, position)
            if start < 0:
                break
            stray_bytes += start - position
            position, other = self._read_message(start)
            if other:
                others[other] += 1
        stray_bytes += len(self._data) - position
        for what, count in others.items():
            self._issues.append(f"{count} × {what} ignored" if count > 1 else f"{what} ignored")
        voices = np.concatenate(self._blocks)
        if stray_bytes and len(voices):
            self._issues.append(f"{stray_bytes} bytes outside of messages ignored")
        return _intact(voices, self._issues)

    def _read_message(self, start: int) -> tuple[int, str | None]:
        """Reads the message at `start`; returns where the next may begin, and what was not read."""
        header = self._data[start : start + _UNIVERSAL_NAME.stop]
        if len(header) >= _HEADER_BYTES and header[1] == _YAMAHA and header[2] < 0x10:
            if header[3] == _BULK_FORMAT:
                return self._read_bulk(start), None
            if header[3] == _SINGLE_FORMAT:
                return self._read_single(start), None
        return self._message_end(start), _describe_message(header)

    def _read_bulk(self, start: int) -> int:
        first = start + _HEADER_BYTES
        end = first + _BULK_PAYLOAD_BYTES
        # A damaged voice may hold F0 or F7, so an F7 in the right place counts for more.
        if end + 1 < len(self._data) and self._data[end + 1] == _SYSEX_END:
            next_start = end + 2
            if not _has_checksum(self._data[first:end], self._data[end]):
                self._issues.append(f"wrong checksum in the dump at byte {start}")
        else:
            next_start = self._message_end(start)
            end = min(end, self._payload_end(start))
            self._issues.append(
                f"dump at byte {start} is not of the right length:"
                f" {(end - first) // VOICE_BYTES} of {BANK_VOICES} voices read"
            )
        num_voices = (end - first) // VOICE_BYTES
        payload = self._data[first : first + num_voices * VOICE_BYTES]
        self._blocks.append(np.frombuffer(payload, np.uint8).reshape(-1, VOICE_BYTES))
        return next_start

    def _read_single(self, start: int) -> int:
        first = start + _HEADER_BYTES
        end = first + _SINGLE_PAYLOAD_BYTES
        if self._payload_end(start) < end:
            self._issues.append(f"single voice at byte {start} is cut short")
            return self._message_end(start)
        payload = self._data[first:end]
        if end < len(self._data) and not _has_checksum(payload, self._data[end]):
            self._issues.append(f"wrong checksum in the voice at byte {start}")
        self._blocks.append(pack_single(np.frombuffer(payload, np.uint8))[None])
        return self._message_end(start)

    def _payload_end(self, start: int) -> int:
        """Where the next message starts, this one ends, or the file does."""
        ends = (self._data.find(mark, start + 1) for mark in (_SYSEX_START, _SYSEX_END))
        return min((end for end in ends if end >= 0), default=len(self._data))

    def _message_end(self, start: int) -> int:
        """First byte after the message."""
        end = self._payload_end(start)
        return end + 1 if self._data[end : end + 1] == bytes([_SYSEX_END]) else end


def pack_single(payload: ArrayLike) -> Voices:
    """[128] packed voice of the [155] payload of a single-voice dump, clamped to its range."""
    clamped = np.minimum(np.asarray(payload, np.uint8), _SINGLE_MAXIMA)
    unpacked = np.append(clamped, np.uint8(_ALL_OPERATORS_ON))
    return pack_voices(unpacked[None])[0]


def _describe_message(header: bytes) -> str:
    if len(header) < 4 or header[1] != _YAMAHA:
        return f"message of another maker ({header[1:2].hex().upper() or 'empty'}h)"
    if header[2] >= 0x10:
        return "message that is not a dump"
    if header[3] == _UNIVERSAL_FORMAT:
        content = header[_UNIVERSAL_NAME].decode("ascii", "replace")
        return f"Yamaha {content!r} dump"
    return _OTHER_FORMATS.get(header[3], f"Yamaha dump of unknown format {header[3]}")


def parse_sysex(data: bytes) -> Reading:
    """Takes every voice from the content of a file; see `read_sysex`.

    Raises:
      UserError: there is no voice; the message says what there is.
    """
    for magic, what in _FOREIGN_FILES.items():
        if data.startswith(magic):
            raise UserError(what)
    reading = _MessageReader(data).read()
    if not data.startswith(bytes([_SYSEX_START])):
        # A start mark inside may be chance: the reading that finds more voices is right.
        headerless = _read_headerless(data)
        if len(headerless.voices) >= len(reading.voices):
            reading = headerless
    if not len(reading.voices):
        raise UserError("; ".join(reading.issues))
    return reading


def read_sysex(path: str | os.PathLike[str]) -> Bank:
    """Reads every voice of a file.

    Taken are 32-voice dumps of any channel, byte count and checksum; single voices; several
    messages per file; complete voices of a dump that was cut short; and headerless dumps.
    A voice with a byte above 127 among its parameters is damaged and left out.

    Args:
      path: the file.

    Returns:
      The voices and what else there is to say about the file.

    Raises:
      UserError: the file cannot be read or holds no voice; the message names it and says why.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        return Bank(path, *parse_sysex(data))
    except UserError as error:
        raise UserError(f"{path}: no DX7 voices: {error}") from error


def find_sysex(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """The SysEx files that files and folders stand for.

    Args:
      paths: files, taken whatever they are called, and folders, searched in depth for `.syx`
        in upper or lower case.

    Returns:
      Files in the order of `paths`, sorted within a folder, each once.

    Raises:
      UserError: a path does not exist, or nothing was found.
    """
    found: dict[Path, None] = {}
    searched = [Path(path) for path in paths]
    for path in searched:
        if path.is_dir():
            files = (p for p in path.rglob("*") if p.suffix.lower() == ".syx" and p.is_file())
            found.update(dict.fromkeys(sorted(files)))
        elif path.exists():
            found[path] = None
        else:
            raise UserError(f"{path}: no such file or folder")
    if not found:
        raise UserError(f"{', '.join(map(str, searched))}: no .syx file found")
    return list(found)


def load_voices(paths: Iterable[str | os.PathLike[str]]) -> VoiceTable:
    """Reads many files and folders; files without a voice are skipped and listed.

    Args:
      paths: see `find_sysex`.

    Returns:
      All voices, duplicates included.

    Raises:
      UserError: a path does not exist, or not one voice was found.
    """
    banks: list[Bank] = []
    issues: list[str] = []
    for path in find_sysex(paths):
        try:
            bank = read_sysex(path)
        except UserError as error:
            issues.append(str(error))
            continue
        banks.append(bank)
        if bank.issues:
            issues.append(f"{path}: {'; '.join(bank.issues)}")
    if not banks:
        raise UserError("no DX7 voices found:\n" + "\n".join(issues))
    voices = np.concatenate([bank.voices for bank in banks])
    return VoiceTable(
        voices=voices,
        source=[str(bank.path) for bank in banks for _ in bank.voices],
        slot=np.concatenate([bank.slot for bank in banks]),
        names=[voice_name(voice) for voice in voices],
        issues=issues,
    )


def voice_name(voice: ArrayLike) -> str:
    """Name of a packed voice [128]: up to 10 printable ASCII characters, without padding."""
    characters = np.asarray(voice, np.uint8)[PARAMETER_BYTES:] & 0x7F
    return "".join(chr(c) if 32 <= c < 127 else " " for c in characters).strip()


def _name_bytes(name: str) -> Voices:
    """[10] ASCII bytes: accents dropped, what has no likeness left out, cut or padded to 10."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    printable = "".join(c for c in plain if c.isprintable())
    padded = printable[:NAME_LENGTH].ljust(NAME_LENGTH)
    return np.frombuffer(padded.encode("ascii"), np.uint8)


def with_name(voice: ArrayLike, name: str) -> Voices:
    """Copy of a packed voice [128] under another name, brought to 10 printable ASCII characters."""
    renamed = np.array(voice, np.uint8)
    renamed[PARAMETER_BYTES:] = _name_bytes(name)
    return renamed


def deduplicate(voices: Voices) -> NDArray[np.int64]:
    """Ascending indices of the first of each group of voices that differ in name at most."""
    if not len(voices):
        return np.empty(0, np.int64)
    _, first = np.unique(voices[:, :PARAMETER_BYTES], axis=0, return_index=True)
    return np.sort(first)


def to_values(voices: Voices) -> NDArray[np.float32]:
    """Presets of voices.

    Args:
      voices: [N, 128] uint8. Bytes out of range are clamped as the synthesizer does.

    Returns:
      [N, 155] float32 plugin values in [0, 1].
    """
    return values_from_unpacked(unpack_voices(voices))


def from_values(values: NDArray[np.floating], names: Sequence[str]) -> Voices:
    """Voices of presets.

    Args:
      values: [N, 155] plugin values in [0, 1]. Those a voice has no byte for (filter, output,
        tuning, operator switches) are lost.
      names: N voice names.

    Returns:
      [N, 128] uint8 packed voices.

    Raises:
      ValueError: a value outside of [0, 1], or another number of names than presets.
    """
    voices = pack_voices(unpacked_from_values(values))
    named = [with_name(voice, name) for voice, name in zip(voices, names, strict=True)]
    return np.array(named, np.uint8).reshape(-1, VOICE_BYTES)


def without_transposition(voices: Voices) -> Voices:
    """Copies of packed voices [N, 128] that play the key that is pressed.

    Transposition is none of the decisions of an action, so that no policy could learn it.
    """
    unpacked = unpack_voices(voices)
    unpacked[:, _TRANSPOSE] = _NO_TRANSPOSITION
    return pack_voices(unpacked)


def init_voice() -> Voices:
    """[128] the plain sine a DX7 starts a new voice from."""
    return from_values(SPEC.default_values[None], ["INIT VOICE"])[0]


def _message(header: bytes, payload: bytes) -> bytes:
    return header + payload + bytes([checksum(payload), _SYSEX_END])


def sysex_bank(voices: ArrayLike) -> bytes:
    """A cartridge: the 4104 bytes of a 32-voice dump, filled up with init voices.

    Args:
      voices: [N, 128] packed voices, N at most 32.

    Raises:
      ValueError: more voices, or of another length.
    """
    voices = np.asarray(voices, np.uint8)
    if voices.ndim != 2 or voices.shape[1] != VOICE_BYTES or len(voices) > BANK_VOICES:
        raise ValueError(f"voices must be [N <= 32, 128], not {list(voices.shape)}")
    bank = np.tile(init_voice(), (BANK_VOICES, 1))
    bank[: len(voices)] = voices
    return _message(_BULK_HEADER, (bank & _SEVEN_BITS).tobytes())


def write_bank(path: str | os.PathLike[str], voices: ArrayLike) -> None:
    """Writes a cartridge.

    Args:
      path: file to write.
      voices: see `sysex_bank`.

    Raises:
      ValueError: more than 32 voices, or of another length than 128 bytes.
      UserError: the file cannot be written.
    """
    _write(path, sysex_bank(voices))


def write_voice(path: str | os.PathLike[str], voice: ArrayLike) -> None:
    """Writes a single-voice dump of 163 bytes, which goes to the DX7's edit buffer.

    Args:
      path: file to write.
      voice: [128] packed voice.

    Raises:
      UserError: the file cannot be written.
    """
    unpacked = unpack_voices(np.asarray(voice, np.uint8)[None])[0, :_SINGLE_PAYLOAD_BYTES]
    _write(path, _message(_SINGLE_HEADER, unpacked.tobytes()))


def _write(path: str | os.PathLike[str], data: bytes) -> None:
    try:
        Path(path).write_bytes(data)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from error
