"""The house rules that can be checked: imports point one way, and only one module is native."""

from __future__ import annotations

import ast
import pathlib

import pytest

_PACKAGE = pathlib.Path(__file__).resolve().parent.parent / "synthrl_jax"

# Later layers may import earlier ones, and modules of a layer each other where `_WITHIN` says so.
_LAYERS = [
    {"errors", "types"},
    {"spec"},
    {"synths", "models", "audio", "optim", "assets", "run_log", "progress", "distributed"},
    {"actions", "replay", "metrics", "audio_files", "clusters", "reward", "losses"},
    {"render", "embedding", "listen"},
    {"canonical", "similarity"},
    {
        *("presets", "surge_patches", "data", "environment", "jax_ops", "steps", "report"),
        *("breeding", "credit"),
    },
    {"actor", "checkpoint", "prepare", "voice_sheet", "bench", "library", "search", "references"},
    {"auditions", "variations"},
    {"pseudo_labels"},
    {"endless", "guesses"},
    {"trainer"},
    {"match"},
    {"evaluate", "match_files"},
    {"evaluate_files", "demo"},
    {"demo_page"},
    {"cli"},
    {"__main__"},
]
_LEVEL = {name: level for level, names in enumerate(_LAYERS) for name in names}


def _imported(path: pathlib.Path) -> set[str]:
    """Top-level modules of ours that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("synthrl_jax"):
            parts = (node.module or "").split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            found |= {name[1] for name in names if name[0] == "synthrl_jax" and len(name) > 1}
    return found


def _modules() -> list[pathlib.Path]:
    return [path for path in sorted(_PACKAGE.rglob("*.py")) if path.name != "__init__.py"]


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(_PACKAGE)))
def test_imports_point_one_way(path: pathlib.Path) -> None:
    module = path.relative_to(_PACKAGE).parts[0].removesuffix(".py")
    for other in _imported(path) - {module, "__version__"}:
        if other == "_native":
            assert module == "render", f"{module} imports the native module"
        else:
            assert _LEVEL[other] < _LEVEL[module], f"{module} imports {other}"


def test_recipes_import_nothing_of_ours() -> None:
    for path in (_PACKAGE.parent / "configs").glob("*.py"):
        assert not _imported(path), path


def test_every_module_has_its_layer() -> None:
    modules = {p.relative_to(_PACKAGE).parts[0].removesuffix(".py") for p in _modules()}
    assert modules <= _LEVEL.keys()
