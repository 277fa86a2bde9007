"""One hand-in looked through: a folder with a data set, tables of predictions, confusion matrices, weights."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from msgspec.structs import replace

from bakeoff.core.errors import BakeoffError, ConfigError, SourceError
from bakeoff.core.mistake import Mistake
from bakeoff.core.progress import Monitor
from bakeoff.core.storage import file_digest
from bakeoff.core.types import VAL
from bakeoff.core.untrusted import as_text
from bakeoff.data import inputs
from bakeoff.data.audit.channels import find_swapped_channels
from bakeoff.data.audit.mistakes import mistakes_of
from bakeoff.data.audit.result import LabelCheck
from bakeoff.data.build.dataset import Dataset
from bakeoff.data.image_folder.tree import Tree, is_hidden, scan
from bakeoff.data.index import Index
from bakeoff.data.photo_formats import SUFFIXES
from bakeoff.evaluation.columns import PREDICTED, SCORES, TRUE, read_table
from bakeoff.evaluation.external import LabelTable, labels_of_table, named, runs_of_table, runs_of_values
from bakeoff.evaluation.hand_in import HandIn
from bakeoff.evaluation.mistakes import (
    Counts,
    as_matrix,
    count,
    mistake_of_channels,
    mistakes_of_matrix,
    mistakes_of_predictions,
)
from bakeoff.evaluation.predictions import RunPredictions

if TYPE_CHECKING:
    from bakeoff.training.handed_in import HandedInNetwork

TABLES, WEIGHTS, SOURCE = (".csv", ".tsv", ".parquet"), (".pt", ".pth", ".safetensors"), ".py"
SIZE, CLASSES = 64, 5
"""The homework's image side in pixels and number of classes, where no experiment says others."""


@dataclass(frozen=True)
class Reference:
    """What hand-ins are compared with, as far as it is given; arguments of `grade`."""

    labels: LabelTable | None
    dataset: Dataset | None
    index: Index | None
    originals: Path | None
    classes: tuple[str, ...]
    allow_code: bool


