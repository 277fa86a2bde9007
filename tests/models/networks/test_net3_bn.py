"""What sets net3-bn apart from net3."""

from torch import nn

from bakeoff.models.factory import create


def test_batch_norm_follows_each_convolution() -> None:
    names = [name for name, module in create("net3-bn", 5, 64).named_modules() if isinstance(module, nn.Conv2d)]
    norms = [name for name, module in create("net3-bn", 5, 64).named_modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(names) == 12
    assert norms == [name.removesuffix("conv") + "norm" for name in names]
