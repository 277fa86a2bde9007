"""Tables: as the page writes them and as files hold them."""

from bakeoff.core.types import Estimate, Interval
from bakeoff.report.contents import Table
from bakeoff.report.formatting import estimate

TABLE = Table(
    "t",
    "caption",
    ("network", "parameters", "validation"),
    [("a", 1234, Estimate(0.5, Interval(0.4, 0.6))), ("b", None, Estimate(None, None))],
    {"validation": estimate},
)


def test_the_page_has_one_cell_for_an_estimate() -> None:
    assert TABLE.cells() == [["a", "1,234", "50.0 % (40.0 to 60.0)"], ["b", "–", "–"]]
    assert TABLE.numeric == [False, True, True]


def test_the_file_has_numbers_and_three_columns_for_an_estimate() -> None:
    assert TABLE.stored() == [
        ["network", "parameters", "validation", "validation low", "validation high"],
        ["a", 1234, 0.5, 0.4, 0.6],
        ["b", None, None, None, None],
    ]


def test_a_table_without_rows_keeps_its_columns() -> None:
    assert Table("t", "caption", ("a", "b"), []).stored() == [["a", "b"]]
