"""An experiment file that explains itself: every key with what it does, the defaults as comments."""

import inspect
import json
import re
import shlex
import textwrap
from collections.abc import Iterator, Mapping

from msgspec import UNSET, Struct
from msgspec.structs import asdict, fields

from bakeoff.config.experiment import ExperimentConfig
from bakeoff.core.untrusted import printable

HEAD = """\
# An experiment: `bakeoff run {file}`. Keys with a # before them have their defaults; take it away to change one.
# Relative paths are taken from this file's folder.
"""
WIDTH = 118


def to_toml(config: ExperimentConfig, file: str) -> str:
    """The configuration as TOML, which `load_experiment` reads back as the same.

    Args:
        config: Its values are keys; of all others the defaults stand as comments.
        file: The file's name.
    """
    lines = [HEAD.format(file=shlex.quote(printable(file)))]
    sections = {key: value for key, value in _own(config).items() if isinstance(value, Struct)}
    lines += _keys(config, without={*sections, "variants"})
    for name, section in sections.items():
        lines += ["", f"[{name}]", *_keys(section, without=set())]
    for name, variant in config.variants.items():
        lines += ["", f"[variants.{_text(name)}]"]
        lines += [f"{key} = {_value(own)}" for key, own in _own(variant).items()]
    return "\n".join(lines) + "\n"


def _own(section: Struct) -> dict[str, object]:
    """The keys of a section that are given; tables stay what they are."""
    return {key: value for key, value in asdict(section).items() if value is not UNSET}


def _keys(section: Struct, without: set[str]) -> Iterator[str]:
    said, plain = _descriptions(type(section)), type(section)()
    for key in (own.name for own in fields(section) if own.name not in without):
        yield from textwrap.wrap(said[key], WIDTH, initial_indent="# ", subsequent_indent="# ")
        value = getattr(section, key)
        yield f"{'' if value != getattr(plain, key) else '# '}{key} = {_value(value)}"


def _descriptions(kind: type) -> Mapping[str, str]:
    """What the docstrings of a section, and of those that it extends, say of each key."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        _, _, listed = inspect.cleandoc(one.__doc__ or "").partition("Attributes:\n")
        for key, text in re.findall(r"^    (\w+): (.*?)(?=^    \w+: |\Z)", listed, re.M | re.S):
            found[key] = " ".join([found.get(key, ""), *text.split()]).strip()
    return found


def _value(value: object) -> str:
    """A value as TOML writes it, on one line."""
    if isinstance(value, Struct):
        value = _own(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_text(str(key))} = {_value(own)}' for key, own in value.items())}}}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_value, value))}]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    """A string of TOML; it escapes as JSON does, and one character more."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
