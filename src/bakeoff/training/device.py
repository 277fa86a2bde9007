"""Where a run computes, and what makes it compute the same twice."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from msgspec.structs import replace
from torch import nn
from torch.utils import deterministic

from bakeoff.config.schema import Recipe
from bakeoff.core.errors import ConfigError

STATUS = Path("/proc/self/status")


def choose_device(name: str) -> torch.device:
    """The device of that name; "auto" takes CUDA, then MPS, then the CPU. ConfigError: this machine lacks it."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(device for device, there in available.items() if there)
    if not available.get(name, False):
        there = ", ".join(sorted(device for device, there in available.items() if there))
        raise ConfigError(f"device {name!r} is not available on this machine. Choices: auto, {there}.")
    return torch.device(name)


BFLOAT16_BATCH = 16
"""Smallest batch for which "auto" takes bfloat16 on a processor: smaller ones gain a tenth (docs/performance.md)."""


def with_precision(recipe: Recipe, device: torch.device) -> Recipe:
    """The recipe with precision "auto" replaced by what this device computes well.

    Without instructions of its own for bfloat16, a processor takes over ten times as long for it (docs/performance.md).
    """
    if recipe.precision != "auto":
        return recipe
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        able = any(value for name, value in torch.cpu.get_capabilities().items() if "bf16" in name)
        native = device.type == "cpu" and able and recipe.batch_size >= BFLOAT16_BATCH
    return replace(recipe, precision="bfloat16" if native else "float32")


def to_device(network: nn.Module, device: torch.device) -> nn.Module:
    """Moves a network to a device; on the CPU with its weights channels last where the network takes that.

    oneDNN's convolutions are then 1.2 to 1.5 times as fast (docs/performance.md).
    """
    if device.type == "cpu" and getattr(network, "channels_last", False):
        return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
    return network.to(device)


def peak_memory(device: torch.device) -> int | None:
    """Bytes, as in `RunRecord.peak_memory`."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    # Linux, whose `getrusage` would include the memory of the process that started this one; not every kernel says it.
    if STATUS.exists() and (found := re.search(r"VmHWM:\s*(\d+) kB", STATUS.read_text())):
        return int(found[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@contextmanager
def reproducible(seed: int, threads: int, device: torch.device) -> Iterator[None]:
    """Within the block torch draws from this seed, uses so many CPU threads, and prefers deterministic algorithms.

    Denormals are flushed to zero: a network whose gradient vanishes would otherwise compute with them all the time,
    many times slower and to no effect.

    The number of threads decides the order of sums and with it the last bits of a result. All settings are restored
    afterwards. Where a user's network uses an operation that has no deterministic form, torch warns and goes on.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with a fixed workspace
    threads_before, deterministic_before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    memory: Any = deterministic  # its types do not declare the setting
    fill_before = memory.fill_uninitialized_memory
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else [], device_type="cuda"):
        torch.manual_seed(seed)
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True, warn_only=True)
        memory.fill_uninitialized_memory = False  # a help to find mistakes, which costs a twentieth of the time
        torch.set_flush_denormal(True)
        try:
            yield
        finally:
            torch.set_flush_denormal(False)
            torch.set_num_threads(threads_before)
            torch.use_deterministic_algorithms(deterministic_before)
            memory.fill_uninitialized_memory = fill_before
