"""SynthRL's network, losses and updates in PyTorch: the peer of `policy_cost.py`.

Written from the description of the method, as fast as PyTorch's own layers make it: fused
attention, a fused optimiser, and no loop over the decisions but for their heads. Layers have the
names that they have in `synthrl_jax.models`, so that the two networks can be compared.
"""

from __future__ import annotations

from typing import Any, Protocol

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from synthrl_jax import audio, losses
from synthrl_jax.actions import MASKED_LOGIT, ActionSpace
from synthrl_jax.models.encoder import grid_positions, sequence_positions
from synthrl_jax.models.policy import PolicyConfig
from synthrl_jax.run_log import Clock
from synthrl_jax.types import Batch

PARAMETER_TEMPERATURE, SAMPLING_TEMPERATURE = 0.2, 0.1
PARAMETER_SCALE = 0.2
REPLAY_ENTRIES = 5
_KERNELS = (5, 4, 4, 4, 4)
_GRID = (5, 12)
"""Rows and columns of tokens."""


class Rewards(Protocol):
    """Plays actions and says how well they do, as `synthrl_jax.environment.Environment` does."""

    def prepare(self, target: Any) -> Any:
        """Targets [B, S] as `play` wants them."""
        ...

    def play(self, action: Any, target: Any, played: Any = None) -> Any:
        """[B, D] classes → a score with its `reward` [B]."""
        ...


class LogMel(nn.Module):
    """[B, S] sound → [B, M, T] log-mel spectrogram in [-1, 1]."""

    filters: Tensor
    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        filters = librosa.filters.mel(
            sr=audio.SAMPLE_RATE, n_fft=audio.N_FFT, n_mels=audio.NUM_MELS, htk=True, norm="slaney"
        )
        self.register_buffer("filters", torch.from_numpy(filters))
        self.register_buffer("window", torch.hann_window(audio.N_FFT))

    def forward(self, sound: Tensor) -> Tensor:
        """See the class."""
        bins = torch.stft(
            sound, audio.N_FFT, audio.HOP, window=self.window, return_complex=True, center=True
        )
        mel = self.filters @ bins.abs().square()
        return (torch.log(mel + 1e-5) / 12).clamp(-1, 1)


