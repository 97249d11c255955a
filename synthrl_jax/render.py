"""Presets → audio: the door to the native engines, and the only importer of them."""

from __future__ import annotations

import contextlib
import math
import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synthrl_jax import _native
from synthrl_jax.errors import UserError

if TYPE_CHECKING:
    from synthrl_jax.reward import RewardWeights

Engine = Literal["mark1", "modern", "opl"]
Stage = Literal["engine", "plugin"]

_SYNTHS = ("dexed", "surge")

_DEXED_FADE_S = 0.1

# Rate at which the targets made from Surge patches are rendered.
SURGE_SAMPLE_RATE = 44_100

if TYPE_CHECKING:
    SurgePatch = _native._Surge.Patch
else:
    SurgePatch = _native.surge.Patch
SurgePatchLike = str | os.PathLike[str] | bytes | SurgePatch


def read_surge_patch(patch: SurgePatchLike) -> SurgePatch:
    """Reads a Surge XT patch.

    Args:
      patch: path of a `.fxp` file, its content, or a patch that was read.

    Raises:
      UserError: it cannot be read; the message names the file.
    """
    if isinstance(patch, SurgePatch):
        return patch
    if isinstance(patch, bytes):
        name, content = "", patch
    else:
        path = pathlib.Path(patch)
        name = f"{path}: "
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}") from error
    try:
        return SurgePatch(content)
    except ValueError as error:
        raise UserError(f"{name}{error}") from error


