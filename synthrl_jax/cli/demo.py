"""Match sounds in a browser: drop or record one, watch the search, take the cartridge.

    synthrl demo
    synthrl demo --library my_cartridges/ --run runs/stage3 --port 8000

The page is served to this computer alone and works without a network. Ctrl-C ends it and removes
what was uploaded and found; download what you want to keep. Candidates come from where `synthrl
match` takes them.

It needs a further package: pip install 'synthrl-jax[demo]'
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import webbrowser

from synthrl_jax.cli.arguments import add_sources, load_policy, port


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    add_sources(parser)
    parser.add_argument(
        "--port", type=port, help="of the page; default: 7860, or any if that is taken"
    )
    parser.add_argument("--no-browser", action="store_true", help="open no browser")


def run(args: argparse.Namespace) -> int:
    """Serves the page until interrupted."""
    from synthrl_jax.errors import UserError

    if importlib.util.find_spec("gradio") is None:
        raise UserError("the page needs Gradio; pip install 'synthrl-jax[demo]' installs it")

    from synthrl_jax import demo, library, match

    def tell(address: str) -> None:
        print(f"Open {address} in a browser; Ctrl-C ends it.", flush=True)
        if not args.no_browser and _has_screen():
            webbrowser.open(address)

    libraries = library.open_libraries(args.library, threads=args.threads)
    policy = load_policy(args)
    if policy is not None:
        match.warm_up(policy)
    sources = demo.Sources(libraries, policy, args.threads)
    with demo.bind(args.port) as listening, demo.temporary_folder() as folder:
        from synthrl_jax import demo_page  # imports Gradio, which looks for its folder then

        demo_page.serve(demo.Searches(sources, folder), listening, tell)
    return 0


def _has_screen() -> bool:
    """Whether a browser would have a window, and not take the terminal."""
    return sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
