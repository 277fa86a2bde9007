"""A mistake in what somebody handed in, named."""

from typing import Literal

import msgspec

Code = Literal[
    "leak",
    "two-classes",
    "drawn-twice",
    "swapped-labels",
    "wrong-labels",
    "unreadable",
    "bgr",
    "one-class",
    "never-predicted",
    "mapped-labels",
    "transposed",
    "other-matrix",
    "tied-layers",
    "not-run",
    "not-read",
]


class Mistake(msgspec.Struct, frozen=True):
    """What is wrong, by its code, and one sentence with the numbers."""

    code: Code
    text: str
