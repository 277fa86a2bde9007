"""An experiment: the folder, and nothing outside this module knows what lies where in it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from bakeoff.config.experiment import ExperimentConfig, Variant, data_owners
from bakeoff.core.atomic import lock, remove_partials
from bakeoff.core.errors import StorageError
from bakeoff.core.parquet import read_parquet
from bakeoff.core.seals import broken_seals, check_seal
from bakeoff.core.storage import MARKER, Record, check_owned, check_sealed, digest, mark_owned, read_json, write_sealed
from bakeoff.core.types import Environment
from bakeoff.core.untrusted import check_tree, inside
from bakeoff.data.build.dataset import Dataset
from bakeoff.data.build.load import load as load_dataset
from bakeoff.data.selection import load as load_selection
from bakeoff.data.selection.selection import Selection
from bakeoff.evaluation.explanations import Explanations
from bakeoff.evaluation.improvements import Improvements
from bakeoff.evaluation.latency import Latencies
from bakeoff.evaluation.results import Results
from bakeoff.evaluation.scores import Comparison
from bakeoff.evaluation.tuning import Tuning
from bakeoff.findings.finding import Finding, Findings
from bakeoff.training.run import Run, RunSpec, load_run
from bakeoff.workflow.records import RunFiles, StoredConfig

if TYPE_CHECKING:
    from bakeoff.report import Figure, ReportInput, Table

KIND = "experiment"
CACHE = ".bakeoff-cache"
OPTIONAL = {
    Explanations: "explanations.json",
    Improvements: "improve/improvements.json",
    Latencies: "latency.json",
    Tuning: "tune/tuning.json",
}
"""The records that not every experiment has."""
RESULTS = ("comparison.json", "findings.json")
RECORDS = ("experiment.json", *RESULTS, *OPTIONAL.values())
_locked: set[Path] = set()


class Experiment:
    """An experiment's folder, with the records in it.

    Records are read when they are first asked for, and raise `StorageError` where they are missing or damaged.

    Args:
        folder: It need not exist.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.folder = Path(folder)
        self.cache = self.folder.parent / CACHE
        self.report_folder = self.folder / "report"
        self.homework_folder = self.folder / "homework"
        self.sample_folder = self.folder / "sample"

    def __repr__(self) -> str:
        return f"Experiment({str(self.folder)!r})"

    def check_owned(self) -> None:
        """Raises `StorageError` if the folder holds something other than an experiment, or a link out of it."""
        check_tree(self.folder)
        check_owned(self.folder, KIND)

    def own(self) -> None:
        """Marks the folder as an experiment's; raises as `check_owned` does."""
        mark_owned(self.folder, KIND)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Waits for another command in this folder, and holds the folder; removes what killed ones left of records."""
        own = self.folder.resolve()
        if own in _locked:  # by this process: a stage of a run
            yield
            return
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with lock(own):
            _locked.add(own)
            try:
                remove_partials(self.folder, MARKER, "experiment.json", *OPTIONAL.values())
                yield
            finally:
                _locked.remove(own)

    @contextmanager
    def scoring(self) -> Iterator[None]:
        """Holds the results against other commands that score; training, which adds runs, may go on meanwhile."""
        with lock(self.folder / "results"):
            remove_partials(self.folder, *RESULTS)
            yield

    def selection_folder(self, variant: str = "") -> Path:
        """Of the experiment's selection, or of a variant that has its own."""
        return self._home(variant) / "selection"

    def dataset_folder(self, variant: str = "") -> Path:
        """Of the experiment's data set, or of a variant that has its own."""
        return self._home(variant) / "dataset"

    def _home(self, variant: str) -> Path:
        return self.folder / "variants" / variant if variant else self.folder

    def run_files(self, variant: str, seed: int) -> RunFiles:
        """The files of the run of a variant with a seed."""
        return RunFiles.of(self.folder, f"{variant}-seed{seed}")

    @classmethod
    def of_run(cls, folder: Path) -> "Experiment":
        """The experiment that a run's folder is in."""
        return cls(folder.resolve().parents[1])

    @cached_property
    def stored(self) -> StoredConfig:
        """What was asked, by whom and with what."""
        if not self.is_trained:
            raise StorageError(
                f"{self.folder} is no experiment that was trained: experiment.json is missing. Give the folder that "
                "`bakeoff run` or `bakeoff train` wrote."
            )
        check_tree(self.folder)
        return read_json(self.folder / "experiment.json", StoredConfig, sealed=True)

    @property
    def is_trained(self) -> bool:
        """Whether networks were trained in it."""
        return (self.folder / "experiment.json").exists()

    @property
    def config(self) -> ExperimentConfig:
        """Every value of the experiment, defaults included."""
        return self.stored.config

    @property
    def variants(self) -> tuple[Variant, ...]:
        """What is compared."""
        return self.config.variant_list

    def store_config(self, config: ExperimentConfig, command: str) -> None:
        """Writes what was asked."""
        write_sealed(self.folder / "experiment.json", StoredConfig(config, command, Environment.current()))
        self.__dict__.pop("stored", None)

    @property
    def selection(self) -> Selection:
        """The images chosen, with the ledger."""
        return load_selection(self.selection_folder())

    @cached_property
    def dataset(self) -> Dataset:
        """The data set of every variant that changes nothing of the data."""
        return load_dataset(self.dataset_folder())

    def datasets(self, config: ExperimentConfig, variants: Sequence[Variant]) -> dict[str, Dataset]:
        """The data set of each variant, by its name."""
        owners = data_owners(config, variants)
        loaded = {owner: load_dataset(self.dataset_folder(owner)) for owner in dict.fromkeys(owners.values())}
        return {name: loaded[owner] for name, owner in owners.items()}

    @property
    def runs(self) -> list[Run]:
        """The runs of all variants and seeds, as far as they are there; in the experiment's order."""
        return self.stored_runs(self.variants)

    def stored_runs(self, variants: Sequence[Variant]) -> list[Run]:
        """The runs of variants, as far as they are there."""
        seeds = self.config.training.seed_list
        folders = [self.run_files(variant.name, seed).folder for variant in variants for seed in seeds]
        return [load_run(folder) for folder in folders if folder.exists()]

    @property
    def comparison(self) -> Comparison:
        """The scores of the runs, and every pair of variants compared."""
        return read_json(self.folder / "comparison.json", Comparison, sealed=True)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the diagnosis found, most important first."""
        return read_json(self.folder / "findings.json", Findings, sealed=True).findings

    @property
    def improvements(self) -> Improvements | None:
        """What `improve` tried; None where it was not run."""
        return self._optional(Improvements)

    @property
    def latencies(self) -> Latencies | None:
        """How long the networks take on the machine that measured them; None where that was not asked for."""
        return self._optional(Latencies)

    @property
    def explanations(self) -> Explanations | None:
        """What the networks look at; None where that was not asked for."""
        return self._optional(Explanations)

    @property
    def tuning(self) -> Tuning | None:
        """What the search for recipes tried and chose; None where there was none."""
        return self._optional(Tuning)

    def _optional(self, kind: type[Record]) -> Record | None:
        path = self.folder / OPTIONAL[kind]
        return read_json(path, kind, sealed=True) if path.exists() else None

    def store(self, record: Explanations | Improvements | Latencies | Tuning) -> None:
        """Writes what a further stage found."""
        write_sealed(self.folder / OPTIONAL[type(record)], record)

    def store_results(self, comparison: Comparison, findings: tuple[Finding, ...]) -> None:
        """Writes the scores and the findings."""
        write_sealed(self.folder / "comparison.json", comparison)
        write_sealed(self.folder / "findings.json", Findings(findings))

    def case(self, results: Results, findings: tuple[Finding, ...]) -> "ReportInput":
        """What the report is made from."""
        from bakeoff.report import ReportInput

        tuning = self.tuning  # of these settings, or of a search whose networks were not trained yet
        return ReportInput(
            self.config,
            results.comparison,
            results.dataset,
            results.runs,
            self.stored.command,
            findings,
            self.improvements,
            results.latencies,
            tuning if tuning and tuning.config == self.config.tune else None,
            self.explanations if self.config.evaluation.explain else None,
        )

    def latencies_of(self, runs: Sequence[Run]) -> Latencies | None:
        """Those of the networks as they are trained now."""
        return self.latencies and self.latencies.of_runs({digest(run.spec) for run in runs})

    @cached_property
    def shown(self) -> "ReportInput":
        """What the report shows, from the stored scores and findings."""
        runs = self.runs
        return self.case(Results(self.comparison, {}, {}, self.dataset, runs, self.latencies_of(runs)), self.findings)

    @cached_property
    def figures(self) -> "Mapping[str, Figure]":
        """The report's charts by their names, such as "loss" and "confusion-net1"; a notebook draws them."""
        from bakeoff.report.display import figures_of

        return figures_of(self.shown)

    @cached_property
    def tables(self) -> "Mapping[str, Table]":
        """The report's tables by their names, such as "networks" and "pairs"; a notebook draws them."""
        from bakeoff.report.display import tables_of

        return tables_of(self.shown)

    def _repr_mimebundle_(self, **_options: object) -> Mapping[str, object]:
        """By MIME type what a notebook shows: findings, scores and losses, as soon as there are any."""
        scored = (self.folder / "comparison.json").exists()
        return self.shown._repr_mimebundle_() if scored else {"text/plain": repr(self)}

    def shared_predictions(self, spec: RunSpec, images: str) -> Path:
        """The file with what a run predicts for images that are new to it and to another variant's data set.

        Args:
            spec: Of the run.
            images: The images' digest.
        """
        return inside(self.folder, f"shared/{images}/{spec.name}-{digest(spec)}/predictions.parquet")

    def read_shared(self, spec: RunSpec, images: str) -> pl.DataFrame | None:
        """Those predictions, with the columns image_id and label and predicted; None where there are none."""
        path = self.shared_predictions(spec, images)
        check_seal(path.parent, path.name)
        return read_parquet(path, path.parent) if path.exists() else None

    def verify(self) -> list[str]:
        """What is not as it was written, a line each: of selections, data sets and runs all files, and the records."""
        found = list(broken_seals(self.folder))
        for path in RECORDS:
            try:
                if (self.folder / path).exists():
                    check_sealed(self.folder / path)
            except StorageError as error:
                found.append(str(error))
        return found

    @property
    def digests(self) -> Mapping[str, str]:
        """By part ("selection", "dataset", "runs/NAME") its digest: what makes two of them the same."""
        runs = {f"runs/{run.name}": digest(run.spec) for run in self.runs}
        return {"selection": self.selection.info.digest, "dataset": self.dataset.info.digest} | runs
