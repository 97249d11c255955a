"""Training recipes, each a runnable document."""
