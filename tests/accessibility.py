"""What axe finds on a page, and going through a page as a reader does."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

RULES = ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]


def scroll_through(page: Page) -> None:
    """Goes down from chart to chart, so that everything that waits for being seen is drawn."""
    for chart in page.locator("[data-chart]").all():
        chart.scroll_into_view_if_needed()
        expect(chart).to_contain_class("drawn")


def violations(page: Page) -> list[tuple[str, str]]:
    """The rules of WCAG 2.1 AA and of good practice that are broken, each with the first element that does."""
    found = Axe().run(page, options={"runOnly": RULES})
    return [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found.response["violations"]]
