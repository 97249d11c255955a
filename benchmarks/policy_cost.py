"""What it costs to train a policy and to ask it, beside SynthRL's network in PyTorch.

    pip install torch==2.13.0
    python -m benchmarks.policy_cost --threads 2 --markdown cost.md

Work is named `recipe:size`, after the files in `configs/`; rows of the table:

    learn       an update from labels: batch, log-mel spectrogram, loss, gradients, AdamW
    reinforce   an update from rewards: actions, renders and their scores besides
    likeliest   one action per sound, from the sound
    sampled     16 actions per sound, from the sound

`+sequence` after a recipe that reinforces renders before it learns, not meanwhile; `+dexed-py`
also renders with dexed-py and scores with librosa in a pool of processes, as reference
implementations do. The peer (`torch_policy.py`) has SynthRL's network, whose layers are checked to
be as large as ours, of each size in `--peer`; ratios are to the first. It has its batches for
nothing, tries one action per sound, and reinforces by dexed-py and librosa where dexed-py is
installed. PyTorch is needed for the peer alone: `--peer` without a size leaves it out.

Sounds are those of bundled voices and networks are fresh. After one step to warm up, the fastest of
`--repeats` counts, as the others were disturbed. `cores` is how many worked on it on average, the
processes of dexed-py included, so that `sounds / core s` holds on a busy machine too.

Shares are of all repeats. Rendering and scoring, which are one call of the engine, are told apart
by rendering the same actions alone. They go on beside the update where a recipe overlaps them, but
for `wait`; else `wait` is the same time once more. `mel` is the time of the spectrogram alone,
which is also part of `policy` or else of `learn`. Ratios are of sounds per second, for the same
kind of work.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import dataclasses
import importlib
import importlib.util
import json
import multiprocessing
import os
import pathlib
import platform
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from synthrl_jax import assets, audio, bench, prepare, presets, trainer
from synthrl_jax.actions import ActionSpace
from synthrl_jax.environment import Score
from synthrl_jax.models.policy import PolicyConfig, PolicyFn, Weights
from synthrl_jax.reward import Distances
from synthrl_jax.run_log import Clock
from synthrl_jax.steps import view_of
from synthrl_jax.types import Batch, Config, DecisionLayout, TrainState

TRAIN = (
    *("stage1:base", "stage1:small", "pretrain:small"),
    *("stage2:base", "stage2:small", "stage2:small+sequence", "stage2:small+dexed-py"),
    "reinforce:small",
)
INFER = ("stage1:base", "stage1:small", "pretrain:small")
TRIES = 16
INSTALL_TORCH = (
    "the peer needs PyTorch: pip install torch==2.13.0 (or leave it out: --peer without a size)"
)
INSTALL_DEXED = "is left out: pip install dexed-py==0.3.0"
_PEER = "PyTorch"
_ALPHA = 0.5
"""Share of the policy-gradient loss in the peer's updates; it costs the same for any."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """Of one kind of work, done by one implementation.

    Attributes:
      kind: of the work: "learn", "reinforce", "likeliest" or "sampled".
      name: of what does it.
      parameters: of its network.
      batch: sounds per step.
      step_s: seconds.
      busy_s: of all cores together.
      shares: of the step that its parts take.
      threads: that there were.
      ratio: of sounds per second to the peer's; None without a peer.
    """

    kind: str
    name: str
    parameters: int
    batch: int
    step_s: float
    busy_s: float
    shares: dict[str, float]
    threads: int
    ratio: float | None = None

    @property
    def rate(self) -> float:
        """Sounds per second."""
        return self.batch / self.step_s

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        rates = {"samples_per_s": self.rate, "samples_per_core_s": self.batch / self.busy_s}
        return dataclasses.asdict(self) | rates


@dataclasses.dataclass(frozen=True)
class Work:
    """A recipe at a size, and how its rewards are made.

    Attributes:
      recipe, size: as in `configs/`.
      way: "" as the recipe says, "sequence" or "dexed-py".
    """

    recipe: str
    size: str
    way: str

    @classmethod
    def parse(cls, text: str) -> Work:
        """`recipe:size` or `recipe:size+way`."""
        recipe, _, rest = text.partition(":")
        size, _, way = rest.partition("+")
        if not size or way not in ("", "sequence", "dexed-py"):
            raise argparse.ArgumentTypeError(f"{text!r} is not RECIPE:SIZE, +sequence or +dexed-py")
        return cls(recipe, size, way)

    def __str__(self) -> str:
        return f"{self.recipe}:{self.size}" + (f"+{self.way}" if self.way else "")

    def config(self, dataset: pathlib.Path, threads: int) -> Config:
        """The recipe on the bundled voices."""
        config = importlib.import_module(f"configs.{self.recipe}").get_config(self.size)
        config.data.path = str(dataset)
        config.render.threads = threads
        config.stage = 1  # which may begin with fresh weights
        config.train.overlap = config.train.overlap and not self.way
        return config


@dataclasses.dataclass
class Spent:
    """Seconds that a pool of processes worked.

    Attributes:
      render_s, score_s: until rendered, and until scored after that.
      busy_s: of all cores together.
    """

    render_s: float = 0.0
    score_s: float = 0.0
    busy_s: float = 0.0

    def add(self, other: Spent) -> None:
        """Adds what was spent elsewhere."""
        self.render_s += other.render_s
        self.score_s += other.score_s
        self.busy_s += other.busy_s


def _peer_reward(job: tuple[bytes, NDArray[np.float32]]) -> tuple[float, Spent]:
    """The reward of a packed voice and a target [S], and what it took."""
    import dexed

    start, busy = time.perf_counter(), time.process_time()
    voice, target = job
    synth = dexed.DexedSynth(audio.SAMPLE_RATE)
    synth.load_patch(dexed.Patch.from_packed(voice))
    sound = np.asarray(synth.render(60, 85, bench.GATE_S, bench.LENGTH_S), np.float32)
    fade = int(0.1 * audio.SAMPLE_RATE)
    sound[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    rendered = time.perf_counter()
    reward = bench.librosa_score(bench.librosa_features(target), sound)
    end = time.perf_counter()
    return reward, Spent(rendered - start, end - rendered, time.process_time() - busy)


class ReferenceRewards:
    """Stands in for `Environment`: dexed-py and librosa in processes, one sound per job.

    Args:
      space: what actions mean.
      processes: number of them.

    Attributes:
      spent: by the processes until now.
    """

    def __init__(self, space: ActionSpace, processes: int) -> None:
        self.spent = Spent()
        self._space = space
        self._pool = concurrent.futures.ProcessPoolExecutor(
            processes, multiprocessing.get_context("spawn")
        )
        list(self._pool.map(abs, range(processes)))  # started before anything is timed

    def prepare(self, target: Any) -> NDArray[np.float32]:
        """Nothing: the usual implementation transforms targets anew."""
        return np.asarray(target)

    def play(
        self, action: Any, target: NDArray[np.float32], played: Any = None, near: Any = None
    ) -> Score:
        """As `Environment.play`, but for the note and the distances, which need not be known."""
        del played
        voices = presets.from_values(self._space.to_values(action, near), [""] * len(action))
        jobs = [(bytes(voice), sound) for voice, sound in zip(voices, target, strict=True)]
        rewards = []
        for reward, spent in self._pool.map(_peer_reward, jobs):
            rewards.append(reward)
            self.spent.add(spent)
        rewards = np.asarray(rewards, np.float32)
        return Score(Distances(*[np.full_like(rewards, np.nan)] * 4), rewards)

    def busy_s(self) -> float:
        """Of all cores together, of this process and of those."""
        return time.process_time() + self.spent.busy_s

    def rendering(self) -> float:
        """Share of rendering in rendering and scoring."""
        return self.spent.render_s / (self.spent.render_s + self.spent.score_s)

    def close(self) -> None:
        """Ends the processes."""
        self._pool.shutdown()


def use_threads(count: int) -> None:
    """Keeps this process, and what it starts, to so many cores; before anything computes."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
    # XLA asks for the first, PyTorch for the second.
    os.environ |= {"NPROC": str(count), "OMP_NUM_THREADS": str(count)}


