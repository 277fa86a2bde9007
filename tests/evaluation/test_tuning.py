"""The choice among recipes, and what is said of the search."""

from hypothesis import given
from hypothesis import strategies as st

from bakeoff.config.tune import RecipeValues, SearchSpace, TuneConfig
from bakeoff.evaluation.tuning import TunedNetwork, TuneTrial, Tuning, choose, in_words

TRIALS = st.lists(
    st.one_of(st.just((None, None)), st.tuples(st.sampled_from([0.2, 0.5, 0.5, 0.9]), st.sampled_from([0.3, 1.0, 2.0])))
).map(
    lambda rows: [
        TuneTrial(str(at), RecipeValues(batch_size=at + 1), accuracy, loss) for at, (accuracy, loss) in enumerate(rows)
    ]
)


@given(TRIALS)
def test_the_most_accurate_is_chosen_then_the_lowest_loss_then_the_first(trials: list[TuneTrial]) -> None:
    best, finished = choose(trials), [trial for trial in trials if trial.accuracy is not None]
    assert (best is None) == (not finished)
    for rank, other in enumerate(finished if best else ()):
        assert (best.accuracy, -best.loss) >= (other.accuracy, -other.loss)
        if (best.accuracy, best.loss) == (other.accuracy, other.loss):
            assert finished.index(best) <= rank


def test_the_search_in_words() -> None:
    config = TuneConfig(SearchSpace(learning_rate=(1e-3, 3e-4), betas=((0.9, 0.99),)), "random", 2, epochs=5, seeds=2)
    trials = (TuneTrial("x", RecipeValues(learning_rate=1e-3), 0.5, 1.0),) * 2
    networks = tuple(TunedNetwork(name, 1500, trials, None, "") for name in ("a", "b"))
    assert Tuning(config, networks).statement == (
        "Searched for each network (random): learning_rate 0.001, 0.0003 × betas [0.9, 0.99]; 2 recipes, each of 5 "
        "epochs, with 2 seeds. They were judged on 1,500 training photos that were held out of the trials; validation "
        "photos played no part."
    )
    assert in_words(RecipeValues(weight_decay=0.0, optimizer="adam")) == "optimizer adam, weight_decay 0"
    assert in_words(None) == ""
