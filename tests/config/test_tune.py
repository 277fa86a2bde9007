"""What is searched: lists of values of the recipe's keys, checked as the keys are."""

from pathlib import Path

import pytest

from bakeoff.config.loading import load_experiment
from bakeoff.config.tune import TuneConfig
from bakeoff.core.errors import ConfigError


def test_nothing_is_searched_unless_it_is_given() -> None:
    assert TuneConfig().space == {}
    assert load_experiment("demo").tune == TuneConfig()


def test_a_table_and_an_override_give_lists_of_values(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(
        "[tune.search]\nlearning_rate = [1e-3, 3e-4, 1e-3]\nbetas = [[0.9, 0.99], [0.9, 0.999]]\n"
        "optimizer = ['adam', 'sgd']"
    )
    space = load_experiment(path, ["tune.search.weight_decay=0,0.05"]).tune.space
    assert space == {
        "learning_rate": [1e-3, 3e-4],
        "optimizer": ["adam", "sgd"],
        "betas": [(0.9, 0.99), (0.9, 0.999)],
        "weight_decay": [0.0, 0.05],
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("tune.search.lerning_rate=1e-3", r"\[tune.search\] has an unknown key 'lerning_rate'.*learning_rate"),
        ("tune.search.train_fraction=0.5", r"\[tune.search\] has an unknown key 'train_fraction'"),
        ("tune.search.task=multilabel", r"\[tune.search\] has an unknown key 'task'"),
        ("tune.search.average=0.9", r"\[tune.search\] has an old key 'average': use ema_decay"),
        ("tune.search.learning_rate=[]", r"tune.search.learning_rate = \[\]: expected list of length >= 1"),
        ("tune.search.learning_rate=-1.0", r"tune.search.learning_rate = -1.0: expected list"),
        ('tune.search.optimizer=["adam","lion"]', r"tune.search.optimizer = .*invalid enum value 'lion'"),
        ("tune.holdout=0.9", r"tune.holdout = 0.9: expected float <= 0.5"),
        ("tune.sampler=bayes", r"tune.sampler = 'bayes': invalid enum value 'bayes'.*Choices: grid, random, tpe"),
        ("tune.trials=0", r"tune.trials = 0: expected int >= 1"),
    ],
)
def test_what_can_not_be_searched_is_named(given: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_experiment("demo", [given])
