"""Fuzzes the SysEx reader, guided by the code it reaches.

    python tests/fuzz/sysex.py -max_total_time=60

Whatever the bytes, the reader must return voices in range, which survive being written and read
again, or say in a `UserError` why there are none; it must neither fail otherwise nor take long.
Arguments are libFuzzer's. Needs `pip install atheris`.
"""

from __future__ import annotations

import sys

import atheris
import numpy as np

with atheris.instrument_imports(include=["synthrl_jax"]):
    from synthrl_jax import assets, presets
    from synthrl_jax.errors import UserError

_BANK = assets.VOICES.read_bytes()[: 4096 + 8]
_SINGLE = bytes.fromhex("f0430000011b") + bytes(156) + b"\xf7"
_SEEDS = (b"", _SINGLE, _BANK, _BANK[6:-2], _BANK[:2000], _SINGLE + _BANK)


def _edited(data: bytes) -> bytes:
    """A real file with a piece of it replaced, as random bytes alone seldom look like one."""
    provider = atheris.FuzzedDataProvider(data)
    seed = _SEEDS[provider.ConsumeIntInRange(0, len(_SEEDS) - 1)]
    start = provider.ConsumeIntInRange(0, len(seed))
    end = provider.ConsumeIntInRange(start, len(seed))
    return seed[:start] + provider.ConsumeBytes(len(data)) + seed[end:]


def test_one(data: bytes) -> None:
    """Reads one input and checks what comes of it."""
    content = _edited(data)
    try:
        reading = presets.parse_sysex(content)
    except UserError as error:
        assert str(error)
        return
    voices = reading.voices
    assert len(voices) == len(reading.slot) > 0
    assert np.all(np.diff(reading.slot) > 0)
    values = presets.to_values(voices)
    assert np.all((values >= 0) & (values <= 1))
    again = presets.parse_sysex(presets.sysex_bank(voices[:32])).voices
    assert np.array_equal(again[: len(voices[:32])], voices[:32])


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one)
    atheris.Fuzz()
