"""How records show themselves in a notebook."""

import importlib
from collections.abc import Mapping


class Displayed:
    """What a notebook shows as tables and charts; elsewhere it has its plain repr.

    The report draws them. It is looked up by its name, as a plug-in is: rooms below the report don't import it.
    """

    __slots__ = ()

    def _repr_mimebundle_(self, **_options: object) -> Mapping[str, object]:
        """By MIME type what IPython shows: HTML, and the same as text."""
        shown: Mapping[str, object] = importlib.import_module("bakeoff.report.display").show(self)
        return shown
