"""The latency of an experiment's variants on one machine; `latency.json`."""

from collections.abc import Collection, Mapping, Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from bakeoff.core.types import Environment, Estimate, Interval


class Latency(msgspec.Struct, frozen=True):
    """The median of repeated measurements in milliseconds, and their quartiles: half of them are between these."""

    median: float
    quartiles: Interval

    @property
    def estimate(self) -> Estimate:
        """As tables show it."""
        return Estimate(self.median, self.quartiles)


class MeasuredNetwork(msgspec.Struct, frozen=True):
    """One network, and the variants that apply it: those that differ in how it was trained share its latency."""

    variants: tuple[str, ...]
    one: Latency
    batch: Latency


class Latencies(msgspec.Struct, frozen=True):
    """What was measured once after the training: it depends on the machine, so no digest of a result covers it.

    Attributes:
        networks: Measured in turn, round by round.
        runs: By variant the digest of the specification of the run that was measured.
        library: What computed, with its version.
        reason: Why it was not ONNX Runtime, else empty.
        threads: CPU threads.
        batch_size: Photos in a batch.
        rounds: Repetitions.
        processor: Its name; empty where the system does not say.
        environment: The machine and the versions.
    """

    networks: tuple[MeasuredNetwork, ...]
    runs: Mapping[str, str]
    library: str
    reason: str
    threads: int
    batch_size: int
    rounds: int
    processor: str
    environment: Environment
    schema: int = 1

    def of(self, variant: str) -> MeasuredNetwork | None:
        """What was measured of a variant's network."""
        return next((network for network in self.networks if variant in network.variants), None)

    def of_runs(self, digests: Collection[str]) -> "Latencies":
        """Without the variants of which the measured run is not among those of these specifications any more."""
        kept = {name for name, digest in self.runs.items() if digest in digests}
        networks = [
            replace(own, variants=tuple(name for name in own.variants if name in kept)) for own in self.networks
        ]
        return replace(self, networks=tuple(own for own in networks if own.variants))


def summarise(milliseconds: Sequence[float]) -> Latency:
    """The median and the quartiles of repeated measurements, at least one."""
    low, middle, high = np.quantile(milliseconds, (0.25, 0.5, 0.75))
    return Latency(float(middle), Interval(float(low), float(high)))


def one_photo(latencies: Latencies | None, variant: str) -> Latency | None:
    """The latency of a variant for one photo; None where it was not measured."""
    found = latencies.of(variant) if latencies else None
    return found.one if found else None
