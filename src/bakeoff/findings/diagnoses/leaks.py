"""Is a photo in both splits or under several classes?"""

from collections.abc import Sequence
from typing import get_args

import msgspec
import numpy as np

from bakeoff.core.registry import findings
from bakeoff.core.types import VAL
from bakeoff.core.words import agree
from bakeoff.data.audit.result import Border, Duplicates, Evidence
from bakeoff.data.duplicates.fingerprints import fingerprints
from bakeoff.data.duplicates.groups import ImageFile, find_duplicates
from bakeoff.data.duplicates.names import photo_id
from bakeoff.data.duplicates.near import CORRELATION, DISTANCE
from bakeoff.evaluation.results import Results
from bakeoff.findings.finding import Finding, State, builtins_of

FLAT = 0.05
"""From this fraction of flat images on, whose pixels hold no information, near-duplicates may be missed by the
dozen: one in twenty. Of 4,500 COCO photos none is flat."""

LISTED = 20
"""Leaks that the evidence lists; the counts are of all."""


class LeaksEvidence(msgspec.Struct, frozen=True):
    """What was compared, and what was found.

    Attributes:
        distance: Largest Hamming distance of perceptual hashes that counts as a candidate.
        correlation: Smallest correlation of the pixels that confirms one.
        photos: Images compared.
        flat: Images whose pixels hold no information.
        across: Groups by the border that they cross.
        by: Groups that leak, by their evidence.
        repeated: Groups within one class and split.
        leaks: The first of those that leak.
    """

    distance: int
    correlation: float
    photos: int
    flat: int
    across: dict[Border, int]
    by: dict[Evidence, int]
    repeated: int
    leaks: list[Duplicates]


@findings.register("leaks")
def leaks(results: Results) -> Finding:
    """Photos that are in both splits or under several classes, by their ids, bytes and pixels."""
    if not results.dataset:
        return _finding("not applicable", "Not known: only the predictions are given.", None)
    rows = results.dataset.manifest
    copies, ids, names, digests = (rows[name].to_list() for name in ("image", "image_id", "file_name", "source_digest"))
    prints = fingerprints(*results.dataset.images.values())
    files = [
        ImageFile(copy, results.comparison.classes[label], split)
        for copy, label, split in zip(copies, rows["label"], rows["split"], strict=True)
    ]
    keys: dict[Evidence, Sequence[object]] = {
        "image id": ids,
        "file name": [photo_id(name) for name in names],
        "bytes": digests,
    }
    found = find_duplicates(files, keys, prints)
    leaked = [group for group in found if group.across]
    flat = int((~np.any(prints.copies, axis=1)).sum())
    state, verdict = _judge(leaked, [file.file for file in files if file.split == VAL], len(files), flat)
    evidence = LeaksEvidence(
        distance=DISTANCE,
        correlation=CORRELATION,
        photos=len(files),
        flat=flat,
        across={border: len(_across(leaked, border)) for border in get_args(Border)},
        by={kind: sum(kind in group.evidence for group in leaked) for kind in get_args(Evidence)},
        repeated=len(found) - len(leaked),
        leaks=leaked[:LISTED],
    )
    return _finding(state, verdict, evidence)


def _finding(state: State, verdict: str, evidence: LeaksEvidence | None) -> Finding:
    return Finding(
        code="leaks",
        title="Leaks",
        question="Is a photo in both splits or under several classes?",
        state=state,
        verdict=verdict,
        limits="Mirrored copies and tight crops of a photo pass as different photos; two frames of one moment can "
        "count as one.",
        evidence=builtins_of(evidence) if evidence else {},
        weight=95,
    )


def _judge(leaked: Sequence[Duplicates], validation: Sequence[str], photos: int, flat: int) -> tuple[State, str]:
    if photos < 2:
        return "not applicable", "There are not two photos to compare."
    if leaked:
        both, several = _across(leaked, "splits"), _across(leaked, "classes")
        seen = {file for group in both for file in group.files} & {*validation}
        part = f" ({100 * len(seen) / len(validation):.1f} % of the validation photos)" if seen else ""
        example = f"{' = '.join(leaked[0].files[:2])} (same {', '.join(leaked[0].evidence)})"
        counts = f"{len(both):,} in both splits{part}, {len(several):,} under several classes"
        return "found", agree(f"{len(leaked):,} photos leak: {counts}; for example {example}.")
    if flat > FLAT * photos:
        return "undecided", (
            f"No photo leaks by its id or bytes, but {flat:,} of {photos:,} are flat, so their pixels can't show it."
        )
    return "not found", f"Each of {photos:,} photos is in one split and under one class, by ids, bytes and pixels."


def _across(leaked: Sequence[Duplicates], border: Border) -> list[Duplicates]:
    return [group for group in leaked if border in group.across]
