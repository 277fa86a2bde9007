"""Reading from web servers that may be slow, broken, down or hostile."""

from bakeoff.data.http.client import Client
from bakeoff.data.http.fault import Fault
from bakeoff.data.http.options import Options

__all__ = ["Client", "Fault", "Options"]
