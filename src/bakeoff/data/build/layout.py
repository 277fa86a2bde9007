"""Where things are in a data set's folder."""

from dataclasses import dataclass
from pathlib import Path

from bakeoff.data.build.allocation import Candidate, Slot
from bakeoff.data.build.arrays import create_array
from bakeoff.data.build.stated_size import Size
from bakeoff.data.build.workers import ImageJob
from bakeoff.data.selection.selection import Selection


@dataclass(frozen=True)
class Layout:
    """The paths in a data set's folder.

    Attributes:
        folder: The folder.
        class_folders: The name of each class's folder.
    """

    folder: Path
    class_folders: dict[str, str]

    def prepare(self, selection: Selection, size: int) -> None:
        """Makes the arrays, and the class folders that get images: readers of image folders refuse empty ones."""
        splits = selection.chosen["split"].to_list()
        for split in selection.splits:
            create_array(self.array(split), (splits.count(split), size, size, 3))
        (self.folder / "images").mkdir()
        for split, label in selection.chosen.select("split", "label").unique().iter_rows():
            (self.folder / "images" / split / self.class_folders[label]).mkdir(parents=True)

    def array(self, split: str) -> Path:
        """The file of a split's images."""
        return self.folder / f"{split}.npy"

    def copy(self, slot: Slot, photo: Candidate) -> str:
        """The path of a photo's JPEG copy, relative to the folder."""
        return f"images/{slot.split}/{self.class_folders[slot.label]}/{photo.image_id}.jpg"

    def job(self, slot: Slot, photo: Candidate, *, stated: Size | None) -> ImageJob:
        """What makes a photo of a stated size for a slot."""
        copy = self.folder / self.copy(slot, photo)
        return ImageJob(photo.file_name, stated, self.array(slot.split), slot.position, copy)
