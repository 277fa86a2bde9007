"""Stored records made up for the tests of the report."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from bakeoff.config.data import DataConfig, SelectionConfig
from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.schema import Recipe, TrainingConfig
from bakeoff.core.types import Environment
from bakeoff.data.build.dataset import Dataset, DatasetInfo
from bakeoff.data.index import License, Problem
from bakeoff.data.selection.selection import SelectionInfo
from bakeoff.evaluation.comparison import compare
from bakeoff.evaluation.explanations import Explanation, Explanations
from bakeoff.models.architecture import Architecture, Layer
from bakeoff.report import ReportInput, rendering, write
from bakeoff.training.run import (
    PREDICTIONS_SCHEMA,
    BatchLog,
    EpochLog,
    LogLine,
    Predictions,
    Run,
    RunRecord,
    RunSpec,
    RunStatus,
)

SIDE, TRAIN_PER_CLASS, VAL_PER_CLASS = 16, 4, 3
BOX = ("label", "x", "y", "width", "height", "crowd")
LAYERS = (
    Layer("stem.conv1", "Conv2d", "3→16, kernel 3", (16, 14, 14), 448, False, 84_672, 3),
    Layer("head.logits", "Linear", "6272→64", (64,), 401_472, False, 401_408, None),
)


def make_dataset(folder: Path, classes: Sequence[str], texts: Sequence[str] = ()) -> Dataset:
    """Noise images on disk; the first photo of each class shows the next class too.

    Texts are names of further licences, the addresses of these, and parts of file names that a problem quotes.
    """
    folder.mkdir(parents=True)
    draws = np.random.default_rng(0)
    rows = []
    for split, count in (("train", TRAIN_PER_CLASS), ("val", VAL_PER_CLASS)):
        np.save(folder / f"{split}.npy", draws.integers(0, 256, (count * len(classes), SIDE, SIDE, 3)).astype(np.uint8))
        for label, name in enumerate(classes):
            for number in range(count):
                others = [classes[(label + 1) % len(classes)]] if number == 0 else []
                held = [name, *others]
                boxes = [dict(zip(BOX, (own, 0.1, 0.2, 0.5, 0.25, False), strict=True)) for own in held]
                url = f"http://images.cocodataset.org/val/{len(rows)}.jpg" if number else None
                licence = 4 + len(rows) % (len(texts) + 1) if number else None
                rows.append((split, len(rows), label, held, boxes, licence, url, 640, 480))
    columns = ["split", "image_id", "label", "annotated", "boxes", "license", "url", "width", "height"]
    manifest = pl.DataFrame(rows, schema=columns, orient="row")
    manifest = manifest.with_columns(
        pl.format("images/{}.jpg", "image_id").alias("image"),
        pl.format("{}{}.jpg", "image_id", pl.lit("".join(texts))).alias("file_name"),
        pl.format("digest {}", "image_id").alias("source_digest"),
    )
    licences = (License(4, "CC BY", "http://by"), *(License(5 + place, text, text) for place, text in enumerate(texts)))
    problems = tuple(Problem("other-photo", 1, f"1 photos are others: left out ({text})") for text in texts)
    selection = SelectionInfo(
        SelectionConfig(classes=tuple(classes)), "instances.json", "0", "0", licences, problems=problems
    )
    counts = {"train": TRAIN_PER_CLASS * len(classes), "val": VAL_PER_CLASS * len(classes)}
    info = DatasetInfo(tuple(classes), SIDE, "area", 95, counts, selection, "photos", 1, "d1", "r1", {})
    ledger = pl.DataFrame({"reason": ["chosen"] * 5 + ["replaces image 7", "quotas filled", "an empty file"]})
    return Dataset(folder, info, manifest, lambda: ledger)


def without_validation(dataset: Dataset) -> Dataset:
    """The data set without its validation split."""
    np.save(dataset.folder / "val.npy", np.zeros((0, SIDE, SIDE, 3), dtype=np.uint8))
    info = msgspec.structs.replace(dataset.info, counts={"train": dataset.info.counts["train"], "val": 0})
    return replace(dataset, info=info, manifest=dataset.rows("train"))


def make_run(dataset: Dataset, network: str, seed: int = 0, status: RunStatus = "finished", reason: str = "") -> Run:
    """A run with a short log whose predictions are right three times out of four, or none where it did not finish."""
    classes = dataset.info.classes
    spec = RunSpec(network, network, "", seed, Recipe(), classes, SIDE, "area", dataset.info.digest, "cpu")
    architecture = Architecture(401_920, 486_080, 3, LAYERS) if status == "finished" else None
    record = RunRecord(status, reason, 65.0, 2, architecture, Environment("3.11", "Linux", 2, {"torch": "2"}))
    if status != "finished":
        return Run(
            Path(f"runs/{network}-seed{seed}"), spec, record, (), Predictions(pl.DataFrame(schema=PREDICTIONS_SCHEMA))
        )
    log = (
        EpochLog(0, None, None, 1.6, 0.2, {"stem.conv1": 0.1, "head.logits": 0.5}, {"stem.conv1": 1.0}, 0.1),
        BatchLog(1, 100, 1.5),
        EpochLog(1, 1.4, 0.4, 1.4, 0.4, {"stem.conv1": 0.2, "head.logits": 0.4}, {"stem.conv1": None}, 1.0),
    )
    guesses = [
        label if (number + seed) % 4 else (label + 1) % len(classes)
        for number, label in enumerate(dataset.manifest["label"])
    ]
    logits = [[2.0 if label == guess else 0.0 for label in range(len(classes))] for guess in guesses]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    table = dataset.manifest.select("split", "image_id", "label").with_columns(
        pl.Series("predicted", guesses),
        pl.Series("logits", logits, dtype=pl.List(pl.Float32)),
        pl.Series("loss", -np.log(shares[range(len(guesses)), dataset.manifest["label"]])),
    )
    return Run(Path(f"runs/{network}-seed{seed}"), spec, record, log, Predictions(table))


@dataclass(frozen=True)
class Written:
    """A report on disk, and what it was made from."""

    folder: Path
    page: str


@pytest.fixture
def run_factory(tmp_path: Path) -> Callable[..., Run]:
    """A run of a made-up data set: arguments of `make_run`, and lines that replace its log's."""
    dataset = make_dataset(tmp_path / "data", ("ant", "bee", "cat"))

    def make(*spec: object, log: Sequence[LogLine] | None = None) -> Run:
        run = make_run(dataset, *spec)
        return run if log is None else replace(run, log=tuple(log))

    return make


