"""Environment: whoever compares the sounds, the score is that of a direct computation."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from numpy.typing import NDArray

from configs import stage2
from synthrl_jax import assets, audio, environment, reward
from synthrl_jax.actions import ActionSpace
from synthrl_jax.errors import UserError
from synthrl_jax.presets import read_sysex, to_values
from synthrl_jax.render import Renderer
from synthrl_jax.reward import RewardWeights
from synthrl_jax.synths.dx7 import SPEC

pytestmark = pytest.mark.native

SPACE = ActionSpace(SPEC)
WEIGHTS = RewardWeights(0.5, 0.25, 0.02)
NOTE = {"note": 50, "velocity": 110, "gate_s": 1.5}


@pytest.fixture(scope="module")
def actions() -> NDArray[np.int32]:
    """[5, D] of bundled voices."""
    return np.asarray(SPACE.from_values(to_values(read_sysex(assets.VOICES).voices[60:65])))


@pytest.fixture(scope="module")
def targets() -> NDArray[np.float32]:
    """[5, 88200] other voices at another note."""
    voices = read_sysex(assets.VOICES).voices[:5]
    return np.asarray(audio.peak_normalise_target(Renderer().render(voices, note=62)))


@pytest.mark.parametrize("scorer", ["native", "jax"])
@pytest.mark.parametrize("num_targets", [5, 1])
def test_play_is_render_and_compare(
    scorer: environment.Scorer,
    num_targets: int,
    actions: NDArray[np.int32],
    targets: NDArray[np.float32],
) -> None:
    stage = environment.Environment(Renderer(), SPACE, WEIGHTS, **NOTE, scorer=scorer)
    score = stage.play(actions, stage.prepare(targets[:num_targets]))
    rendered = Renderer().render(SPACE.to_values(actions), **NOTE)
    np.testing.assert_array_equal(stage.render(actions), rendered)
    target = np.broadcast_to(targets[:num_targets], rendered.shape)
    expected = reward.distances(target, audio.peak_normalise_render(rendered))
    for name, values in expected._asdict().items():
        np.testing.assert_allclose(score.named()[name], values, rtol=1e-4)
    np.testing.assert_allclose(score.reward, reward.reward(expected, WEIGHTS), rtol=1e-4)
    assert list(score.named()) == [*reward.Distances._fields, "reward"]


def test_the_recipe_chooses_the_scorer() -> None:
    config = stage2.get_config("tiny")
    natively = jax.default_backend() == "cpu"
    for name, native in (("auto", natively), ("native", True), ("jax", False)):
        config.render.scorer = name
        prepared = environment.make_environment(config, SPACE).prepare(np.zeros((1, 1024)))
        assert isinstance(prepared, environment.Targets) == native
    config.render.scorer = "ears"
    with pytest.raises(UserError, match="'ears' is not auto, native or jax"):
        environment.make_environment(config, SPACE)
