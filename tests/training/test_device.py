"""Where a network is put, and how its weights lie there."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from bakeoff.config.schema import Recipe
from bakeoff.core.errors import ConfigError
from bakeoff.models.factory import create
from bakeoff.training import device
from bakeoff.training.device import choose_device, peak_memory, to_device, with_precision

CPU = torch.device("cpu")


def test_weights_lie_channels_last_on_the_cpu_where_a_network_takes_that() -> None:
    network = to_device(create("net2", 3, 16), CPU)
    weights = [parameter for parameter in network.parameters() if parameter.dim() == 4 and parameter.shape[1] > 1]
    assert weights
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)


def test_a_network_that_says_nothing_keeps_its_layout() -> None:
    network = to_device(nn.Conv2d(3, 8, 3), CPU)
    assert all(parameter.is_contiguous() for parameter in network.parameters())


def test_both_layouts_compute_the_same() -> None:
    torch.manual_seed(0)
    network, images = create("net3", 3, 32), torch.rand(4, 3, 32, 32)
    expected = network(images)
    torch.testing.assert_close(to_device(network, CPU)(images), expected)


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(ConfigError, match="toaster"):
        choose_device("toaster")


@pytest.mark.parametrize(
    ("able", "batch", "expected"),
    [
        ({"avx2": True, "avx512_bf16": False}, 64, "float32"),
        ({"avx512_bf16": True, "amx_bf16": False}, 64, "bfloat16"),
        ({"avx512_bf16": True, "amx_bf16": True}, 4, "float32"),
    ],
)
def test_precision_auto_is_what_the_processor_computes_well(
    able: dict[str, bool], batch: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    recipe = Recipe(precision="auto", batch_size=batch)
    assert with_precision(recipe, CPU).precision == expected
    assert with_precision(recipe, torch.device("mps")).precision == "float32"
    assert with_precision(Recipe(precision="bfloat16"), CPU).precision == "bfloat16"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no getrusage")
@pytest.mark.parametrize("status", ["Name:\tpython\nVmHWM:\t  204800 kB\n", "Name:\tpython\nVmRSS:\t 1 kB\n", None])
def test_the_peak_is_known_whatever_the_kernel_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str | None
) -> None:
    if status:
        (tmp_path / "status").write_text(status)
    monkeypatch.setattr(device, "STATUS", tmp_path / "status")
    peak = peak_memory(CPU)
    assert peak
    assert (peak == 200 * 2**20) == ("VmHWM" in (status or ""))
