"""Power: a coarse experiment, a fine one, and one seed."""

from bakeoff.findings.diagnoses.power import power
from bakeoff.findings.finding import ShortAnswer


def test_the_smallest_difference_is_named(dataset, train, make_case) -> None:
    coarse = power(make_case(dataset, train("a", 0.5, seeds=2) + train("b", 0.5, seeds=2)))
    assert (coarse.state, coarse.answer.mark) == ("found", "no")
    fine = power(make_case(dataset, train("a", 0.99, seeds=5) + train("b", 0.99, seeds=5)))
    assert (fine.state, fine.answer.mark) == ("not found", "yes")
    low, high = (found.evidence["power"]["detectable"] for found in (fine, coarse))
    assert low < 0.05 < (high or 1.0)


def test_one_seed_or_one_network_is_not_applicable(dataset, train, make_case) -> None:
    for runs in (train("a", seeds=1) + train("b", seeds=1), train("a", seeds=3)):
        finding = power(make_case(dataset, runs))
        assert finding.state == "not applicable"
        assert finding.answer == ShortAnswer("no", finding.verdict)
        assert "no difference was tested" in finding.verdict
