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
_MP3_COMPRESSION = 0.4
"""Of libsndfile: 0 is the best sound, 1 the smallest file."""
_TICKS_HZ = {100: "100", 300: "300", 1000: "1k", 3000: "3k", 10_000: "10k"}


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
def _environment(compact: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("synthrl_jax"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "audio_uri": functools.partial(audio_uri, compact=compact),
        "png_uri": png_uri,
        "spectrograms": functools.partial(spectrograms_uri, compact=compact),
    }
    return environment


def render_page(template: str, *, compact: bool = False, **context: Any) -> str:
    """Fills a template of `templates/`; text is escaped.

    Args:
      template: its name.
      compact: sounds are MP3 and spectrograms JPEG, a tenth as large.
      context: what the template asks for.
    """
    return _environment(compact).get_template(template).render(**context)


def audio_uri(
    sound: NDArray[np.float32], sample_rate: int = audio.SAMPLE_RATE, *, compact: bool = False
) -> str:
    """[S] as a FLAC or, if compact, MP3 data URI at a comfortable level."""
    buffer = io.BytesIO()
    peak = float(np.max(np.abs(sound))) or 1.0
    level = 0.7 * sound / peak
    if compact:
        soundfile.write(
            buffer, level, sample_rate, format="MP3", compression_level=_MP3_COMPRESSION
        )
        return _uri("audio/mpeg", buffer.getvalue())
    soundfile.write(buffer, level, sample_rate, format="FLAC", subtype="PCM_16")
    return _uri("audio/flac", buffer.getvalue())


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _png(figure: Figure) -> bytes:
    return _drawn(figure, "png")


def _drawn(figure: Figure, kind: str) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=90)
    return buffer.getvalue()


def png_uri(png: bytes) -> str:
    """A PNG file as a data URI."""
    return _uri("image/png", png)


def spectrograms_uri(sounds: Mapping[str, NDArray[np.float32]], *, compact: bool = False) -> str:
    """Spectrograms of sounds of one length, by title, side by side on one dB scale.

    Octaves are evenly spaced.

    Returns:
      A PNG or, if compact, JPEG data URI.
    """
    magnitude = np.asarray(audio.stft_magnitude(np.stack([*sounds.values()])))
    duration_s = len(next(iter(sounds.values()))) / audio.SAMPLE_RATE
    bins = _row_hz() * audio.N_FFT / audio.SAMPLE_RATE
    below = bins.astype(np.intp)
    share = (bins - below).astype(np.float32)
    rows = magnitude[..., below] * (1 - share) + magnitude[..., below + 1] * share
    level_db = 20 * np.log10(np.maximum(rows, 1e-5))
    top_db = float(level_db.max())
    figure = Figure(figsize=(max(11, 3.4 * len(sounds)), 3))
    axes = figure.subplots(1, len(sounds), sharey=True, squeeze=False)[0]
    # Set by hand: a computed layout would take most of the time.
    figure.subplots_adjust(left=0.05, right=0.99, bottom=0.15, top=0.9, wspace=0.04)
    for panel, level, title in zip(axes, level_db, sounds, strict=True):
        panel.imshow(
            level.T,
            origin="lower",
            aspect="auto",
            extent=(0, duration_s, 0, len(bins)),
            vmin=top_db - _DYNAMIC_RANGE_DB,
            vmax=top_db,
            cmap="magma",
        )
        panel.set_title(title, fontsize="medium")
        panel.set_xlabel("s", labelpad=1)
    axes[0].set_yticks(
        np.interp(list(_TICKS_HZ), _row_hz(), np.arange(len(bins))), _TICKS_HZ.values()
    )
    axes[0].set_ylabel("Hz", labelpad=1)
    return _uri("image/jpeg", _drawn(figure, "jpeg")) if compact else png_uri(_png(figure))


def _row_hz() -> NDArray[np.float64]:
    """[192] frequencies of a spectrogram's rows."""
    return np.geomspace(40, 0.49 * audio.SAMPLE_RATE, 192)


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


def rise_svg(
    rewards: NDArray[np.floating], renders: NDArray[np.integer], width: float = 600
) -> str:
    """The best reward against renders, as a small drawing.

    Args:
      rewards: [n] that only rise.
      renders: [n] after which they were reached.
    """
    width, height = 600.0, 60.0
    x = width * renders / max(int(renders[-1]), 1)
    y = height * (1 - rewards / max(float(rewards[-1]), 1e-9)) + 3
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return (
        f'<svg class="rise" viewBox="0 0 {width:g} {height + 6:g}" role="img" '
        'preserveAspectRatio="none" aria-label="best reward against renders"><polyline '
        f'points="{points}" fill="none" stroke="currentColor" stroke-width="2" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )
