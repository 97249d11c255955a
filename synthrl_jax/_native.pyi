"""Types of the compiled module; `render.py` is its only importer."""

import numpy as np
from numpy.typing import NDArray

class _Dx7:
    class Renderer:
        def __init__(
            self,
            sample_rate: float,
            threads: int,
            engine: str,
            stage: str,
            instruction_set: str = "best",
        ) -> None: ...
        @property
        def threads(self) -> int: ...
        @property
        def instruction_set(self) -> str: ...
        def render_values(
            self,
            presets: NDArray[np.float32],
            note: NDArray[np.int32],
            velocity: NDArray[np.int32],
            gate_samples: NDArray[np.int64],
            lfo_phase: NDArray[np.uint32],
            sample_hold: NDArray[np.uint8],
            num_samples: int,
            fade_samples: int,
        ) -> NDArray[np.float32]: ...
        def render_packed(
            self,
            presets: NDArray[np.uint8],
            note: NDArray[np.int32],
            velocity: NDArray[np.int32],
            gate_samples: NDArray[np.int64],
            lfo_phase: NDArray[np.uint32],
            sample_hold: NDArray[np.uint8],
            num_samples: int,
            fade_samples: int,
        ) -> NDArray[np.float32]: ...

    @staticmethod
    def instruction_sets() -> list[str]: ...
    @staticmethod
    def parameters() -> list[tuple[str, int, int]]: ...
    @staticmethod
    def algorithms() -> list[list[tuple[int, int, bool, bool]]]: ...
    @staticmethod
    def unpack(packed: NDArray[np.uint8]) -> NDArray[np.uint8]: ...
    @staticmethod
    def pack(unpacked: NDArray[np.uint8]) -> NDArray[np.uint8]: ...
    @staticmethod
    def values_from_unpacked(unpacked: NDArray[np.uint8]) -> NDArray[np.float32]: ...
    @staticmethod
    def unpacked_from_values(values: NDArray[np.float32]) -> NDArray[np.uint8]: ...

dx7: _Dx7
