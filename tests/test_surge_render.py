"""Renders of Surge patches: arguments, errors, determinism, and closeness to Surge XT."""

from __future__ import annotations

import csv
import functools
import pathlib
import struct
import tarfile

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from synthrl_jax import assets, reward
from synthrl_jax.errors import UserError
from synthrl_jax.render import SURGE_SAMPLE_RATE, Renderer, read_surge_patch, surge_target

pytestmark = pytest.mark.native

LENGTH_S = 0.2

# Patches that Surge XT repeats exactly, with what is special about them and the largest null.
EXACT = {
    50: ("cold start, highpass, fade at the output", -70.0),
    607: ("FM2 in the wide configuration", -70.0),
    394: ("driven lowpass, old revision, decay to silence", -75.0),
    1567: ("ring configuration", -75.0),
    221: ("wavetable, LFO envelope", -75.0),
    967: ("Modern, untracked", -65.0),
    85: ("step sequencers, of which only the first ran before the first block", -45.0),
    2290: ("stepped pitch with triggers, feedback", -45.0),
    2237: ("MSEG, FM", -50.0),
}


def patch_content(parameters: str, revision: int = 29) -> bytes:
    """A patch file with some parameters set."""
    xml = f'<patch revision="{revision}"><parameters>{parameters}</parameters></patch>'
    chunk = b"sub3" + struct.pack("<7I", len(xml), *[0] * 6) + xml.encode("latin-1")
    header = struct.pack(">4sI4sI4sII28s", b"CcnK", 0, b"FPCh", 1, b"cjs3", 1, 1, b"")
    return header + struct.pack(">I", len(chunk)) + chunk


SINE = '<a_osc1_type type="0" value="1"/><a_osc1_param6 type="0" value="1"/>'
RETRIGGER = '<a_osc1_retrigger type="0" value="1"/>'


@functools.cache
def renderer(threads: int = 1, sample_rate: int = SURGE_SAMPLE_RATE) -> Renderer:
    return Renderer("surge", sample_rate=sample_rate, threads=threads)


@functools.cache
def rows() -> dict:
    paths = assets.patches()[::3]
    rng = np.random.default_rng(1)
    return {
        "presets": paths,
        "note": rng.integers(24, 100, len(paths)),
        "velocity": rng.integers(1, 128, len(paths)),
        "gate_s": rng.uniform(0, 0.3, len(paths)),
    }


def render_rows(chosen: list[int], threads: int = 1, stereo: bool = False) -> np.ndarray:
    arguments = {
        "note": rows()["note"][chosen],
        "velocity": rows()["velocity"][chosen],
        "gate_s": rows()["gate_s"][chosen],
    }
    presets = [rows()["presets"][row] for row in chosen]
    return renderer(threads).render(presets, **arguments, length_s=LENGTH_S, seed=9, stereo=stereo)


@functools.cache
def alone(row: int) -> np.ndarray:
    return render_rows([row])[0]


def test_shapes_and_levels():
    sound = renderer().render(assets.patches()[:3], length_s=0.5)
    assert sound.shape == (3, 22_050)
    assert sound.dtype == np.float32
    assert np.all(np.isfinite(sound))
    assert np.all(np.max(np.abs(sound), axis=1) > 1e-3)
    stereo = renderer().render(assets.patches()[:3], length_s=0.5, stereo=True)
    assert stereo.shape == (3, 2, 22_050)
    np.testing.assert_array_equal(stereo[:, 0], sound)
    assert renderer().render([], length_s=0.5).shape == (0, 22_050)


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_a_sound_depends_on_its_own_arguments_alone(data: st.DataObject):
    indices = st.lists(st.integers(0, len(rows()["presets"]) - 1), min_size=1, max_size=6)
    chosen = data.draw(indices)
    threads = data.draw(st.sampled_from([1, 2, 3]))
    for row, sound in zip(chosen, render_rows(chosen, threads), strict=True):
        np.testing.assert_array_equal(sound, alone(row))


def test_seeds_move_random_phases_only():
    free = patch_content(SINE)
    fixed = patch_content(SINE + RETRIGGER)
    render = functools.partial(renderer().render, length_s=LENGTH_S)
    assert not np.array_equal(render([free], seed=1), render([free], seed=2))
    np.testing.assert_array_equal(render([free], seed=1), render([free], seed=1))
    np.testing.assert_array_equal(render([fixed], seed=1), render([fixed], seed=2))


