"""The network: shapes of the method, invariances, and purity."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from synthrl_jax.models.encoder import ConvEncoder, grid_positions, sequence_positions
from synthrl_jax.models.policy import PolicyConfig, PolicyFn, Weights
from synthrl_jax.synths.dx7 import SPEC

TINY = PolicyConfig(
    d_model=32, num_encoder_layers=1, num_decoder_layers=1, num_heads=2, d_hidden=32
)
BASE = PolicyConfig(
    d_model=512, num_encoder_layers=6, num_decoder_layers=6, num_heads=8, d_hidden=1024
)


@pytest.fixture(scope="module")
def policy() -> PolicyFn:
    return PolicyFn(TINY, SPEC.class_counts)


@pytest.fixture(scope="module")
def weights(policy: PolicyFn) -> Weights:
    return policy.init(0)


def _mel(seed: int, batch: int = 2) -> jax.Array:
    return jax.random.uniform(jax.random.key(seed), (batch, 128, 345), minval=-1.0)


def test_encoder_gives_five_by_twelve_tokens() -> None:
    encoder = nnx.eval_shape(lambda: ConvEncoder(32, rngs=nnx.Rngs(0)))
    out = nnx.eval_shape(lambda m: m(jnp.zeros((1, 128, 345)), train=False), encoder)
    assert out.shape == (1, 5, 12, 32)


def test_base_size_has_the_published_widths() -> None:
    weights = PolicyFn(BASE, SPEC.class_counts).abstract_weights()
    kernels = [conv["kernel"].shape for _, conv in sorted(weights.params["cnn"]["convs"].items())]
    assert kernels == [
        (5, 5, 1, 32), (4, 4, 32, 64), (4, 4, 64, 128), (4, 4, 128, 256), (4, 4, 256, 512)
    ]  # fmt: skip
    assert weights.params["queries"].shape == (144, 512)
    assert len(weights.params["encoder"]) == len(weights.params["decoder"]) == 6
    count = sum(np.prod(leaf.shape) for leaf in jax.tree.leaves(weights.params))
    assert 34e6 < count < 38e6  # the reference network has 36 M


def test_position_codes() -> None:
    code = np.asarray(grid_positions(5, 12, 16)).reshape(5, 12, 16)
    np.testing.assert_array_equal(code[2, 0, :8], code[2, 11, :8])  # rows in the first half
    np.testing.assert_array_equal(code[0, 3, 8:], code[4, 3, 8:])
    np.testing.assert_allclose(code[0, 0, 0], np.sin(2 * np.pi / 5), rtol=1e-5)
    np.testing.assert_allclose(code[0, 5, 8], np.sin(np.pi), atol=1e-5)
    line = np.asarray(sequence_positions(4, 6))
    np.testing.assert_allclose(line[3, :2], [np.sin(3), np.cos(3)], rtol=1e-5)
    np.testing.assert_allclose(line[3, 2], np.sin(3 / 10_000 ** (2 / 6)), rtol=1e-5)


def test_logits_are_squashed_and_independent_of_the_batch(
    policy: PolicyFn, weights: Weights
) -> None:
    mel = _mel(0, 3)
    logits = jax.jit(policy.logits)(weights, mel)
    assert logits.shape == (3, 144, 34)
    assert float(logits.min()) > 0.0 and float(logits.max()) < 1.0
    alone = policy.logits(weights, mel[1:2])
    np.testing.assert_allclose(alone[0], logits[1], atol=1e-5)


def test_linear_head_is_not_squashed() -> None:
    config = PolicyConfig(**{**vars(TINY), "head": "linear"})
    policy = PolicyFn(config, SPEC.class_counts)
    logits = policy.logits(policy.init(0), _mel(0))
    assert float(logits.min()) < 0.0


def test_training_mode_is_a_pure_function_of_its_key(policy: PolicyFn, weights: Weights) -> None:
    mel = _mel(1)
    train = jax.jit(policy.train_logits)
    first, stats = train(weights, mel, jax.random.key(1))
    again, _ = train(weights, mel, jax.random.key(1))
    other, _ = train(weights, mel, jax.random.key(2))
    np.testing.assert_array_equal(first, again)
    assert np.any(np.asarray(first) != np.asarray(other))
    changed = jax.tree.map(lambda a, b: bool(np.any(a != b)), stats, weights.batch_stats)
    assert all(jax.tree.leaves(changed))


def test_every_weight_gets_a_gradient(policy: PolicyFn, weights: Weights) -> None:
    def loss(params: dict) -> jax.Array:
        logits, _ = policy.train_logits(
            Weights(params, weights.batch_stats), _mel(2), jax.random.key(0)
        )
        return jnp.sum(logits[:, jnp.arange(144), SPEC.class_counts - 1] ** 2)

    grads = jax.jit(jax.grad(loss))(weights.params)
    dead = [
        jax.tree_util.keystr(path)
        for path, grad in jax.tree_util.tree_leaves_with_path(grads)
        if not np.any(np.asarray(grad))
    ]
    assert dead == []


def test_sizes_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="num_heads"):
        PolicyConfig(48, 1, 1, 5, 32)
    with pytest.raises(ValueError, match="head"):
        PolicyConfig(48, 1, 1, 4, 32, head="softmax")  # type: ignore[arg-type]
