"""What a run tells: a clock for its parts, a JSONL and TensorBoard log, learning curves."""

from __future__ import annotations

import collections
import contextlib
import json
import pathlib
import time
from collections.abc import Iterator, Mapping
from typing import Any

import tensorboardX

PARTS = ("data", "policy", "render", "wait", "learn")
"""Where the time of a step goes: reading, sampling actions, rendering and scoring them, waiting for
that, and the update. Rendering goes on beside the update, but for the wait."""


class Clock:
    """Adds up the seconds of each part of the steps since it was last read.

    Args:
      batch_size: sounds per step.
    """

    def __init__(self, batch_size: int) -> None:
        self._batch_size = batch_size
        self._seconds: collections.defaultdict[str, float] = collections.defaultdict(float)
        self._steps = 0
        self._start = time.perf_counter()

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Times the block as part `name`, one of `PARTS`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] += time.perf_counter() - start
            self._steps += name == PARTS[-1]

    def shares(self) -> dict[str, float]:
        """Share of the time each part took, in [0, 1]; parts that did not happen are left out."""
        total = time.perf_counter() - self._start
        return {name: self._seconds[name] / total for name in PARTS if name in self._seconds}

    def rates(self) -> dict[str, float]:
        """Steps per second, and renders per second of rendering where there is any."""
        scalars = {"steps_per_s": self._steps / (time.perf_counter() - self._start)}
        if "render" in self._seconds:
            num_renders = self._steps * self._batch_size
            scalars["renders_per_s"] = num_renders / self._seconds["render"]
        return scalars

    def take(self) -> dict[str, float]:
        """Rates and shares since the last call, as scalars to log; then starts anew."""
        scalars = self.rates()
        scalars |= {f"share_{name}": share for name, share in self.shares().items()}
        self.restart()
        return scalars

    def restart(self) -> None:
        """Forgets everything, as after a pause that belongs to no step."""
        self._seconds.clear()
        self._steps = 0
        self._start = time.perf_counter()


class RunLog:
    """`log.jsonl` and TensorBoard files in the run folder.

    Args:
      run: the run folder.
      resumed_at: step of the checkpoint that the run goes on from; None starts a new log. Rows
        after it, left by a run that was killed later than its last checkpoint, are dropped, so
        that a resumed log reads like an uninterrupted one.
    """

    NAME = "log.jsonl"

    def __init__(self, run: pathlib.Path, resumed_at: int | None = None) -> None:
        self._run = run
        self._path = run / self.NAME
        kept: list[dict[str, Any]] = []
        if resumed_at is not None:
            kept = [row for row in read_log(run) if row["step"] <= resumed_at]
        self._path.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
        self._tensorboard = tensorboardX.SummaryWriter(
            str(run / "tensorboard"), purge_step=None if resumed_at is None else resumed_at + 1
        )

    def write(self, step: int, split: str, scalars: Mapping[str, float]) -> None:
        """Appends one row of scalars; `split` is "train" or "valid"."""
        row = {"step": step, "split": split, **scalars}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        for name, value in scalars.items():
            self._tensorboard.add_scalar(f"{split}/{name}", value, step)

    def close(self) -> None:
        """Flushes the TensorBoard files."""
        self._tensorboard.close()

    def plot_curves(self) -> None:
        """Draws `curves.png` from the log."""
        plot_curves(self._run)


class NoLog(RunLog):
    """Writes nothing, as in processes beside the one that does."""

    def __init__(self) -> None:
        pass

    def write(self, step: int, split: str, scalars: Mapping[str, float]) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""

    def plot_curves(self) -> None:
        """Does nothing."""


def read_log(run: pathlib.Path) -> list[dict[str, Any]]:
    """The rows of a run's log; a last line cut short by a kill is left out."""
    path = run / RunLog.NAME
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        with contextlib.suppress(json.JSONDecodeError):
            rows.append(json.loads(line))
    return rows


_PANELS = (
    ("loss", "loss"),
    ("parameter_loss", "parameter loss"),
    ("accuracy", "share of decisions right"),
    ("numerical_error", "error of ordered parameters"),
    ("reward", "reward"),
    ("replay_reward", "reward in replay"),
    ("spec_mae", "spectrogram MAE"),
    ("spectral_convergence", "spectral convergence"),
    ("elsewhere_reward", "reward, sounds from elsewhere"),
)


def plot_curves(run: pathlib.Path) -> pathlib.Path:
    """Draws the learning curves of a run.

    Returns:
      Path of the PNG.
    """
    from matplotlib.figure import Figure

    rows = read_log(run)
    present = [(name, title) for name, title in _PANELS if any(name in row for row in rows)]
    columns = min(3, len(present)) or 1
    lines = -(-len(present) // columns) or 1
    figure = Figure(figsize=(4.5 * columns, 3.2 * lines), layout="constrained")
    for i, (name, title) in enumerate(present):
        axes = figure.add_subplot(lines, columns, i + 1)
        for split, style in (("train", "-"), ("valid", "o-")):
            points = [
                (row["step"], row[name]) for row in rows if row["split"] == split and name in row
            ]
            if points:
                axes.plot(*zip(*points, strict=True), style, label=split, markersize=3)
        axes.set_title(title)
        axes.set_xlabel("updates")
        axes.legend()
        axes.grid(alpha=0.3)
    path = run / "curves.png"
    figure.savefig(path, dpi=110)
    return path


def training_status(scalars: Mapping[str, float], clock: Clock | None = None) -> str:
    """Loss, reward, renders per second and the shares of the parts, for the progress line."""
    parts = [
        f"{name} {scalars[name]:.3f}"
        for name in ("loss", "reward", "replay_reward")
        if name in scalars
    ]
    if clock is not None:
        rates = clock.rates()
        if "renders_per_s" in rates:
            parts.append(f"{rates['renders_per_s']:.0f} renders/s")
        parts += [f"{name} {share:.0%}" for name, share in clock.shares().items()]
    return "  ".join(parts)
