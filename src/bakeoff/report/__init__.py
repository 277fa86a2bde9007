"""The stage that turns stored records into one page, figures and tables; a pure function of them."""

from bakeoff.report.contents import Figure, ReportInput, Table
from bakeoff.report.write import write, write_class, write_joint, write_owned

__all__ = ["Figure", "ReportInput", "Table", "write", "write_class", "write_joint", "write_owned"]
