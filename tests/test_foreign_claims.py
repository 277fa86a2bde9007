"""A folder from somewhere else that leads elsewhere, or claims more than it holds: refused before memory is taken."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.lib import format as npy
from tests.test_foreign_folders import RUN, limited

from bakeoff.config.loading import load_experiment
from bakeoff.core.errors import StorageError
from bakeoff.core.seals import SEAL
from bakeoff.core.storage import write_sealed
from bakeoff.training.predict import predict
from bakeoff.workflow import pipeline
from bakeoff.workflow.experiment import Experiment
from bakeoff.workflow.records import StoredConfig

MANY = 10**9


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """An experiment without seals, as an attacker would leave them out; to be changed."""
    copied = Path(shutil.copytree(finished, tmp_path / "out"))
    for path in copied.rglob(SEAL):
        path.unlink()
    return copied


def refused(command: Callable[[], object], message: str) -> None:
    with limited(), pytest.raises(StorageError, match=message):
        command()


@pytest.mark.parametrize("name", [f"{RUN}/spec.json", RUN, "runs", "dataset", "dataset/images", "selection", "report"])
def test_a_link_that_leads_out_is_not_followed(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    message = rf"{re.escape(str(folder / name))} is a link that leads out of .*, and is not followed"
    refused(lambda: pipeline.write_report(folder), message)
    refused(lambda: Experiment(folder).verify(), message)
    refused(lambda: pipeline.build(load_experiment("demo"), folder), message)
    if name.endswith("spec.json"):
        refused(lambda: predict(folder / RUN, [folder]), message)
    assert (tmp_path / "elsewhere").exists()


def test_a_link_that_stays_inside_does_no_harm(folder: Path) -> None:
    (folder / RUN).rename(folder / "runs" / "moved")
    (folder / RUN).symlink_to("moved")
    assert pipeline.write_report(folder).exists()


@pytest.mark.parametrize("kind", ["loop", "pipe"])
def test_what_is_no_file_is_not_read(folder: Path, kind: str) -> None:
    path = folder / RUN / "run.json"
    path.unlink()
    path.symlink_to(path.name) if kind == "loop" else os.mkfifo(path)
    message = {"loop": "leads out of", "pipe": "is neither a file nor a folder"}[kind]
    refused(lambda: pipeline.write_report(folder), message)
    refused(lambda: predict(folder / RUN, [folder]), message)


def claim_rows(path: Path, known: int) -> None:
    """Lets the footer of a Parquet file count more rows than there are."""
    raw = path.read_bytes()
    start = len(raw) - 8 - int.from_bytes(raw[-8:-4], "little")
    footer = raw[start:-8].replace(b"\x16" + varint(known), b"\x16" + varint(MANY))  # 0x16: the next field, an integer
    assert len(footer) > len(raw) - 8 - start
    path.write_bytes(raw[:start] + footer + len(footer).to_bytes(4, "little") + raw[-4:])


def varint(number: int) -> bytes:
    number, raw = 2 * number, b""
    while number > 127:
        number, raw = number >> 7, raw + bytes([number & 127 | 128])
    return raw + bytes([number])


def test_a_table_that_claims_more_rows_than_it_holds(folder: Path) -> None:
    manifest = Experiment(folder).dataset.manifest
    for name in (f"{RUN}/predictions.parquet", "dataset/manifest.parquet"):
        claim_rows(folder / name, manifest.height)
    refused(lambda: predict(folder / RUN, [folder]), rf"predictions.parquet is damaged: it claims {MANY:,} rows in")
    refused(lambda: Experiment(folder).dataset, rf"manifest.parquet is .*damaged \(it claims {MANY:,} rows in")


def test_an_array_that_claims_more_rows_than_it_holds(folder: Path) -> None:
    path = folder / "dataset" / "train.npy"
    with path.open("r+b") as file:
        npy.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (MANY, 16, 16, 3)})
    refused(lambda: Experiment(folder).dataset, r"train\.npy holds uint8 \(1000000000, 16, 16, 3\) in")


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_data_set_that_claims_more_images_than_it_lists(folder: Path) -> None:
    edit(folder / "dataset" / "dataset.json", counts={"train": 10**12, "val": 20})
    refused(lambda: Experiment(folder).dataset, "does not list the images that dataset.json counts")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 1024}, "does not hold the weights of net1: it has .* bytes, the network's weights [0-9,]{11}"),
        ({"size": 10**6}, "spec.json is damaged or was written by another version"),
        ({"classes": [f"{number}" for number in range(10**6)]}, "does not hold the weights of net1"),
    ],
    ids=["size", "impossible size", "classes"],
)
def test_a_run_that_claims_a_larger_network_than_its_weights(
    folder: Path, changes: dict[str, object], message: str
) -> None:
    edit(folder / RUN / "spec.json", **changes)
    refused(lambda: predict(folder / RUN, [next((folder / "dataset").rglob("*.jpg"))]), message)


@pytest.mark.parametrize(
    ("header", "length"),
    [
        (b'{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}', 0),
        (b"{}", 2**50),
        (b"{}", 2**32),
    ],
    ids=["a tensor that is not there", "a header without end", "a header larger than the file"],
)
def test_weights_that_claim_more_than_they_hold(folder: Path, header: bytes, length: int) -> None:
    path = folder / RUN / "model.safetensors"
    raw = (length or len(header)).to_bytes(8, "little") + header
    path.write_bytes(raw + bytes(path.stat().st_size - len(raw) + 100))
    refused(
        lambda: predict(folder / RUN, [next((folder / "dataset").rglob("*.jpg"))]), "does not hold the weights of net1"
    )


def test_weights_that_are_a_terabyte_of_nothing(folder: Path) -> None:
    os.truncate(folder / RUN / "model.safetensors", 2**40)
    photo = next((folder / "dataset").rglob("*.jpg"))
    refused(lambda: predict(folder / RUN, [photo]), "does not hold the weights of net1: it has 1,099,511,627,776 bytes")


def test_seeds_without_end(folder: Path) -> None:
    stored = Experiment(folder).stored
    training = msgspec.structs.replace(stored.config.training, seeds=10**12)
    config = msgspec.structs.replace(stored.config, training=training)
    write_sealed(folder / "experiment.json", StoredConfig(config, "", stored.environment))
    refused(
        lambda: pipeline.write_report(folder), r"experiment\.json is damaged .*<= 10000 - at `\$.config.training.se"
    )


def test_the_names_of_shared_predictions_stay_inside(folder: Path) -> None:
    (run, *_), experiment = Experiment(folder).runs, Experiment(folder)
    assert folder in experiment.shared_predictions(run.spec, "d1").parents
    spec = msgspec.structs.replace(run.spec, variant="../../../net1")
    for named, images in ((run.spec, "../../../secret"), (spec, "d1")):
        with pytest.raises(StorageError, match="has a name that leaves the folder"):
            experiment.shared_predictions(named, images)


def test_the_checks_do_not_depend_on_what_memory_is_there() -> None:
    with limited(), pytest.raises(MemoryError):
        np.ones(2**29)
