"""What tests share: the real COCO data where it is at hand, and hypothesis without a clock."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.loading import load_experiment
from bakeoff.data.sample import draw_sample
from bakeoff.workflow import pipeline

QUICK = (
    "data.train_per_class=8",
    "data.val_per_class=4",
    "data.size=16",
    "data.workers=1",
    "training.epochs=4",
    "training.networks=net1,net2",
    "training.executor=serial",
)

settings.register_profile("bakeoff", deadline=None)  # machines differ in speed; a slow one is no failure
settings.load_profile("bakeoff")


@pytest.fixture(scope="session")
def coco_data() -> Path:
    """The folder of real COCO data: `BAKEOFF_DATA`, by default `shared/data` beside the checkout."""
    folder = Path(os.environ.get("BAKEOFF_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real COCO data: {folder} does not exist; set BAKEOFF_DATA")
    return folder


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn data set of 160 images; not to be changed."""
    folder = tmp_path_factory.mktemp("drawn") / "sample"
    draw_sample(folder, images=160)
    return folder


def experiment(sample: Path, *overrides: str) -> ExperimentConfig:
    """A small experiment on a drawn data set."""
    paths = (f"data.annotations={sample / 'instances.json'}", f"data.images={sample / 'images'}")
    return load_experiment("demo", [*QUICK, *paths, *overrides])


@pytest.fixture(scope="session")
def finished(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an experiment that ran to its end; not to be changed."""
    folder = tmp_path_factory.mktemp("finished") / "out"
    pipeline.run(experiment(sample), folder, command="bakeoff run demo")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, as BAKEOFF_CHROMIUM names it or as it is installed."""
    path = os.environ.get("BAKEOFF_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("no Chromium: install the package `chromium`, or set BAKEOFF_CHROMIUM")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def model_libraries() -> torch.library.Library | None:
    """Lets torchvision, and timm with it, be imported where its compiled operators don't fit torch.

    Its builds on PyPI are for CUDA's torch; bakeoff uses none of the operators. Returns what has to be kept.
    """
    library = None
    try:
        pytest.importorskip("torchvision")
    except RuntimeError:
        library = torch.library.Library("torchvision", "FRAGMENT")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    pytest.importorskip("timm")
    return library
