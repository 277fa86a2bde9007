"""What an experiment starts from: a COCO instances file and its photos, or a tree of photos with a folder per class."""

import os
from dataclasses import replace
from pathlib import Path

import msgspec
import polars as pl

from bakeoff.config.data import ALL, DataConfig, SelectionConfig
from bakeoff.config.tables import is_remote
from bakeoff.core.errors import ConfigError, SourceError
from bakeoff.core.progress import Monitor, silent
from bakeoff.core.storage import is_folder
from bakeoff.core.types import TEST, TRAIN, VAL, Images
from bakeoff.data.audit.audit import THUMBNAIL, audit_tree
from bakeoff.data.audit.result import Audit
from bakeoff.data.elsewhere import PieceMap
from bakeoff.data.formats.manifest import is_manifest, read_manifest
from bakeoff.data.formats.open_images import is_open_images, read_open_images
from bakeoff.data.formats.voc import read_voc
from bakeoff.data.formats.yolo import is_yolo, read_yolo
from bakeoff.data.http import Options
from bakeoff.data.image_folder.indexing import tree_index
from bakeoff.data.image_folder.objects import add_objects
from bakeoff.data.image_folder.tree import Tree, scan
from bakeoff.data.index import Index
from bakeoff.data.parts import Part, combine, find_parts
from bakeoff.data.photos import Photos
from bakeoff.data.source import Source
from bakeoff.data.sources.by_prefix import SourceByPrefix
from bakeoff.data.sources.folder import FolderSource
from bakeoff.data.splitting import draw_validation, group_field, split_by_field, split_by_group, split_by_list


def read_index(annotations: str, cache: Path | None = None, data: DataConfig | None = None, images: str = "") -> Index:
    """Reads an instances file; see `bakeoff.data.coco`.

    Args:
        annotations: Its path.
        cache: As in `coco.read_index`.
        data: How it is read; None means the defaults.
        images: As `data.images`: its photos, where there are any.

    Raises:
        ConfigError: None is given.
    """
    from bakeoff.data import coco

    if not annotations:
        raise ConfigError(
            "no annotations are given; give --annotations PATH or data.annotations in the experiment file."
        )
    data = data or DataConfig()
    return coco.read_index(
        Path(annotations),
        cache,
        box_format=data.box_format,
        none=data.none,
        group_field=group_field(data.split_list) or group_field(data.group_by),
        photos=_photos(images, data),
    )


def _photos(images: str, data: DataConfig) -> Photos | None:
    """The photos, as far as they can be opened: where they can't be, the stage that reads them says why."""
    try:
        return Photos(_open(images, data, silent)) if images else None
    except SourceError:
        return None


def target_classes(data: DataConfig) -> tuple[str, ...]:
    """The target classes: where they are not named all that `min_per_class` images hold, in the order of their ids.

    Raises:
        BakeoffError: As `open_index`.
    """
    return data.selection.classes if _are_named(data) else _all_classes(data, _read(data, None))


def open_index(data: DataConfig, cache: Path | None) -> tuple[Index, SelectionConfig]:
    """What the images are chosen from, and how.

    Args:
        data: Where the photos are.
        cache: As in `coco.read_index`.

    Raises:
        ConfigError: Neither a folder nor annotations are given, or what can't go together.
        AnnotationsError: The instances file can't be used.
        SelectionError: The categories can't be merged so.
        SourceError: The folder can't be used.
    """
    index = _read(data, cache)
    config = data.selection
    if not _are_named(data):
        config = msgspec.structs.replace(config, classes=_all_classes(data, index))
    if data.view == "crop":
        index = _crop(index, data, config)
    if config.test_per_class == ALL and TEST not in index.splits.values():
        config = msgspec.structs.replace(config, test_per_class=0)
    if config.val_per_class == ALL and not index.splits:
        config = msgspec.structs.replace(config, val_per_class=data.val_fraction)
    return index, config


def _read(data: DataConfig, cache: Path | None) -> Index:
    from bakeoff.data.selection import merge_categories

    return merge_categories(
        _with_splits(_tree(data, cache) if _is_tree(data) else _files(data, cache), data), data.merge
    )


def _files(data: DataConfig, cache: Path | None) -> Index:
    """The index of one instances file, or of several."""
    parts = find_parts(data)
    indexes = [_read_part(part, data, cache) for part in parts]
    return combine(parts, indexes) if len(parts) > 1 else indexes[0]


def _read_part(part: Part, data: DataConfig, cache: Path | None) -> Index:
    if is_open_images(part.annotations):
        _check_no_background(data, part.annotations)
        return read_open_images(Path(part.annotations), Path(part.images))
    if is_manifest(part.annotations):
        _check_no_background(data, part.annotations)
        return read_manifest(Path(part.annotations), Path(part.images))
    if is_yolo(part.annotations):
        return read_yolo(Path(part.annotations), Path(part.images), data.none)
    if is_folder(part.annotations):
        return read_voc(Path(part.annotations), Path(part.images), data.none)
    return read_index(part.annotations, cache, data, part.images)


def _with_splits(index: Index, data: DataConfig) -> Index:
    """The index with the splits that a list or groups of images give."""
    if field := group_field(data.split_list):
        index = split_by_field(index, field)
    elif data.split_list:
        index = split_by_list(index, Path(data.split_list))
    if data.group_by and index.splits:
        raise ConfigError("data.group_by draws the splits, which are given already; leave it out.")
    if data.group_by:
        index = split_by_group(index, data.group_by, _weights(data), data.seed)
    index = replace(index, images=index.images.drop("group", strict=False))
    return draw_validation(index, _weights(data), data.seed)


