"""Surge XT patch files (.fxp): what is in them, and what of it the engine renders."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from synthrl_jax.errors import UserError
from synthrl_jax.render import SurgePatch, read_surge_patch
from synthrl_jax.synths.surge import EFFECT_SLOTS, FEATURE_KINDS, SCENES, feature_name

SUFFIX = ".fxp"
PROTOCOL_NOTE = 60
"""The note whose sound is asked about where none is given."""


class Feature(NamedTuple):
    """Something that a patch uses.

    Attributes:
      kind: one of `synths.surge.FEATURE_KINDS`.
      number: which of the kind, as patches number it.
      variant: subtype of a filter, deform of an LFO, output of a source, ...
      scene: 0, 1, or None where scenes share it.
      unit: which oscillator, filter, LFO or effect slot, from 0.
      rendered: whether the engine plays it.
    """

    kind: str
    number: int
    variant: int
    scene: int | None
    unit: int
    rendered: bool

    @property
    def name(self) -> str:
        """What Surge XT calls it."""
        return feature_name(self.kind, self.number)

    def describe(self) -> str:
        """Name and place, such as "effect Chorus (Global 1)"."""
        kind = self.kind.replace("_", " ")
        if self.kind == "effect":
            place = EFFECT_SLOTS[self.unit]
        else:
            place = f"scene {SCENES[self.scene]}" if self.scene is not None else ""
        return f"{kind} {self.name}" + (f" ({place})" if place else "")


@dataclasses.dataclass(frozen=True)
class PatchDescription:
    """A patch, read and brought to the current revision of the format.

    Attributes:
      source: file or other origin, for messages.
      native: the patch as the engine has it.
    """

    source: str
    native: SurgePatch = dataclasses.field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """As stored in the file."""
        return self.native.name

    @property
    def category(self) -> str:
        """As stored in the file."""
        return self.native.category

    @property
    def author(self) -> str:
        """As stored in the file."""
        return self.native.author

    @property
    def revision(self) -> int:
        """Of the format of the file."""
        return self.native.revision

    @property
    def tempo_bpm(self) -> float:
        """When saved, in beats per minute; 120 if the file does not say."""
        return self.native.tempo_bpm

    @functools.cached_property
    def features(self) -> tuple[Feature, ...]:
        """All that can be heard of `PROTOCOL_NOTE`, by scene and kind."""
        return features_of(self, PROTOCOL_NOTE)

    @property
    def missing(self) -> tuple[Feature, ...]:
        """What of `features` the engine does not render."""
        return tuple(feature for feature in self.features if not feature.rendered)

    def names(self, kind: str) -> tuple[str, ...]:
        """The different names of the features of a kind, in the order of their first use."""
        if kind not in FEATURE_KINDS:
            raise ValueError(f"{kind!r} is not one of {', '.join(FEATURE_KINDS)}")
        return tuple(dict.fromkeys(f.name for f in self.features if f.kind == kind))


def features_of(patch: PatchDescription, note: int) -> tuple[Feature, ...]:
    """All that can be heard of a MIDI note, by scene and kind."""
    return tuple(
        Feature(kind, number, variant, None if scene < 0 else scene, unit, rendered)
        for kind, number, variant, scene, unit, rendered in patch.native.features(note)
    )


def describe_patch(path: str | os.PathLike[str]) -> PatchDescription:
    """Reads a patch file.

    Raises:
      UserError: it cannot be read or is no Surge patch; the message names file and byte.
    """
    return PatchDescription(os.fspath(path), read_surge_patch(path))


def find_patches(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """The given files, and the patch files in the given folders and below, in name order.

    Raises:
      UserError: a path does not exist, or a folder has no patch.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.suffix.lower() == SUFFIX and p.is_file())
            if not files:
                raise UserError(f"{path}: there is no {SUFFIX} file in this folder")
            found += files
        elif path.exists():
            found.append(path)
        else:
            raise UserError(f"{path}: no such file or folder")
    return found
