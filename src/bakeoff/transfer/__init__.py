"""Reading from web servers that may be slow, broken, down or hostile."""

from bakeoff.transfer.client import Client
from bakeoff.transfer.fault import Fault
from bakeoff.transfer.options import Options

__all__ = ["Client", "Fault", "Options"]
