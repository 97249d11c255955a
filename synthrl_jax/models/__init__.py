"""The policy network: mel spectrogram → logits. Knows class counts, not synthesizers."""
