"""The Dexed (DX7) table: 23 global rows, then 22 rows for each of the operators 1 to 6.

The rows themselves (order, names, voice bytes, native ranges) are in `dx7_parameters.csv`, which
the C++ engine is built from too. This module adds what a learner needs: class counts, kinds,
fixed values. Order and split: Dexed up to 0.9.7, as in SynthRL (IJCAI 2025) and preset-gen-vae.
"""

from __future__ import annotations

import csv
import importlib.resources
import re

from synthrl_jax.spec import Kind, Param, SynthSpec

NUM_OPERATORS = 6
NUMERICAL_CLASSES = 25
"""Classes that a parameter of 100 native steps is cut into."""
BREAK_POINT_CLASSES = 34
"""Level scaling works in groups of three semitones, so 34 of the 100 break points differ."""

_FIXED_VALUES = {
    "Cutoff": 1.0,
    "Resonance": 0.0,
    "Output": 1.0,
    "MASTER TUNE ADJ": 0.5,
    "MIDDLE C": 0.5,
}
_SWITCH_ON = 1.0

# Dexed's init voice where it is not zero, as native integers.
_INIT_GLOBAL = {"LFO SPEED": 35, "LFO KEY SYNC": 1, "P MODE SENS.": 3}
_INIT_PITCH_EG = {"RATE": 99, "LEVEL": 50}
_INIT_OPERATOR = {
    "EG RATE 1": 99,
    "EG RATE 2": 99,
    "EG RATE 3": 99,
    "EG RATE 4": 99,
    "EG LEVEL 1": 99,
    "EG LEVEL 2": 99,
    "EG LEVEL 3": 99,
    "F COARSE": 1,
    "OSC DETUNE": 7,
}


def operator_of(name: str) -> tuple[int, str] | None:
    """Splits `"OP3 F COARSE"` into `(3, "F COARSE")`; None for a global parameter."""
    match = re.fullmatch(r"OP(\d) (.+)", name)
    return (int(match[1]), match[2]) if match else None


def _init_integer(name: str) -> int:
    operator = operator_of(name)
    if operator is not None:
        number, field = operator
        if field == "OUTPUT LEVEL":
            return 99 if number == 1 else 0
        return _INIT_OPERATOR.get(field, 0)
    if name.startswith("PITCH EG"):
        return _INIT_PITCH_EG[name.split()[2]]
    return _INIT_GLOBAL.get(name, 0)


def _num_classes(name: str, split: str, maximum: int) -> int:
    if split == "numerical":
        return NUMERICAL_CLASSES
    if name.endswith("BREAK POINT"):
        return BREAK_POINT_CLASSES
    return maximum + 1


def _param(row: dict[str, str]) -> Param:
    """One table row; `categorical*` marks an ordered parameter of few steps."""
    index, name, split = int(row["index"]), row["name"], row["split"]
    if split == "fixed":
        num_steps = int(row["maximum"]) + 1 if row["maximum"] else 0
        return Param(index, name, Kind.FIXED, num_steps, 0, _FIXED_VALUES.get(name, _SWITCH_ON))
    maximum = int(row["maximum"])
    operator = operator_of(name)
    gate = f"OP{operator[0]} OUTPUT LEVEL" if operator else None
    return Param(
        index=index,
        name=name,
        kind=Kind.NOMINAL if split == "categorical" else Kind.ORDINAL,
        num_steps=maximum + 1,
        num_classes=_num_classes(name, split, maximum),
        default=_init_integer(name) / maximum,
        gated_by=None if name == gate else gate,
        group=operator[0] if operator else 0,
    )


def _load_spec() -> SynthSpec:
    table = importlib.resources.files("synthrl_jax.synths") / "dx7_parameters.csv"
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    return SynthSpec("dexed", tuple(_param(row) for row in rows))


SPEC = _load_spec()
