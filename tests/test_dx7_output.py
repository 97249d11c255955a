"""The plugin stage against the published formulas: scale, clip, DC blocker, gain, filter."""

from __future__ import annotations

import numpy as np
import pytest

from synthrl_jax.errors import UserError
from synthrl_jax.render import Renderer, native_parameters, pack_voices
from synthrl_jax.synths.dx7 import SPEC

pytestmark = pytest.mark.native

RATE = 22_050
LENGTH_S = 0.25
INDEX = {name: i for i, (name, _, _) in enumerate(native_parameters())}
RAW_SCALE = 2.0**25
CLIP = 2**28


def preset(**settings: float) -> np.ndarray:
    """[1, 155] the init voice with some values changed; `_` in a name stands for a blank."""
    values = SPEC.default_values.copy()
    for name, value in settings.items():
        values[INDEX[name.replace("_", " ")]] = value
    return values[None]


def fixed_frequency_preset(num_carriers: int) -> np.ndarray:
    """[1, 155] sines of 100 Hz that add up; fixed, as the stages tune keys differently."""
    values = preset(ALGORITHM=1.0)
    for k in range(1, num_carriers + 1):
        values[0, INDEX[f"OP{k} MODE"]] = 1.0
        values[0, INDEX[f"OP{k} F COARSE"]] = 2 / 31
        values[0, INDEX[f"OP{k} OUTPUT LEVEL"]] = 1.0
        values[0, INDEX[f"OP{k} KEY VELOCITY"]] = 1.0
    return values


def render(values: np.ndarray, stage: str = "plugin", rate: int = RATE, **arguments) -> np.ndarray:
    arguments = {"gate_s": 0.2, "length_s": LENGTH_S, "fade_s": 0.0, **arguments}
    return Renderer(sample_rate=rate, threads=1, stage=stage).render(values, **arguments)[0]


def clipped(raw: np.ndarray) -> np.ndarray:
    """Dexed's 16-bit conversion: a negative overload becomes +1."""
    values = np.floor(raw / 2**13)
    values[raw >= CLIP] = 32_767
    values[raw < -CLIP] = 32_768
    return (values / 32_768).astype(np.float32)


def dc_blocked(audio: np.ndarray, rate: int) -> np.ndarray:
    pole = np.float32(1 - 126 / rate)
    out = np.zeros_like(audio)
    x1 = y1 = np.float32(0)
    for i, x in enumerate(audio):
        y1 = (x - x1) + pole * y1
        x1 = x
        out[i] = y1
    return out


@pytest.mark.parametrize("rate", [22_050, 44_100])
@pytest.mark.parametrize("num_carriers", [1, 4, 6])
def test_scale_clip_and_dc_blocker(num_carriers, rate):
    values = fixed_frequency_preset(num_carriers)
    raw = render(values, "engine", rate, velocity=127).astype(np.float64) * RAW_SCALE
    overloads = num_carriers == 6
    assert bool((raw >= CLIP).any()) is overloads
    assert bool((raw < -CLIP).any()) is overloads
    expected = dc_blocked(clipped(raw), rate)
    np.testing.assert_array_equal(render(values, "plugin", rate, velocity=127), expected)


def test_output_gain_is_linear_and_after_the_dc_blocker():
    np.testing.assert_array_equal(render(preset(Output=0.25)), render(preset()) * np.float32(0.25))
    assert not render(preset(Output=0.0)).any()


def test_master_tune_reaches_one_semitone_either_way():
    for tune, note in ((0.0, 59), (0.5, 60), (1.0, 61)):
        np.testing.assert_array_equal(
            render(preset(**{"MASTER TUNE ADJ": tune})), render(preset(), note=note)
        )
    a_quarter_tone = render(preset(**{"MASTER TUNE ADJ": 0.75}), gate_s=2.0, length_s=2.0)
    spectrum = np.abs(np.fft.rfft(a_quarter_tone * np.hanning(len(a_quarter_tone))))
    assert np.argmax(spectrum) / 2 == pytest.approx(261.626 * 2 ** (1 / 24), abs=0.3)


def test_master_tune_moves_fixed_frequencies_too():
    values = fixed_frequency_preset(1)
    values[0, INDEX["MASTER TUNE ADJ"]] = 1.0
    audio = render(values, gate_s=2.0, length_s=2.0)
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    assert np.argmax(spectrum) / 2 == pytest.approx(100 * 2 ** (1 / 12), abs=0.5)


def test_transposition_is_a_change_of_key():
    np.testing.assert_array_equal(
        render(preset(MIDDLE_C=(24 + 12) / 48)), render(preset(), note=72)
    )


def test_a_switched_off_operator_is_silent():
    assert not render(preset(**{"OP1 SWITCH": 0.0})).any()
    two = preset(ALGORITHM=1.0, **{"OP2 OUTPUT LEVEL": 1.0, "OP2 F COARSE": 3 / 31})
    off = two.copy()
    off[0, INDEX["OP2 SWITCH"]] = 0.0
    assert np.abs(render(two) - render(preset(ALGORITHM=1.0))).max() > 0.01
    np.testing.assert_array_equal(render(off), render(preset(ALGORITHM=1.0)))


