"""Plug-ins by name: those of bakeoff's own packages, of other packages by entry point, and those given in code."""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from bakeoff.core.errors import ConfigError, in_one_line, unknown_name

T = TypeVar("T")
Plugin = Callable[..., Any]  # what it takes and gives depends on its kind, and on rooms above this one


class Registry(Generic[T]):
    """Plug-ins of one kind by name.

    A module of bakeoff registers what it adds, and is imported at the first look-up. Another package adds an entry
    point to `group`, which is loaded when its name is asked for. A script decorates an object. `kind` is what messages
    call a plug-in.
    """

    def __init__(self, kind: str, package: str, group: str) -> None:
        self.kind, self.package, self.group = kind, package, group
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
        """All names, sorted; nothing of other packages is loaded."""
        self._load()
        return sorted({*self._plugins, *self._entry_points()})

    def __contains__(self, name: str) -> bool:
        return name in self.names()

    def __getitem__(self, name: str) -> T:
        """The plug-in of that name.

        Raises:
            ConfigError: There is none, or another package's can't be loaded.
        """
        self._load()
        if name not in self._plugins:
            found = self._entry_points().get(name)
            if not found:
                raise ConfigError(unknown_name(self.kind, name, self.names()))
            self._plugins[name] = self._load_entry_point(found)
        return self._plugins[name]

    def describe(self, name: str) -> str:
        """The first line of a plug-in's docstring, or why it can't be loaded."""
        try:
            return (inspect.getdoc(self[name]) or "").partition("\n")[0]
        except ConfigError as error:
            return str(error)

    def modules(self) -> set[str]:
        """The modules outside of bakeoff whose objects were registered in code."""
        known = {getattr(plugin, "__module__", "") for plugin in self._plugins.values()}
        return {name for name in known if name and name.partition(".")[0] != "bakeoff"}

    def _load(self) -> None:
        if not self._loaded:
            self._loaded = True
            for module in pkgutil.iter_modules(importlib.import_module(self.package).__path__):
                importlib.import_module(f"{self.package}.{module.name}")

    def _entry_points(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.group)}

    def _load_entry_point(self, point: EntryPoint) -> T:
        try:
            plugin: T = point.load()
        except Exception as error:  # another package's code may raise anything
            package = point.dist.name if point.dist else point.value
            raise ConfigError(
                f"{self.kind} {point.name!r} of the package {package} can't be loaded: {in_one_line(error)}. "
                "Update or uninstall that package."
            ) from error
        return plugin


executors: Registry[Plugin] = Registry("executor", "bakeoff.workflow.executors", "bakeoff.executors")
findings: Registry[Plugin] = Registry("finding", "bakeoff.findings.diagnoses", "bakeoff.findings")
networks: Registry[Plugin] = Registry("network", "bakeoff.models.networks", "bakeoff.networks")
policies: Registry[Plugin] = Registry("policy", "bakeoff.data.selection.policies", "bakeoff.policies")
sections: Registry[Plugin] = Registry("report section", "bakeoff.report.sections", "bakeoff.sections")
sources: Registry[Plugin] = Registry("source", "bakeoff.data.sources", "bakeoff.sources")
ALL: tuple[Registry[Plugin], ...] = (executors, findings, networks, policies, sections, sources)


def modules_for_workers(*, spawned: bool = True) -> list[str]:
    """The modules that a worker process has to import, so that it knows what was registered in code here.

    What the main script registers a spawned process registers, too: it runs the script's top level.

    Raises:
        ConfigError: Something was registered in an interactive session, or in the main script where the workers are
            not spawned by this process, so that they can't know it.
    """
    modules = set().union(*(registry.modules() for registry in ALL))
    if "__main__" in modules and not (spawned and hasattr(sys.modules["__main__"], "__file__")):
        where = "an interactive session" if spawned else "the main script"
        raise ConfigError(
            f"a plug-in was registered in {where}, which worker processes don't see. Put it into a module and import "
            "that, or set training.executor to serial."
        )
    return sorted(modules - {"__main__", "__mp_main__"})
