"""The structs of an experiment file."""

import msgspec
import pytest

from bakeoff.config.data import DataConfig
from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.schema import Recipe, TrainingConfig


def test_seeds_are_a_number_or_a_list() -> None:
    assert TrainingConfig(seeds=3).seed_list == (0, 1, 2)
    assert TrainingConfig(seeds=(7, 5)).seed_list == (7, 5)


def test_the_parts_that_decide_about_a_stage_carry_its_values() -> None:
    data = DataConfig(classes=("a", "b"), policy="random", size=32, images="x")
    assert (data.selection.classes, data.selection.policy) == (("a", "b"), "random")
    assert TrainingConfig(epochs=3, networks=("x",)).recipe == Recipe(epochs=3)


def test_structs_are_frozen() -> None:
    with pytest.raises(AttributeError):
        ExperimentConfig().name = "other"


@pytest.mark.parametrize("name", ["../up", "a/b", "", "a b"])
def test_an_experiments_name_can_not_leave_its_folder(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": name}, ExperimentConfig)
