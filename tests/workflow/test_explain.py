"""What the networks look at, as a part of an experiment."""

import json
import re
from pathlib import Path

import pytest
from tests.conftest import experiment

from bakeoff.core.errors import StorageError
from bakeoff.evaluation.explanations import in_boxes
from bakeoff.workflow import pipeline
from bakeoff.workflow.experiment import Experiment

MOODY = """
from torch import nn
class Moody(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.layer = nn.Conv2d(3, num_classes, 3)
    def forward(self, images):
        if images.requires_grad:
            raise RuntimeError("not now")
        return self.layer(images).mean((2, 3))
"""


def test_each_variant_is_explained_and_measured(finished: Path) -> None:
    made = Experiment(finished)
    found = made.explanations
    assert found
    assert [own.variant for own in found.networks] == ["net1", "net2"]
    manifest = made.dataset.rows("val")
    for own in found.networks:
        assert list(own.image_ids) == manifest["image_id"].to_list(), "fewer than a hundred: all of them"
        assert len(own.saliency) == len(own.image_ids) * own.side**2
        assert all(0 <= share <= 1.000001 for share in own.shares if share is not None)
        assert all(0 < area <= 1 for area in own.areas if area is not None)
    summary = json.loads((finished / "report" / "summary.json").read_text())["explanations"]
    measured = in_boxes(found.networks[0])
    assert measured
    assert summary[0]["saliency_in_boxes"]["mean"] == measured.share.mean
    assert summary[0]["area_of_boxes"] == measured.area
    page = (finished / "report" / "index.html").read_text()
    assert "What the networks look at" in page
    assert "First-layer filters of net2: 16 filters of 3 × 3 pixels" in page


def test_it_is_kept_made_anew_for_other_photos_and_left_out(sample: Path, tmp_path: Path) -> None:
    out, path = tmp_path / "out", tmp_path / "out" / "explanations.json"
    quick = ("training.networks=linear,net1", "training.epochs=1")
    pipeline.run(experiment(sample, *quick, "evaluation.explain=0"), out)
    assert not path.exists()
    assert "What the networks look at" not in (out / "report" / "index.html").read_text()
    pipeline.run(experiment(sample, *quick, "evaluation.explain=5"), out)
    first = path.read_bytes()
    found = Experiment(out).explanations
    assert found
    assert [len(own.image_ids) for own in found.networks] == [5, 5]
    page = re.sub(r"\s+", " ", (out / "report" / "index.html").read_text())
    assert "linear has no convolution, so that there is no saliency of it." in page
    stamp = path.stat().st_mtime_ns
    pipeline.run(experiment(sample, *quick, "evaluation.explain=5"), out)
    assert path.stat().st_mtime_ns == stamp
    path.unlink()
    pipeline.run(experiment(sample, *quick, "evaluation.explain=5"), out)
    assert path.read_bytes() == first
    path.write_bytes(first.replace(b'"side": 8', b'"side": 4'))
    assert [line for line in Experiment(out).verify() if "explanations.json" in line]
    with pytest.raises(StorageError, match=r"explanations\.json was altered"):
        pipeline.write_report(out)


def test_a_network_that_raises_says_why_and_the_others_are_explained(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "moody.py").write_text(MOODY)
    networks = f"training.networks={tmp_path / 'moody.py'}:Moody,net1"
    pipeline.run(experiment(sample, networks, "training.epochs=1"), tmp_path / "out")
    found = Experiment(tmp_path / "out").explanations
    assert found
    assert [own.reason for own in found.networks] == ["RuntimeError: not now", ""]
    assert "Moody could not be explained: RuntimeError: not now." in (tmp_path / "out/report/index.html").read_text()
