"""From a data set and a specification to a run on disk."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import torch
from safetensors.torch import save_model
from torch import nn
from torch.nn import functional

from bakeoff.config.schema import Recipe, TrainingConfig, Variant
from bakeoff.core.atomic import atomic_folder
from bakeoff.core.errors import NetworkError, StorageError, in_one_line
from bakeoff.core.progress import Progress
from bakeoff.core.types import TRAIN, Environment
from bakeoff.data.build.dataset import Dataset, DatasetInfo
from bakeoff.models.factory import create, source_digest
from bakeoff.models.summary import describe, undisturbed
from bakeoff.training.augmentation import side_in
from bakeoff.training.batches import Split, hold_out, part
from bakeoff.training.checkpoint import Checkpoint
from bakeoff.training.device import choose_device, peak_memory, place, reproducible, with_precision
from bakeoff.training.events import check_events, event_files
from bakeoff.training.localization import class_maps
from bakeoff.training.loop import HOLDOUT, Splits, evaluate, fit
from bakeoff.training.observer import Observer
from bakeoff.training.profiling import trace
from bakeoff.training.run import LogLine, Predictions, Run, RunRecord, RunSpec, RunStatus
from bakeoff.training.state import DivergedError, TrainingState
from bakeoff.training.store import PREDICTIONS_SCHEMA, WEIGHTS, last_epoch, save_run
from bakeoff.training.tta import view_side

Rows = dict[str, npt.NDArray[np.int64]]
"""Of a split of the data set, by what they are for: train, val, tune."""


def make_spec(variant: Variant, seed: int, device_name: str, dataset: DatasetInfo) -> RunSpec:
    """The specification of one run: a variant with a seed, on a device, on a data set.

    Raises:
        ConfigError: There is no such network or device.
        NetworkError: A user's own network can't be found.
    """
    device = choose_device(device_name)
    return RunSpec(
        variant=variant.name,
        network=variant.network,
        network_digest=source_digest(variant.network),
        seed=seed,
        recipe=with_precision(variant.recipe, device),
        classes=dataset.classes,
        size=dataset.size,
        filter=dataset.filter,
        dataset=dataset.digest,
        device=device.type,
        resize=dataset.resize,
    )


def check(config: TrainingConfig, variants: Sequence[Variant], class_count: int) -> None:
    """Builds the network of each variant once, to find what is wrong before any photo is read.

    Raises:
        ConfigError: There is no such network or device, or the library for event files is missing.
        NetworkError: A network can't be built, or does not fit the image size and number of classes.
    """
    choose_device(config.device)
    if config.tensorboard:
        check_events()
    with torch.random.fork_rng(devices=[]):
        for variant in variants:
            name, recipe, size = variant.network, variant.recipe, variant.data.size
            network = create(name, class_count, size)
            _check_sides(name, network, recipe, size)
            if recipe.localization_weight and not hasattr(network, "locate"):
                raise NetworkError(
                    f"network {name!r} can't say where a class is, as its recipe asks: it has no method `locate`. "
                    "Leave its training.localization_weight at 0."
                )


def _check_sides(name: str, network: nn.Module, recipe: Recipe, size: int) -> None:
    """Refuses a recipe that trains or measures a network at a resolution which it can't take."""
    asked = {view_side(share, size): ("measured", "tta_scales at [1.0]") for share in recipe.tta_scales}
    epochs = range(1, recipe.epochs + 1)
    asked |= {side_in(epoch, recipe, size): ("trained", "progressive_resolution at [1.0, 1.0]") for epoch in epochs}
    asked.pop(size, None)  # it was built for this one
    for side, (use, key) in sorted(asked.items()):
        try:
            with undisturbed(network), torch.no_grad():
                network(torch.zeros(2, 3, side, side))
        except Exception as error:  # a user's own network may raise anything
            raise NetworkError(
                f"network {name!r} can't be {use} at {side} pixels, as its recipe asks in a data set of {size}: "
                f"{in_one_line(error)}. Leave its training.{key}."
            ) from None


