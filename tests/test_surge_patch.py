"""Surge patches in Python: read or refused with a reason, described, and made by our own script."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import re
import struct
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
import pytest

from synthrl_jax import assets
from synthrl_jax.cli import main
from synthrl_jax.errors import UserError
from synthrl_jax.render import read_surge_patch
from synthrl_jax.surge_patches import describe_patch, find_patches
from synthrl_jax.synths import surge

pytestmark = pytest.mark.native

HEADER_BYTES = 60
XML_OFFSET = 92
SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "scripts" / "make_patches.py"


def load_script():
    spec = importlib.util.spec_from_file_location("make_patches", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = sys.modules["make_patches"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_patches = load_script()


def patch_file(parameters: str = "", others: str = "", revision: int = 29) -> bytes:
    xml = f'<patch revision="{revision}"><parameters>{parameters}</parameters>{others}</patch>'
    chunk = b"sub3" + struct.pack("<7I", len(xml), *[0] * 6) + xml.encode("latin-1")
    header = struct.pack(">4sI4sI4sII28s", b"CcnK", 0, b"FPCh", 1, b"cjs3", 1, 1, b"")
    return header + struct.pack(">I", len(chunk)) + chunk


def xml_of(content: bytes) -> ElementTree.Element:
    """The XML of a patch as Python's own parser reads it."""
    (size,) = struct.unpack("<I", content[64:68])
    text = content[XML_OFFSET : XML_OFFSET + size].decode("latin-1")
    text = re.sub(r"^<\?xml.*?\?>", "", text)
    return ElementTree.fromstring(re.sub("&#x10;", "", text))


@pytest.fixture
def wavetable_patch() -> bytes:
    return (assets.PATCHES / "wavetable_1.fxp").read_bytes()


def test_the_script_makes_the_bundled_patches() -> None:
    files = make_patches.make_patches()
    assert files.keys() == {path.name for path in assets.patches()}
    for path in assets.patches():
        assert files[path.name] == path.read_bytes(), path.name


def test_bundled_patches_are_many_and_small() -> None:
    sizes = [path.stat().st_size for path in assets.patches()]
    assert len(sizes) >= 64
    assert sum(sizes) < 3_000_000


def test_the_engine_renders_all_that_bundled_patches_use() -> None:
    for path in assets.patches():
        patch = describe_patch(path)
        assert patch.revision == 29
        assert not patch.missing, path.name


def test_bundled_patches_use_most_of_the_engine() -> None:
    patches = [describe_patch(path) for path in assets.patches()]
    used = {
        kind: {name for patch in patches for name in patch.names(kind)}
        for kind in surge.FEATURE_KINDS
    }
    assert len(used["oscillator"]) >= 10
    assert len(used["filter"]) >= 10
    assert len(used["lfo"]) >= 7


def test_values_of_bundled_patches_are_those_of_the_file() -> None:
    for path in assets.patches():
        patch = read_surge_patch(path)
        for element in xml_of(path.read_bytes()).iterfind("parameters/*"):
            value = patch.parameter(element.tag).value
            assert value == np.float32(element.attrib["value"]), (path.name, element.tag)


def test_path_and_content_are_the_same() -> None:
    path = assets.patches()[0]
    patches = [read_surge_patch(path), read_surge_patch(path.read_bytes())]
    assert patches[0].name == patches[1].name == "Bass 1"
    assert patches[0].features() == patches[1].features()


def test_parameters() -> None:
    patch = read_surge_patch(
        patch_file(
            '<a_osc1_pitch type="2" value="1.5" absolute="1"/><character type="0" value="2"/>'
            '<b_lfo0_rate type="2" value="3" temposync="1" deactivated="1" extend_range="0"/>'
            '<a_noisecol type="2" value="0.25" deform_type="1"/>'
        )
    )
    pitch = patch.parameter("a_osc1_pitch")
    assert (pitch.value, pitch.absolute, pitch.extend_range) == (1.5, True, False)
    assert patch.parameter("character").value == 2
    rate = patch.parameter("b_lfo0_rate")
    assert rate.temposync and rate.deactivated
    assert patch.parameter("a_noisecol").deform_type == 1
    with pytest.raises(ValueError, match="no parameter 'c_pitch'"):
        patch.parameter("c_pitch")


