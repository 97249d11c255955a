"""What is behind the page of `synthrl demo`: searches that take turns, and a place for files."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import enum
import itertools
import logging
import os
import pathlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from synthrl_jax import audio, audio_files, listen, match, match_files, report, voice_sheet
from synthrl_jax.errors import UserError, describe
from synthrl_jax.render import SCORE_COLUMNS
from synthrl_jax.search import REWARD, Budget, Progress

if TYPE_CHECKING:
    from synthrl_jax.checkpoint import LoadedPolicy
    from synthrl_jax.library import Library

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

ADDRESS = "127.0.0.1"
PORT = 7860

MAX_UPLOAD_BYTES = 20 * 2**20
MAX_SOUND_S = 60.0
BUDGET_S = (1, 120)

_MAX_WAITING = 8
_LOOK_S = 0.5
"""How often a page hears of its search; a drawing takes a third of that."""


@dataclasses.dataclass(frozen=True)
class Sources:
    """Where candidates come from, and who plays them.

    Attributes:
      libraries: of voices.
      policy: that makes guesses.
      threads: 0 is one per core.
    """

    libraries: Sequence[Library]
    policy: LoadedPolicy | None = None
    threads: int = 0


class State(enum.Enum):
    """How a request stands."""

    RUNNING = enum.auto()
    FOUND = enum.auto()
    FAILED = enum.auto()


@dataclasses.dataclass(frozen=True)
class View:
    """What the page shows.

    Attributes:
      state: of the request.
      status: HTML of how things stand.
      comparison: HTML of target and match; None leaves what is shown.
      sheet: HTML of the voice sheet.
      files: cartridge, and an archive of all that was written, to download.
    """

    state: State
    status: str
    comparison: str | None = ""
    sheet: str = ""
    files: tuple[pathlib.Path, pathlib.Path] | None = None


class Line:
    """Work that is done one at a time, in the order in which it came."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._lock = threading.Lock()
        self._line: list[concurrent.futures.Future[Any]] = []
        self._worker = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="search")

    def join(self, work: Callable[[], _T]) -> concurrent.futures.Future[_T]:
        """Puts work at the end of the line.

        Raises:
          UserError: the line is too long.
        """
        with self._lock:
            self._line = [other for other in self._line if not other.done()]
            if len(self._line) > self._longest:
                raise UserError(
                    f"{self._longest} searches wait already; try again in a few minutes"
                )
            future = self._worker.submit(work)
            self._line.append(future)
        return future

    def ahead(self, future: concurrent.futures.Future[Any]) -> int:
        """How much work is to be done before this."""
        with self._lock:
            before = list(itertools.takewhile(lambda other: other is not future, self._line))
        return sum(not other.done() for other in before)

    def close(self) -> None:
        """Drops what waits; returns when what is being done is done."""
        self._worker.shutdown(cancel_futures=True)


@dataclasses.dataclass
class _Session:
    """One open page.

    Attributes:
      folder: of what is found for it.
      stop: ends its search.
    """

    folder: pathlib.Path
    stop: threading.Event = dataclasses.field(default_factory=threading.Event)


@dataclasses.dataclass(frozen=True)
class _Written:
    result: match.MatchResult
    bank: pathlib.Path
    archive: pathlib.Path


