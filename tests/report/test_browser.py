"""The page in a real browser, without a network: what a reader clicks does what it says."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.accessibility import scroll_through, violations
from tests.report.conftest import Written, write_report

from bakeoff.training.run import Run

Make = Callable[..., Written]
Open = Callable[..., Page]
expect.set_options(timeout=60_000)  # a busy machine is slow, not wrong
RUNS = (("net1", 0), ("net1", 1), ("net2", 0), ("net2", 1))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A report of two networks with two seeds; not to be changed."""
    return write_report(tmp_path_factory.mktemp("report"), runs=RUNS, explained=True)


@pytest.fixture
def open_report(browser: Browser, report: Written) -> Iterator[Open]:
    """Opens a report from disk; at the end there must have been no error and no request."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    problems: list[str] = []

    def make(written: Written = report, scheme: str = "light") -> Page:
        page = context.new_page()
        page.emulate_media(color_scheme=scheme)
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.on("request", lambda request: request.url.startswith("http") and problems.append(request.url))
        page.goto(f"file://{written.folder / 'index.html'}")
        page.wait_for_selector("html.script")
        return page

    yield make
    context.close()
    assert problems == []


def count(page: Page) -> tuple[int, int]:
    """The photos and predictions that the gallery says it shows."""
    photos, predictions = page.locator("#gallery-count").inner_text().split(", ")
    return int(photos.split()[0]), int(predictions.split()[0])


def test_a_cell_opens_its_photos_and_no_others(open_report: Open, report: Written) -> None:
    page = open_report()
    summary = json.loads((report.folder / "summary.json").read_text())
    for network in summary["networks"]:
        page.locator("#details .switch select").first.select_option(network["name"])
        for truth in range(3):
            for guess in range(3):
                expected = sum(run["confusion"][truth][guess] for run in network["runs"])
                cell = page.locator(f'td[data-network="{network["name"]}"][data-truth="{truth}"][data-guess="{guess}"]')
                if not expected:
                    assert cell.inner_text() == ""
                    continue
                cell.click()
                photos, predictions = count(page)
                assert predictions == expected
                assert page.locator("#gallery-photos li").count() == photos
                labels = page.locator("#gallery-photos .open > span:last-child").all_inner_texts()
                assert all(label.startswith(summary["classes"][truth]) for label in labels)


def test_one_network_is_in_view_and_a_link_to_another_shows_that(open_report: Open) -> None:
    page = open_report()
    shown = page.locator("#details .switch > article:visible h3")
    assert shown.all_inner_texts() == ["net1"]
    page.locator("#details .switch select").first.select_option("net2")
    assert shown.all_inner_texts() == ["net2"]
    page.evaluate("location.hash = '#network-net1'")
    expect(shown).to_have_text(["net1"])


def test_one_score_by_class_is_in_view(open_report: Open) -> None:
    page = open_report()
    captions = page.locator("#classes .switch table:visible caption")
    assert [text.split()[0] for text in captions.all_inner_texts()] == ["Precision"]
    page.locator("#classes .switch select").select_option("F1")
    assert [text.split()[0] for text in captions.all_inner_texts()] == ["F1"]


def test_a_cell_answers_the_keyboard(open_report: Open) -> None:
    page = open_report()
    page.locator('td[data-network="net1"][data-truth="0"][data-guess="0"]').focus()
    page.keyboard.press("Enter")
    assert page.locator("select[name=true]").input_value() == "0"
    assert page.evaluate("document.activeElement.id") == "gallery-count"


def test_filters_combine(open_report: Open) -> None:
    page = open_report()
    assert count(page) == (9, 36)
    page.locator("select[name=network]").select_option("net2")
    page.locator("select[name=seed]").select_option("1")
    assert count(page) == (9, 9)
    page.locator("select[name=kind]").select_option("correct")
    correct = count(page)[1]
    page.locator("select[name=kind]").select_option("wrong")
    wrong = count(page)[1]
    assert correct + wrong == 9
    page.locator("select[name=kind]").select_option("present")
    present = count(page)[1]
    page.locator("select[name=kind]").select_option("absent")
    assert present + count(page)[1] == wrong
    page.locator("#gallery-filters button[type=reset]").click()
    expect(page.locator("#gallery-count")).to_have_text("9 photos, 36 predictions")


def test_a_photo_opens_with_its_boxes_and_every_run(open_report: Open) -> None:
    page = open_report()
    page.locator("select[name=true]").select_option("0")
    page.locator("#gallery-photos button").first.click()
    dialog = page.locator("#gallery-photo")
    assert dialog.is_visible()
    assert "ant" in dialog.locator("h3").inner_text()
    assert dialog.locator(".box").count() in (1, 2)
    assert dialog.locator("tbody tr").count() == len(RUNS)
    page.keyboard.press("Escape")
    assert not dialog.is_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_moves_where_a_chart_is_drawn_in_place_of_its_picture(open_report: Open, width: int) -> None:
    page = open_report()
    page.set_viewport_size({"width": width, "height": 900})
    heights = "[...document.querySelectorAll('[data-chart]')].map(own => own.getBoundingClientRect().height)"
    before = page.evaluate(heights)
    for number in range(len(before)):
        chart = page.locator("[data-chart]").nth(number)
        chart.scroll_into_view_if_needed()
        chart.locator(".live svg").wait_for(state="visible")
    assert len(before) > 3
    assert page.evaluate(heights) == pytest.approx(before, rel=0.1)  # a browser's letters have other widths


def test_only_photos_of_coco_link_to_its_page(open_report: Open) -> None:
    page = open_report()
    links = []
    for number in range(9):
        page.locator("#gallery-photos button").nth(number).click()
        links.append(page.locator("#gallery-photo a").count())
        page.keyboard.press("Escape")
    assert sorted(links) == [0] * 3 + [1] * 6, "the first photo of each class has no address"


def test_tables_sort_both_ways(open_report: Open) -> None:
    page = open_report()
    head = page.locator("#answer table.sortable").first.locator("th button", has_text="validation")
    names = page.locator("#answer table.sortable").first.locator("tbody th")
    head.click()
    rising = names.all_inner_texts()
    head.click()
    assert names.all_inner_texts() == rising[::-1]
    assert head.locator("..").get_attribute("aria-sort") == "descending"


def test_numbers_sort_by_size_and_not_by_how_they_are_written(open_report: Open, report_factory: Make) -> None:
    seconds = iter((125.0, 9.5, 65.0))

    def timed(run: Run) -> Run:
        return replace(run, record=msgspec.structs.replace(run.record, seconds=next(seconds)))

    page = open_report(report_factory(runs=(("slow",), ("fast",), ("middle",)), change=timed))
    table = page.locator("#answer table.sortable").first
    table.locator("th button", has_text="time per run").click()
    assert table.locator("tbody tr td:last-child").all_inner_texts() == ["9.5 s", "1 min 5 s", "2 min 5 s"]


def test_the_difference_of_two_networks(open_report: Open) -> None:
    page = open_report()
    assert {text.strip() for text in page.locator("#difference td").all_inner_texts()} == {"0.0"}, "they agree"
    page.locator("#difference-first").select_option("net2")
    page.locator("#difference-second").select_option("net2")
    assert {text.strip() for text in page.locator("#difference td").all_inner_texts()} == {"0.0"}


def test_charts_are_drawn_and_answer(open_report: Open) -> None:
    page = open_report()
    scroll_through(page)
    assert page.locator(".chart.drawn").count() == 6
    chart = page.locator('[data-chart="loss"]')
    assert not chart.locator(".still").is_visible()
    chart.locator("input[type=radio]").nth(1).check()
    assert chart.locator(".live svg .mark-area path").count() >= 1


def test_a_point_of_the_map_opens_its_photo_with_where_the_networks_look(open_report: Open) -> None:
    page = open_report()
    chart = page.locator('[data-chart="embeddings"]')
    chart.scroll_into_view_if_needed()
    expect(chart).to_contain_class("drawn")
    points = chart.locator(".live .mark-symbol.role-mark path")
    assert points.count() == 2 * 9, "two networks, nine photos"
    points.nth(4).click(force=True)
    dialog = page.locator("#gallery-photo")
    assert dialog.is_visible()
    looks = dialog.locator(".looks figure")
    assert looks.all_inner_texts() == [f"{name}: 50 % in the boxes of the class" for name in ("net1", "net2")]
    alpha = "canvas => [...canvas.getContext('2d').getImageData(0, 3, 8, 1).data].filter((_, at) => at % 4 === 3)"
    assert looks.first.locator("canvas").evaluate(alpha) == [178] * 4 + [0] * 4, "red on the left alone"
    page.keyboard.press("Escape")


def test_a_chart_tells_what_the_mouse_is_over(open_report: Open) -> None:
    page = open_report()
    chart = page.locator('[data-chart="accuracy"]')
    chart.scroll_into_view_if_needed()
    expect(chart).to_have_class(re.compile("drawn"))
    chart.locator(".mark-symbol.role-mark path").first.hover(force=True)
    expect(page.locator("#vg-tooltip-element.visible")).to_contain_text("accuracy")


def test_a_click_in_the_legend_picks_a_network(open_report: Open) -> None:
    page = open_report()
    chart = page.locator('[data-chart="loss"]')
    chart.scroll_into_view_if_needed()
    label = chart.locator(".live .role-legend-label text")
    expect(label).to_have_count(2)
    faint = chart.locator('.live .mark-line path[opacity^="0.07"]')
    expect(faint).to_have_count(0)
    label.first.click()
    expect(faint).to_have_count(2)


def test_on_paper_is_what_is_in_view_and_light(open_report: Open) -> None:
    page = open_report(scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for hidden in ("nav", "#photos", "details:not([open])", "select", "input", "button:not(.sort)"):
        assert not page.locator(hidden).first.is_visible(), hidden
    assert page.locator("#details .confusion:visible").count() == 1


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_for_axe_to_find_and_nothing_too_wide(open_report: Open, scheme: str, width: int) -> None:
    page = open_report(scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    scroll_through(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "</script><script>alert(3)</script>",
    "{{ 7 * 7 }}{% raise %}",
    "datum.x + warn('4')",
    "[red]a[/red]",
    "\x1b[31ma\x1b[0m\x07",
    "a\u202eb\u2028c\x00d",
    "=cmd|' /C calc'!A0",
    "a|b\nc `d` $e$",
)


def test_names_from_outside_run_nothing(open_report: Open, report_factory: Make) -> None:
    written = report_factory(NAMES, texts=NAMES, question=NAMES[0], command=NAMES[1])
    page = open_report(written)
    scroll_through(page)
    page.locator("#gallery-photos button").first.click()
    assert page.locator("img[src=x]").count() == 0
    text = page.locator("body").inner_text()
    licences = page.locator("#data table", has_text="CC BY").first.inner_text()
    assert all(name in licences for name in (NAMES[0], NAMES[2], "{{ 7 * 7 }}", "[red]a[/red]"))
    assert page.locator("a[href]:not([href^='#']):not([href^='http'])").count() == 0
    assert "{{ 7 * 7 }}" in text
    assert "[red]a[/red]" in text
    assert "datum.x + warn('4')" in text


def test_without_a_script_the_page_still_tells(browser: Browser, report: Written) -> None:
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{report.folder / 'index.html'}")
    assert page.locator(".chart .still").first.is_visible()
    assert "needs the page's script" in page.locator("#photos").inner_text()
    context.close()
