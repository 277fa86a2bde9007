"""How far the stages and runs are, in a notebook: bars that are drawn anew in place, without widgets."""

import io
import time
from typing import Any

from rich.console import Console
from rich.progress import Progress

from bakeoff.cli.progress import SPEED_PERIOD, Display, columns
from bakeoff.core.progress import RunProgress

REFRESHED = 0.25
"""Seconds between two drawings."""

WIDTH = 100
"""Letters of a line."""

PAGE = '<pre style="line-height: 1.3">{code}</pre>'


class CellOutput:
    """The bars of one execution of a cell.

    Args:
        cell: The session and the number of the execution in it, which tell it from others.
    """

    def __init__(self, cell: tuple[object, int]) -> None:
        self.cell = cell
        quiet = Console(file=io.StringIO(), width=WIDTH, force_jupyter=False)
        self.bars = Progress(*columns(), console=quiet, auto_refresh=False, speed_estimate_period=SPEED_PERIOD)
        self.display = Display(self.bars)
        self._handle: Any = None  # IPython's, which has no types
        self._drawn = 0.0

    def monitor(self, title: str) -> RunProgress:
        """A stage, or a part of one, as `Display.monitor` has it."""
        report = self.display.monitor(title)
        self.draw()

        def told(done: int, total: int, status: str = "", /) -> None:
            report(done, total, status)
            if done == total or time.monotonic() - self._drawn > REFRESHED:
                self.draw()

        return told

    def draw(self) -> None:
        """Shows the bars as they are now, in the place where they were."""
        import IPython.display

        self._drawn = time.monotonic()
        shown = self.rendered()
        if self._handle:
            self._handle.update(shown, raw=True)
        else:
            self._handle = IPython.display.display(shown, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def rendered(self) -> dict[str, str]:
        """The bars by MIME type."""
        console = Console(file=io.StringIO(), width=WIDTH, force_jupyter=False, record=True)  # else it prints itself
        console.print(self.bars.get_renderable())
        return {
            "text/html": console.export_html(inline_styles=True, code_format=PAGE, clear=False),
            "text/plain": console.export_text(),
        }


_outputs: list[CellOutput] = []
"""That of the cell which is executed, or nothing."""


def monitor(title: str) -> RunProgress:
    """A stage, or a part of one, below the cell that is executed."""
    import IPython

    session = IPython.get_ipython()
    cell = (session, session.execution_count)
    if not (_outputs and _outputs[0].cell == cell):
        _outputs[:] = [CellOutput(cell)]
    return _outputs[0].monitor(title)
