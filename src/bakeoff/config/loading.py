"""Experiment files: the presets that ship, a user's own, and values given on the command line."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.resources import files
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.config.tables import ConfigTable, is_remote
from bakeoff.core.errors import ConfigError, unknown_name
from bakeoff.core.untrusted import is_text

SUFFIX = ".toml"
PRESETS = files("bakeoff.config") / "presets"

RENAMED = {
    "training.average": "ema_decay",
    "training.locate": "localization_weight",
    "training.measure_every": "eval_every",
    "training.measure_mirrored": "tta_flip",
    "training.measure_sizes": "tta_scales",
    "training.recipes": "the tables [variants.NAME]",
    "training.resolution": "progressive_resolution",
    "training.train_share": "train_fraction",
    "training.tune_share": "holdout_fraction",
    "improve.shares": "train_fractions",
}
"""Keys of earlier versions, and what each is called now."""

PATHS = {
    *("folder", "cache", "split_list", "annotations", "images"),
    *("val_annotations", "val_images", "test_annotations", "test_images"),
}
"""Keys of `[data]` that are paths."""

Table = dict[str, Any]  # what a TOML file holds


def preset_names() -> list[str]:
    """The names of the experiment files that ship, sorted."""
    return sorted(entry.name.removesuffix(SUFFIX) for entry in PRESETS.iterdir() if entry.name.endswith(SUFFIX))


def load_experiment(name: str | PathLike[str], overrides: Iterable[str] = ()) -> ExperimentConfig:
    """Reads an experiment file.

    Args:
        name: A preset, or the path of a TOML file; relative paths in a file are taken from its folder.
        overrides: Values that replace the file's, each as `section.key=value` with a TOML value. Strings need no
            quotes and lists no brackets; relative paths are taken from the current folder.

    Raises:
        ConfigError: The file is missing or not TOML, or a key or value is not valid.
    """
    name = fspath(name)
    document = _read(name)
    _convert(document, name)
    if name not in preset_names():
        _anchor_paths(document, Path(name).parent)
    for override in overrides:
        _apply(override, document)
    _check_texts(document, ())
    return _convert(document, name)


def _check_texts(value: object, keys: tuple[str, ...]) -> None:
    """Refuses a path whose bytes are no UTF-8: no record could name it."""
    if isinstance(value, str) and not is_text(value):
        raise ConfigError(f"{'.'.join(keys)} = {value!r}: a name in it is no UTF-8; rename that file or folder.")
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        _check_texts(part, (*keys, str(key)) if isinstance(value, dict) else keys)


def _read(name: str) -> Table:
    preset, path = name in preset_names(), Path(name)
    if not preset and path.suffix != SUFFIX and not path.exists():
        raise ConfigError(f"{unknown_name('preset', name, preset_names())} Or give the path of a {SUFFIX} file.")
    try:
        return tomllib.loads((PRESETS / f"{name}{SUFFIX}" if preset else path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"experiment file {path} does not exist. Presets: {', '.join(preset_names())}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"experiment file {path} can't be read: {error}.") from None
    except (ValueError, RecursionError) as error:  # ValueError: also numbers of thousands of digits
        raise ConfigError(f"{name} is not valid TOML: {error}.") from None


def _anchor_paths(document: Table, folder: Path) -> None:
    """Makes the relative paths of a valid document relative to the current folder."""
    owners = [document, *document.get("variants", {}).values()]
    for data in (owner["data"] for owner in owners if "data" in owner):
        for key in data.keys() & PATHS:
            if data[key] and not (key.endswith("images") and is_remote(data[key])):
                data[key] = str(folder / data[key])
    for owner in owners:
        if "network" in owner:
            owner["network"] = _anchor_network(owner["network"], folder)
    training = document.get("training", {})
    if "networks" in training:
        training["networks"] = [_anchor_network(network, folder) for network in training["networks"]]


def _anchor_network(network: str, folder: Path) -> str:
    return str(folder / network) if ".py:" in network else network


def _apply(override: str, document: Table) -> None:
    """Puts `section.key=value` into the document; of the value's readings, the first that the key takes."""
    key, equals, value = override.partition("=")
    if not equals:
        raise ConfigError(f"--set {override!r}: write it as section.key=value, such as training.epochs=5.")
    *parents, last = (part.strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", key.strip()))
    table = document
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise ConfigError(f"--set {override!r}: {parent!r} is not a section.")
    problems = []
    for table[last] in _readings(value.strip()):
        try:
            _convert(document, f"--set {override!r}")
            return
        except ConfigError as error:
            problems.append(error)
    raise problems[0]


def _readings(text: str) -> Iterator[object]:
    """What the value of an override can mean: a TOML value, a list without brackets or quotes, plain text."""
    items = [item.strip() for item in text.removeprefix("[").removesuffix("]").split(",") if item.strip()]
    yield _parse_value(text)
    yield [_parse_value(item) for item in items]
    yield text
    yield items


def _parse_value(text: str) -> object:
    """A TOML value; what is none is a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def _convert(document: Table, name: str) -> ExperimentConfig:
    try:
        return msgspec.convert(document, ExperimentConfig)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {next(_problems(document, ExperimentConfig, ()), error)}") from None


def _problems(value: object, kind: object, path: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with a value of a type: the key in the user's words, the value, and the choices."""
    kinds = (kind, *get_args(kind))
    section = next((part for part in kinds if isinstance(part, type) and issubclass(part, ConfigTable)), None)
    if get_origin(kind) is dict and isinstance(value, dict):
        for name, own in value.items():
            yield from _problems(own, kinds[-1], (*path, name))
    elif section and isinstance(value, dict):
        hints = get_type_hints(section, include_extras=True)
        for key, own in value.items():
            yield from _problems(own, hints[key], (*path, key)) if key in hints else (_unknown(key, hints, path),)
    else:
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            problem = str(error).partition(" - at ")[0].replace("`", "")
            problem = problem.replace("object", "table").replace("array", "list")
            choices = [choice for part in kinds if get_origin(part) is Literal for choice in get_args(part)]
            end = f" Choices: {', '.join(choices)}." if choices else ""
            yield f"{'.'.join(path)} = {value!r}: {problem[0].lower()}{problem[1:]}.{end}"


def _unknown(key: str, keys: Iterable[str], path: tuple[str, ...]) -> str:
    where = f"[{'.'.join(path)}]" if path else "the top level"
    section = "improve" if path[:1] == ("improve",) else "training"  # a variant has the keys of a recipe
    if path and (new := RENAMED.get(f"{section}.{key}")):
        return f"{where} has an old key {key!r}: use {new}."
    return f"{where} has an {unknown_name('key', key, sorted(keys))}"
