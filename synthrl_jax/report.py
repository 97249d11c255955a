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
    """Two spectrograms side by side on one dB scale, as a PNG data URI."""
    magnitude = np.asarray(audio.stft_magnitude(np.stack([target, match])))
    level_db = 20 * np.log10(np.maximum(magnitude, 1e-5))
    top_db = float(level_db.max())
    duration_s = len(target) / audio.SAMPLE_RATE
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for panel, level, title in zip(axes, level_db, ("target", "match"), strict=True):
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
    return _png_uri(figure)


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
