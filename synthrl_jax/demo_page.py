"""The page of `synthrl demo`: drop a sound, watch the search, take the voices away.

The server answers this machine only, and the browser is told to load nothing from elsewhere.
Importing this module takes `demo.temporary_folder` and the extra `demo` of the package.
"""

from __future__ import annotations

import contextlib
import functools
import signal
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import fastapi
import gradio as gr
import uvicorn
from gradio import themes
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from synthrl_jax import assets, listen, report
from synthrl_jax.demo import ADDRESS, BUDGET_S, MAX_UPLOAD_BYTES, Searches, State

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DEFAULT_BUDGET_S = 10
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
        theme=themes.Default(
            primary_hue="orange", font=["system-ui", "sans-serif"], font_mono=["monospace"]
        ),
        css=report.render_page("demo.css"),
    )


def serve(
    searches: Searches,
    listening: socket.socket,
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serves the page until the program is interrupted or ended.

    Args:
      searches: what is behind it; closed at the end.
      listening: see `demo.bind`.
      on_ready: told the page's address once it can be opened.
    """
    config = uvicorn.Config(make_app(searches), log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    with (
        contextlib.closing(searches),
        contextlib.suppress(KeyboardInterrupt),  # the usual end
        _ends_with_signals(server),
    ):
        on_ready(f"http://{ADDRESS}:{listening.getsockname()[1]}/")
        server.run(sockets=[listening])


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
