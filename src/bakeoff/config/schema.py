"""The sections `[training]`, `[evaluation]` and `[improve]`."""

from typing import Annotated, Literal

from msgspec import Meta

from bakeoff.config.tables import (
    Beta,
    ConfigTable,
    Count,
    Fraction,
    Name,
    NotNegative,
    Positive,
    Rate,
    Resolution,
    Scale,
)

AUTO = "auto"
"""As a number of seeds: as many as the verdicts need."""
Seeds = Annotated[int, Meta(ge=1, le=10_000)]
Epochs = Annotated[int, Meta(ge=1, le=1_000_000)]


class Recipe(ConfigTable, frozen=True):
    """How one network is trained; with a network, a seed and a data set it determines a run.

    Attributes:
        task: "multiclass" teaches the one label of each image, by cross entropy; "multilabel" all target classes that
            are annotated in it, by binary cross entropy: class by class, whether it is there.
        epochs: Passes over the training split.
        batch_size: Images per step.
        optimizer: "adam", "adamw" or "sgd".
        learning_rate: Step size.
        betas: Adam's decay rates; not used by sgd.
        momentum: Of sgd; not used by the others.
        weight_decay: L2 penalty (adam, sgd), decoupled decay (adamw); biases and norm parameters are excluded.
        schedule: "constant", or "cosine" down to zero over all steps.
        label_smoothing: Fraction of the target spread over all classes, 0 to 1.
        class_weights: "balanced": in the training loss each class counts as much as any other, however many images it
            has: an image has the weight N / (K n) of its class with n of the N images.
        sampler: "shuffle": each epoch sees every image once; "balanced": as many draws, with replacement, every class
            equally likely.
        shuffle: Whether each epoch sees the images in a new order; no effect on the balanced sampler.
        horizontal_flip: Whether each training image is flipped with probability one half.
        random_crop: Pixels of reflected border from which a random crop is taken; 0 means none.
        resized_crop: Smallest fraction of an image's area that a random crop keeps before it is resized to full size; 1
            means none.
        color_jitter: Brightness, contrast and saturation of each training image change by up to this fraction.
        progressive_resolution: Progressive resizing: side of the training images as a fraction of the stored ones', in
            the first epoch and in the last; it grows by eighths. Evaluation uses full size, or `tta_scales`.
        cutmix: Probability that a batch is mixed by CutMix.
        mixup: Probability that a batch without CutMix is mixed by mixup.
        warmup: Fraction of the steps over which the learning rate rises from zero, before the schedule.
        ema_decay: Decay of the exponential moving average (EMA) of the weights, which is evaluated and stored instead
            of the last ones; 0 means none.
        precision: Of the forward and backward pass; "bfloat16" is mixed precision, "auto" uses it on GPUs and
            processors with bfloat16 instructions, on these for batches of 16 or more. Evaluation is always float32.
        localization_weight: Weight of an auxiliary localisation loss against heatmaps of the boxes, for networks with a
            method `forward_with_heatmaps` (`strong`); 0 means none. No effect in a data set without boxes.
        train_fraction: Fraction of each class's training images that is used, the same for all seeds; a smaller one is
            a subset of a larger one.
        holdout_fraction: Fraction of these that is held out of training: the weights of the epoch with the lowest loss
            on it are kept, so that validation plays no part in the choice; 0 keeps the last epoch's.
        patience: Early stopping after so many epochs without a lower loss on the holdout; 0 means never.
        eval_every: Validation, holdout, gradients and activations are evaluated every so many epochs, and after the
            last.
        tta_scales: Test-time augmentation (TTA): an image is classified at these sides, as fractions of the stored
            images', and the logits are averaged.
        tta_flip: TTA: whether it is also classified flipped.
        pretrained: Whether networks of a library start from the weights that it offers, or the path of a file of
            weights. All other networks start from scratch, and the keys of fine-tuning have no effect on them.
        normalize: How the input is scaled: "auto" as the network was pretrained, [-1, 1] from scratch; "imagenet" by
            ImageNet's mean and deviation; "half" to [-1, 1].
        input_size: Side to which images are resized on the device, in pixels; 0 is the network's own where it is
            pretrained, else that of the data set.
        freeze: Fine-tuning: "backbone" trains the last layer only, for all epochs: a linear probe. Where nothing is
            drawn, features are computed once.
        freeze_epochs: Fine-tuning: for the first so many epochs only the last layer is trained.
        freeze_fraction: Fine-tuning: this fraction of the stages, from the input up, stays as it was pretrained. A
            stage is all whose name is the same up to its first number, such as `blocks.3`; the last layer is none.
        freeze_batch_norm: Fine-tuning: batch normalisation goes on with the running mean and variance of the
            pretraining; only its scale and shift learn.
        layer_decay: Fine-tuning: the learning rate of each stage as a fraction of that of the stage above it.
        head_learning_rate: Fine-tuning: the learning rate of the last layer; 0 is `learning_rate`.
        drop_path: Probability that a residual branch of a library's network is dropped (stochastic depth).
        clip_grad_norm: Largest L2 norm of all gradients together; 0 means no limit.
        threads: CPU threads per run; the same number gives the same bytes.
        log_every: The loss curve has one point, the mean, per so many batches; 0 is 100, or fewer, so that it has at
            least 50 points.
    """

    task: Literal["multiclass", "multilabel"] = "multiclass"
    epochs: Epochs = 15
    batch_size: Positive = 4
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: Rate = 1e-3
    betas: tuple[Beta, Beta] = (0.9, 0.99)
    momentum: Beta = 0.9
    weight_decay: NotNegative = 0.0
    schedule: Literal["constant", "cosine"] = "constant"
    label_smoothing: Fraction = 0.0
    class_weights: Literal["none", "balanced"] = "none"
    sampler: Literal["shuffle", "balanced"] = "shuffle"
    shuffle: bool = True
    horizontal_flip: bool = False
    random_crop: Count = 0
    resized_crop: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0
    color_jitter: Fraction = 0.0
    progressive_resolution: tuple[Resolution, Resolution] = (1.0, 1.0)
    cutmix: Fraction = 0.0
    mixup: Fraction = 0.0
    warmup: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0
    ema_decay: Beta = 0.0
    precision: Literal["float32", "bfloat16", "auto"] = "float32"
    localization_weight: NotNegative = 0.0
    train_fraction: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0
    holdout_fraction: Annotated[float, Meta(ge=0.0, le=0.9)] = 0.0
    patience: Count = 0
    eval_every: Positive = 1
    tta_scales: Annotated[tuple[Scale, ...], Meta(min_length=1)] = (1.0,)
    tta_flip: bool = False
    pretrained: bool | Name = False
    normalize: Literal["auto", "imagenet", "half"] = "auto"
    input_size: Annotated[int, Meta(ge=0, le=2048)] = 0
    freeze: Literal["none", "backbone"] = "none"
    freeze_epochs: Count = 0
    freeze_fraction: Fraction = 0.0
    freeze_batch_norm: bool = False
    layer_decay: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0
    head_learning_rate: NotNegative = 0.0
    drop_path: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.0
    clip_grad_norm: NotNegative = 0.0
    threads: Positive = 1
    log_every: Count = 0


