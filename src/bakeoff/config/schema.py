"""Every default, once: the structs that an experiment file fills."""

from typing import Annotated, Literal

from msgspec import Meta, field

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
    Side,
)
from bakeoff.core.geometry import Resize

ALL: Literal["all"] = "all"
"""As a quota: every image; as the classes: all of them."""

Quota = Count | Literal["all"] | dict[Name, Count]

AUTO = "auto"
"""As a number of seeds: as many as the verdicts need."""


class SelectionConfig(ConfigTable, frozen=True):
    """Which images are chosen, and which label each gets.

    Attributes:
        classes: The target classes: category names, in the order of their labels.
        train_per_class: Training images per class: a number, a table of numbers by class, or "all": those that are
            bound to the split, or else those that the other splits leave.
        val_per_class: Validation images per class; a fraction below 1, or "all" (of images that are bound to no split
            a fifth), are each class's own number.
        test_per_class: Test images per class: predicted once by each run, and used by no comparison. "all" are those
            that are bound to the split, none where there are none.
        policy: How an image gets its one label; a name of `bakeoff list policies`.
        seed: Seeds the policy's random order.
        min_area: An annotation counts only if it covers at least this fraction of the image, 0 to 1.
        crowd: Whether crowd annotations make an image a candidate.
    """

    classes: tuple[Name, ...] = ()
    train_per_class: Quota = ALL
    val_per_class: Quota | Annotated[float, Meta(gt=0.0, lt=1.0)] = ALL
    test_per_class: Quota = 0
    policy: Name = "balanced"
    seed: Count = 0
    min_area: Fraction = 0.0
    crowd: bool = False

    @property
    def quotas(self) -> dict[str, Quota | float]:
        """Images per class and split; the test split only if it has any."""
        quotas: dict[str, Quota | float] = {"train": self.train_per_class, "val": self.val_per_class}
        return quotas | {"test": self.test_per_class} if self.test_per_class else quotas

    @property
    def numbers(self) -> dict[str, int]:
        """The quotas where each is one number for all classes; else empty."""
        numbers = {split: quota for split, quota in self.quotas.items() if isinstance(quota, int)}
        return numbers if len(numbers) == len(self.quotas) else {}


