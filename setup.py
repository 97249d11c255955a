"""Builds the native module with CMake; everything else is in pyproject.toml."""

import os
import pathlib
import subprocess
import sys

import pybind11
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

_ROOT = pathlib.Path(__file__).resolve().parent


class CMakeBuild(build_ext):
    """Runs CMake instead of a compiler."""

    def build_extension(self, ext: Extension) -> None:
        target = pathlib.Path(self.get_ext_fullpath(ext.name)).resolve()
        build_dir = pathlib.Path(self.build_temp).resolve() / "cmake"
        build_dir.mkdir(parents=True, exist_ok=True)
        configure = [
            "cmake",
            "-S",
            str(_ROOT),
            "-B",
            str(build_dir),
            "-DCMAKE_BUILD_TYPE=Release",
            f"-DPython_EXECUTABLE={sys.executable}",
            f"-Dpybind11_DIR={pybind11.get_cmake_dir()}",
            f"-DCMAKE_LIBRARY_OUTPUT_DIRECTORY={target.parent}",
            f"-DSYNTHRL_LUAJIT={'ON' if os.environ.get('SYNTHRL_LUAJIT') == '1' else 'OFF'}",
        ]
        subprocess.run(configure, check=True)
        jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL") or str(os.cpu_count() or 1)
        subprocess.run(
            ["cmake", "--build", str(build_dir), "--target", "_native", "--parallel", jobs],
            check=True,
        )


setup(
    ext_modules=[Extension("synthrl_jax._native", sources=[])],
    cmdclass={"build_ext": CMakeBuild},
)
