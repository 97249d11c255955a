"""Stage 3: fine-tune by reward alone on sounds from elsewhere, whose parameters nobody knows.

    synthrl prepare --surge patches/ --out datasets/elsewhere     # or --audio recordings/
    python train.py --config=configs/stage3.py:small --workdir=runs/stage3 \
        --config.init_from=runs/stage2 --config.data.path=datasets/elsewhere

The validation reward on those sounds rises above that of stage 2.
"""

from configs import common


def get_config(size: str = "base"):
    """The recipe at a size; every field can be overridden as `--config.field=value`."""
    config = common.base_config(size)
    config.stage = 3
    config.data.path = "datasets/elsewhere"
    config.reinforce.enabled = True
    config.optim.learning_rate = 2e-5
    config.train.num_epochs = 400
    if config.size == "small":
        config.train.num_epochs = 18
        config.train.eval_every_epochs = 3.0
        config.optim.learning_rate = 2e-4
        config.optim.warmup_epochs = 1.0
        config.optim.restart_epochs = 17.0
    if config.size == "tiny":
        config.train.num_epochs = 40
        config.train.eval_every_epochs = 8.0
        config.optim.learning_rate = 1e-3
        config.optim.warmup_epochs = 2.0
        config.optim.restart_epochs = 38.0
    return config
