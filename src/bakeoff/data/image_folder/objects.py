"""What the photos of a tree show besides the class of their folder, from an instances file."""

from dataclasses import replace

import msgspec
import polars as pl

from bakeoff.core.errors import ConfigError
from bakeoff.core.geometry import ROUNDED
from bakeoff.core.storage import digest
from bakeoff.data.image_folder.matching import match
from bakeoff.data.index import Index, Problem, examples


def add_objects(index: Index, objects: Index) -> Index:
    """A tree's index with the objects of its photos; their folders still decide about labels and splits.

    Objects of the folder's class take the place of the annotation over the whole photo. Those of other classes are
    kept as crowd annotations, so that they are known and do not decide. Boxes are scaled to the photo.

    Args:
        index: A tree's; see `tree_index`.
        objects: The instances file, in which the photos are found as `match` does.

    Raises:
        ConfigError: It does not list a photo, or has none of the tree's classes.
    """
    source = objects.info.source
    found = match(index.images["file_name"].to_list(), objects)
    lost = index.images.filter(pl.Series([image is None for image in found]))
    unknown = index.categories.filter(~pl.col("name").is_in(objects.categories["name"].implode()))["name"].to_list()
    if lost.height:
        raise ConfigError(
            f"{lost.height:,} of {len(found):,} photos in {index.info.source} are not listed in {source}, such as "
            f"{examples(lost['file_name'].to_list())}: what else they hold is not known. Remove them, or leave out "
            "data.annotations."
        )
    if len(unknown) == index.categories.height:
        raise ConfigError(
            f"no folder in {index.info.source} has the name of a category in {source}: {', '.join(unknown)}."
        )
    pairs = index.images.select("image_id", "width", "height", pl.Series("there", found, dtype=pl.Int64))
    own = index.annotations.select("image_id", pl.col("category_id").alias("label"))
    known, others = _scaled(index, objects, pairs.join(own, on="image_id"))
    labelled = known.filter(~pl.col("crowd"))
    bare = index.annotations.join(labelled, on="image_id", how="anti")
    annotations = pl.concat([known, bare.select(known.columns)]).sort("image_id", "annotation_id", maintain_order=True)
    info = msgspec.structs.replace(
        index.info,
        digest=digest(index.info.digest.encode(), objects.info.digest.encode()),
        licenses=objects.info.licenses,
        problems=(*index.info.problems, *objects.info.problems, *_unlisted(source, unknown), *_misshaped(others)),
        objects_known=not unknown,
    )
    return replace(index, info=info, annotations=annotations)


def _scaled(index: Index, objects: Index, pairs: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The objects of the tree's classes in its photos, and the photos of another shape than the file states.

    Of the latter an object's place is not known: it is taken to be the whole photo. The table has the columns of
    `Index.annotations`.
    """
    sizes = objects.images.select("image_id", pl.col("width").alias("_w"), pl.col("height").alias("_h"))
    classes = objects.categories.select("category_id", "name").join(
        index.categories.select(pl.col("category_id").alias("class"), "name"), on="name"
    )
    across = pl.col("width_photo") / pl.col("_w")
    down = pl.col("height_photo") / pl.col("_h")
    same = (across / down).is_between(1 - ROUNDED, 1 + ROUNDED).fill_null(value=False)
    table = (
        objects.annotations.join(sizes, on="image_id")
        .join(classes, on="category_id")
        .join(pairs.rename({"image_id": "photo"}), left_on="image_id", right_on="there", suffix="_photo")
    )
    files = index.images.join(table.filter(~same), left_on="image_id", right_on="photo", how="semi")
    boxes = {
        "x": (pl.col("x") * across, pl.lit(0.0)),
        "y": (pl.col("y") * down, pl.lit(0.0)),
        "width": (pl.col("width") * across, pl.col("width_photo")),
        "height": (pl.col("height") * down, pl.col("height_photo")),
        "area": (pl.col("area") * across * down, pl.col("width_photo") * pl.col("height_photo")),
    }
    objects_here = table.select(
        "annotation_id",
        pl.col("photo").alias("image_id"),
        pl.col("class").alias("category_id"),
        *(
            pl.when(same).then(box).otherwise(photo).cast(pl.Float64).alias(name)
            for name, (box, photo) in boxes.items()
        ),
        pl.col("crowd") | (pl.col("class") != pl.col("label")),
    )
    return objects_here, files["file_name"].to_list()


def _misshaped(files: list[str]) -> list[Problem]:
    if not files:
        return []
    message = (
        f"{len(files):,} photos have not the shape that the instances file states ({examples(files)}): where their "
        "objects are is not known"
    )
    return [Problem("other-photo", len(files), message)]


def _unlisted(source: str, unknown: list[str]) -> list[Problem]:
    if not unknown:
        return []
    message = f"{len(unknown):,} classes aren't in {source} ({examples(unknown)}): where else they are is not known"
    return [Problem("unlisted-class", len(unknown), message)]
