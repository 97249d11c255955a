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
    # Validation voices beyond `max_valid` are trained on, unless they are near-copies of one.
    config.data.use_spare_valid = False
    # "canonical": presets that sound the same are one, and what is not heard teaches nothing;
    # "at_note": the same for presets that sound the same as they are played.
    config.data.labels = "given"
    # Voices that references are taken from (see config.model.reference); "": those of `path`.
    config.data.library = ""
    # Folder of sounds of other origin to learn from as well, see `synthrl label`.
    config.data.elsewhere = ""
    config.data.elsewhere_share = 0.0
    # Fresh voices in every batch; shares of each kind, the rest are real. See `endless.py`.
    config.data.endless = ml_collections.ConfigDict()
    config.data.endless.enabled = False
    config.data.endless.shares = ml_collections.ConfigDict(
        dict(mutated=0.0, crossed=0.0, reordered=0.0, interpolated=0.0, prior=0.0)
    )
    # Of the voices to begin from: how many sounds go without, and how many made-up voices begin
    # from the one they were made of.
    config.data.endless.references = ml_collections.ConfigDict(dict(missing=0.1, parents=0.3))
    config.data.endless.notes = ml_collections.ConfigDict(
        dict(varied=0.0, note=(36, 84), velocity=(30, 127), gate_s=(0.3, 3.5))
    )

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
    config.model.encoder = "conv"  # or "strips"
    config.model.decoder = "queries"  # or "groups"
    config.model.reference = False  # begins from the voice of the training part that is nearest
    config.model.trust = 0.0  # logit that what the reference has is given in advance

    config.optim = ml_collections.ConfigDict()
    config.optim.learning_rate = 2e-4
    config.optim.weight_decay = 1e-4
    config.optim.b1 = 0.9
    config.optim.b2 = 0.999
    config.optim.schedule = "restarts"  # or "constant"
    config.optim.average_decay = 0.0  # of a running average of the weights; 0: none
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
    config.loss.learn_from = "replay"  # or "tries", "both"
    config.loss.reward_scale = "inverse"  # or "log"
    config.loss.advantage = "none"  # or "leave_one_out", "group"
    config.loss.clip = 0.0
    config.loss.imitation = 1.0
    config.loss.entropy = 0.0
    config.loss.anchor = 0.0

    config.reinforce = ml_collections.ConfigDict()
    config.reinforce.enabled = False
    config.reinforce.alpha_start = 1.0  # share of the policy-gradient loss …
    config.reinforce.alpha_epochs = 0.0  # … which reaches 1 after this many epochs
    config.reinforce.replay_entries = 5
    config.reinforce.tries = 1  # actions sampled per target and update

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


FAST_SIZES = {
    "tiny": dict(d_model=64, num_encoder_layers=1, num_decoder_layers=1, num_heads=4, d_hidden=128),
    "small": dict(
        d_model=256, num_encoder_layers=4, num_decoder_layers=3, num_heads=8, d_hidden=1024
    ),
}


def fast_config(size: str) -> ml_collections.ConfigDict:
    """The released policy's way: an autoregressive network and data without end.

    Args:
      size: "tiny" or "small" ("" is "small").
    """
    size = size or "small"
    if size not in FAST_SIZES:
        raise ValueError(f"size {size!r} is not one of {', '.join(FAST_SIZES)}")
    config = base_config(size)
    config.model.update(
        FAST_SIZES[size],
        dropout=0.0,
        head_dropout=0.0,
        head="linear",
        encoder="strips",
        decoder="groups",
        reference=True,
        trust=4.0,
    )
    config.data.labels = "at_note"
    config.data.use_spare_valid = True
    config.data.elsewhere_share = 0.2
    config.data.endless.enabled = True
    config.data.endless.shares.update(
        mutated=0.15, crossed=0.15, reordered=0.1, interpolated=0.05, prior=0.05
    )
    config.data.endless.notes.varied = 0.2
    config.optim.schedule = "constant"
    config.optim.average_decay = 0.998
    config.optim.b2 = 0.98
    config.optim.weight_decay = 0.01
    config.optim.max_grad_norm = 1.0
    config.loss.parameter_temperature = 1.0
    config.loss.sampling_temperature = 1.0
    config.loss.parameter_scale = 1.0
    config.train.batch_size = 64
    return config
