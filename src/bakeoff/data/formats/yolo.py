"""YOLO's annotations: `data.yaml`, and a text file of boxes or polygons for each photo."""

import math
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl

from bakeoff.core.errors import AnnotationsError, ConfigError, in_one_line
from bakeoff.core.types import SPLITS
from bakeoff.data.formats.boxes import BOX, boxes_index, find_photos, image_table, problem, to_pixels, with_background
from bakeoff.data.index import Index

YAML = (".yaml", ".yml")
BOX_LENGTHS = (4, 5)
"""Numbers of a box after its class: centre, size, and of predictions a confidence; keypoints may follow."""
FEWEST = 6
"""Numbers of a polygon: three points."""


def is_yolo(annotations: str) -> bool:
    """Whether a path is that of YOLO's `data.yaml`, by its suffix."""
    return annotations.lower().endswith(YAML)


def yolo_images(path: Path) -> dict[str | None, Path]:
    """By split the folder of images that a `data.yaml` names; by None one that is named for all splits.

    A folder is looked for beside the file, by as many of its last parts as are there: exporters write absolute paths,
    and `../train/images` for `train/images`. None outside of the file's folder is read.

    Raises:
        ConfigError: PyYAML, which the extra `formats` brings, is not installed.
        AnnotationsError: The file can't be read, names no such folder, or no training images.
    """
    named = _document(path)
    given = [split for split in SPLITS if named.get(split)]
    found: dict[str | None, Path] = {
        split: _images(path, f"{named.get('path') or ''}/{named[split]}") for split in given
    }
    if not found:
        raise AnnotationsError(f"{path} names no folder of images; it needs train and val.")
    return {None: found[given[0]]} if len(found) > 1 == len({*found.values()}) else found


def _document(path: Path) -> dict[str, Any]:  # Any: as YAML has it
    try:
        yaml = import_module("yaml")
    except ModuleNotFoundError:
        raise ConfigError("YOLO's annotations need PyYAML; install it with: pip install 'bakeoff[formats]'.") from None
    try:
        return dict(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise AnnotationsError(f"{path} can't be read as YOLO's data.yaml: {in_one_line(error)}.") from None


def _images(path: Path, named: str) -> Path:
    """The folder that a split names, or that of the photos in a list: all of its photos, or it is refused."""
    found = _beside(path, named)
    if found.is_dir():
        return found
    listed = [line.strip() for line in found.read_text(encoding="utf-8").splitlines() if line.strip()]
    folders = {_beside(path, str(PurePosixPath(file.replace("\\", "/")).parent)) for file in listed}
    above = [folder for folder in folders if all(each.is_relative_to(folder) for each in folders)]
    if not above or len(find_photos(above[0])) != len(listed):
        raise AnnotationsError(
            f"{found} lists {len(listed):,} photos that are not all photos of one folder; put the photos of each split "
            f"into a folder, and name it in {path}."
        )
    return above[0]


def _beside(path: Path, named: str) -> Path:
    parts = [part for part in named.replace("\\", "/").split("/") if part not in {"", ".", ".."}]
    for start in range(len(parts)):
        there = path.parent.joinpath(*parts[start:])
        if (there.is_dir() or there.suffix == ".txt") and there.resolve().is_relative_to(path.parent.resolve()):
            return there
    raise AnnotationsError(f"{path} names the images {named!r}, but {path.parent} holds no such folder; put it there.")


def read_yolo(path: Path, images: Path, none: str = "") -> Index:
    """The boxes of YOLO's text files of a folder of images: in `labels` where the images are in `images`, else beside.

    Of a polygon, or an oriented box, the box around it is taken. Lines that can't be used are left out, and said.

    Args:
        path: `data.yaml`.
        images: The folder.
        none: As `data.none`; photos without lines become this class.

    Raises:
        ConfigError: PyYAML is not installed.
        AnnotationsError: The `data.yaml` can't be read or names no classes.
    """
    document = _document(path)
    names = document.get("names")
    classes = dict(enumerate(names)) if isinstance(names, list) else names
    if (
        not classes
        or not isinstance(classes, dict)
        or not all(isinstance(each, str | int) for each in classes.values())
    ):
        raise AnnotationsError(f"{path} names no classes; it needs names, a list of them.")
    table, labels = image_table(images, find_photos(images)), _labels(images)
    written = {file: labels / PurePosixPath(file).with_suffix(".txt") for file in table["file_name"]}
    rows, bad, unknown = list[tuple[object, ...]](), list[str](), list[str]()
    for file, label in written.items():
        for line in _lines(label):
            found = _parse(line, keypoints="kpt_shape" in document)
            if found is None:
                bad.append(file)
            elif found[0] not in classes:
                unknown.append(file)
            else:
                rows.append((file, str(classes[found[0]]), *found[1], False))
    others = {*labels.rglob("*.txt")} - {*written.values(), labels / "classes.txt"}
    problems = [
        problem("bad-label", "lines of label files are neither a box nor a polygon: left out", bad),
        problem("unknown-category", f"lines are of classes that {path.name} does not name: left out", unknown),
        problem("unknown-image", f"label files have no photo in {images}: left out", sorted(map(str, others))),
    ]
    boxes = to_pixels(pl.DataFrame(rows, schema=BOX, orient="row"), table)
    index = boxes_index(path, table, boxes, map(str, classes.values()), problems)
    return with_background(index, {*written} - {row[0] for row in rows} - {*bad} - {*unknown}, none)


def _labels(images: Path) -> Path:
    parts = list(images.parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    return Path(*parts) if Path(*parts).is_dir() else images


def _lines(label: Path) -> list[str]:
    """The lines of a label file that are not empty; none where there is no file: the photo is background."""
    try:
        return [line for line in label.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    except OSError:
        return []


def _parse(line: str, *, keypoints: bool) -> tuple[float, tuple[float, ...]] | None:
    """A line's class, and the edges of its box as fractions, 0 to 1; None where it is neither a box nor a polygon."""
    try:
        number, *values = map(float, line.split())
    except ValueError:
        return None
    if not all(map(math.isfinite, values)):
        return None
    if len(values) in BOX_LENGTHS or (keypoints and len(values) > max(BOX_LENGTHS)):
        x, y, width, height = values[:4]
        return number, (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    if len(values) < FEWEST or len(values) % 2:
        return None
    across, down = values[::2], values[1::2]
    return number, (min(across), min(down), max(across), max(down))
