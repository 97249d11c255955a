"""`python -m synthrl_jax` is the `synthrl` command."""

import sys

from synthrl_jax.cli import main

sys.exit(main())