def test_routings() -> None:
    patch = read_surge_patch(
        patch_file(
            '<a_pitch type="2" value="0"><modrouting source="17" depth="2" source_index="1"/>'
            '</a_pitch><volume type="2" value="0"><modrouting source="7" depth="-1"/></volume>'
        )
    )
    assert patch.routings() == [(17, 1, "a_pitch", 2.0), (7, 0, "volume", -1.0)]


def test_text_of_any_encoding() -> None:
    patch = read_surge_patch(patch_file(others='<meta name="caf\xe9 &amp; &#x10;"/>'))
    assert patch.name == "caf\ufffd & \x10"


def test_every_truncation_is_refused(wavetable_patch: bytes) -> None:
    places = {*range(XML_OFFSET + 64), *range(0, len(wavetable_patch), 97)}
    for size in sorted(places):
        with pytest.raises(UserError, match=r"byte \d+|the file ends"):
            read_surge_patch(wavetable_patch[:size])


@pytest.mark.parametrize("at", [56, *range(64, XML_OFFSET, 4)])
def test_sizes_that_lie(wavetable_patch: bytes, at: int) -> None:
    for size in (0x7FFFFFFF, 0xFFFFFFFF, len(wavetable_patch)):
        packed = struct.pack(">I" if at == 56 else "<I", size)
        with pytest.raises(UserError, match=f"should have {size} bytes but has"):
            read_surge_patch(wavetable_patch[:at] + packed + wavetable_patch[at + 4 :])


def test_damage_is_refused_or_harmless(wavetable_patch: bytes) -> None:
    rng = np.random.default_rng(0)
    outcomes = Counter()
    for _ in range(3000):
        content = bytearray(wavetable_patch)
        for at in rng.integers(HEADER_BYTES, 3000, rng.integers(1, 4)):
            content[at] = rng.integers(256)
        try:
            read_surge_patch(bytes(content)).features()
            outcomes["read"] += 1
        except UserError:
            outcomes["refused"] += 1
    assert min(outcomes["read"], outcomes["refused"]) > 100


def test_other_files_are_refused_by_name(tmp_path: pathlib.Path) -> None:
    for content in (b"", b"RIFF....WAVE", bytes(1000)):
        path = tmp_path / "sound.fxp"
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"sound\.fxp: byte 0: 'CcnK'"):
            describe_patch(path)
    with pytest.raises(UserError, match=r"XML at byte \d+: 'patch' ends inside 'parameters'"):
        read_surge_patch(patch_file().replace(b"</parameters>", b"<!--      -->"))


def test_bytes_are_not_a_path() -> None:
    with pytest.raises(UserError, match="'CcnK'"):
        read_surge_patch(b"/etc/hostname")


