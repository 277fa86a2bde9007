"""The frontier: no other network is at least as good in both; what is decided never contradicts the estimates."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from bakeoff.core.types import Interval
from bakeoff.evaluation.frontier import Position, frontier
from bakeoff.evaluation.latency import Latency

NAMES = "abcdef"
LATENCIES = st.tuples(st.integers(1, 6), st.integers(0, 3), st.integers(0, 3)).map(
    lambda own: Latency(float(own[0]), Interval(own[0] - own[1] / 2, own[0] + own[2] / 2))
)
PLACES = st.lists(st.tuples(st.integers(0, 6), LATENCIES), min_size=1, max_size=len(NAMES)).map(
    lambda rows: [Position(name, accuracy / 6, latency) for name, (accuracy, latency) in zip(NAMES, rows, strict=False)]
)
BETTER = st.sets(st.sampled_from(list(permutations(NAMES, 2))))


def place(name: str, accuracy: float, median: float, spread: float = 0.0) -> Position:
    return Position(name, accuracy, Latency(median, Interval(median - spread, median + spread)))


def ahead(one: Position, other: Position) -> bool:
    faster, better = one.latency.median - other.latency.median, one.accuracy - other.accuracy
    return faster <= 0 <= better and (faster < 0 or better > 0)


@given(PLACES, BETTER)
def test_it_is_what_no_other_network_is_ahead_of(places: list[Position], better: set[tuple[str, str]]) -> None:
    on = frontier(places, better).on
    assert set(on) == {own.name for own in places if not any(ahead(other, own) for other in places)}
    medians = {own.name: own.latency.median for own in places}
    assert on
    assert [medians[name] for name in on] == sorted(medians[name] for name in on)


@given(PLACES, BETTER)
def test_what_is_certain_is_on_it_and_what_is_excluded_is_not(
    places: list[Position], better: set[tuple[str, str]]
) -> None:
    found = frontier(places, better)
    assert {*found.certain} <= {*found.on}
    assert not {*found.excluded} & {*found.on}
    for name, by in found.excluded.items():
        assert (by, name) in better
    words = {own.name: found.standing(own.name) for own in places}
    assert {name for name, said in words.items() if said == "not on it"} == {*found.excluded}
    assert {name for name, said in words.items() if said == "on the frontier"} == {*found.certain}


@given(PLACES, BETTER, st.randoms())
def test_the_order_of_the_networks_does_not_matter(places: list[Position], better: set, random) -> None:
    shuffled = random.sample(places, len(places))
    found, again = frontier(places, better), frontier(shuffled, better)
    assert ({*found.on}, {*found.certain}, {*found.excluded}) == ({*again.on}, {*again.certain}, {*again.excluded})


@given(PLACES)
def test_one_that_is_behind_changes_nothing(places: list[Position]) -> None:
    first = places[0]
    worse = Position("z", first.accuracy - 0.01, first.latency)
    assert frontier([*places, worse], ()).on == frontier(places, ()).on


def test_more_verdicts_leave_less_open() -> None:
    places = [place("fast", 0.5, 1, 0.1), place("slow", 0.6, 5, 0.1), place("behind", 0.4, 4, 0.1)]
    undecided = frontier(places, ())
    assert undecided == (("fast", "slow"), ("fast",), {})
    assert undecided.standing("behind") == "could be on it"
    decided = frontier(places, {("slow", "fast"), ("fast", "behind"), ("slow", "behind")})
    assert decided == (("fast", "slow"), ("fast", "slow"), {"behind": "fast"})


def test_a_latency_that_overlaps_excludes_nothing_and_a_shared_one_does() -> None:
    overlapping = [place("a", 0.6, 1.0, 0.2), place("b", 0.5, 1.1, 0.2)]
    assert frontier(overlapping, {("a", "b")}).excluded == {}
    shared = [place("a", 0.6, 1.0, 0.2), place("b", 0.5, 1.0, 0.2)]
    assert frontier(shared, {("a", "b")}).excluded == {"b": "a"}
