"""The kit's own pictures."""

from bakeoff.core.types import Interval
from bakeoff.evaluation.failures import FailureRate
from bakeoff.evaluation.scores import RunScores, VariantScores
from bakeoff.report.homework.pictures import confusion_matrix


def test_a_matrix_is_titled_with_the_fraction_on_its_diagonal_whatever_counts_as_correct() -> None:
    run = RunScores(3, "finished", "trained", "", 1.0, val_accuracy=0.25, confusion=((3, 1), (0, 4)))
    network = VariantScores("net1", None, (run,), FailureRate(0, 1, Interval(0.0, 0.9), 0))
    figure = confusion_matrix(network, run, "net1", ("cat", "dog"))
    assert figure.name == "confusion-net1-seed3"
    assert figure.chart["title"]["text"] == "net1, seed 3: 87.5 % of 8 photos"
