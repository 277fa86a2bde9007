"""What would make a network better, measured; `improve/improvements.json`."""

from typing import Literal

import msgspec

from bakeoff.core.types import Interval


class Variant(msgspec.Struct, frozen=True):
    """One change of the experiment, and what it gains.

    Attributes:
        name: A short name, such as "flip-and-crop".
        what: The change in words.
        kind: "measured", "extrapolated" (no run stands behind it), or "skipped" (`verdict` says why).
        gain: Mean accuracy with the change minus without, a share of 1; null where it was skipped.
        interval: Its 95 % interval over seeds and photos (extrapolated: of the fitted curve); null with one seed.
        verdict: "better", "worse", "not distinguishable", "not tested" with one seed, or why it was skipped.
        seeds: Seeds that finished in both.
        images: Photos that both were scored on.
    """

    name: str
    what: str
    kind: Literal["measured", "extrapolated", "skipped"]
    verdict: str
    gain: float | None = None
    interval: Interval | None = None
    seeds: int = 0
    images: int = 0


class CurvePoint(msgspec.Struct, frozen=True):
    """A point of the learning curve.

    Attributes:
        images: Training images.
        accuracy: Validation accuracy, 0 to 1: the mean over seeds, or what the fitted curve gives.
        interval: Its 95 % interval, over seeds (t) or of the fitted curve; null with one seed.
        extrapolated: Whether no run stands behind it.
    """

    images: int
    accuracy: float
    interval: Interval | None
    extrapolated: bool = False


class Improvements(msgspec.Struct, frozen=True):
    """What was tried on one network, best first.

    Attributes:
        network: The network.
        variants: What was measured by its gain, the largest first, then what was extrapolated, then what was skipped.
        curve: The learning curve, by training images.
        seconds: Wall time of all of it.
        budget: The limit that was set, in minutes; 0 is none.
        statement: The result in words.
    """

    network: str
    variants: tuple[Variant, ...]
    curve: tuple[CurvePoint, ...]
    seconds: float
    budget: float
    statement: str
    schema: int = 1
