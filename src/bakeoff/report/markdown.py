"""The page as Markdown, for a repository."""

import re

from bs4 import BeautifulSoup
from markdownify import MarkdownConverter

OMITTED = ["script", "style", "form", "dialog", "svg", "ul.photos", "#photos", "#difference", ".without-script", ".bar"]


class _Converter(MarkdownConverter):
    """Names from outside stay text: what Markdown or HTML could take for its own is escaped, and no more."""

    def escape(self, text: str, _parent_tags: object) -> str:
        return re.sub(r"[\\`*_<|\[\]]", r"\\\g<0>", text)


def to_markdown(page: str) -> str:
    """The page's main part with its charts as PNG files; without what needs a script and the photos.

    Args:
        page: The page's HTML.

    Returns:
        Markdown whose pictures lie in `figures/`.
    """
    soup = BeautifulSoup(page, "html.parser")
    for chart in soup.select("[data-figure]"):
        chart.replace_with(soup.new_tag("img", src=f"figures/{chart['data-figure']}.png", alt=""))
    for part in soup.select(", ".join(OMITTED)):
        part.decompose()
    for link in soup.select('a[href^="#"]'):
        link.unwrap()
    for summary in soup.select("summary"):
        summary.name = "h4"
    title, lead, main = soup.select_one("h1"), soup.select_one(".lead"), soup.select_one("main")
    parts = [_Converter(heading_style="ATX").convert_soup(part) for part in (title, lead, main) if part]
    return "\n\n".join(part.strip() for part in parts) + "\n"
