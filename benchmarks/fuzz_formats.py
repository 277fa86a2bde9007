"""What `fuzz.py` attacks beside COCO's files: other tools' annotations, archives, tables, weights, experiment files."""

import gzip
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import torch
from PIL import Image
from safetensors.torch import save_file

from bakeoff.config.commented import to_toml
from bakeoff.config.loading import load_experiment
from bakeoff.core.errors import ImageError
from bakeoff.data.inputs import open_index
from bakeoff.data.source import open_source
from bakeoff.models.weights import read_weights
from bakeoff.workflow.compare import compare_files
from bakeoff.workflow.grade import grade

PHOTOS = ("a", "b", "c", "d")
DATA = ("data.train_per_class=all", "data.val_per_class=all")
OBJECT = "<object><name>{}</name><bndbox><xmin>4</xmin><ymin>3.5</ymin><xmax>40</xmax><ymax>30</ymax></bndbox></object>"
INSTANCES = {
    "images": [{"id": at, "file_name": f"{name}.png", "width": 60, "height": 48} for at, name in enumerate(PHOTOS, 1)],
    "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    "annotations": [
        {"id": at, "image_id": at, "category_id": 1 + at % 2, "bbox": [4, 3, 30, 20], "area": 600, "iscrowd": 0}
        for at in range(1, 5)
    ],
}


@contextmanager
def format_reader(home: Path) -> Iterator[tuple[list[bytes], Callable[[bytes], None]]]:
    """A small file of each kind, each behind its number, and what reads a changed one in its place."""
    readers = write_files(home)
    files = sorted(readers)

    def read_format(raw: bytes) -> None:
        path, content = files[raw[0] % len(files)], raw[1:]
        before = path.read_bytes()
        path.write_bytes(content)
        try:
            readers[path]()
        finally:
            path.write_bytes(before)

    yield [bytes([number]) + path.read_bytes() for number, path in enumerate(files)], read_format


def write_files(home: Path) -> dict[Path, Callable[[], object]]:
    """Writes the files, and the photos that they are of; by file, what reads it."""
    photos = home / "images"
    photos.mkdir(parents=True)
    for name in PHOTOS:
        Image.new("RGB", (60, 48)).save(photos / f"{name}.png")
    return {
        **_annotations(home, photos),
        **_packed(home, photos),
        **_tables(home),
        **_weights(home),
        **_experiment(home),
    }


def _annotations(home: Path, photos: Path) -> dict[Path, Callable[[], object]]:
    files = {
        "data.yaml": "train: images\nval: ../images\nnc: 2\nnames: {0: cat, 1: dog}\n",
        "labels/a.txt": "0 0.5 0.5 0.5 0.25\n1 0.25 0.5 0.5 0.25 0.75 0.75\n",
        "voc/a.xml": f"<annotation><filename>a.png</filename>{OBJECT.format('cat')}{OBJECT.format('dog')}</annotation>",
        "boxes.csv": "ImageID,LabelName,Confidence,XMin,XMax,YMin,YMax,IsGroupOf\n"
        "a,/m/1,1,0.1,0.5,0.2,0.9,0\nb,/m/2,1,0.1,0.5,0.2,0.9,1\n",
        "a-class-descriptions.csv": "/m/1,cat\n/m/2,dog\n",
        "images/list.csv": "path,label,split\na.png,cat,train\nb.png,dog,val\nc.png,cat,val\nd.png,dog,train\n",
        "images/metadata.jsonl": '{"file_name": "a.png", "label": "cat"}\n{"file_name": "b.png", "label": 7}\n',
        "split.csv": "file,split\na.png,train\nb,val\n3,train\nd.png,val\n",
        "instances.json": json.dumps(INSTANCES),
    }
    for name, text in files.items():
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text(text)
    split = f"data.split_list={home / 'split.csv'}"
    return {
        home / "data.yaml": _index(home / "data.yaml"),
        home / "labels" / "a.txt": _index(home / "data.yaml"),
        home / "voc" / "a.xml": _index(home / "voc", photos),
        home / "boxes.csv": _index(home / "boxes.csv", photos),
        home / "a-class-descriptions.csv": _index(home / "boxes.csv", photos),
        home / "images" / "list.csv": _index(home / "images" / "list.csv"),
        home / "images" / "metadata.jsonl": _index(home / "images" / "metadata.jsonl"),
        home / "split.csv": _index(home / "instances.json", photos, split),
    }


