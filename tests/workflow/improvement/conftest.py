"""A folder in which one network was improved."""

from pathlib import Path

import pytest
from tests.workflow.test_pipeline import experiment

from bakeoff.evaluation.improvements import Improvements
from bakeoff.workflow import pipeline
from bakeoff.workflow.improvement import improve

OVERRIDES = ("training.seeds=2", "training.networks=net3,net1", "improve.network=net3", "data.val_per_class=3")


@pytest.fixture(scope="session")
def improved(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Improvements]:
    """An experiment's folder with a report, and what `improve` gave; not to be changed."""
    folder = tmp_path_factory.mktemp("improved") / "out"
    asked = experiment(sample, *OVERRIDES)
    pipeline.run(asked, folder)
    return folder, improve(asked, folder)
