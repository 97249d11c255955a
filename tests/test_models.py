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
from synthrl_jax.types import ReferenceView, View

pytestmark = pytest.mark.usefixtures("compile_carelessly")

TINY = PolicyConfig(
    d_model=32, num_encoder_layers=1, num_decoder_layers=1, num_heads=2, d_hidden=32
)
GROUPS = PolicyConfig(
    **{**vars(TINY), "dropout": 0.0, "head": "linear", "encoder": "strips", "decoder": "groups"}
)
REFERENCE = PolicyConfig(**{**vars(GROUPS), "reference": True, "trust": 4.0})
BASE = PolicyConfig(
    d_model=512, num_encoder_layers=6, num_decoder_layers=6, num_heads=8, d_hidden=1024
)


@pytest.fixture(scope="module")
def policy() -> PolicyFn:
    return PolicyFn(TINY, SPEC.layout)


@pytest.fixture(scope="module")
def weights(policy: PolicyFn) -> Weights:
    return _fresh(policy)


@pytest.fixture(scope="module")
def autoregressive() -> tuple[PolicyFn, Weights]:
    return _stirred(GROUPS)


@pytest.fixture(scope="module")
def referring() -> tuple[PolicyFn, Weights]:
    return _stirred(REFERENCE)


def _stirred(config: PolicyConfig) -> tuple[PolicyFn, Weights]:
    """A network whose decisions depend on each other, as those of fresh weights hardly do."""
    policy = PolicyFn(config, SPEC.layout)

    def stirred() -> Weights:
        return jax.tree.map(
            lambda x: x + 0.3 * jax.random.normal(jax.random.key(3), x.shape), policy.init(0)
        )

    return policy, jax.jit(stirred)()


def _fresh(policy: PolicyFn) -> Weights:
    """Compiled as one, which takes less time than each array by itself."""
    return jax.jit(policy.init, static_argnums=0)(0)


def _view(seed: int, batch: int = 2) -> View:
    mel = jax.random.uniform(jax.random.key(seed), (batch, 128, 345), minval=-1.0)
    other = jax.random.uniform(jax.random.key(seed + 100), mel.shape, minval=-1.0)
    reference = ReferenceView(other, _actions(seed + 100, batch)[:, 0])
    return View(mel, jnp.tile(jnp.array([62.0, 80.0, 2.5]), (batch, 1)), reference)


def _actions(seed: int, batch: int, tries: int = 1) -> jax.Array:
    rng = np.random.default_rng(seed)
    return jnp.asarray(rng.integers(SPEC.class_counts, size=(batch, tries, SPEC.num_decisions)))


def test_encoder_gives_five_by_twelve_tokens() -> None:
    encoder = nnx.eval_shape(lambda: ConvEncoder(32, rngs=nnx.Rngs(0)))
    out = nnx.eval_shape(lambda m: m(jnp.zeros((1, 128, 345)), train=False), encoder)
    assert out.shape == (1, 5, 12, 32)


def test_base_size_has_the_published_widths() -> None:
    weights = PolicyFn(BASE, SPEC.layout).abstract_weights()
    kernels = [conv["kernel"].shape for _, conv in sorted(weights.params["cnn"]["convs"].items())]
    assert kernels == [
        (5, 5, 1, 32), (4, 4, 32, 64), (4, 4, 64, 128), (4, 4, 128, 256), (4, 4, 256, 512)
    ]  # fmt: skip
    assert weights.params["decoder"]["queries"].shape == (144, 512)
    assert len(weights.params["encoder"]) == len(weights.params["decoder"]["layers"]) == 6
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
    view, actions = _view(0, 3), _actions(0, 3, 2)
    logits = jax.jit(policy.logits)(weights, view, actions)
    assert logits.shape == (3, 2, 144, 34)
    assert float(logits.min()) > 0.0 and float(logits.max()) < 1.0
    alone = policy.logits(weights, View(view.mel[1:2], view.played[1:2]), actions[1:2])
    np.testing.assert_allclose(alone[0], logits[1], atol=1e-5)
    np.testing.assert_array_equal(logits[:, 0], logits[:, 1])  # all decisions at once


def test_linear_head_is_not_squashed() -> None:
    config = PolicyConfig(**{**vars(TINY), "head": "linear"})
    policy = PolicyFn(config, SPEC.layout)
    logits = jax.jit(policy.logits)(_fresh(policy), _view(0), _actions(0, 2))
    assert float(logits.min()) < 0.0


def test_training_mode_is_a_pure_function_of_its_key(policy: PolicyFn, weights: Weights) -> None:
    view, actions = _view(1), _actions(1, 2)
    train = jax.jit(policy.train_logits)
    first, stats = train(weights, view, actions, jax.random.key(1))
    again, _ = train(weights, view, actions, jax.random.key(1))
    other, _ = train(weights, view, actions, jax.random.key(2))
    np.testing.assert_array_equal(first, again)
    assert np.any(np.asarray(first) != np.asarray(other))
    changed = jax.tree.map(lambda a, b: bool(np.any(a != b)), stats, weights.batch_stats)
    assert all(jax.tree.leaves(changed))