def _index(annotations: Path, images: Path | str = "", *more: str) -> Callable[[], object]:
    paths = [f"data.annotations={annotations}", *([f"data.images={images}"] if images else []), *more]
    data = load_experiment("demo", [*DATA, "data.classes=cat,dog", *paths]).data
    return lambda: open_index(data, None)


def _packed(home: Path, photos: Path) -> dict[Path, Callable[[], object]]:
    raw = (home / "instances.json").read_bytes()
    (home / "instances.json.gz").write_bytes(gzip.compress(raw))
    for name, kind in (("stored", zipfile.ZIP_STORED), ("packed", zipfile.ZIP_DEFLATED), ("small", zipfile.ZIP_LZMA)):
        with zipfile.ZipFile(home / f"{name}.zip", "w", kind) as archive:
            archive.writestr("données/instances.json", raw)
            archive.write(photos / "a.png", "données/a.png")
    archives = sorted(home.glob("*.zip"))
    found = {path: _archive(path, photos) for path in archives}
    return {**found, home / "instances.json.gz": _index(home / "instances.json.gz", photos)}


def _archive(path: Path, photos: Path) -> Callable[[], object]:
    def read() -> None:
        with suppress(ImageError):
            open_source(str(path)).read("a.png")
        index()

    index = _index(path, photos)
    return read


def _weights(home: Path) -> dict[Path, Callable[[], object]]:
    draws = torch.Generator().manual_seed(0)
    weights = {"conv.weight": torch.rand(4, 3, 3, 3, generator=draws), "head.bias": torch.rand(5, generator=draws)}
    torch.save(weights, home / "weights.pt")
    torch.save(weights, home / "weights.pth", _use_new_zipfile_serialization=False)
    save_file(weights, home / "weights.safetensors")
    return {path: partial(read_weights, path) for path in home.glob("weights.*")}


def _tables(home: Path) -> dict[Path, Callable[[], object]]:
    given, labels = home / "hand-in", home / "labels.csv"
    given.mkdir()
    truth = pl.DataFrame({"image_id": [f"{name}.png" for name in PHOTOS], "label": ["cat", "dog", "cat", "dog"]})
    scores = np.random.default_rng(0).dirichlet((1, 1), len(PHOTOS))
    named = truth.select("image_id").with_columns(cat=scores[:, 0], dog=scores[:, 1])
    listed = truth.select("image_id", probabilities=pl.Series(scores.tolist()))
    truth.write_csv(labels)
    named.with_columns(seed=3).write_csv(given / "one.csv")
    named.write_csv(given / "two.tsv", separator="\t")
    listed.write_parquet(given / "three.parquet")
    listed.write_json(given / "four.json")
    truth.rename({"label": "predicted"}).write_ndjson(given / "five.jsonl")
    tables = {path: _compared(path, labels) for path in given.iterdir()}
    pl.DataFrame({"true": ["cat", "dog"], "cat": [2, 1], "dog": [0, 1]}).write_csv(given / "matrix.csv")
    return {**tables, labels: tables[given / "one.csv"], given / "matrix.csv": lambda: grade([given], labels=labels)}


def _compared(path: Path, labels: Path) -> Callable[[], object]:
    return lambda: (grade([path.parent], labels=labels), compare_files([path], labels))


def _experiment(home: Path) -> dict[Path, Callable[[], object]]:
    path = home / "experiment.toml"
    path.write_text(to_toml(load_experiment("demo"), path.name))
    return {path: lambda: load_experiment(str(path))}
