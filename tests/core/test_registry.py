"""Plug-ins are found by being registered, and every one that ships is documented."""

import pytest

from bakeoff.core.errors import ConfigError
from bakeoff.core.registry import Registry, networks, policies, sections


@pytest.mark.parametrize("registry", [networks, policies, sections], ids=lambda registry: registry.kind)
def test_each_plugin_that_ships_says_in_one_line_what_it_is(registry: Registry) -> None:
    assert registry.names()
    for name in registry.names():
        assert registry.describe(name).endswith((".", "?")), name


def test_an_unknown_name_is_an_error_that_names_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"unknown policy 'balancd'. Did you mean 'balanced'\?"):
        policies["balancd"]


def test_one_name_can_not_be_registered_twice() -> None:
    registry: Registry = Registry("thing", "bakeoff.data.selection.policies", "bakeoff.things")
    registry.register("a")(len)
    with pytest.raises(ValueError, match="two plug-ins are registered as thing 'a'"):
        registry.register("a")(len)
    assert "a" in registry
    assert "b" not in registry
