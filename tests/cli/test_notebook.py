"""What a notebook shows of work that is under way."""

import math
from types import SimpleNamespace

import pytest

from bakeoff.cli import notebook
from bakeoff.cli.notebook import CellOutput
from bakeoff.core.progress import automatic, no_progress

IPython = pytest.importorskip("IPython")


class Shell:
    """A notebook's shell as far as it is asked; and the displays that were made and updated."""

    def __init__(self) -> None:
        self.kernel: object = self
        self.execution_count = 1
        self.shown: list[dict[str, str]] = []
        self.displays = 0

    def display(self, data: dict[str, str], *, raw: bool, display_id: bool = False) -> "Shell":
        self.displays += display_id
        self.shown.append(data)
        return self

    update = display


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = Shell()
    monkeypatch.setattr(IPython, "get_ipython", lambda: made)
    monkeypatch.setattr(IPython, "display", SimpleNamespace(display=made.display))
    monkeypatch.setitem(__import__("sys").modules, "IPython.display", IPython.display)
    return made


def test_outside_of_a_notebook_nothing_is_shown(shell: Shell) -> None:
    shell.kernel = None
    assert automatic("photos") is no_progress


def test_a_cell_has_one_display_which_is_updated(shell: Shell) -> None:
    automatic("photos")(20, 20)
    runs = automatic("runs")
    runs(0, 2)
    run = automatic("runs/net1-seed0")
    assert "net1-seed0" in shell.shown[-1]["text/plain"]
    assert "starting" in shell.shown[-1]["text/plain"]
    run(40, 40, "epoch 2 of 2, loss 1.204")
    runs(1, 2)
    assert shell.displays == 1
    assert [line.split()[0] for line in shell.shown[-1]["text/plain"].splitlines()] == ["photos", "runs"]
    shell.execution_count = 2
    automatic("report")(1, 2)
    assert shell.displays == 2
    assert "photos" not in shell.shown[-1]["text/plain"]


def test_frequent_news_are_drawn_now_and_then_and_the_end_always(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "REFRESHED", math.inf)
    told = automatic("photos")
    for done in range(1001):
        told(done, 1000)
    assert len(shell.shown) == 2
    assert "1,000/1,000" in shell.shown[-1]["text/plain"]


def test_names_are_text_and_a_state_in_words_replaces_the_count() -> None:
    output = CellOutput((None, 1))
    output.display.monitor("<b>net[/]")(1, 4, "epoch 1 of 4")
    shown = output.rendered()
    assert "&lt;b&gt;net[/]" in shown["text/html"]
    assert "epoch 1 of 4" in shown["text/plain"]
    assert "1/4" not in shown["text/plain"]
