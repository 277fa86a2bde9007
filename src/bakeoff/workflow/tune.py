"""Tuning: a search over values of the recipe, of one size for every network, on training images that are held out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from os import PathLike
from statistics import mean

import msgspec
import numpy as np

from bakeoff.config.experiment import ExperimentConfig, Variant, VariantConfig
from bakeoff.config.tables import NAME_LENGTH, given_keys
from bakeoff.config.tune import RecipeValues, TuneConfig
from bakeoff.core.errors import ConfigError
from bakeoff.core.progress import Monitor, RunProgress, silent
from bakeoff.core.registry import networks
from bakeoff.core.storage import digest
from bakeoff.core.types import TRAIN
from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.tuning import TunedNetwork, TuneTrial, Tuning, choose
from bakeoff.training.run import Run
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.search import Search, Values, search
from bakeoff.workflow.sweep import plan_sweep, sweep

TUNED = "+tuned"
FEWEST = 5
"""Images of a class, held out: with fewer the choice among recipes is a draw of lots."""


def tune(
    config: ExperimentConfig, folder: str | PathLike[str], *, overwrite: bool = False, monitor: Monitor = silent
) -> Tuning:
    """Builds the data set and searches; writes `tune/tuning.json`. What is there is kept.

    Raises:
        ConfigError: There is nothing to search, or too little to judge recipes on.
        BakeoffError: As `pipeline.build` and `sweep.plan_sweep`.
    """
    from bakeoff.workflow import pipeline

    if not config.tune.space:
        raise ConfigError(
            "there is nothing to search; give values in [tune.search], such as learning_rate = [1e-3, 3e-4]."
        )
    pipeline.check(config)
    experiment = Experiment(folder)
    with experiment.locked():
        pipeline.build(config, folder, overwrite=overwrite, monitor=monitor)
        return _tune(config, experiment, overwrite=overwrite, monitor=monitor)


def tuned(
    config: ExperimentConfig, experiment: Experiment, *, overwrite: bool = False, monitor: Monitor = silent
) -> ExperimentConfig:
    """The configuration with a variant more for each network that the search changes; raises as `tune` does."""
    if not config.tune.space:
        return config
    found = _tune(config, experiment, overwrite=overwrite, monitor=monitor)
    known, variants = {variant.name: variant for variant in config.variant_list}, dict(config.variants)
    for own in found.networks:
        if own.variant and own.chosen:
            changes = {"network": known[own.name].network, **given_keys(own.chosen)}
            variants[own.variant] = msgspec.structs.replace(variants.get(own.name, VariantConfig()), **changes)
    return msgspec.structs.replace(config, variants=variants)


def check(config: ExperimentConfig) -> None:
    """Refuses a search that can't be made; raises `ConfigError`."""
    space, tuning = config.tune.space, config.tune
    if space and tuning.sampler == "tpe" and not find_spec("optuna"):
        raise ConfigError("tune.sampler = \"tpe\" needs Optuna; install it with: pip install 'bakeoff[optuna]'.")
    if tuning.epochs and "epochs" in space:
        raise ConfigError("tune.epochs and tune.search.epochs are both given; leave one out.")
    for variant in config.variant_list if space else ():
        if len(variant.name) > NAME_LENGTH - len(TUNED):
            raise ConfigError(f"{variant.name}: a variant that is tuned needs a shorter name, for {TUNED!r} to fit.")


def _tune(config: ExperimentConfig, experiment: Experiment, *, overwrite: bool, monitor: Monitor) -> Tuning:
    datasets = experiment.datasets(config, config.variant_list)
    bases = [own for own in config.variant_list if not own.name.endswith(TUNED) and not _is_blind(own)]
    tuned = [_Network(own, datasets[own.name], config.tune, search(config.tune)) for own in bases]
    stored, number = experiment.tuning, 0
    known = [own for network in stored.networks for own in network.trials] if stored else []
    if stored and stored.config.seeds != config.tune.seeds:
        known = []
    while any(own.asked for own in tuned):
        number += 1
        variants = {variant.name: own for own in tuned for variant in own.variants}
        plan = plan_sweep(
            experiment,
            [variant for own in tuned for variant in own.variants],
            config,
            {name: own.dataset for name, own in variants.items()},
            seeds=range(config.tune.seeds),
            overwrite=overwrite,
            monitor=monitor,
        )
        runs = sweep(plan, partial(_monitor, monitor, number))
        trained = {spec.variant for spec in plan.missing}
        for own in tuned:
            own.judge(runs, {trial.variant: trial for trial in known if trial.variant not in trained})
    tuning = Tuning(config.tune, tuple(own.outcome for own in tuned))
    experiment.store(tuning)
    return tuning


