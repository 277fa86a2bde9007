"""Photos of a tree found among the images of an instances file."""

from pathlib import PurePosixPath

import polars as pl

from bakeoff.core.errors import ConfigError
from bakeoff.core.storage import digest
from bakeoff.data.duplicates.names import number
from bakeoff.data.index import Index, IndexInfo

SHOWN = 3


class ImagesByFile:
    """The images of an index by the names of their files and by their ids."""

    def __init__(self, index: Index) -> None:
        rows: list[tuple[str, int]] = index.images.select("file_name", "image_id").rows()
        self._by_path = dict(rows)
        self._by_name = {PurePosixPath(file).name: image for file, image in rows}
        self._ids = {image for _, image in rows}

    def find(self, file: str) -> int | None:
        """The image id of a photo: by its path, else its name, else the id in that name; None where there is none."""
        by_name = self._by_path.get(file, self._by_name.get(PurePosixPath(file).name))
        if by_name is not None:
            return by_name
        named = number(file)
        return named if named in self._ids else None


def with_objects(tree: Index, annotations: Index) -> Index:
    """The index of a tree of photos, with what an instances file says is in them.

    A photo keeps the class of its folder. The objects of its other classes count as present, not as labels: they are
    crowds, which make an image no candidate. Categories are known by their names.

    Raises:
        ConfigError: A photo is not listed in the instances file, or no class is one of its categories.
    """
    images = ImagesByFile(annotations)
    found = {image: images.find(file) for image, file in tree.images.select("image_id", "file_name").iter_rows()}
    if missing := [file for image, file in tree.images.select("image_id", "file_name").rows() if found[image] is None]:
        raise ConfigError(
            f"{len(missing):,} of {len(found):,} photos in {tree.info.source} are not listed in "
            f"{annotations.info.source}, such as {', '.join(missing[:SHOWN])}: what else they hold is not known. "
            "Remove them, or leave out data.annotations."
        )
    ours = tree.categories.select("name", pl.col("category_id").alias("own"))
    categories = annotations.categories.join(ours, on="name", how="inner").select("category_id", "own")
    if not categories.height:
        raise ConfigError(
            f"no folder in {tree.info.source} has the name of a category in {annotations.info.source}: "
            f"{', '.join(tree.categories['name'])}."
        )
    pairs = pl.DataFrame(
        {"own_image": list(found), "image_id": list(found.values())},
        schema={"own_image": pl.Int64, "image_id": pl.Int64},
    )
    labels = tree.annotations.select(pl.col("image_id").alias("own_image"), pl.col("category_id").alias("label"))
    objects = (
        annotations.annotations.join(categories, on="category_id")
        .join(pairs, on="image_id")
        .join(labels, on="own_image")
        .filter(pl.col("own") != pl.col("label"))
    )
    others = objects.select(
        pl.col("own_image").alias("image_id"),
        pl.col("own").alias("category_id"),
        *("x", "y", "width", "height", "area"),
        pl.lit(value=True).alias("crowd"),
    )
    own = tree.annotations.drop("annotation_id")
    both = pl.concat([own, others.select(own.columns)]).sort("image_id", maintain_order=True)
    both = both.with_row_index("annotation_id", offset=1).with_columns(pl.col("annotation_id").cast(pl.Int64))
    info = IndexInfo(
        tree.info.source, digest((tree.info.digest, annotations.info.digest)), problems=annotations.info.problems
    )
    return Index(info, tree.images, both.select(tree.annotations.columns), tree.categories, splits=tree.splits)
