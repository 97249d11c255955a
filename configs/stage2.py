"""Stage 2: mix in reward. Sampled parameters are rendered and reinforced by how alike they sound.

    python train.py --config=configs/stage2.py:small --workdir=runs/stage2 \
        --config.init_from=runs/stage1

The policy-gradient loss takes over from the parameter loss in the first half. The validation
reward rises above that of stage 1.
"""

from configs import common


def get_config(size: str = "base"):
    """The recipe at a size; every field can be overridden as `--config.field=value`."""
    config = common.base_config(size)
    config.stage = 2
    config.reinforce.enabled = True
    config.reinforce.alpha_start = 0.0
    config.reinforce.alpha_epochs = 100.0
    config.optim.learning_rate = 2e-5
    if config.size == "small":
        # Few targets often rather than many once: replay gains with every visit.
        config.data.max_train = 4096
        config.train.num_epochs = 6
        config.reinforce.alpha_epochs = 3.0
        config.optim.learning_rate = 2e-4
        config.optim.warmup_epochs = 0.5
        config.optim.restart_epochs = 5.5
    if config.size == "tiny":
        config.train.num_epochs = 10
        config.train.eval_every_epochs = 2.0
        config.reinforce.alpha_epochs = 3.0
        config.optim.learning_rate = 1e-3
        config.optim.warmup_epochs = 0.5
        config.optim.restart_epochs = 9.5
    return config