def surge_target(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """A render of Surge at 44 100 Hz as a target of learning.

    Args:
      sound: [..., S] at 44 100 Hz, S even.

    Returns:
      [..., S / 2] at 22 050 Hz, resampled by way of the spectrum, divided by its peak. Silence
      stays silent.
    """
    import scipy.signal

    resampled = np.asarray(scipy.signal.resample(sound, sound.shape[-1] // 2, axis=-1))
    peak = np.max(np.abs(resampled), axis=-1, keepdims=True)
    return (resampled / np.maximum(peak, 1e-9)).astype(np.float32)


SCORE_COLUMNS = ("spec_mae", "spectral_convergence", "mfcc13_mae", "mfcc40_mae", "reward")
"""What `Renderer.score` tells of each sound, see `reward.Distances`."""


class Targets:
    """Sounds to compare renders with, analysed by `Renderer.prepare_targets`; read-only.

    Attributes:
      num_samples: of each sound.
    """

    def __init__(self, native: _native._Score.Targets) -> None:
        self._native = native
        self.num_samples = native.num_samples

    def __len__(self) -> int:
        return len(self._native)


class _Batch(NamedTuple):
    """What is played, checked; arguments of the native renderer.

    Attributes:
      presets: [B, V] float32 values, or [B, 128] uint8 packed voices.
      notes: of the rows.
      fade_samples: at the end of each.
    """

    presets: NDArray[Any]
    notes: _native._Dx7.Notes
    fade_samples: int


class Renderer:
    """Plays presets, a whole batch at a time, on threads of its own outside the GIL.

    A sound depends on its preset and note alone: the same bytes for any batch, order, number of
    threads or history. Renderers of different rates and settings can be used side by side.

    Args:
      synth: "dexed", or "surge": Surge XT.
      sample_rate: in Hz, 8 000 to 384 000, for Surge to 192 000.
      threads: 0 is one per core.
      stage: of Dexed. "plugin" is what a host hears from it (its scale, clip, DC blocker and
        filter); "engine" is the raw sum of the carriers, comparable with dexed-py.
      engine: of Dexed. "mark1" (the DX7's, and Dexed's default), "modern" or "opl".
      formulas: of Surge. Runs the Lua programs that some patches have for LFOs, which give 0
        otherwise. Programs are confined, but they are code of the patch's author: leave this off
        for patches of unknown origin. Needs a native module built with LuaJIT
        (`SYNTHRL_LUAJIT=1 pip install .`).
      effects: of Surge. False renders patches dry, without their effects.

    Raises:
      UserError: a setting that does not exist.

    Attributes:
      sample_rate: in Hz.
      threads: number of worker threads.
    """

    def __init__(
        self,
        synth: str = "dexed",
        *,
        sample_rate: float = 22_050,
        threads: int = 0,
        stage: Stage = "plugin",
        engine: Engine = "mark1",
        formulas: bool = False,
        effects: bool = True,
    ) -> None:
        if synth not in _SYNTHS:
            raise UserError(f"synth {synth!r} is not one of {', '.join(_SYNTHS)}")
        if threads < 0:
            raise UserError(f"threads must be 0 or more, not {threads}")
        self._dexed: _native._Dx7.Renderer | None = None
        self._surge: _native._Surge.Renderer | None = None
        with _native_errors():
            if synth == "surge":
                self._surge = _native.surge.Renderer(sample_rate, threads, formulas)
                self.threads = self._surge.threads
            else:
                self._dexed = _native.dx7.Renderer(sample_rate, threads, engine, stage)
                self.threads = self._dexed.threads
        self.synth = synth
        self.sample_rate = sample_rate
        self._effects = effects

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the threads; dropping the last reference to the renderer does the same."""
        self._dexed = None
        self._surge = None

    def render(
        self,
        presets: ArrayLike | Sequence[SurgePatchLike],
        note: ArrayLike = 60,
        velocity: ArrayLike = 85,
        gate_s: ArrayLike = 3.0,
        length_s: float = 4.0,
        fade_s: float | None = None,
        seed: int = 0,
        *,
        lfo_phase: ArrayLike = 0.0,
        sample_hold: ArrayLike = 0,
        stereo: bool = False,
    ) -> NDArray[np.float32]:
        """Plays one note on each preset.

        Args:
          presets: for Dexed float [B, 155] plugin values in [0, 1], or uint8 [B, 128] packed DX7
            voices as in a 32-voice dump, whose out-of-range bytes are clamped. For Surge B paths
            of `.fxp` files, their contents, or patches from `read_surge_patch`.
          note: MIDI key, scalar or [B].
          velocity: MIDI velocity, scalar or [B].
          gate_s: seconds until the key goes up, scalar or [B]. Surge counts whole blocks of 32
            samples, rounded down.
          length_s: seconds of audio.
          fade_s: seconds at the end faded out by a straight line to 0; 0 for none. By default
            0.1 for Dexed, and none for Surge.
          seed: of Surge's random numbers: start phases, drift, noise. Every row has the same, so
            that it does not matter where a patch stands. Dexed draws nothing at random.
          lfo_phase: of Dexed. Where a free-running LFO stands at the note-on, in cycles [0, 1),
            scalar or [B]. Voices with LFO key sync ignore it.
          sample_hold: of Dexed. 0 … 255, state of the LFO's sample-and-hold generator, scalar or
            [B].
          stereo: of Surge. Both channels; otherwise only the left one.

        Returns:
          float32 [B, S], S = round(length_s · sample_rate); in stereo [B, 2, S], left first.

        Raises:
          UserError: a shape, or a value out of range; the message names row and parameter. Also a
            filter cutoff at or above half the sample rate, where Dexed's filter explodes, and a
            patch that cannot be read or played; the message names its file.
          RuntimeError: the renderer is closed.
        """
        if self._surge is not None:
            patches = [presets] if isinstance(presets, str | bytes) else presets
            return self._render_surge(
                cast("Sequence[SurgePatchLike]", patches),
                note,
                velocity,
                gate_s,
                length_s,
                0.0 if fade_s is None else fade_s,
                seed,
                stereo,
            )
        if self._dexed is None:
            raise RuntimeError("the renderer is closed")
        if stereo:
            raise UserError("Dexed has one channel: stereo must be False")
        fade_s = _DEXED_FADE_S if fade_s is None else fade_s
        values = cast("ArrayLike", presets)
        batch = self._batch(values, note, velocity, gate_s, fade_s, lfo_phase, sample_hold)
        num_samples = self.num_samples(length_s)
        packed = batch.presets.dtype == np.uint8
        play = self._dexed.render_packed if packed else self._dexed.render_values
        with _native_errors():
            return play(*batch, num_samples)

    def prepare_targets(self, audio: ArrayLike) -> Targets:
        """Analyses sounds for `score`, once for any number of renders.

        Args:
          audio: [N, S] peak-normalised, S above 512, at 22 050 Hz like the renderer.

        Raises:
          UserError: a shape, samples that are no audio, or a renderer of another rate.
        """
        self._check_score_rate()
        with _native_errors():
            return Targets(_native.score.Targets(np.asarray(audio, np.float32), self.threads))

    def score(
        self,
        presets: ArrayLike,
        targets: Targets,
        note: ArrayLike = 60,
        velocity: ArrayLike = 85,
        gate_s: ArrayLike = 3.0,
        fade_s: float = 0.1,
        seed: int = 0,
        *,
        weights: RewardWeights | None = None,
        lfo_phase: ArrayLike = 0.0,
        sample_hold: ArrayLike = 0,
    ) -> NDArray[np.float32]:
        """Plays one note on each preset and compares it with a target; no audio is kept.

        The same as `reward.distances` of `audio.peak_normalise_render` of `render`, which agree to
        within 1e-4, but done by the threads that render. A row's score depends on its own preset,
        note and target alone: the same bytes for any batch, order and number of threads.

        Args:
          presets, note, velocity, gate_s, fade_s, seed, lfo_phase, sample_hold: see `render`; the
            sounds are as long as the targets.
          targets: one for each preset, or a single one for all.
          weights: how the distances make a reward; None for SynthRL's.

        Returns:
          float32 [B, 5], the columns of `SCORE_COLUMNS`.

        Raises:
          UserError: as `render`; also a number of targets that does not fit, or a renderer of
            another rate than 22 050 Hz, for which the distances are not defined.
          RuntimeError: the renderer is closed.
        """
        from synthrl_jax.reward import RewardWeights

        del seed
        native = self._open_dexed()
        self._check_score_rate()
        batch = self._batch(presets, note, velocity, gate_s, fade_s, lfo_phase, sample_hold)
        packed = batch.presets.dtype == np.uint8
        score = native.score_packed if packed else native.score_values
        with _native_errors():
            return score(*batch, targets._native, weights or RewardWeights())

    def fingerprint(
        self,
        presets: ArrayLike,
        note: ArrayLike = 60,
        velocity: ArrayLike = 85,
        gate_s: ArrayLike = 3.0,
        length_s: float = 4.0,
        *,
        lfo_phase: ArrayLike = 0.0,
        sample_hold: ArrayLike = 0,
    ) -> NDArray[np.uint64]:
        """Tells Dexed presets that sound the same, in a fraction of the time of playing them.

        Two presets with the same fingerprint, of renderers that are set up alike, give the same
        samples, except by a coincidence of 64 bits. It leaves out what is not heard: operators that
        are turned down or modulate nothing, stages of envelopes that are never reached or lead
        nowhere. The same sound may still come with different fingerprints.

        Args:
          presets, note, velocity, gate_s, length_s, lfo_phase, sample_hold: see `render`.

        Returns:
          uint64 [B].

        Raises:
          UserError: as `render`.
          RuntimeError: the renderer is closed.
        """
        native = self._open_dexed()
        batch = self._batch(presets, note, velocity, gate_s, 0.0, lfo_phase, sample_hold)
        packed = batch.presets.dtype == np.uint8
        fingerprint = native.fingerprint_packed if packed else native.fingerprint_values
        with _native_errors():
            return fingerprint(batch.presets, batch.notes, self.num_samples(length_s))

    def share(self) -> int:
        """A number by which compiled programs find this renderer for as long as it is open."""
        return self._open_dexed().share()

    def num_samples(self, length_s: float) -> int:
        """Samples of a render of so many seconds.

        Raises:
          UserError: a length below 0 or above an hour.
        """
        return int(self._samples(np.array([_length("length_s", length_s)]))[0])

    def num_fade_samples(self, fade_s: float) -> int:
        """Samples of a fade-out of so many seconds; errors as `num_samples`."""
        return math.floor(_length("fade_s", fade_s) * self.sample_rate)

    def _open_dexed(self) -> _native._Dx7.Renderer:
        if self._surge is not None:
            raise UserError("this is for Dexed presets, but the renderer plays Surge")
        if self._dexed is None:
            raise RuntimeError("the renderer is closed")
        return self._dexed

    def _check_score_rate(self) -> None:
        if self.sample_rate != _native.score.SAMPLE_RATE:
            raise UserError(
                f"sounds are compared at {_native.score.SAMPLE_RATE:g} Hz, but the renderer's "
                f"sample_rate is {self.sample_rate:g}"
            )

    def _batch(
        self,
        presets: ArrayLike,
        note: ArrayLike,
        velocity: ArrayLike,
        gate_s: ArrayLike,
        fade_s: float,
        lfo_phase: ArrayLike,
        sample_hold: ArrayLike,
    ) -> _Batch:
        """Arguments of `render` and `score`, checked; rows of `presets` are left to the engine."""
        presets = np.asarray(presets)
        if presets.ndim != 2:
            raise UserError(f"presets must have two axes, not shape {list(presets.shape)}")
        if presets.dtype != np.uint8:
            presets = presets.astype(np.float32)
        rows = len(presets)
        phase_cycles = _per_row("lfo_phase", lfo_phase, rows, 0.0, np.nextafter(1.0, 0.0))
        notes = _native.dx7.Notes(
            note=_per_row("note", note, rows, 0, 127).astype(np.int32),
            velocity=_per_row("velocity", velocity, rows, 0, 127).astype(np.int32),
            gate_samples=self._samples(_per_row("gate_s", gate_s, rows, 0.0, math.inf)),
            lfo_phase=(phase_cycles * 2**32).astype(np.uint32),
            sample_hold=_per_row("sample_hold", sample_hold, rows, 0, 255).astype(np.uint8),
        )
        return _Batch(presets, notes, self.num_fade_samples(fade_s))

    def _render_surge(
        self,
        patches: Sequence[SurgePatchLike],
        note: ArrayLike,
        velocity: ArrayLike,
        gate_s: ArrayLike,
        length_s: float,
        fade_s: float,
        seed: int,
        stereo: bool,
    ) -> NDArray[np.float32]:
        assert self._surge is not None
        rows = len(patches)
        if not 0 <= seed < 2**64:
            raise UserError(f"seed {seed} is outside [0, 2^64)")
        read = []
        for row, patch in enumerate(patches):
            try:
                read.append(read_surge_patch(patch))
            except UserError as error:
                raise UserError(f"row {row}, {error}") from error
        try:
            return self._surge.render(
                read,
                note=_per_row("note", note, rows, 0, 127).astype(np.int32),
                velocity=_per_row("velocity", velocity, rows, 0, 127).astype(np.int32),
                gate_samples=self._samples(_per_row("gate_s", gate_s, rows, 0.0, math.inf)),
                seed=seed,
                num_samples=self.num_samples(length_s),
                fade_samples=self.num_fade_samples(fade_s),
                stereo=stereo,
                effects=self._effects,
            )
        except ValueError as error:
            if len(error.args) != 2:
                raise UserError(str(error)) from error
            message, row = error.args
            raise UserError(f"row {row}, {_patch_name(patches[row])}{message}") from error

    def _samples(self, seconds: NDArray[np.float64]) -> NDArray[np.int64]:
        """Rounded half up, and far beyond any render where infinite."""
        samples = np.floor(seconds * self.sample_rate + 0.5)
        return np.minimum(samples, 2.0**62).astype(np.int64)


@contextlib.contextmanager
def _native_errors() -> Iterator[None]:
    """What the engine refuses is an error of the user's."""
    try:
        yield
    except ValueError as error:
        raise UserError(str(error)) from error


def _per_row(
    name: str, value: ArrayLike, rows: int, low: float, high: float
) -> NDArray[np.float64]:
    """A scalar or [B] argument as [B], checked."""
    array = np.asarray(value, np.float64)
    if array.ndim > 1 or (array.ndim == 1 and len(array) != rows):
        raise UserError(f"{name} must be a number or have shape [{rows}], not {list(array.shape)}")
    array = np.broadcast_to(array, (rows,))
    bad = np.flatnonzero(~((array >= low) & (array <= high)))
    if bad.size:
        raise UserError(f"row {bad[0]}, {name}: {array[bad[0]]:g} is outside [{low:g}, {high:g}]")
    return array


def _patch_name(patch: SurgePatchLike) -> str:
    """What to put before an error: the file, or what the patch calls itself."""
    if isinstance(patch, bytes):
        return ""
    if isinstance(patch, SurgePatch):
        return f"{patch.name!r}: "
    return f"{os.fspath(cast('str | os.PathLike[str]', patch))}: "


def _length(name: str, seconds: float) -> float:
    if not (0 <= seconds <= 3600):
        raise UserError(f"{name}: {seconds} is outside [0, 3600] seconds")
    return seconds


def xla_render() -> object:
    """The custom call of `jax_ops.render`, as `jax.ffi.register_ffi_target` takes it."""
    return _native.dx7.xla_render()


def native_mel_filters() -> NDArray[np.float32]:
    """[128, 513] weight of each bin of the spectrum in each band, as `score` uses them."""
    return _native.score.mel_filters()


def native_parameters() -> list[tuple[str, int, int]]:
    """(name, byte of an unpacked voice or -1, largest integer or 0) of the engine's parameters."""
    return _native.dx7.parameters()


class Route(NamedTuple):
    """How one operator is wired: it reads and writes buses.

    Attributes:
      input: bus that modulates it, 0 for none.
      output: bus it writes; 0 is what is heard.
      adds: to what the bus holds, else replaces it.
      feeds_back: whether it modulates itself.
    """

    input: int
    output: int
    adds: bool
    feeds_back: bool


def native_algorithms() -> list[list[Route]]:
    """[32][6] wiring of the algorithms, operators 6 to 1 in the order they run."""
    return [[Route(*route) for route in routes] for routes in _native.dx7.algorithms()]


def unpack_voices(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Packed voices [N, 128] → one byte per parameter [N, 156].

    Bytes out of range are brought into range as dexed-py's loader does; the name's ten bytes keep
    their ASCII; byte 155, the operator switches, is 63 (all on).
    """
    return _native.dx7.unpack(packed)


def pack_voices(unpacked: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One byte per parameter [N, 156] → packed voices [N, 128]; the switches are lost.

    Raises:
      ValueError: a byte above its maximum; the message names row and byte.
    """
    return _native.dx7.pack(unpacked)


def values_from_unpacked(unpacked: NDArray[np.uint8]) -> NDArray[np.float32]:
    """One byte per parameter [N, 156] → plugin values [N, 155]; the name is lost."""
    return _native.dx7.values_from_unpacked(unpacked)


def unpacked_from_values(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Plugin values [N, 155] → one byte per parameter [N, 156]; the name is ten spaces.

    Integers are rounded half to even as the plugin does. The four continuous parameters (filter,
    output, master tune) have no byte and are lost.

    Raises:
      ValueError: a value outside [0, 1]; the message names row and parameter.
    """
    return _native.dx7.unpacked_from_values(np.asarray(values, np.float32))
