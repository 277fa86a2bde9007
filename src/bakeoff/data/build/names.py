"""Class names as names of folders; class names come from outside and may be anything."""

import unicodedata
from collections.abc import Iterable

FORBIDDEN = frozenset('<>:"/\\|?*')
RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{device}{digit}" for device in ("com", "lpt") for digit in "123456789")}
)
"""What Windows keeps for devices, with any extension."""

LONGEST = 60
"""Characters; in UTF-8 they fit the 255 bytes that file systems allow, with room for a number."""


def folder_names(classes: Iterable[str]) -> dict[str, str]:
    """A folder name for each class: the class name itself wherever every file system can take it.

    Args:
        classes: Class names, each once.

    Returns:
        By class a name that stays inside its parent folder, and differs from the others by more than case.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name in classes:
        stem, number = _safe(name), 1
        folder = stem
        while folder.casefold() in taken:
            number += 1
            folder = f"{stem}-{number}"
        taken.add(folder.casefold())
        names[name] = folder
    return names


def _safe(name: str) -> str:
    kept = "".join("_" if _unsafe(char) else char for char in unicodedata.normalize("NFC", name))
    stem = kept[:LONGEST].strip(". ") or "_"
    return f"_{stem}" if stem.split(".")[0].casefold() in RESERVED else stem


def _unsafe(char: str) -> bool:
    """Whether a file system may refuse it: separators, control characters, blanks other than the space."""
    return char in FORBIDDEN or (char != " " and unicodedata.category(char)[0] in "CZ")
