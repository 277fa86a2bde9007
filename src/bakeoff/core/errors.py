"""The tree of errors that a user can cause; each ends a command with one message and exit code 2.

BakeoffError
├── ConfigError         an experiment file, an override, or a name that is not known
├── AnnotationsError    the instances file can't be used
├── SelectionError      the classes or quotas can't be had
│   └── ShortageError   a class holds too few images
├── SourceError         the photos can't be reached
├── ImageError          one photo can't be used; while a data set is built it becomes a row of the ledger
├── NetworkError        a network can't be built or does not fit the data set
└── StorageError        a folder or record can't be read or written
"""

import difflib
from collections.abc import Iterable, Sequence

MOST_NAMES, FIRST_NAMES = 50, 20


class BakeoffError(Exception):
    """Something that the user can put right; the message says what, where, and what to do next."""


class ConfigError(BakeoffError):
    """An experiment file, an override, or a name is wrong."""


class AnnotationsError(BakeoffError):
    """The instances file can't be read, or is not a COCO instances file."""


class SelectionError(BakeoffError):
    """The classes or quotas asked for can't be had from these annotations."""


class ShortageError(SelectionError):
    """A class holds too few images for its quota."""


class SourceError(BakeoffError):
    """The photos can't be reached."""


class ImageError(BakeoffError):
    """One photo can't be used."""


class NetworkError(BakeoffError):
    """A network can't be built, or does not fit the data set."""


class StorageError(BakeoffError):
    """A folder or a stored record can't be read or written."""


def in_one_line(error: BaseException) -> str:
    """The kind of an error and the first line of its message, where it has one."""
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def unknown_name(kind: str, name: str, choices: Iterable[str]) -> str:
    """The message for a name that is not among the choices, nearest names first.

    Args:
        kind: What the name is of, such as "class" or "network".
        name: The name that was given.
        choices: The names that exist.

    Returns:
        One sentence with the nearest names, where there are any, and the choices; of very many the first.
    """
    known: Sequence[str] = list(dict.fromkeys(choices))
    folded = {choice.casefold(): choice for choice in known}
    near = [folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)]
    hint = f" Did you mean {' or '.join(repr(match) for match in near)}?" if near else ""
    return f"unknown {kind} {name!r}.{hint} Choices: {listed(known) or 'none'}."


def listed(names: Sequence[str]) -> str:
    """Names between commas; of more than 50 the first 20, and how many more there are."""
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:FIRST_NAMES])} and {len(names) - FIRST_NAMES:,} more"
