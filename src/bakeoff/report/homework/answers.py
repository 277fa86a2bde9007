"""The answers to the homework's questions: text that its reader may edit, and that the kit then keeps."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bakeoff.core.storage import digest
from bakeoff.report.contents import ReportInput
from bakeoff.report.markdown import SPECIAL, escaped
from bakeoff.report.questions import answered

FILE = "answers.md"
HEAD = """<!-- bakeoff {digest}: as long as what follows is as it was written, it is written anew with new results -->
# Answers

Edit the text under each question and give `bakeoff homework` again: the PDF and the notebook take it as it stands here.
"""
_STORED = re.compile(r"<!-- bakeoff (\w+):[^\n]*\n(.*)", re.S)
_EVIDENCE = {
    "pairs": "tables/pairs.md",
    "networks": "tables/networks.md, figures/loss.svg",
    "gradients": "figures/gradients.svg",
    "details": "the confusion matrices in figures/",
    "data": "tables/classes.md",
    "improvements": "tables/improvements.md",
}
"""By section of the report, which files of the kit hold its evidence."""


class Answer(NamedTuple):
    """A question and the paragraphs of its answer, as text."""

    question: str
    paragraphs: list[str]


def write_answers(case: ReportInput, before: str) -> tuple[str, bool]:
    """The text of `answers.md`.

    Args:
        case: The experiment.
        before: The text that is there; empty where there is none.

    Returns:
        The text, and whether it is the earlier one, which was edited.
    """
    found = _STORED.match(before)
    if before and not (found and found[1] == digest(found[2].encode())):
        return before, True
    body = HEAD.partition("\n")[2] + "".join(_parts(case))
    return HEAD.partition("\n")[0].format(digest=digest(body.encode())) + "\n" + body, False


def read_answers(text: str) -> list[Answer]:
    """The answers in such a text: each heading of the second level with the paragraphs under it, unescaped."""
    parts = re.split(r"^## (.+)$", text, flags=re.M)[1:]
    return [Answer(title.strip(), list(_paragraphs(body))) for title, body in zip(parts[::2], parts[1::2], strict=True)]


def read_stored(folder: Path) -> str:
    """The text of `answers.md` in an earlier kit; empty where there is none."""
    path = folder / FILE
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _paragraphs(body: str) -> Iterator[str]:
    for part in re.split(r"\n\s*\n", body.strip()):
        if part:
            yield re.sub(rf"\\({SPECIAL.pattern})", r"\1", " ".join(part.split("\n")))


def _parts(case: ReportInput) -> Iterator[str]:
    for one in answered(case):
        lines = [one.answer] if one.answer else []
        lines += [finding.verdict for finding in one.findings]
        lines += [f"What this can't say: {finding.limits}" for finding in one.findings[:1]]
        files = [_EVIDENCE[name] for name in one.sections]
        files += [f"tables/finding-{finding.code}.md" for finding in one.findings]
        lines.append(f"Evidence: {', '.join(files)}.")
        yield f"\n## {one.title}\n\n" + "\n\n".join(str(escaped(line)) for line in lines) + "\n"
