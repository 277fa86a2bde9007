"""The documented way to train a network of Hugging Face transformers, with a small one that is made here."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.conftest import QUICK
from tests.test_plugins import install

from bakeoff.workflow.experiment import Experiment

pytestmark = pytest.mark.skipif(not find_spec("transformers"), reason="transformers is not installed")
DOCS = Path(__file__).parents[1] / "docs" / "experiment.md"
MAKE = """
from transformers import ViTConfig, ViTForImageClassification
sizes = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=7)
ViTForImageClassification(ViTConfig(image_size=32, patch_size=8, **sizes)).save_pretrained("checkpoint")
"""

OPERATORS = """
import torch
try:
    import torchvision
except RuntimeError:
    library = torch.library.Library("torchvision", "FRAGMENT")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
"""
"""What torchvision, which transformers imports, lacks beside torch's build for the CPU; see `model_libraries`."""


@pytest.mark.slow
def test_the_documented_entry_point_is_trained_explained_and_used(sample: Path, tmp_path: Path) -> None:
    section = DOCS.read_text().split("### Networks of Hugging Face transformers\n")[1].split("\n#")[0]
    code, point = (re.search(rf"```{kind}\n(.*?)```", section, re.S) for kind in ("python", "toml"))
    assert code
    assert point
    install(
        tmp_path / "site", {"networks": point[1].splitlines()[1].replace('"', "").replace("my_package.nets", "nets")}
    )
    (tmp_path / "nets.py").write_text(code[1].replace("google/vit-base-patch16-224", str(tmp_path / "checkpoint")))
    (tmp_path / "site" / "sitecustomize.py").write_text(OPERATORS)
    paths = os.pathsep.join((str(tmp_path / "site"), str(tmp_path), *sys.path))
    environment = {**os.environ, "PYTHONPATH": paths, "HF_HUB_OFFLINE": "1"}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, cwd=tmp_path, check=False, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("-c", MAKE)
    asked = [f"data.annotations={sample / 'instances.json'}", f"data.images={sample / 'images'}"]
    asked += [*QUICK, "training.networks=vit", "training.epochs=1", "variants.vit.input_size=32"]
    run("-m", "bakeoff", "run", "demo", "--out", "out", *(part for value in asked for part in ("--set", value)))
    experiment = Experiment(tmp_path / "out")
    (trained,) = experiment.runs
    assert (trained.spec.network, trained.finished) == ("vit", True)
    assert experiment.explanations
    assert experiment.explanations.networks[0].reason == ""
    photo = sorted((sample / "images").iterdir())[0]
    assert photo.name in run("-m", "bakeoff", "predict", str(trained.folder), str(photo))
