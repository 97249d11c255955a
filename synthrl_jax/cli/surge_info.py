"""Tells what Surge XT patches use, and what of it this engine does not render.

Give it patch files (.fxp) or folders of them:

  synthrl surge-info "Some Lead.fxp"
  synthrl surge-info my_patches/ --json

One patch is described in full, several in a line each, with a summary of what is missing. Only
what can be heard of one note counts. Files that are no patches are named on stderr; the status is
then 2, and the others are described all the same.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthrl_jax.surge_patches import Feature, PatchDescription

_TITLES = {
    "play_mode": "play mode",
    "filter_config": "filter configuration",
    "fm": "FM",
    "oscillator": "oscillators",
    "twist_engine": "Twist engines",
    "ring_modulator": "ring modulation",
    "noise": "noise",
    "filter": "filters",
    "waveshaper": "waveshaper",
    "envelope": "envelopes",
    "lfo": "LFOs",
    "mod_source": "modulation sources",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the flags of `synthrl surge-info`."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="patch, or folder of them")
    parser.add_argument("--json", action="store_true", help="one JSON object per patch and line")


def run(args: argparse.Namespace) -> int:
    """Prints the description of every patch."""
    from synthrl_jax.errors import UserError
    from synthrl_jax.surge_patches import describe_patch, find_patches

    patches: list[PatchDescription] = []
    num_broken = 0
    for path in find_patches(args.paths):
        try:
            patches.append(describe_patch(path))
        except UserError as error:
            print(f"synthrl surge-info: {error}", file=sys.stderr)
            num_broken += 1
    if args.json:
        for patch in patches:
            print(json.dumps(as_json(patch), ensure_ascii=False))
    elif len(patches) == 1:
        print(_description(patches[0]))
    elif patches:
        print(_overview(patches))
    return 2 if num_broken else 0


def as_json(patch: PatchDescription) -> dict[str, Any]:
    """The description of a patch in plain types."""
    return {
        "file": patch.source,
        "name": patch.name,
        "category": patch.category,
        "author": patch.author,
        "revision": patch.revision,
        "tempo_bpm": patch.tempo_bpm,
        "rendered": not patch.missing,
        "features": [
            {
                "kind": feature.kind,
                "name": feature.name,
                "number": feature.number,
                "variant": feature.variant,
                "scene": feature.scene,
                "unit": feature.unit,
                "rendered": feature.rendered,
            }
            for feature in patch.features
        ],
    }


def _names(features: list[Feature]) -> str:
    counts = Counter(feature.name for feature in features)
    return ", ".join(f"{name} x{n}" if n > 1 else name for name, n in counts.items())


def _kind_and_name(feature: Feature) -> str:
    return f"{feature.kind.replace('_', ' ')} {feature.name}"


def _description(patch: PatchDescription) -> str:
    from synthrl_jax.synths.surge import EFFECT_SLOTS, SCENES

    lines = [
        patch.source,
        f"  {patch.name!r} of category {patch.category!r} by {patch.author!r}",
        f"  format revision {patch.revision}, {patch.tempo_bpm:g} beats per minute",
    ]
    for scene, letter in enumerate(SCENES):
        used = [feature for feature in patch.features if feature.scene == scene]
        if used:
            lines.append(f"  scene {letter}")
        for kind, title in _TITLES.items():
            features = [feature for feature in used if feature.kind == kind]
            if features:
                lines.append(f"    {title:<21} {_names(features)}")
    effects = [feature for feature in patch.features if feature.kind == "effect"]
    if effects:
        names = ", ".join(f"{EFFECT_SLOTS[f.unit]}: {f.name}" for f in effects)
        lines.append(f"  effects                 {names}")
    missing = ", ".join(feature.describe() for feature in patch.missing)
    lines.append(f"  not rendered            {missing or 'nothing: all of it is'}")
    return "\n".join(lines)


def _overview(patches: list[PatchDescription]) -> str:
    lines = []
    missing: Counter[str] = Counter()
    for patch in patches:
        names = list(dict.fromkeys(_kind_and_name(feature) for feature in patch.missing))
        missing.update(names)
        verdict = f"not rendered: {', '.join(names)}" if names else "rendered"
        oscillators = ", ".join(patch.names("oscillator")) or "no oscillator"
        lines.append(f"{patch.source}: {oscillators}; {verdict}")
    complete = sum(not patch.missing for patch in patches)
    lines.append(f"\n{complete} of {len(patches)} patches are rendered in full")
    lines += [f"  {count:>5} use {name}" for name, count in missing.most_common()]
    return "\n".join(lines)
