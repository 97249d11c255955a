"""The jitted functions of training: act, score, learn, and their deterministic twins.

`act` and `learn` derive the same dropout key from (state.key, state.step), so the policy that
sampled an action is the policy that is differentiated.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import optax

from synthrl_jax import audio, losses, replay
from synthrl_jax.actions import ActionSpace
from synthrl_jax.distributed import Devices
from synthrl_jax.metrics import masked_mean
from synthrl_jax.models.policy import PolicyFn, Weights
from synthrl_jax.types import Array, Batch, ReplayState, TrainState, View


class Tries(NamedTuple):
    """Actions that were sampled.

    Attributes:
      action: [B, R, D] int32 classes.
      log_prob: [B, R, D] of each in nats, when it was sampled.
    """

    action: Array
    log_prob: Array


class Rollout(NamedTuple):
    """A few sampled actions per target, rendered and scored.

    Attributes:
      tries: the actions.
      reward: [B, R].
    """

    tries: Tries
    reward: Array


class Prediction(NamedTuple):
    """What the deterministic policy says of a batch.

    Attributes:
      action: [B, D] int32 most likely classes.
      parameter_loss: [B]; meaningless where the true action is unknown.
    """

    action: Array
    parameter_loss: Array


LearnFrom = Literal["replay", "tries", "both"]


@dataclasses.dataclass(frozen=True)
class LossConfig:
    """How the two losses are formed; names and defaults as in SynthRL's code.

    Attributes:
      parameter_temperature: of the softmax in the parameter loss.
      sampling_temperature: of the softmax that actions are drawn from, and of log π.
      parameter_scale: factor of the parameter loss.
      importance: weight of replayed actions, see `losses.ImportanceWeight`.
      learn_from: "replay": an action drawn from the best ones of its target, as in SynthRL;
        "tries": those just made; "both".
      reward_scale: see `losses.preference`.
      advantage: of the tries, see `losses.advantage`.
      clip: of the tries' probability ratio, see `losses.clipped_policy_loss`.
      imitation: weight of the replayed action's likelihood beside the tries ("both").
      entropy: weight of the policy's entropy, which is raised.
      anchor: weight of the divergence from the policy that the run began with.
    """

    parameter_temperature: float = 0.2
    sampling_temperature: float = 0.1
    parameter_scale: float = 0.2
    importance: losses.ImportanceWeight = "none"
    learn_from: LearnFrom = "replay"
    reward_scale: losses.RewardScale = "inverse"
    advantage: losses.Advantage = "none"
    clip: float = 0.0
    imitation: float = 1.0
    entropy: float = 0.0
    anchor: float = 0.0

    def __post_init__(self) -> None:
        for name, choices in (
            ("importance", losses.ImportanceWeight),
            ("learn_from", LearnFrom),
            ("reward_scale", losses.RewardScale),
            ("advantage", losses.Advantage),
        ):
            if getattr(self, name) not in get_args(choices):
                listed = ", ".join(map(repr, get_args(choices)))
                raise ValueError(f"{name} is {getattr(self, name)!r}, not one of {listed}")


class _StepKeys(NamedTuple):
    dropout: jax.Array
    sample: jax.Array
    draw: jax.Array


def _step_keys(state: TrainState) -> _StepKeys:
    return _StepKeys(*jax.random.split(jax.random.fold_in(state.key, state.step), 3))


def weights_of(state: TrainState) -> Weights:
    """The network to judge a run by: the running average of its weights where there is one."""
    return Weights(state.average or state.params, state.batch_stats)


class Steps:
    """The jitted functions for one network, action space, optimiser and set of losses.

    Args:
      policy: the network.
      action_space: what it decides.
      optimizer: of its weights.
      config: the losses.
      devices: that share each batch.
      tries: R, actions that `act` samples per target.
      average_decay: of the running average of the weights; 0 keeps none.
    """

    def __init__(
        self,
        policy: PolicyFn,
        action_space: ActionSpace,
        optimizer: optax.GradientTransformation,
        config: LossConfig,
        devices: Devices,
        *,
        tries: int = 1,
        average_decay: float = 0.0,
    ) -> None:
        self._policy = policy
        self._space = action_space
        self._optimizer = optimizer
        self._config = config
        self._devices = devices
        self._tries = tries
        self._average_decay = average_decay
        self._targets = losses.smoothed_targets(action_space.spec)

    @functools.partial(jax.jit, static_argnums=0)
    def view(self, batch: Batch) -> View:
        """What `act` and `learn` see of a batch's sounds."""
        view = View(audio.log_mel(batch.audio), jnp.asarray(batch.played))
        return self._devices.keep_split(view)

    @functools.partial(jax.jit, static_argnums=0)
    def act(self, state: TrainState, view: View) -> Tries:
        """A few actions per sound, sampled from the policy with the dropout of `learn`."""
        keys = _step_keys(state)
        weights = Weights(state.params, state.batch_stats)
        temperature = self._config.sampling_temperature
        action = self._policy.sample(
            weights, view, keys.sample, self._tries, temperature, keys.dropout
        )
        log_prob = jnp.zeros(action.shape)
        if self._config.clip:
            logits, _ = self._policy.train_logits(weights, view, action, keys.dropout)
            log_prob = self._space.log_prob(logits, action, temperature)
        return self._devices.keep_split(Tries(action, log_prob))

    @functools.partial(jax.jit, static_argnums=(0, 3))
    def propose(
        self, weights: Weights, batch: Batch, num_actions: int, key: jax.Array
    ) -> jax.Array:
        """[B, num_actions, D]: the most likely action, then samples; dropout off."""
        view = View(audio.log_mel(batch.audio), jnp.asarray(batch.played))
        best = self._policy.sample(weights, view, key, 1, 0.0)
        samples = self._policy.sample(
            weights, view, key, num_actions - 1, self._config.sampling_temperature
        )
        return self._devices.keep_split(jnp.concatenate([best, samples], axis=1))

    @functools.partial(jax.jit, static_argnums=0)
    def predict(self, weights: Weights, batch: Batch) -> Prediction:
        """The deterministic policy's action and parameter loss."""
        view = View(audio.log_mel(batch.audio), jnp.asarray(batch.played))
        action = self._policy.sample(weights, view, jax.random.key(0), 1, 0.0)[:, 0]
        logits = self._policy.logits(weights, view, jnp.asarray(batch.action)[:, None])
        prediction = Prediction(action, self._parameter_loss(logits[:, 0], batch))
        return self._devices.keep_split(prediction)

    @functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
    def remember(
        self, buffer: ReplayState, uid: Array, actions: Array, rewards: Array, mask: Array
    ) -> ReplayState:
        """Inserts actions [B, R, D] with rewards [B, R], one after another."""
        for entry in range(actions.shape[1]):
            buffer = replay.insert(buffer, uid, actions[:, entry], rewards[:, entry], mask)
        return self._devices.keep_whole(buffer)

    @functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
    def learn(
        self,
        state: TrainState,
        batch: Batch,
        view: View,
        rollout: Rollout | None,
        alpha: Array,
        anchor: Weights | None = None,
    ) -> tuple[TrainState, dict[str, jax.Array]]:
        """One update.

        Args:
          state: consumed.
          batch: targets.
          view: of the targets.
          rollout: None in stage 1, where only labels teach.
          alpha: [] share of the policy-gradient loss; the parameter loss has the rest.
          anchor: the policy not to stray from, if the losses have one.

        Returns:
          The next state, and scalars to log.
        """
        keys = _step_keys(state)
        config = self._config
        buffer = state.replay
        known = jnp.asarray(batch.action)[:, None]
        actions, drawn_reward = [known], None
        if rollout is not None:
            actions.append(jnp.asarray(rollout.tries.action))
            if config.learn_from != "tries":
                buffer = self.remember(
                    buffer, batch.uid, rollout.tries.action, rollout.reward, batch.mask
                )
                drawn, drawn_reward = replay.draw(keys.draw, buffer, batch.uid)
                actions.append(drawn[:, None])
        action = jnp.concatenate(actions, axis=1)
        anchored = None
        if anchor is not None and rollout is not None and config.anchor:
            anchored = self._policy.logits(anchor, view, action)

        def loss_fn(params: Any) -> tuple[jax.Array, tuple[Any, dict[str, Any]]]:
            logits, batch_stats = self._policy.train_logits(
                Weights(params, state.batch_stats), view, action, keys.dropout
            )
            labelled = batch.mask * jnp.max(jnp.asarray(batch.heard), axis=1)
            parameter = config.parameter_scale * masked_mean(
                self._parameter_loss(logits[:, 0], batch), labelled
            )
            scalars = {"parameter_loss": parameter}
            loss = parameter
            if rollout is not None:
                per_sound = self._reinforcement(
                    logits, action, rollout, drawn_reward, buffer.reward.shape[1], anchored
                )
                policy = masked_mean(per_sound, batch.mask)
                loss = alpha * policy + (1 - alpha) * parameter
                reward = jnp.mean(jnp.asarray(rollout.reward), axis=1)
                scalars |= {"policy_loss": policy, "reward": masked_mean(reward, batch.mask)}
                if drawn_reward is not None:
                    scalars["replay_reward"] = masked_mean(drawn_reward, batch.mask)
            return jnp.asarray(loss), (batch_stats, scalars | {"loss": loss})

        grads, (batch_stats, scalars) = jax.grad(loss_fn, has_aux=True)(state.params)
        updates, opt_state = self._optimizer.update(grads, state.opt_state, state.params)
        scalars["grad_norm"] = optax.tree.norm(grads)
        params = optax.apply_updates(state.params, updates)
        state = TrainState(
            step=state.step + 1,
            params=params,
            average=self._next_average(state, params),
            batch_stats=batch_stats,
            opt_state=opt_state,
            replay=buffer,
            key=state.key,
        )
        return self._devices.keep_whole((state, scalars))

    def _next_average(self, state: TrainState, params: Any) -> Any:
        """The running average, young at first so that it forgets the start."""
        if not self._average_decay:
            return {}
        step = state.step.astype(jnp.float32)
        keep = jnp.minimum(self._average_decay, (1.0 + step) / (10.0 + step))
        return jax.tree.map(lambda old, new: keep * old + (1 - keep) * new, state.average, params)

    def _parameter_loss(self, logits: jax.Array, batch: Batch) -> jax.Array:
        log_probs = self._space.log_softmax(logits, self._config.parameter_temperature)
        return losses.parameter_loss(log_probs, batch.action, self._targets, batch.heard)

    def _reinforcement(
        self,
        logits: jax.Array,
        action: jax.Array,
        rollout: Rollout,
        drawn_reward: jax.Array | None,
        num_entries: int,
        anchored: jax.Array | None,
    ) -> jax.Array:
        """[B] policy-gradient loss.

        Args:
          logits: [B, 1 + R (+ 1), D, K] of the actions.
          action: [B, 1 + R (+ 1), D]: the label, the tries, and what was drawn from replay.
          rollout: the tries.
          drawn_reward: [B] of what was drawn with probability μ = 1 / num_entries.
          num_entries: of the replay buffer, per target.
          anchored: logits of the anchor, like `logits`.
        """
        config = self._config
        temperature = config.sampling_temperature
        log_prob = self._space.log_prob(logits, action, temperature)
        tries = slice(1, 1 + rollout.reward.shape[1])
        loss = jnp.zeros(len(action))
        if config.learn_from == "replay":
            assert drawn_reward is not None
            weight = losses.importance_weight(log_prob[:, -1], config.importance)
            gain = num_entries * losses.preference(drawn_reward, config.reward_scale)
            loss = losses.policy_gradient_loss(log_prob[:, -1], gain, weight)
        else:
            value = losses.preference(rollout.reward, config.reward_scale)
            gain = losses.advantage(value, config.advantage)
            now = log_prob[:, tries]
            old = rollout.tries.log_prob if config.clip else jax.lax.stop_gradient(now)
            loss = losses.clipped_policy_loss(now, old, gain, config.clip)
            if config.learn_from == "both":
                loss -= config.imitation * jnp.mean(log_prob[:, -1], axis=-1)
        if config.entropy or anchored is not None:
            log_probs = self._space.log_softmax(logits[:, tries], temperature)
            loss -= config.entropy * jnp.mean(losses.entropy(log_probs), axis=(1, 2))
            if anchored is not None:
                start = self._space.log_softmax(anchored[:, tries], temperature)
                loss += config.anchor * jnp.mean(losses.divergence(log_probs, start), axis=(1, 2))
        return loss


def init_state(
    weights: Weights,
    optimizer: optax.GradientTransformation,
    buffer: ReplayState,
    seed: int,
    *,
    averages: bool = False,
) -> TrainState:
    """The state before the first update; `averages` if the run keeps an average of its weights."""
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        params=weights.params,
        average=jax.tree.map(jnp.array, weights.params) if averages else {},
        batch_stats=weights.batch_stats,
        opt_state=optimizer.init(weights.params),
        replay=buffer,
        key=jax.random.key(seed),
    )
