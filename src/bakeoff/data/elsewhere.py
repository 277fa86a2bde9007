"""Work on photos that other machines do, piece by piece of a list; a photo that they don't see is an error."""

import platform
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from functools import partial
from itertools import islice, tee
from typing import Any, Protocol, TypeVar

from bakeoff.core.errors import SourceError

PIECE = 128
"""Photos a piece: half a second of work, beside which handing it out costs little."""


class HasReason(Protocol):
    """What became of a photo: `reason` says why it can't be used, and is empty where it can."""

    @property
    def reason(self) -> str: ...


Photo = TypeVar("Photo", bound=tuple[Any, ...])
Made = TypeVar("Made", bound=HasReason)
Piece = TypeVar("Piece")
Result = TypeVar("Result")


class PieceMap(Protocol):
    """Applies a function to pieces of a list on other machines, and yields its results in the order of the pieces.

    It takes pieces as they are needed, a bounded number ahead of the results; closing it ends what still runs. The
    function, the pieces and the results must pickle.
    """

    def __call__(
        self, function: Callable[[Piece], Result], pieces: Iterable[Piece], /
    ) -> Generator[Result, None, None]: ...


def made_elsewhere(
    run: PieceMap,
    function: Callable[[Sequence[Photo]], Sequence[Made]],
    photos: Iterable[Photo],
    advice: str,
    size: int = PIECE,
) -> Generator[tuple[Sequence[Photo], Sequence[Made]], None, None]:
    """Applies a function to photos on other machines.

    A photo that can't be used there is tried again here. Only where it can't be used here either is that its outcome:
    else a folder that one machine does not see would leave photos out, and nobody would know.

    Args:
        run: Where the function is applied.
        function: Gives the outcomes of some photos, in their order; depends on nothing but the photos' bytes.
        photos: Tuples that begin with the photo's file; taken as they are needed.
        advice: What to do where another machine does not see a photo, as a sentence.
        size: Photos a piece.

    Yields:
        Some photos with their outcomes, in their order.

    Raises:
        SourceError: A photo can be used here, but not there.
    """
    remaining = iter(photos)
    here, there = tee(iter(lambda: list(islice(remaining, size)), []))
    with closing(run(partial(_apply, function), there)) as results:
        for piece, (machine, outcomes) in zip(here, results, strict=True):
            pairs = zip(piece, outcomes, strict=True)
            yield piece, [_again(function, *pair, machine, advice) if pair[1].reason else pair[1] for pair in pairs]


def _apply(function: Callable[[Sequence[Photo]], Sequence[Made]], piece: Sequence[Photo]) -> tuple[str, Sequence[Made]]:
    """On another machine: its name and the outcomes."""
    try:
        return platform.node(), function(piece)
    except SourceError as error:  # such as an archive that is not there
        raise SourceError(f"machine {platform.node()}: {error}") from None


def _again(
    function: Callable[[Sequence[Photo]], Sequence[Made]], photo: Photo, outcome: Made, machine: str, advice: str
) -> Made:
    (own,) = function([photo])
    if own.reason:
        return own
    raise SourceError(
        f"machine {machine} can't use the photo {photo[0]} ({outcome.reason}), which this machine can. {advice}"
    )
