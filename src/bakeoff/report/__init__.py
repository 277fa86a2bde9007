"""The stage that turns stored records into one page, figures and tables; a pure function of them."""

from bakeoff.report.contents import ReportInput
from bakeoff.report.write import write, write_class, write_joint, write_owned

__all__ = ["ReportInput", "write", "write_class", "write_joint", "write_owned"]
