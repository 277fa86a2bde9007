"""From an index and a configuration to a selection and its ledger."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from bakeoff.config.data import SelectionConfig
from bakeoff.core.atomic import atomic_folder, lock
from bakeoff.core.errors import SelectionError, ShortageError
from bakeoff.core.parquet import read_parquet
from bakeoff.core.seals import check_seal, seal
from bakeoff.core.storage import digest, read_json, write_json
from bakeoff.core.types import TEST
from bakeoff.core.untrusted import check_tree
from bakeoff.data.index import Index, Problem
from bakeoff.data.selection.assignment import EVERY, NONE, Assignment, Quotas
from bakeoff.data.selection.candidates import BLOCK, Candidates, describe_images, find_candidates, target_annotations
from bakeoff.data.selection.selection import Selection, SelectionInfo
from bakeoff.data.selection.splits import amounts, assign, val_fraction

LOSSES = frozenset(
    {"photo-in-two-files", "no-split", "unknown-image", "unknown-category", "bad-entry"}
    | {"no-box", "empty-box", "box-outside", "no-size", "no-annotations"}
)
"""Problems that took images or annotations away, and are said where too few are left."""


def select(index: Index, config: SelectionConfig) -> Selection:
    """Chooses the images of a data set, each once, under one class and in one split.

    Args:
        index: The annotations.
        config: Classes, quotas and policy.

    Returns:
        The selection with a ledger row for every image in which a target class is annotated. The same index and
        configuration give the same selection, whatever the order of entries in the instances file.

    Raises:
        SelectionError: The classes can't be used.
        ShortageError: A class holds too few images under this policy.
        ConfigError: There is no such policy.
    """
    if not any(config.quotas.values()):
        raise SelectionError("data.train_per_class and data.val_per_class are both 0; ask for at least one image.")
    quotas = amounts(config)
    annotations = target_annotations(index, config)
    candidates = find_candidates(annotations, len(config.classes), index.splits)
    images = describe_images(index, annotations, config.classes)
    del annotations  # they may be many millions
    assignment = assign(candidates, quotas, config.policy, config.seed, val_fraction(config))
    _check_quotas(candidates, assignment, quotas, config, index.info.problems)
    info = SelectionInfo(
        config=config,
        source=index.info.source,
        source_digest=index.info.digest,
        digest=digest(config, index.info.digest.encode()),
        objects_known=index.info.objects_known,
        licenses=index.info.licenses,
        problems=index.info.problems,
    )
    return Selection(info, _ledger(images, candidates, assignment, list(quotas), config))


def largest_common_quota(candidates: Candidates, quotas: Mapping[str, int], policy_name: str, seed: int) -> int:
    """The largest number of images, over all splits and up to the quotas, that a policy can give to every class.

    The splits keep their proportion. A policy that shuffles draws from the same seed at each try.
    """
    total = sum(quotas.values())
    enough, too_many = 0, total + 1
    while too_many - enough > 1:
        middle = (enough + too_many) // 2
        attempt = apportion(middle, quotas)
        tried = {split: np.full(candidates.holds.shape[1], quota) for split, quota in attempt.items()}
        filled = (assign(candidates, tried, policy_name, seed).counts(tried) == [*tried.values()]).all()
        enough, too_many = (middle, too_many) if filled else (enough, middle)
    return enough


def apportion(count: int, quotas: Mapping[str, int]) -> dict[str, int]:
    """So many images over the splits, in the proportion of the quotas."""
    total = sum(quotas.values())
    ends = [0, *(round(count * end / total) for end in itertools.accumulate(quotas.values()))]
    return {split: end - begin for split, (begin, end) in zip(quotas, itertools.pairwise(ends), strict=True)}


def save(selection: Selection, folder: Path) -> None:
    """Writes `selection.json`, `selection.parquet` (the chosen rows) and `ledger.parquet`.

    Raises:
        StorageError: There is no room or no right to write.
    """
    with atomic_folder(folder) as partial:
        write_json(partial / "selection.json", selection.info)
        selection.chosen.write_parquet(partial / "selection.parquet")
        selection.ledger.write_parquet(partial / "ledger.parquet")
        seal(partial)


def load(folder: Path) -> Selection:
    """Reads what `save` wrote.

    Raises:
        StorageError: A file is missing, damaged, or not as it was written.
    """
    with lock(folder):  # another process may be replacing it
        check_tree(folder)
        check_seal(folder, "selection.json", "ledger.parquet")
        ledger = read_parquet(folder / "ledger.parquet", folder)
        return Selection(read_json(folder / "selection.json", SelectionInfo, folder), ledger)


def _check_quotas(
    candidates: Candidates,
    assignment: Assignment,
    quotas: Quotas,
    config: SelectionConfig,
    problems: Iterable[Problem],
) -> None:
    lost = "".join(f" Note: {problem.message}." for problem in problems if problem.code in LOSSES)
    counts = assignment.counts(quotas)
    for (split, wanted), row in zip(quotas.items(), counts, strict=True):
        least = np.where(wanted == EVERY, split != TEST, wanted)
        for label, (count, quota) in enumerate(zip(row, least, strict=True)):
            if count < quota:
                raise ShortageError(
                    f"policy {config.policy!r}: class {config.classes[label]!r} has too few images: {split} needs "
                    f"{quota:,}, {count:,} left ({candidates.holds[:, label].sum():,} images hold the class). "
                    + _advice(candidates, config)
                    + lost
                )


def _advice(candidates: Candidates, config: SelectionConfig) -> str:
    quotas = config.numbers
    if not quotas:
        return f"Lower {_keys(config.quotas)}, leave the class out, or choose another policy."
    total = sum(quotas.values())
    common = largest_common_quota(candidates, quotas, config.policy, config.seed)
    advice = (
        f"The largest quota that this policy can give to every class is {common:,} images "
        f"({' and '.join(quotas)} together; {total:,} were asked for). "
    )
    if config.policy != "balanced":
        best = largest_common_quota(candidates, quotas, "balanced", config.seed)
        advice += f"Policy 'balanced' can give {'all ' if best == total else ''}{best:,}. "
    return f"{advice}Lower {_keys(quotas)}, or choose another policy or other classes."


def _keys(quotas: Iterable[str]) -> str:
    return " or ".join(f"data.{split}_per_class" for split in quotas)


def _ledger(
    images: pl.DataFrame, candidates: Candidates, assignment: Assignment, splits: list[str], config: SelectionConfig
) -> pl.DataFrame:
    chosen: npt.NDArray[np.bool_] = assignment.label != NONE
    can_stand: npt.NDArray[np.bool_] = np.any(assignment.eligible, axis=1)
    small = ~candidates.holds.any(axis=1)
    reasons = ["chosen", "only crowd annotations or too small", assignment.refusal, "quotas filled"]
    reason = np.select([chosen, small, ~can_stand], [0, 1, 2], default=3)
    return images.with_columns(
        _class_lists(assignment.eligible, config.classes).alias("eligible"),
        pl.when(pl.Series(can_stand)).then(pl.Series(assignment.order)).alias("order"),
        pl.when(pl.Series(chosen)).then(pl.lit("chosen")).otherwise(pl.lit("dropped")).alias("status"),
        _texts(reasons, reason).alias("reason"),
        _texts(splits, np.where(chosen, assignment.split, candidates.splits)).alias("split"),
        _texts(config.classes, assignment.label).alias("label"),
    )


def _texts(names: Sequence[str], numbers: npt.NDArray[np.int64]) -> pl.Series:
    """By number its name; None for `NONE`."""
    return pl.Series([*names, None], dtype=pl.String).gather(np.where(numbers == NONE, len(names), numbers))


def _class_lists(eligible: npt.NDArray[np.bool_], classes: Sequence[str]) -> pl.Series:
    """Of each row the classes that are true: lists, made as columns since the rows may be millions."""
    starts = range(0, max(1, len(eligible)), BLOCK)
    return pl.concat(_some_class_lists(eligible[start : start + BLOCK], classes) for start in starts)


def _some_class_lists(eligible: npt.NDArray[np.bool_], classes: Sequence[str]) -> pl.Series:
    rows, labels = np.nonzero(eligible)
    held = pl.DataFrame({"row": rows, "name": _texts(classes, labels)}).group_by("row").agg(pl.col("name"))
    every = pl.DataFrame({"row": np.arange(len(eligible))})
    lists = every.join(held, on="row", how="left", maintain_order="left")["name"]
    return lists.fill_null(pl.Series([[]], dtype=pl.List(pl.String)).first())
