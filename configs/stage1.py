"""Stage 1: learn parameters from Dexed voices whose parameters are known.

    synthrl prepare --dexed cartridges/ --out datasets/dexed
    python train.py --config=configs/stage1.py:small --workdir=runs/stage1

Sizes: `:tiny` (a minute on bundled voices), `:small` (about an hour on two cores for 27 000
voices), `:base` (the paper's; a GPU and days). The validation loss falls, the accuracy of the
parameters rises.
"""

from configs import common


def get_config(size: str = "base"):
    """The recipe at a size; every field can be overridden as `--config.field=value`."""
    config = common.base_config(size)
    config.stage = 1
    if config.size == "small":
        config.train.num_epochs = 5
        config.train.eval_every_epochs = 0.5
        config.optim.learning_rate = 6e-4
        config.optim.warmup_epochs = 0.5
        config.optim.restart_epochs = 4.5
    if config.size == "tiny":
        config.train.num_epochs = 12
        config.train.eval_every_epochs = 3.0
        config.optim.learning_rate = 2e-3
        config.optim.warmup_epochs = 1.0
        config.optim.restart_epochs = 11.0
    return config