def test_features(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.fxp"
    path.write_bytes(
        patch_file(
            '<a_osc1_type type="0" value="10"/><a_osc1_param0 type="0" value="7"/>'
            '<a_pitch type="2" value="0"><modrouting source="18" depth="1"/></a_pitch>'
            '<a_lfo1_shape type="0" value="9"/><fx7_type type="0" value="9"/>'
        )
    )
    patch = describe_patch(path)
    assert patch.names("oscillator") == ("Twist",)
    assert patch.names("twist_engine") == ("Vowels/Speech",)
    assert patch.names("lfo") == ("Formula",)
    described = [feature.describe() for feature in patch.features]
    assert "lfo Formula (scene A)" in described
    assert "effect Chorus (Global 1)" in described
    with pytest.raises(ValueError, match="'sound' is not one of"):
        patch.names("sound")


def test_find_patches(tmp_path: pathlib.Path) -> None:
    for name in ("b.fxp", "sub/a.FXP", "note.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [p.name for p in find_patches([tmp_path])] == ["b.fxp", "a.FXP"]
    assert find_patches([tmp_path / "note.txt"]) == [tmp_path / "note.txt"]
    with pytest.raises(UserError, match="no such file"):
        find_patches([tmp_path / "nothing"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no \.fxp file"):
        find_patches([tmp_path / "empty"])


def test_names() -> None:
    assert len(surge.OSCILLATORS) == 12
    assert len(surge.FILTERS) == 36
    assert len(surge.WAVESHAPERS) == 43
    assert len(surge.MOD_SOURCES) == 41
    assert len(surge.EFFECTS) == 32
    assert surge.MOD_SOURCES[40] == "Latest Key"
    assert surge.feature_name("oscillator", 99) == "99"


def test_command_describes_one_patch(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["surge-info", str(assets.PATCHES / "sequence_5.fxp")]) == 0
    out = capsys.readouterr().out
    for part in ("'Sequence 5'", "Alias, Modern", "Step Sequencer", "nothing: all of it is"):
        assert part in out


def test_command_sums_up_many_patches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["surge-info", str(assets.PATCHES)]) == 0
    assert "72 of 72 patches are rendered in full" in capsys.readouterr().out


def test_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["surge-info", "--json", str(assets.PATCHES)]) == 0
    patches = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(patches) == 72
    bass = next(patch for patch in patches if patch["name"] == "Bass 1")
    assert bass["category"] == "Bass" and bass["rendered"]
    kinds = {feature["kind"]: feature for feature in bass["features"]}
    assert kinds["oscillator"]["name"] == "Classic"
    assert kinds["oscillator"]["scene"] == 0


def test_command_goes_on_after_broken_patches(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.fxp").write_bytes(patch_file()[:-1])
    (tmp_path / "whole.fxp").write_bytes(
        patch_file('<fx1_type type="0" value="1"/><fx7_type type="0" value="1"/>')
    )
    assert main(["surge-info", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert "broken.fxp: byte 60: the patch should have" in captured.err
    assert "'' of category ''" in captured.out


def real_patches(shared_data: pathlib.Path, limit: int | None = None) -> Iterator[bytes]:
    """Contents of factory and third-party patches, in the order of their archive."""
    with tarfile.open(shared_data / "surge" / "patches.tar.xz", "r|xz") as archive:
        for member in archive:
            if not member.name.endswith(".fxp"):
                continue
            if limit is not None and (limit := limit - 1) < 0:
                return
            file = archive.extractfile(member)
            assert file is not None
            yield file.read()


def test_real_patches_against_another_parser(shared_data: pathlib.Path) -> None:
    compared = Counter()
    for content in real_patches(shared_data, limit=200):
        patch, root = read_surge_patch(content), xml_of(content)
        assert patch.revision == int(root.attrib["revision"])
        assert patch.category == root.find("meta").attrib["category"]  # type: ignore[union-attr]
        for element in root.iterfind("parameters/*"):
            # Those that no migration touches.
            if re.fullmatch(
                r"[ab]_(osc\d_(octave|keytrack)|level_.*|send_.*|env\d_.*|volume|"
                r"lfo\d+_[^m].*|fm_.*|drift|vca_level|filter\d_cutoff|ws_.*)",
                element.tag,
            ):
                value = patch.parameter(element.tag).value
                assert value == np.float32(element.attrib["value"]), element.tag
                compared[element.tag] += 1
    assert len(compared) > 300
    assert min(compared.values()) > 10


@pytest.mark.slow
def test_all_real_patches(shared_data: pathlib.Path) -> None:
    revisions = Counter()
    names = Counter()
    for content in real_patches(shared_data):
        patch = read_surge_patch(content)
        revisions[patch.revision] += 1
        for kind, number in {(kind, number) for kind, number, *_ in patch.features()}:
            names[kind, surge.feature_name(kind, number)] += 1
    assert revisions.total() == 2826
    assert revisions[20] == 762 and revisions[9] == 417 and revisions[6] == 1
    # Shares that Surge XT's own reading of a larger set has, within a tenth.
    larger = {
        ("oscillator", "Classic"): 1555,
        ("oscillator", "Wavetable"): 1259,
        ("oscillator", "Sine"): 860,
        ("oscillator", "Twist"): 241,
        ("lfo", "Envelope"): 1217,
        ("lfo", "MSEG"): 544,
        ("noise", "Noise"): 776,
        ("mod_source", "Velocity"): 1693,
    }
    for feature, count in larger.items():
        assert names[feature] == pytest.approx(count * 2826 / 3557, rel=0.1), feature
