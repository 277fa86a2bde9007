"""Work on photos by other machines: its order, how far ahead it runs, and photos that only this machine sees."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, NamedTuple

import pytest

from bakeoff.core.errors import SourceError
from bakeoff.data.elsewhere import made_elsewhere

AHEAD = 2
PHOTOS = [(f"{number}.jpg", number) for number in range(10)]


class Made(NamedTuple):
    number: int
    reason: str = ""


class Machines:
    """Other machines, played by this process: what they do is done while `away` is true."""

    def __init__(self) -> None:
        self.away, self.ended = False, False
        self.pieces: list[Any] = []

    def __call__(self, function: Callable[[Any], Any], pieces: Iterable[Any]) -> Generator[Any, None, None]:
        waiting: deque[Any] = deque()
        try:
            for piece in pieces:
                self.pieces.append(piece)
                waiting.append(piece)
                if len(waiting) > AHEAD:
                    yield self.apply(function, waiting.popleft())
            while waiting:
                yield self.apply(function, waiting.popleft())
        finally:
            self.ended = True

    def apply(self, function: Callable[[Any], Any], piece: Any) -> Any:
        self.away = True
        try:
            return function(piece)
        finally:
            self.away = False

    def numbers(self, photos: Sequence[tuple[str, int]]) -> list[Made]:
        """Gives the numbers of photos; 3 can be used nowhere, 7 on this machine alone."""
        lost = {3: "damaged", 7: "missing"} if self.away else {3: "damaged here, too"}
        return [Made(-1, lost[number]) if number in lost else Made(number) for _, number in photos]


def test_outcomes_come_in_the_order_of_the_photos_a_piece_at_a_time() -> None:
    machines = Machines()
    made = list(made_elsewhere(machines, machines.numbers, PHOTOS[:7], "Mount it.", size=3))
    assert [list(photos) for photos, _ in made] == machines.pieces == [PHOTOS[:3], PHOTOS[3:6], PHOTOS[6:7]]
    assert [own.number for _, outcomes in made for own in outcomes] == [0, 1, 2, -1, 4, 5, 6]
    assert made[1][1][0].reason == "damaged here, too", "what this machine found, as without others"
    assert machines.ended


def test_photos_are_taken_as_they_are_needed_and_the_rest_is_ended() -> None:
    machines, taken = Machines(), list[int]()
    photos = ((name, taken.append(number) or number) for name, number in PHOTOS[:3] * 50)
    made = made_elsewhere(machines, machines.numbers, photos, "Mount it.", size=1)
    next(made)
    assert taken == [0, 1, 2]
    made.close()
    assert machines.ended


def test_a_photo_that_only_this_machine_can_use_is_an_error() -> None:
    machines = Machines()
    made = made_elsewhere(machines, machines.numbers, PHOTOS, "Mount it.", size=4)
    assert len(next(made)[0]) == 4
    with pytest.raises(SourceError, match=r"^machine .* can't use the photo 7\.jpg \(missing\), .*\. Mount it\.$"):
        next(made)
    assert machines.ended


def test_a_source_that_another_machine_can_not_open_is_an_error_with_its_name() -> None:
    def closed(_photos: Sequence[tuple[str, int]]) -> list[Made]:
        raise SourceError("photos.zip can't be read")

    with pytest.raises(SourceError, match=r"^machine .*: photos\.zip can't be read$"):
        list(made_elsewhere(Machines(), closed, PHOTOS, "Mount it."))
