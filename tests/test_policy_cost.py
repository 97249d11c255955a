"""The benchmark of training and inference: what it measures, and that its peer is SynthRL's."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import policy_cost
from benchmarks.policy_cost import Cost
from synthrl_jax import losses
from synthrl_jax.actions import ActionSpace
from synthrl_jax.models.policy import PolicyConfig, PolicyFn
from synthrl_jax.synths.dx7 import SPEC
from synthrl_jax.types import Batch, View

CONFIG = PolicyConfig(
    d_model=32, num_encoder_layers=1, num_decoder_layers=1, num_heads=2, d_hidden=32
)


@pytest.mark.native
def test_every_row_is_measured_without_pytorch(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(policy_cost.importlib.util, "find_spec", lambda name: None)
    table = tmp_path / "cost.md"
    works = ["--train", "stage1:tiny", "stage2:tiny+dexed-py", "--infer", "stage1:tiny"]
    few = ["--voices", "40", "--batch", "2", "--repeats", "1"]
    policy_cost.main([*works, *few, "--json", "--markdown", str(table)])
    printed = capsys.readouterr().out
    assert policy_cost.INSTALL_TORCH in printed
    assert "stage2:tiny+dexed-py is left out" in printed
    rows = json.loads(printed.splitlines()[-1])["rows"]
    assert [row["kind"] for row in rows] == ["learn", "likeliest", "sampled"]
    for row, batch in zip(rows, (32, 2, 2), strict=True):
        assert row["batch"] == batch
        assert row["samples_per_s"] == pytest.approx(batch / row["step_s"])
        assert row["busy_s"] > 0
        assert row["ratio"] is None
    shares = rows[0]["shares"]
    assert {"data", "learn", "mel"} <= shares.keys()
    assert 0.5 < shares["data"] + shares["learn"] <= 1
    assert len(table.read_text().splitlines()) == 2 + len(rows)


def test_ratios_are_to_the_peer_of_the_same_kind_of_work():
    peer = Cost("learn", "PyTorch base", 10, 32, 8.0, 16.0, {}, 2)
    ours = Cost("learn", "stage1:small", 10, 64, 4.0, 6.0, {}, 2)
    other = Cost("sampled", "stage1:small", 10, 64, 4.0, 6.0, {}, 2)
    rows = policy_cost.with_ratios([other, ours, peer])
    assert [(row.name, row.ratio) for row in rows] == [
        ("PyTorch base", 1.0),
        ("stage1:small", 4.0),
        ("stage1:small", None),
    ]
    assert ours.as_dict()["samples_per_core_s"] == 64 / 6


def test_the_fastest_of_the_repeats_counts(monkeypatch):
    wall, busy = iter([0.0, 5.0, 10.0, 12.0]), iter([0.0, 1.0, 2.0, 5.0])
    monkeypatch.setattr(policy_cost.time, "perf_counter", lambda: next(wall))
    monkeypatch.setattr(policy_cost.time, "process_time", lambda: next(busy))
    assert policy_cost.fastest(lambda: None, 2) == (2.0, 3.0)


@pytest.mark.parametrize("text", ["stage1", "stage1:", "stage1:tiny+elsewhere"])
def test_work_that_is_not_named_well(text, capsys):
    with pytest.raises(SystemExit):
        policy_cost.main(["--train", text])
    assert text in capsys.readouterr().err


def test_padding_counts_as_no_weights():
    sizes = policy_cost.layer_sizes(PolicyFn(CONFIG, SPEC.layout).init(0).params, SPEC.layout)
    assert sizes["decoder.heads"] == (CONFIG.d_model + 1) * SPEC.class_counts.sum()
    assert sizes["encoder.0.attention"] == 4 * CONFIG.d_model * (CONFIG.d_model + 1)


def _torch_weights(params, name, tensor):
    """The weight of a PyTorch layer as our network has it."""
    *layers, last = name.split(".")
    layers = [int(layer) if layer.isdigit() else layer for layer in layers]
    head = None
    if "heads" in layers:
        layers, head = layers[:-1], layers[-1]
    if layers[-1] == "out_proj":
        layers[-1] = "out"
    node = params
    for layer in layers:
        node = node[layer]
    if head is not None:
        values = np.asarray(node["kernel" if last == "weight" else "bias"][head])
        return values[..., : tensor.shape[0]].T
    if last.startswith("in_proj"):
        leaf = "kernel" if last.endswith("weight") else "bias"
        parts = [np.asarray(node[part][leaf]) for part in ("query", "key", "value")]
        width = tensor.shape[0] // 3
        return np.concatenate(
            [p.reshape(-1, width).T if leaf == "kernel" else p.ravel() for p in parts]
        )
    leaf = node.get({"weight": "kernel"}.get(last, last), node.get("scale"))
    values = np.asarray(leaf)
    if layers[-1] == "out":
        values = values.reshape(-1, tensor.shape[0]) if last == "weight" else values
    return (
        values.transpose(3, 2, 0, 1)
        if values.ndim == 4
        else values.T
        if last == "weight"
        else values
    )


def test_the_peer_is_the_same_network_with_the_same_loss():
    torch = pytest.importorskip("torch", reason=policy_cost.INSTALL_TORCH)
    from benchmarks import torch_policy

    space = ActionSpace(SPEC)
    policy = PolicyFn(CONFIG, SPEC.layout)
    weights = policy.init(0)
    peer = torch_policy.Peer(CONFIG, space)
    assert policy_cost.torch_layer_sizes(peer.policy) == policy_cost.layer_sizes(
        weights.params, SPEC.layout
    )
    with torch.no_grad():
        for name, tensor in peer.policy.named_parameters():
            tensor.copy_(torch.tensor(_torch_weights(weights.params, name, tensor)))
    rng = np.random.default_rng(0)
    action = rng.integers(space.class_counts, size=(2, space.num_decisions)).astype(np.int32)
    batch = Batch(
        uid=np.zeros(2, np.int32),
        audio=rng.uniform(-1, 1, (2, 88_200)).astype(np.float32),
        played=np.tile(np.float32((60, 85, 3)), (2, 1)),
        action=action,
        heard=losses.audible_decisions(SPEC, action),
        mask=np.ones(2, np.float32),
    )
    from synthrl_jax import audio

    mel = audio.log_mel(batch.audio)
    np.testing.assert_allclose(peer.view(batch).numpy(), mel, atol=1e-4)
    logits = policy.logits(weights, View(mel, batch.played), action[:, None])[:, 0]
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
