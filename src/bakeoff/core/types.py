"""Words that all records share, and the environment that a result carries."""

import os
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

TRAIN, VAL, TEST = "train", "val", "test"
SPLITS = (TRAIN, VAL, TEST)

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


class ImageRows(Protocol):
    """Images uint8 (N, S, S, 3): an array, or what reads some of them at a time from files that are larger than memory.

    An index along the first axis gives an array; `np.asarray` gives all of them, in memory.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def nbytes(self) -> int: ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...

    def __getitem__(self, index: Any, /) -> Any: ...

    def __array__(self) -> Images: ...


class Environment(msgspec.Struct, frozen=True):
    """What a result was made with.

    Attributes:
        python: Python's version.
        platform: Operating system and processor architecture.
        processors: How many processors the machine has.
        versions: Version of each library that decides about numbers.
    """

    python: str
    platform: str
    processors: int
    versions: Mapping[str, str]

    @classmethod
    def current(cls) -> "Environment":
        """This process's environment."""
        names = ("bakeoff", "torch", "numpy", "polars", "pillow", "opencv-python-headless", "scikit-learn")
        return cls(
            python=platform.python_version(),
            platform=f"{platform.system()} {platform.machine()}",
            processors=os.cpu_count() or 1,
            versions={name: version(name) for name in names},
        )


class Interval(msgspec.Struct, frozen=True, array_like=True):
    """A confidence interval; `[low, high]` in JSON."""

    low: float
    high: float


class Estimate(msgspec.Struct, frozen=True):
    """A mean over seeds, or a number of one run.

    Attributes:
        mean: The mean over the trained runs; None without any.
        interval: Its 95 % interval over seeds and images, with one seed over images alone; None where it is not known.
    """

    mean: float | None
    interval: Interval | None
