"""A wide console, whatever imported it first."""

from collections.abc import Iterator

import pytest

from bakeoff.cli.printing import console


@pytest.fixture(autouse=True)
def wide_console() -> Iterator[None]:
    before, console.width = console.width, 200
    yield
    console.width = before
