"""A whole experiment on real photos gives the data set and the accuracies that it gave before; `golden/` has them."""

from pathlib import Path

import pytest
from tests.golden_results import compare

from bakeoff.config.loading import load_experiment
from bakeoff.workflow import pipeline


@pytest.mark.slow
def test_a_short_experiment_on_coco_photos_gives_what_it_gave(coco_data: Path, tmp_path: Path) -> None:
    short = (
        f"data.annotations={coco_data / 'coco64' / 'instances.json'}",
        f"data.images={coco_data / 'coco64' / 'images'}",
        *("data.train_per_class=100", "data.val_per_class=40"),
        *("training.networks=net1,net2", "training.seeds=2", "training.epochs=3"),
    )
    pipeline.run(load_experiment("hw4-2023", short), tmp_path / "coco64")
    compare(tmp_path / "coco64", "coco64")
