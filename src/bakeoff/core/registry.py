"""Names of plug-ins: a module of the plug-in's package registers what it adds, and nothing else lists it."""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from bakeoff.core.errors import ConfigError, unknown_name

T = TypeVar("T")


class Registry(Generic[T]):
    """Plug-ins of one kind by name; the modules of their package are imported at the first look-up.

    Args:
        kind: What one plug-in is called in messages.
        package: The package whose modules register plug-ins.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._plugins: dict[str, T] = {}
        self._loaded = False

    def register(self, name: str) -> Callable[[T], T]:
        """A decorator that registers what it decorates under a name.

        Raises:
            ValueError: Two plug-ins want one name.
        """

        def add(plugin: T) -> T:
            if name in self._plugins:
                raise ValueError(f"two plug-ins are registered as {self.kind} {name!r}")
            self._plugins[name] = plugin
            return plugin

        return add

    def names(self) -> list[str]:
        """The names of all plug-ins, sorted."""
        self._load()
        return sorted(self._plugins)

    def __contains__(self, name: str) -> bool:
        self._load()
        return name in self._plugins

    def __getitem__(self, name: str) -> T:
        """The plug-in of that name.

        Raises:
            ConfigError: There is none.
        """
        self._load()
        if name not in self._plugins:
            raise ConfigError(unknown_name(self.kind, name, self.names()))
        return self._plugins[name]

    def _load(self) -> None:
        if not self._loaded:
            for module in pkgutil.iter_modules(importlib.import_module(self.package).__path__):
                importlib.import_module(f"{self.package}.{module.name}")
            self._loaded = True


executors: Registry[Callable[..., Any]] = Registry("executor", "bakeoff.workflow.executors")
findings: Registry[Callable[..., Any]] = Registry("finding", "bakeoff.findings.diagnoses")
networks: Registry[Callable[..., Any]] = Registry("network", "bakeoff.models.networks")
policies: Registry[Callable[..., Any]] = Registry("policy", "bakeoff.data.selection.policies")
sections: Registry[Callable[..., Any]] = Registry("report section", "bakeoff.report.sections")
