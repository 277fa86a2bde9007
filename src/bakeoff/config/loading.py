"""Experiment files: the presets that ship, a user's own, and values given on the command line."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Literal, TypeGuard, get_args, get_origin, get_type_hints

import msgspec

from bakeoff.config.schema import ExperimentConfig, Section, is_remote
from bakeoff.core.errors import ConfigError, unknown_name

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

Table = dict[str, object]


def preset_names() -> list[str]:
    """The names of the experiment files that ship, sorted."""
    return sorted(entry.name.removesuffix(SUFFIX) for entry in PRESETS.iterdir() if entry.name.endswith(SUFFIX))


def load_experiment(name: str, overrides: Iterable[str] = ()) -> ExperimentConfig:
    """Reads an experiment file.

    Args:
        name: A preset, or the path of a TOML file; relative paths in a file are taken from its folder.
        overrides: Values that replace the file's, each as `section.key=value` with a TOML value. Strings need no
            quotes and lists no brackets; relative paths are taken from the current folder.

    Raises:
        ConfigError: The file is missing or not TOML, or a key or value is not valid.
    """
    if name in preset_names():
        document = _parse((PRESETS / f"{name}{SUFFIX}").read_text(encoding="utf-8"), name)
    else:
        document = _read_file(name)
    experiment = _convert(document, name)
    for override in overrides:
        experiment = _apply(override, document)
    return experiment


def _read_file(name: str) -> Table:
    path = Path(name)
    if path.suffix != SUFFIX and not path.exists():
        raise ConfigError(f"{unknown_name('preset', name, preset_names())} Or give the path of a {SUFFIX} file.")
    try:
        document = _parse(path.read_text(encoding="utf-8"), name)
    except FileNotFoundError:
        raise ConfigError(f"experiment file {path} does not exist. Presets: {', '.join(preset_names())}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"experiment file {path} can't be read: {error}.") from None
    _anchor_paths(document, path.parent)
    return document


def _parse(text: str, name: str) -> Table:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not valid TOML: {error}.") from None


def _anchor_paths(document: Table, folder: Path) -> None:
    """Makes the file's relative paths relative to the current folder; wrong types are left for validation to name."""
    variants = [variant for variant in _table(document, "variants").values() if isinstance(variant, dict)]
    for owner in (document, *variants):
        data = _table(owner, "data")
        for key in data.keys() & {"folder", "annotations", "images", "cache"}:
            if isinstance(path := data[key], str) and path and not (key == "images" and is_remote(path)):
                data[key] = str(folder / path)
        if "network" in owner:
            owner["network"] = _anchor_network(owner["network"], folder)
    training = _table(document, "training")
    if isinstance(named := training.get("networks"), list):
        training["networks"] = [_anchor_network(network, folder) for network in named]


def _table(owner: Table, key: str) -> Table:
    inner = owner.get(key)
    return inner if isinstance(inner, dict) else {}


def _anchor_network(network: object, folder: Path) -> object:
    return str(folder / network) if isinstance(network, str) and ".py:" in network else network


def _apply(override: str, document: Table) -> ExperimentConfig:
    """Puts `section.key=value` into the document; of the value's readings, the first that the key takes."""
    key, equals, value = override.partition("=")
    if not equals:
        raise ConfigError(f"--set {override!r}: write it as section.key=value, such as training.epochs=5.")
    *parents, last = (part.strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", key.strip()))
    table: object = document
    for parent in parents:
        table = table.setdefault(parent, {}) if isinstance(table, dict) else table
    if not isinstance(table, dict):
        raise ConfigError(f"--set {override!r}: {'.'.join(parents)!r} is not a section.")
    problems = []
    for reading in _readings(value.strip()):
        table[last] = reading
        try:
            return _convert(document, f"--set {override!r}")
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
    except tomllib.TOMLDecodeError:
        return text


def _convert(document: Table, name: str) -> ExperimentConfig:
    try:
        return msgspec.convert(document, ExperimentConfig)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {_explain(document, ExperimentConfig, ()) or error}") from None


def _explain(value: object, kind: object, path: tuple[str, ...]) -> str:
    """What is wrong with a value of a type: the key in the user's words, the value, the choices; empty if nothing."""
    kinds = (kind, *get_args(kind))
    section = next(filter(_is_section, kinds), None)
    if get_origin(kind) is dict and isinstance(value, dict):
        return _first(_explain(own, get_args(kind)[1], (*path, name)) for name, own in value.items())
    if section and isinstance(value, dict):
        hints = get_type_hints(section, include_extras=True)
        return _first(
            _explain(own, hints[key], (*path, key)) if key in hints else _unknown(key, hints, path)
            for key, own in value.items()
        )
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        problem = str(error).partition(" - at ")[0].replace("`", "").replace("object", "table").replace("array", "list")
        choices = [choice for part in kinds if get_origin(part) is Literal for choice in get_args(part)]
        end = f" Choices: {', '.join(choices)}." if choices else ""
        return f"{'.'.join(path)} = {value!r}: {problem[0].lower()}{problem[1:]}.{end}"
    return ""


def _first(problems: Iterable[str]) -> str:
    return next(filter(None, problems), "")


def _unknown(key: str, keys: Iterable[str], path: tuple[str, ...]) -> str:
    where = f"[{'.'.join(path)}]" if path else "the top level"
    section = "improve" if path[:1] == ("improve",) else "training"  # a variant has the keys of a recipe
    if path and (new := RENAMED.get(f"{section}.{key}")):
        return f"{where} has an old key {key!r}: use {new}."
    return f"{where} has an {unknown_name('key', key, sorted(keys))}"


def _is_section(kind: object) -> TypeGuard[type[Section]]:
    return isinstance(kind, type) and issubclass(kind, Section)