def _tree(data: DataConfig, cache: Path | None) -> Index:
    if data.view != "photo":
        raise ConfigError('data.view = "crop" needs annotations with boxes; photos with a folder per class have none.')
    _check_no_background(data, data.folder)
    index = tree_index(_scan(data))
    if data.annotations:
        if data.crowd:
            raise ConfigError("data.crowd is given together with data.folder, whose folders give the labels.")
        index = add_objects(index, read_index(data.annotations, cache))
    return index


def _check_no_background(data: DataConfig, labels: str) -> None:
    if data.none:
        raise ConfigError(f"data.none = {data.none!r} is given, but every photo in {labels} has a class; leave it out.")


def _are_named(data: DataConfig) -> bool:
    return data.classes != ALL and (bool(data.classes) or not (_is_tree(data) or is_manifest(data.annotations)))


def _all_classes(data: DataConfig, index: Index) -> tuple[str, ...]:
    held = index.annotations.group_by("category_id").agg(pl.col("image_id").n_unique().alias("images"))
    enough = held.filter(pl.col("images") >= data.min_per_class)
    return tuple(index.categories.join(enough, on="category_id", how="semi", maintain_order="left")["name"])


def _crop(index: Index, data: DataConfig, config: SelectionConfig) -> Index:
    """The index of what becomes an image: an object."""
    from bakeoff.data.selection import crop_objects

    if data.crowd:
        raise ConfigError('data.crowd is given together with data.view = "crop"; a crowd is no single object to crop.')
    if not index.info.boxes_known:
        raise ConfigError(
            f'data.view = "crop" needs boxes; {index.info.source} has labels of whole photos. Leave data.view out.'
        )
    return crop_objects(
        index, config.classes, margin=data.margin, min_side=data.min_side, quotas=_weights(data), seed=data.seed
    )


def _weights(data: DataConfig) -> dict[str, float]:
    """In which proportion photos are divided among the splits."""
    numbers = {split: float(quota) for split, quota in data.selection.numbers.items() if quota}
    return numbers or {TRAIN: 1 - data.val_fraction, VAL: data.val_fraction}


def open_source(data: DataConfig, monitor: Monitor = silent) -> Source:
    """Where the bytes of the photos come from.

    Args:
        data: Names it.
        monitor: Shown how far a download is.

    Raises:
        ConfigError: What is needed is not given, or both a folder and images are.
        SourceError: There is no such folder, or it can't be read.
    """
    if _is_tree(data):
        return FolderSource(_scan(data).root, follow_links=data.follow_links)
    parts = find_parts(data) if data.annotations else []
    if not all(part.images for part in parts) or not parts:
        raise ConfigError(
            "an instances file and its photos are needed: give --annotations FILE and --images FOLDER (or url, "
            "which downloads them), or set data.annotations and data.images in the experiment file, or data.folder for "
            "photos with a folder per class."
        )
    if len({part.images for part in parts}) == 1:
        return _open(parts[0].images, data, monitor)
    return SourceByPrefix({str(part.split): _open(part.images, data, monitor) for part in parts})


def _open(images: str, data: DataConfig, monitor: Monitor) -> Source:
    from bakeoff.data import source as sources

    if not is_remote(images):
        found = sources.open_source(images)
        return replace(found, follow_links=data.follow_links) if isinstance(found, FolderSource) else found
    from bakeoff.data.build import decode

    options = Options(data.connections, data.rate_limit, data.timeout, data.allow_private)
    cache = Path(data.cache) if data.cache else _user_cache()
    return sources.open_source(images, sources.Downloads(cache, decode, options, monitor))


def audit(folder: Path, annotations: str, monitor: Monitor, elsewhere: PieceMap | None = None) -> Audit:
    """Checks every photo of a tree; see `audit_tree`."""
    return audit_read(scan(folder), read_index(annotations) if annotations else None, monitor, elsewhere)


def audit_read(tree: Tree, index: Index | None, monitor: Monitor, elsewhere: PieceMap | None = None) -> Audit:
    """The same of a tree and an instances file that were read."""
    from bakeoff.data import source as sources

    read = sources.open_source(str(tree.root)).read
    return audit_tree(tree, read, thumbnail, index, monitor("photos"), elsewhere)


def thumbnail(raw: bytes) -> Images:
    """A photo's pixels as an audit compares them: uint8 (S, S, 3), RGB; raises `ImageError`."""
    from bakeoff.data.build import to_pixels

    return to_pixels(raw, THUMBNAIL, "area")


def _scan(data: DataConfig) -> Tree:
    """The tree of the folder, of the chosen classes or those that become them."""
    classes = [part for name in data.selection.classes for part in data.merge.get(name, (name,))]
    return scan(Path(data.folder), classes, nested=data.nested, follow_links=data.follow_links)


def _user_cache() -> Path:
    """The folder of this program in the user's cache folder (XDG base directory specification)."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / "bakeoff"


def _is_tree(data: DataConfig) -> bool:
    if data.folder and data.images:
        raise ConfigError(
            "data.folder is given together with data.images; give either a folder of photos with a folder per class, "
            "or an instances file and its photos."
        )
    return bool(data.folder)
