"""What each variant looks at, found once after the training and stored beside the results."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from bakeoff.config.experiment import Variant
from bakeoff.core.errors import in_one_line
from bakeoff.core.progress import Monitor, silent
from bakeoff.core.storage import digest
from bakeoff.core.types import VAL
from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.explanations import Explanation, Explanations, principal_axes
from bakeoff.evaluation.predictions import labelled_images
from bakeoff.training.run import Run
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.sweep import first_finished

DIGITS = 6
SHOWN = 8
"""Cells of a side of the saliency that is stored, to be shown: the maps that it is of are hardly finer."""


def explain_runs(
    experiment: Experiment,
    variants: Sequence[Variant],
    runs: Sequence[Run],
    datasets: Mapping[str, Dataset],
    photos: int,
    monitor: Monitor = silent,
) -> None:
    """Explains the first finished run of each variant and writes `explanations.json`; kept where it is there already.

    Args:
        experiment: Gets the record.
        variants: What builds the networks of the runs.
        runs: All that were trained.
        datasets: By variant its data set.
        photos: How many validation images are explained, spread evenly over the split.
        monitor: Told of "explanations".
    """
    first = first_finished(variants, runs)
    digests, stored = {name: digest(run.spec) for name, run in first.items()}, experiment.explanations
    if not first or (stored and (stored.runs, stored.photos) == (digests, photos)):
        return
    progress, found = monitor("explanations"), list[Explanation]()
    for name, run in first.items():
        found.append(_explain(run, datasets[name], photos))
        progress(len(found), len(first))
    experiment.store(Explanations(tuple(found), digests, photos))


def _explain(run: Run, dataset: Dataset, photos: int) -> Explanation:
    from bakeoff.training.explain import explain
    from bakeoff.training.localization import box_heatmaps

    nothing = Explanation(run.spec.variant, run.spec.seed)
    count = len(dataset.labels[VAL])
    rows = np.unique(np.linspace(0, count - 1, min(photos, count)).round().astype(np.int64))
    if not len(rows):
        return nothing
    try:
        found = explain(run, np.asarray(dataset.images[VAL][rows]))
    except Exception as error:  # a user's own network may raise anything
        return msgspec.structs.replace(nothing, reason=in_one_line(error))
    table, images = dataset.rows(VAL)[rows], labelled_images(dataset, VAL)
    labels = images.labels[rows]
    covered = box_heatmaps(table, dataset.info)[np.arange(len(rows)), labels] / 255
    boxed: npt.NDArray[np.bool_] = covered.max(axis=(1, 2)) > 0
    points, variances = principal_axes(found.features)
    return msgspec.structs.replace(
        nothing,
        layer=found.layer,
        image_ids=tuple(table["image_id"].to_list()),
        photos=tuple((rows if images.clusters is None else images.clusters[rows]).tolist()),
        labels=tuple(dataset.info.classes[label] for label in labels),
        predicted=tuple(dataset.info.classes[label] for label in found.predicted),
        shares=_shares(found.saliency, covered, boxed),
        areas=_known(covered.mean(axis=(1, 2)), boxed),
        saliency=_quantised(found.saliency),
        side=SHOWN if found.layer else 0,
        points=tuple((round(x, DIGITS), round(y, DIGITS)) for x, y in points.tolist()) if found.features.size else (),
        variances=variances,
        filters=found.filters.tobytes(),
        filter_shape=found.filters.shape,
    )


def _shares(
    saliency: npt.NDArray[np.float32], covered: npt.NDArray[np.float64], boxed: npt.NDArray[np.bool_]
) -> tuple[float | None, ...]:
    """The share of each image's saliency that lies where it is covered."""
    if not saliency.size:
        return (None,) * len(covered)
    total = saliency.sum(axis=(1, 2), dtype=np.float64)
    inside = (saliency * covered).sum(axis=(1, 2)) / np.where(total > 0, total, 1)
    return _known(inside, boxed & (total > 0))


def _known(values: npt.NDArray[np.float64], known: npt.NDArray[np.bool_]) -> tuple[float | None, ...]:
    return tuple(
        round(value, DIGITS) if is_known else None for value, is_known in zip(values.tolist(), known, strict=True)
    )


def _quantised(saliency: npt.NDArray[np.float32]) -> bytes:
    if not saliency.size:
        return b""
    count, side = len(saliency), saliency.shape[1] // SHOWN
    coarse = saliency.reshape(count, SHOWN, side, SHOWN, side).mean(axis=(2, 4))
    top = coarse.max(axis=(1, 2), keepdims=True)
    raw: bytes = np.round(255 * coarse / np.where(top > 0, top, 1)).astype(np.uint8).tobytes()
    return raw
