"""A page on this machine: drop a sound, watch the search, take the voices away.

Everything stays here: the server answers this machine only, the browser is told to load nothing
from elsewhere, and what is uploaded and found lies in one temporary folder until the server ends.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import enum
import functools
import itertools
import logging
import os
import pathlib
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import fastapi
import gradio as gr
import numpy as np
import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from synthrl_jax import assets, audio, audio_files, listen, match, match_files, report, voice_sheet
from synthrl_jax.errors import UserError, describe
from synthrl_jax.render import SCORE_COLUMNS
from synthrl_jax.search import REWARD, Budget, Progress

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from synthrl_jax.checkpoint import LoadedPolicy
    from synthrl_jax.library import Library

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

ADDRESS = "127.0.0.1"
PORT = 7860

MAX_UPLOAD_BYTES = 20 * 2**20
MAX_SOUND_S = 60.0
BUDGET_S = (1, 120)
_DEFAULT_BUDGET_S = 10

_MAX_WAITING = 8
_LOOK_S = 0.5
"""How often a page hears of its search; a drawing takes a third of that."""
_KEEP_UPLOADS_S = 24 * 3600
_AUTOMATIC = -1

_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "frame-ancestors 'none'",
    ]
)
"""Content security policy: a browser loads nothing from other hosts, whatever the page says."""


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
        result = match.match(
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
    scores = dict(zip(SCORE_COLUMNS, map(float, now.best), strict=True))
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
        f"{source.name}: the best of {len(result.curve)} voices, found in {result.seconds:.0f} s."
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


_INTRODUCTION = """
<h1>From any sound to a DX7 voice</h1>
<p>Drop or record one note of anything. A search finds DX7 voices that sound like it; you take away
a cartridge for Dexed or a DX7. Nothing leaves this computer.</p>
"""


def make_page(searches: Searches) -> gr.Blocks:
    """The page and what its buttons do."""
    keys = [("automatic", _AUTOMATIC), *((f"{listen.note_name(n)} ({n})", n) for n in range(128))]

    words = functools.partial(gr.HTML, apply_default_css=False, elem_classes="words")

    def find(
        sound: str | None, seconds: float, note: int, request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        number = None if note == _AUTOMATIC else note
        for view in searches.find(str(request.session_hash), sound, seconds, number):
            is_running = view.state is State.RUNNING
            files = view.files or (None, None)
            shown = {
                status: view.status,
                sheet: gr.HTML(view.sheet, visible=bool(view.sheet)),
                bank: gr.DownloadButton(value=files[0], visible=bool(view.files)),
                archive: gr.DownloadButton(value=files[1], visible=bool(view.files)),
                find_button: gr.Button(interactive=not is_running),
                stop_button: gr.Button(visible=is_running),
            }
            yield shown if view.comparison is None else shown | {comparison: view.comparison}

    def stop(request: gr.Request) -> None:
        searches.stop(str(request.session_hash))

    def leave(request: gr.Request) -> None:
        searches.leave(str(request.session_hash))

    with gr.Blocks(
        title="synthrl demo",
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(3600, _KEEP_UPLOADS_S),
    ) as page:
        words(_INTRODUCTION)
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                sound = gr.Audio(type="filepath", label="Sound", editable=False, buttons=[])
                example = gr.Button("Take the example: a plucked string", size="sm")
                seconds = gr.Slider(
                    *BUDGET_S, value=_DEFAULT_BUDGET_S, step=1, label="Seconds to search"
                )
                note = gr.Dropdown(
                    keys, value=_AUTOMATIC, num_choices_shown=len(keys), label="MIDI note"
                )
                with gr.Row():
                    find_button = gr.Button("Find voices", variant="primary")
                    stop_button = gr.Button("Stop here", visible=False)
            with gr.Column(scale=5, min_width=300):
                status = words()
                with gr.Row():
                    bank = gr.DownloadButton(
                        "Cartridge (.syx)", variant="primary", size="md", visible=False
                    )
                    archive = gr.DownloadButton("Everything (.zip)", size="md", visible=False)
                comparison = words()
        sheet = words(visible=False)
        example.click(
            lambda: str(assets.EXAMPLE), outputs=sound, api_visibility="private", queue=False
        )
        find_button.click(
            find,
            inputs=[sound, seconds, note],
            outputs=[status, comparison, sheet, bank, archive, find_button, stop_button],
            show_progress="hidden",
            concurrency_limit=None,
            api_visibility="private",
        )
        stop_button.click(stop, api_visibility="private", queue=False)
        page.unload(leave)
    return page


class _SafeHeaders:
    """Adds the content security policy to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _POLICY
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        await self._app(scope, receive, send_with_policy)


def make_app(searches: Searches) -> fastapi.FastAPI:
    """The page as a web application that answers to this machine's names only."""
    app = fastapi.FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=[ADDRESS, "localhost"]),
            Middleware(_SafeHeaders),
        ],
    )
    return gr.mount_gradio_app(
        app,
        make_page(searches),
        path="/",
        server_name=ADDRESS,
        footer_links=[],
        run_history=False,
        max_file_size=MAX_UPLOAD_BYTES,
        allowed_paths=[str(assets.EXAMPLE)],
        ssr_mode=False,
        theme=gr.themes.Default(
            primary_hue="orange", font=["system-ui", "sans-serif"], font_mono=["monospace"]
        ),
        css=report.render_page("demo.css"),
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


def serve(
    sources: Sources,
    *,
    port: int | None = None,
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serves the page until the program is interrupted or ended.

    Args:
      sources: of candidates.
      port: see `bind`.
      on_ready: told the page's address once it can be opened.
    """
    with (
        bind(port) as listening,
        tempfile.TemporaryDirectory(prefix="synthrl-demo-") as folder,
        _contained(folder),
    ):
        searches = Searches(sources, pathlib.Path(folder))
        config = uvicorn.Config(
            make_app(searches), log_level="warning", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        with contextlib.suppress(KeyboardInterrupt), _ends_with_signals(server):  # the usual end
            on_ready(f"http://{ADDRESS}:{listening.getsockname()[1]}/")
            server.run(sockets=[listening])
        searches.close()


@contextlib.contextmanager
def _contained(folder: str) -> Iterator[None]:
    """Lets everything that makes temporary files make them in a folder, and nothing tell tales."""
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


@contextlib.contextmanager
def _ends_with_signals(server: uvicorn.Server) -> Iterator[None]:
    """Lets a server end in order where a signal would end the program on the spot."""
    handlers: dict[signal.Signals, Any] = {}
    # Uvicorn handles this one, and raises it once more when it is through.
    handlers[signal.SIGTERM] = signal.signal(signal.SIGTERM, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        handlers[signal.SIGHUP] = signal.signal(signal.SIGHUP, server.handle_exit)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
