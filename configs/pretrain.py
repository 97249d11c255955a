"""Learn parameters from voices without end: the first half of the released policy's training.

    synthrl prepare --dexed cartridges/ --out datasets/dexed
    python train.py --config=configs/pretrain.py --workdir=runs/pretrain

Every batch has fresh sounds: real voices, and new ones made of them. With sounds of other origin,
for which voices were searched, it learns from those too:

    synthrl prepare --surge patches/ --out datasets/elsewhere
    synthrl label datasets/elsewhere --voices datasets/dexed
    python train.py --config=configs/pretrain.py --workdir=runs/pretrain \
        --config.data.elsewhere=datasets/elsewhere

Sizes: `:small`, `:tiny`. An epoch is as many sounds as there are real voices. The learning rate is
constant and the weights are averaged, so that a run can be stopped and taken up at any time.
"""

from configs import common


def get_config(size: str = ""):
    """The recipe at a size; every field can be overridden as `--config.field=value`."""
    config = common.fast_config(size)
    config.stage = 1
    config.optim.learning_rate = 1e-3
    config.optim.warmup_epochs = 0.5
    config.train.num_epochs = 40
    if config.size == "tiny":
        config.train.num_epochs = 12
        config.train.eval_every_epochs = 3.0
        config.optim.learning_rate = 2e-3
    return config