def test_packed_voices_have_the_plugin_at_rest():
    values = preset()
    unpacked = np.zeros((1, 156), np.uint8)
    for i, (_, byte, maximum) in enumerate(native_parameters()):
        if byte >= 0:
            unpacked[0, byte] = round(float(values[0, i]) * maximum)
    np.testing.assert_array_equal(render(pack_voices(unpacked)), render(values))


def ladder(audio: np.ndarray, cutoff: float, resonance: float, rate: int) -> np.ndarray:
    """The published filter in double precision."""

    def curve(position: float, low: float, high: float) -> float:
        return (np.exp(position * np.log(20)) - 1) / 19 * (high - low) + low

    def one_pole(stage: int, x: float, c: float) -> float:
        v = (x - state[stage]) * c / (1 + c)
        y = v + state[stage]
        state[stage] = y + v
        return y

    state = np.zeros(6)  # of the four ladder stages, the DC stage and the smoother
    feedback = 3.5 * (0.991 - curve(1 - resonance, 0, 0.991))
    g = np.tan(curve(cutoff, 60, 19_000) * np.pi / rate)
    k = g / (1 + g)
    saturation = 970 / 44_000 * np.sqrt(44_000 / rate)
    out = np.zeros(len(audio))
    for i, x in enumerate(audio.astype(np.float64)):
        s = x - 0.45 * one_pole(4, x, 15 / rate * np.pi)
        s = one_pole(5, s, np.tan((0.5 * rate - 10) * np.pi / rate))
        total = (k * (k * (k * state[0] + state[1]) + state[2]) + state[3]) / (1 + g)
        y = (s - feedback * total) / (1 + feedback * k**4) + 1e-8
        y = one_pole(0, y, g)
        state[0] = np.arctan(state[0] * saturation) / saturation
        for stage in (1, 2, 3):
            y = one_pole(stage, y, g)
        out[i] = y * (1 + 0.45 * feedback)
    return out


@pytest.mark.parametrize("cutoff", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("resonance", [0.0, 0.5, 0.9])
def test_filter(cutoff, resonance):
    bright = preset(FEEDBACK=1.0, ALGORITHM=1.0, **{"OP6 OUTPUT LEVEL": 1.0})
    filtered = bright.copy()
    filtered[0, [INDEX["Cutoff"], INDEX["Resonance"]]] = cutoff, resonance
    plain = render(bright)
    expected = ladder(plain, cutoff, resonance, RATE)
    np.testing.assert_allclose(render(filtered), expected, atol=2e-4 * np.abs(expected).max())
    assert np.abs(expected - plain).max() > 0.02


def test_a_cutoff_above_half_the_sample_rate_is_refused():
    with pytest.raises(UserError, match=r"row 0, 'Cutoff': the filter needs a cutoff below half"):
        render(preset(Cutoff=0.95))
    assert np.all(np.isfinite(render(preset(Cutoff=0.95), rate=44_100)))
    assert np.all(np.isfinite(render(preset(Cutoff=0.95), "engine")))


def test_no_filter_setting_gives_nan():
    rng = np.random.default_rng(0)
    values = rng.uniform(0, 1, (200, 155)).astype(np.float32)
    values[:, INDEX["Cutoff"]] *= 0.8
    audio = Renderer(sample_rate=RATE, threads=1).render(values, velocity=127, length_s=0.5)
    assert np.all(np.isfinite(audio))
    assert np.count_nonzero(np.abs(audio).max(axis=1) > 1e-3) > 50


def test_settings_of_one_row_do_not_reach_another():
    """Rows are rendered side by side, with filters in some of them only."""
    rng = np.random.default_rng(1)
    values = np.repeat(preset(ALGORITHM=1.0, FEEDBACK=1.0), 20, axis=0)
    columns = [INDEX[name] for name in ("Cutoff", "Resonance", "Output", "MASTER TUNE ADJ")]
    values[:, columns] = rng.uniform(0, 0.8, (20, 4))
    values[::3, INDEX["Cutoff"]] = 1.0
    together = Renderer(sample_rate=RATE, threads=1).render(values, length_s=LENGTH_S)
    for row, alone in zip(values, together, strict=True):
        np.testing.assert_array_equal(render(row[None], gate_s=3.0, fade_s=0.1), alone)
    assert len({row.tobytes() for row in together}) == 20


def test_tails_end_in_exact_zeros():
    """The DC blocker would ring on in denormal numbers, which are slow."""
    audio = render(preset(), gate_s=0.1, length_s=2.0)
    sizes = np.abs(audio[audio != 0])
    assert sizes.min() >= np.finfo(np.float32).tiny
    assert not audio[-100:].any()
