"""From a decoded document to columns: what is unclear, stands twice or names nothing is left out and said."""

from collections import Counter
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from bakeoff.config.data import BoxFormat
from bakeoff.core.errors import AnnotationsError
from bakeoff.data.coco.boxes import FINITE, SIDES, are_fractions, fit_boxes, read_format, unsure_images
from bakeoff.data.coco.columns import order
from bakeoff.data.coco.entries import NO_ID, Category, Document, Image
from bakeoff.data.file_names import spelling
from bakeoff.data.index import Index, IndexInfo, License, Problem, examples

Entry = TypeVar("Entry", Image, Category)

LARGEST_SIDE = 2**31 - 1
FEW = 0.1
"""At most this fraction of images that share an id with another is left out; more are an error."""


@dataclass(frozen=True)
class Reading:
    """An index, without the annotations of images whose size is not sure before their photos are seen.

    Attributes:
        index: With None where the file gives an image no size.
        unsure: Annotations, as `Index.annotations`, of images without a size, and of those whose boxes would fit if
            width and height were exchanged.
        fractions: Whether boxes are fractions of their image.
        blank: The ids of images of which the file has no annotation.
    """

    index: Index
    unsure: pl.DataFrame
    fractions: bool
    blank: tuple[int, ...]


def build_index(
    document: Document,
    annotations: pl.DataFrame,
    source: str,
    digest: str,
    *,
    box_format: BoxFormat = "auto",
    group_field: str = "",
    problems: list[Problem] | None = None,
) -> Reading:
    """Checks a document and turns it into columns.

    Args:
        document: The file's content but its annotations.
        annotations: These, as `Index.annotations`, of a file whose order of entries does not matter.
        source: The file's path.
        digest: Digest of the file's bytes.
        box_format: As `data.box_format`.
        group_field: The field of images that becomes the column `group` (str or None); without a name there is none.
        problems: What was dropped or mended before.

    Returns:
        The index, with a `Problem` for each kind of thing that was dropped, clipped or is ambiguous.

    Raises:
        AnnotationsError: An id is used for two different categories, or for images all over the file; or the boxes
            can't be what the format says.
    """
    known, image_problems = _images(document.images, source, group_field)
    document.images = []  # there may be millions
    categories, category_problems = _unique(document.categories, "categories", source)
    named = annotations["image_id"].unique()
    annotations, dropped = _known(annotations, known, categories)
    categories, shared = _one_of_a_name(categories, annotations)
    known, annotations, merged = merge_files(known, annotations, spelling(pl.col("file_name")))
    annotations, repeated = _once(annotations)
    annotations, boxless = _with_boxes(annotations)
    annotations, tiny = read_format(annotations, box_format, source)
    fractions = box_format != "auto" and are_fractions(annotations)
    odd = pl.col("image_id").is_in(unsure_images(annotations, known).implode())
    unsure = annotations.filter(odd)
    sure = annotations.filter(~odd) if unsure.height else annotations
    fitted, clipped = fit_boxes(sure, known, source, fractions=fractions, check=box_format == "auto")
    before = [*(problems or []), *image_problems, *category_problems]
    info = IndexInfo(
        source,
        digest,
        tuple(License(entry.id, entry.name or "", entry.url or "") for entry in document.licenses),
        (*before, *dropped, *shared, *merged, *repeated, *boxless, *tiny, *clipped),
        boxes_known=annotations.is_empty() or not annotations.filter(FINITE).is_empty(),
    )
    index = Index(info, known, fitted, _category_table(categories))
    blank = known.filter(~pl.col("image_id").is_in(named.implode()))["image_id"].to_list()
    return Reading(index, unsure, fractions, tuple(blank))


def images_with(index: Index, category_id: int) -> list[int]:
    """The ids of the images with an annotation of a category, ascending (pycocotools' `getImgIds(catIds=[…])`)."""
    rows = index.annotations.filter(pl.col("category_id") == category_id)
    return rows["image_id"].unique().sort().to_list()


def summary(index: Index) -> pl.DataFrame:
    """One row per category, most images first: category str; images, annotations, crowd u32 (annotations of crowds)."""
    counts = index.annotations.group_by("category_id").agg(
        pl.col("image_id").n_unique().alias("images"),
        pl.len().alias("annotations"),
        pl.col("crowd").sum().alias("crowd"),
    )
    return (
        index.categories.join(counts, on="category_id", how="left")
        .select(pl.col("name").alias("category"), pl.col("images", "annotations", "crowd").fill_null(0))
        .sort("images", "category", descending=[True, False])
    )


