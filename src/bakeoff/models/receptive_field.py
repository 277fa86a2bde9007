"""How much of the image one unit of a network depends on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

WINDOWS = {"convolution", "max_pool2d_with_indices", "avg_pool2d"}
ADAPTIVE = {"_adaptive_avg_pool2d", "adaptive_max_pool2d"}
REDUCTIONS = {"mean", "sum", "amax", "amin", "max", "min", "logsumexp"}
PRODUCTS = {"bmm", "baddbmm"}
"""Names of the operations that widen a field; products do where both factors come from the image, as in attention."""


class Axis(NamedTuple):
    """How the units of a map lie on the image, along its height or width.

    Attributes:
        size: Pixels that one unit depends on.
        jump: Pixels from one unit to the next.
    """

    size: int = 1
    jump: int = 1

    def after(self, kernel: int, stride: int, dilation: int = 1) -> "Axis":
        """The axis after a sliding window; kernel, stride and dilation in units of the map."""
        return Axis(self.size + (kernel - 1) * dilation * self.jump, self.jump * stride)

    def widened(self, size: int) -> "Axis":
        """The axis where one unit depends on at least so many pixels."""
        return Axis(max(self.size, size), self.jump)


Arguments = Mapping[str, Any]
"""Of an operation of torch, by name: Any, because each operation has its own types."""

Field = tuple[Axis, Axis]
"""Height and width: apart, so that a kernel of 1x7 after one of 7x1 gives 7."""


class ReceptiveFields(TorchDispatchMode):
    """While active, follows the receptive field of every tensor that is computed from an image.

    Where paths meet, the largest field counts. Convolutions, pooling, reductions over a map, and attention widen a
    field; upsampling, transposed convolutions, normalisation over a map, and rearrangements of its pixels do not.
    Source: Araujo, Norris and Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill 2019.

    Args:
        image: The network's input, (1, 3, S, S).

    Attributes:
        largest: Side of the largest field so far of a map, or of what a map was reduced to, in pixels; 0 before any.
    """

    def __init__(self, image: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.largest = 0
        self._image_size = image.shape[-1]
        self._fields = WeakTensorKeyDictionary()
        self._fields[image] = (Axis(), Axis())

    def side(self, tensor: Tensor) -> int | None:
        """Side of a tensor's field in pixels, not clipped to the image; None where it has no height and width."""
        field: Field | None = self._fields.get(tensor)
        return max(axis.size for axis in field) if field and tensor.ndim == 4 else None

    def __torch_dispatch__(
        self, func: OpOverload, types: object, args: tuple[object, ...] = (), kwargs: dict[str, object] | None = None
    ) -> object:
        """Runs an operation, and gives its results the field that follows from those of its inputs."""
        outputs = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        inputs = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor) and leaf in self._fields]
        if inputs:
            field = self._after(name, _arguments(func, args, kwargs or {}), inputs)
            for output in tree_leaves(outputs):
                if isinstance(output, Tensor):
                    self._fields[output] = field
                    if output.ndim == 4 or name in REDUCTIONS:
                        self.largest = max(self.largest, *(axis.size for axis in field))
        return outputs

    def _after(self, name: str, given: Arguments, inputs: list[Tensor]) -> Field:
        shape, whole = inputs[0].shape, self._image_size
        height, width = (_widest(axes) for axes in zip(*(self._fields[tensor] for tensor in inputs), strict=True))
        if name in WINDOWS and len(shape) == 4 and not given.get("transposed"):
            kernel = given["weight"].shape[2:] if "weight" in given else given["kernel_size"]
            stride, dilation = given["stride"] or kernel, given.get("dilation", (1, 1))
            return height.after(kernel[0], stride[0], dilation[0]), width.after(kernel[1], stride[1], dilation[1])
        if name in ADAPTIVE:
            rows, columns = given["output_size"]
            return _divided(height, shape[-2], rows, whole), _divided(width, shape[-1], columns, whole)
        if name in REDUCTIONS and len(inputs) == 1:
            over_height, over_width = _reduced(given.get("dim"), len(shape))
            return height.widened(whole * over_height), width.widened(whole * over_width)
        if name in PRODUCTS and len(inputs) > 1:
            return height.widened(whole), width.widened(whole)
        return height, width


def _arguments(func: OpOverload, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Arguments:
    """The arguments of an operation by name, with the defaults of those that were not given."""
    arguments = {argument.name: argument.default_value for argument in func._schema.arguments}
    return arguments | dict(zip(arguments, args, strict=False)) | dict(kwargs)


def _widest(axes: Iterable[Axis]) -> Axis:
    """One axis for several paths that meet."""
    sizes, jumps = zip(*axes, strict=True)
    return Axis(max(sizes), max(jumps))


def _divided(axis: Axis, units: int, parts: int, whole: int) -> Axis:
    """The axis after adaptive pooling of a map's units to so many parts."""
    if parts == 1:
        return axis.widened(whole)
    edges = [(part * units // parts, -(-(part + 1) * units // parts)) for part in range(parts)]
    return axis.after(kernel=max(end - start for start, end in edges), stride=-(-units // parts))


def _reduced(dim: int | Sequence[int] | None, dimensions: int) -> tuple[bool, bool]:
    """Whether a reduction goes over the height, and over the width; over both for a map flattened to (N, C, HW)."""
    if dimensions != 4 or dim is None or dim == []:
        return dimensions > 2, dimensions > 2
    axes = {axis % 4 for axis in ([dim] if isinstance(dim, int) else dim)}
    return 2 in axes, 3 in axes
