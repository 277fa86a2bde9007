"""A first experiment file for a user's own annotations."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from bakeoff.config.commented import to_toml
from bakeoff.config.data import ALL
from bakeoff.config.loading import SUFFIX, load_experiment
from bakeoff.config.tables import NAME_LENGTH, is_remote
from bakeoff.core.atomic import write_bytes
from bakeoff.core.errors import ConfigError

CLASSES = 5
"""As many as the homework asks for, where none are named."""


def init(
    file: Path,
    *,
    preset: str = "hw4-2024",
    annotations: str = "",
    images: str = "",
    folder: str = "",
    classes: Sequence[str] = (),
    networks: Sequence[str] = (),
    overwrite: bool = False,
) -> tuple[str, ...]:
    """Writes a commented experiment file. With photos of one's own all of them are used, a fifth for validation.

    Args:
        file: Its name ends in `.toml`.
        preset: Whose values it begins with.
        annotations: As `data.annotations`, from the current folder; in the file it is taken from the file's.
        images: As `data.images`.
        folder: As `data.folder`.
        classes: Where none are named, those with most images: five of an instances file, all of a tree.
        networks: The preset's where none are named.
        overwrite: Whether a file that is there is replaced.

    Returns:
        The classes; empty for all.

    Raises:
        ConfigError: The file is there already, or a value is not valid.
        SourceError: The annotations can't be read.
        StorageError: It can't be written.
    """
    if file.suffix != SUFFIX:
        raise ConfigError(f"{file}: an experiment file is called something{SUFFIX}.")
    if file.exists() and not overwrite:
        raise ConfigError(f"{file} is there already; give another name, or --overwrite to replace it.")
    config = load_experiment(preset)
    chosen = tuple(classes) or (() if folder else _most_frequent(annotations) if annotations else config.data.classes)
    places = {"annotations": annotations, "images": images, "folder": folder}
    own = {key: _from(file, value) for key, value in places.items() if value}
    quotas = {"train_per_class": ALL, "val_per_class": ALL} if own else {}
    data = replace(config.data, **own, **quotas, classes=chosen)
    training = replace(config.training, networks=tuple(networks)) if networks else config.training
    name = re.sub(r"[^\w.-]+", "-", file.stem)[:NAME_LENGTH]
    write_bytes(file, _checked(to_toml(replace(config, name=name, data=data, training=training), file.name), file))
    return () if chosen == ALL else chosen


def _checked(text: str, file: Path) -> bytes:
    """The file's bytes; raises `ConfigError` where they are not what `load_experiment` takes."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{file}: a path or name in it is no UTF-8, which TOML can't hold; rename it.") from None
    with TemporaryDirectory(prefix="bakeoff-") as home:
        (trial := Path(home) / f"trial{SUFFIX}").write_bytes(raw)
        try:
            load_experiment(trial)
        except ConfigError as error:
            raise ConfigError(str(error).replace(str(trial), str(file))) from None
    return raw


def _most_frequent(annotations: str) -> tuple[str, ...]:
    from bakeoff.data import coco
    from bakeoff.data.inputs import read_index

    summary = coco.summary(read_index(annotations))
    return tuple(summary["category"].head(CLASSES))


def _from(file: Path, path: str) -> str:
    if is_remote(path) or Path(path).is_absolute():
        return path
    return Path(os.path.relpath(path, file.parent)).as_posix()
