"""What ships and what plug-ins added: a name and one line on each."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from bakeoff.config.loading import load_experiment, preset_names
from bakeoff.core.registry import Registry, findings, networks, policies
from bakeoff.models.architecture import Architecture


def list_networks(class_count: int = 5, size: int = 64) -> Iterator[tuple[str, Architecture, str]]:
    """Each network's name, its layers and sizes for so many classes and an image side in pixels, and what it is."""
    from bakeoff.models.factory import create
    from bakeoff.models.summary import describe

    for name in networks.names():
        yield name, describe(create(name, class_count, size), size), summary(networks[name])


def list_policies() -> list[tuple[str, str]]:
    """Each label policy's name and what it does."""
    return list(_summaries(policies))


def list_presets() -> list[tuple[str, str]]:
    """Each preset's name and the question it answers."""
    return [(name, load_experiment(name).question) for name in preset_names()]


def list_findings() -> list[tuple[str, str]]:
    """Each finding's code and what it looks for."""
    return list(_summaries(findings))


def summary(plugin: Any) -> str:
    """The first line of a plug-in's docstring."""
    return (inspect.getdoc(plugin) or "").partition("\n")[0]


def _summaries(registry: Registry[Callable[..., Any]]) -> Iterator[tuple[str, str]]:
    return ((name, summary(registry[name])) for name in registry.names())
