"""A data set read from its folder, and checked."""

from pathlib import Path

import polars as pl

from bakeoff.core.atomic import lock
from bakeoff.core.errors import StorageError
from bakeoff.core.seals import check_seal
from bakeoff.core.storage import read_json
from bakeoff.core.types import SPLITS
from bakeoff.core.untrusted import check_tree
from bakeoff.data.build.arrays import check_array
from bakeoff.data.build.dataset import Dataset, DatasetInfo
from bakeoff.data.build.tables import LEDGER, MANIFEST, read_table

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
        check_seal(folder, INFO_FILE, MANIFEST_FILE, LEDGER_FILE, *(f"{split}.npy" for split in SPLITS))
        info = read_json(folder / INFO_FILE, DatasetInfo, folder)
        manifest = read_table(folder / MANIFEST_FILE, MANIFEST)
        _check_rows(folder, info, manifest)
        for split, count in info.counts.items():
            check_array(folder / f"{split}.npy", (count, info.size, info.size, 3))
        ledger = read_table(folder / LEDGER_FILE, LEDGER)
        return Dataset(folder, info, manifest, ledger)


def _check_rows(folder: Path, info: DatasetInfo, manifest: pl.DataFrame) -> None:
    """Checks that the manifest's rows are those of the arrays, in their order, each with a label."""
    known = [split for split in SPLITS if split in info.counts]
    rows = ((split, position) for split in known for position in range(info.counts[split]))  # as many as are claimed
    total = sum(info.counts[split] for split in known)
    if manifest.height != total or manifest.select("split", "position").rows() != list(rows):
        raise StorageError(
            f"{folder / MANIFEST_FILE} does not list the images that {INFO_FILE} counts ({dict(info.counts)}). "
            "Remove the data set and build it again."
        )
    if not manifest["label"].is_between(0, len(info.classes) - 1).fill_null(False).all():
        raise StorageError(
            f"{folder / MANIFEST_FILE} has labels outside 0 to {len(info.classes) - 1}. "
            "Remove the data set and build it again."
        )
