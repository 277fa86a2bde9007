"""The stage that turns stored records into one page, figures and tables; a pure function of them."""

from bakeoff.report.contents import Case
from bakeoff.report.write import write, write_joint

__all__ = ["Case", "write", "write_joint"]
