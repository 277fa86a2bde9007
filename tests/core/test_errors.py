"""Messages for names that are not known."""

from bakeoff.core.errors import BakeoffError, ShortageError, unknown_name


def test_near_names_are_suggested_whatever_their_case() -> None:
    message = unknown_name("class", "Mototcycle", ["boat", "motorcycle"])
    assert message == "unknown class 'Mototcycle'. Did you mean 'motorcycle'? Choices: boat, motorcycle."


def test_without_a_near_name_only_the_choices_are_given() -> None:
    assert unknown_name("class", "xyz", ["boat"]) == "unknown class 'xyz'. Choices: boat."
    assert unknown_name("class", "xyz", []) == "unknown class 'xyz'. Choices: none."


def test_of_very_many_choices_the_nearest_and_a_number_are_given() -> None:
    message = unknown_name("class", "class 4711x", [f"class {number}" for number in range(100_000)])
    assert message.startswith("unknown class 'class 4711x'. Did you mean 'class 4711' or ")
    assert message.endswith("class 18, class 19 and 99,980 more.")
    assert len(message) < 400


def test_every_error_is_one_that_the_command_line_catches() -> None:
    assert issubclass(ShortageError, BakeoffError)
