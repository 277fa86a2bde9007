"""Which image fills which slot: the chosen one, or the next reserve of its class where that one can't be read."""

from collections import deque
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import NamedTuple

import polars as pl

from bakeoff.core.errors import ShortageError, SourceError
from bakeoff.core.progress import Progress
from bakeoff.core.types import SPLITS
from bakeoff.data.build.stated_size import EXACT, MISMATCH, Fit
from bakeoff.data.build.workers import MadeImage
from bakeoff.data.index import NO_FILE
from bakeoff.data.selection.selection import Selection


class Candidate(NamedTuple):
    """An image of the ledger."""

    image_id: int
    file_name: str


class Slot(NamedTuple):
    """A row of one split's array, for an image of one class."""

    split: str
    position: int
    label: str


class UnreadableImage(NamedTuple):
    """An image that can't be used, the class of its slot, and why."""

    image: Candidate
    label: str
    reason: str


@dataclass(frozen=True)
class Allocation:
    """The slots of a data set in the order of the arrays, and what fills them.

    Tables, since a data set may have millions.

    Attributes:
        chosen: By slot the image that the selection chose: split str; position i64; label str; image_id i64; file_name
            str.
        images: By slot the image that fills it: the same columns, and source_digest str, of that image's bytes.
        fits: By the number of a slot how boxes of the stated size lie in that image's photo, where it is not exact.
        unreadable: The images that can't be used, in the order in which they were tried.
    """

    chosen: pl.DataFrame
    images: pl.DataFrame
    fits: Mapping[int, Fit] = field(default_factory=dict)
    unreadable: Sequence[UnreadableImage] = ()

    def file_name(self, number: int) -> str:
        """The file of the image that fills a slot."""
        return str(self.images["file_name"][number])


Make = Callable[[pl.DataFrame], Generator[MadeImage, None, None]]
"""Makes images for slots, of which it is given the columns of `Allocation.chosen`: one result per image, in order."""


def allocate(selection: Selection, make: Make, location: str, progress: Progress) -> Allocation:
    """Makes the chosen images, and for each that fails the next reserve of its class, until every slot is filled.

    Args:
        selection: The chosen images and the reserves.
        make: Makes images for slots.
        location: Where the images are read, for messages.
        progress: Called with how many of all slots are filled.

    Returns:
        The filled slots; the same results of `make` give the same allocation.

    Raises:
        SourceError: No chosen image can be read at all, or most have not the size that the annotations state.
        ShortageError: A class has no reserve left.
    """
    filling = _Filling(_plan(selection))
    reserves = _Reserves(selection)
    empty = filling.fill(filling.chosen, range(filling.chosen.height), make, progress)
    while empty:
        _check_sizes(filling)
        if len(empty) == filling.chosen.height:
            first = filling.unreadable[0]
            raise SourceError(
                f"none of the {len(empty):,} photos could be read in {location}; the first, "
                f"{first.image.file_name}: {first.reason}. Check --images (data.images)."
                + "".join(f" {one.message}." for one in selection.info.problems if one.code == NO_FILE)
            )
        for number, slot in empty.items():
            reserve = reserves.take(slot)
            if reserve is None:
                raise _shortage(filling.unreadable, slot.label)
            filling.replaced[number] = reserve
        empty = filling.fill(filling.replacements(empty), empty, make, progress)
    return filling.done()


def _check_sizes(filling: "_Filling") -> None:
    wrong = [one for one in filling.unreadable if MISMATCH in one.reason]
    if 2 * len(wrong) > filling.chosen.height:
        raise SourceError(
            f"{len(wrong):,} photos have not the size that their annotations state, nor its aspect ratio; the first, "
            f"{wrong[0].image.file_name}: {wrong[0].reason}. Give the photos that were annotated, or whole copies of "
            "another size. data.check_sizes = false takes boxes as fractions of whatever photo is there."
        )


def _plan(selection: Selection) -> pl.DataFrame:
    """The slots with their chosen images, none of which is made yet."""
    position = pl.int_range(pl.len(), dtype=pl.Int64).over("split").alias("position")
    return selection.choice("split", "label", "image_id", "file_name").select(
        "split", position, "label", "image_id", "file_name"
    )


class _Filling:
    """The slots while they are filled."""

    def __init__(self, chosen: pl.DataFrame) -> None:
        self.chosen = chosen
        self.replaced: dict[int, Candidate] = {}
        self.digests = [""] * chosen.height
        self.fits: dict[int, Fit] = {}
        self.unreadable: list[UnreadableImage] = []

    def fill(self, photos: pl.DataFrame, numbers: Collection[int], make: Make, progress: Progress) -> dict[int, Slot]:
        """Makes the images of these slots, notes what failed, and returns the slots that are still empty."""
        empty: dict[int, Slot] = {}
        done = len(self.digests) - len(numbers)
        with closing(make(photos)) as results:
            for row, (number, made) in enumerate(zip(numbers, results, strict=True)):
                if made.digest is None:
                    split, position, label, *image = photos.row(row)
                    self.unreadable.append(UnreadableImage(Candidate(*image), label, made.reason))
                    empty[number] = Slot(split, position, label)
                else:
                    self.digests[number] = made.digest
                    self.fits.update({number: made.fit} if made.fit != EXACT else {})
                    done += 1
                progress(done, len(self.digests))
        return empty

    def replacements(self, numbers: Collection[int]) -> pl.DataFrame:
        """Slots with the reserves that are to fill them."""
        rows = [(number, *self.replaced[number]) for number in numbers]
        reserves = pl.DataFrame(rows, schema=["number", "image_id", "file_name"], orient="row")
        return self.chosen[reserves["number"]].with_columns(reserves["image_id"], reserves["file_name"])

    def done(self) -> Allocation:
        """What came of it."""
        images = self.chosen
        if self.replaced:
            slots = ["split", "position"]
            images = images.join(self.replacements(self.replaced), on=slots, how="left", maintain_order="left").select(
                *slots, "label", *(pl.coalesce(f"{name}_right", name).alias(name) for name in ("image_id", "file_name"))
            )
        images = images.with_columns(pl.Series("source_digest", self.digests, pl.String))
        return Allocation(self.chosen, images, self.fits, tuple(self.unreadable))


class _Reserves:
    """The candidates that were not chosen; each is handed out once, in the policy's order, where its split fits."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._taken: set[Candidate] = set()

    @cached_property
    def _queues(self) -> dict[tuple[str, str], deque[Candidate]]:
        """By split and class; made when the first photo fails, since there may be millions."""
        keys = product(SPLITS, self._selection.classes)
        queues: dict[tuple[str, str], deque[Candidate]] = {key: deque() for key in keys}
        rows = self._selection.reserves.select("image_id", "file_name", "eligible", "split").iter_rows()
        for *image, labels, split in rows:
            for key in product([split] if split else SPLITS, labels):
                queues[key].append(Candidate(*image))
        return queues

    def take(self, slot: Slot) -> Candidate | None:
        """The next reserve that may fill this slot; None where there is none."""
        queue = self._queues[slot.split, slot.label]
        while queue:
            image = queue.popleft()
            if image not in self._taken:
                self._taken.add(image)
                return image
        return None


def _shortage(unreadable: Sequence[UnreadableImage], label: str) -> ShortageError:
    own = [entry for entry in unreadable if entry.label == label]
    examples = "; ".join(f"{entry.image.file_name}: {entry.reason}" for entry in own[:3])
    return ShortageError(
        f"class {label!r} has too few photos that can be read: {len(own):,} could not be read ({examples}), and no "
        "reserve is left. Put the photos right, or lower data.train_per_class and its like."
    )
