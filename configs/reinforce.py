"""Learn from how alike it sounds: the second half of the released policy's training.

    python train.py --config=configs/reinforce.py --workdir=runs/reinforce \
        --config.init_from=runs/pretrain --config.data.elsewhere=datasets/elsewhere

Several tries at every sound are rendered and scored; those that do better than the others of the
same sound become likelier. Sounds are made as in `pretrain.py`; half of them go without a voice to
begin from, as guesses from the sound alone are what a search gains most by.
"""

from configs import common


def get_config(size: str = ""):
    """The recipe at a size; every field can be overridden as `--config.field=value`."""
    config = common.fast_config(size)
    config.stage = 2
    config.reinforce.enabled = True
    config.reinforce.alpha_start = 1.0
    config.reinforce.tries = 8
    config.model.trust = 12.0
    config.data.endless.references.missing = 0.5
    config.loss.learn_from = "tries"
    config.loss.reward_scale = "log"
    config.loss.advantage = "group"
    config.loss.anchor = 0.01
    config.optim.learning_rate = 2e-4
    config.optim.warmup_epochs = 0.05
    config.data.elsewhere_share = 0.5
    config.train.batch_size = 32
    config.train.num_epochs = 10
    if config.size == "tiny":
        config.reinforce.tries = 4
        config.optim.learning_rate = 1e-3
    return config
