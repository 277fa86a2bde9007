"""What a search proposes: within its values and its budget, and the same again."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.config.tune import SearchSpace, TuneConfig
from bakeoff.workflow.search import Values, search

SPACES = st.builds(
    lambda rates, sizes: SearchSpace(learning_rate=tuple(rates), batch_size=tuple(sizes)),
    st.lists(st.sampled_from([1e-1, 1e-2, 1e-3, 1e-4]), min_size=1, unique=True),
    st.lists(st.integers(1, 9), min_size=1, max_size=4, unique=True),
)


def run(config: TuneConfig) -> list[list[Values]]:
    """All proposals; a recipe is the better the smaller its batches, and with batches of 5 it fails."""
    proposals, asked = search(config), []
    batch = next(proposals)
    while True:
        asked.append(batch)
        try:
            sizes = [int(str(values["batch_size"])) for values in batch]
            batch = proposals.send([None if size == 5 else 1 / size for size in sizes])
        except StopIteration:
            return asked


@given(SPACES)
def test_a_grid_is_every_combination_once(space: SearchSpace) -> None:
    (grid,) = run(TuneConfig(space))
    assert [tuple(values.values()) for values in grid] == [*product(space.batch_size, space.learning_rate)]


@given(SPACES, st.integers(1, 20))
def test_random_is_a_part_of_the_grid_and_the_same_again(space: SearchSpace, trials: int) -> None:
    (grid,), (drawn,) = run(TuneConfig(space)), run(TuneConfig(space, "random", trials))
    assert len(drawn) == min(trials, len(grid))
    assert all(drawn.count(values) == 1 and values in grid for values in drawn)
    assert run(TuneConfig(space, "random", trials)) == [drawn]


def test_optuna_uses_its_budget_within_the_values_and_finds_what_is_better() -> None:
    pytest.importorskip("optuna")
    space = SearchSpace(batch_size=tuple(range(1, 9)), betas=((0.9, 0.99), (0.5, 0.9)))
    config = TuneConfig(space, "tpe", 25)
    asked = run(config)
    assert [len(batch) for batch in asked] == [1] * 25
    sizes = [batch[0]["batch_size"] for batch in asked]
    assert {*sizes} <= {*range(1, 9)}
    assert sum(sizes[10:]) / 15 < sum(sizes[:10]) / 10
    assert sizes[10:].count(5) < 5, "what fails is not proposed all the time"
    assert {batch[0]["betas"] for batch in asked} <= {*space.betas}
    assert run(config) == asked