def make_case(
    folder: Path,
    classes: Sequence[str] = ("ant", "bee", "cat"),
    runs: Sequence[tuple[object, ...]] = (("net1",), ("net2",)),
    question: str = "Which is best?",
    command: str = "bakeoff run demo",
    seeds: int = 1,
    val: bool = True,
    texts: Sequence[str] = (),
    change: Callable[[Run], Run] = lambda run: run,
    explained: bool = False,
) -> ReportInput:
    """A made-up experiment with its data set in a folder: classes, runs as arguments of `make_run`, seeds asked for."""
    dataset = make_dataset(folder, classes, texts)
    dataset = dataset if val else without_validation(dataset)
    made = [change(make_run(dataset, *run)) for run in runs]
    experiment = ExperimentConfig(
        name="made-up",
        question=question,
        data=DataConfig(classes=tuple(classes)),
        training=TrainingConfig(networks=tuple(dict.fromkeys(run.spec.variant for run in made)), seeds=seeds),
    )
    found = make_explanations(dataset, [run.spec.variant for run in made]) if explained else None
    return ReportInput(experiment, compare(dataset, made).comparison, dataset, made, command, explanations=found)


def make_explanations(dataset: Dataset, networks: Sequence[str]) -> Explanations:
    """Each network looks at the left half of each photo, half of it in the boxes; all else is as simple."""
    rows = dataset.rows("val")
    saliency = np.zeros((rows.height, 8, 8), dtype=np.uint8)
    saliency[:, :, :4] = 255
    return Explanations(
        networks=tuple(
            Explanation(
                name,
                0,
                layer="stem.conv1",
                image_ids=tuple(rows["image_id"]),
                photos=tuple(range(rows.height)),
                labels=tuple(dataset.info.classes[label] for label in rows["label"]),
                predicted=tuple(dataset.info.classes[label] for label in rows["label"]),
                shares=(0.5,) * rows.height,
                areas=(0.125,) * rows.height,
                saliency=saliency.tobytes(),
                side=8,
                points=tuple((float(number), number / 2) for number in range(rows.height)),
                variances=(0.75, 0.125),
                filters=bytes([255, 0, 0] * 2 * 9),
                filter_shape=(2, 3, 3, 3),
            )
            for name in dict.fromkeys(networks)
        ),
        runs={},
        photos=100,
    )


def write_report(folder: Path, *args: Any, name: str = "report", **options: Any) -> Written:
    """Writes the report of a made-up experiment; arguments as of `make_case`."""
    page = write(folder / name, make_case(folder / f"{name}-data", *args, **options))
    return Written(folder / name, page.read_text(encoding="utf-8"))


@pytest.fixture(scope="session", autouse=True)
def png_drawn_once() -> Iterator[None]:
    """A PNG takes a fifth of a second, and most tests draw the same; `test_rendering.py` tests the drawing itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "to_png", cache(rendering.to_png))
        yield


@pytest.fixture
def report_factory(tmp_path: Path) -> Callable[..., Written]:
    """`write_report` into a folder of the test's own."""
    return partial(write_report, tmp_path)
