"""The section on what networks look at."""

import base64
import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image
from tests.report.conftest import make_case

from bakeoff.report import write
from bakeoff.report.sections.explanations import explanations


def test_the_table_has_the_share_the_interval_and_chance_level(tmp_path: Path) -> None:
    page = write(tmp_path / "report", make_case(tmp_path / "data", explained=True))
    first, second = csv.DictReader((tmp_path / "report/tables/explanations.csv").read_text().splitlines())
    assert (first["network"], second["network"], first["layer"], first["correct"]) == (
        "net1",
        "net2",
        "stem.conv1",
        "9",
    )
    assert [float(first[name]) for name in ("saliency in boxes", "boxes", "above chance")] == [0.5, 0.125, 0.375]
    assert float(first["saliency in boxes low"]) == float(first["saliency in boxes high"]) == 0.5, (
        "the same in each photo"
    )
    assert (tmp_path / "report/figures/embeddings.svg").read_text().count("<path") >= 18
    assert "87.5 % in net1, 87.5 % in net2" in (tmp_path / "report/report.md").read_text()
    uri = re.search(
        r'data:image/png;base64,([^"]+)" alt="First-layer filters of net1: 2 filters of 3', page.read_text()
    )
    assert uri
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri[1]))))
    assert pixels.shape == (3, 7, 4)
    assert (pixels[:, [0, 6]] == [255, 0, 0, 255]).all()
    assert (pixels[:, 3, 3] == 0).all(), "transparent between the filters"


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    case = make_case(tmp_path / "data", explained=True)
    assert case.explanations
    first, second = case.explanations.networks
    nothing = (None,) * 9
    changed = (
        msgspec.structs.replace(first, shares=nothing, areas=nothing),
        msgspec.structs.replace(second, shares=nothing, points=(), filters=b"", filter_shape=(0, 0, 0, 3)),
        msgspec.structs.replace(
            first, variant="linear", layer="", shares=nothing, filters=b"", filter_shape=(0, 0, 0, 3)
        ),
        msgspec.structs.replace(first, variant="mine", layer="", reason="ValueError: no"),
    )
    section = explanations(replace(case, explanations=msgspec.structs.replace(case.explanations, networks=changed)))
    assert section
    assert section.values["notes"] == [
        "net1: the photos have no annotated boxes.",
        "net2: its saliency is zero everywhere.",
        "linear has no convolution, so that there is no saliency of it.",
        "mine could not be explained: ValueError: no.",
    ]
    assert explanations(replace(case, explanations=None)) is None
