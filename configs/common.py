"""What the three stages share: sizes of the network, protocol, optimiser.

The `base` recipe is the paper's. `small` and `tiny` keep the method and shrink the network and
the schedule, so that a stage takes minutes to an hour on two cores instead of days on a GPU.
"""

import ml_collections

SIZES = {
    "tiny": dict(d_model=64, num_encoder_layers=1, num_decoder_layers=1, num_heads=4, d_hidden=128),
    "small": dict(
        d_model=192, num_encoder_layers=2, num_decoder_layers=2, num_heads=6, d_hidden=384
    ),
    "base": dict(
        d_model=512, num_encoder_layers=6, num_decoder_layers=6, num_heads=8, d_hidden=1024
    ),
}


def base_config(size: str) -> ml_collections.ConfigDict:
    """Everything a stage does not change.

    Args:
      size: "tiny", "small" or "base" ("" is "base").
    """
    size = size or "base"
    if size not in SIZES:
        raise ValueError(f"size {size!r} is not one of {', '.join(SIZES)}")
    config = ml_collections.ConfigDict()
    config.seed = 0
    config.size = size
    config.init_from = ""  # run folder whose weights to start from
    config.init_which = "best"

    config.data = ml_collections.ConfigDict()
    config.data.path = "datasets/dexed"
    config.data.split = "cluster"  # or "random", as in the paper
    config.data.split_seed = 0
    config.data.fold = 0
    config.data.max_train = 0  # 0: all
    config.data.max_valid = 512

    config.render = ml_collections.ConfigDict()
    config.render.threads = 0  # 0: one per core
    config.render.note = 60
    config.render.velocity = 85
    config.render.gate_s = 3.0
    # Who compares renders with targets: the threads that render ("native") or the device ("jax");
    # "auto" is native unless there is an accelerator.
    config.render.scorer = "auto"

    config.model = ml_collections.ConfigDict(SIZES[size])
    config.model.dropout = 0.1
    config.model.head_dropout = 0.3
    config.model.head = "tanh"  # or "linear"

    config.optim = ml_collections.ConfigDict()
    config.optim.learning_rate = 2e-4
    config.optim.weight_decay = 1e-4
    config.optim.b1 = 0.9
    config.optim.b2 = 0.999
    config.optim.warmup_epochs = 10.0
    config.optim.warmup_start = 0.2  # share of the learning rate
    config.optim.restart_epochs = 50.0
    config.optim.floor = 1e-6
    config.optim.max_grad_norm = 0.0  # 0: no clipping

    config.loss = ml_collections.ConfigDict()
    config.loss.parameter_temperature = 0.2
    config.loss.sampling_temperature = 0.1
    config.loss.parameter_scale = 0.2
    config.loss.importance = "none"  # or "per_decision", "joint"

    config.reinforce = ml_collections.ConfigDict()
    config.reinforce.enabled = False
    config.reinforce.alpha_start = 1.0  # share of the policy-gradient loss …
    config.reinforce.alpha_epochs = 0.0  # … which reaches 1 after this many epochs
    config.reinforce.replay_entries = 5

    config.reward = ml_collections.ConfigDict()
    config.reward.spec_mae = 0.27
    config.reward.spectral_convergence = 0.7
    config.reward.mfcc13_mae = 0.03

    config.train = ml_collections.ConfigDict()
    config.train.batch_size = 32
    # Render the next batch while learning from this one: actions are one update old then.
    config.train.overlap = True
    config.train.num_epochs = 200.0
    config.train.log_every_steps = 20
    config.train.eval_every_epochs = 1.0
    return config
