"""What a match leaves behind: a cartridge, single voices, sounds, scores and a page."""

from __future__ import annotations

import json
import pathlib
import re
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthrl_jax import audio, audio_files, presets, report, voice_sheet
from synthrl_jax.errors import UserError
from synthrl_jax.listen import FADE_S, Heard, note_name
from synthrl_jax.match import MatchResult
from synthrl_jax.render import Renderer

SOUND_RATE = 44_100
"""Of the WAV files of the voices, in Hz."""

PAGE, SCORES, TARGET, VOICES = "index.html", "scores.json", "target.wav", "voices"

_NUM_SPECTROGRAMS = 4
_MIDDLE_C = 60
_NUM_NEAREST = 10


def check_out(out: pathlib.Path, sound: pathlib.Path) -> None:
    """Makes sure that a match can be written to a folder, before time is spent on it.

    Raises:
      UserError: `out` is a file, or holds things of another origin, or the sound itself would be
        replaced.
    """
    if out.suffix.lower() == ".syx":
        raise UserError(f"{out}: --out is a folder; try --out {out.with_suffix('')}")
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: is a file; --out is a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / SCORES).is_file():
        raise UserError(f"{out}: holds other things; choose another --out")
    if out.is_dir() and sound.resolve().is_relative_to(out.resolve()):
        raise UserError(f"{sound}: lies within --out {out}; choose another one")


def file_stem(name: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^\w .,&()!+=#@$%^{}~'-]", "_", name).strip(" .") or "voice"


def write_match(result: MatchResult, out: pathlib.Path, source: pathlib.Path) -> list[pathlib.Path]:
    """Writes a match into a folder, in place of an earlier one.

    Args:
      result: what was found.
      out: the folder.
      source: what was matched.

    Returns:
      What to look at first: the page, the cartridge, the best voice and its sound, the scores.

    Raises:
      UserError: see `check_out`; also a disk that is full.
    """
    check_out(out, source)
    voices = out / VOICES
    voices.mkdir(parents=True, exist_ok=True)
    for earlier in [*voices.glob("[0-9][0-9] *.syx"), *voices.glob("[0-9][0-9] *.wav")]:
        earlier.unlink()
    bank = out / f"{file_stem(source.stem)}.syx"
    packed = np.array([candidate.voice for candidate in result.candidates])
    presets.write_bank(bank, packed)
    stems = [f"{i:02d} {file_stem(c.name)}" for i, c in enumerate(result.candidates, start=1)]
    for stem, candidate in zip(stems, result.candidates, strict=True):
        presets.write_voice(voices / f"{stem}.syx", candidate.voice)
    for stem, sound in zip(stems, play(packed, result.heard, SOUND_RATE), strict=True):
        audio_files.write_wav(voices / f"{stem}.wav", sound, SOUND_RATE)
    audio_files.write_wav(out / TARGET, result.heard.target, audio.SAMPLE_RATE)
    summary = summarise(result, source, stems)
    (out / SCORES).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    (out / PAGE).write_text(_page(result, source, bank.name, stems), encoding="utf-8")
    best = [voices / f"{stems[0]}{suffix}" for suffix in (".syx", ".wav")]
    return [out / PAGE, bank, *best, out / SCORES]


def play(
    voices: NDArray[np.uint8], heard: Heard, sample_rate: int, note: int | None = None
) -> NDArray[np.float32]:
    """[N, S] packed voices as they play what was heard, or the same at another note."""
    return Renderer("dexed", sample_rate=sample_rate).render(
        voices,
        note=heard.note if note is None else note,
        gate_s=heard.gate_s,
        length_s=heard.length_s,
        fade_s=FADE_S,
    )


def summarise(result: MatchResult, source: pathlib.Path, stems: list[str]) -> dict[str, Any]:
    """All that is to be told in numbers."""
    heard = result.heard
    return {
        "source": str(source),
        "heard": {
            "note": heard.note,
            "note_name": note_name(heard.note),
            "tuning_cents": round(heard.tuning_cents, 1),
            "gate_s": round(heard.gate_s, 3),
            "length_s": round(heard.length_s, 3),
            "warnings": list(heard.warnings),
        },
        "voices": [
            {
                "slot": i,
                "file": stem,
                "name": c.name,
                "kind": c.kind,
                "change": c.change,
                **c.scores,
            }
            for i, (stem, c) in enumerate(zip(stems, result.candidates, strict=True), start=1)
        ],
        "nearest_in_library": [
            {"name": m.place.name, "file": m.place.file, "slot": m.place.slot}
            for m in result.nearest[:_NUM_NEAREST]
        ],
        "renders": len(result.curve),
        "seconds": round(result.seconds, 2),
        "curve": _steps(result.curve),
    }


def _steps(curve: NDArray[np.float32]) -> list[list[float]]:
    """A curve that only rises, as the points where it does: [render, reward] each."""
    rises = np.flatnonzero(np.diff(curve, prepend=-np.inf) > 0)
    return [[int(i) + 1, round(float(curve[i]), 5)] for i in rises]


def _page(result: MatchResult, source: pathlib.Path, bank: str, stems: list[str]) -> str:
    voices = np.array([candidate.voice for candidate in result.candidates])
    sounds = play(voices, result.heard, audio.SAMPLE_RATE)
    rows = list(zip(stems, result.candidates, sounds, strict=True))
    comparisons = [
        compare(f"{stem}: {candidate.kind}", sound, candidate.scores, result.heard)
        for stem, candidate, sound in rows[:_NUM_SPECTROGRAMS]
    ]
    return report.render_page(
        "match.html",
        title=f"DX7 voices for {source.name}",
        heard=result.heard,
        note_name=note_name(result.heard.note),
        best=comparisons[0],
        runners_up=comparisons[1:],
        others=rows[_NUM_SPECTROGRAMS:],
        middle_c=play(voices[:1], result.heard, audio.SAMPLE_RATE, _MIDDLE_C)[0],
        nearest=[m.place for m in result.nearest[:_NUM_NEAREST]],
        curve=report.curve_png(result.curve, "renders", "best reward"),
        sheet=voice_sheet.voice_sheet(result.best.voice),
        bank=bank,
        folder=VOICES,
    )


def compare(
    title: str, sound: NDArray[np.float32], scores: dict[str, float], heard: Heard
) -> report.Comparison:
    """A voice's sound [S] at 22 050 Hz beside what was heard."""
    peak = max(float(np.max(np.abs(sound))), 1e-9)
    return report.Comparison(title, heard.target, sound / peak, scores)


def zip_match(out: pathlib.Path) -> pathlib.Path:
    """Packs the folder of a match into a ZIP file of its name beside it."""
    path = out.with_name(f"{out.name}.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(out.rglob("*")):
            archive.write(file, pathlib.Path(out.name) / file.relative_to(out))
    return path