def train(
    spec: RunSpec,
    dataset: Dataset,
    folder: Path,
    progress: Progress = lambda done, total: None,
    events: Path | None = None,
    checkpoint: Path | None = None,
    profile: Path | None = None,
    build: Callable[[], nn.Module] | None = None,
) -> Run:
    """Trains one network with one seed and writes the run's folder.

    A loss that becomes non-finite and an error during the training end the run, not the experiment: the record says so.

    Args:
        spec: What determines the run.
        dataset: What it is trained and measured on.
        folder: Gets the run's files, all or none; replaced where it exists.
        progress: Told of the steps.
        events: Gets TensorBoard's event files as the run goes; null for none.
        checkpoint: Gets the state after each epoch, and is what a run that was killed is taken up from: it ends with
            the same bytes as one that was not. Removed when the run has ended.
        profile: Gets a trace of a few steps; None for none.
        build: Makes the network, after the seed is set; the one that the specification names where None.

    Returns:
        The run.

    Raises:
        NetworkError: The network can't be built.
        StorageError: There is no room or no right to write.
    """
    device = choose_device(spec.device)
    with reproducible(spec.seed, spec.recipe.threads, device), atomic_folder(folder) as partial:
        network = place(build() if build else create(spec.network, len(spec.classes), spec.size), device)
        architecture = describe(network, spec.size)
        rows = _rows(dataset, spec)
        splits = {
            name: Split(dataset.images[source][rows[name]], dataset.labels[source][rows[name]], device)
            for name, source in {HOLDOUT: TRAIN, **{split: split for split in dataset.images}}.items()
        }
        if spec.recipe.localization_weight:
            splits[TRAIN].place(class_maps(dataset.rows(TRAIN)[rows[TRAIN]], dataset.info))
        log: list[LogLine] = []
        start = time.perf_counter()
        kept = Checkpoint(checkpoint, spec)
        with event_files(events) as watch, trace(profile) as stepped:
            status, reason, best = _fit(network, splits, spec, log, kept, Observer(watch, progress, stepped))
        seconds, epochs = kept.seconds + time.perf_counter() - start, last_epoch(log)
        record = RunRecord(
            status=status,
            reason=reason,
            seconds=seconds,
            epochs=epochs,
            architecture=architecture,
            environment=Environment.current(),
            best_epoch=best,
            images_per_second=epochs * len(splits[TRAIN]) / seconds if epochs else None,
            peak_memory=peak_memory(device),
        )
        finished = status == "finished"
        predictions = (
            _predictions(network, spec.recipe, splits, rows, dataset)
            if finished
            else pl.DataFrame(schema=PREDICTIONS_SCHEMA)
        )
        run = Run(folder, spec, record, tuple(log), Predictions(predictions))
        save_run(partial, run)
        save_model(network, str(partial / WEIGHTS))
    kept.remove()
    if build and finished:
        run.__dict__["model"] = network.cpu().eval()  # no name leads to it, so it can't be loaded
    return run


def _rows(dataset: Dataset, spec: RunSpec) -> Rows:
    labels, recipe = dataset.labels, spec.recipe
    used = part(labels[TRAIN], recipe.train_fraction) if recipe.train_fraction < 1 else np.arange(len(labels[TRAIN]))
    learned, tune = hold_out(labels[TRAIN], used, recipe.holdout_fraction)
    return {name: np.arange(len(own)) for name, own in labels.items()} | {TRAIN: learned, HOLDOUT: tune}


def _fit(
    network: nn.Module, splits: Splits, spec: RunSpec, log: list[LogLine], checkpoint: Checkpoint, observer: Observer
) -> tuple[RunStatus, str, int | None]:
    """How it ended, why, and the epoch that the holdout chose."""
    train, recipe = splits[TRAIN], spec.recipe
    generator = torch.Generator().manual_seed(int(np.random.SeedSequence([spec.seed, 1]).generate_state(1)[0]))
    steps = recipe.epochs * train.batches(recipe.batch_size)
    try:
        state = TrainingState(network, recipe, steps, generator, train.labels.device)
        fit(state, splits, recipe, log, checkpoint, observer)
    except StorageError:
        raise
    except DivergedError as error:
        return "diverged", f"{error} in epoch {log[-1].epoch + 1 if len(log) else 1}", None
    except Exception as error:  # a user's own network may raise anything, and torch raises much
        return "failed", in_one_line(error), None
    return "finished", "", state.best.epoch if state.best else None


def _predictions(network: nn.Module, recipe: Recipe, splits: Splits, rows: Rows, dataset: Dataset) -> pl.DataFrame:
    """Logits and losses of the final weights for the images of the run, in the manifest's order."""
    tables = []
    for name in dataset.images:
        split = splits[name]
        if not len(split):
            continue
        logits, labels = evaluate(network, split, recipe), split.labels.cpu()
        tables.append(
            pl.DataFrame(
                {
                    "split": [name] * len(split),
                    "image_id": dataset.rows(name)["image_id"][rows[name]],
                    "label": labels.numpy(),
                    "predicted": logits.argmax(1).numpy(),
                    "logits": logits.numpy(),
                    "loss": functional.cross_entropy(logits, labels, reduction="none").double().numpy(),
                },
                schema_overrides={"logits": pl.List(pl.Float32)},
            )
        )
    return pl.concat(tables)
