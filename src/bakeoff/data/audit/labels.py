"""The classes of a tree compared with what an instances file says of its photos."""

from bakeoff.data.audit.result import LabelCheck, WrongLabel
from bakeoff.data.image_folder.matching import match
from bakeoff.data.image_folder.tree import Tree
from bakeoff.data.index import Index


def check_labels(tree: Tree, index: Index) -> LabelCheck:
    """Whether each photo's class is annotated in it, crowd annotations too.

    How a photo is found in the index: see `match`.

    Args:
        tree: The photos under their classes.
        index: The instances file.
    """
    names = dict(index.categories.select("category_id", "name").iter_rows())
    annotated: dict[int, set[str]] = {}
    for image, category in index.annotations.select("image_id", "category_id").iter_rows():
        annotated.setdefault(image, set()).add(names[category])
    unknown = {*tree.classes} - {*names.values()}
    unmatched, wrong, ambiguous = [], [], 0
    found = match([photo.file for photo in tree.photos], index)
    for photo, image in zip(tree.photos, found, strict=True):
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