class Examination:
    """One hand-in looked through; a file that can't be used becomes a mistake.

    Args:
        folder: The hand-in.
        name: What it is called.
        reference: What it is compared with.
        monitor: Told how far the audit of its photos is.

    Attributes:
        runs: Its predictions for the images of the labels given.
    """

    def __init__(self, folder: Path, name: str, reference: Reference, monitor: Monitor) -> None:
        self.runs: list[RunPredictions] = []
        self._folder, self._name, self._reference, self._monitor = folder, name, reference, monitor
        self._mistakes: list[Mistake] = []
        self._notes: list[str] = []
        self._photos: dict[str, int] = {}
        self._accuracies: dict[str, float] = {}
        self._counted: list[Counts] = []

    def hand_in(self) -> HandIn:
        """What was found."""
        if tree := self._tree():
            self._look_at_photos(tree)
        files = list(self._files(tree))
        self._look_at_tables([path for path in files if path.suffix.lower() in TABLES])
        sources = [path for path in files if path.suffix == SOURCE]
        for path in files:
            if path.suffix.lower() in WEIGHTS:
                with self._noted(path):
                    self._look_at_weights(path, sources)
        read = tuple(self._label(path) for path in files if path.suffix.lower() in (*TABLES, *WEIGHTS))
        notes = tuple(dict.fromkeys(as_text(note).removeprefix(f"{self._name}: ") for note in self._notes))
        mistakes = tuple(replace(mistake, text=as_text(mistake.text)) for mistake in self._mistakes)
        return HandIn(self._name, self._photos, read, self._accuracies, mistakes, notes)

    @contextmanager
    def _noted(self, path: Path) -> Iterator[None]:
        try:
            yield
        except BakeoffError as error:
            self._mistakes.append(Mistake("not-read", f"{self._label(path)}: {error}"))

    def _label(self, path: Path) -> str:
        return as_text(path.relative_to(self._folder).as_posix())

    def _files(self, tree: Tree | None) -> Iterator[Path]:
        """All files beside the photos, in the order of their names; links that leave the folder are left out."""
        root = self._folder.resolve()
        used = {tree.root / Path(photo.file).parts[0] for photo in tree.photos} if tree else set()
        for path in sorted(self._folder.rglob("*")):
            hidden = any(map(is_hidden, path.relative_to(self._folder).parts))
            if hidden or not used.isdisjoint(path.parents) or not path.is_file():
                continue
            if path.resolve().is_relative_to(root):
                yield path

    def _tree(self) -> Tree | None:
        """The data set: the folder itself or one in it, one with splits first."""
        inner = [path for path in sorted(self._folder.iterdir()) if path.is_dir() and not path.is_symlink()]
        found, refusals = [], []
        for path in (self._folder, *inner):
            try:
                found.append(scan(path))
            except SourceError as error:
                refusals.append(f"its photos are not looked at: {error}")
        if not found and any(file.suffix.lower() in SUFFIXES for own in inner for file in own.rglob("*")):
            self._notes.append(refusals[-1])
        return min(found, key=lambda tree: tree.splits == (None,), default=None)

    def _look_at_photos(self, tree: Tree) -> None:
        reference = self._reference
        audit = inputs.audit_read(tree, reference.index, self._monitor)
        self._photos = {split: sum(sizes.values()) for split, sizes in audit.counts.items()}
        self._mistakes += mistakes_of(audit)
        if audit.labels:
            self._notes += _not_judged(audit.labels)
        if reference.originals:
            compared, found = find_swapped_channels(tree, reference.originals, inputs.thumbnail)
            self._mistakes += [found] if found else []
            self._notes += [] if compared else [f"none of its photos could be compared with {reference.originals}"]

    def _look_at_tables(self, paths: Sequence[Path]) -> None:
        matrices = {}
        for path in paths:
            with self._noted(path):
                table = read_table(path)
                if (matrix := as_matrix(table)) is not None:
                    matrices[path] = matrix
                elif self._holds_predictions(table):
                    self._look_at_predictions(path, table)
                else:
                    self._notes.append(f"{self._label(path)}: no column of predictions, so that it is not looked at")
        labels = self._reference.labels
        totals = np.bincount(labels.images.labels, minlength=len(labels.classes)).tolist() if labels else None
        for path, matrix in matrices.items():
            self._mistakes += mistakes_of_matrix(self._label(path), matrix, self._counted, totals)

    def _holds_predictions(self, table: pl.DataFrame) -> bool:
        labels = self._reference.labels
        names = {*PREDICTED, *SCORES} - {*TRUE} | {name.lower() for name in (labels.classes if labels else ())}
        return not names.isdisjoint(column.lower() for column in table.columns)

    def _look_at_predictions(self, path: Path, table: pl.DataFrame) -> None:
        variant, seed = named(f"{self._name}: {Path(self._label(path)).with_suffix('')}")
        shared = self._reference.labels
        if not shared and {*TRUE}.isdisjoint(column.lower() for column in table.columns):
            raise ConfigError("there are no labels to compare the predictions with; give them with --labels.")
        labels = shared or labels_of_table(table, self._reference.classes)
        runs, notes = runs_of_table(variant, table, labels, seed)
        self._notes += notes
        self._judge(runs, labels)

    def _judge(self, runs: Sequence[RunPredictions], labels: LabelTable) -> None:
        self.runs += runs if labels is self._reference.labels else ()
        for run in (own for own in runs if VAL in own.splits):
            matrix = count(run.splits[VAL], len(labels.classes))
            name = f"{run.variant.removeprefix(f'{self._name}: ')}, seed {run.seed}"
            self._counted.append(matrix)
            self._accuracies[name] = float(run.splits[VAL].correct.mean())
            self._mistakes += mistakes_of_predictions(name, matrix, labels.classes)

    def _look_at_weights(self, path: Path, sources: Sequence[Path]) -> None:
        from bakeoff.models.tied import mistakes_of_layers, mistakes_of_weights
        from bakeoff.models.weights import read_weights
        from bakeoff.training.handed_in import network_of

        weights, reference = read_weights(path), self._reference
        self._mistakes += (found := list(mistakes_of_weights(self._label(path), weights)))
        if not sources:
            self._notes.append(f"{self._label(path)}: no source of its network, so that it is not applied to photos")
            return
        if not reference.allow_code:
            named_sources = ", ".join(f"{self._label(own)} (digest {file_digest(own)})" for own in sources)
            self._notes.append(f"not run without --allow-code: {named_sources}; read it first")
            return
        info = reference.dataset.info if reference.dataset else None
        size, classes = (info.size, len(info.classes)) if info else (SIZE, len(reference.classes) or CLASSES)
        network = network_of(sources, weights, classes, size)
        self._mistakes += () if found else mistakes_of_layers(self._label(path), network.architecture())
        if reference.dataset and reference.labels:
            self._apply(path, network, reference.dataset, reference.labels)

    def _apply(self, path: Path, network: "HandedInNetwork", dataset: Dataset, labels: LabelTable) -> None:
        """The network's predictions for the experiment's validation images, as RGB and as BGR."""
        images, truth = dataset.images[VAL], labels.images.labels
        variant, seed = named(f"{self._name}: {Path(self._label(path)).with_suffix('')}")
        logits = network.logits(images)
        runs, _ = runs_of_values(variant, {seed or 0: logits}, labels)
        self._judge(runs, labels)
        plain, swapped = (own.argmax(axis=1) == truth for own in (logits, network.logits(images[..., ::-1])))
        if found := mistake_of_channels(self._label(path), plain, swapped):
            self._mistakes.append(found)


def _not_judged(labels: LabelCheck) -> Iterator[str]:
    """What the instances file says nothing of: without this, nothing found would look like nothing wrong."""
    if lost := labels.unmatched:
        count = labels.matched + len(lost)
        yield f"{len(lost):,} of {count:,} photos are not in {labels.annotations}, such as {lost[0]}: not judged by it"
    if unknown := labels.unknown_classes:
        yield f"no category of {labels.annotations}, so that it does not judge them: {', '.join(unknown)}"
