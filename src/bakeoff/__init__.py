"""From annotations to an image-classification data set, to trained networks, to a comparison that can be believed.

`run` does all of it and gives an `Experiment`, which `open` gives of a folder that is there: its `comparison`,
`dataset`, `runs` and `findings` are records. The stages alone: `read_coco`, `select`, `build`, `train`. `improve` finds
what would make a network better; `predict` applies a trained one, `export` writes it as ONNX. `compare` takes the
predictions of any framework. Nothing heavy is imported before it is used.
"""

import importlib
import importlib.metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bakeoff.config.data import DataConfig
    from bakeoff.config.experiment import ExperimentConfig, Variant
    from bakeoff.config.loading import load_experiment
    from bakeoff.config.schema import Recipe, TrainingConfig
    from bakeoff.core.errors import BakeoffError
    from bakeoff.data.build.dataset import Dataset
    from bakeoff.data.coco.download import fetch_annotations
    from bakeoff.data.index import Index
    from bakeoff.data.sample import draw_sample
    from bakeoff.data.selection.selection import Selection
    from bakeoff.evaluation.improvements import Improvements
    from bakeoff.evaluation.scores import Comparison
    from bakeoff.evaluation.tuning import Tuning
    from bakeoff.findings.finding import Finding
    from bakeoff.training.predict import predict
    from bakeoff.training.run import Predictions, Run
    from bakeoff.training.train import train_module as train
    from bakeoff.workflow.api import build, export, improve, read_coco, run, select, tune
    from bakeoff.workflow.api import open_experiment as open  # noqa: A004  # called as bakeoff.open
    from bakeoff.workflow.compare import compare
    from bakeoff.workflow.experiment import Experiment
    from bakeoff.workflow.grade import grade
    from bakeoff.workflow.homework import write_homework
    from bakeoff.workflow.pipeline import demo, write_joint_report, write_report

__all__ = [
    "BakeoffError",
    "Comparison",
    "DataConfig",
    "Dataset",
    "Experiment",
    "ExperimentConfig",
    "Finding",
    "Improvements",
    "Index",
    "Predictions",
    "Recipe",
    "Run",
    "Selection",
    "TrainingConfig",
    "Tuning",
    "Variant",
    "__version__",
    "build",
    "compare",
    "demo",
    "draw_sample",
    "export",
    "fetch_annotations",
    "grade",
    "improve",
    "load_experiment",
    "open",
    "predict",
    "read_coco",
    "run",
    "select",
    "train",
    "tune",
    "write_homework",
    "write_joint_report",
    "write_report",
]

__version__ = importlib.metadata.version("bakeoff")

_HOMES = {
    "BakeoffError": ("core.errors", "BakeoffError"),
    "Comparison": ("evaluation.scores", "Comparison"),
    "DataConfig": ("config.data", "DataConfig"),
    "Dataset": ("data.build.dataset", "Dataset"),
    "Experiment": ("workflow.experiment", "Experiment"),
    "ExperimentConfig": ("config.experiment", "ExperimentConfig"),
    "Finding": ("findings.finding", "Finding"),
    "Improvements": ("evaluation.improvements", "Improvements"),
    "Index": ("data.index", "Index"),
    "Predictions": ("training.run", "Predictions"),
    "Recipe": ("config.schema", "Recipe"),
    "Run": ("training.run", "Run"),
    "Selection": ("data.selection.selection", "Selection"),
    "TrainingConfig": ("config.schema", "TrainingConfig"),
    "Tuning": ("evaluation.tuning", "Tuning"),
    "Variant": ("config.experiment", "Variant"),
    "build": ("workflow.api", "build"),
    "compare": ("workflow.compare", "compare"),
    "demo": ("workflow.pipeline", "demo"),
    "draw_sample": ("data.sample", "draw_sample"),
    "export": ("workflow.api", "export"),
    "fetch_annotations": ("data.coco.download", "fetch_annotations"),
    "grade": ("workflow.grade", "grade"),
    "improve": ("workflow.api", "improve"),
    "load_experiment": ("config.loading", "load_experiment"),
    "open": ("workflow.api", "open_experiment"),
    "predict": ("training.predict", "predict"),
    "read_coco": ("workflow.api", "read_coco"),
    "run": ("workflow.api", "run"),
    "select": ("workflow.api", "select"),
    "train": ("training.train", "train_module"),
    "tune": ("workflow.api", "tune"),
    "write_homework": ("workflow.homework", "write_homework"),
    "write_joint_report": ("workflow.pipeline", "write_joint_report"),
    "write_report": ("workflow.pipeline", "write_report"),
}
"""By name the module and what it is called there."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'bakeoff' has no attribute {name!r}")
    home, attribute = _HOMES[name]
    return getattr(importlib.import_module(f"bakeoff.{home}"), attribute)


def __dir__() -> list[str]:
    return __all__
