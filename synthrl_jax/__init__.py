"""From any sound to a DX7/Dexed patch: SynthRL (IJCAI 2025) in JAX with a native renderer."""

__version__ = "0.1.0"
