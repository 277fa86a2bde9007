"""Open Images' CSV files: boxes, or labels of whole photos."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from bakeoff.core.errors import AnnotationsError, in_one_line
from bakeoff.core.storage import digest
from bakeoff.data.image_folder.indexing import photo_size
from bakeoff.data.image_folder.tree import FORMATS
from bakeoff.data.index import Index, IndexInfo, Problem

SIDES = ("XMin", "YMin", "XMax", "YMax")
COLUMNS = {
    "ImageID": pl.String,
    "LabelName": pl.String,
    "Confidence": pl.Float64,
    "IsGroupOf": pl.Float64,
    **dict.fromkeys(SIDES, pl.Float64),
}
LONGEST_HEAD = 1000
SHOWN = 3


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
    files = _photos(images)
    table = _rows(path).with_columns(pl.col("ImageID").replace_strict(files, default=None).alias("file_name"))
    lost = table.filter(pl.col("file_name").is_null())["ImageID"].unique().sort()
    if len(lost) == table["ImageID"].n_unique():
        raise AnnotationsError(
            f"{images} holds none of the {len(lost):,} photos that {path} lists, such as {lost[0]}; give their folder "
            "with --images."
        )
    photos = _image_table(images, sorted({*table["file_name"].drop_nulls()}))
    names = sorted({*table["LabelName"]})
    categories = pl.DataFrame(
        {"category_id": range(1, len(names) + 1), "name": names, "supercategory": ""},
        schema={"category_id": pl.Int64, "name": pl.String, "supercategory": pl.String},
    )
    absent = (pl.col("Confidence") <= 0).fill_null(value=False)
    sized = ((pl.col("XMax") > pl.col("XMin")) & (pl.col("YMax") > pl.col("YMin"))).fill_null(value=False)
    problems = [
        _problem("missing-photo", f"photos are not in {images}: left out", lost),
        _problem("absent-class", "labels say that a class is not there: left out", table.filter(absent)["ImageID"]),
        _problem("empty-box", "boxes have no positive size: dropped", table.filter(~absent & ~sized)["ImageID"]),
    ]
    annotations = _annotations(table.filter(~absent & sized), photos, categories)
    rows = digest(photos.rows(), annotations.rows(), categories.rows())
    info = IndexInfo(str(path), rows, problems=tuple(problem for problem in problems if problem.count))
    return Index(info, photos, annotations, categories)


def _rows(path: Path) -> pl.DataFrame:
    """The file's rows with `COLUMNS`: fractions 0 to 1, labels by name."""
    try:
        found = pl.read_csv(path, schema_overrides=COLUMNS)
        names = dict[str, str]()
        for file in sorted(path.parent.glob("*class-descriptions*.csv")):
            names |= dict(pl.read_csv(file, has_header=False).select(pl.nth(0, 1).cast(pl.String)).drop_nulls().rows())
    except (OSError, pl.exceptions.PolarsError) as error:
        raise AnnotationsError(f"{path} can't be read as Open Images' CSV: {in_one_line(error)}.") from None
    whole = {"Confidence": 1.0, "IsGroupOf": 0.0, "XMin": 0.0, "YMin": 0.0, "XMax": 1.0, "YMax": 1.0}
    found = found.with_columns(pl.lit(value).alias(name) for name, value in whole.items() if name not in found.columns)
    found = found.select(*COLUMNS).drop_nulls(["ImageID", "LabelName"])
    if found.is_empty():
        raise AnnotationsError(f"{path} lists no labels of photos.")
    return found.with_columns(pl.col("LabelName").replace(names), pl.col(SIDES).clip(0, 1))


def _photos(folder: Path) -> dict[str, str]:
    """The photos in a folder and below it: by path, with or without suffix, and by names that only one has."""
    found = [file.relative_to(folder) for file in sorted(folder.rglob("*")) if file.suffix.lower() in FORMATS]
    keys = [(key, file) for file in found for key in {file.with_suffix("").as_posix(), file.name, file.stem}]
    counts = Counter(key for key, _ in keys)
    files = {key: file for key, file in keys if counts[key] == 1} | {file.as_posix(): file for file in found}
    return {key: file.as_posix() for key, file in files.items()}


def _image_table(folder: Path, files: Sequence[str]) -> pl.DataFrame:
    """`Index.images` of files."""
    sizes = [photo_size(folder / file)[1:] for file in files]
    columns = {
        "image_id": range(1, len(files) + 1),
        "file_name": files,
        "width": [width for width, _ in sizes],
        "height": [height for _, height in sizes],
        "license": None,
        "url": None,
    }
    types = {"image_id": pl.Int64, "width": pl.Int32, "height": pl.Int32, "license": pl.Int64, "url": pl.String}
    return pl.DataFrame(columns, schema_overrides=types)


def _problem(code: str, message: str, images: pl.Series) -> Problem:
    return Problem(code, len(images), f"{len(images):,} {message} ({', '.join(images[:SHOWN])})")


def _annotations(table: pl.DataFrame, photos: pl.DataFrame, categories: pl.DataFrame) -> pl.DataFrame:
    across, down = pl.col("width").cast(pl.Float64), pl.col("height").cast(pl.Float64)
    boxes = (
        table.join(photos, on="file_name", maintain_order="left")
        .join(categories, left_on="LabelName", right_on="name", maintain_order="left")
        .select(
            "image_id",
            "category_id",
            (pl.col("XMin") * across).alias("x"),
            (pl.col("YMin") * down).alias("y"),
            ((pl.col("XMax") - pl.col("XMin")) * across).alias("width"),
            ((pl.col("YMax") - pl.col("YMin")) * down).alias("height"),
            (pl.col("IsGroupOf") == 1).fill_null(value=False).alias("crowd"),
        )
        .sort(pl.all())
        .with_row_index("annotation_id", offset=1)
    )
    area = (pl.col("width") * pl.col("height")).alias("area")
    return boxes.select(
        pl.col("annotation_id").cast(pl.Int64), "image_id", "category_id", "x", "y", "width", "height", area, "crowd"
    )
