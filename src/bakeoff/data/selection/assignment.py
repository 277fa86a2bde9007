"""What a label policy returns, and the greedy assignment that most policies share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bakeoff.data.selection.candidates import Candidates

NONE = -1
EVERY = 2**40
"""A quota that takes every image."""

Quotas = Mapping[str, npt.NDArray[np.int64]]
"""By split, in the order of `SPLITS`: how many images of each class it gets at most, int64 (K,)."""


@dataclass(frozen=True)
class Assignment:
    """Which images a policy takes, for which split and class; N images, K classes.

    Attributes:
        eligible: bool (N, K): the classes under which the policy may take the image.
        order: int64 (N,): the policy's order of preference, a permutation.
        label: int64 (N,): the class taken, or -1.
        split: int64 (N,): the position of the split in the quotas, or -1.
        refusal: Why an image that holds a target class is eligible for none.
    """

    eligible: npt.NDArray[np.bool_]
    order: npt.NDArray[np.int64]
    label: npt.NDArray[np.int64]
    split: npt.NDArray[np.int64]
    refusal: str = ""

    def counts(self, quotas: Quotas) -> npt.NDArray[np.int64]:
        """How many images each split and class got: int64 (splits, K)."""
        taken = np.zeros((len(quotas), self.eligible.shape[1]), dtype=np.int64)
        chosen = self.label != NONE
        np.add.at(taken, (self.split[chosen], self.label[chosen]), 1)
        return taken


Policy = Callable[[Candidates, Quotas, np.random.Generator], Assignment]
"""A label policy: takes the candidates, the quotas of the splits and a generator.

It takes as many images as it can, never more than a quota; whether that is enough is decided elsewhere.
"""


def random_order(count: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """A random rank for each of so many images: int64 (count,)."""
    return generator.permutation(count).astype(np.int64)


def fill_in_turn(
    eligible: npt.NDArray[np.bool_], order: npt.NDArray[np.int64], quotas: Quotas, refusal: str = ""
) -> Assignment:
    """For each split, then each class: the first images in the order that are eligible and not used yet.

    Args:
        eligible: bool (N, K).
        order: int64 (N,), a permutation.
        quotas: Images of each class, for each split.
        refusal: Why an image that holds a target class is eligible for none.

    Returns:
        The assignment; where images ran out, a class has fewer than its quota.
    """
    queue = np.argsort(order, kind="stable")
    label = np.full(len(order), NONE, dtype=np.int64)
    split = np.full(len(order), NONE, dtype=np.int64)
    for position, quota in enumerate(quotas.values()):
        for klass in range(eligible.shape[1]):
            free = queue[eligible[queue, klass] & (label[queue] == NONE)][: quota[klass]]
            label[free], split[free] = klass, position
    return Assignment(eligible, order, label, split, refusal)
