"""The jitted functions of training: act, score, learn, and their deterministic twins.

`act` and `learn` derive the same dropout key from (state.key, state.step), so the policy that
sampled an action is the policy that is differentiated.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from synthrl_jax import audio, losses, replay
from synthrl_jax.actions import ActionSpace
from synthrl_jax.metrics import masked_mean
from synthrl_jax.models.policy import PolicyFn, Weights
from synthrl_jax.types import Array, Batch, ReplayState, TrainState


class Rollout(NamedTuple):
    """One sampled action per target, rendered and scored.

    Attributes:
      action: [B, D] int32 sampled classes.
      reward: [B].
    """

    action: Array
    reward: Array


class Prediction(NamedTuple):
    """What the deterministic policy says of a batch.

    Attributes:
      action: [B, D] int32 most likely classes.
      parameter_loss: [B]; meaningless where the true action is unknown.
    """

    action: Array
    parameter_loss: Array


@dataclasses.dataclass(frozen=True)
class LossConfig:
    """How the two losses are formed; names and defaults as in SynthRL's code.

    Attributes:
      parameter_temperature: of the softmax in the parameter loss.
      sampling_temperature: of the softmax that actions are drawn from, and of log π.
      parameter_scale: factor of the parameter loss.
      importance: weight of replayed actions, see `losses.ImportanceWeight`.
    """

    parameter_temperature: float = 0.2
    sampling_temperature: float = 0.1
    parameter_scale: float = 0.2
    importance: losses.ImportanceWeight = "none"


class _StepKeys(NamedTuple):
    dropout: jax.Array
    sample: jax.Array
    draw: jax.Array


def _step_keys(state: TrainState) -> _StepKeys:
    return _StepKeys(*jax.random.split(jax.random.fold_in(state.key, state.step), 3))


def weights_of(state: TrainState) -> Weights:
    """The network's part of the state."""
    return Weights(state.params, state.batch_stats)


