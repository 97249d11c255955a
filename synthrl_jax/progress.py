"""The live line under long work: how far, how fast, how long still."""

from __future__ import annotations

import time
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class ProgressBar:
    """A titled bar with a count, a rate, times and a status; a context manager.

    Args:
      title: what is being done.
      total: number of items.
      completed: how many of them an earlier run did.
      console: where to draw; None is standard output.
    """

    def __init__(
        self, title: str, total: int, *, completed: int = 0, console: Console | None = None
    ) -> None:
        self._bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[status]}"),
            console=console,
            refresh_per_second=4,
        )
        self._task = self._bar.add_task(title, total=total, completed=completed, rate="", status="")
        self._completed = self._start_count = completed
        self._start_time = time.perf_counter()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, count: int = 1, status: str = "") -> None:
        """So many more items are done."""
        self._completed += count
        seconds = time.perf_counter() - self._start_time
        rate = (self._completed - self._start_count) / max(seconds, 1e-9)
        self._bar.update(self._task, advance=count, rate=f"{rate:.3g}/s", status=status)

    def note(self, text: str) -> None:
        """Prints a line above the bar."""
        self._bar.console.print(text, highlight=False)


class BudgetBar:
    """A titled bar that fills as a budget is spent, with times and a status; a context manager."""

    def __init__(self, title: str, *, console: Console | None = None) -> None:
        self._bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[status]}"),
            console=console,
            refresh_per_second=10,
        )
        self._task = self._bar.add_task(title, total=1.0, status="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, spent: float, status: str) -> None:
        """So large a share of the budget is spent."""
        self._bar.update(self._task, completed=min(spent, 1.0), status=status)
