"""What the tables of an experiment file are made of: values in their ranges, names, and tables of some keys."""

import re
import sys
from collections.abc import Collection
from types import GenericAlias
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct
from msgspec.structs import asdict, fields

LARGEST, FINITE = 2**63 - 1, sys.float_info.max
"""What a tensor and a table can hold."""
Count = Annotated[int, Meta(ge=0, le=LARGEST)]
Positive = Annotated[int, Meta(ge=1, le=LARGEST)]
Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
NotNegative = Annotated[float, Meta(ge=0.0, le=FINITE)]
Rate = Annotated[float, Meta(gt=0.0, le=FINITE)]
Resolution = Annotated[float, Meta(ge=0.25, le=1.0)]
Scale = Annotated[float, Meta(ge=0.25, le=2.0)]
Beta = Annotated[float, Meta(ge=0.0, lt=1.0)]
Side = Annotated[int, Meta(ge=8, le=1024)]
Name = Annotated[str, Meta(min_length=1)]
NAME_LENGTH = 80
VariantName = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH, pattern=r"^[\w.+-]+\Z")]


class ConfigTable(Struct, frozen=True, forbid_unknown_fields=True):
    """A section of an experiment file: frozen, and no key is accepted that it does not have."""


def partial(name: str, section: type[ConfigTable], *more: tuple[str, object, object]) -> type[Struct]:
    """A section with the keys of another, none of which has to be given, and some more with their defaults."""
    keys = [(key.name, key.type | UnsetType, UNSET) for key in fields(section)]
    return defstruct(name, [*keys, *more], bases=(ConfigTable,), frozen=True)


def lists(name: str, section: type[ConfigTable], without: Collection[str]) -> type[Struct]:
    """A section with a list of values, which is not empty, for each key of another but some; none has to be given."""
    keys = [key for key in fields(section) if key.name not in without]
    kinds = [Annotated[GenericAlias(tuple, (key.type, ...)), Meta(min_length=1)] | UnsetType for key in keys]
    listed = [(key.name, kind, UNSET) for key, kind in zip(keys, kinds, strict=True)]
    return defstruct(name, listed, bases=(ConfigTable,), frozen=True)


def given_keys(section: ConfigTable) -> dict[str, object]:
    """The keys of a partial section that were given."""
    return {key: value for key, value in asdict(section).items() if value is not UNSET}


URL = "url"
"""The value of `data.images` for photos that are downloaded from the URLs in the instances file."""


def is_remote(images: str) -> bool:
    """Whether `data.images` names photos to download, and no path."""
    return images == URL or bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", images))


def network_label(network: str) -> str:
    """What a variant is called that is named by its network alone.

    Args:
        network: A network as an experiment names it.

    Returns:
        "Class" for `path/to/file.py:Class` and `package.module:Class`, "timm-x" for `timm:x`, a registered name as it
        is; without characters that a file system may refuse. Networks of different files can share a label.
    """
    short = network if network.startswith(("timm:", "torchvision:")) else network.rpartition(":")[2]
    return re.sub(r"[^\w.-]+", "-", short)
