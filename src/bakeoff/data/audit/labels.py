"""The classes of a tree compared with what an instances file says of its photos."""

from pathlib import PurePosixPath

from bakeoff.data.audit.result import LabelCheck, WrongLabel
from bakeoff.data.duplicates.names import number
from bakeoff.data.image_folder.tree import Tree
from bakeoff.data.index import Index


def check_labels(tree: Tree, index: Index) -> LabelCheck:
    """Whether each photo's class is annotated in it, crowd annotations too.

    A photo is found in the index by the name of its file, else by the id in that name.

    Args:
        tree: The photos under their classes.
        index: The instances file.
    """
    names = dict(index.categories.select("category_id", "name").iter_rows())
    annotated: dict[int, set[str]] = {}
    for image, category in index.annotations.select("image_id", "category_id").iter_rows():
        annotated.setdefault(image, set()).add(names[category])
    unknown = {*tree.classes} - {*names.values()}
    images = _Images(index)
    unmatched, wrong, ambiguous = [], [], 0
    for photo in tree.photos:
        image = images.find(photo.file)
        if image is None:
            unmatched.append(photo.file)
            continue
        held = annotated.get(image, set())
        ambiguous += len(held & {*tree.classes}) > 1
        if photo.label not in held | unknown:
            wrong.append(WrongLabel(photo.file, photo.label, tuple(sorted(held))))
    return LabelCheck(
        annotations=index.info.source,
        matched=len(tree.photos) - len(unmatched),
        unmatched=tuple(unmatched),
        unknown_classes=tuple(sorted(unknown)),
        wrong=tuple(wrong),
        ambiguous=ambiguous,
    )


class _Images:
    """The images of an index by the names of their files and by their ids."""

    def __init__(self, index: Index) -> None:
        rows: list[tuple[str, int]] = index.images.select("file_name", "image_id").rows()
        self._by_path = dict(rows)
        self._by_name = {PurePosixPath(file).name: image for file, image in rows}
        self._ids = {image for _, image in rows}

    def find(self, file: str) -> int | None:
        by_name = self._by_path.get(file, self._by_name.get(PurePosixPath(file).name))
        if by_name is not None:
            return by_name
        named = number(file)
        return named if named in self._ids else None
