"""Pieces of self-contained HTML pages: audio players, spectrograms, plots as data URIs."""

from __future__ import annotations

import base64
import dataclasses
import functools
import io
from typing import Any

import jinja2
import numpy as np
import soundfile
from matplotlib.figure import Figure
from numpy.typing import NDArray

from synthrl_jax import audio

_DYNAMIC_RANGE_DB = 80.0
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


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("synthrl_jax"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"audio_uri": audio_uri, "spectrograms": spectrograms_png}
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


def _png_uri(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def spectrograms_png(target: NDArray[np.float32], match: NDArray[np.float32]) -> str:
    """Two spectrograms side by side on one dB scale, octaves evenly spaced, as a PNG data URI."""
    magnitude = np.asarray(audio.stft_magnitude(np.stack([target, match])))
    bins = _row_hz() * audio.N_FFT / audio.SAMPLE_RATE
    below = bins.astype(np.intp)
    share = (bins - below).astype(np.float32)
    rows = magnitude[..., below] * (1 - share) + magnitude[..., below + 1] * share
    level_db = 20 * np.log10(np.maximum(rows, 1e-5))
    top_db = float(level_db.max())
    figure = Figure(figsize=(11, 3))
    axes = figure.subplots(1, 2, sharey=True)
    # Set by hand: a computed layout would take most of the time.
    figure.subplots_adjust(left=0.05, right=0.99, bottom=0.15, top=0.9, wspace=0.04)
    for panel, level, title in zip(axes, level_db, ("target", "match"), strict=True):
        panel.imshow(
            level.T,
            origin="lower",
            aspect="auto",
            extent=(0, len(target) / audio.SAMPLE_RATE, 0, len(bins)),
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
    return _png_uri(figure)


def _row_hz() -> NDArray[np.float64]:
    """[192] frequencies of a spectrogram's rows."""
    return np.geomspace(40, 0.49 * audio.SAMPLE_RATE, 192)


def histogram_png(values: NDArray[np.floating], label: str) -> str:
    """How often which value occurs, as a PNG data URI."""
    figure = Figure(figsize=(6, 2.4), layout="constrained")
    axes = figure.add_subplot()
    axes.hist(values, bins=min(40, max(5, len(values) // 5)))
    axes.axvline(float(np.mean(values)), color="black", linewidth=1, label="mean")
    axes.set_xlabel(label)
    axes.set_ylabel("sounds")
    axes.legend()
    return _png_uri(figure)


def curve_png(values: NDArray[np.floating], x_label: str, y_label: str) -> str:
    """A curve over 1, 2, 3 …, as a PNG data URI."""
    figure = Figure(figsize=(6, 2.4), layout="constrained")
    axes = figure.add_subplot()
    axes.step(np.arange(1, len(values) + 1), values, where="post")
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(alpha=0.3)
    return _png_uri(figure)


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
