"""Sounds, voices and patches that come with the package, made by the scripts of this project."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

_FOLDER = Path(str(importlib.resources.files(__name__)))

VOICES: Path = _FOLDER / "voices.syx"
"""Ten cartridges of 32 DX7 voices in one file."""

SOUNDS: Path = _FOLDER / "sounds"
"""Folder of 22 050 Hz mono FLAC files: sounds that no DX7 made."""

POLICY: Path = _FOLDER / "policy.npz"
"""A trained policy, for `checkpoint.load_policy`; see `docs/model-card.md`."""

PATCHES: Path = _FOLDER / "patches"
"""Folder of Surge XT patches (`.fxp`)."""

EXAMPLE: Path = _FOLDER / "example.wav"
"""A plucked string to try things with."""


def sounds() -> list[Path]:
    """The bundled sounds, in name order."""
    return sorted(SOUNDS.glob("*.flac"))


def patches() -> list[Path]:
    """The bundled Surge XT patches, in name order."""
    return sorted(PATCHES.glob("*.fxp"))
