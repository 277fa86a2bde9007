"""Which runs did not learn, by their training: validation, which may be small, plays no part."""

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from scipy.stats import entropy

from bakeoff.core.types import TRAIN, Interval
from bakeoff.evaluation.intervals import clopper_pearson
from bakeoff.evaluation.predictions import Outputs, RunPredictions

LOSS_MARGIN = 0.02
"""Within this many nats of the loss that the classes' frequencies alone give, a network has learned nothing."""

LEARNED = 0.1
"""Of the way from chance level to all training images correct: a run that got this far did learn, whatever its loss."""

Outcome = Literal["trained", "did not learn", "did not run"]


class FailureRate(msgspec.Struct, frozen=True):
    """How often a variant fails to train.

    Attributes:
        failed: Runs that did not learn: the loss became non-finite, or stayed at chance level.
        runs: Runs that ended by themselves; those that did not run say nothing of the network.
        interval: The exact 95 % interval of the fraction that fails (Clopper and Pearson).
        did_not_run: Runs that an exception or the system ended.
    """

    failed: int
    runs: int
    interval: Interval
    did_not_run: int


def outcome(run: RunPredictions) -> tuple[Outcome, str]:
    """What became of a run, and the signs of it.

    A run did not learn if its loss became non-finite, or if neither the loss nor the accuracy of the weights that are
    evaluated is better on its training images than always predicting the classes by their frequencies. Without a
    record of its training it trained. Predicting the frequencies has their entropy as its loss; each class by itself,
    the mean of their binary entropies.
    """
    if run.status == "failed":
        return "did not run", run.reason
    if run.status == "diverged":
        return "did not learn", run.reason
    train = run.splits.get(TRAIN)
    if train is None or not len(train.labels) or run.traits.ignores_input:
        return "trained", ""
    chance, level = _chance(train)
    accuracy = float(train.correct.mean())
    by_loss = run.train_loss is not None and run.train_loss < level - LOSS_MARGIN
    if by_loss or accuracy > chance + LEARNED * (1 - chance) or chance == 1:
        return "trained", ""
    loss = "" if run.train_loss is None else f"training loss {run.train_loss:.3f}, chance level {level:.3f}; "
    signs = f"{loss}training accuracy {100 * accuracy:.1f} %, chance level {100 * chance:.1f} %"
    if run.last_loss is not None and run.last_loss < level - LOSS_MARGIN:
        signs += f"; the loss in training fell to {run.last_loss:.3f}, but not with the weights that are evaluated"
    return "did not learn", signs


def _chance(train: Outputs) -> tuple[float, float]:
    """The accuracy and the loss of always predicting the most frequent class, or set of classes."""
    frequencies = np.bincount(train.labels) / len(train.labels)
    if train.present is None:
        return float(frequencies.max()), float(entropy(frequencies))
    rates = train.present.mean(axis=0)
    level = float(entropy([rates, 1 - rates]).mean())
    if train.named is None:
        return float(frequencies.max()), level
    return float(np.unique(train.present, axis=0, return_counts=True)[1].max() / len(train.labels)), level


def failure_rate(outcomes: Sequence[Outcome]) -> FailureRate:
    """How often a variant's runs fail."""
    failed, aborted = (outcomes.count(kind) for kind in ("did not learn", "did not run"))
    ran = len(outcomes) - aborted
    return FailureRate(failed, ran, clopper_pearson(failed, ran), aborted)
