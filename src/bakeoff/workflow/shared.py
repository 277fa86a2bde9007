"""Predictions on the images that are new to two variants whose selections differ; stored, so that scoring is pure."""

import io
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import polars as pl

from bakeoff.core.atomic import atomic_folder, write_bytes
from bakeoff.core.progress import Monitor, silent
from bakeoff.core.seals import seal
from bakeoff.core.types import VAL
from bakeoff.data.build.dataset import Dataset
from bakeoff.evaluation.shared_images import SharedImages, shared_images
from bakeoff.training.run import Run
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.kept import is_kept


def predict_shared(
    experiment: Experiment, runs: Sequence[Run], datasets: Mapping[str, Dataset], monitor: Monitor = silent
) -> None:
    """Predicts with every finished run whose variant has another validation split than some other variant.

    Args:
        experiment: Keeps the predictions; those that are there already are kept.
        runs: Of the variants.
        datasets: By variant, what it was trained on.
        monitor: Told which predictions were altered.
    """
    distinct = {dataset.info.digest: dataset for dataset in datasets.values()}
    for first, second in combinations(distinct.values(), 2):
        if _validation(first).equals(_validation(second)):
            continue  # compared on these
        if _settings(first) != _settings(second):
            continue  # not compared: one stored image can't be given to both
        images = shared_images(first, second)
        for run in runs:
            if run.finished and run.spec.dataset in (first.info.digest, second.info.digest):
                _predict(experiment, run, images, monitor)


def _validation(dataset: Dataset) -> pl.DataFrame:
    return dataset.rows(VAL).select("image_id", "label")


def _settings(dataset: Dataset) -> tuple[object, ...]:
    return dataset.info.size, dataset.info.resize, dataset.info.filter


def _predict(experiment: Experiment, run: Run, images: SharedImages, monitor: Monitor) -> None:
    from bakeoff.training.trained import EVEN, probabilities

    path = experiment.shared_predictions(run.spec, images.digest)
    if is_kept(path.parent, monitor):
        return
    given = probabilities(run, images.images) if len(images.labels) else np.zeros((0, len(run.spec.classes)))
    table = pl.DataFrame({"image_id": images.image_ids, "label": images.labels, "predicted": given.argmax(axis=1)})
    if run.spec.recipe.task == "multilabel":
        single = (given > EVEN).sum(axis=1) == 1
        table = table.with_columns(only=pl.when(single).then(pl.col("predicted")))  # the one class that is named
    raw = io.BytesIO()
    table.write_parquet(raw)
    with atomic_folder(path.parent) as partial:
        write_bytes(partial / path.name, raw.getvalue())
        seal(partial)
