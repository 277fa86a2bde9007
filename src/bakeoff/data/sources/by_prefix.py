"""Photos of several sources, told apart by the first folder of their names."""

from collections.abc import Mapping
from dataclasses import dataclass

from bakeoff.core.errors import ImageError
from bakeoff.data.source import Source


@dataclass(frozen=True)
class SourceByPrefix:
    """Several sources as one: `val/000000000139.jpg` is read as `000000000139.jpg` in the source `val`.

    Attributes:
        sources: By first folder.
    """

    sources: Mapping[str, Source]

    def prepare(self, urls: Mapping[str, str | None]) -> "SourceByPrefix":
        return SourceByPrefix(
            {
                name: source.prepare(
                    {file.partition("/")[2]: url for file, url in urls.items() if file.partition("/")[0] == name}
                )
                for name, source in self.sources.items()
            }
        )

    def read(self, file_name: str) -> bytes:
        name, _, rest = file_name.partition("/")
        if name not in self.sources:
            raise ImageError("missing")
        return self.sources[name].read(rest)

    def describe(self) -> str:
        return ", ".join(source.describe() for source in self.sources.values())