class Searches:
    """The searches of all open pages.

    Args:
      sources: of candidates.
      folder: below which each page gets a folder of its own.
    """

    def __init__(self, sources: Sources, folder: pathlib.Path) -> None:
        self._sources = sources
        self._folder = folder
        self._line = Line(_MAX_WAITING)
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def _session(self, key: str) -> _Session:
        with self._lock:
            if key not in self._sessions:
                folder = pathlib.Path(tempfile.mkdtemp(prefix="page-", dir=self._folder))
                self._sessions[key] = _Session(folder)
            return self._sessions[key]

    def stop(self, key: str) -> None:
        """Ends the search of a page with what it has found."""
        with self._lock:
            session = self._sessions.get(key)
        if session is not None:
            session.stop.set()

    def leave(self, key: str) -> None:
        """Forgets a page that was closed, with all it has been given."""
        with self._lock:
            session = self._sessions.pop(key, None)
        if session is not None:
            session.stop.set()
            shutil.rmtree(session.folder, ignore_errors=True)

    def close(self) -> None:
        """Ends all searches."""
        for key in list(self._sessions):
            self.leave(key)
        self._line.close()

    def find(self, key: str, sound: str | None, seconds: float, note: int | None) -> Iterator[View]:
        """Searches for a sound and tells how it goes.

        Args:
          key: of the page that asks.
          sound: file to match.
          seconds: to search for.
          note: MIDI key of the sound; None for what is heard.

        Yields:
          What to show, the last one with what was found, or with what is wrong.
        """
        try:
            yield from self._find(self._session(key), sound, seconds, note)
        except UserError as error:
            yield _problem(str(error))
        except OSError as error:
            yield _problem(describe(error))
        except Exception as error:  # or else the page would say "searching" for good
            _log.exception("a search failed")
            yield _problem(f"The program failed, which it should not: {error!r}")

    def _find(
        self, session: _Session, sound: str | None, seconds: float, note: int | None
    ) -> Iterator[View]:
        session.stop = stop = threading.Event()
        if sound is None:
            raise UserError("There is no sound yet; drop one, or record one")
        source = pathlib.Path(sound)
        seconds = float(np.clip(seconds, *BUDGET_S))
        yield View(State.RUNNING, _status(f"Listening to {source.name} …"))
        heard = _listen(source, note)
        rise: list[Progress] = []
        future = self._line.join(
            lambda: self._search(session, stop, source, heard, seconds, rise.append)
        )
        try:
            while not rise and not _is_done(future):
                yield _waiting(self._line.ahead(future), heard)
                if stop.is_set() and future.cancel():
                    raise UserError("Stopped before its turn")
            drawn = None
            while not _is_done(future):
                now = rise[-1]
                is_better = drawn is None or now.best[REWARD] > drawn.best[REWARD]
                yield View(
                    State.RUNNING,
                    _progress(now, seconds, heard),
                    _so_far(rise[:], heard) if is_better else None,
                )
                drawn = now
            yield _found(future.result(), source)
        finally:
            # A page that was closed leaves the line.
            stop.set()
            future.cancel()

    def _search(
        self,
        session: _Session,
        stop: threading.Event,
        source: pathlib.Path,
        heard: listen.Heard,
        seconds: float,
        on_progress: Callable[[Progress], None],
    ) -> _Written:
        """Searches and writes what was found into the page's folder."""
        result = match.match_heard(
            heard,
            self._sources.libraries,
            policy=self._sources.policy,
            budget=Budget(seconds=seconds, stop=stop),
            name=source.stem,
            threads=self._sources.threads,
            on_progress=on_progress,
        )
        for earlier in session.folder.iterdir():  # which the page shows no more
            shutil.rmtree(earlier, ignore_errors=True)
        request = pathlib.Path(tempfile.mkdtemp(dir=session.folder))
        out = request / match_files.file_stem(source.stem)
        _, bank, *_ = match_files.write_match(result, out, pathlib.Path(source.name))
        return _Written(result, bank, match_files.zip_match(out))


def _is_done(future: concurrent.futures.Future[Any]) -> bool:
    """Whether work is done within the time between two looks."""
    done, _ = concurrent.futures.wait([future], timeout=_LOOK_S)
    return bool(done)


def _listen(source: pathlib.Path, note: int | None) -> listen.Heard:
    """What is to be matched; complaints name the file as the user knows it."""
    try:
        sound, sample_rate = audio_files.read_channels(source, longest_s=MAX_SOUND_S)
    except UserError as error:
        raise UserError(str(error).replace(str(source), source.name)) from error
    try:
        return listen.listen(sound, sample_rate, note=note)
    except UserError as error:
        raise UserError(f"{source.name}: {error}") from error


