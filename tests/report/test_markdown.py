"""The report as Markdown: the same answers and tables, pictures from files, nothing that needs a script."""

import re
from collections.abc import Callable

Make = Callable[..., object]


def test_it_holds_the_answers_the_tables_and_the_pictures(report_factory: Make) -> None:
    written = report_factory()
    text = (written.folder / "report.md").read_text(encoding="utf-8")
    assert text.startswith("# made-up\n\n2 networks")
    assert "## Short answer" in text
    assert "| net1 | 66.7 % (35.4 to 87.9) | 77.8 % (45.3 to 93.7) | " in text
    assert " | 1 of 1 | 401,920 | 0.5 M | 3 px | " in text
    pictures = re.findall(r"!\[\]\((.*?)\)", text)
    assert "figures/loss.png" in pictures
    assert all((written.folder / picture).exists() for picture in pictures)


def test_it_leaves_out_what_needs_a_script(report_factory: Make) -> None:
    text = (report_factory().folder / "report.md").read_text(encoding="utf-8")
    for needle in ("base64", "vega", "<script", "](#", "{"):
        assert needle not in text.split("## How to reproduce it")[0], needle


def test_names_from_outside_stay_text(report_factory: Make) -> None:
    text = (report_factory(("<script>x</script>", "a|b"), [("net1",)]).folder / "report.md").read_text()
    shown, code = text.split("## How to reproduce it")
    assert "\\<script\\>x\\</script\\>" in shown
    assert "a\\|b" in shown
    assert not re.search(r"(?<!\\)<script", shown)
    assert "```" in code
