"""One page about what a class handed in."""

from collections.abc import Sequence

from bakeoff.evaluation.hand_in import HandIn
from bakeoff.evaluation.scores import Comparison
from bakeoff.report.contents import Page, Section, Table
from bakeoff.report.formatting import percent
from bakeoff.report.sections import pairs

OVERVIEW = (
    "What was handed in. Photos: of the data set, by split. Accuracy: of the predictions, the lowest to the highest of "
    "all files and seeds."
)
MISTAKES = "What is wrong, by hand-in. No entry: nothing that is looked for was found."


def page(hand_ins: Sequence[HandIn], comparison: Comparison | None) -> Page:
    """The page.

    Args:
        hand_ins: In the order in which they are shown.
        comparison: Of all predictions that are for the same photos; None without labels that they share.
    """
    overview = [(own.name, _photos(own), len(own.files), _accuracy(own), len(own.mistakes)) for own in hand_ins]
    mistakes = [(own.name, mistake.code, mistake.text) for own in hand_ins for mistake in own.mistakes]
    notes = [(own.name, note) for own in hand_ins for note in own.notes]
    columns = ("hand-in", "photos", "files read", "accuracy", "mistakes")
    parts = {
        "mistakes": _section("What went wrong", Table("mistakes", MISTAKES, ("hand-in", "mistake", "what"), mistakes)),
        "overview": _section("The hand-ins", Table("hand-ins", OVERVIEW, columns, overview)),
    }
    if comparison and comparison.pairs:
        parts["pairs"] = pairs.show(comparison.pairs, comparison.margin)
    parts["notes"] = _section("Notes", Table("notes", "What was guessed or left out.", ("hand-in", "note"), notes))
    wrong = sum(bool(own.mistakes) for own in hand_ins)
    return Page("Hand-ins", f"{len(hand_ins)} hand-ins, {wrong} of them with mistakes", parts)


def _section(title: str, table: Table) -> Section:
    return Section(title, "table.html", {"table": table})


def _photos(own: HandIn) -> str:
    return ", ".join(f"{count:,} {split}" for split, count in own.photos.items()) or "–"


def _accuracy(own: HandIn) -> str:
    found = sorted(own.accuracies.values())
    return " to ".join(dict.fromkeys(map(percent, (found[0], found[-1])))) if found else "–"