@pytest.mark.parametrize("sample_rate", [22_050, 44_100, 48_000, 96_000])
def test_pitch_does_not_depend_on_the_sample_rate(sample_rate: int):
    patch = patch_content(SINE + RETRIGGER)
    sound = renderer(1, sample_rate).render([patch], note=69, gate_s=2, length_s=1)[0]
    spectrum = np.abs(np.fft.rfft(sound[sample_rate // 2 :]))
    assert 2 * np.argmax(spectrum) == 440


def test_paths_contents_and_patches_are_one():
    path = assets.patches()[0]
    render = functools.partial(renderer().render, length_s=LENGTH_S)
    expected = render([path])
    np.testing.assert_array_equal(render([str(path)]), expected)
    np.testing.assert_array_equal(render([path.read_bytes()]), expected)
    np.testing.assert_array_equal(render([read_surge_patch(path)]), expected)


def test_fade_and_gate():
    patch = patch_content(SINE + RETRIGGER)
    render = functools.partial(renderer().render, [patch], length_s=0.5)
    plain = render(gate_s=9)[0]
    faded = render(gate_s=9, fade_s=0.1)[0]
    np.testing.assert_array_equal(faded[:17_640], plain[:17_640])
    ramp = np.linspace(1, 0, 4_410)
    np.testing.assert_allclose(faded[17_640:], plain[17_640:] * ramp, atol=1e-6)
    # The key goes up at a whole block of 32 samples.
    block_s = 32 / SURGE_SAMPLE_RATE
    np.testing.assert_array_equal(render(gate_s=100 * block_s), render(gate_s=100.9 * block_s))
    released = render(gate_s=100 * block_s)[0]
    np.testing.assert_array_equal(released[:3_200], plain[:3_200])
    assert np.max(np.abs(released[10_000:])) < 0.01 < np.max(np.abs(plain[10_000:]))


def test_errors_name_row_and_file(tmp_path: pathlib.Path):
    good = assets.patches()[0]
    absent = tmp_path / "absent.fxp"
    with pytest.raises(UserError, match=rf"row 1, .*{absent.name}"):
        renderer().render([good, absent])
    broken = tmp_path / "broken.fxp"
    broken.write_bytes(good.read_bytes()[:100])
    with pytest.raises(UserError, match=rf"row 1, .*{broken.name}"):
        renderer().render([good, broken])
    with pytest.raises(UserError, match="row 0, note"):
        renderer().render([good], note=128)
    with pytest.raises(UserError, match="seed"):
        renderer().render([good], seed=-1)
    with pytest.raises(UserError, match=r"sample rate|sample_rate|host rate"):
        Renderer("surge", sample_rate=1_000)
    with pytest.raises(UserError, match="stereo"):
        Renderer("dexed").render(np.zeros((1, 155)), stereo=True)


def test_a_closed_renderer_says_so():
    closed = Renderer("surge", threads=1)
    closed.close()
    with pytest.raises(RuntimeError, match="closed"):
        closed.render(assets.patches()[:1])


def test_targets_are_half_the_rate_and_peak_one():
    time_s = np.arange(44_100) / 44_100
    sound = (0.2 * np.sin(2 * np.pi * 1_000 * time_s)).astype(np.float32)
    target = surge_target(np.stack([sound, 0 * sound]))
    assert target.shape == (2, 22_050)
    np.testing.assert_allclose(target[0], np.sin(2 * np.pi * 1_000 * time_s[::2]), atol=2e-3)
    assert not np.any(target[1])


@pytest.fixture(scope="module")
def references(shared_data: pathlib.Path) -> dict[int, tuple[bytes, np.ndarray]]:
    """Patch and dry sound of Surge XT, by number."""
    folder = shared_data / "surge"
    with (folder / "index.csv").open(newline="") as file:
        names = {row["patch"]: int(row["id"]) for row in csv.DictReader(file)}
    found = {}
    with tarfile.open(folder / "patches.tar.xz") as archive:
        for member in archive:
            number = names.get(member.name)
            if number in EXACT and (content := archive.extractfile(member)) is not None:
                sound, _ = soundfile.read(folder / "reference_dry" / f"{number:04d}.flac")
                found[number] = (content.read(), sound)
                if len(found) == len(EXACT):
                    break
    assert found.keys() == EXACT.keys()
    return found


@pytest.mark.slow
def test_close_to_surge_xt(references: dict[int, tuple[bytes, np.ndarray]]):
    with Renderer("surge", sample_rate=SURGE_SAMPLE_RATE, effects=False) as dry:
        sounds = dry.render([references[number][0] for number in EXACT])
    targets = np.stack([references[number][1] for number in EXACT])
    targets = (targets / np.max(np.abs(targets), axis=1, keepdims=True)).astype(np.float32)
    ours = surge_target(sounds)
    for number, a, b in zip(EXACT, targets, ours, strict=True):
        content, null_db = EXACT[number]
        gain = np.dot(a, b) / np.dot(b, b)
        residue = 10 * np.log10(np.sum(np.square(a - gain * b)) / np.sum(np.square(a)))
        assert residue < null_db, f"patch {number}: {content}"
    assert np.max(np.asarray(reward.cost(reward.distances(targets, ours)))) < 0.1
