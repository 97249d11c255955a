"""The policy network: mel spectrogram → logits of every decision. Knows class counts, not synths."""
