"""The benchmark of training and inference: what it measures, and that its peer is SynthRL's."""

from __future__ import annotations

import concurrent.futures
import json
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import policy_cost
from benchmarks.policy_cost import Cost
from configs import stage1, stage2
from synthrl_jax import audio, losses
from synthrl_jax.actions import ActionSpace
from synthrl_jax.environment import make_environment
from synthrl_jax.models.policy import PolicyConfig, PolicyFn, Weights
from synthrl_jax.synths.dx7 import SPEC
from synthrl_jax.types import Batch, Config, View

CONFIG = PolicyConfig(
    d_model=32, num_encoder_layers=1, num_decoder_layers=1, num_heads=2, d_hidden=32
)


def _weights(policy: PolicyFn) -> Weights:
    """Any weights, none of them zero; those of `PolicyFn.init` take seconds to make."""
    rng = np.random.default_rng(0)
    shapes = policy.abstract_weights()
    return Weights(
        jax.tree.map(lambda leaf: rng.normal(0, 0.3, leaf.shape).astype(np.float32), shapes.params),
        jax.tree.map(  # variances among them
            lambda leaf: rng.uniform(0.1, 1, leaf.shape).astype(np.float32), shapes.batch_stats
        ),
    )


def _small(get_config: Callable[[str], Config]) -> Callable[[str], Config]:
    """A recipe with four sounds in a batch, for a network of no use."""

    def get_small(size: str) -> Config:
        config = get_config(size)
        config.train.batch_size = 4
        config.model.update(d_model=32, num_heads=2, d_hidden=32)
        return config

    return get_small