def _status(
    text: str,
    *,
    problem: bool = False,
    spent: float | None = None,
    heard: listen.Heard | None = None,
) -> str:
    return report.render_page(
        "demo_status.html",
        text=text,
        problem=problem,
        spent=spent,
        heard=heard,
        note_name=listen.note_name(heard.note) if heard else "",
    )


def _problem(text: str) -> View:
    return View(State.FAILED, _status(f"{text}.", problem=True))


def _waiting(before: int, heard: listen.Heard) -> View:
    searches = "one search is" if before == 1 else f"{before} searches are"
    text = f"In the queue: {searches} before yours." if before else "Searching …"
    return View(State.RUNNING, _status(text, spent=0.0, heard=heard))


def _progress(now: Progress, seconds: float, heard: listen.Heard) -> str:
    if now.spent >= 1:
        text = f"{now.renders} voices tried. Writing the cartridge …"
    else:
        text = (
            f"Searching: {now.spent * seconds:.0f} of {seconds:.0f} s, {now.renders} voices tried"
        )
    return _status(text, spent=min(now.spent, 1.0), heard=heard)


def _so_far(rise: Sequence[Progress], heard: listen.Heard) -> str:
    """The best voice of a search that goes on, and how it came to be."""
    now = rise[-1]
    sound = match_files.play(now.voice[None], heard, audio.SAMPLE_RATE)[0]
    scores = {str(name): float(v) for name, v in zip(SCORE_COLUMNS, now.best, strict=True)}
    return report.render_page(
        "demo_so_far.html",
        case=match_files.compare("The best so far", sound, scores, heard),
        rise=report.rise_svg(
            np.array([float(then.best[REWARD]) for then in rise]),
            np.array([then.renders for then in rise]),
        ),
    )


def _found(written: _Written, source: pathlib.Path) -> View:
    """The end of a search."""
    result = written.result
    sound = match_files.play(result.best.voice[None], result.heard, audio.SAMPLE_RATE)[0]
    text = (
        f"{source.name}: the best of {len(result.curve)} renders, found in {result.seconds:.0f} s."
    )
    case = match_files.compare(result.best.name, sound, result.best.scores, result.heard)
    sheet = voice_sheet.voice_sheet(result.best.voice)
    return View(
        State.FOUND,
        _status(text, heard=result.heard),
        comparison=report.render_page("demo_found.html", case=case),
        sheet=report.render_page("demo_sheet.html", sheet=sheet),
        files=(written.bank, written.archive),
    )


def bind(port: int | None) -> socket.socket:
    """A socket of this machine that listens; None takes the usual port, or else a free one.

    Raises:
      UserError: the port is taken.
    """
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((ADDRESS, PORT if port is None else port))
    except OSError as error:
        if port is not None:
            listening.close()
            raise UserError(f"--port {port}: {describe(error)}; give another one") from error
        listening.bind((ADDRESS, 0))
    listening.listen()
    return listening


@contextlib.contextmanager
def temporary_folder() -> Iterator[pathlib.Path]:
    """A folder for all temporary files, that goes with all that is in it.

    Gradio, which reads its settings when it is imported, is to be imported within, and tells
    nobody of what it does.
    """
    with tempfile.TemporaryDirectory(prefix="synthrl-demo-") as folder, _contained(folder):
        yield pathlib.Path(folder)


@contextlib.contextmanager
def _contained(folder: str) -> Iterator[None]:
    settings = {
        "GRADIO_TEMP_DIR": folder,
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_OFFLINE": "1",
    }
    earlier = {name: os.environ.get(name) for name in settings}
    earlier_folder = tempfile.tempdir
    os.environ.update(settings)
    tempfile.tempdir = folder
    try:
        yield
    finally:
        tempfile.tempdir = earlier_folder
        for name, value in earlier.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
