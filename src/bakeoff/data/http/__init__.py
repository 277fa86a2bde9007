"""Reading from web servers that may be slow, broken, down or hostile."""

from bakeoff.data.http.client import Client, Options
from bakeoff.data.http.fault import Fault

__all__ = ["Client", "Fault", "Options"]
