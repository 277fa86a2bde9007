"""How numbers are written."""

from bakeoff.core.types import Estimate, Interval
from bakeoff.report import formatting as wording


def test_numbers_as_the_report_writes_them() -> None:
    assert wording.percent(0.5512) == "55.1 %"
    assert wording.estimate(Estimate(0.551, Interval(0.52, 0.582))) == "55.1 % (52.0 to 58.2)"
    assert wording.estimate(Estimate(0.551, None)) == "55.1 %"
    assert (wording.seconds(12.34), wording.seconds(125.9)) == ("12.3 s", "2 min 5 s")
    assert wording.millions(30_605_632) == "30.6 M"
    assert (wording.shape((32, 14, 14)), wording.pixels(1090), wording.decimal(0.5)) == (
        "32 × 14 × 14",
        "1,090 px",
        "0.500",
    )
    assert [wording.scientific(norm) for norm in (3.21e-5, 0.0, None)] == ["3.2e-05", "0", "not finite"]
    missing = (wording.percent(None), wording.bounds(None), wording.seconds(None), wording.decimal(None))
    assert {*missing, wording.pixels(None), wording.millions(None)} == {"–"}


def test_only_an_address_of_the_web_is_a_link() -> None:
    assert (
        wording.link("https://x/?a=1&b=<")
        == '<a href="https://x/?a=1&amp;b=&lt;" rel="noreferrer">https://x/?a=1&amp;b=&lt;</a>'
    )
    assert [hasattr(wording.link(url), "__html__") for url in ("javascript:x", "data:x", "", "<b>")] == [False] * 4


def test_a_run_that_did_not_train_is_set_off() -> None:
    assert wording.status("trained") == "trained"
    assert wording.status("did not run") == '<strong class="bad">did not run</strong>'


def test_a_slug_is_safe_in_paths_and_anchors() -> None:
    assert wording.slug("My Net/../x") == "my-net-x"
    assert wording.slug("☃") == "x"
    assert len(wording.slug("x" * 500)) <= 60


def test_no_two_slugs_are_the_same() -> None:
    assert wording.slugs(["Net", "net", "☃", "net-2", "☂"]) == ["net", "net-2", "x", "net-2-2", "x-2"]