def merge_files(
    images: pl.DataFrame, annotations: pl.DataFrame, key: pl.Expr
) -> tuple[pl.DataFrame, pl.DataFrame, list[Problem]]:
    """Of images that name one file the one with the lowest id, with the annotations of all, each once.

    Boxes are scaled where the sizes differ. `key` tells what names one file.
    """
    table = images.with_columns(key.alias("_key"))
    again = table.filter(~pl.col("_key").is_first_distinct())
    if again.is_empty():
        return images, annotations, []
    kept = table.filter(pl.col("_key").is_first_distinct())
    twins = again.join(kept, on="_key", suffix="_kept").select(
        "image_id",
        pl.col("image_id_kept"),
        (pl.col("width_kept") / pl.col("width")).fill_null(1.0).alias("_across"),
        (pl.col("height_kept") / pl.col("height")).fill_null(1.0).alias("_down"),
    )
    moved = (
        annotations.join(twins, on="image_id")
        .with_columns(
            pl.col("image_id_kept").alias("image_id"),
            *(pl.col(side) * pl.col("_across") for side in ("x", "width")),
            *(pl.col(side) * pl.col("_down") for side in ("y", "height")),
            pl.col("area") * pl.col("_across") * pl.col("_down"),
        )
        .select(annotations.columns)
    )
    both = pl.concat([annotations.join(again, on="image_id", how="anti"), moved])
    both = order(both).unique(["image_id", "category_id", *SIDES, "crowd"], keep="first", maintain_order=True)
    ids, files = again["image_id"].to_list(), again["file_name"].to_list()
    message = (
        f"{len(ids):,} images name a file that another image names, too (ids {examples(ids)}; {examples(files)}): "
        "one image each, with the annotations of both"
    )
    return kept.drop("_key"), both, [Problem("shared-file", len(ids), message)]


def _unique(entries: list[Entry], section: str, source: str) -> tuple[list[Entry], list[Problem]]:
    """The entries by ascending id, equal ones once; those that share an id with a different one are left out."""
    by_id: dict[int, Entry] = {}
    repeated: set[int] = set()
    ambiguous: set[int] = set()
    for entry in entries:
        if by_id.setdefault(entry.id, entry) is not entry:
            (repeated if by_id[entry.id] == entry else ambiguous).add(entry.id)
    if len(ambiguous) > FEW * len(by_id) or (ambiguous and section == "categories"):
        raise AnnotationsError(
            f"{source}: different {section} have the same id (ids {examples(sorted(ambiguous))}); give each its own "
            "id there."
        )
    problems = []
    if ambiguous:
        message = f"{len(ambiguous):,} ids stand for different {section} (ids {examples(sorted(ambiguous))}): left out"
        problems.append(Problem("ambiguous-image", len(ambiguous), message))
    if repeated:
        ids = examples(sorted(repeated))
        message = f"{len(repeated):,} {section} occur more than once, identical (ids {ids}): kept once"
        problems.append(Problem("double-image" if section == "images" else "double-category", len(repeated), message))
    return [by_id[key] for key in sorted(by_id) if key not in ambiguous], problems


def _images(entries: list[Image], source: str, group_field: str) -> tuple[pl.DataFrame, list[Problem]]:
    images, problems = _unique(entries, "images", source)
    table = _image_table(images)
    return table.with_columns(_groups(images, group_field)) if group_field else table, problems


def _image_table(images: list[Image]) -> pl.DataFrame:
    sized = [image if _is_sized(image) else None for image in images]
    sides = {"width": pl.Int32, "height": pl.Int32}
    return pl.DataFrame(
        {
            "image_id": [image.id for image in images],
            "file_name": [image.file_name for image in images],
            "width": [image and image.width for image in sized],
            "height": [image and image.height for image in sized],
            "license": [image.license for image in images],
            "url": [image.coco_url for image in images],
        },
        schema={"image_id": pl.Int64, "file_name": pl.String, **sides, "license": pl.Int64, "url": pl.String},
    )


