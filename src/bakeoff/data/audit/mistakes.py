"""The mistakes that an audit of a tree shows, each in one sentence."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bakeoff.core.mistake import Code, Mistake
from bakeoff.data.audit.result import Audit, Duplicates, Refused, WrongLabel

MOST = 0.5
"""From this fraction of a class's photos on, another class annotated in them is taken for the folder's own."""


def mistakes_of(audit: Audit) -> Iterator[Mistake]:
    """Photos in two splits, in two classes, drawn twice, under wrong labels, and those that can't be read."""
    splits = [group for group in audit.duplicates if "splits" in group.across]
    classes = [group for group in audit.duplicates if "classes" in group.across]
    within = [group for group in audit.duplicates if not group.across]
    yield from _groups("leak", splits, "in training and in validation or test")
    yield from _groups("two-classes", classes, "under two classes")
    yield from _groups(
        "drawn-twice", within, "more than once in one class and split, as drawing with replacement gives"
    )
    if audit.labels:
        yield from _labels(audit, audit.labels.wrong)
    if audit.unreadable:
        yield Mistake("unreadable", f"{_photos(audit.unreadable)} can't be read, such as {audit.unreadable[0].file}.")


def _groups(code: Code, groups: Sequence[Duplicates], where: str) -> Iterator[Mistake]:
    if groups:
        first = groups[0]
        shown = f"{' = '.join(first.files[:3])} (same {', '.join(first.evidence)})"
        yield Mistake(code, f"{_photos(groups)} {where}, such as {shown}.")


def _labels(audit: Audit, wrong: Sequence[WrongLabel]) -> Iterator[Mistake]:
    totals = Counter[str]()
    for sizes in audit.counts.values():
        totals.update(sizes)
    held = {name: Counter(other for own in wrong if own.label == name for other in own.annotated) for name in totals}
    means = {name: _meant(counts, totals, name) for name, counts in held.items()}
    swapped = {name: other for name, other in means.items() if other}
    for name, other in swapped.items():
        text = f"{held[name][other]:,} of {totals[name]:,} photos in the folder {name} hold {other} and no {name}"
        both = f"; {name} and {other} are swapped" if swapped.get(other) == name else ""
        yield Mistake("swapped-labels", f"{text}{both}.")
    if rest := [own for own in wrong if own.label not in swapped]:
        first = f"{rest[0].file} ({', '.join(rest[0].annotated) or 'nothing'} annotated)"
        yield Mistake("wrong-labels", f"{_photos(rest)} in the folder of a class that is not in them, such as {first}.")


def _meant(counts: Counter[str], totals: Counter[str], name: str) -> str:
    """The class of the tree that most photos of a folder hold instead of its own; empty for none."""
    others = [(count, other) for other, count in counts.items() if other in totals]
    count, other = max(others, default=(0, ""))
    return other if count > MOST * totals[name] else ""


def _photos(entries: Sequence[Duplicates | WrongLabel | Refused]) -> str:
    return f"{len(entries):,} photo{'s' if len(entries) > 1 else ''}"
