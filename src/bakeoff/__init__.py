"""From COCO detection annotations to an image classification data set, to CNNs trained on it, to a comparison.

One verb a stage: `read_index`, `select`, `build`, `train`, `write_report`; `run` is all of them, `demo` is `run` on a
drawn sample, `improve` finds what would make a network better, `predict` applies a trained one, `export` makes it a
file; `fetch_annotations` downloads an instances file of COCO. Each does what the command of its name does. Nothing
heavy is imported before it is used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bakeoff.config import DataConfig, Experiment, TrainingConfig
    from bakeoff.errors import BakeoffError
    from bakeoff.fetching import fetch_annotations
    from bakeoff.improvement import improve
    from bakeoff.pipeline import build, demo, read_index, run, select, train, write_report
    from bakeoff.prediction import export, predict
    from bakeoff.recipes import load_experiment
    from bakeoff.sample import draw_sample

__all__ = [
    "BakeoffError",
    "DataConfig",
    "Experiment",
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
    "config": ("DataConfig", "Experiment", "TrainingConfig"),
    "errors": ("BakeoffError",),
    "fetching": ("fetch_annotations",),
    "improvement": ("improve",),
    "pipeline": ("build", "demo", "read_index", "run", "select", "train", "write_report"),
    "prediction": ("export", "predict"),
    "recipes": ("load_experiment",),
    "sample": ("draw_sample",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"bakeoff.{home}"), name)
    raise AttributeError(f"module 'bakeoff' has no attribute {name!r}")
