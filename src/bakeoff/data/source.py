"""Where the bytes of photos come from."""

from collections.abc import Mapping
from typing import Protocol


class Source(Protocol):
    """Where the bytes of photos come from; sent to worker processes, so it must pickle."""

    def prepare(self, urls: Mapping[str, str | None]) -> "Source":
        """Makes photos ready to be read, where that takes long: downloads them.

        Args:
            urls: File names of photos with the URLs that the instances file has for them.

        Returns:
            The source to read them from, in this process or another; where a photo could not be made ready, its `read`
            tells why.

        Raises:
            SourceError: None can be had, such as from a server that does not answer.
        """
        ...

    def read(self, file_name: str) -> bytes:
        """The bytes of one photo.

        Args:
            file_name: As the instances file has it; never trusted.

        Raises:
            ImageError: There is no such photo, or it can't be read.
        """
        ...

    def describe(self) -> str:
        """Where it reads, for messages."""
        ...