class Steps:
    """The jitted functions for one network, action space, optimiser and set of losses."""

    def __init__(
        self,
        policy: PolicyFn,
        action_space: ActionSpace,
        optimizer: optax.GradientTransformation,
        config: LossConfig,
    ) -> None:
        self._policy = policy
        self._space = action_space
        self._optimizer = optimizer
        self._config = config
        self._targets = losses.smoothed_targets(action_space.spec)

    @functools.partial(jax.jit, static_argnums=0)
    def mel(self, target: Array) -> jax.Array:
        """[B, S] peak-normalised audio → [B, M, T], what `act` and `learn` see of it."""
        return audio.log_mel(target)

    @functools.partial(jax.jit, static_argnums=0)
    def act(self, state: TrainState, mel: Array) -> jax.Array:
        """[B, M, T] → [B, D], sampled from the policy with the dropout of `learn`."""
        keys = _step_keys(state)
        logits, _ = self._policy.train_logits(weights_of(state), jnp.asarray(mel), keys.dropout)
        return self._space.sample(keys.sample, logits, self._config.sampling_temperature)

    @functools.partial(jax.jit, static_argnums=(0, 3))
    def propose(
        self, weights: Weights, target: Array, num_actions: int, key: jax.Array
    ) -> jax.Array:
        """[B, num_actions, D]: the most likely action, then samples; dropout off."""
        logits = self._policy.logits(weights, audio.log_mel(target))
        best = self._space.argmax(logits)[:, None]
        repeated = jnp.repeat(logits[:, None], num_actions - 1, axis=1)
        samples = self._space.sample(key, repeated, self._config.sampling_temperature)
        return jnp.concatenate([best, samples], axis=1)

    @functools.partial(jax.jit, static_argnums=0)
    def predict(self, weights: Weights, batch: Batch) -> Prediction:
        """The deterministic policy's action and parameter loss."""
        logits = self._policy.logits(weights, audio.log_mel(batch.audio))
        return Prediction(self._space.argmax(logits), self._parameter_loss(logits, batch.action))

    @functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
    def learn(
        self, state: TrainState, batch: Batch, mel: Array, rollout: Rollout | None, alpha: Array
    ) -> tuple[TrainState, dict[str, jax.Array]]:
        """One update.

        Args:
          state: consumed.
          batch: targets.
          mel: [B, M, T] of the targets.
          rollout: None in stage 1, where only labels teach.
          alpha: [] share of the policy-gradient loss; the parameter loss has the rest.

        Returns:
          The next state, and scalars to log.
        """
        keys = _step_keys(state)
        buffer, drawn = state.replay, None
        if rollout is not None:
            buffer = replay.insert(buffer, batch.uid, rollout.action, rollout.reward, batch.mask)
            drawn = replay.draw(keys.draw, buffer, batch.uid)

        def loss_fn(params: Any) -> tuple[jax.Array, tuple[Any, dict[str, Any]]]:
            logits, batch_stats = self._policy.train_logits(
                Weights(params, state.batch_stats), jnp.asarray(mel), keys.dropout
            )
            parameter = self._config.parameter_scale * masked_mean(
                self._parameter_loss(logits, batch.action), batch.mask * batch.has_action
            )
            scalars = {"parameter_loss": parameter}
            loss = parameter
            if rollout is not None and drawn is not None:
                action, reward = drawn
                num_entries = buffer.reward.shape[1]
                policy = masked_mean(
                    self._policy_loss(logits, action, reward, num_entries), batch.mask
                )
                loss = alpha * policy + (1 - alpha) * parameter
                scalars |= {
                    "policy_loss": policy,
                    "reward": masked_mean(jnp.asarray(rollout.reward), batch.mask),
                    "replay_reward": masked_mean(reward, batch.mask),
                }
            return jnp.asarray(loss), (batch_stats, scalars | {"loss": loss})

        grads, (batch_stats, scalars) = jax.grad(loss_fn, has_aux=True)(state.params)
        updates, opt_state = self._optimizer.update(grads, state.opt_state, state.params)
        scalars["grad_norm"] = optax.tree.norm(grads)
        return (
            TrainState(
                step=state.step + 1,
                params=optax.apply_updates(state.params, updates),
                batch_stats=batch_stats,
                opt_state=opt_state,
                replay=buffer,
                key=state.key,
            ),
            scalars,
        )

    def _parameter_loss(self, logits: jax.Array, action: Array) -> jax.Array:
        log_probs = self._space.log_softmax(logits, self._config.parameter_temperature)
        audible = losses.audible_decisions(self._space.spec, action)
        return losses.parameter_loss(log_probs, action, self._targets, audible)

    def _policy_loss(
        self, logits: jax.Array, action: jax.Array, reward: jax.Array, num_entries: int
    ) -> jax.Array:
        """[B] REINFORCE on replayed actions, drawn with probability μ = 1 / num_entries."""
        log_prob = self._space.log_prob(logits, action, self._config.sampling_temperature)
        weight = losses.importance_weight(log_prob, self._config.importance)
        return losses.policy_gradient_loss(log_prob, num_entries * reward, weight)


@functools.partial(jax.jit, donate_argnums=0)
def remember(
    buffer: ReplayState, uid: Array, actions: Array, rewards: Array, mask: Array
) -> ReplayState:
    """Inserts actions [B, R, D] with rewards [B, R], one after another."""
    for entry in range(actions.shape[1]):
        buffer = replay.insert(buffer, uid, actions[:, entry], rewards[:, entry], mask)
    return buffer


def init_state(
    weights: Weights,
    optimizer: optax.GradientTransformation,
    buffer: ReplayState,
    seed: int,
) -> TrainState:
    """The state before the first update."""
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        params=weights.params,
        batch_stats=weights.batch_stats,
        opt_state=optimizer.init(weights.params),
        replay=buffer,
        key=jax.random.key(seed),
    )
