"""Builds and runs the C++ unit tests in `tests/cpp`."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.native

ROOT = pathlib.Path(__file__).parent.parent
BUILD = ROOT / "build" / "cpp-tests"


def run(*command: object) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_cpp_units():
    # A virtual environment need not be activated to have its programs used.
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    cmake, ctest = (shutil.which(name, path=path) for name in ("cmake", "ctest"))
    if cmake is None or ctest is None:
        pytest.skip("needs cmake (pip install cmake)")
    options = ["-DCMAKE_BUILD_TYPE=Quick", "-DSYNTHRL_CPP_TESTS=ON", "-DSYNTHRL_PYTHON=OFF"]
    run(cmake, "-S", ROOT, "-B", BUILD, *options)
    run(cmake, "--build", BUILD, "--parallel", 2)
    every = ["--no-tests=error", "--output-on-failure", "--parallel", 2]
    output = run(ctest, "--test-dir", BUILD, *every)
    assert "100% tests passed" in output
