"""YOLO's and Pascal VOC's annotations, read by supervision and taken as the instances file that it makes of them."""

import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import polars as pl

from bakeoff.core.errors import AnnotationsError, ConfigError, in_one_line
from bakeoff.core.storage import digest
from bakeoff.core.types import SPLITS
from bakeoff.data import coco
from bakeoff.data.index import Index

YAML = (".yaml", ".yml")


def is_yolo(annotations: str) -> bool:
    """Whether a path is that of YOLO's `data.yaml`, by its suffix."""
    return annotations.lower().endswith(YAML)


def yolo_images(path: Path) -> dict[str, Path]:
    """By split the folder of images that a `data.yaml` names.

    A folder is looked for beside the file, by as many of its last parts as are there: exporters write absolute paths,
    and `../train/images` for `train/images`. None outside of the file's folder is read.

    Raises:
        ConfigError: PyYAML, which the extra `formats` brings, is not installed.
        AnnotationsError: The file can't be read, names no such folder, or no training images.
    """
    yaml = _library("yaml")
    try:
        named = yaml.safe_load(path.read_text(encoding="utf-8"))
        found = {split: _beside(path, str(named[split])) for split in SPLITS if named.get(split)}
    except (OSError, ValueError, AttributeError, yaml.YAMLError) as error:
        raise AnnotationsError(f"{path} can't be read as YOLO's data.yaml: {in_one_line(error)}.") from None
    if not found:
        raise AnnotationsError(f"{path} names no folder of images; it needs train and val.")
    return found


def _beside(path: Path, named: str) -> Path:
    parts = [part for part in named.replace("\\", "/").split("/") if part not in {"", ".", ".."}]
    for start in range(len(parts)):
        folder = path.parent.joinpath(*parts[start:])
        if folder.is_dir() and folder.resolve().is_relative_to(path.parent.resolve()):
            return folder
    raise AnnotationsError(f"{path} names the images {named!r}, but {path.parent} holds no such folder; put it there.")


def read_yolo(path: Path, images: Path) -> Index:
    """The boxes of YOLO's text files of a folder of images: in `labels` where the images are in `images`, else beside.

    Raises:
        ConfigError: supervision is not installed.
        AnnotationsError: What is there can't be read.
    """
    parts = list(images.parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    labels = Path(*parts) if Path(*parts).is_dir() else images
    return _read(path, lambda: _library("supervision").DetectionDataset.from_yolo(str(images), str(labels), str(path)))


def read_voc(folder: Path, images: Path) -> Index:
    """The boxes of Pascal VOC's XML files of a folder; raises as `read_yolo`."""
    return _read(folder, lambda: _library("supervision").DetectionDataset.from_pascal_voc(str(images), str(folder)))


def _read(path: Path, load: Callable[[], Any]) -> Index:  # Any: supervision need not be installed
    with tempfile.TemporaryDirectory(prefix="bakeoff-") as folder:
        made = Path(folder) / "instances.json"
        try:
            load().as_coco(annotations_path=str(made))
        except ConfigError:
            raise
        except Exception as error:  # supervision has no error of its own: each kind of damage raises another
            raise AnnotationsError(
                f"supervision can't read {path}: {type(error).__name__}: {in_one_line(error)}."
            ) from None
        index = coco.read_index(made, None)
    return _in_order(index, str(path))


def _in_order(index: Index, source: str) -> Index:
    """The index with ids by name: the library's follow the order in which the file system lists the files."""
    images, categories = index.images.sort("file_name"), index.categories.sort("name")
    new = [
        dict(zip(table[key], range(1, table.height + 1), strict=True))
        for table, key in ((images, "image_id"), (categories, "category_id"))
    ]
    annotations = (
        index.annotations.with_columns(
            pl.col("image_id").replace_strict(new[0], return_dtype=pl.Int64),
            pl.col("category_id").replace_strict(new[1], return_dtype=pl.Int64),
        )
        .sort("image_id", "category_id", "x", "y", "width", "height")
        .with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("annotation_id"))
    )
    images = images.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("image_id"))
    categories = categories.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("category_id"))
    rows = digest(images.rows(), annotations.rows(), categories.rows())
    return Index(msgspec.structs.replace(index.info, source=source, digest=rows), images, annotations, categories)


def _library(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise ConfigError(
            "annotations of YOLO and Pascal VOC need supervision; install it with: pip install 'bakeoff[formats]'."
        ) from None
