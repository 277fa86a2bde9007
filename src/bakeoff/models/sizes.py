"""How the sizes of a network's layers follow from one another: formula and numbers, layer by layer."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bakeoff.models.architecture import Architecture, Layer

WINDOW = r"^(?:(\d+)→(\d+), )?kernel (\d+)(?:x(\d+))?"
SETTING = r"{name} (\d+)(?:x(\d+))?"

Shape = tuple[int, ...]


class WorkedSize(NamedTuple):
    """One layer that changes the size of what it is given, or has weights.

    Attributes:
        name: The layer's path in the module.
        kind: The layer's class.
        before: Shape of its input without the batch: (C, H, W) or (features,).
        after: Shape of its output.
        side: How the output's height follows from the input's, or the features from the map, with the numbers.
        parameters: How the number of parameters follows, with the numbers; empty for a layer without any.
    """

    name: str
    kind: str
    before: Shape
    after: Shape
    side: str
    parameters: str


def work_out(architecture: Architecture, image_size: int) -> list[WorkedSize]:
    """The sizes of convolutions, pooling, flattening and linear layers of a network, in the order of the calls.

    What a layer is given is the nearest earlier output from which the formula gives the layer's own output; a layer
    for which there is none, because the network computes it outside of its layers, is left out.

    Args:
        architecture: The network's layers.
        image_size: S, of its input (3, S, S), in pixels.
    """
    return list(_rows(architecture.layers, (3, image_size, image_size)))


def sides(rows: Sequence[WorkedSize]) -> str:
    """The heights of the maps one after the other, such as "64 → 62 → 31"; empty without a map."""
    maps = [row for row in rows if len(row.after) == 3]
    changed = [row.after[1] for row in maps if row.after[1] != row.before[1]]
    return " → ".join(map(str, [maps[0].before[1], *changed])) if maps else ""


def _rows(layers: Sequence[Layer], image: Shape) -> Iterator[WorkedSize]:
    outputs = [image]
    for layer in layers:
        found = (row for before in reversed(outputs) if (row := _worked(layer, before)))
        if row := next(found, None):
            yield row
        if layer.output != outputs[-1]:
            outputs.append(layer.output)


def _worked(layer: Layer, before: Shape) -> WorkedSize | None:
    """The layer's row, if its output follows from such an input."""
    if layer.kind == "Linear":
        return _linear(layer, before)
    if layer.kind == "Flatten":
        return _flatten(layer, before)
    return _window(layer, before) if len(before) == len(layer.output) == 3 else None


def _linear(layer: Layer, before: Shape) -> WorkedSize | None:
    inputs, outputs = map(int, layer.settings.split("→"))
    if before[-1] != inputs and math.prod(before) != inputs:
        return None
    return _row(layer, (inputs,), f"{outputs:,} units", _weights(layer, (inputs, outputs), outputs))


def _flatten(layer: Layer, before: Shape) -> WorkedSize | None:
    if len(before) == 1 or (math.prod(before),) != layer.output:
        return None
    return _row(layer, before, f"{' · '.join(map(str, before))} = {math.prod(before):,}", "")


def _window(layer: Layer, before: Shape) -> WorkedSize | None:
    """A convolution or pooling; of one that is not square, the height."""
    found = re.match(WINDOW, layer.settings)
    if not found or int(found[1] or before[0]) != before[0]:
        return None
    rows = int(found[3])
    idle = 1 if found[1] else rows  # the stride that is not written
    stride, padding, dilation = (_setting(layer, *own) for own in (("stride", idle), ("padding", 0), ("dilation", 1)))
    after = (before[1] + 2 * padding - dilation * (rows - 1) - 1) // stride + 1
    if after != layer.output[1]:
        return None
    spread = str(rows) if dilation == 1 else f"({dilation} · ({rows} − 1) + 1)"
    weights = ""
    if found[1]:
        inner = (int(found[1]) // _setting(layer, "groups", 1), rows, int(found[4] or rows))
        weights = _weights(layer, (*inner, int(found[2])), int(found[2]))
    return _row(layer, before, f"⌊({before[1]} + 2 · {padding} − {spread}) / {stride}⌋ + 1 = {after}", weights)


def _setting(layer: Layer, name: str, idle: int) -> int:
    found = re.search(SETTING.format(name=name), layer.settings)
    return int(found[1]) if found else idle


def _weights(layer: Layer, factors: Sequence[int], biases: int) -> str:
    """The product, with the biases where the layer has them."""
    if layer.shared:
        return "an earlier row's"
    product = " · ".join(map(str, factors))
    plus = f" + {biases}" if layer.parameters == math.prod(factors) + biases else ""
    total = math.prod(factors) + (biases if plus else 0)
    return f"{product}{plus} = {total:,}" if layer.parameters == total else f"{layer.parameters:,}"


def _row(layer: Layer, before: Shape, side: str, parameters: str) -> WorkedSize:
    return WorkedSize(layer.name, layer.kind, before, layer.output, side, parameters)
