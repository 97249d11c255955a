"""Types of the compiled module; `render.py` is its only importer."""

import numpy as np
from numpy.typing import NDArray

class _Score:
    SAMPLE_RATE: float

    class Targets:
        def __init__(self, audio: NDArray[np.float32], threads: int) -> None: ...
        def __len__(self) -> int: ...
        @property
        def num_samples(self) -> int: ...

    @staticmethod
    def mel_filters() -> NDArray[np.float32]: ...

class _Dx7:
    class Notes:
        def __init__(
            self,
            note: NDArray[np.int32],
            velocity: NDArray[np.int32],
            gate_samples: NDArray[np.int64],
            lfo_phase: NDArray[np.uint32],
            sample_hold: NDArray[np.uint8],
        ) -> None: ...

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
        def share(self) -> int: ...
        def render_values(
            self,
            presets: NDArray[np.float32],
            notes: _Dx7.Notes,
            fade_samples: int,
            num_samples: int,
        ) -> NDArray[np.float32]: ...
        def render_packed(
            self,
            presets: NDArray[np.uint8],
            notes: _Dx7.Notes,
            fade_samples: int,
            num_samples: int,
        ) -> NDArray[np.float32]: ...
        def score_values(
            self,
            presets: NDArray[np.float32],
            notes: _Dx7.Notes,
            fade_samples: int,
            targets: _Score.Targets,
            weights: tuple[float, float, float],
        ) -> NDArray[np.float32]: ...
        def score_packed(
            self,
            presets: NDArray[np.uint8],
            notes: _Dx7.Notes,
            fade_samples: int,
            targets: _Score.Targets,
            weights: tuple[float, float, float],
        ) -> NDArray[np.float32]: ...
        def fingerprint_values(
            self, presets: NDArray[np.float32], notes: _Dx7.Notes, num_samples: int
        ) -> NDArray[np.uint64]: ...
        def fingerprint_packed(
            self, presets: NDArray[np.uint8], notes: _Dx7.Notes, num_samples: int
        ) -> NDArray[np.uint64]: ...

    @staticmethod
    def xla_render() -> object: ...
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

class _Surge:
    class Parameter:
        @property
        def value(self) -> float: ...
        @property
        def temposync(self) -> bool: ...
        @property
        def extend_range(self) -> bool: ...
        @property
        def absolute(self) -> bool: ...
        @property
        def deactivated(self) -> bool: ...
        @property
        def deform_type(self) -> int: ...

    class Patch:
        def __init__(self, content: bytes) -> None: ...
        @property
        def name(self) -> str: ...
        @property
        def category(self) -> str: ...
        @property
        def author(self) -> str: ...
        @property
        def comment(self) -> str: ...
        @property
        def license(self) -> str: ...
        @property
        def revision(self) -> int: ...
        @property
        def tempo_bpm(self) -> float: ...
        @property
        def macros(self) -> list[float]: ...
        def scene_sounds(self, scene: int, note: int = 60) -> bool: ...
        def features(self, note: int = 60) -> list[tuple[str, int, int, int, int, bool]]: ...
        def parameter(self, name: str) -> _Surge.Parameter: ...
        def routings(self) -> list[tuple[int, int, str, float]]: ...

    class Renderer:
        def __init__(self, sample_rate: float, threads: int, formulas: bool = ...) -> None: ...
        @property
        def threads(self) -> int: ...
        def render(
            self,
            patches: list[_Surge.Patch],
            note: NDArray[np.int32],
            velocity: NDArray[np.int32],
            gate_samples: NDArray[np.int64],
            seed: int,
            num_samples: int,
            fade_samples: int,
            stereo: bool,
            effects: bool,
        ) -> NDArray[np.float32]: ...

dx7: _Dx7
score: _Score
surge: _Surge
