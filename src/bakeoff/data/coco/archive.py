"""An instances file in a zip archive, read without unpacking the archive."""

from contextlib import ExitStack
from pathlib import Path
from typing import IO
from zipfile import ZipFile

from bakeoff.core.errors import AnnotationsError, unknown_name
from bakeoff.core.untrusted import ZIP, is_encrypted


def split(path: Path) -> tuple[Path, str]:
    """A path that leads into a zip archive as the archive's path and the member's name; of any other path no name."""
    for parent in path.parents:
        try:
            if parent.is_file():
                with parent.open("rb") as file:
                    inside = file.read(len(ZIP)) == ZIP
                return (parent, path.relative_to(parent).as_posix()) if inside else (path, "")
        except (OSError, ValueError):  # what is wrong with the path is reported where it is opened
            break
    return path, ""


def open_member(path: Path, file: IO[bytes], name: str, opened: ExitStack) -> IO[bytes]:
    """Opens an instances file in an archive.

    Args:
        path: The archive's path.
        file: The archive.
        name: The member's name; empty means the archive's only instances file.
        opened: Closes what is opened here.

    Raises:
        AnnotationsError: There is no such member, or it is encrypted, or none is named and the choice is not clear.
        BadZipFile: The archive is damaged.
        NotImplementedError: It is packed in a way that Python can't unpack.
    """
    archive = opened.enter_context(ZipFile(file))
    names = sorted({entry.filename for entry in archive.infolist() if entry.filename.endswith(".json")})
    name = name or _only_instances_file(path, names)
    try:
        member = archive.getinfo(name)
    except KeyError:
        raise AnnotationsError(f"{path}: {unknown_name('member', name, names)}") from None
    if is_encrypted(member):
        raise AnnotationsError(f"{path}/{name} is encrypted; unpack it with its password, and give the unpacked file.")
    return opened.enter_context(archive.open(member))


def _only_instances_file(path: Path, names: list[str]) -> str:
    instances = [name for name in names if name.rpartition("/")[2].startswith("instances")]
    for found in (instances, names):
        if len(found) == 1:
            return found[0]
    choices = instances or names
    if not choices:
        raise AnnotationsError(f"{path} holds no JSON file; give the COCO instances file, or an archive that holds it.")
    raise AnnotationsError(
        f"{path} holds several files that may be meant: {', '.join(choices)}. Give one of them as {path / choices[0]}."
    )