@pytest.mark.native
@pytest.mark.usefixtures("compile_carelessly")
def test_every_row_is_measured_without_pytorch(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(policy_cost.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(PolicyFn, "init", lambda policy, seed: _weights(policy))
    for recipe in (stage1, stage2):
        monkeypatch.setattr(recipe, "get_config", _small(recipe.get_config))
    table = tmp_path / "cost.md"
    works = ["--train", "stage2:tiny", "stage2:tiny+dexed-py", "--infer", "stage1:tiny"]
    few = ["--voices", "40", "--batch", "2", "--repeats", "1"]
    policy_cost.main([*works, *few, "--peer", "--json", "--markdown", str(table)])
    printed = capsys.readouterr().out
    assert f"stage2:tiny+dexed-py {policy_cost.INSTALL_DEXED}" in printed
    rows = json.loads(printed.splitlines()[-1])["rows"]
    assert [row["name"] for row in rows] == ["stage2:tiny", "stage1:tiny", "stage1:tiny"]
    assert [row["kind"] for row in rows] == ["reinforce", "likeliest", "sampled"]
    for row, batch in zip(rows, (4, 2, 2), strict=True):
        assert row["batch"] == batch
        assert row["samples_per_s"] == pytest.approx(batch / row["step_s"])
        assert row["busy_s"] > 0
        assert row["ratio"] is None
    shares = rows[0]["shares"]
    assert shares.keys() == {"data", "policy", "render", "reward", "wait", "learn", "mel"}
    in_turn = ("data", "policy", "wait", "learn")
    assert 0.5 < sum(shares[name] for name in in_turn) <= 1
    assert shares["render"] > 0
    assert shares["reward"] > 0
    lines = table.read_text().splitlines()
    assert len(lines) == 2 + len(rows)
    assert {line.count("|") for line in lines} == {lines[0].count("|")}


def test_a_peer_without_pytorch_is_an_error(capsys, monkeypatch):
    monkeypatch.setattr(policy_cost.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="1"):
        policy_cost.main(["--train", "--infer"])
    assert policy_cost.INSTALL_TORCH in capsys.readouterr().err


def test_rendering_and_scoring_are_told_apart():
    shares = policy_cost.tell_apart({"policy": 0.25, "render": 0.4, "learn": 0.35}, 0.75)
    assert shares == pytest.approx({"policy": 0.25, "render": 0.3, "reward": 0.1, "learn": 0.35})
    assert policy_cost.tell_apart({"learn": 1.0}, 0.75) == {"learn": 1.0}


@pytest.mark.native
def test_the_reference_scores_as_the_environment_does(monkeypatch):
    pytest.importorskip("dexed", reason=f"the reference {policy_cost.INSTALL_DEXED}")
    # Processes take seconds to start.
    threads = concurrent.futures.ThreadPoolExecutor
    monkeypatch.setattr(
        policy_cost.concurrent.futures, "ProcessPoolExecutor", lambda count, context: threads(count)
    )
    space = ActionSpace(SPEC)
    environment = make_environment(stage1.get_config("tiny"), space)
    rng = np.random.default_rng(1)
    actions = rng.integers(space.class_counts, size=(2, 3, space.num_decisions)).astype(np.int32)
    targets = np.asarray(audio.peak_normalise_target(environment.render(actions[0])))
    ours = environment.play(actions[1], environment.prepare(targets)).reward
    rewards = policy_cost.ReferenceRewards(space, 2)
    before = rewards.busy_s()
    theirs = rewards.play(actions[1], rewards.prepare(targets)).reward
    # As an actor calls either: with the notes, and the presets that the actions began from.
    played = np.tile(np.float32([60, 85, 3]), (3, 1))
    near = np.clip(space.to_values(actions[1]) + np.float32(0.01), 0, 1)
    ours_near = environment.play(actions[1], environment.prepare(targets), played, near).reward
    theirs_near = rewards.play(actions[1], rewards.prepare(targets), played, near).reward
    rewards.close()
    np.testing.assert_allclose(theirs, ours, rtol=1e-2)
    np.testing.assert_allclose(theirs_near, ours_near, rtol=1e-2)
    assert np.any(np.abs(ours_near - ours) > 1e-3)
    assert 0 < rewards.rendering() < 1
    assert rewards.busy_s() - before > rewards.spent.busy_s > 0


def test_ratios_are_to_the_first_peer_of_the_same_kind_of_work():
    base = Cost("learn", "PyTorch base", 10, 32, 8.0, 16.0, {}, 2)
    small = Cost("learn", "PyTorch small", 10, 32, 2.0, 4.0, {}, 2)
    ours = Cost("learn", "stage1:small", 10, 64, 4.0, 6.0, {}, 2)
    other = Cost("sampled", "stage1:small", 10, 64, 4.0, 6.0, {}, 2)
    rows = policy_cost.with_ratios([other, ours, base, small])
    assert [(row.kind, row.name, row.ratio) for row in rows] == [
        ("learn", "PyTorch base", 1.0),
        ("learn", "PyTorch small", 4.0),
        ("learn", "stage1:small", 4.0),
        ("sampled", "stage1:small", None),
    ]
    assert ours.as_dict()["samples_per_core_s"] == 64 / 6


def test_the_fastest_of_the_repeats_counts(monkeypatch):
    wall, busy = iter([0.0, 5.0, 10.0, 12.0]), iter([0.0, 1.0, 2.0, 5.0])
    monkeypatch.setattr(policy_cost.time, "perf_counter", lambda: next(wall))
    monkeypatch.setattr(policy_cost.time, "process_time", lambda: next(busy))
    assert policy_cost.fastest(lambda: None, 2) == (2.0, 3.0)


def test_other_processes_count_as_busy():
    busy = iter([1.0, 4.0])
    assert policy_cost.fastest(lambda: None, 1, busy_s=lambda: next(busy))[1] == 3.0


@pytest.mark.parametrize("text", ["stage1", "stage1:", "stage1:tiny+elsewhere"])
def test_work_that_is_not_named_well(text, capsys):
    with pytest.raises(SystemExit):
        policy_cost.main(["--train", text])
    assert text in capsys.readouterr().err


def test_padding_counts_as_no_weights():
    weights = PolicyFn(CONFIG, SPEC.layout).abstract_weights()
    sizes = policy_cost.layer_sizes(weights.params, SPEC.layout)
    assert sizes["decoder.heads"] == (CONFIG.d_model + 1) * SPEC.class_counts.sum()
    assert sizes["encoder.0.attention"] == 4 * CONFIG.d_model * (CONFIG.d_model + 1)


def _torch_weight(params: Any, name: str, rows: int) -> NDArray[np.float32]:
    """What a PyTorch layer has, from our network.

    Args:
      params: of our network, nested by layer.
      name: of the weight there.
      rows: its first dimension.
    """
    *layers, leaf = name.split(".")
    kind = "kernel" if leaf.endswith("weight") else "bias"
    node = params
    for layer in layers:
        if layer.isdigit() and "kernel" in node:  # one of the heads, which we keep padded in one
            return np.asarray(node[kind][int(layer)])[..., :rows].T
        node = node[int(layer) if layer.isdigit() else {"out_proj": "out"}.get(layer, layer)]
    if leaf.startswith("in_proj"):
        parts = [np.asarray(node[part][kind]) for part in ("query", "key", "value")]
        return np.concatenate([part.reshape(-1, rows // 3).T for part in parts]).reshape(
            (rows, -1) if kind == "kernel" else rows
        )
    if leaf == "queries":
        return np.asarray(node[leaf])
    if kind == "bias" or "kernel" not in node:
        return np.asarray(node["bias" if kind == "bias" else "scale"])
    kernel = np.asarray(node["kernel"])
    if kernel.ndim == 4:
        return kernel.transpose(3, 2, 0, 1)
    return kernel.reshape(-1, rows).T


@pytest.mark.usefixtures("compile_carelessly")
def test_the_peer_is_the_same_network_with_the_same_loss():
    torch = pytest.importorskip("torch", reason=policy_cost.INSTALL_TORCH)
    from benchmarks import torch_policy

    space = ActionSpace(SPEC)
    policy = PolicyFn(CONFIG, SPEC.layout)
    weights = _weights(policy)
    peer = torch_policy.Peer(CONFIG, space)
    assert policy_cost.torch_layer_sizes(peer.policy) == policy_cost.layer_sizes(
        weights.params, SPEC.layout
    )
    with torch.no_grad():
        for name, tensor in peer.policy.named_parameters():
            ours = _torch_weight(weights.params, name, len(tensor))
            assert ours.shape == tensor.shape, name
            tensor.copy_(torch.tensor(ours))
        statistics = weights.batch_stats["cnn"]["norms"]
        for name, tensor in peer.policy.cnn.norms.named_buffers():
            layer, _, leaf = name.partition(".running_")
            if leaf:
                tensor.copy_(torch.tensor(statistics[int(layer)][leaf]))
    rng = np.random.default_rng(0)
    action = rng.integers(space.class_counts, size=(2, space.num_decisions)).astype(np.int32)
    batch = Batch(
        uid=np.zeros(2, np.int32),
        audio=rng.uniform(-1, 1, (2, 88_200)).astype(np.float32),
        played=np.tile(np.asarray([60, 85, 3], np.float32), (2, 1)),
        action=action,
        heard=losses.audible_decisions(SPEC, action),
        mask=np.ones(2, np.float32),
    )
    mel = audio.log_mel(batch.audio)
    np.testing.assert_allclose(peer.view(batch).numpy(), mel, atol=1e-4)
    logits = jax.jit(policy.logits)(weights, View(mel, batch.played), action[:, None])[:, 0]
    peer.policy.eval()
    with torch.no_grad():
        theirs = peer.policy(torch.tensor(np.asarray(mel)))
    np.testing.assert_allclose(
        np.where(space.class_mask, theirs.numpy(), 0.0),
        np.where(space.class_mask, logits, 0.0),
        atol=1e-4,
    )
    ours = 0.2 * losses.parameter_loss(
        space.log_softmax(logits, 0.2), action, losses.smoothed_targets(SPEC), batch.heard
    )
    assert float(peer.parameter_loss(theirs, batch)) == pytest.approx(float(ours.mean()), rel=1e-4)
