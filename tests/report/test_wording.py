"""How numbers are written."""

from bakeoff.records import Estimate, Interval
from bakeoff.report import wording


def test_numbers_as_the_report_writes_them() -> None:
    assert wording.percent(0.5512) == "55.1 %"
    assert wording.estimate(Estimate(0.551, Interval(0.52, 0.582))) == "55.1 % (52.0 to 58.2)"
    assert wording.estimate(Estimate(0.551, None)) == "55.1 %"
    assert (wording.seconds(12.34), wording.seconds(125.9)) == ("12.3 s", "2 min 5 s")
    assert (wording.shape((32, 14, 14)), wording.pixels(90), wording.decimal(0.5)) == ("32 × 14 × 14", "90 px", "0.500")
    missing = (wording.percent(None), wording.bounds(None), wording.seconds(None), wording.decimal(None))
    assert {*missing, wording.pixels(None)} == {"–"}


def test_a_slug_is_safe_in_paths_and_anchors() -> None:
    assert wording.slug("My Net/../x") == "my-net-x"
    assert wording.slug("☃") == "x"