def _monitor(monitor: Monitor, number: int, title: str) -> RunProgress:
    return monitor(f"tuning {number}: {title}" if number > 1 else f"tuning: {title}")


def _is_blind(variant: Variant) -> bool:
    """Whether a network ignores the photo, so that no recipe makes it better."""
    traits = getattr(networks[variant.network], "traits", None) if variant.network in networks else None
    return bool(traits and traits.ignores_input)


class _Network:
    """The search of one network: what is asked for next, and what was tried.

    Args:
        base: The variant as it is.
        dataset: What it is trained on.
        config: How it is searched.
        proposals: Of values to try.
    """

    def __init__(self, base: Variant, dataset: Dataset, config: TuneConfig, proposals: Search) -> None:
        from bakeoff.training.holdout import unseen

        self.base, self.dataset, self.config, self._proposals = base, dataset, config, proposals
        self._part = base.recipe.train_fraction * (1 - config.holdout)
        self._rows = unseen(dataset, base.recipe.train_fraction, self._part)
        self._check_holdout()
        self._trials: list[TuneTrial] = []
        self.asked = next(proposals)

    def _check_holdout(self) -> None:
        classes = self.dataset.info.classes
        counts = np.bincount(self.dataset.labels[TRAIN][self._rows], minlength=len(classes)).tolist()
        if min(counts) < FEWEST:
            raise ConfigError(
                f"tune.holdout = {self.config.holdout:g} holds out {min(counts)} training photos of the class "
                f"{classes[counts.index(min(counts))]!r}; at least {FEWEST} are needed to judge recipes by. Raise "
                "it (up to 0.5), or give more training photos."
            )

    @property
    def variants(self) -> list[Variant]:
        """What is asked for, to be trained on the images that are not held out; named by the recipe."""
        length = {"epochs": self.config.epochs} if self.config.epochs else {}
        recipes = [
            msgspec.structs.replace(self.base.recipe, **{**values, **length, "train_fraction": self._part})
            for values in self.asked
        ]
        return [
            msgspec.structs.replace(self.base, name=f"{self.base.name}+{digest(recipe)[:8]}", recipe=recipe)
            for recipe in recipes
        ]

    def judge(self, runs: Iterable[Run], known: Mapping[str, TuneTrial]) -> None:
        """Scores the runs of what was asked for but those that are known, and asks for more."""
        by_variant: dict[str, list[Run]] = {}
        for run in runs:
            by_variant.setdefault(run.spec.variant, []).append(run)
        names = [variant.name for variant in self.variants]
        trials = [
            known.get(name) or self._trial(name, values, by_variant[name])
            for values, name in zip(self.asked, names, strict=True)
        ]
        self._trials += trials
        try:
            self.asked = self._proposals.send([trial.accuracy for trial in trials])
        except StopIteration:
            self.asked = []

    def _trial(self, name: str, values: Values, runs: Sequence[Run]) -> TuneTrial:
        from bakeoff.training.holdout import score

        own = msgspec.convert(values, RecipeValues)
        if reason := next((run.record.reason for run in runs if not run.finished), ""):
            return TuneTrial(name, own, None, None, reason)
        accuracies, losses = zip(*(score(run, self.dataset, self._rows) for run in runs), strict=True)
        if not math.isfinite(sum(losses)):
            return TuneTrial(name, own, None, None, "the loss on the photos held out is not finite")
        return TuneTrial(name, own, mean(accuracies), mean(losses))

    @property
    def outcome(self) -> TunedNetwork:
        """All that was tried, and what was chosen."""
        best = choose(self._trials)
        changed = best and msgspec.structs.replace(self.base.recipe, **given_keys(best.values)) != self.base.recipe
        return TunedNetwork(
            name=self.base.name,
            images=len(self._rows),
            trials=tuple(self._trials),
            chosen=best.values if best else None,
            variant=f"{self.base.name}{TUNED}" if changed else "",
        )