def num_cores() -> int:
    """That this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def layer_sizes(params: Any, layout: DecisionLayout) -> dict[str, int]:
    """Numbers of weights by layer, without the padding of decisions to the same class count.

    Args:
      params: nested dicts of arrays.
      layout: of the decisions.
    """
    counts = np.asarray(layout.class_counts)
    used = counts.sum() / (len(counts) * counts.max())
    sizes: dict[str, int] = {}
    for path, array in jax.tree_util.tree_leaves_with_path(params):
        names = [str(entry.key) for entry in path]
        padded = {"heads", "embedding"} & set(names)
        layer = _layer_of(names)
        sizes[layer] = sizes.get(layer, 0) + round(array.size * (used if padded else 1))
    return sizes


def torch_layer_sizes(policy: Any) -> dict[str, int]:
    """As `layer_sizes`, of a `torch_policy.TorchPolicy`."""
    sizes: dict[str, int] = {}
    for name, weight in policy.named_parameters():
        layer = _layer_of(name.split("."))
        sizes[layer] = sizes.get(layer, 0) + weight.numel()
    return sizes


def _layer_of(names: Sequence[str]) -> str:
    """Where attention, or all the heads, are one layer, however they are stored."""
    for i, name in enumerate(names):
        if name == "heads" or name.endswith("attention"):
            return ".".join(names[: i + 1])
    return ".".join(names[:-1])


def fastest(
    step: Callable[[], object],
    repeats: int,
    clock: Clock | None = None,
    busy_s: Callable[[], float] | None = None,
) -> tuple[float, float]:
    """(seconds, seconds of all cores) of the fastest step after one to warm up.

    Args:
      step: what to time.
      repeats: number of times.
      clock: restarted after the warm-up.
      busy_s: seconds of all cores until now; None for those of this process.
    """
    busy_s = busy_s or time.process_time
    step()
    if clock is not None:
        clock.restart()
    times = []
    for _ in range(repeats):
        start, busy = time.perf_counter(), busy_s()
        step()
        times.append((time.perf_counter() - start, busy_s() - busy))
    return min(times)


def tell_apart(shares: dict[str, float], rendering: float) -> dict[str, float]:
    """Splits the share of rendering and scoring into `render` and `reward`.

    Args:
      shares: of `PARTS`.
      rendering: share of rendering in both.
    """
    if "render" not in shares:
        return shares
    both = shares["render"]
    return shares | {"render": both * rendering, "reward": both * (1 - rendering)}


class Bench:
    """Measures; costs are kept in the order they were found in.

    Args:
      folder: for the dataset and the runs.
      threads: to use.
      repeats: of every step.
      console: told of what is being done.
      limit: use only so many voices; 0 for all.
    """

    def __init__(
        self, folder: pathlib.Path, *, threads: int, repeats: int, console: Console, limit: int
    ) -> None:
        self._folder = folder
        self._threads = threads
        self._repeats = repeats
        self._console = console
        self._dataset = folder / "voices"
        prepare.prepare_dexed([assets.VOICES], self._dataset, threads=threads, limit=limit)
        self.costs: list[Cost] = []

    def trainer(self, work: Work) -> trainer.Trainer:
        """With a fresh run."""
        return trainer.Trainer(self._config(work), self._folder / str(work))

    def _config(self, work: Work) -> Config:
        return work.config(self._dataset, self._threads)

    def train(self, work: Work) -> None:
        """An update."""
        built = self.trainer(work)
        config = built.config
        weights = built.policy.init(0)
        clock = Clock(config.train.batch_size)
        step = 0
        with self._rewards(built, work) as reference, built._actor(clock) as actor:
            state = built.fresh_state(jax.tree.map(np.array, weights))
            view_s = self._view_seconds(built)

            def update() -> None:
                nonlocal state, step
                state, scalars = built._update(state, step, actor, clock)
                if not np.isfinite(scalars["loss"]):
                    raise FloatingPointError(f"{work}: the loss is {scalars['loss']}")
                step += 1

            busy_s = reference.busy_s if reference else None
            seconds = fastest(update, self._repeats, clock, busy_s)
            shares = clock.shares()
            if reference:
                shares = tell_apart(shares, reference.rendering())
            elif config.reinforce.enabled:
                shares = tell_apart(shares, self._rendering(built, state))
        kind, name = "learn", str(work)
        if config.reinforce.enabled:
            kind, tries = "reinforce", config.reinforce.tries
            name += f", {tries} tries" if tries > 1 else ""
        shares["mel"] = view_s / seconds[0]
        self._add(kind, name, _total(built, weights), config.train.batch_size, seconds, shares)

    @contextlib.contextmanager
    def _rewards(
        self, built: trainer.Trainer, work: Work
    ) -> Generator[ReferenceRewards | None, None, None]:
        """Gives a trainer the rewards that the work asks for, if they are not its own."""
        if work.way != "dexed-py":
            yield None
            return
        rewards = ReferenceRewards(built.space, self._threads)
        built.environment = rewards  # pyright: ignore[reportAttributeAccessIssue]
        try:
            yield rewards
        finally:
            rewards.close()

    def _rendering(self, built: trainer.Trainer, state: TrainState) -> float:
        """Share of rendering in rendering and scoring what the policy tries on a batch."""
        batch = self._batch(built, built.config.train.batch_size)
        tries = np.asarray(built.steps.act(state, built.steps.view(batch)).action)
        actions = [tries[:, i] for i in range(tries.shape[1])]
        environment = built.environment

        def play() -> None:
            targets = environment.prepare(batch.audio)
            for action in actions:
                np.asarray(environment.play(action, targets, batch.played).reward)

        def render() -> None:
            for action in actions:
                environment.render(action, batch.played)

        alone_s, both_s = (fastest(work, self._repeats)[0] for work in (render, play))
        return min(1.0, alone_s / both_s)

    def _view_seconds(self, built: trainer.Trainer) -> float:
        batch = self._batch(built, built.config.train.batch_size)
        return fastest(lambda: jax.block_until_ready(built.steps.view(batch)), self._repeats)[0]

    def _batch(self, built: trainer.Trainer, size: int) -> Batch:
        """Bundled voices, again and again if there are fewer."""
        batch = next(built._loader(built.dataset, built.train_indices, train=True))
        return jax.tree.map(lambda rows: np.resize(rows, (size, *rows.shape[1:])), batch)

    def infer(self, work: Work, batch_size: int) -> None:
        """The likeliest action, and samples."""
        built = self.trainer(work)
        weights = jax.device_put(built.policy.init(0))
        batch = self._batch(built, batch_size)
        temperature = built.config.loss.sampling_temperature
        for kind, count, warmth in (("likeliest", 1, 0.0), ("sampled", TRIES, temperature)):
            act = _make_act_fn(built.policy, count, warmth)

            def ask(act: Any = act) -> None:
                np.asarray(act(weights, batch))

            seconds = fastest(ask, self._repeats)
            self._add(kind, str(work), _total(built, weights), batch_size, seconds, {})

    def peer(self, size: str, train: Sequence[Work], infer: Sequence[Work]) -> None:
        """The same kinds of work in PyTorch."""
        import torch

        from benchmarks import torch_policy

        torch.set_num_threads(self._threads)
        built = self.trainer(Work("stage1", size, ""))
        peer = torch_policy.Peer(PolicyConfig(**built.config.model.to_dict()), built.space)
        layout = built.space.spec.layout
        ours = layer_sizes(built.policy.abstract_weights().params, layout)
        theirs = torch_layer_sizes(peer.policy)
        if ours != theirs:
            raise AssertionError(f"layers differ: {sorted(ours.items() ^ theirs.items())}")
        batch = self._batch(built, built.config.train.batch_size)
        works: dict[str, Callable[[], object]] = {
            "learn": lambda: peer.learn(batch),
            "likeliest": lambda: peer.likeliest(batch),
            "sampled": lambda: peer.sample(batch, TRIES),
        }
        name = f"{_PEER} {size}"

        def add(kind: str, seconds: tuple[float, float], shares: dict[str, float]) -> None:
            self._add(kind, name, sum(theirs.values()), len(batch.audio), seconds, shares)

        mel_s = fastest(lambda: peer.view(batch), self._repeats)[0]
        reinforces = {self._config(work).reinforce.enabled for work in train}
        kinds = (["learn"] if False in reinforces else []) + (list(works)[1:] if infer else [])
        for kind in kinds:
            seconds = fastest(works[kind], self._repeats)
            add(kind, seconds, {"mel": mel_s / seconds[0]})
        if True not in reinforces:
            return
        if not importlib.util.find_spec("dexed"):
            self._console.print(f"{name}, reinforced, {INSTALL_DEXED}")
            return
        clock = Clock(len(batch.audio))
        rewards = ReferenceRewards(built.space, self._threads)
        try:
            seconds = fastest(
                lambda: peer.reinforce(batch, rewards, _ALPHA, clock),
                self._repeats,
                clock,
                rewards.busy_s,
            )
            shares = tell_apart(clock.shares(), rewards.rendering())
        finally:
            rewards.close()
        add("reinforce", seconds, shares | {"mel": mel_s / seconds[0]})

    def _add(
        self,
        kind: str,
        name: str,
        parameters: int,
        batch: int,
        seconds: tuple[float, float],
        shares: dict[str, float],
    ) -> None:
        cost = Cost(kind, name, parameters, batch, *seconds, shares, self._threads)
        self._console.print(*cells_of(cost), style="dim", highlight=False)
        self.costs.append(cost)


def _make_act_fn(policy: PolicyFn, count: int, temperature: float) -> Any:
    """(weights, batch) → [B, count, D] actions."""

    @jax.jit
    def act(weights: Weights, batch: Batch) -> jax.Array:
        view = view_of(batch.audio, batch.played, batch.reference)
        return policy.sample(weights, view, jax.random.key(0), count, temperature)

    return act


def _total(built: trainer.Trainer, weights: Weights) -> int:
    return sum(layer_sizes(weights.params, built.space.spec.layout).values())


def with_ratios(costs: Sequence[Cost]) -> list[Cost]:
    """Sorted by kind, peers first, each with its ratio to the first peer of its kind."""
    peers: dict[str, Cost] = {}
    for cost in costs:
        if _is_peer(cost):
            peers.setdefault(cost.kind, cost)
    kinds = ("learn", "reinforce", "likeliest", "sampled")
    ordered = sorted(costs, key=lambda c: (kinds.index(c.kind), not _is_peer(c)))
    return [
        dataclasses.replace(cost, ratio=cost.rate / peers[cost.kind].rate)
        if cost.kind in peers
        else cost
        for cost in ordered
    ]


def _is_peer(cost: Cost) -> bool:
    return cost.name.startswith(_PEER)


_SHARES = ("data", "policy", "render", "reward", "wait", "learn", "mel")
_COLUMNS = (
    *("work", "by", "parameters", "batch", "ms / step", "sounds / s", "sounds / core s", "cores"),
    *("× peer", *_SHARES),
)
_TEXT_COLUMNS = 2


def cells_of(cost: Cost) -> tuple[str, ...]:
    """Of the table."""
    return (
        *(cost.kind, cost.name, f"{cost.parameters / 1e6:.1f} M", str(cost.batch)),
        *(f"{1e3 * cost.step_s:,.0f}".replace(",", " "), f"{cost.rate:.3g}"),
        f"{cost.batch / cost.busy_s:.3g}",
        f"{cost.busy_s / cost.step_s:.1f}",
        "–" if cost.ratio is None else f"{cost.ratio:.2f}",
        *(f"{cost.shares[name]:.0%}" if name in cost.shares else "–" for name in _SHARES),
    )


def markdown(costs: Sequence[Cost]) -> str:
    """The table as Markdown."""
    aligned = " --- |" * _TEXT_COLUMNS + " ---: |" * (len(_COLUMNS) - _TEXT_COLUMNS)
    lines = [f"| {' | '.join(_COLUMNS)} |", f"|{aligned}"]
    lines += [f"| {' | '.join(cells_of(cost))} |" for cost in costs]
    return "\n".join(lines) + "\n"


def rich_table(costs: Sequence[Cost]) -> Table:
    """The table for a terminal."""
    table = Table(*_COLUMNS)
    for column in table.columns[_TEXT_COLUMNS:]:
        column.justify = "right"
    for cost in costs:
        table.add_row(*cells_of(cost))
    return table


def main(argv: Sequence[str] | None = None) -> None:
    """Measures what the command line asks for and prints it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", nargs="*", type=Work.parse, default=list(map(Work.parse, TRAIN)))
    parser.add_argument("--infer", nargs="*", type=Work.parse, default=list(map(Work.parse, INFER)))
    parser.add_argument(
        "--peer", nargs="*", default=["base", "small"], help="sizes of SynthRL's in PyTorch"
    )
    parser.add_argument("--threads", type=int, default=0, help="cores to use; 0 for all")
    parser.add_argument("--repeats", type=int, default=3, help="the fastest of so many counts")
    parser.add_argument("--batch", type=int, default=32, help="sounds at a time where one asks")
    parser.add_argument("--voices", type=int, default=0, help="of the bundled ones; 0 for all")
    parser.add_argument("--json", action="store_true", help="print a line of JSON at the end")
    parser.add_argument("--markdown", type=pathlib.Path, help="file for the table")
    args = parser.parse_args(argv)

    if args.peer and not importlib.util.find_spec("torch"):
        parser.exit(1, f"{INSTALL_TORCH}\n")
    if args.threads:
        use_threads(args.threads)
    console = Console(width=200)
    with tempfile.TemporaryDirectory() as folder:
        measured = Bench(
            pathlib.Path(folder),
            threads=args.threads or num_cores(),
            repeats=args.repeats,
            console=console,
            limit=args.voices,
        )
        for size in args.peer:
            measured.peer(size, args.train, args.infer)
        for work in args.train:
            if work.way == "dexed-py" and not importlib.util.find_spec("dexed"):
                console.print(f"{work} {INSTALL_DEXED}")
            else:
                measured.train(work)
        for work in args.infer:
            measured.infer(work, args.batch)
    costs = with_ratios(measured.costs)
    console.print(rich_table(costs))
    if args.markdown:
        args.markdown.write_text(markdown(costs), encoding="utf-8")
    if args.json:
        machine = f"{platform.machine()} {platform.system()}, Python {platform.python_version()}"
        print(json.dumps({"rows": [cost.as_dict() for cost in costs], "machine": machine}))


if __name__ == "__main__":
    main()
