"""Takes the README's picture of `synthrl demo`, in a headless Chromium.

python scripts/take_screenshot.py docs/img/demo.png
python scripts/take_screenshot.py narrow.png --width 390 --sound my.wav --seconds 30
"""

from __future__ import annotations

import argparse
import io
import pathlib
import shutil
import subprocess
import sys

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from synthrl_jax import assets

_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=pathlib.Path, help="PNG file")
    parser.add_argument("--sound", type=pathlib.Path, default=assets.SOUNDS / "plucked_1.flac")
    parser.add_argument("--seconds", type=int, default=20, help="to search for")
    parser.add_argument("--width", type=int, default=1200, help="of the page")
    return parser.parse_args()


def _match(page: Page, sound: pathlib.Path, seconds: int) -> bytes:
    """Picture of the page with a finished match."""
    page.locator("input[type=file]").first.set_input_files(sound)
    page.get_by_role("button", name="Play", exact=True).wait_for()
    page.get_by_role("spinbutton").fill(str(seconds))
    page.get_by_role("button", name="Find voices").click()
    page.get_by_role("button", name="Cartridge").wait_for()
    page.locator("body").hover(position={"x": 1, "y": 1})
    page.wait_for_timeout(500)  # buttons fade
    return page.screenshot(full_page=True)


def main() -> None:
    """Runs the demo, matches a sound in it, and writes the picture."""
    args = _arguments()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    command = [sys.executable, "-m", "synthrl_jax", "demo", "--no-browser", "--port", "0"]
    command += ["--library", str(assets.VOICES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        try:
            address = next(
                word for line in demo.stdout for word in line.split() if word.startswith("http:")
            )
            with sync_playwright() as play:
                browser = play.chromium.launch(executable_path=chromium, args=_FLAGS)
                page = browser.new_page(viewport={"width": args.width, "height": 600})
                page.set_default_timeout(1000 * (args.seconds + 120))
                page.goto(address)
                picture = _match(page, args.sound, args.seconds)
                browser.close()
        finally:
            demo.terminate()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    # A palette is enough, and a fraction of the size.
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(256).save(args.out, optimize=True)
    print(f"{args.out}: {args.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
