"""A data set read from its folder, and checked."""

from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path

import polars as pl

from bakeoff.core.atomic import lock
from bakeoff.core.errors import StorageError
from bakeoff.core.seals import check_seal
from bakeoff.core.storage import read_json
from bakeoff.core.types import SPLITS
from bakeoff.core.untrusted import check_tree
from bakeoff.data.build.arrays import check_arrays, files_of
from bakeoff.data.build.dataset import Dataset, DatasetInfo
from bakeoff.data.build.tables import LEDGER, MANIFEST, check_columns, read_table

INFO_FILE = "dataset.json"
MANIFEST_FILE = "manifest.parquet"
LEDGER_FILE = "ledger.parquet"


def load(folder: Path) -> Dataset:
    """Opens a data set; the images stay on disk until they are used.

    Args:
        folder: What `build` wrote.

    Returns:
        The data set.

    Raises:
        StorageError: A file is missing, damaged, or not as it was written; it was written by another version, or the
            records disagree.
    """
    with lock(folder):  # another process may be replacing it
        check_tree(folder)
        # of a split of several files each is checked when it is first read
        whole = [files[0].name for split in SPLITS if len(files := files_of(folder, split)) == 1]
        check_seal(folder, INFO_FILE, MANIFEST_FILE, LEDGER_FILE, *whole)
        info = read_json(folder / INFO_FILE, DatasetInfo, folder)
        manifest = read_table(folder / MANIFEST_FILE, MANIFEST)
        _check_rows(folder, info, manifest)
        for split, count in info.counts.items():
            check_arrays(files_of(folder, split), count, info.size)
        check_columns(folder / LEDGER_FILE, LEDGER)
        return Dataset(folder, info, manifest, partial(read_table, folder / LEDGER_FILE, LEDGER))


def _check_rows(folder: Path, info: DatasetInfo, manifest: pl.DataFrame) -> None:
    """Checks that the manifest's rows are those of the arrays, in their order, each with a label."""
    known = [split for split in SPLITS if split in info.counts]
    ends = [0, *accumulate(info.counts[split] for split in known)]
    parts = [manifest.slice(start, max(0, end - start)) for start, end in pairwise(ends)]
    listed = all(_lists(part, split, info.counts[split]) for part, split in zip(parts, known, strict=True))
    if manifest.height != ends[-1] or not listed:
        raise StorageError(
            f"{folder / MANIFEST_FILE} does not list the images that {INFO_FILE} counts ({dict(info.counts)}). "
            "Remove the data set and build it again."
        )
    if not manifest["label"].is_between(0, len(info.classes) - 1).fill_null(False).all():
        raise StorageError(
            f"{folder / MANIFEST_FILE} has labels outside 0 to {len(info.classes) - 1}. "
            "Remove the data set and build it again."
        )


def _lists(rows: pl.DataFrame, split: str, count: int) -> bool:
    """Whether rows of a manifest are those of a split, in the order of its arrays."""
    if rows.height != count:
        return False
    places = rows["position"].eq_missing(pl.int_range(count, dtype=pl.Int64, eager=True))
    return bool(places.all() and (rows["split"].fill_null("") == split).all())