@pytest.mark.parametrize(
    "config", [TINY, GROUPS, REFERENCE], ids=["queries", "groups", "reference"]
)
def test_every_weight_gets_a_gradient(config: PolicyConfig) -> None:
    policy = PolicyFn(config, SPEC.layout)
    weights = _fresh(policy)

    def loss(params: dict) -> jax.Array:
        logits, _ = policy.train_logits(
            Weights(params, weights.batch_stats), _view(2), _actions(2, 2), jax.random.key(0)
        )
        return jnp.sum(logits[:, 0, jnp.arange(144), SPEC.class_counts - 1] ** 2)

    grads = jax.jit(jax.grad(loss))(weights.params)
    dead = [
        jax.tree_util.keystr(path)
        for path, grad in jax.tree_util.tree_leaves_with_path(grads)
        if not np.any(np.asarray(grad))
    ]
    assert dead == []


def test_a_decision_depends_on_those_before_it_alone(
    autoregressive: tuple[PolicyFn, Weights],
) -> None:
    policy, weights = autoregressive
    actions = _actions(4, 1)
    level = SPEC.decision_index("OP3 OUTPUT LEVEL")
    coarse = SPEC.decision_index("OP3 F COARSE")
    actions = actions.at[..., level].set(10)
    changed = actions.at[..., coarse].set((actions[..., coarse] + 1) % 32)
    logits = jax.jit(policy.logits)
    before, after = (np.asarray(logits(weights, _view(4, 1), a))[0, 0] for a in (actions, changed))
    differs = np.any(before != after, axis=-1)
    names = [p.name for p in SPEC.decisions]
    group = SPEC.group[coarse]
    assert not differs[SPEC.group < group].any()
    assert differs[SPEC.group > group].all()
    # The level gates the operator, so it is decided first.
    assert not differs[[coarse, level, names.index("OP3 EG RATE 1")]].any()
    assert differs[names.index("OP3 F FINE")]


def test_what_is_gated_off_makes_no_difference(
    autoregressive: tuple[PolicyFn, Weights],
) -> None:
    policy, weights = autoregressive
    level = SPEC.decision_index("OP2 OUTPUT LEVEL")
    gated = np.flatnonzero(SPEC.gate == level)
    silent = _actions(5, 1).at[..., level].set(0)
    other = silent.at[..., gated].set(_actions(6, 1)[..., gated])
    logits = jax.jit(policy.logits)
    np.testing.assert_array_equal(
        logits(weights, _view(5, 1), silent), logits(weights, _view(5, 1), other)
    )


@pytest.mark.parametrize("network", ["autoregressive", "referring"])
def test_sampling_follows_the_logits(network: str, request: pytest.FixtureRequest) -> None:
    policy, weights = request.getfixturevalue(network)
    view = _view(6, 2)
    sample = jax.jit(policy.sample, static_argnums=(3, 4))
    best = sample(weights, view, jax.random.key(0), 1, 0.0)
    mask = np.arange(34)[None, :] < SPEC.class_counts[:, None]
    logits = np.where(mask, jax.jit(policy.logits)(weights, view, best), -np.inf)
    np.testing.assert_array_equal(best, np.argmax(logits, axis=-1))

    drawn = np.asarray(sample(weights, view, jax.random.key(1), 400, 1.0))
    assert np.all(drawn < SPEC.class_counts)
    # The first decision of all has nothing before it: its frequencies are its probabilities.
    first = next(n for n in range(144) if n not in set(SPEC.gate) and SPEC.group[n] == 0)
    expected = np.asarray(jax.nn.softmax(logits[0, 0, first]))
    found = np.bincount(drawn[0, :, first], minlength=34) / 400
    np.testing.assert_allclose(found, expected, atol=0.09)


def test_the_note_is_seen(autoregressive: tuple[PolicyFn, Weights]) -> None:
    policy, weights = autoregressive
    view, actions = _view(7, 1), _actions(7, 1)
    other = view._replace(played=view.played + jnp.array([12.0, 0.0, 0.0]))
    logits = jax.jit(policy.logits)
    assert np.any(np.asarray(logits(weights, view, actions) != logits(weights, other, actions)))


def test_a_reference_counts_in_sound_and_in_parameters_and_may_be_missing(
    referring: tuple[PolicyFn, Weights],
) -> None:
    policy, weights = referring
    view, actions = _view(8, 1), _actions(8, 1)
    assert view.reference is not None
    logits = jax.jit(policy.logits)

    def seen(**changes: jax.Array) -> np.ndarray:
        changed = view._replace(reference=view.reference._replace(**changes))
        return np.asarray(logits(weights, changed, actions))

    other = _view(9, 1).reference
    assert other is not None
    assert np.any(seen() != seen(mel=other.mel)) and np.any(seen() != seen(action=other.action))
    nothing = jnp.full_like(view.reference.action, -1)
    np.testing.assert_array_equal(seen(action=nothing), seen(action=nothing, mel=other.mel))


def test_fresh_networks_trust_their_reference() -> None:
    policy = PolicyFn(REFERENCE, SPEC.layout)
    view = _view(10, 4)
    assert view.reference is not None
    sample = jax.jit(policy.sample, static_argnums=(3, 4))
    best = sample(_fresh(policy), view, jax.random.key(0), 1, 0.0)[:, 0]
    assert np.mean(best == view.reference.action) > 0.9


def test_sizes_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="num_heads"):
        PolicyConfig(48, 1, 1, 5, 32)
    with pytest.raises(ValueError, match="head"):
        PolicyConfig(48, 1, 1, 4, 32, head="softmax")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"needs model\.head 'linear'"):
        PolicyConfig(48, 1, 1, 4, 32, decoder="groups")
    with pytest.raises(ValueError, match=r"model\.reference needs"):
        PolicyConfig(48, 1, 1, 4, 32, reference=True)
