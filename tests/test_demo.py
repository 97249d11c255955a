"""`synthrl demo`: the page does what it says, for several users, and keeps to this computer."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import matplotlib
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from synthrl_jax import (
    assets,
    audio_files,
    auditions,
    demo,
    library,
    listen,
    presets,
    voice_sheet,
)
from synthrl_jax.cli import main
from synthrl_jax.errors import UserError
from synthrl_jax.search import REWARD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.native, pytest.mark.usefixtures("compile_carelessly")]

SOUNDS = {"plucked": assets.sounds()[27], "bowed": assets.sounds()[0]}
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    # A microphone that beeps.
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
]
PATIENCE_S = 180.0

# Runs the command and notes whom it talks to.
WATCHED = """
import sys
with open(sys.argv.pop(1), "a", buffering=1) as log:
    def note(event, args):
        if event in {"socket.bind", "socket.connect", "socket.getaddrinfo", "socket.sendto"}:
            log.write(f"{event} {[a for a in args if isinstance(a, str | tuple)]}\\n")
    sys.addaudithook(note)
    from synthrl_jax.cli import main
    sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """An index of 64 bundled voices."""
    folder = tmp_path_factory.mktemp("library")
    bank = presets.read_sysex(assets.VOICES).voices
    presets.write_bank(folder / "one.syx", bank[:32])
    presets.write_bank(folder / "two.syx", bank[160:192])
    return library.build([folder], folder / "index").path


# Without a browser: the searches behind the page.


@pytest.fixture
def searches(index: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[demo.Searches]:
    (tmp_path / "pages").mkdir()
    opened = demo.Searches(
        demo.Sources([library.Library.open(index)], threads=1), tmp_path / "pages"
    )
    yield opened
    opened.close()


def test_work_is_done_one_at_a_time_in_order() -> None:
    line = demo.Line(longest=2)
    gate = threading.Event()
    done: list[int] = []

    def work(i: int) -> Callable[[], None]:
        return lambda: gate.wait(PATIENCE_S) and done.append(i)

    futures = [line.join(work(i)) for i in range(3)]
    assert [line.ahead(future) for future in futures] == [0, 1, 2]
    with pytest.raises(UserError, match="2 searches wait already"):
        line.join(work(3))
    assert futures[1].cancel()
    assert line.ahead(futures[2]) == 1
    gate.set()
    futures[2].result(timeout=PATIENCE_S)
    assert done == [0, 2] and line.ahead(futures[2]) == 0
    line.close()


def test_stopping_keeps_what_was_found(searches: demo.Searches, tmp_path: pathlib.Path) -> None:
    views = []
    for view in searches.find("a", str(SOUNDS["plucked"]), 120, None):
        views.append(view)
        if "voices tried" in view.status:
            searches.stop("a")
    assert {view.state for view in views[:-1]} == {demo.State.RUNNING}
    assert views[-1].state is demo.State.FOUND
    took = re.search(r"found in (\d+) s", views[-1].status)
    assert took and int(took[1]) < 100
    bank, archive = views[-1].files
    assert len(presets.read_sysex(bank).voices) == 32
    (folder,) = (tmp_path / "pages").iterdir()
    assert bank.is_relative_to(folder) and archive.is_relative_to(folder)
    searches.leave("a")
    assert not list((tmp_path / "pages").iterdir())


def test_a_closed_page_leaves_the_queue(searches: demo.Searches) -> None:
    first = searches.find("a", str(SOUNDS["plucked"]), 100, None)
    while "voices tried" not in next(first).status:
        pass
    second = searches.find("b", str(SOUNDS["bowed"]), 1, 60)
    statuses = [next(second).status for _ in range(2)]
    assert "In the queue: one search is before yours." in statuses[1]
    third = searches.find("c", str(SOUNDS["bowed"]), 1, 60)
    assert "2 searches are before yours." in [next(third).status for _ in range(2)][1]
    third.close()
    searches.stop("b")
    (refused,) = second
    assert refused.state is demo.State.FAILED and "Stopped before its turn." in refused.status
    searches.leave("a")
    fourth = searches.find("d", str(SOUNDS["bowed"]), 100, 60)
    assert any("voices tried" in view.status for view in fourth)


def test_problems_are_told_in_the_page(searches: demo.Searches, tmp_path: pathlib.Path) -> None:
    for sound, told in problems(tmp_path).items():
        *_, view = searches.find("a", sound and str(sound), 1, None)
        assert view.state is demo.State.FAILED and 'role="alert"' in view.status
        assert told in view.status and str(tmp_path) not in view.status
        assert not view.files and not view.comparison


def problems(folder: pathlib.Path) -> dict[pathlib.Path | None, str]:
    """Files that cannot be matched, and what is said of them."""
    silent, text, long = folder / "silent.wav", folder / "text.wav", folder / "long.flac"
    soundfile.write(silent, np.zeros(22_050), 22_050)
    text.write_text("no sound")
    soundfile.write(long, np.sin(0.1 * np.arange(61 * 22_050)), 22_050)
    return {
        silent: "silent.wav: the sound is silent",
        text: "text.wav: not an audio file",
        long: "long.flac: lasts 61 s; 60 s at most",
        None: "There is no sound yet",
    }


def test_port_is_of_this_machine_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with demo.bind(0) as one:
        address, port = one.getsockname()
        assert address == "127.0.0.1"
        with pytest.raises(UserError, match=f"--port {port}: .*another"):
            demo.bind(port)
    with demo.bind(None) as one, demo.bind(None) as other:
        assert one.getsockname() != other.getsockname()


def test_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["demo"]) == 2
    assert capsys.readouterr().err == (
        "synthrl demo: the page needs Gradio; pip install 'synthrl-jax[demo]' installs it\n"
    )


