"""What one student handed in, and what is wrong with it."""

from collections.abc import Mapping

import msgspec

from bakeoff.core.mistake import Mistake


class HandIn(msgspec.Struct, frozen=True):
    """What one student handed in.

    Attributes:
        name: The folder's name.
        photos: By split, the photos of its data set; empty without one.
        files: The tables, matrices and weights that were read.
        accuracies: By file of predictions and seed, the fraction of photos predicted correctly, 0 to 1.
        mistakes: What is wrong.
        notes: What was guessed, or not looked at.
    """

    name: str
    photos: Mapping[str, int] = {}
    files: tuple[str, ...] = ()
    accuracies: Mapping[str, float] = {}
    mistakes: tuple[Mistake, ...] = ()
    notes: tuple[str, ...] = ()