class DataConfig(SelectionConfig, frozen=True):
    """The section `[data]`: where the photos are, which are chosen, and how they are stored.

    Attributes:
        folder: Path of a tree of photos with a folder per class, instead of `annotations` and `images`; without
            `classes` all of its classes are used.
        nested: Whether folders in a class's folder are classes of their own, named by their path: `a/b`.
        follow_links: Whether links are followed that lead out of `folder`.
        annotations: Path of the COCO instances file, or of a folder of them (see `find_parts`); with `folder` it says
            what else the photos hold.
        val_annotations: The instances file of the validation photos; `annotations` is then that of the training photos.
        val_images: As `images`, of the validation photos, where they are elsewhere.
        test_annotations: The instances file of the test photos.
        test_images: As `images`, of the test photos, where they are elsewhere.
        split_list: Path of a CSV file with a file name or image id and a split in each line.
        group_by: A regular expression on file names; images with the same match stay in one split.
        classes: "all" are all that at least `min_per_class` images hold.
        min_per_class: The fewest images of a class, where the classes are not named.
        val_fraction: Fraction of each class's images for validation, where `val_per_class` is "all" and no image is
            bound to a split.
        merge: By the name of a class the categories that become it; `classes` then names the class.
        images: Path of the folder or zip archive that holds the photos; "url" downloads them from the URLs that the
            instances file has for them; the URL of a folder (http or https) downloads them from there.
        view: "photo" uses whole photos; "crop" annotated objects, each cropped from its photo.
        margin: Of a crop: fraction of the box's sides added at each end.
        min_side: Of a crop: objects whose box has a side of fewer pixels are no candidates.
        size: Height and width of a stored image, in pixels.
        resize: "stretch" ignores the aspect ratio; "letterbox" keeps it, with grey bars;
            "center-crop" takes the largest square in its middle.
        filter: "area" averages over the source pixels (antialiased); "linear" is `cv2.resize`'s default.
        quality: JPEG quality of the copies in `images/`, 1 to 100; the arrays are not compressed.
        workers: Processes that decode photos; 0 means one per processor.
        cache: Folder that keeps downloaded photos; empty means `bakeoff` in the user's cache folder.
        connections: Downloads at once.
        rate_limit: Requests per second at most; 0 means no limit.
        timeout: Seconds to wait for a server's connection, and for the next bytes of a response.
        allow_private: Whether photos may be downloaded from addresses that are not public, such as a mirror in the
            local network.
    """

    folder: str = ""
    nested: bool = False
    follow_links: bool = False
    annotations: str = ""
    val_annotations: str = ""
    val_images: str = ""
    test_annotations: str = ""
    test_images: str = ""
    split_list: str = ""
    group_by: str = ""
    classes: tuple[Name, ...] | Literal["all"] = ()  # type: ignore[assignment]  # "all" becomes names in open_index
    min_per_class: Positive = 1
    test_per_class: Quota = ALL
    val_fraction: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.2
    merge: dict[Name, tuple[Name, ...]] = field(default_factory=dict)
    images: str = ""
    view: Literal["photo", "crop"] = "photo"
    margin: Annotated[float, Meta(ge=0.0, le=4.0)] = 0.1
    min_side: Count = 32
    size: Side = 64
    resize: Resize = "stretch"
    filter: Literal["area", "linear"] = "area"
    quality: Annotated[int, Meta(ge=1, le=100)] = 95
    workers: Count = 0
    cache: str = ""
    connections: Annotated[int, Meta(ge=1, le=256)] = 16
    rate_limit: NotNegative = 0.0
    timeout: Rate = 20.0
    allow_private: bool = False

    @property
    def selection(self) -> SelectionConfig:
        """The values that decide which images are chosen."""
        own = {name: getattr(self, name) for name in SelectionConfig.__struct_fields__}
        return SelectionConfig(**own | {"classes": () if self.classes == ALL else self.classes})


class Recipe(ConfigTable, frozen=True):
    """How one network is trained; with a network, a seed and a data set it determines a run.

    Attributes:
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
        precision: Of the forward and backward pass; "bfloat16" is mixed precision, "auto" uses it on processors
            with bfloat16 instructions. Evaluation is always float32.
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
        threads: CPU threads per run; the same number gives the same bytes.
        log_every: The loss curve has one point, the mean, per so many batches.
    """

    epochs: Positive = 15
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
    threads: Positive = 1
    log_every: Positive = 100


class TrainingConfig(Recipe, frozen=True):
    """The section `[training]`: the recipe, the networks and the seeds.

    Attributes:
        networks: Names of `bakeoff list networks`, `path/to/file.py:Class`, or `package.module:Class`.
        seeds: The seeds themselves, or their number (5 means 0 to 4); "auto" adds seeds until every pair is decided,
            no number of seeds would decide it, or `max_seeds` or `minutes` is reached.
        max_seeds: The most seeds of "auto".
        minutes: "auto" begins no further seeds after so many minutes; 0 means no limit.
        device: "auto" takes CUDA, then MPS, then the CPU.
        executor: "processes" trains several runs at once, "serial" one after the other in this process.
        workers: Runs at once; 0 means as many as there are processors for the threads of each.
        tensorboard: Whether each run writes TensorBoard event files, into `tensorboard/`.
        profile: Whether a few early steps of each run are profiled, into `profiles/`.
    """

    networks: tuple[Name, ...] = ("net1", "net2", "net3")
    seeds: Positive | tuple[Count, ...] | Literal["auto"] = 1
    max_seeds: Annotated[int, Meta(ge=2, le=100)] = 20
    minutes: NotNegative = 0.0
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    executor: Name = "processes"
    workers: Count = 0
    tensorboard: bool = False
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
    """

    margin: Annotated[float, Meta(gt=0.0, le=50.0)] = 1.0

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
