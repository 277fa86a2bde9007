"""A classification data set on disk, and where its photos come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from bakeoff.core.display import Displayed
from bakeoff.core.errors import ConfigError, unknown_name
from bakeoff.core.geometry import Resize, frame
from bakeoff.core.seals import sealed_digests
from bakeoff.core.types import ImageRows, Images, Labels
from bakeoff.data.build.arrays import files_of
from bakeoff.data.build.shards import ArrayFile, Shards
from bakeoff.data.index import Problem
from bakeoff.data.selection.selection import SelectionInfo


class DatasetInfo(msgspec.Struct, frozen=True):
    """What a data set is and how it was made; `dataset.json`.

    Attributes:
        classes: Class names in the order of their labels.
        size: Height and width of the images, in pixels.
        filter: How they were resized, "area" or "linear".
        quality: JPEG quality of the copies in `images/`.
        counts: Images of each split.
        selection: How the images were selected.
        photos: Where the photos were read.
        unreadable: How many photos could not be used and were replaced.
        digest: Digest of the pixels, labels, annotated classes and boxes: what makes two data sets the same.
        request: Digest of the selection and the image settings: what makes a build unnecessary.
        versions: Versions of the libraries that decoded and resized.
        resize: How photos became square, as in `geometry.frame`.
        problems: Where the photos were not as the annotations state them, and what was done.
    """

    classes: tuple[str, ...]
    size: int
    filter: Literal["area", "linear"]
    quality: int
    counts: Mapping[str, int]
    selection: SelectionInfo
    photos: str
    unreadable: int
    digest: str
    request: str
    versions: Mapping[str, str]
    resize: Resize = "stretch"
    problems: tuple[Problem, ...] = ()
    schema: int = 1

    def box_in_image(self, box: Mapping[str, float], row: Mapping[str, int]) -> tuple[float, float, float, float]:
        """Left, top, width and height of a box as fractions of the square image; what is not shown is cut off.

        Args:
            box: One of the row's `boxes`.
            row: Of the manifest.
        """
        across, down = (
            frame(self.resize, row[extent], row[other], self.size).project(
                box[begin], box[extent], row[extent], self.size
            )
            for begin, extent, other in (("x", "width", "height"), ("y", "height", "width"))
        )
        return across[0], down[0], across[1], down[1]


@dataclass(frozen=True)
class SplitImages:
    """A split as a map-style dataset, which torch's `DataLoader` takes as it is.

    Attributes:
        images: uint8 (N, S, S, 3), RGB.
        labels: int64 (N,).
        transform: Applied to each image, uint8 (S, S, 3); None leaves it.
    """

    images: ImageRows
    labels: Labels
    transform: Callable[[Images], object] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[object, int]:
        """An image, as the transform gives it, and its label."""
        image = np.array(self.images[index])
        return self.transform(image) if self.transform else image, int(self.labels[index])


@dataclass(frozen=True)
class Dataset(Displayed):
    """A classification data set on disk.

    Attributes:
        folder: Holds `dataset.json`, `manifest.parquet`, `ledger.parquet`, `train.npy`, `val.npy`, `images/`; a split
            of more than a GiB has several files, `train-00000.npy` and on.
        info: What it is and how it was made.
        manifest: One row per image, training first, in the order of the arrays: split str; position i64 (row in the
            split's array); image_id i64; file_name str; label i64; annotated list[str]; boxes as in the ledger;
            width, height i32 (of the photo); license i64 or None; url str or None; image str (path of the JPEG copy);
            source_digest str (of the photo's bytes).
    """

    folder: Path
    info: DatasetInfo
    manifest: pl.DataFrame
    read_ledger: Callable[[], pl.DataFrame]

    @cached_property
    def ledger(self) -> pl.DataFrame:
        """The selection's ledger with what became of the photos; read when it is first asked for.

        Raises:
            StorageError: It is missing or damaged.
        """
        return self.read_ledger()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was odd in the annotations and the photos, and what was done about it."""
        return (*self.info.selection.problems, *self.info.problems)

    @cached_property
    def images(self) -> Mapping[str, ImageRows]:
        """For each split its images, uint8 (N, size, size, 3), RGB: an array, memory-mapped copy on write.

        A split of several files is `Shards`, which reads rows when they are asked for; each file is checked then.
        """
        return {split: self._images(split) for split in self.info.counts}

    def _images(self, split: str) -> ImageRows:
        files = files_of(self.folder, split)
        if len(files) > 1:
            return self.shards(split)
        array: Images = np.load(files[0], mmap_mode="c", allow_pickle=False)
        return array

    def shards(self, split: str) -> Shards:
        """The images of a split, whatever its size, of which rows are read when they are asked for."""
        files = files_of(self.folder, split)
        sealed = sealed_digests(self.folder, *(path.name for path in files)) if len(files) > 1 else {}
        return Shards([ArrayFile(path, sealed.get(path.name)) for path in files])

    @cached_property
    def labels(self) -> Mapping[str, Labels]:
        """For each split its labels, int64 (N,), 0 to K-1."""
        return {split: self.column(split, "label").to_numpy() for split in self.info.counts}

    def torch(self, split: str, transform: Callable[[Images], object] | None = None) -> SplitImages:
        """A split for a training loop of one's own: `DataLoader(dataset.torch("train", ToTensor()), batch_size=4)`.

        Args:
            split: "train", "val" or "test".
            transform: Applied to each image, uint8 (S, S, 3), RGB.

        Raises:
            ConfigError: The data set has no such split.
        """
        if split not in self.info.counts:
            raise ConfigError(unknown_name("split", split, self.info.counts))
        return SplitImages(self.images[split], self.labels[split], transform)

    def present(self, split: str) -> npt.NDArray[np.bool_]:
        """Which classes are annotated in each image of a split: bool (N, K)."""
        annotated = self.column(split, "annotated")
        return np.column_stack([annotated.list.contains(name).to_numpy() for name in self.info.classes])

    def rows(self, split: str) -> pl.DataFrame:
        """The manifest's rows of one split, in the order of its array."""
        return self.manifest.filter(pl.col("split") == split)

    def column(self, split: str, name: str) -> pl.Series:
        """One column of these rows; all of them together take much memory where images are many."""
        return self.manifest.lazy().filter(pl.col("split") == split).select(name).collect()[name]
