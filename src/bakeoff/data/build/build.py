"""From a selection and the photos to a data set on disk."""

import re
from collections.abc import Callable, Generator, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Unpack

import msgspec
import polars as pl

from bakeoff.config.data import DataConfig
from bakeoff.core.atomic import atomic_folder, storage_errors, write_bytes
from bakeoff.core.errors import ConfigError, StorageError
from bakeoff.core.geometry import photo_of
from bakeoff.core.seals import SEAL, seal
from bakeoff.core.storage import ListOf, digest, file_digest, write_json
from bakeoff.core.types import SPLITS
from bakeoff.data.build.allocation import Allocation, allocate
from bakeoff.data.build.card import data_card
from bakeoff.data.build.dataset import Dataset, DatasetInfo
from bakeoff.data.build.layout import Layout
from bakeoff.data.build.load import INFO_FILE, LEDGER_FILE, MANIFEST_FILE, load
from bakeoff.data.build.names import folder_names
from bakeoff.data.build.stated_size import MISMATCH, turn_boxes
from bakeoff.data.build.tables import make_manifest, make_metadata, update_ledger
from bakeoff.data.build.workers import ImageSettings, MadeImage, make_all
from bakeoff.data.elsewhere import PieceMap
from bakeoff.data.index import Problem, examples
from bakeoff.data.selection.selection import Selection, SelectionInfo
from bakeoff.data.source import Source

LIBRARIES = ("numpy", "opencv-python-headless", "pillow", "polars")
OWN = frozenset({SEAL, INFO_FILE, MANIFEST_FILE, LEDGER_FILE, "README.md", "images"})
ARRAY = re.compile(rf"({'|'.join(SPLITS)})(-\d{{5}})?\.npy")
ROWS = 10_000


def request_digest(
    info: SelectionInfo, source: Source, *, check_sizes: bool = True, **settings: Unpack[ImageSettings]
) -> str:
    """What `DatasetInfo.request` will be: a data set that has it already need not be built.

    Args:
        info: How the images were selected.
        source: Where the photos are read; counts by its description.
        check_sizes: As `data.check_sizes`.
        **settings: As in `ImageSettings`.

    Returns:
        16 hexadecimal digits.
    """
    return digest(info.digest, _location(source), dict(settings), *(() if check_sizes else ("any size",)))


def _location(source: Source) -> str:
    """Where a source reads, however its path was typed."""
    described = source.describe()
    return str(Path(described).resolve()) if "://" not in described and Path(described).exists() else described


def build(
    selection: Selection,
    source: Source,
    folder: Path,
    *,
    workers: int = 0,
    elsewhere: PieceMap | None = None,
    check_sizes: bool = True,
    progress: Callable[[int, int], None] = lambda done, total: None,
    **settings: Unpack[ImageSettings],
) -> Dataset:
    """Reads and resizes the chosen photos and writes the data set's folder, whole or not at all.

    A photo that can't be used becomes a row of the ledger, and the next candidate of its class takes its slot. The
    same selection, photos and settings give the same bytes, whatever the number of processes or machines.

    Args:
        selection: Which images, under which classes.
        source: Where the bytes of the photos come from.
        folder: Gets the data set; one that is there already is replaced.
        workers: Processes; 0 means one per processor.
        elsewhere: Other machines, which read and resize the photos where `workers` is 0 and they are many.
        check_sizes: As `data.check_sizes`.
        progress: Called with how many of all images are done.
        **settings: As in `ImageSettings`.

    Returns:
        The data set.

    Raises:
        ConfigError: A setting is out of its range.
        SourceError: No photo can be read at all, most are not those that were annotated, a process was killed, or
            another machine does not see a photo.
        ShortageError: A class has too few photos that can be read.
        StorageError: The folder holds something else, or there is no room or no right to write.
    """
    _check_settings(workers=workers, **settings)
    _check_target(folder)
    with atomic_folder(folder) as staged:
        splits = selection.choice("split")["split"]
        counts = {split: int((splits == split).sum()) for split in selection.splits}
        layout = Layout(staged, folder_names(selection.classes), counts, settings["size"])
        layout.prepare(selection)

        def make(photos: pl.DataFrame) -> Generator[MadeImage, None, None]:
            jobs = layout.jobs(photos, selection, check_sizes=check_sizes)
            return make_all(_prepare(source, selection, photos), settings, jobs, photos.height, workers, elsewhere)

        allocation = allocate(selection, make, source.describe(), progress)
        selection = turn_boxes(selection, _turns(allocation))
        request = request_digest(selection.info, source, check_sizes=check_sizes, **settings)
        _write_records(layout, selection, allocation, request, source.describe(), settings)
        seal(staged)
    return load(folder)


