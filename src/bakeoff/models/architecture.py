"""What can be said of a network without training it."""

import msgspec


class Layer(msgspec.Struct, frozen=True):
    """One call of one layer during a forward pass.

    Attributes:
        name: The layer's path in the module, such as "features.0".
        kind: The layer's class, such as "Conv2d".
        settings: What defines it, such as "3→16, kernel 3, padding 1".
        output: Shape of its output without the batch: (C, H, W) or (features,).
        parameters: Learnable parameters; 0 where an earlier row counted them (shared weights).
        shared: Whether an earlier row counted its parameters.
        macs: Multiply-accumulate operations for one image.
        receptive_field: Side of the input square that one output unit depends on, in pixels, not clipped to the image;
            None for outputs without height and width.
    """

    name: str
    kind: str
    settings: str
    output: tuple[int, ...]
    parameters: int
    shared: bool
    macs: int
    receptive_field: int | None


class Traits(msgspec.Struct, frozen=True):
    """What a network declares of itself; a class, or what it makes, has them as its attribute `traits`.

    Attributes:
        baseline: Whether other networks are measured against it.
        ignores_input: Whether its logits do not depend on the image.
        remedies_for: Registered networks whose vanishing signal it mends.
        remedy: What it does about it, such as "batch normalisation"; empty for networks that are no remedy.
    """

    baseline: bool = False
    ignores_input: bool = False
    remedies_for: tuple[str, ...] = ()
    remedy: str = ""


class Architecture(msgspec.Struct, frozen=True):
    """A network's sizes and layers.

    Attributes:
        parameters: Learnable parameters.
        macs: Multiply-accumulate operations for one image (convolutions and linear layers).
        receptive_field: The largest receptive field of a unit with height and width, in pixels, not clipped to the
            image; 0 where no layer has one.
        layers: One row per call of a layer, in the order of the calls.
        traits: What the network declares of itself.
    """

    parameters: int
    macs: int
    receptive_field: int
    layers: tuple[Layer, ...]
    traits: Traits = Traits()
