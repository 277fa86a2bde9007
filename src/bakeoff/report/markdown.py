"""The page as Markdown, for a repository: the same sections by templates of their own."""

import re
from collections.abc import Iterator

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bakeoff.report.contents import Page, Section, all_parts

SPECIAL = re.compile(r"[\\`*_<>|\[\]#]")
LINES = re.compile(r"\n{3,}")


def to_markdown(page: Page) -> str:
    """The page without what needs a script, and without the photos.

    Returns:
        Markdown whose pictures are in `figures/`. Untrusted text stays text: whatever Markdown or HTML could
        take for its own is escaped.
    """
    environment = Environment(
        loader=PackageLoader("bakeoff.report"),
        autoescape=True,
        finalize=escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"code": code_block, "cell": cell}
    names = {key: _template(environment, part) for key, part in page.parts.items()}
    text = environment.get_template("page.md").render(
        page=page, case=page.case, parts=page.parts, names=names, all_parts=all_parts
    )
    return LINES.sub("\n\n", text).strip() + "\n"


def code_block(text: str) -> Markup:
    """A fenced block, its fence longer than any in the text."""
    fence = "`" * (3 + max(map(len, re.findall("`{3,}", text)), default=0))
    lines = "\n".join(map(_in_line, text.split("\n")))
    return Markup(f"{fence}\n{lines}\n{fence}")  # a code block is text as it is


def escaped(value: object) -> object:
    """Jinja's output of an expression: what is no markup of a template's own is escaped, and stays on its line."""
    return value if isinstance(value, Markup) else Markup(SPECIAL.sub(r"\\\g<0>", _in_line(str(value))))


def _in_line(text: str) -> str:
    """Text on one line, what steers a terminal or the direction of writing written out as an escape."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in " ".join(text.split("\n")))


def cell(value: str) -> object:
    """A table's cell, without the bar that the page draws in it."""
    return escaped(value.striptags() if isinstance(value, Markup) else value)


def _template(environment: Environment, part: Section) -> str:
    """A section's own template; its tables and figures one after the other where it has none."""
    name = f"{part.template.removesuffix('.html')}.md"
    return name if name in set(_templates(environment)) else "section.md"


def _templates(environment: Environment) -> Iterator[str]:
    yield from environment.list_templates(extensions=["md"])
