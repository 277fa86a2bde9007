"""Open Images' CSV files: boxes, or labels of whole photos."""

from dataclasses import replace
from pathlib import Path

import msgspec
import polars as pl

from bakeoff.core.errors import AnnotationsError, in_one_line
from bakeoff.data.formats.boxes import boxes_index, by_name, find_photos, image_table, problem, to_pixels
from bakeoff.data.index import Index

EDGES = {"LabelName": "name", "XMin": "left", "YMin": "top", "XMax": "right", "YMax": "bottom"}
COLUMNS = {
    "ImageID": pl.String,
    "LabelName": pl.String,
    "Confidence": pl.Float64,
    "IsGroupOf": pl.Float64,
    **dict.fromkeys(("XMin", "YMin", "XMax", "YMax"), pl.Float64),
}
LONGEST_HEAD = 1000


def is_open_images(annotations: str) -> bool:
    """Whether a path is that of a CSV file with Open Images' columns."""
    if not annotations.lower().endswith(".csv"):
        return False
    try:
        with Path(annotations).open(encoding="utf-8-sig") as file:
            return {"ImageID", "LabelName"} <= {*file.readline(LONGEST_HEAD).strip().split(",")}
    except (OSError, ValueError):
        return False  # whoever reads it says why it can't be read


def read_open_images(path: Path, images: Path) -> Index:
    """Open Images' boxes, or labels of whole photos, which are taken as boxes over all of it.

    Args:
        path: The CSV file; a `…class-descriptions….csv` beside it gives the names of labels such as `/m/01yrx`.
        images: The folder of the photos, each named by its `ImageID`; what else the file lists is left out, and said.

    Raises:
        AnnotationsError: A file can't be read, or the folder holds none of the photos.
    """
    files = find_photos(images)
    table = _rows(path).with_columns(pl.col("ImageID").replace_strict(by_name(files), default=None).alias("file_name"))
    lost = table.filter(pl.col("file_name").is_null())["ImageID"].unique().sort()
    if len(lost) == table["ImageID"].n_unique():
        raise AnnotationsError(
            f"{images} holds none of the {len(lost):,} photos that {path} lists, such as {lost[0]}; give their folder "
            "with --images."
        )
    there = table.drop_nulls("file_name")
    photos = image_table(images, sorted({*there["file_name"]}))
    absent = (pl.col("Confidence") <= 0).fill_null(value=False)
    problems = [
        problem("missing-photo", f"photos are not in {images}: left out", lost),
        problem("absent-class", "labels say that a class is not there: left out", there.filter(absent)["ImageID"]),
    ]
    boxes = there.filter(~absent).with_columns((pl.col("IsGroupOf") == 1).fill_null(value=False).alias("crowd"))
    boxes = to_pixels(boxes.rename(EDGES), photos)
    index = boxes_index(path, photos, boxes, sorted({*boxes["name"]}), problems)
    whole = there.select(pl.all_horizontal(pl.col("XMin", "YMin") == 0, pl.col("XMax", "YMax") == 1).all()).item()
    return replace(index, info=msgspec.structs.replace(index.info, boxes_known=not whole))


def _rows(path: Path) -> pl.DataFrame:
    """The file's rows with `COLUMNS`: fractions 0 to 1, labels by name."""
    try:
        found = pl.scan_csv(path, schema_overrides=COLUMNS).select(pl.col(f"^({'|'.join(COLUMNS)})$")).collect()
        names = dict[str, str]()
        for file in sorted(path.parent.glob("*class-descriptions*.csv")):
            names |= dict(pl.read_csv(file, has_header=False).select(pl.nth(0, 1).cast(pl.String)).drop_nulls().rows())
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise AnnotationsError(f"{path} can't be read as Open Images' CSV: {in_one_line(error)}.") from None
    whole = {"Confidence": 1.0, "IsGroupOf": 0.0, "XMin": 0.0, "YMin": 0.0, "XMax": 1.0, "YMax": 1.0}
    found = found.with_columns(pl.lit(value).alias(name) for name, value in whole.items() if name not in found.columns)
    found = found.select(*COLUMNS).drop_nulls(["ImageID", "LabelName"])
    if found.is_empty():
        raise AnnotationsError(f"{path} lists no labels of photos.")
    return found.with_columns(pl.col("LabelName").replace(names))
