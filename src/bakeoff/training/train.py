"""From a data set and a specification to a run."""

import copy
import inspect
import re
import tempfile
import time
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from os import PathLike
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from safetensors.torch import save_model
from torch import nn

from bakeoff.config.data import DataConfig
from bakeoff.config.experiment import Variant
from bakeoff.config.schema import Recipe
from bakeoff.core.atomic import atomic_folder, write_bytes
from bakeoff.core.errors import NetworkError, StorageError, in_one_line
from bakeoff.core.progress import Beat, Progress, RunProgress, automatic, no_progress
from bakeoff.core.seals import seal
from bakeoff.core.storage import digest
from bakeoff.core.types import TRAIN, Environment
from bakeoff.data.build.dataset import Dataset, DatasetInfo
from bakeoff.models.factory import Factory, build, create, is_pretrained, source_digest, source_file, weights_digest
from bakeoff.models.summary import describe
from bakeoff.training.batches import Split, hold_out, subset
from bakeoff.training.checkpoint import Checkpoint, DivergedError, TrainingState
from bakeoff.training.checks import check_recipe
from bakeoff.training.device import choose_device, peak_memory, reproducible, to_device, with_precision
from bakeoff.training.features import with_features
from bakeoff.training.localization import box_heatmaps
from bakeoff.training.loop import HOLDOUT, Splits, evaluate, fit
from bakeoff.training.losses import plain_losses
from bakeoff.training.observer import Observer, event_files, trace
from bakeoff.training.remote_checkpoint import open_checkpoint
from bakeoff.training.run import (
    IN_CODE,
    PREDICTIONS_SCHEMA,
    SOURCE,
    WEIGHTS,
    LogLine,
    Predictions,
    Run,
    RunRecord,
    RunSpec,
    RunStatus,
    last_epoch,
    save_run,
)

Rows = dict[str, NDArray[np.int64]]
"""Of a split of the data set, by what they are for: train, val, holdout."""


def make_spec(variant: Variant, seed: int, device_name: str, dataset: DatasetInfo, code: str | None = None) -> RunSpec:
    """The specification of one run; `code` is the digest of a network given in code, not by name.

    Raises:
        ConfigError: There is no such network or device, or the data set can't give the task.
        NetworkError: A user's own network, or a file of pretrained weights, can't be found.
    """
    dataset.selection.check_task(variant.recipe.task)
    source, _, target = variant.network.rpartition(":")
    device = choose_device(device_name)
    return RunSpec(
        variant=variant.name,
        network=f"{Path(source).name}:{target}" if source.endswith(".py") else variant.network,
        network_digest=source_digest(variant.network) if code is None else code,
        seed=seed,
        recipe=with_precision(variant.recipe, device),
        classes=dataset.classes,
        size=dataset.size,
        filter=dataset.filter,
        dataset=dataset.digest,
        device=device.type,
        resize=dataset.resize,
        weights_digest=weights_digest(variant.network, variant.recipe),
    )


def train(
    spec: RunSpec,
    dataset: Dataset,
    folder: Path,
    progress: RunProgress = no_progress,
    events: Path | None = None,
    checkpoint: str | Path | None = None,
    profile: Path | None = None,
    network: str = "",
    factory: Callable[[], nn.Module] | None = None,
) -> Run:
    """Trains one network with one seed and writes the run's folder.

    A loss that becomes non-finite and an error during the training end the run, not the experiment: the record says so.

    Args:
        spec: What determines the run.
        dataset: What it is trained and evaluated on.
        folder: Gets the run's files, all or none; replaced where it exists.
        progress: Given the steps done, the steps in all, and after an evaluated epoch what it gave.
        events: Gets TensorBoard's event files as the run goes; None for none.
        checkpoint: Gets the state after each epoch, and is what a run that was killed is resumed from: it ends with
            the same bytes as one that was not. A folder, or the URL of a file; removed when the run has ended.
        profile: Gets a trace of a few steps; None for none.
        network: The network as its variant names it, with the folder of a user's file; the spec's where it is empty.
        factory: Makes a network that is given in code, after the seed is set.

    Raises:
        NetworkError: The network can't be built, or its source is no longer that of the spec.
        StorageError: There is no room or permission to write.
    """
    name, kept, device = network or spec.network, open_checkpoint(checkpoint, spec), choose_device(spec.device)
    with reproducible(spec.seed, spec.recipe.threads, device), atomic_folder(folder) as partial:
        if not factory and spec.network_digest and source_digest(name) != spec.network_digest:
            raise NetworkError(f"network {name!r} was edited after the run was planned; run the command again.")
        if spec.weights_digest and weights_digest(name, spec.recipe) != spec.weights_digest:
            raise NetworkError(
                f"{spec.recipe.pretrained} was changed after the run was planned; run the command again."
            )
        whole = to_device(factory() if factory else create(name, len(spec.classes), spec.size, spec.recipe), device)
        architecture = describe(whole, spec.size)
        rows = _rows(dataset, spec.recipe)
        splits = _splits(dataset, rows, spec.recipe, device)
        if spec.recipe.localization_weight:
            splits[TRAIN].add_heatmaps(box_heatmaps(dataset.rows(TRAIN)[rows[TRAIN]], dataset.info))
        log: list[LogLine] = []
        start = time.perf_counter()
        steps = spec.recipe.epochs * splits[TRAIN].batches(spec.recipe.batch_size)
        module, splits = with_features(whole, splits, spec.recipe, lambda: progress(0, steps))
        with event_files(events) as line, trace(profile) as step:
            status, reason, best = _fit(module, splits, spec, log, kept, Observer(line, progress, step, bool(profile)))
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
            pretrained=is_pretrained(name, spec.recipe) and not factory,
            weights_bytes=_size(whole),
        )
        predictions = Predictions()
        if status == "finished":
            predictions = _predictions(module, spec.recipe, splits, rows, dataset, lambda: progress(steps, steps))
        trained = whole.cpu().eval() if factory else None
        run = Run(folder, spec, record, tuple(log), predictions, name, trained)
        _save(partial, run, whole)
    kept.remove()
    return run


