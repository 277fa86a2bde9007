"""The images chosen, and what became of every candidate."""

from dataclasses import dataclass

import msgspec
import polars as pl

from bakeoff.config.data import SelectionConfig
from bakeoff.core.errors import ConfigError
from bakeoff.core.types import SPLITS, TRAIN
from bakeoff.data.index import License, Problem


class SelectionInfo(msgspec.Struct, frozen=True):
    """How a selection was made.

    Attributes:
        config: The classes, quotas and policy.
        source: Path of the instances file.
        source_digest: Digest of the instances file's bytes.
        digest: Digest of `config` and `source_digest`: what makes two selections the same.
        licenses: The licences that the instances file lists.
        objects_known: Whether `annotated` has all target classes of an image; else its own class alone is known.
        problems: What was found wrong in the instances file, and what was done about it.
    """

    config: SelectionConfig
    source: str
    source_digest: str
    digest: str
    licenses: tuple[License, ...] = ()
    objects_known: bool = True
    problems: tuple[Problem, ...] = ()

    def check_task(self, task: str) -> None:
        """Raises `ConfigError` for a task that needs all classes of an image, where only one of them is known."""
        if task == "multilabel" and not self.objects_known:
            raise ConfigError(
                f"training.task = 'multilabel' needs to know all classes in a photo, but {self.source} tells one per "
                "photo. Give annotations of the objects (data.annotations), or leave the task at 'multiclass'."
            )


@dataclass(frozen=True)
class Selection:
    """The images chosen, and what became of every image that holds a target class.

    Attributes:
        info: How it was made.
        ledger: One row for each image with an annotation of a target class, ascending by image_id:
            image_id i64; file_name str; width, height i32; license i64 or None; url str or None;
            annotated list[str]: the target classes annotated in the image, crowd and small ones too;
            boxes list[struct(label str; x, y, width, height f32 as fractions of the image; crowd bool)];
            eligible list[str]: the classes under which the policy could take the image;
            order i64: the policy's order, the lower the earlier (null where nothing is eligible);
            status str: "chosen", "dropped", or, after a data set was built, "unreadable";
            reason str; split str or null (of a dropped image the one for which it may be taken, where that is fixed);
            label str or null.
    """

    info: SelectionInfo
    ledger: pl.DataFrame

    @property
    def classes(self) -> tuple[str, ...]:
        """The target classes, in the order of their labels."""
        return self.info.config.classes

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits: a test split only where images were asked for in it."""
        return SPLITS if self.info.config.test_per_class else SPLITS[:2]

    @property
    def chosen(self) -> pl.DataFrame:
        """The ledger's chosen rows: training first, then by class, then by image id."""
        return self.choice(*self.ledger.columns)

    def choice(self, *columns: str) -> pl.DataFrame:
        """Some columns of these rows: all of them take much memory where millions are chosen."""
        rank = {name: position for position, name in enumerate(self.classes)}
        splits = {name: position for position, name in enumerate(SPLITS)}
        rows = (
            self.ledger.lazy()
            .with_row_index("row")
            .filter(pl.col("status") == "chosen")
            .select(
                "row",
                pl.col("split").replace_strict(splits, return_dtype=pl.Int8),
                pl.col("label").replace_strict(rank, return_dtype=pl.Int32),
                "image_id",
            )
            .sort("split", "label", "image_id")
            .collect()["row"]
        )
        return self.ledger.select(columns)[rows]

    @property
    def train_sizes(self) -> tuple[int, int]:
        """The training images of the smallest class, and of the largest."""
        chosen = self.ledger.filter((pl.col("status") == "chosen") & (pl.col("split") == TRAIN))
        counts = dict(chosen.group_by("label").len().iter_rows())
        sizes = [counts.get(name, 0) for name in self.classes]
        return min(sizes), max(sizes)

    @property
    def reserves(self) -> pl.DataFrame:
        """The ledger's rows that the policy could have taken, in the policy's order."""
        return self.ledger.filter((pl.col("status") == "dropped") & (pl.col("eligible").list.len() > 0)).sort("order")
