"""What a course asks to hand in, from the same stored records as the report."""

from bakeoff.report.homework.kit import write_homework

__all__ = ["write_homework"]
