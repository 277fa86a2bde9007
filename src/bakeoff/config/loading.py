"""Experiment files: the ones that ship, a user's own, and values given on the command line."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from bakeoff.config.schema import ExperimentConfig, Section, is_remote
from bakeoff.core.errors import ConfigError, unknown_name

SUFFIX = ".toml"
SECTIONS = "data, training, variants, improve"
PRESETS = files("bakeoff.config") / "presets"


def recipe_names() -> list[str]:
    """The names of the experiment files that ship, sorted."""
    return sorted(entry.name.removesuffix(SUFFIX) for entry in PRESETS.iterdir() if entry.name.endswith(SUFFIX))


def load_experiment(name: str, overrides: Iterable[str] = ()) -> ExperimentConfig:
    """Reads an experiment file.

    Args:
        name: The name of one that ships, or the path of a TOML file; relative paths in a file are
            taken from its folder.
        overrides: Values that replace the file's, each as `section.key=value`; lists are separated by commas, paths
            are relative to the current folder.

    Returns:
        The experiment, every value within its bounds.

    Raises:
        ConfigError: The file is missing or not TOML, or a key or value is not valid.
    """
    if name in recipe_names():
        text = (PRESETS / f"{name}{SUFFIX}").read_text(encoding="utf-8")
        document = _parse(text, name)
    else:
        document = _read_file(name)
    _convert(document, name, strict=True)
    for override in overrides:
        _apply(override, document)
    return _convert(document, f"{name} with the values given by --set" if overrides else name, strict=False)


def _read_file(name: str) -> dict[str, Any]:
    path = Path(name)
    if path.suffix != SUFFIX and not path.exists():
        raise ConfigError(f"{unknown_name('recipe', name, recipe_names())} Or give the path of a {SUFFIX} file.")
    try:
        document = _parse(path.read_text(encoding="utf-8"), name)
    except FileNotFoundError:
        raise ConfigError(
            f"experiment file {path} does not exist. Recipes that ship: {', '.join(recipe_names())}."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"experiment file {path} can't be read: {error}.") from None
    _anchor_paths(document, path.parent)
    return document


def _parse(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not valid TOML: {error}.") from None


def _anchor_paths(document: dict[str, Any], folder: Path) -> None:
    """Makes the file's relative paths relative to the current folder; wrong types are left for validation to name."""
    data, training = document.get("data"), document.get("training")
    if isinstance(data, dict):
        for key in ("folder", "annotations", "images", "cache"):
            if isinstance(data.get(key), str) and data[key] and not (key == "images" and is_remote(data[key])):
                data[key] = str(folder / data[key])
    if isinstance(training, dict) and isinstance(training.get("networks"), list):
        training["networks"] = [_anchored(network, folder) for network in training["networks"]]
    variants = document.get("variants")
    for variant in variants.values() if isinstance(variants, dict) else ():
        if isinstance(variant, dict) and "network" in variant:
            variant["network"] = _anchored(variant["network"], folder)


def _anchored(network: object, folder: Path) -> object:
    return str(folder / network) if isinstance(network, str) and ".py:" in network else network


def _apply(override: str, document: dict[str, Any]) -> None:
    """Puts `section.key=value` into the document."""
    key, equals, value = override.partition("=")
    if not equals:
        raise ConfigError(f"--set {override!r}: write it as section.key=value, such as training.epochs=5.")
    *parents, last = key.strip().split(".")
    owner: Any = ExperimentConfig
    place = document
    for parent in parents:
        owner = _hint(owner, parent, override)
        place = place.setdefault(parent, {})
        if not (_is_section(owner) or get_origin(owner) is dict):
            raise ConfigError(
                f"--set {override!r}: {parent!r} is not a section. Sections: data, training, variants, improve."
            )
    hint = _hint(owner, last, override)
    if _is_section(hint):
        raise ConfigError(f"--set {override!r}: {last!r} is a section; give one of its keys: {', '.join(_keys(hint))}.")
    place[last] = _split(value.strip()) if _is_list(hint, value) else value.strip()


def _hint(owner: Any, key: str, override: str) -> Any:
    if _is_section(owner) and key not in _keys(owner):
        raise ConfigError(f"--set {override!r}: {unknown_name('key', key, _keys(owner))}")
    return _step(owner, key)


def _step(owner: Any, key: str) -> Any:
    """The type of a section's key or of a table's values; none of what has no keys."""
    if get_origin(owner) is dict:
        return get_args(owner)[1]
    return get_type_hints(owner).get(key) if _is_section(owner) else None


def _is_section(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Section)


def _keys(section: type[msgspec.Struct]) -> list[str]:
    return sorted(section.__struct_fields__)


def _is_list(hint: Any, value: str) -> bool:
    """Whether a value is a list: the key takes nothing else, or takes one and the value has a comma or bracket."""
    if get_origin(hint) is tuple:
        return True
    return any(get_origin(choice) is tuple for choice in get_args(hint)) and bool(re.search(r"[,\[]", value))


def _split(value: str) -> list[str]:
    items = value.removeprefix("[").removesuffix("]").split(",")
    return [item.strip().strip("\"'") for item in items if item.strip()]


def _convert(document: Mapping[str, Any], name: str, *, strict: bool) -> ExperimentConfig:
    try:
        return msgspec.convert(document, ExperimentConfig, strict=strict)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {_explain(str(error), document, strict=strict)}") from None


def _path_keys(path: str, document: Mapping[str, Any], *, strict: bool) -> list[str]:
    """The keys that lead to what is wrong; the validation writes "[...]" for a name in a table of the user's own."""
    before, own, after = path.partition("[...]")
    keys = re.findall(r"\w+", before)
    if own:
        table: Any = document
        hint: Any = ExperimentConfig
        for key in keys:
            table, hint = table[key], _step(hint, key)
        keys += [name for name, value in table.items() if not _fits(value, _step(hint, name), strict)][:1]
    return [*keys, *re.findall(r"\w+", after)]


def _fits(value: Any, kind: Any, strict: bool) -> bool:
    try:
        msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError:
        return False
    return True


def _explain(message: str, document: Mapping[str, Any], *, strict: bool) -> str:
    """The validation's message with the key in the user's words, the value, and the choices."""
    problem, _, path = message.partition(" - at `$")
    keys = _path_keys(path, document, strict=strict)
    if unknown := re.search(r"unknown field `(.*)`", problem):
        section: Any = ExperimentConfig
        for key in keys:
            section = _step(section, key)
        where = f"[{'.'.join(keys)}]" if keys else "the top level"
        return f"{where} has an {unknown_name('key', unknown[1], _keys(section))}"
    value: Any = document
    hint: Any = ExperimentConfig
    for key in keys:
        value = value[int(key)] if isinstance(value, list | tuple) else value[key]
        hint = _step(hint, key)
    plain = problem.replace("`", "").replace("object", "table").replace("array", "list")
    choices = f" Choices: {', '.join(get_args(hint))}." if get_origin(hint) is Literal else ""
    return f"{'.'.join(keys)} = {value!r}: {plain[0].lower()}{plain[1:]}.{choices}"
