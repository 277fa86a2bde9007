"""The frontier of accuracy against latency: the networks that no other one beats in both (the Pareto set)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from bakeoff.evaluation.latency import Latencies, Latency, one_photo
from bakeoff.evaluation.scores import Comparison, PairScores


class Position(NamedTuple):
    """A network with its mean accuracy, a fraction, and its latency for one photo."""

    name: str
    accuracy: float
    latency: Latency


class Frontier(NamedTuple):
    """Where networks stand to the frontier.

    Attributes:
        on: By the point estimates, the fastest first: no other network is at least as accurate in at most the time, and
            better in one of the two.
        certain: Those of them that the uncertainty can't move off it: every other network is worse, or slower.
        excluded: The others that it can't move onto it, each with a network that is better and no slower.
    """

    on: tuple[str, ...]
    certain: tuple[str, ...]
    excluded: Mapping[str, str]

    def standing(self, name: str) -> str:
        """A network's place in words."""
        if name in self.on:
            return "on the frontier" if name in self.certain else "on it by the estimates"
        return "not on it" if name in self.excluded else "could be on it"


def frontier(positions: Sequence[Position], better: Collection[tuple[str, str]]) -> Frontier:
    """The frontier, by the point estimates and by what is decided.

    Args:
        positions: Of the networks, whose names are unique.
        better: Pairs of networks of which the first was found to be better than the second.
    """
    order = sorted(positions, key=lambda own: (own.latency.median, -own.accuracy))
    on = [own for own in order if not any(_dominates(other, own) for other in order)]
    certain = [own.name for own in on if all(_keeps(own, other, better) for other in order if other is not own)]
    excluded: dict[str, str] = {}
    for own in order:
        by = [other.name for other in order if (other.name, own.name) in better and _no_slower(other, own)]
        if own not in on and by:
            excluded[own.name] = by[0]
    return Frontier(tuple(own.name for own in on), tuple(certain), excluded)


def _dominates(one: Position, other: Position) -> bool:
    own, rival = (one.accuracy, -one.latency.median), (other.accuracy, -other.latency.median)
    return own != rival and own[0] >= rival[0] and own[1] >= rival[1]


def _keeps(own: Position, other: Position, better: Collection[tuple[str, str]]) -> bool:
    """Whether the other one can't push this one off the frontier."""
    return (own.name, other.name) in better or own.latency.quartiles.high < other.latency.quartiles.low


def _no_slower(one: Position, other: Position) -> bool:
    """Surely: it is the same measurement, or the spreads do not touch."""
    return one.latency == other.latency or one.latency.quartiles.high < other.latency.quartiles.low


def positions(comparison: Comparison, latencies: Latencies | None) -> list[Position]:
    """The networks that have a place: trained, measured, scored on the same images, and not blind to the photo."""
    places = [(network, one_photo(latencies, network.name)) for network in comparison.comparable if network.trained]
    return [
        Position(network.name, network.val_accuracy.mean, latency)
        for network, latency in places
        if latency and network.val_accuracy.mean is not None
        if not (network.architecture and network.architecture.traits.ignores_input)
    ]


def decided(pairs: Sequence[PairScores]) -> set[tuple[str, str]]:
    """The pairs of which one is better, that one first."""
    return set(_decided(pairs))


def _decided(pairs: Sequence[PairScores]) -> Iterator[tuple[str, str]]:
    for pair in pairs:
        if pair.verdict == "first better":
            yield pair.first, pair.second
        elif pair.verdict == "second better":
            yield pair.second, pair.first
