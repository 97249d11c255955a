"""Parameter tables, one module per synthesizer."""
