"""The stage that turns stored records into one page, figures and tables; a pure function of them."""

from bakeoff.report.stage import write

__all__ = ["write"]
