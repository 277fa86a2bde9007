"""The report's folder: complete, valid, self-contained, the same twice, and proof against names from outside."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from tests.report.conftest import make_case

from bakeoff.config.experiment import VariantConfig
from bakeoff.core.registry import sections
from bakeoff.report import write
from bakeoff.training.run import BatchLog, EpochLog, LogLine, Run

Make = Callable[..., object]
HOSTILE = ("<script>alert(1)</script>", "a/../b", '"&amp; onload=x', "=cmd()", "ünïcode ☃")
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """Checks that elements close in order; keeps ids, references, resources and the visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.resources: list[str] = []
        self.tags: Counter[str] = Counter()
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        values = dict(attrs)
        if values.get("id"):
            self.ids[str(values["id"])] += 1
        if tag == "a":
            self.links.append(str(values.get("href")))
        self.resources += [str(values[key]) for key in ("src", "data", "poster", "srcset") if key in values]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "script"}:
            self.text += data


def test_the_folder_holds_what_it_should(report_factory: Make) -> None:
    written = report_factory()
    assert sorted(entry.name for entry in written.folder.iterdir()) == [
        "figures",
        "index.html",
        "report.md",
        "summary.json",
        "tables",
    ]
    figures = {entry.name for entry in (written.folder / "figures").iterdir()}
    for name in ("loss", "accuracy", "gradients", "gradients-by-epoch", "ledger", "confusion-net1", "confusion-net2"):
        assert {f"{name}.svg", f"{name}.png"} <= figures
        ElementTree.parse(written.folder / "figures" / f"{name}.svg")
        assert (written.folder / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    tables = {entry.name for entry in (written.folder / "tables").iterdir()}
    assert {"networks.csv", "runs.csv", "layers-net1.csv", "confusion-net1.csv", "report-net2-seed0.csv"} <= tables
    with (written.folder / "tables" / "networks.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["network"], row["parameters"]) for row in rows] == [("net1", "401920"), ("net2", "401920")]
    assert float(rows[0]["validation"]) == pytest.approx(6 / 9)
    assert float(rows[0]["validation low"]) < 6 / 9 < float(rows[0]["validation high"])


def test_the_summary_has_its_schema(report_factory: Make) -> None:
    summary = json.loads((report_factory(runs=[("net1", 0), ("net1", 1)]).folder / "summary.json").read_text())
    assert list(summary) == [
        *("schema", "classes", "dataset", "networks", "margin", "power", "pairs", "findings", "improvements"),
        *("explanations", "latency", "tuning"),
    ]
    assert summary["schema"] == 2
    assert summary["dataset"] == {"train": 12, "val": 9, "digest": "d1"}
    (network,) = summary["networks"]
    assert {"name", "parameters", "macs", "receptive_field", "runs"} <= set(network)
    for key in ("train_accuracy", "val_accuracy", "any_label_accuracy"):
        assert set(network[key]) == {"mean", "interval"}
        assert len(network[key]["interval"]) == 2
    for run in network["runs"]:
        assert set(run) == {
            *("seed", "status", "outcome", "train_accuracy", "val_accuracy", "val_interval", "any_label_accuracy"),
            *("confusion", "annotated_too", "seconds", "test_accuracy", "test_interval"),
        }
        assert run["val_interval"][0] < run["val_accuracy"] < run["val_interval"][1]
        assert sum(map(sum, run["confusion"])) == 9


def test_the_page_is_valid_and_asks_for_nothing_outside(report_factory: Make) -> None:
    written = report_factory()
    page = Page(written.page)
    assert [name for name, count in page.ids.items() if count > 1] == []
    anchors = {link[1:] for link in page.links if link.startswith("#")}
    assert anchors <= set(page.ids)
    asked_for = {"explanations", "latency", "tuning"}
    assert {name.partition("-")[2] for name in sections.names()} - asked_for <= anchors
    assert all(resource.startswith("data:image/jpeg;base64,") for resource in page.resources)
    own = re.sub(r"<script>.*?</script>", "", written.page, flags=re.S)  # the charts' library speaks of many things
    assert not re.search(r"url\((?!#|data:image/webp;base64,)|@import|<link|<script src|<iframe", own)
    assert page.tags["script"] == 2 + 5 + 1, "two scripts, five charts, the gallery"
    assert page.tags["img"] == 3 * 4, "all training photos, at most six of each of the three classes"


def test_the_page_answers_what_the_homework_asks(report_factory: Make) -> None:
    text = Page(report_factory().page).text
    for expected in (
        "Which is best?",
        "net1 and net2 share the highest mean validation accuracy: 66.7 % (35.4 to 87.9) of 9 photos, one seed",
        "401,920",
        "6272→64",
        "16 × 14 × 14",
        "Confusion matrix: rows are true classes, columns predicted ones; photos, and",
        "macro avg",
        "bakeoff run demo",
        '"learning_rate": 0.001',
        "Photos that could not be read and were replaced: 1.",
        "also bee",
    ):
        assert expected in text, expected


def test_several_seeds_are_averaged(report_factory: Make) -> None:
    text = Page(report_factory(runs=[("net1", 0), ("net1", 1), ("net2", 0), ("net2", 1)]).page).text
    assert "the mean of 2 seeds (95 % interval over seeds and photos)" in text
    assert "photos, the mean of 2 seeds, and fractions of the row" in text
    assert "Classification report, seed 1" in text


def test_a_run_that_failed_is_shown_with_its_reason(report_factory: Make) -> None:
    written = report_factory(runs=[("net1",), ("net2", 0, "diverged", "the training loss became nan in epoch 1")])
    text = Page(written.page).text
    assert "the training loss became nan in epoch 1" in text
    assert "No run of this network trained" in text
    assert "0 of 1" in text
    summary = json.loads((written.folder / "summary.json").read_text())
    assert summary["networks"][1]["parameters"] is None
    assert summary["networks"][1]["runs"][0]["val_accuracy"] is None


def test_a_report_without_any_finished_run_says_so(report_factory: Make) -> None:
    text = Page(report_factory(runs=[("net1", 0, "failed", "killed by SIGKILL")]).page).text
    assert "No network trained" in text
    assert "killed by SIGKILL" in text


@pytest.mark.parametrize("classes", [("a", "b"), tuple(f"class {number}" for number in range(12))])
def test_any_number_of_classes(report_factory: Make, classes: tuple[str, ...]) -> None:
    page = Page(report_factory(classes).page)
    assert page.text.count(f"true \\ predicted{''.join(classes)}") == 3, "two networks and their difference"


def test_a_run_that_is_missing_is_named(report_factory: Make) -> None:
    assert "net1, seed 1: was not run yet" in Page(report_factory(runs=[("net1", 0)], seeds=2).page).text


def test_without_validation_photos_nothing_is_compared(report_factory: Make) -> None:
    written = report_factory(runs=[("net1",)], val=False)
    text = Page(written.page).text
    assert "There are no validation photos" in text
    assert "there is no confusion matrix" in text
    assert json.loads((written.folder / "summary.json").read_text())["networks"][0]["val_accuracy"]["mean"] is None


def test_a_layer_without_any_gradient_is_named(report_factory: Make) -> None:
    def silence(run: Run) -> Run:
        first, *rest = run.log
        return replace(run, log=(msgspec.structs.replace(first, gradient_norms={"a": 0.0, "b": 0.0}), *rest))

    text = Page(report_factory(runs=[("net1",)], change=silence).page).text
    assert "net1: no gradient at all (exactly 0) at initialisation in a, b." in text


@pytest.mark.parametrize(
    "keep",
    [
        pytest.param(lambda line: isinstance(line, BatchLog), id="no-epochs"),
        pytest.param(lambda line: isinstance(line, EpochLog), id="no-batches"),
        pytest.param(lambda line: isinstance(line, EpochLog) and line.epoch == 0, id="only-the-start"),
        pytest.param(lambda line: False, id="nothing"),
    ],
)
def test_a_log_may_end_anywhere(report_factory: Make, keep: Callable[[LogLine], bool]) -> None:
    written = report_factory(
        runs=[("net1",)], change=lambda run: replace(run, log=tuple(line for line in run.log if keep(line)))
    )
    assert "Curves and runs" in Page(written.page).text


def test_networks_with_one_short_name_do_not_share_files_or_anchors(report_factory: Make) -> None:
    written = report_factory(runs=[("a.py:Net",), ("b.py:net",), (f"{'long' * 80}.py:{'Name' * 80}",)])
    assert [name for name, count in Page(written.page).ids.items() if count > 1] == []
    assert len(list((written.folder / "figures").glob("confusion-*.svg"))) == 3
    assert {"confusion-net.svg", "confusion-net-2.svg"} <= {path.name for path in written.folder.rglob("*.svg")}


def test_text_that_no_file_can_hold_does_not_stop_the_report(report_factory: Make) -> None:
    written = report_factory(("a\x00b", "c\x1bd\n", "e\ufffff"), [("net1",)], command="bakeoff \udcff")
    assert "bakeoff \\udcff" in written.page
    for path in (written.folder / "figures").glob("*.svg"):
        ElementTree.parse(path)
    assert r"a\x00b" in (written.folder / "figures" / "confusion-net1.svg").read_text()


def test_a_licence_is_a_link_only_where_it_is_one_of_the_web(report_factory: Make) -> None:
    assert [link for link in Page(report_factory().page).links if not link.startswith("#")] == ["http://by"]


def test_names_from_outside_are_text(report_factory: Make) -> None:
    written = report_factory(HOSTILE, [("<img src=x>.py:N",)], question="<b>bold</b>?", command="bakeoff '<i>'")
    page = Page(written.page)
    assert (page.tags["script"], page.tags["b"], page.tags["i"]) == (8, 9, 0), (
        "the cells of the confusion matrix that are not 0"
    )
    assert page.tags["img"] == 5 * 4
    for name in (*HOSTILE, "<img src=x>.py:N", "<b>bold</b>?"):
        assert name in page.text
    files = [path for path in written.folder.rglob("*") if path.is_file()]
    assert all(re.fullmatch(r"[\w.-]+", path.name) for path in files)
    for path in (written.folder / "figures").glob("*.svg"):
        ElementTree.parse(path)


def test_names_of_files_and_licences_are_text(report_factory: Make) -> None:
    names = (*HOSTILE, "javascript:alert(1)", "a|b\nc `d`", "\x1b[31ma\u202eb\u2028c", "[x](http://evil)")
    written = report_factory(names, [("net1",)], texts=names, question=names[0])
    page = Page(written.page)
    assert (page.tags["script"], page.tags["iframe"]) == (8, 0)
    assert {link for link in page.links if not link.startswith("#")} == {"http://by"}
    assert page.text.count("<script>alert(1)</script>") > 3
    markdown = (written.folder / "report.md").read_text(encoding="utf-8")
    assert not re.search("[\x1b\u202e\u2028]", markdown)
    assert "\\x1b" in markdown
    text = re.sub(r"^```.*?^```$", "", markdown, flags=re.S | re.M)  # a code block is text as it is
    assert not re.search(r"(?<!\\)<script|(?<!\\)\]\(http://evil|(?<!\\)`d`", text)
    assert any("javascript:alert(1)" in line and line.startswith("|") for line in markdown.splitlines())


def test_the_same_records_give_the_same_bytes(report_factory: Make) -> None:
    folders: list[Path] = [report_factory(name=name).folder for name in ("one", "two")]
    first, second = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in folders
    )
    assert first == second


def test_data_of_its_own_is_shown(tmp_path: Path) -> None:
    case = make_case(tmp_path / "data")
    clean = msgspec.convert({"network": "net2", "data": {"policy": "exclusive"}}, VariantConfig)
    config = msgspec.structs.replace(case.experiment, variants={"net2-clean": clean})
    page = write(tmp_path / "report", replace(case, experiment=config)).read_text(encoding="utf-8")
    assert "Not on one data set: net2-clean (policy exclusive)." in page
    assert "Not on one data set" not in write(tmp_path / "other", case).read_text(encoding="utf-8")


def test_a_recipe_of_its_own_is_shown(report_factory: Make) -> None:
    def longer(run: Run) -> Run:
        recipe = msgspec.structs.replace(run.spec.recipe, epochs=60, batch_size=64)
        own = run.spec.variant == "net2"
        return replace(run, spec=msgspec.structs.replace(run.spec, recipe=recipe)) if own else run

    assert "Not with one recipe: net2 (epochs 60, batch_size 64)." in Page(report_factory(change=longer).page).text
    assert "Not with one recipe" not in report_factory(name="shared").page


def test_a_precision_that_became_the_same_for_all_is_one_recipe(tmp_path: Path) -> None:
    case = make_case(tmp_path / "data")
    training = msgspec.structs.replace(case.experiment.training, precision="auto")
    config = msgspec.structs.replace(case.experiment, training=training)
    page = write(tmp_path / "report", replace(case, experiment=config)).read_text(encoding="utf-8")
    assert "Not with one recipe" not in page


def test_a_spreadsheet_takes_no_name_for_a_formula(report_factory: Make) -> None:
    names = ("=cmd()", "+1", "-x", "@y")
    written = report_factory(names)
    for path in (written.folder / "tables").glob("*.csv"):
        for row in csv.reader(io.StringIO(path.read_text())):
            for cell in row:
                assert not cell.startswith(("=", "+", "@")), path.name
                if cell.startswith("-"):
                    float(cell)
    assert "'=cmd()" in (written.folder / "tables" / "classes.csv").read_text()
