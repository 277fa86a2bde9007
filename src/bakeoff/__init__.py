"""From COCO detection annotations to an image classification data set, to CNNs trained on it, to a comparison.

One verb a stage: `read_index`, `select`, `build`, `train`, `write_report`; `run` is all of them, `demo` is `run` on a
drawn sample, `improve` finds what would make a network better, `predict` applies a trained one, `export` makes it a
file; `fetch_annotations` downloads an instances file of COCO. Each does what the command of its name does. Nothing
heavy is imported before it is used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bakeoff.config.loading import load_experiment
    from bakeoff.config.schema import DataConfig, ExperimentConfig, TrainingConfig
    from bakeoff.core.errors import BakeoffError
    from bakeoff.data.coco.download import fetch_annotations
    from bakeoff.data.inputs import read_index
    from bakeoff.data.sample import draw_sample
    from bakeoff.training.prediction import export, predict
    from bakeoff.workflow.improve import improve
    from bakeoff.workflow.pipeline import build, demo, run, select, train, write_report

__all__ = [
    "BakeoffError",
    "DataConfig",
    "ExperimentConfig",
    "TrainingConfig",
    "build",
    "demo",
    "draw_sample",
    "export",
    "fetch_annotations",
    "improve",
    "load_experiment",
    "predict",
    "read_index",
    "run",
    "select",
    "train",
    "write_report",
]

_HOMES = {
    "config.loading": ("load_experiment",),
    "config.schema": ("DataConfig", "ExperimentConfig", "TrainingConfig"),
    "core.errors": ("BakeoffError",),
    "data.inputs": ("read_index",),
    "data.coco.download": ("fetch_annotations",),
    "data.sample": ("draw_sample",),
    "training.prediction": ("export", "predict"),
    "workflow.improve": ("improve",),
    "workflow.pipeline": ("build", "demo", "run", "select", "train", "write_report"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"bakeoff.{home}"), name)
    raise AttributeError(f"module 'bakeoff' has no attribute {name!r}")
