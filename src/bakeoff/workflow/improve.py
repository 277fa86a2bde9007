"""What would make a network better: one change at a time, each a variant of the same sweep."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike

import msgspec

from bakeoff.config.data import DataConfig
from bakeoff.config.experiment import ExperimentConfig, Variant, data_owners
from bakeoff.config.schema import AUTO
from bakeoff.core.errors import ConfigError, StorageError, unknown_name
from bakeoff.core.progress import Monitor, RunProgress, silent
from bakeoff.core.registry import networks
from bakeoff.core.types import TRAIN
from bakeoff.data import inputs, selection
from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.comparison import compare
from bakeoff.evaluation.improvements import (
    Change,
    Improvements,
    learning_curve,
    measured_change,
    rank,
    shrink,
    statement,
)
from bakeoff.evaluation.scores import Comparison
from bakeoff.evaluation.sequential import looks
from bakeoff.training.run import Run
from bakeoff.workflow import pipeline
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.shared import predict_shared
from bakeoff.workflow.sweep import plan_sweep, sweep

POLICY = "exclusive"
SECONDS = 60.0


@dataclass(frozen=True)
class ProposedChange:
    """A change to try.

    Attributes:
        name: A short name, such as "flip".
        what: The change in words.
        variant: With the change.
        base: Without it.
        obstacle: Why it can't be tried, else empty.
    """

    name: str
    what: str
    variant: Variant
    base: Variant
    obstacle: str = ""


def improve(config: ExperimentConfig, folder: str | PathLike[str], *, monitor: Monitor = silent) -> Improvements:
    """Tries cleaner labels, fewer images, augmentation and remedies for a vanishing signal on one variant.

    Runs that are already there are kept. Writes `improve/improvements.json`, and rewrites the report if there is one.

    Args:
        config: Its section `[improve]` says what is tried; `[training]` gives the seeds.
        folder: The experiment's folder.
        monitor: Told of the stages and runs.

    Returns:
        What each change gains, best first. Pairs are tested as variants are, with Holm's correction over the changes.

    Raises:
        ConfigError: There is no such variant in the experiment.
        BakeoffError: The data set or the runs can't be made; see `pipeline.build` and `pipeline.train`.
    """
    context = Context(config, Experiment(folder), monitor)
    base = _choose(config, context.experiment)
    pipeline.check(config)
    with context.experiment.locked():
        context.dataset = pipeline.build_data(config, config.data, context.experiment, monitor=monitor)
        found = _try_all(base, context)
        context.experiment.store(found)
        if context.experiment.is_trained:
            pipeline.write_report(folder, monitor=monitor)
    return found


def _try_all(base: Variant, context: "Context") -> Improvements:
    context.train(base)
    proposed = _proposed_changes(base, context)
    tried = [(change, change.obstacle or context.try_change(change)) for change in proposed]
    fractions = [variant for variant in _fractions(base, context.config) if not context.train(variant)]
    comparison = context.compare([(own.base.name, own.variant.name) for own, obstacle in tried if not obstacle])
    pairs = {pair.second: pair for pair in comparison.pairs}
    changes = [
        Change(own.name, own.what, "skipped", obstacle)
        if obstacle
        else measured_change(own.name, own.what, pairs[own.variant.name], shared=own.name == POLICY)
        for own, obstacle in tried
    ]
    changes = [*shrink(changes, {own.name: pairs[own.variant.name] for own, obstacle in tried if not obstacle})]
    groups = [score for score in comparison.networks if score.name in {base.name, *(own.name for own in fractions)}]
    curve, double = learning_curve(groups, context.runs)
    ranked = rank([*changes, double])
    return Improvements(
        network=base.name,
        changes=ranked,
        curve=curve,
        seconds=context.seconds,
        budget=context.config.improve.minutes,
        statement=statement(base.name, ranked),
    )


class Context:
    """What all changes share: the experiment, its data sets, the runs so far, and the budget."""

    def __init__(self, config: ExperimentConfig, experiment: Experiment, monitor: Monitor) -> None:
        self.config, self.experiment, self.monitor = config, experiment, monitor
        self.start = time.monotonic()
        self.dataset: Dataset
        self.runs: list[Run] = []
        self.datasets: dict[str, Dataset] = {}
        training = config.training
        self.seeds = range(looks(training.max_seeds)[0].seeds or 0) if training.seeds == AUTO else training.seed_list

    @property
    def seconds(self) -> float:
        """Wall time since the beginning."""
        return time.monotonic() - self.start

    def train(self, variant: Variant) -> str:
        """Trains a variant, on a data set of its own where it changes the data; says why if the budget is used up."""
        minutes = self.config.improve.minutes
        if self.runs and 0 < minutes * SECONDS <= self.seconds:
            return f"the budget of {minutes:g} minutes was used up"
        if variant.name not in self.datasets:
            self.datasets[variant.name] = self._dataset(variant)
            plan = plan_sweep(self.experiment, [variant], self.config, self.datasets, seeds=self.seeds)
            self.runs += sweep(plan, partial(self._monitor, variant.name))
        return ""

    def _dataset(self, variant: Variant) -> Dataset:
        owner = data_owners(self.config, [*self.config.variant_list, variant])[variant.name]
        if not owner:
            return self.dataset
        monitor = partial(self._monitor, variant.name)
        return pipeline.build_data(self.config, variant.data, self.experiment, owner, monitor=monitor)

    def _monitor(self, variant: str, title: str) -> RunProgress:
        return self.monitor(f"{variant}: {title}")

    def try_change(self, change: ProposedChange) -> str:
        """Trains what the change is measured by; says why if the budget is used up."""
        return self.train(change.base) or self.train(change.variant)

    def compare(self, pairs: Sequence[tuple[str, str]]) -> Comparison:
        """All variants so far, and these pairs of them."""
        predict_shared(self.experiment, self.runs, self.datasets)
        others = self.datasets.values()
        margin, shared = self.config.evaluation.margin_fraction, self.experiment.read_shared
        found = compare(self.dataset, self.runs, others=others, shared=shared, pairs=pairs, margin=margin)
        return found.comparison


def _choose(config: ExperimentConfig, experiment: Experiment) -> Variant:
    """The variant that was asked for, or the best of the experiment so far, or its first."""
    known = {variant.name: variant for variant in config.variant_list}
    wanted = config.improve.network
    if wanted and wanted not in known:
        raise ConfigError(f"improve.network: {unknown_name('network of this experiment', wanted, known)}")
    if wanted:
        return known[wanted]
    try:
        scores = experiment.comparison.comparable
    except StorageError:
        scores = ()
    means = {network.name: network.val_accuracy.mean for network in scores if network.name in known}
    return known[max(known, key=lambda name: means.get(name) or 0.0)]


def _changed(base: Variant, name: str, network: str = "", data: DataConfig | None = None, **recipe: object) -> Variant:
    return Variant(
        f"{base.name}+{name}",
        network or base.network,
        msgspec.structs.replace(base.recipe, **recipe),
        data or base.data,
    )


def _proposed_changes(base: Variant, context: Context) -> Iterator[ProposedChange]:
    """What is tried, in the order in which the budget is spent."""
    augmentations = list(_augmentations(base, context.config.improve.random_crop))
    yield augmentations[0]
    yield _exclusive(base, context)
    for name in networks.names():
        traits = getattr(networks[name], "traits", None)
        if traits and base.network in traits.remedies_for:
            yield ProposedChange(name, f"{traits.remedy} ({name})", _changed(base, name, network=name), base)
    yield from augmentations[1:]


def _augmentations(base: Variant, border: int) -> Iterator[ProposedChange]:
    flip, crop = {"horizontal_flip": True}, {"random_crop": border}
    for name, what, changes in (
        ("flip-and-crop", f"horizontal flips and random crops by {border} px", {**flip, **crop}),
        ("flip", "horizontal flips", flip),
        ("crop", f"random crops by {border} px", crop),
    ):
        there = all(getattr(base.recipe, key) == value for key, value in changes.items())
        obstacle = "the experiment has it already" if there else ""
        yield ProposedChange(name, what, _changed(base, name, **changes), base, obstacle)


def _exclusive(base: Variant, context: Context) -> ProposedChange:
    """The policy `exclusive` against the variant's own at equal quotas."""
    what, data = "only photos that hold one target class", base.data
    obstacle = ""
    if data.policy == POLICY:
        obstacle = "it is the experiment's policy"
    elif not (context.dataset.rows(TRAIN)["annotated"].list.len() > 1).any():
        obstacle = "no training photo holds several target classes"
    if obstacle:
        return ProposedChange(POLICY, what, base, base, obstacle)
    index, chosen = inputs.open_index(data, context.experiment.cache)
    wanted = selection.fit_quotas(index, msgspec.structs.replace(chosen, policy=POLICY))
    if 0 in wanted.numbers.values():
        return ProposedChange(POLICY, what, base, base, "a class has too few such photos")
    own = msgspec.structs.replace(data, **{f"{split}_per_class": count for split, count in wanted.quotas.items()})
    fewer = base if own == data else _changed(base, "fewer-images", data=own)
    clean = _changed(base, POLICY, data=msgspec.structs.replace(own, policy=POLICY))
    return ProposedChange(POLICY, what, clean, fewer)


def _fractions(base: Variant, config: ExperimentConfig) -> Iterator[Variant]:
    """The variants of the learning curve, beside the whole."""
    for fraction in config.improve.train_fractions:
        part = base.recipe.train_fraction * fraction
        yield _changed(base, f"{round(100 * fraction)}-percent", train_fraction=part)
