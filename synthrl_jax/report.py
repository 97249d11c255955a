"""Pieces of self-contained HTML pages: audio players, spectrograms, plots as data URIs."""

from __future__ import annotations

import base64
import dataclasses
import functools
import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jinja2
import numpy as np
import soundfile
from matplotlib.figure import Figure
from numpy.typing import NDArray

from synthrl_jax import audio

_DYNAMIC_RANGE_DB = 80.0


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A target and what was found for it.

    Attributes:
      title: name of the target.
      target, match: [S] audio at 22 050 Hz, peak 1.
      scores: metric name → value.
    """

    title: str
    target: NDArray[np.float32]
    match: NDArray[np.float32]
    scores: dict[str, float]


class Scored(NamedTuple):
    """A sound [S] of peak 1, and metric name → value."""

    sound: NDArray[np.float32]
    scores: dict[str, float]


class Example(NamedTuple):
    """A target and what several ways of matching found for it.

    Attributes:
      title: name of the target.
      target: [S] audio at 22 050 Hz, peak 1.
      matches: by the name of the way.
    """

    title: str
    target: NDArray[np.float32]
    matches: dict[str, Scored]

    def sounds(self) -> dict[str, NDArray[np.float32]]:
        """The target and the matches, by title."""
        return {"target": self.target, **{way: m.sound for way, m in self.matches.items()}}


class Point(NamedTuple):
    """Of a curve: a mean with its interval."""

    x: float
    mean: float
    low: float
    high: float


class Panel(NamedTuple):
    """A plot of what a budget buys.

    Attributes:
      x_label, y_label: of the axes.
      curves: by label.
      levels: by label, what has no budget.
      reference: by label, what others have reached.
    """

    x_label: str
    y_label: str
    curves: Mapping[str, Sequence[Point]]
    levels: Mapping[str, float]
    reference: Mapping[str, float]


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("synthrl_jax"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "audio_uri": audio_uri,
        "png_uri": png_uri,
        "spectrograms": spectrograms_png,
    }
    return environment


def render_page(template: str, **context: Any) -> str:
    """Fills a template of `templates/`; text is escaped."""
    return _environment().get_template(template).render(**context)


def audio_uri(sound: NDArray[np.float32], sample_rate: int = audio.SAMPLE_RATE) -> str:
    """[S] as a FLAC data URI at a comfortable level."""
    buffer = io.BytesIO()
    peak = float(np.max(np.abs(sound))) or 1.0
    soundfile.write(buffer, 0.7 * sound / peak, sample_rate, format="FLAC", subtype="PCM_16")
    return "data:audio/flac;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    return buffer.getvalue()


def png_uri(png: bytes) -> str:
    """A PNG file as a data URI."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def spectrograms_png(sounds: Mapping[str, NDArray[np.float32]]) -> str:
    """Spectrograms of sounds of one length, by title, side by side on one dB scale.

    Returns:
      A PNG data URI.
    """
    magnitude = np.asarray(audio.stft_magnitude(np.stack([*sounds.values()])))
    level_db = 20 * np.log10(np.maximum(magnitude, 1e-5))
    top_db = float(level_db.max())
    duration_s = len(next(iter(sounds.values()))) / audio.SAMPLE_RATE
    figure = Figure(figsize=(max(9.0, 3.4 * len(sounds)), 2.6), layout="constrained")
    axes = figure.subplots(1, len(sounds), sharey=True, squeeze=False)[0]
    for panel, level, title in zip(axes, level_db, sounds, strict=True):
        panel.imshow(
            level.T,
            origin="lower",
            aspect="auto",
            extent=(0, duration_s, 0, audio.SAMPLE_RATE / 2000),
            vmin=top_db - _DYNAMIC_RANGE_DB,
            vmax=top_db,
            cmap="magma",
        )
        panel.set_title(title)
        panel.set_xlabel("s")
    axes[0].set_ylabel("kHz")
    return png_uri(_png(figure))


def trade_off_png(panels: Sequence[Panel]) -> bytes:
    """Panels, two in a row, on logarithmic budgets."""
    rows = -(-len(panels) // 2)
    figure = Figure(figsize=(11, 4.4 * rows), layout="constrained")
    for axes, panel in zip(figure.subplots(rows, 2, squeeze=False).flat, panels, strict=False):
        for label, points in panel.curves.items():
            x, mean, low, high = np.array(points).T
            error = [mean - low, high - mean]
            axes.errorbar(x, mean, yerr=error, marker="o", capsize=3, label=label)
        for i, (label, value) in enumerate(panel.levels.items(), start=len(panel.curves)):
            axes.axhline(value, color=f"C{i}", label=label)
        for i, (label, value) in enumerate(panel.reference.items()):
            axes.axhline(value, color="gray", dashes=(1 + 2 * i, 2), label=label)
        budgets = sorted({point.x for points in panel.curves.values() for point in points})
        axes.set_xscale("log")
        axes.set_xticks(budgets, [f"{x:g}" for x in budgets])
        axes.minorticks_off()
        axes.set_xlabel(panel.x_label)
        axes.set_ylabel(panel.y_label)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    return _png(figure)


def curve_png(values: NDArray[np.floating], x_label: str, y_label: str) -> str:
    """A curve over 1, 2, 3 …, as a PNG data URI."""
    figure = Figure(figsize=(6, 2.4), layout="constrained")
    axes = figure.add_subplot()
    axes.step(np.arange(1, len(values) + 1), values, where="post")
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(alpha=0.3)
    return png_uri(_png(figure))