class TrainingConfig(Recipe, frozen=True):
    """The section `[training]`: the recipe, the networks and the seeds.

    Attributes:
        networks: Names of `bakeoff list networks`, `path/to/file.py:Class`, or `package.module:Class`.
        seeds: The seeds themselves, or their number (5 means 0 to 4); "auto" adds seeds until every pair is decided,
            no number of seeds would decide it, or `max_seeds` or `minutes` is reached.
        max_seeds: The most seeds of "auto".
        minutes: "auto" begins no further seeds after so many minutes; 0 means no limit.
        device: "auto" takes CUDA, then MPS, then the CPU.
        executor: "processes" trains several runs at once, "serial" one after the other in this process, "ray" on the
            machines of a cluster, as `[cluster]` says, which decode the photos as well.
        timeout: A run of which an epoch takes more seconds is ended, and counts as one that did not run; 0 means never.
        workers: Runs at once; 0 means as many as there are processors for the threads of each, one on a GPU; on a
            cluster as many as its nodes carry.
        tensorboard: Whether each run writes TensorBoard event files, into `tensorboard/`.
        mlflow: Whether the runs' numbers are written to an MLflow database, `mlflow.db`, when the training has ended.
        wandb: Whether they are written for Weights & Biases, into `wandb/`, likewise.
        profile: Whether a few early steps of each run are profiled, into `profiles/`.
    """

    networks: tuple[Name, ...] = ("net1", "net2", "net3")
    seeds: Seeds | tuple[Count, ...] | Literal["auto"] = 1
    max_seeds: Annotated[int, Meta(ge=2, le=100)] = 20
    minutes: NotNegative = 0.0
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    executor: Name = "processes"
    timeout: NotNegative = 0.0
    workers: Count = 0
    tensorboard: bool = False
    mlflow: bool = False
    wandb: bool = False
    profile: bool = False

    @property
    def recipe(self) -> Recipe:
        """The recipe of every variant that changes nothing."""
        return Recipe(**{name: getattr(self, name) for name in Recipe.__struct_fields__})

    @property
    def seed_list(self) -> tuple[int, ...]:
        """The seeds, one by one; of "auto" the most there may be."""
        if isinstance(self.seeds, tuple):
            return self.seeds
        return tuple(range(self.seeds if isinstance(self.seeds, int) else self.max_seeds))


class EvaluationConfig(ConfigTable, frozen=True):
    """The section `[evaluation]`: how the variants are compared.

    Attributes:
        margin: Two variants whose accuracies differ by less than so many percentage points count as equivalent.
        latency: Whether the latency of each variant is measured after the training, on this machine's CPU.
        max_latency_ms: Budget: the most milliseconds that one photo may take, so that latency is measured; 0: no limit.
        max_parameters: Budget: the most learnable parameters; 0 means no limit.
        explain: Validation photos, spread evenly, on which is shown what each variant looks at; 0 means none.
    """

    margin: Annotated[float, Meta(gt=0.0, le=50.0)] = 1.0
    latency: bool = False
    max_latency_ms: NotNegative = 0.0
    max_parameters: Count = 0
    explain: Count = 100

    @property
    def measures_latency(self) -> bool:
        """Whether latency is asked for, or a budget needs it."""
        return self.latency or self.max_latency_ms > 0

    @property
    def margin_fraction(self) -> float:
        """The margin as a fraction."""
        return self.margin / 100


class ImproveConfig(ConfigTable, frozen=True):
    """The section `[improve]`: what `bakeoff improve` tries on one network.

    Attributes:
        network: The network; empty means the one with the highest mean validation accuracy among the experiment's
            finished runs, or the first where there are none.
        train_fractions: Fractions of the training images that make the learning curve, beside all of them.
        random_crop: Pixels of border of the variants with random crops.
        minutes: No further variant is begun after so many minutes; 0 means no limit.
    """

    network: str = ""
    train_fractions: tuple[Annotated[float, Meta(gt=0.0, lt=1.0)], ...] = (0.5, 0.25)
    random_crop: Positive = 4
    minutes: NotNegative = 0.0
