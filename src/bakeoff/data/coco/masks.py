"""The box around a mask, where an annotation has no box of its own."""

from collections.abc import Iterator, Mapping, Sequence

Box = tuple[float, float, float, float]
"""x, y, width, height in pixels."""


def box_of(segmentation: object) -> Box | None:
    """The smallest box around polygons, or around the pixels of a run-length encoding (RLE); None where there are none.

    Args:
        segmentation: As JSON gives it: polygons as lists of coordinates or of points; or an object with `size` (height,
            width) and `counts`, numbers or COCO's compressed text. The format is that of pycocotools' `maskApi.c`.
    """
    try:
        if isinstance(segmentation, Mapping):
            return _box_of_runs(segmentation)
        numbers = list(_flat(segmentation))
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError):
        return None
    across, down = numbers[::2], numbers[1::2]
    if len(across) != len(down) or not numbers:
        return None
    return min(across), min(down), max(across) - min(across), max(down) - min(down)


def _flat(values: object) -> Iterator[float]:
    if isinstance(values, Sequence) and not isinstance(values, str):
        for value in values:
            yield from _flat(value)
    elif isinstance(values, int | float):
        yield float(values)
    else:
        raise TypeError(values)


def _box_of_runs(mask: Mapping[str, object]) -> Box | None:
    """Runs go down the columns, outside and inside of the mask in turn, from outside."""
    (height, width), counts = map(int, mask["size"]), mask["counts"]  # type: ignore[call-overload]  # else a TypeError
    runs = list(_unpack(counts)) if isinstance(counts, str) else list(map(int, counts))  # type: ignore[call-overload]
    left, top, right, bottom, position = width, height, 0, 0, 0
    for begin, count in zip(runs[::2], [*runs[1::2], 0], strict=False):
        first, last = position + begin, position + begin + count - 1
        position = last + 1
        if count <= 0:
            continue
        left, right = min(left, first // height), max(right, last // height + 1)
        whole = first // height != last // height
        top, bottom = min(top, 0 if whole else first % height), max(bottom, height if whole else last % height + 1)
    if position > height * width or right <= left:
        return None
    return float(left), float(top), float(right - left), float(bottom - top)


def _unpack(text: str) -> Iterator[int]:
    """The counts in a compressed text: groups of five bits, each count from the third on less the one two before it."""
    before = [0, 0, 0]
    position = 0
    while position < len(text):
        value = shift = 0
        more = True
        while more:
            bits = ord(text[position]) - 48
            value |= (bits & 0x1F) << shift
            more, position, shift = bool(bits & 0x20), position + 1, shift + 5
            if not more and bits & 0x10:
                value -= 1 << shift
        value += before[-2] if len(before) > 5 else 0
        before.append(value)
        yield value
