"""The data card, in Hugging Face's format: what the data set is, how it came about, and under which licences."""

import inspect
import re
from collections.abc import Iterable, Sequence

import polars as pl

from bakeoff.core.geometry import RESIZES
from bakeoff.core.registry import policies
from bakeoff.data.build.arrays import file_names
from bakeoff.data.build.dataset import DatasetInfo

SIZE_CATEGORIES = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M"}
FILTERS = {
    "area": "averaging over the source pixels under each new one (antialiased)",
    "linear": "linear interpolation without antialiasing (the default of `cv2.resize`)",
}
LISTED_REASONS = 20


def data_card(info: DatasetInfo, manifest: pl.DataFrame, ledger: pl.DataFrame) -> str:
    """The data card as Markdown; the same records give the same text.

    Args:
        info: The data set.
        manifest: Its images.
        ledger: What became of each candidate.
    """
    sections = (
        _front_matter(manifest.height),
        _overview(info),
        "## Images\n\n" + _classes(info, manifest),
        "## Selection\n\n" + _selection(info, manifest) + "\n\n" + _fates(ledger) + _problems(info),
        "## Licences of the photos\n\n" + _licences(info, manifest),
        "## Files\n\n" + _files(info),
    )
    return "\n\n".join(sections) + "\n"


def escape(text: str) -> str:
    """Text from outside as one line of Markdown that shows it and does nothing else; web addresses become links."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    if re.fullmatch(r"https?://[^\s<>|\\`]+", line):
        return f"<{line}>"
    return re.sub(r"([\\`*_\[\]<>|#~&$!])", r"\\\1", line)


def _front_matter(count: int) -> str:
    category = next((name for limit, name in SIZE_CATEGORIES.items() if count < limit), "1M<n<10M")
    return "\n".join(
        (
            "---",
            "license: other",
            "license_name: licences-of-the-photos",
            "task_categories:",
            "- image-classification",
            "size_categories:",
            f"- {category}",
            "configs:",
            "- config_name: default",
            "  data_dir: images",
            "---",
        )
    )


def _overview(info: DatasetInfo) -> str:
    return (
        f"# {len(info.classes)} classes of photos at {info.size} x {info.size} pixels\n\n"
        "An image classification data set, made by bakeoff from detection annotations.\n\n"
        f"- Classes: {', '.join(escape(name) for name in info.classes)}\n"
        f"- Annotations: {escape(info.selection.source)} (digest {info.selection.source_digest})\n"
        f"- Photos: {escape(info.photos)}\n"
        f"- Pixels: RGB, 8 bits; each photo upright, {RESIZES[info.resize]}, by {FILTERS[info.filter]}\n"
        f"- Digest: {info.digest}\n"
        f"- Made with: {', '.join(f'{name} {number}' for name, number in sorted(info.versions.items()))}"
    )


def _classes(info: DatasetInfo, manifest: pl.DataFrame) -> str:
    counts = {(split, label): count for split, label, count in manifest.group_by("split", "label").len().rows()}
    rows = [
        (label, name, *(counts.get((split, label), 0) for split in info.counts))
        for label, name in enumerate(info.classes)
    ]
    return table(("label", "class", *info.counts), [*rows, ("", "all", *info.counts.values())])


def _selection(info: DatasetInfo, manifest: pl.DataFrame) -> str:
    config = info.selection.config
    meaning = inspect.getdoc(policies[config.policy]) if config.policy in policies else None
    mixed = (manifest["annotated"].list.len() > 1).sum()
    others = (
        f"Of {manifest.height:,} images, {mixed:,} hold several of the classes: each has one label, and the manifest's "
        "column `annotated` has all of them."
    )
    if not info.selection.objects_known:
        others = "Which other classes an image holds is not known: no annotations say so."
    return (
        f"Label policy {escape(config.policy)}: {escape((meaning or 'a policy of your own').partition(chr(10))[0])}\n\n"
        f"Seed {config.seed}; annotations count from {config.min_area:.4g} of the image's area on; crowd annotations "
        f"{'count' if config.crowd else 'do not count'}. {others}\n\n"
        "What became of every image in which one of the classes is annotated:"
    )


def _fates(ledger: pl.DataFrame) -> str:
    """How many candidates had which fate, the most frequent reasons of each."""
    reason = pl.col("reason").str.replace(r"^replaces image -?\d+$", "replaces a photo that could not be read")
    counts = ledger.group_by("status", reason).len().sort("status", "len", "reason", descending=[False, True, False])
    rows = counts.rows()
    rest = sum(count for _, _, count in rows[LISTED_REASONS:])
    return table(
        ("status", "reason", "images"), [*rows[:LISTED_REASONS], *([("", "other reasons", rest)] if rest else [])]
    )


def _problems(info: DatasetInfo) -> str:
    problems = (*info.selection.problems, *info.problems)
    if not problems:
        return ""
    return "\n\nWhat was odd in the annotations and the photos:\n\n" + "\n".join(
        f"- {escape(problem.message)}" for problem in problems
    )


def _licences(info: DatasetInfo, manifest: pl.DataFrame) -> str:
    known = {licence.id: licence for licence in info.selection.licenses}
    rows = []
    for number, count in manifest.group_by("license").len().sort("len", "license", descending=[True, False]).rows():
        if number is None:
            rows.append(("not stated", "", count))
        elif number in known:
            rows.append((known[number].name or f"licence {number}", known[number].url, count))
        else:
            rows.append((f"licence {number}, which the instances file does not describe", "", count))
    return (
        "As the instances file states them. The photos remain under their own licences; the manifest has the licence "
        "and address of each.\n\n" + table(("licence", "terms", "images"), rows)
    )


def _files(info: DatasetInfo) -> str:
    several = any(len(file_names(split, count, info.size)) > 1 for split, count in info.counts.items())
    rows = (
        (
            "`train.npy`, `val.npy`" + ", or `train-00000.npy` and on for more than a GiB" * several,
            f"uint8 (N, {info.size}, {info.size}, 3), RGB: what networks are trained on",
        ),
        ("`manifest.parquet`", "one row per image, in the order of the arrays"),
        ("`ledger.parquet`", "a row for every candidate, with the reason why it was taken or not"),
        (
            "`images/train/`, `images/val/`",
            f"JPEG copies (quality {info.quality}), a folder per class; as image folders they are numbered by the "
            "alphabet, not by the labels above",
        ),
        ("`images/metadata.csv`", "one line per image, for tools that read it next to the images"),
        ("`dataset.json`", "how the data set was made"),
    )
    return table(("file", "what"), rows, raw=True)


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, raw: bool = False) -> str:
    """A Markdown table; cells are escaped unless they are raw."""
    lines = [head, ["---"] * len(head)]
    for row in rows:
        cells = [f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row]
        lines.append(cells if raw else [escape(cell) for cell in cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