def train_module(
    network: nn.Module | Factory,
    dataset: Dataset,
    *,
    recipe: Recipe | None = None,
    seed: int = 0,
    folder: str | PathLike[str] | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Run:
    """Trains a network with one seed; the run's `model` is the trained one.

    Args:
        network: A module, of which a copy is trained, or what makes one: called, after the seed is set, with those of
            `num_classes` and `image_size` that it accepts. It maps images, float32 (N, 3, S, S) in [-1, 1], to
            logits, float32 (N, K).
        dataset: What it is trained and evaluated on.
        recipe: How; the defaults where None.
        seed: Decides the initial weights (of a factory's network), the order of the images and the augmentation.
        folder: Gets the run's files; a temporary folder, removed with the run, where None.
        device: "auto", "cpu", "cuda" or "mps".
        progress: Given the steps done and the steps in all; where None, a notebook shows them.

    Raises:
        NetworkError: The network can't be built or does not fit the data set.
        ConfigError: This machine does not have the device.
        StorageError: There is no room or permission to write.
    """
    kind: object = type(network) if isinstance(network, nn.Module) else network
    name = str(getattr(kind, "__qualname__", type(kind).__qualname__))
    make = partial(copy.deepcopy, network) if isinstance(network, nn.Module) else network
    label = re.sub(r"[^\w.-]+", "-", name).strip("-")
    variant = Variant(label, f"{IN_CODE}{name}", recipe or Recipe(), DataConfig())
    spec = make_spec(variant, seed, device, dataset.info, _code_digest(kind))

    def factory() -> nn.Module:
        module = build(name, make, len(spec.classes), spec.size)
        check_recipe(name, module, spec.recipe, spec.size)
        return module

    with ExitStack() as stack:
        home = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bakeoff-"))) / spec.name
        told = _told(progress) if progress else automatic(spec.name)
        run = train(spec, dataset, Path(home), told, factory=factory)
        weakref.finalize(run, stack.pop_all().close)
        return run


def _told(progress: Progress) -> RunProgress:
    return lambda done, total, _status="": progress(done, total)


def _code_digest(kind: object) -> str:
    """The digest of the source of a class or function; empty where Python does not know it."""
    try:
        return digest(inspect.getsource(kind).encode())  # type: ignore[arg-type]  # what is no source is a TypeError
    except (OSError, TypeError):
        return ""


def _size(network: nn.Module) -> int:
    """The bytes of all parameters and buffers that are stored, shared ones once."""
    stored = {tensor.data_ptr(): tensor.nbytes for tensor in network.state_dict().values()}
    return sum(stored.values())


def _save(folder: Path, run: Run, network: nn.Module) -> None:
    """Writes a run's records and weights, the source of a user's own file, and the seal."""
    save_run(folder, run)
    save_model(network, str(folder / WEIGHTS))
    write_bytes(folder / WEIGHTS, (folder / WEIGHTS).read_bytes())  # safetensors lets no one but the owner read it
    if run.network.rpartition(":")[0].endswith(".py") and (source := source_file(run.network)):
        write_bytes(folder / SOURCE, source.read_bytes())
    seal(folder)


def _rows(dataset: Dataset, recipe: Recipe) -> Rows:
    labels = dataset.labels
    used = subset(labels[TRAIN], recipe.train_fraction) if recipe.train_fraction < 1 else np.arange(len(labels[TRAIN]))
    learned, holdout = hold_out(labels[TRAIN], used, recipe.holdout_fraction)
    return {name: np.arange(len(own)) for name, own in labels.items()} | {TRAIN: learned, HOLDOUT: holdout}


def _splits(dataset: Dataset, rows: Rows, recipe: Recipe, device: torch.device) -> dict[str, Split]:
    multilabel = recipe.task == "multilabel"
    return {
        name: Split(
            dataset.shards(source).take(rows[name]),
            dataset.labels[source][rows[name]],
            device,
            dataset.present(source)[rows[name]] if multilabel else None,
        )
        for name, source in {HOLDOUT: TRAIN, **{split: split for split in dataset.info.counts}}.items()
    }


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
        return "diverged", f"{error} in epoch {log[-1].epoch + 1 if log else 1}", None
    except Exception as error:  # a user's own network may raise anything, and torch raises much
        return "failed", in_one_line(error), None
    best = state.weights.best
    return "finished", "", best.epoch if best else None


def _predictions(
    network: nn.Module, recipe: Recipe, splits: Splits, rows: Rows, dataset: Dataset, beat: Beat
) -> Predictions:
    """Logits and losses of the final weights for the images of the run, in the manifest's order."""
    tables = []
    for name in (name for name in dataset.info.counts if len(splits[name])):
        split = splits[name]
        logits = evaluate(network, split, recipe, beat)
        table = {
            "split": [name] * len(split),
            "image_id": dataset.column(name, "image_id")[rows[name]],
            "label": split.labels.cpu().numpy(),
            "predicted": logits.argmax(1).numpy(),
            "logits": logits.numpy(),
            "loss": plain_losses(logits, split.targets.cpu()).numpy(),
        }
        tables.append(pl.DataFrame(table, schema=PREDICTIONS_SCHEMA))
    return Predictions(pl.concat(tables))