# The command itself.


class Server(NamedTuple):
    """`synthrl demo`, running.

    Attributes:
      url: of the page.
      temporary: what it has for temporary files.
      contacts: log of whom it talked to.
      process: the command.
    """

    url: str
    temporary: pathlib.Path
    contacts: pathlib.Path
    process: subprocess.Popen[str]


@contextlib.contextmanager
def run_demo(index: pathlib.Path, folder: pathlib.Path) -> Iterator[Server]:
    """The command in a folder, a home and with temporary files of its own."""
    folders = {name: folder / name for name in ("here", "home", "cache", "temporary")}
    for path in folders.values():
        path.mkdir()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("GRADIO_")
    } | {
        "HOME": str(folders["home"]),
        "XDG_CACHE_HOME": str(folders["cache"]),
        "TMPDIR": str(folders["temporary"]),
        "MPLCONFIGDIR": matplotlib.get_cachedir(),  # the list of fonts takes long to make
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    contacts, errors = folder / "contacts.log", folder / "errors.log"
    command = [sys.executable, "-c", WATCHED, str(contacts), "demo", "--no-browser"]
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            [*command, "--port", "0", "--library", str(index)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=folders["here"],
            env=environment,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+/", line)
            assert found, f"{line}\n{errors.read_text()}"
            yield Server(found[0], folders["temporary"], contacts, process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=PATIENCE_S)
            finally:
                process.kill()
    assert process.returncode == 0 and not errors.read_text()
    left = [path for name in ("temporary", "home", "here") for path in folders[name].iterdir()]
    assert left == []


@pytest.fixture(scope="module")
def server(index: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    pytest.importorskip("gradio", reason="needs the extra `demo` of this package")
    with run_demo(index, tmp_path_factory.mktemp("demo")) as running:
        yield running


def test_server_answers_to_its_own_name_only(server: Server) -> None:
    with urllib.request.urlopen(server.url, timeout=PATIENCE_S) as answer:
        policy = answer.headers["Content-Security-Policy"]
        page = answer.read().decode()
    assert "default-src 'self'" in policy and not re.search(r"https?:|\*", policy)
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"(?:https?:)?//[^\"]*", page)
    foreign = urllib.request.Request(server.url, headers={"Host": "elsewhere.example"})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(foreign, timeout=PATIENCE_S).close()
    port = int(server.url.rstrip("/").rsplit(":", 1)[1])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5).close()


def test_server_refuses_large_uploads(server: Server) -> None:
    boundary = b"--b\r\nContent-Disposition: form-data; name=files; filename=a.wav\r\n\r\n"
    request = urllib.request.Request(
        f"{server.url}gradio_api/upload",
        data=boundary + bytes(demo.MAX_UPLOAD_BYTES + 1) + b"\r\n--b--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    with pytest.raises(urllib.error.HTTPError, match="413") as refused:
        urllib.request.urlopen(request, timeout=PATIENCE_S).close()
    refused.value.close()


# In a browser.


@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[..., Browser]]:
    """Starts Chromium; the arguments are further flags."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("needs Chromium, such as Debian's package `chromium` (see `make browser`)")
    with playwright.sync_playwright() as play:
        yield lambda *flags: play.chromium.launch(
            executable_path=program, args=[*FLAGS, *flags], timeout=1000 * PATIENCE_S
        )


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Browser]) -> Iterator[Browser]:
    opened = launch()
    yield opened
    opened.close()


def open_page(browser: Browser, server: Server, sound: pathlib.Path | None = None) -> Page:
    """The page as a new user has it, with a sound dropped."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(1000 * PATIENCE_S)
    page = context.new_page()
    page.goto(server.url)
    if sound is not None:
        page.locator("input[type=file]").first.set_input_files(sound)
        page.get_by_role("button", name="Play", exact=True).wait_for()
    return page


def playwright_error() -> type[Exception]:
    from playwright.sync_api import Error

    return Error


def find(page: Page, seconds: int) -> None:
    page.get_by_role("spinbutton").fill(str(seconds))
    page.get_by_role("spinbutton").press("Tab")
    page.get_by_role("button", name="Find voices").click()


def status(page: Page) -> str:
    return page.locator(".status").inner_text()


def wait_for_status(page: Page, text: str) -> None:
    page.locator(".status", has_text=text).wait_for()


def download(page: Page, button: str) -> tuple[str, bytes]:
    with page.expect_download() as started:
        page.get_by_role("button", name=button).click()
    return started.value.suggested_filename, started.value.path().read_bytes()


def nearness(sound: pathlib.Path, voice: NDArray[np.uint8]) -> float:
    """Reward of a voice for a sound."""
    heard = listen.listen(*audio_files.read_channels(sound))
    return float(auditions.make_score(heard)(voice[None])[0, REWARD])


def test_a_sound_becomes_a_cartridge(
    launch: Callable[..., Browser], server: Server, tmp_path: pathlib.Path
) -> None:
    net_log = tmp_path / "net.json"
    browser = launch(f"--log-net-log={net_log}")
    sound = tmp_path / "Größe <1> & 7.flac"
    shutil.copy(SOUNDS["plucked"], sound)
    page = open_page(browser, server, sound)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    find(page, 3)
    wait_for_status(page, "voices tried")
    page.get_by_text("The best so far").wait_for()
    page.get_by_role("button", name="Cartridge").wait_for()
    assert "the best of" in status(page) and "Größe" in status(page)

    name, data = download(page, "Cartridge")
    assert name.endswith(".syx") and "Größe" in name
    (tmp_path / "bank.syx").write_bytes(data)
    bank = presets.read_sysex(tmp_path / "bank.syx")
    assert len(bank.voices) == 32 and not bank.issues
    best = bank.voices[0]
    shown = re.search(r"reward ([\d.]+)", page.locator(".case").inner_text())
    assert shown and nearness(sound, best) == pytest.approx(float(shown[1]), rel=5e-3)
    assert f"Algorithm {voice_sheet.voice_sheet(best).algorithm}" in page.content()

    _, data = download(page, "Everything")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {pathlib.PurePath(n).name: archive.read(n) for n in archive.namelist()}
    assert files[name] == (tmp_path / "bank.syx").read_bytes() and "index.html" in files
    assert json.loads(files["scores.json"])["voices"][0]["name"] == presets.voice_name(best)

    # Target and match can be heard and seen.
    heard = listen.listen(*audio_files.read_channels(sound))
    players = page.locator(".case audio")
    assert players.count() == 2
    for i in range(2):
        uri = players.nth(i).get_attribute("src") or ""
        flac = base64.b64decode(uri.removeprefix("data:audio/flac;base64,"))
        assert len(soundfile.read(io.BytesIO(flac))[0]) == len(heard.target)
        assert players.nth(i).evaluate("a => (a.preload = 'auto', a.play()).then(() => a.duration)")
    width = page.locator(".case img").evaluate("image => image.naturalWidth")
    assert width > 500
    for width in (1200, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    # What a page asks of others, the browser refuses.
    with pytest.raises(playwright_error(), match="Failed to fetch"):
        open_page(browser, server).evaluate("fetch('http://elsewhere.example/')")
    browser.close()

    # Neither the page nor the server has asked anybody else.
    local = re.compile(rf"{re.escape(server.url)}|data:|blob:{re.escape(server.url)}")
    asked += requests(json.loads(net_log.read_text()), server.url)
    assert f"{server.url}theme.css" in "".join(asked) and all(map(local.match, asked))
    contacts = server.contacts.read_text().splitlines()
    assert any("socket.bind" in line for line in contacts)
    assert all("127.0.0.1" in line for line in contacts)


def requests(net_log: dict, page: str) -> list[str]:
    """What a page has made a browser ask for, by the browser's own log.

    The browser itself asks its maker about this and that, which is not of the page.
    """
    kind = net_log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    started = [event.get("params", {}) for event in net_log["events"] if event["type"] == kind]
    return [
        request["url"]
        for request in filter(lambda request: "url" in request, started)
        if request["url"].startswith(page)
        or request.get("initiator", "").startswith(page.rstrip("/"))
    ]


def test_two_users_do_not_mix(browser: Browser, server: Server, tmp_path: pathlib.Path) -> None:
    sounds = [tmp_path / f"{name}.flac" for name in SOUNDS]
    for name, sound in zip(SOUNDS, sounds, strict=True):
        shutil.copy(SOUNDS[name], sound)
    pages = [open_page(browser, server, sound) for sound in sounds]
    find(pages[0], 100)
    wait_for_status(pages[0], "voices tried")
    find(pages[1], 1)
    wait_for_status(pages[1], "In the queue: one search is before yours.")
    pages[0].get_by_role("button", name="Stop here").click()
    voices = []
    for page, sound in zip(pages, sounds, strict=True):
        page.get_by_role("button", name="Cartridge").wait_for()
        assert status(page).startswith(f"{sound.name}: ")
        name, data = download(page, "Cartridge")
        assert name == f"{sound.stem}.syx"
        voices.append(presets.parse_sysex(data).voices[0])
        assert presets.voice_name(voices[-1]) == sound.stem
    for own, other in ((0, 1), (1, 0)):
        assert nearness(sounds[own], voices[own]) > nearness(sounds[own], voices[other])
    for page in pages:
        page.context.close()
    # What was found for them goes with them.
    deadline = time.monotonic() + PATIENCE_S
    while list(server.temporary.glob("*/page-*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not list(server.temporary.glob("*/page-*"))


def test_a_closed_tab_makes_room(browser: Browser, server: Server) -> None:
    first, second = open_page(browser, server), open_page(browser, server, SOUNDS["plucked"])
    first.get_by_role("button", name="Take the example").click()
    first.get_by_role("button", name="Play", exact=True).wait_for()
    find(first, 120)
    wait_for_status(first, "voices tried")
    find(second, 1)
    wait_for_status(second, "In the queue")
    first.context.close()
    wait_for_status(second, "the best of")
    second.context.close()


def test_problems_are_plain_words(browser: Browser, server: Server, tmp_path: pathlib.Path) -> None:
    large = tmp_path / "large.wav"
    large.write_bytes(bytes(demo.MAX_UPLOAD_BYTES + 1))
    page = open_page(browser, server)
    page.locator("input[type=file]").first.set_input_files(large)
    page.get_by_text("exceed the maximum allowed size of 20").first.wait_for()
    page.context.close()
    for sound, told in problems(tmp_path).items():
        page = open_page(browser, server)
        if sound is not None:
            with page.expect_response(re.compile("upload")):
                page.locator("input[type=file]").first.set_input_files(sound)
            page.get_by_role("button", name="Clear").wait_for()
        find(page, 1)
        page.get_by_role("alert").filter(has_text=told).wait_for()
        assert page.get_by_role("button", name="Find voices").is_enabled()
        page.context.close()


def test_a_recording_is_matched(browser: Browser, server: Server) -> None:
    page = open_page(browser, server)
    page.get_by_role("button", name="Record audio").click()
    page.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Play", exact=True).wait_for()
    find(page, 1)
    wait_for_status(page, "the best of")
    page.context.close()
