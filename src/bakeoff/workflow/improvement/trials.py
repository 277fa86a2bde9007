"""The changes that are tried."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from bakeoff import evaluation
from bakeoff.core.registry import networks
from bakeoff.core.types import TRAIN, VAL, Images, Labels
from bakeoff.data import inputs, selection
from bakeoff.data.build.dataset import Dataset
from bakeoff.training.run import Run
from bakeoff.workflow import pipeline
from bakeoff.workflow.improvement.context import Workplace

CURES = {"he": "He initialisation", "bn": "batch normalisation", "skip": "identity skips"}
"""A network that repairs another's vanishing signal is named after it, with one of these."""

POLICY = "exclusive"
Right = Mapping[int, npt.NDArray[np.bool_]]
"""By seed of the finished runs, bool (N,): which photos were predicted right."""


@dataclass(frozen=True)
class Trial:
    """A change that is tried.

    Attributes:
        name: Names its folder.
        what: The change in words.
        measure: Runs it; gives which photos are right without the change, and with it.
        obstacle: Why it can't be tried, else empty.
    """

    name: str
    what: str
    measure: Callable[[], tuple[Right, Right]]
    obstacle: str = ""


def trials(place: Workplace) -> Iterator[Trial]:
    """What is tried, in the order in which the budget is spent."""
    augmentations = list(_augmentations(place))
    yield augmentations[0]
    yield Trial(POLICY, "only photos that hold one target class", partial(_exclusive, place), _no_exclusive(place))
    yield from _cures(place)
    yield from augmentations[1:]


def _augmentations(place: Workplace) -> Iterator[Trial]:
    recipe, border = place.experiment.training, place.experiment.improve.random_crop
    flip, crop = {"horizontal_flip": True}, {"random_crop": border}
    for name, what, changes in (
        ("flip-and-crop", f"horizontal flips and random crops by {border} px", {**flip, **crop}),
        ("flip", "horizontal flips", flip),
        ("crop", f"random crops by {border} px", crop),
    ):
        there = all(getattr(recipe, key) == value for key, value in changes.items())
        obstacle = "the experiment has it already" if there else ""
        yield Trial(name, what, partial(_changed, place, name, changes), obstacle)


def _cures(place: Workplace) -> Iterator[Trial]:
    for suffix, what in CURES.items():
        name = f"{place.network.removesuffix('-tied')}-{suffix}"
        if name in networks:
            yield Trial(name, f"{what} ({name})", partial(_changed, place, name, {"network": name}))


def _changed(place: Workplace, name: str, changes: dict[str, Any]) -> tuple[Right, Right]:
    return evaluation.right(place.base), evaluation.right(place.train(name, **changes))


def _no_exclusive(place: Workplace) -> str:
    data = place.experiment.data
    if data.policy == POLICY:
        return "it is the experiment's policy"
    if not (place.data.rows(TRAIN)["annotated"].list.len() > 1).any():
        return "no training photo holds several target classes"
    return ""


def _exclusive(place: Workplace) -> tuple[Right, Right]:
    """The experiment's policy against `exclusive` at equal quotas, on photos that are new to both and unambiguous."""
    data = place.experiment.data
    index, chosen = inputs.open_index(data, place.folder.parent / pipeline.CACHE)
    wanted = selection.fit_quotas(index, msgspec.structs.replace(chosen, policy=POLICY))
    quotas = {f"{split}_per_class": count for split, count in wanted.quotas.items()}
    own, runs = place.data, place.base
    if data.quotas != wanted.quotas:
        own = place.build("fewer-photos", msgspec.structs.replace(data, **quotas))
        runs = place.train("fewer-photos", own)
    clean = place.build(POLICY, msgspec.structs.replace(data, policy=POLICY, **quotas))
    images, labels = _unambiguous(own, clean)
    return _right_on(runs, images, labels), _right_on(place.train(POLICY, clean), images, labels)


def _unambiguous(*datasets: Dataset) -> tuple[Images, Labels]:
    """The validation photos of any of the data sets that hold one target class and that none of them trains on."""
    seen = set(pl.concat([data.rows(TRAIN)["image_id"] for data in datasets]))
    images: list[Images] = []
    labels: list[int] = []
    for data in datasets:
        for position, (image, label, held) in enumerate(data.rows(VAL).select("image_id", "label", "annotated").rows()):
            if image not in seen and len(held) == 1:
                seen.add(image)
                images.append(data.images[VAL][position])
                labels.append(label)
    size = datasets[0].info.size
    return np.array(images, dtype=np.uint8).reshape(-1, size, size, 3), np.array(labels, dtype=np.int64)


def _right_on(runs: Sequence[Run], images: Images, labels: Labels) -> Right:
    from bakeoff.training.inference import probabilities

    if not len(labels):
        return {}
    return {run.spec.seed: probabilities(run, images).argmax(axis=1) == labels for run in runs if run.finished}
