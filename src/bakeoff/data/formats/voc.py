"""Pascal VOC's annotations: an XML file of boxes for each photo."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import polars as pl

from bakeoff.core.errors import AnnotationsError
from bakeoff.data.formats.boxes import BOX, boxes_index, by_name, find_photos, image_table, problem, with_background
from bakeoff.data.index import Index

SIDES = ("xmin", "ymin", "xmax", "ymax")
FIRST = 1.0
"""Pascal VOC counts pixels from 1; the last one of a box is its right edge, counted from 0."""


def read_voc(folder: Path, images: Path, none: str = "") -> Index:
    """The boxes of Pascal VOC's XML files in a folder and below it.

    Where a box begins at 0, the tool that wrote the files counts from there, as many do: all edges are then taken as
    they are.

    Args:
        folder: Holds the XML files.
        images: The folder of the photos.
        none: As `data.none`; photos whose file has no object become this class.

    Raises:
        AnnotationsError: No file can be read, or is of a photo in the folder of images.
    """
    files = find_photos(images)
    known, found = by_name(files), list[tuple[object, ...]]()
    bad, lost, read, empty = list[str](), list[str](), 0, set[str]()
    for path in sorted(folder.rglob("*.xml")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        try:
            root = _parse(path)
            file = known.get(name) or known.get(root.findtext("filename", "").strip())
            boxes = [*_boxes(root)]
        except (OSError, ValueError, LookupError, ElementTree.ParseError):  # LookupError: an encoding that is none
            bad.append(path.name)
            continue
        read += file is not None
        lost += [] if file else [path.name]
        empty |= {file} if file and not boxes else set()
        found += [(file, *box, False) for box in boxes if file]
    if not read:
        raise AnnotationsError(
            f"{folder} holds no XML file of Pascal VOC for a photo in {images} ({len(bad)} can't be read, {len(lost)} "
            "are of others); give the folder of the photos with --images."
        )
    table = pl.DataFrame(found, schema=BOX, orient="row")
    if table.select((pl.min_horizontal("left", "top") >= FIRST).all()).item():
        table = table.with_columns(pl.col("left", "top") - FIRST)
    problems = [
        problem("bad-label", "XML files can't be read: left out", bad),
        problem("unknown-image", f"XML files are of no photo in {images}: left out", lost),
    ]
    index = boxes_index(folder, image_table(images, files), table, sorted({*table["name"]}), problems)
    return with_background(index, empty, none)


def _parse(path: Path) -> ElementTree.Element:
    raw = path.read_bytes()
    if b"<!ENTITY" in raw:
        raise ValueError("it declares entities")
    return ElementTree.fromstring(raw)


def _boxes(root: ElementTree.Element) -> Iterator[tuple[object, ...]]:
    """The class and the edges of each object; one without a box has none of a positive size."""
    for entry in root.findall("object"):
        values = [float(entry.findtext(f"bndbox/{side}", "nan")) for side in SIDES]
        yield entry.findtext("name", "").strip(), *values
