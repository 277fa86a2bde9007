"""Which photo stands in which place: the chosen one, or the next candidate where that one can't be read."""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from bakeoff.core.errors import ShortageError, SourceError
from bakeoff.core.types import SPLITS
from bakeoff.data.build.workers import ImageResult
from bakeoff.data.selection.selection import Selection


class ImageRef(NamedTuple):
    """An image of the ledger."""

    image_id: int
    file_name: str


class Slot(NamedTuple):
    """A row of one split's array, which holds an image of one class."""

    split: str
    position: int
    label: str


class Unreadable(NamedTuple):
    """A photo that can't be used, the class for which it was to stand, and why it can't be used."""

    photo: ImageRef
    label: str
    reason: str


@dataclass(frozen=True)
class Filling:
    """The places of a data set, in the order of the arrays, and what stands in them.

    Attributes:
        places: The places.
        chosen: For each place the photo that the selection chose.
        photos: For each place the photo that stands there.
        digests: For each place the digest of that photo's bytes.
        failures: The photos that can't be used, in the order in which they were tried.
    """

    places: tuple[Slot, ...]
    chosen: tuple[ImageRef, ...]
    photos: list[ImageRef]
    digests: list[str]
    failures: list[Unreadable] = field(default_factory=list)


Make = Callable[[Sequence[tuple[Slot, ImageRef]]], Generator[ImageResult, None, None]]
"""Makes photos for places: one outcome a photo, in their order."""


def fill(selection: Selection, make: Make, where: str, progress: Callable[[int, int], None]) -> Filling:
    """Makes the chosen photos, and for each that fails the next spare of its class, until every place is filled.

    Args:
        selection: The chosen images and the spares.
        make: Makes photos for places.
        where: The place of the photos, for messages.
        progress: Told how many of all places are filled.

    Returns:
        The filled places; the same outcomes give the same filling.

    Raises:
        SourceError: No chosen photo can be read at all.
        ShortageError: A class has no spare left.
    """
    filling = _plan(selection)
    spares = _Spares(selection)
    waiting = list(range(len(filling.places)))
    while waiting:
        waiting = _try(filling, waiting, make, progress)
        if len(waiting) == len(filling.places):
            first = filling.failures[0]
            raise SourceError(
                f"none of the {len(waiting):,} photos could be read in {where}; the first, "
                f"{first.photo.file_name}: {first.reason}. Check --images (data.images)."
            )
        for slot in waiting:
            spare = spares.take(filling.places[slot])
            if spare is None:
                raise _shortage(filling, filling.places[slot].label)
            filling.photos[slot] = spare
    return filling


def _plan(selection: Selection) -> Filling:
    """The places with their chosen photos, none of which is made yet."""
    positions = dict.fromkeys(SPLITS, 0)
    places = []
    for split, label in selection.chosen.select("split", "label").iter_rows():
        places.append(Slot(split, positions[split], label))
        positions[split] += 1
    photos = [ImageRef(*row) for row in selection.chosen.select("image_id", "file_name").iter_rows()]
    return Filling(tuple(places), tuple(photos), photos, [""] * len(photos))


def _try(filling: Filling, slots: Sequence[int], make: Make, progress: Callable[[int, int], None]) -> list[int]:
    """Makes the photos of these places, notes what failed, and returns the places that are still empty."""
    empty = []
    done, total = len(filling.places) - len(slots), len(filling.places)
    with closing(make([(filling.places[slot], filling.photos[slot]) for slot in slots])) as outcomes:
        for slot, outcome in zip(slots, outcomes, strict=True):
            if outcome.digest is None:
                filling.failures.append(Unreadable(filling.photos[slot], filling.places[slot].label, outcome.reason))
                empty.append(slot)
            else:
                filling.digests[slot] = outcome.digest
                done += 1
            progress(done, total)
    return empty


class _Spares:
    """The candidates that were not chosen; each is handed out once, in the policy's order, where its split fits."""

    def __init__(self, selection: Selection) -> None:
        self._queues: dict[tuple[str, str], deque[ImageRef]] = {
            place: deque() for place in product(SPLITS, selection.classes)
        }
        self._taken: set[ImageRef] = set()
        for *photo, labels, split in selection.spares.select("image_id", "file_name", "eligible", "split").iter_rows():
            for place in product([split] if split else SPLITS, labels):
                self._queues[place].append(ImageRef(*photo))

    def take(self, place: Slot) -> ImageRef | None:
        """The next spare that may stand in this place; null where there is none."""
        queue = self._queues[place.split, place.label]
        while queue:
            photo = queue.popleft()
            if photo not in self._taken:
                self._taken.add(photo)
                return photo
        return None


def _shortage(filling: Filling, label: str) -> ShortageError:
    own = [failure for failure in filling.failures if failure.label == label]
    examples = "; ".join(f"{failure.photo.file_name}: {failure.reason}" for failure in own[:3])
    return ShortageError(
        f"class {label!r} has too few photos that can be read: {len(own):,} could not be read ({examples}), and no "
        "candidate is left in their place. Put the photos right, or lower data.train_per_class and its like."
    )