class ConvEncoder(nn.Module):
    """Five strided convolutions, LeakyReLU, and batch norm in all but the first."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        widths = [1] + [d_model >> shift for shift in (4, 3, 2, 1, 0)]
        self.convs = nn.ModuleList(
            nn.Conv2d(width_in, width_out, kernel, stride=2, padding=2)
            for width_in, width_out, kernel in zip(widths[:-1], widths[1:], _KERNELS, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths[2:])

    def forward(self, mel: Tensor) -> Tensor:
        """[B, M, T] → [B, tokens, d_model]."""
        x = mel[:, None]
        for i, conv in enumerate(self.convs):
            x = functional.leaky_relu(conv(x), 0.1)
            if i > 0:
                x = self.norms[i - 1](x)
        return x.flatten(2).transpose(1, 2)


class FeedForward(nn.Module):
    """Linear, GELU, dropout, linear."""

    def __init__(self, config: PolicyConfig) -> None:
        super().__init__()
        self.widen = nn.Linear(config.d_model, config.d_hidden)
        self.narrow = nn.Linear(config.d_hidden, config.d_model)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """[..., d_model] → [..., d_model]."""
        return self.narrow(self.dropout(functional.gelu(self.widen(x))))


def _attention(config: PolicyConfig) -> nn.MultiheadAttention:
    return nn.MultiheadAttention(
        config.d_model, config.num_heads, dropout=config.dropout, batch_first=True
    )


class EncoderLayer(nn.Module):
    """Pre-norm self-attention and feed-forward; positions enter queries and keys only."""

    def __init__(self, config: PolicyConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.d_model)
        self.attention = _attention(config)
        self.feed_forward_norm = nn.LayerNorm(config.d_model)
        self.feed_forward = FeedForward(config)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, position: Tensor) -> Tensor:
        """[B, tokens, d_model] and its [tokens, d_model] position code → the same shape as x."""
        y = self.attention_norm(x)
        y, _ = self.attention(y + position, y + position, y, need_weights=False)
        x = x + self.dropout(y)
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))


class DecoderLayer(nn.Module):
    """Self-attention over the queries, attention to the memory, a feed-forward network."""

    def __init__(self, config: PolicyConfig) -> None:
        super().__init__()
        self.self_norm = nn.LayerNorm(config.d_model)
        self.self_attention = _attention(config)
        self.cross_norm = nn.LayerNorm(config.d_model)
        self.cross_attention = _attention(config)
        self.feed_forward_norm = nn.LayerNorm(config.d_model)
        self.feed_forward = FeedForward(config)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, x: Tensor, query_position: Tensor, memory: Tensor, memory_key: Tensor
    ) -> Tensor:
        """Queries [B, D, d_model] attend to themselves and to memory [B, tokens, d_model]."""
        y = self.self_norm(x)
        y, _ = self.self_attention(y + query_position, y + query_position, y, need_weights=False)
        x = x + self.dropout(y)
        y = self.cross_norm(x) + query_position
        y, _ = self.cross_attention(y, memory_key, memory, need_weights=False)
        x = x + self.dropout(y)
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))


class QueryDecoder(nn.Module):
    """One learnt query and one linear head per decision."""

    def __init__(self, config: PolicyConfig, class_counts: NDArray[np.int32]) -> None:
        super().__init__()
        self.max_classes = int(class_counts.max())
        self.queries = nn.Parameter(0.02 * torch.randn(len(class_counts), config.d_model))
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.num_decoder_layers))
        self.norm = nn.LayerNorm(config.d_model)
        self.head_dropout = nn.Dropout(config.head_dropout)
        self.heads = nn.ModuleList(nn.Linear(config.d_model, int(n)) for n in class_counts)
        position = np.asarray(sequence_positions(*self.queries.shape))
        self.register_buffer("position", torch.tensor(position))

    def forward(self, memory: Tensor, memory_key: Tensor) -> Tensor:
        """[B, D, K] logits in (0, 1); classes that a decision does not have are at -1e9."""
        x = self.queries.expand(len(memory), -1, -1)
        for layer in self.layers:
            x = layer(x, self.position, memory, memory_key)
        x = self.head_dropout(self.norm(x))
        logits = [0.5 * (head(x[:, i]).tanh() + 1) for i, head in enumerate(self.heads)]
        padded = [
            functional.pad(values, (0, self.max_classes - values.shape[1]), value=MASKED_LOGIT)
            for values in logits
        ]
        return torch.stack(padded, dim=1)


class TorchPolicy(nn.Module):
    """[B, M, T] log-mel → [B, D, K] logits.

    Args:
      config: sizes, of convolutions and queries.
      class_counts: [D] of the decisions.
    """

    def __init__(self, config: PolicyConfig, class_counts: NDArray[np.int32]) -> None:
        super().__init__()
        self.cnn = ConvEncoder(config.d_model)
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(config.num_encoder_layers))
        self.encoder_norm = nn.LayerNorm(config.d_model)
        self.decoder = QueryDecoder(config, class_counts)
        position = np.asarray(grid_positions(*_GRID, config.d_model))
        self.register_buffer("position", torch.tensor(position))
        for name, weight in self.named_parameters():
            if weight.dim() == 2 and name != "decoder.queries":
                nn.init.xavier_uniform_(weight)

    def forward(self, mel: Tensor) -> Tensor:
        """See the class."""
        tokens = self.cnn(mel)
        for layer in self.encoder:
            tokens = layer(tokens, self.position)
        memory = self.encoder_norm(tokens)
        return self.decoder(memory, memory + self.position)


class Peer:
    """A policy of that network, to learn and to ask.

    Args:
      config: of the network.
      space: of its actions.
    """

    def __init__(self, config: PolicyConfig, space: ActionSpace) -> None:
        torch.manual_seed(0)
        self.policy = TorchPolicy(config, space.class_counts)
        self._mel = LogMel()
        self._targets = torch.from_numpy(losses.smoothed_targets(space.spec))
        self._decision = torch.arange(space.num_decisions)
        self._optimizer = torch.optim.AdamW(
            self.policy.parameters(), lr=2e-4, weight_decay=1e-4, fused=True
        )

    def view(self, batch: Batch) -> Tensor:
        """What the policy sees of a batch."""
        return self._mel(torch.from_numpy(np.asarray(batch.audio)))

    def learn(self, batch: Batch) -> float:
        """One update from labels; returns the loss."""
        self.policy.train()
        return self._update(self.parameter_loss(self.policy(self.view(batch)), batch))

    def reinforce(self, batch: Batch, rewards: Rewards, alpha: float, clock: Clock) -> float:
        """One update from labels and from an action that is tried, without replay.

        Args:
          batch: targets with labels.
          rewards: plays the action.
          alpha: share of the policy-gradient loss.
          clock: told how long each part takes.

        Returns:
          The loss.
        """
        self.policy.train()
        with clock.part("policy"), torch.no_grad():
            mel = self.view(batch)
            action = _draw(self.policy(mel), 1)[:, 0]
        with clock.part("render"):
            score = rewards.play(action.numpy(), rewards.prepare(batch.audio), batch.played)
            reward = torch.tensor(np.asarray(score.reward))
        with clock.part("learn"):
            logits = self.policy(mel)
            log_probs = (logits / SAMPLING_TEMPERATURE).log_softmax(-1)
            log_prob = log_probs.gather(-1, action[..., None])[..., 0]
            policy_loss = -(REPLAY_ENTRIES * reward * log_prob.mean(-1)).mean()
            parameter_loss = self.parameter_loss(logits, batch)
            return self._update(alpha * policy_loss + (1 - alpha) * parameter_loss)

    def parameter_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy against smoothed labels, without what is not heard."""
        action = torch.from_numpy(np.asarray(batch.action)).long()
        log_probs = (logits / PARAMETER_TEMPERATURE).log_softmax(-1)
        cross_entropy = -(self._targets[self._decision, action] * log_probs).sum(-1)
        heard = torch.from_numpy(np.asarray(batch.heard))
        return PARAMETER_SCALE * (heard * cross_entropy).mean()

    @torch.inference_mode()
    def likeliest(self, batch: Batch) -> NDArray[np.int64]:
        """[B, D] classes."""
        self.policy.eval()
        return self.policy(self.view(batch)).argmax(-1).numpy()

    @torch.inference_mode()
    def sample(self, batch: Batch, count: int) -> NDArray[np.int64]:
        """[B, count, D] classes."""
        self.policy.eval()
        return _draw(self.policy(self.view(batch)), count).numpy()

    def _update(self, loss: Tensor) -> float:
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        return float(loss.detach())


def _draw(logits: Tensor, count: int) -> Tensor:
    """[B, D, K] logits → [B, count, D] classes."""
    probabilities = (logits / SAMPLING_TEMPERATURE).softmax(-1)
    drawn = torch.multinomial(probabilities.flatten(0, 1), count, replacement=True)
    return drawn.reshape(*logits.shape[:2], count).transpose(1, 2)
