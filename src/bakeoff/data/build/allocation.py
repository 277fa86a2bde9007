"""Which image fills which slot: the chosen one, or the next reserve of its class where that one can't be read."""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

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

    Attributes:
        slots: The slots.
        chosen: By slot the image that the selection chose.
        images: By slot the image that fills it.
        digests: By slot the digest of that image's bytes.
        fits: By the number of a slot how boxes of the stated size lie in that image's photo, where it is not exact.
        unreadable: The images that can't be used, in the order in which they were tried.
    """

    slots: tuple[Slot, ...]
    chosen: tuple[Candidate, ...]
    images: list[Candidate]
    digests: list[str]
    fits: dict[int, Fit] = field(default_factory=dict)
    unreadable: list[UnreadableImage] = field(default_factory=list)


Make = Callable[[Sequence[tuple[Slot, Candidate]]], Generator[MadeImage, None, None]]
"""Makes images for slots: yields one result per image, in their order."""


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
    allocation = _plan(selection)
    reserves = _Reserves(selection)
    empty = list(range(len(allocation.slots)))
    while empty:
        empty = _try(allocation, empty, make, progress)
        _check_sizes(allocation)
        if len(empty) == len(allocation.slots):
            first = allocation.unreadable[0]
            raise SourceError(
                f"none of the {len(empty):,} photos could be read in {location}; the first, "
                f"{first.image.file_name}: {first.reason}. Check --images (data.images)."
                + "".join(f" {one.message}." for one in selection.info.problems if one.code == NO_FILE)
            )
        for number in empty:
            reserve = reserves.take(allocation.slots[number])
            if reserve is None:
                raise _shortage(allocation, allocation.slots[number].label)
            allocation.images[number] = reserve
    return allocation


def _check_sizes(allocation: Allocation) -> None:
    wrong = [one for one in allocation.unreadable if MISMATCH in one.reason]
    if 2 * len(wrong) > len(allocation.slots):
        raise SourceError(
            f"{len(wrong):,} photos have not the size that their annotations state, nor its aspect ratio; the first, "
            f"{wrong[0].image.file_name}: {wrong[0].reason}. Give the photos that were annotated, or whole copies of "
            "another size. data.check_sizes = false takes boxes as fractions of whatever photo is there."
        )


def _plan(selection: Selection) -> Allocation:
    """The slots with their chosen images, none of which is made yet."""
    positions = dict.fromkeys(SPLITS, 0)
    slots = []
    for split, label in selection.chosen.select("split", "label").iter_rows():
        slots.append(Slot(split, positions[split], label))
        positions[split] += 1
    images = [Candidate(*row) for row in selection.chosen.select("image_id", "file_name").iter_rows()]
    return Allocation(tuple(slots), tuple(images), images, [""] * len(images))


def _try(allocation: Allocation, numbers: Sequence[int], make: Make, progress: Progress) -> list[int]:
    """Makes the images of these slots, notes what failed, and returns the slots that are still empty."""
    slots, images, empty = allocation.slots, allocation.images, []
    done = len(slots) - len(numbers)
    with closing(make([(slots[number], images[number]) for number in numbers])) as results:
        for number, made in zip(numbers, results, strict=True):
            if made.digest is None:
                allocation.unreadable.append(UnreadableImage(images[number], slots[number].label, made.reason))
                empty.append(number)
            else:
                allocation.digests[number] = made.digest
                allocation.fits.update({number: made.fit} if made.fit != EXACT else {})
                done += 1
            progress(done, len(slots))
    return empty


class _Reserves:
    """The candidates that were not chosen; each is handed out once, in the policy's order, where its split fits."""

    def __init__(self, selection: Selection) -> None:
        keys = product(SPLITS, selection.classes)
        self._queues: dict[tuple[str, str], deque[Candidate]] = {key: deque() for key in keys}
        self._taken: set[Candidate] = set()
        rows = selection.reserves.select("image_id", "file_name", "eligible", "split").iter_rows()
        for *image, labels, split in rows:
            for key in product([split] if split else SPLITS, labels):
                self._queues[key].append(Candidate(*image))

    def take(self, slot: Slot) -> Candidate | None:
        """The next reserve that may fill this slot; None where there is none."""
        queue = self._queues[slot.split, slot.label]
        while queue:
            image = queue.popleft()
            if image not in self._taken:
                self._taken.add(image)
                return image
        return None


def _shortage(allocation: Allocation, label: str) -> ShortageError:
    own = [entry for entry in allocation.unreadable if entry.label == label]
    examples = "; ".join(f"{entry.image.file_name}: {entry.reason}" for entry in own[:3])
    return ShortageError(
        f"class {label!r} has too few photos that can be read: {len(own):,} could not be read ({examples}), and no "
        "reserve is left. Put the photos right, or lower data.train_per_class and its like."
    )
