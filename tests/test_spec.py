"""The DX7 table against the figures of the method and of the synthesizer's documentation."""

import numpy as np
import pytest

from synthrl_jax.spec import Kind, Param, SynthSpec
from synthrl_jax.synths.dx7 import SPEC, operator_of

SWITCH_INDICES = [44, 66, 88, 110, 132, 154]

# Class counts of the method: globals in preset order, then one operator's rows.
GLOBAL_CLASSES = [32, 8, 2, 25, 25, 25, 25, 2, 6, 8] + [25] * 8
OPERATOR_CLASSES = [25] * 8 + [25, 2, 32, 25, 15, 34, 25, 25, 4, 4, 8, 4, 8]


def test_sizes():
    assert SPEC.num_values == 155
    assert SPEC.num_decisions == 144
    assert SPEC.max_classes == 34


def test_class_counts_in_preset_order():
    assert SPEC.class_counts.tolist() == GLOBAL_CLASSES + 6 * OPERATOR_CLASSES
    assert SPEC.class_counts.sum() == 2824


def test_84_decisions_are_cut_into_25_classes():
    assert np.count_nonzero(SPEC.class_counts == 25) == 84
    cut = [p for p in SPEC.decisions if p.num_classes == 25]
    assert all(p.num_steps == 100 and p.kind is Kind.ORDINAL for p in cut)


def test_fixed_parameters():
    fixed = {p.index: p.default for p in SPEC.params if p.kind is Kind.FIXED}
    assert fixed == {0: 1.0, 1: 0.0, 2: 1.0, 3: 0.5, 13: 0.5} | dict.fromkeys(SWITCH_INDICES, 1.0)


def test_switches_are_where_the_plugin_has_them():
    switches = [p.index for p in SPEC.params if p.name.endswith("SWITCH")]
    assert switches == SWITCH_INDICES


def test_operators_start_every_22_rows():
    first = {operator_of(p.name)[0]: p.index for p in reversed(SPEC.params) if operator_of(p.name)}
    assert first == {k: 23 + 22 * (k - 1) for k in range(1, 7)}


def test_value_index_skips_the_fixed_parameters():
    expected = [i for i in range(155) if i not in {0, 1, 2, 3, 13, *SWITCH_INDICES}]
    assert SPEC.value_index.tolist() == expected


def test_nominal_decisions():
    nominal = [p.name for p in SPEC.decisions if p.kind is Kind.NOMINAL]
    assert nominal[:4] == ["ALGORITHM", "OSC KEY SYNC", "LFO KEY SYNC", "LFO WAVE"]
    per_operator = ["MODE", "L KEY SCALE", "R KEY SCALE"]
    assert nominal[4:] == [f"OP{k} {field}" for k in range(1, 7) for field in per_operator]
    assert np.count_nonzero(~SPEC.is_ordinal) == 22


@pytest.mark.parametrize("operator", range(1, 7))
def test_output_level_gates_the_rest_of_its_operator(operator):
    level = SPEC.decision_index(f"OP{operator} OUTPUT LEVEL")
    mine = [i for i, p in enumerate(SPEC.decisions) if p.name.startswith(f"OP{operator} ")]
    assert len(mine) == 21
    assert [i for i in mine if SPEC.gate[i] != level] == [level]


def test_globals_and_levels_are_not_gated():
    ungated = [SPEC.decisions[i].name for i in np.flatnonzero(SPEC.gate == -1)]
    assert len(ungated) == 18 + 6
    assert ungated[-1] == "OP6 OUTPUT LEVEL"


def test_init_preset_is_a_plain_sine():
    value = {p.name: p.default * (p.num_steps - 1) for p in SPEC.params if p.num_steps}
    assert value["OP1 OUTPUT LEVEL"] == pytest.approx(99)
    assert sum(value[f"OP{k} OUTPUT LEVEL"] for k in range(2, 7)) == 0
    assert [value[f"PITCH EG LEVEL {i}"] for i in range(1, 5)] == pytest.approx([50] * 4)
    assert value["OP3 OSC DETUNE"] == pytest.approx(7)
    assert value["MIDDLE C"] == pytest.approx(24)


def _switch(index: int, name: str, gated_by: str | None = None) -> Param:
    return Param(index, name, Kind.NOMINAL, 2, 2, 0.0, gated_by)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ((_switch(1, "a"),), "not numbered"),
        ((_switch(0, "a"), _switch(1, "a")), "used twice"),
        ((_switch(0, "a", gated_by="b"),), "unknown 'b'"),
        ((Param(0, "a", Kind.FIXED, 2, 2, 0.0),), "fixed or have classes"),
    ],
)
def test_inconsistent_tables_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        SynthSpec("toy", params)


def test_unknown_decision():
    with pytest.raises(KeyError, match="no decision 'OP1 SWITCH'"):
        SPEC.decision_index("OP1 SWITCH")
