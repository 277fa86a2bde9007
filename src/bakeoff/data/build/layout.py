"""Where things are in a data set's folder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bakeoff.core.geometry import cropped_size_of
from bakeoff.data.build.arrays import create_arrays, file_names, rows_per_file
from bakeoff.data.build.workers import ImageJob
from bakeoff.data.selection.selection import Selection


@dataclass(frozen=True)
class Layout:
    """The paths in a data set's folder.

    Attributes:
        folder: The folder.
        class_folders: The name of each class's folder.
        counts: Images of each split.
        size: Height and width of the images, in pixels.
    """

    folder: Path
    class_folders: dict[str, str]
    counts: Mapping[str, int]
    size: int

    def prepare(self, selection: Selection) -> None:
        """Makes the arrays, and the class folders that get images: readers of image folders refuse empty ones."""
        for split, count in self.counts.items():
            create_arrays(self.folder, split, count, self.size)
        (self.folder / "images").mkdir()
        for split, label in selection.choice("split", "label").unique().iter_rows():
            (self.folder / "images" / split / self.class_folders[label]).mkdir(parents=True)

    def arrays(self, split: str) -> list[Path]:
        """The files of a split's images."""
        return [self.folder / name for name in file_names(split, self.counts[split], self.size)]

    def copies(self, photos: pl.DataFrame) -> pl.Series:
        """The paths of JPEG copies, relative to the folder; `photos` has the columns of `Allocation.chosen`."""
        label = pl.col("label").replace_strict(self.class_folders, return_dtype=pl.String)
        return photos.select(pl.format("images/{}/{}/{}.jpg", "split", label, "image_id").alias("image"))["image"]

    def jobs(self, photos: pl.DataFrame, selection: Selection, *, check_sizes: bool) -> Iterator[ImageJob]:
        """What makes photos for their slots, with the sizes that are stated for them if those are to be checked."""
        arrays, most = {split: self.arrays(split) for split in self.counts}, rows_per_file(self.size)
        sizes = selection.ledger.select("image_id", "width", "height")
        table = photos.join(sizes, on="image_id", how="left", maintain_order="left").with_columns(self.copies(photos))
        for split, position, file, *stated, copy in table.select(
            "split", "position", "file_name", "width", "height", "image"
        ).iter_rows():
            size = cropped_size_of(file) or (stated[0], stated[1]) if check_sizes else None
            part, row = divmod(position, most)
            yield ImageJob(file, size, arrays[split][part], row, self.folder / copy)