def _groups(images: list[Image], field: str) -> pl.Series:
    own = field if field in Image.__struct_fields__ else "group"
    values = [getattr(image, own) for image in images]
    return pl.Series("group", [None if value is None else str(value) for value in values], dtype=pl.String)


def _is_sized(image: Image) -> bool:
    return all(side is not None and 0 < side <= LARGEST_SIDE for side in (image.width, image.height))


def _category_table(categories: list[Category]) -> pl.DataFrame:
    rows = [(category.id, category.name, category.supercategory or "") for category in categories]
    schema = {"category_id": pl.Int64, "name": pl.String, "supercategory": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _known(
    annotations: pl.DataFrame, images: pl.DataFrame, categories: list[Category]
) -> tuple[pl.DataFrame, list[Problem]]:
    """The annotations of images and categories that the file lists."""
    problems = []
    for what, ids in (
        ("image", images["image_id"]),
        ("category", pl.Series([one.id for one in categories], dtype=pl.Int64)),
    ):
        lost = annotations.filter(~pl.col(f"{what}_id").is_in(ids.implode()))
        if lost.height:
            named = examples(lost[f"{what}_id"].unique().sort().to_list())
            things = "images" if what == "image" else "categories"
            message = f"{lost.height:,} annotations are of {things} that the file does not list (ids {named}): dropped"
            problems.append(Problem(f"unknown-{what}", lost.height, message))
            annotations = annotations.filter(pl.col(f"{what}_id").is_in(ids.implode()))
    return annotations, problems


def _once(annotations: pl.DataFrame) -> tuple[pl.DataFrame, list[Problem]]:
    """Each annotation once, with an id of its own: entries that are equal are one, ids that repeat are counted anew."""
    given = annotations["annotation_id"]
    if given.n_unique() == len(given) and NO_ID not in given:
        return annotations, []
    problems = []
    single = annotations.unique(keep="first", maintain_order=True)
    again = annotations.height - single.height
    if again:
        problems.append(
            Problem("double-annotation", again, f"{again:,} annotations occur more than once, identical: kept once")
        )
    bare = single.filter(pl.col("annotation_id") == NO_ID).height
    shared = single.filter(pl.col("annotation_id").is_duplicated() & (pl.col("annotation_id") != NO_ID))
    if bare or shared.height:
        ids = examples(shared["annotation_id"].unique().sort().to_list())
        message = (
            f"{bare:,} annotations have no id, {shared.height:,} that of another one ({ids}): all are numbered anew"
        )
        problems.append(Problem("repeated-id", bare + shared.height, message))
        single = single.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("annotation_id"))
    return single, problems


def _with_boxes(annotations: pl.DataFrame) -> tuple[pl.DataFrame, list[Problem]]:
    """Without those that have no box, unless none has one: they are then labels of whole images."""
    bare = annotations.filter(pl.all_horizontal(*(pl.col(side).is_nan() for side in SIDES)))
    count = bare.height
    if not len(annotations):
        return annotations, [Problem("no-annotations", 0, "the file has no annotations of its images and categories")]
    if not count:
        return annotations, []
    if count == annotations.height:
        return annotations, [
            Problem("no-boxes", count, f"none of {count:,} annotations has a box: labels of whole photos")
        ]
    ids = examples(bare["annotation_id"].to_list())
    message = f"{count:,} annotations have neither a box nor a mask (ids {ids}): dropped"
    return annotations.join(bare, on="annotation_id", how="anti", maintain_order="left"), [
        Problem("no-box", count, message)
    ]


def _one_of_a_name(categories: list[Category], annotations: pl.DataFrame) -> tuple[list[Category], list[Problem]]:
    """Of categories that share a name the one that is used, where it is only one (Roboflow lists a group first)."""
    used = {*annotations["category_id"].unique()}
    shared = {name for name, count in Counter(category.name for category in categories).items() if count > 1}
    problems = []
    for name in sorted(shared):
        own = [category.id for category in categories if category.name == name]
        named = [category for category in own if category in used] or own[:1]
        if len(named) > 1:
            problems.append(
                Problem("shared-name", 1, f"several categories are named {name!r}: it can't be chosen as a class")
            )
            continue
        unused = {*own} - {*named}
        message = f"category {name!r} is listed more than once; that of id {named[0]}, which is used, is taken"
        problems.append(Problem("unused-category", len(unused), message))
        categories = [category for category in categories if category.id not in unused]
    return categories, problems
