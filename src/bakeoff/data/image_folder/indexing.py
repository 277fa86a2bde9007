"""A tree of photos as an index: each photo an image with one annotation, of its class, over the whole of it."""

from pathlib import Path

import polars as pl

from bakeoff.core.storage import digest
from bakeoff.data.image_folder.tree import Tree
from bakeoff.data.index import Index, IndexInfo, whole_images
from bakeoff.data.photos import upright_size


def tree_index(tree: Tree) -> Index:
    """The tree as an index: image ids count the sorted files from 1, category ids the sorted classes.

    Its digest is that of the files' names, sizes in bytes, widths and heights. A photo whose header can't be read
    counts as 1 x 1; the reason is given where it is decoded.
    """
    sizes = [photo_size(tree.root / photo.file) for photo in tree.photos]
    ids = range(1, len(tree.photos) + 1)
    categories = {name: number for number, name in enumerate(tree.classes, start=1)}
    images = pl.DataFrame(
        {
            "image_id": ids,
            "file_name": [photo.file for photo in tree.photos],
            "width": [width for _, width, _ in sizes],
            "height": [height for *_, height in sizes],
            "license": None,
            "url": None,
        },
        schema={
            "image_id": pl.Int64,
            "file_name": pl.String,
            "width": pl.Int32,
            "height": pl.Int32,
            "license": pl.Int64,
            "url": pl.String,
        },
    )
    labels = pl.Series([categories[photo.label] for photo in tree.photos], dtype=pl.Int64)
    annotations = whole_images(images, labels, 1)
    table = pl.DataFrame(
        {"category_id": categories.values(), "name": categories.keys(), "supercategory": ""},
        schema={"category_id": pl.Int64, "name": pl.String, "supercategory": pl.String},
    )
    files = [(photo.file, *size) for photo, size in zip(tree.photos, sizes, strict=True)]
    splits = {image: photo.split for image, photo in zip(ids, tree.photos, strict=True) if photo.split}
    info = IndexInfo(str(tree.root), digest(files), objects_known=False)
    return Index(info, images, annotations, table, splits=splits)


def photo_size(path: Path) -> tuple[int, int, int]:
    """A file's size in bytes, and the width and height of the upright photo, in pixels, as its header claims."""
    try:
        length = path.stat().st_size
    except OSError:
        return 0, 1, 1
    return length, *(upright_size(path) or (1, 1))