def _prepare(source: Source, selection: Selection, photos: pl.DataFrame) -> Source:
    urls = photos.select("image_id", "file_name").join(selection.ledger.select("image_id", "url"), on="image_id")
    return source.prepare({photo_of(name): url for name, url in urls.select("file_name", "url").iter_rows()})


def _turns(allocation: Allocation) -> dict[int, int]:
    return {allocation.images["image_id"][number]: fit.turn for number, fit in allocation.fits.items() if fit.turn}


def _problems(allocation: Allocation) -> tuple[Problem, ...]:
    """What the photos were not as the annotations state them."""
    pairs = [(photo_of(allocation.file_name(number)), fit) for number, fit in sorted(allocation.fits.items())]
    turned, scaled = [file for file, fit in pairs if fit.turn], [file for file, fit in pairs if fit.is_scaled]
    wrong = [photo_of(one.image.file_name) for one in allocation.unreadable if MISMATCH in one.reason]
    said = (
        ("turned-photo", turned, "photos are turned by EXIF, their boxes were not: turned with them"),
        ("scaled-photo", scaled, "photos are scaled copies of those that were annotated: boxes are scaled, too"),
        ("other-photo", wrong, "photos have not the size that their annotations state: left out"),
    )
    return tuple(
        Problem(code, len(files), f"{len(files):,} {what} ({examples(files)})") for code, files, what in said if files
    )


def _write_records(
    layout: Layout, selection: Selection, allocation: Allocation, request: str, photos: str, settings: ImageSettings
) -> None:
    copies = layout.copies(allocation.images)
    manifest, ledger = make_manifest(selection, allocation, copies), update_ledger(selection, allocation)
    arrays = [path for split in selection.splits for path in layout.arrays(split)]
    info = DatasetInfo(
        **settings,
        classes=selection.classes,
        counts=layout.counts,
        selection=selection.info,
        photos=photos,
        unreadable=len(allocation.unreadable),
        digest=digest(selection.classes, [*map(file_digest, arrays)], ListOf(partial(_identity, manifest))),
        request=request,
        versions={name: version(name) for name in LIBRARIES},
        problems=_problems(allocation),
    )
    write_json(layout.folder / INFO_FILE, info)
    manifest.write_parquet(layout.folder / MANIFEST_FILE)
    ledger.write_parquet(layout.folder / LEDGER_FILE)
    make_metadata(manifest, selection.classes).sink_csv(layout.folder / "images" / "metadata.csv")
    write_bytes(layout.folder / "README.md", data_card(info, manifest, ledger).encode())


def _identity(manifest: pl.DataFrame) -> Iterator[list[tuple[object, ...]]]:
    """What of the manifest makes two data sets the same, some rows at a time: with boxes they are many objects."""
    rows = manifest.select("split", "image_id", "label", "annotated", "boxes")
    return (some.rows() for some in rows.iter_slices(ROWS))


def _check_settings(**values: object) -> None:
    try:
        msgspec.convert(values, DataConfig)
    except msgspec.ValidationError as error:
        raise ConfigError(f"the data set can't be built with these settings: {error}.") from None


def _check_target(folder: Path) -> None:
    """Refuses a folder that holds something else than a data set, since it would be replaced."""
    if not folder.exists():
        return
    with storage_errors(folder):
        entries = {entry.name for entry in folder.iterdir()}
    if entries and (INFO_FILE not in entries or [name for name in entries - OWN if not ARRAY.fullmatch(name)]):
        raise StorageError(
            f"{folder} holds something else than a data set ({', '.join(sorted(entries)[:3])}); choose another folder."
        )
